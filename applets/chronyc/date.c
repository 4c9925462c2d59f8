/* The dates of settime, as people have always typed them: items of a time, a date, a day, a zone
 * and relative words in any order. Words become tokens, one letter each; a table says which tokens
 * make an item and what each of them is. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "applets/chronyc/chronyc.h"

#define MAX_TOKENS  32
#define WORD_SIZE   12
#define MAX_DIGITS  8 /* YYYYMMDD */
#define PREFIX      3 /* letters that are enough for a month or a weekday */
#define MAX_MONTHS  100000
#define MAX_DAYS    1000000
#define MAX_SECONDS INT64_C(9000000000) /* ns_t ends in 2262 */

/* The words of each token; its value is the place in the list. Other tokens: n number, N number of
 * 1000 or more, s number with a sign; anything else stands for itself. */
static const struct {
    char token;
    const char *words;
} lists[] = {
    {'M', "january february march april may june july august september october november december"},
    {'W', "sunday monday tuesday wednesday thursday friday saturday"},
    {'U', "year years month months fortnight fortnights week weeks day days hour hours minute "
          "minutes min mins "
          "second seconds sec secs"},
    {'P', "am pm"},
    {'D', "last this next"},
    {'Y', "yesterday today tomorrow now"},
    {'A', "ago"},
    {'Z', "utc gmt ut est edt cst cdt mst mdt pst pdt cet cest bst eet eest msk jst"},
};

static const int8_t zone_hours[] = {0, 0, 0, -5, -4, -6, -5, -7, -6, -8, -7, 1, 2, 1, 2, 3, 3, 9};
static const int16_t unit_steps[] = {12, 1,  14, 7, 1, 3600,
                                     60, 60, 1,  1}; /* of half a unit's place: months, days, s */

/* Tokens of an item, and the roles of their values: h hour, m minute, s second, p am or pm, z zone,
 * d day, o month, O month by name, y year, w weekday, c count, C last, this or next, u unit. The
 * first one that fits is taken. */
static const char items[] = "n:n:nP\0h m sp\0"
                            "n:n:ns\0h m sz\0"
                            "n:n:n\0h m s\0"
                            "n:nP\0h mp\0"
                            "n:ns\0h mz\0"
                            "n:n\0h m\0"
                            "nP\0hp\0"
                            "N/n/n\0y o d\0"
                            "n/n/n\0o d y\0"
                            "n/n\0o d\0"
                            "nss\0yod\0"
                            "n-Ms\0d Oy\0"
                            "nMs\0dOy\0"
                            "nMn\0dOy\0"
                            "nM\0dO\0"
                            "Mn,n\0Od y\0"
                            "Mn\0Od\0"
                            "W,\0w \0"
                            "W\0w\0"
                            "nW\0cw\0"
                            "DW\0Cw\0"
                            "DU\0Cu\0"
                            "nU\0cu\0"
                            "sU\0cu\0"
                            "U\0u\0"
                            "Y\0Y\0"
                            "A\0A\0"
                            "Z\0Z\0"
                            "n\0N\0";

struct date {
    char tokens[MAX_TOKENS + 2];
    int values[MAX_TOKENS + 1];
    struct tm fields;
    int times, dates, days, zones, relatives;
    int zone;     /* s east of Greenwich */
    int meridian; /* 0 none, 1 am, 2 pm */
    int count, ordinal, weekday;
    int64_t months, month_days, seconds; /* relative */
    int now_seconds;                     /* of the minute */
};

static char word_token(const char *word, size_t length, int *value) {
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        *value = 0;
        for (const char *item = lists[i].words; *item; ++*value) {
            size_t size = strcspn(item, " ");
            if (strncmp(item, word, length) == 0 &&
                (length == size || (i < 2 && length >= PREFIX && length < size)))
                return lists[i].token;
            item += size + (item[size] == ' ');
        }
    }
    return '?';
}

/* One token at *text, which is moved behind it. */
static char read_token(const char **text, int *value) {
    const char *at = *text;
    bool has_sign = *at == '+' || *at == '-';
    if (isdigit((unsigned char)at[has_sign])) {
        *value = (int)strtol(at, (char **)text, 10);
        return *text - at > MAX_DIGITS ? '?' : has_sign ? 's' : *value >= 1000 ? 'N' : 'n';
    }
    if (!isalpha((unsigned char)*at)) {
        ++*text;
        return *at;
    }
    char word[WORD_SIZE];
    size_t length = 0;
    for (; isalpha((unsigned char)**text); ++*text)
        if (length < WORD_SIZE)
            word[length++] = (char)tolower((unsigned char)**text);
    return word_token(word, length, value);
}

static bool tokenise(struct date *date, const char *text) {
    for (int count = 0; *text; count++) {
        if (count == MAX_TOKENS)
            return false;
        date->tokens[count] = read_token(&text, &date->values[count]);
        while (*text == ' ')
            text++;
    }
    return true;
}

/* Whether the tokens begin with the item. A signed number before a unit is the unit's. */
static bool fits(const char *item, const char *tokens) {
    char last = '\0';
    for (; *item; item++, tokens++) {
        if (*item != *tokens && !(*item == 'n' && *tokens == 'N'))
            return false;
        last = *item;
    }
    return !(last == 's' && *tokens == 'U');
}

static void set_year(struct date *date, int year) {
    date->fields.tm_year = (year < 69 ? year + 2000 : year < 100 ? year + 1900 : year) - 1900;
}

static void set_hour(struct date *date, int hour, int minute) {
    date->times++;
    date->now_seconds = date->fields.tm_sec;
    date->fields.tm_hour = hour;
    date->fields.tm_min = minute;
    date->fields.tm_sec = 0;
}

static void set_day(struct date *date, int month, int day) {
    date->dates++;
    date->fields.tm_mon = month;
    date->fields.tm_mday = day;
}

/* A number alone: the year behind time and date, YYYYMMDD, HHMM, or HH. */
static void apply_bare_number(struct date *date, int number) {
    if (date->times && date->dates && !date->relatives) {
        set_year(date, number);
    } else if (number > 10000) {
        set_day(date, number / 100 % 100 - 1, number % 100);
        set_year(date, number / 10000);
    } else {
        set_hour(date, number < 100 ? number : number / 100, number < 100 ? 0 : number % 100);
    }
}

static void apply(struct date *date, char role, int value) {
    switch (role) {
    case 'h':
        set_hour(date, value, 0);
        break;
    case 'm':
        date->fields.tm_min = value;
        break;
    case 's':
        date->fields.tm_sec = date->now_seconds = value;
        break;
    case 'p':
        date->meridian = value + 1;
        break;
    case 'z': /* behind HH:MM it leaves the seconds of now, as chrony behaves */
        date->fields.tm_sec = date->now_seconds;
        date->zone = (value / 100 * 60 + value % 100) * 60;
        date->zones++;
        break;
    case 'Z':
        date->zone = zone_hours[value] * 3600;
        date->zones++;
        break;
    case 'y':
        set_year(date, abs(value));
        break;
    case 'o':
        date->fields.tm_mon = abs(value) - 1;
        break;
    case 'O':
        date->fields.tm_mon = value;
        break;
    case 'd':
        set_day(date, date->fields.tm_mon, abs(value));
        break;
    case 'w':
        date->ordinal = date->count;
        date->weekday = value;
        date->days++;
        break;
    case 'c':
        date->count = value;
        break;
    case 'C':
        date->count = value - 1;
        break;
    case 'u':
        value /= 2;
        *(value < 2   ? &date->months
          : value < 5 ? &date->month_days
                      : &date->seconds) += (int64_t)date->count * unit_steps[value];
        date->relatives++;
        break;
    case 'Y':
        date->month_days += value < 3 ? value - 1 : 0;
        date->relatives++;
        break;
    case 'A':
        date->months = -date->months;
        date->month_days = -date->month_days;
        date->seconds = -date->seconds;
        break;
    case 'N':
        apply_bare_number(date, value);
        break;
    }
}

static bool apply_items(struct date *date) {
    for (int at = 0; date->tokens[at];) {
        const char *item = items;
        while (!fits(item, date->tokens + at))
            if (!*(item += 2 * (strlen(item) + 1)))
                return false;
        date->count = 1;
        for (const char *role = item + strlen(item) + 1; *role; role++, at++)
            apply(date, *role, date->values[at]);
    }
    return true;
}

/* Minutes, days and months beyond their range carry over, as chrony behaves. */
static bool check_fields(struct date *date) {
    struct tm *fields = &date->fields;
    if (date->times > 1 || date->dates > 1 || date->days > 1 || date->zones > 1)
        return false;
    if (date->meridian) {
        if (fields->tm_hour < 1 || fields->tm_hour > 12)
            return false;
        fields->tm_hour = fields->tm_hour % 12 + (date->meridian == 2 ? 12 : 0);
    }
    return fields->tm_hour < 24 && llabs(date->months) <= MAX_MONTHS &&
           llabs(date->month_days) <= MAX_DAYS;
}

bool chronyc_parse_date(const char *text, int64_t now, int64_t *seconds) {
    struct date date = {.zone = 0};
    time_t start = (time_t)now;
    localtime_r(&start, &date.fields);
    int weekday = date.fields.tm_wday;
    if (!tokenise(&date, text) || !apply_items(&date))
        return false;
    if (!date.times && (!date.relatives || date.dates || date.days))
        date.fields.tm_hour = date.fields.tm_min = date.fields.tm_sec = 0;
    if (date.days && !date.dates)
        date.month_days +=
            (date.weekday - weekday + 7) % 7 + 7 * ((int64_t)date.ordinal - (date.ordinal > 0));
    if (!check_fields(&date))
        return false;
    date.fields.tm_mon += (int)date.months;
    date.fields.tm_mday += (int)date.month_days;
    date.fields.tm_isdst = -1;
    *seconds =
        (date.zones ? (int64_t)timegm(&date.fields) - date.zone : (int64_t)mktime(&date.fields)) +
        date.seconds;
    return *seconds > -MAX_SECONDS && *seconds < MAX_SECONDS;
}
