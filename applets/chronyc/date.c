/* The dates of settime, as people have always typed them: items of a time, a date, a day, a zone and relative words in
 * any order. The first word of an item and what follows say which it is; each kind may come once. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "applets/chronyc/chronyc.h"

#define WORD_SIZE   12
#define MAX_DIGITS  8 /* YYYYMMDD */
#define PREFIX      3 /* letters that are enough for a month or a weekday */
#define MAX_MONTHS  100000
#define MAX_DAYS    1000000
#define MAX_SECONDS INT64_C(9000000000) /* ns_t ends in 2262 */

/* The kinds of words come first, in the order of the lists. */
enum token_kind { MONTH, WEEKDAY, UNIT, MERIDIAN, DIRECTION, DAY, AGO, ZONE, WORD_KINDS, NUMBER, SIGNED, SIGN, END };

static const char *const lists[WORD_KINDS] = {
    "january february march april may june july august september october november december",
    "sunday monday tuesday wednesday thursday friday saturday",
    "year years month months fortnight fortnights week weeks day days hour hours minute minutes min mins second "
    "seconds sec secs",
    "am pm",
    "last this next",
    "yesterday today tomorrow now",
    "ago",
    "utc gmt ut est edt cst cdt mst mdt pst pdt cet cest bst eet eest msk jst",
};

static const int8_t zone_hours[] = {0, 0, 0, -5, -4, -6, -5, -7, -6, -8, -7, 1, 2, 1, 2, 3, 3, 9};

struct date {
    const char *at; /* what is not read yet */
    enum token_kind kind;
    int value; /* of the token: the number, the character, the word's place in its list */
    struct tm fields;
    int times, dates, days, zones, relatives;
    int zone;     /* s east of Greenwich */
    int meridian; /* 0 none, 1 am, 2 pm */
    int ordinal, weekday;
    int64_t months, year_days, seconds; /* relative */
};

/* A word that no list has is a sign, which nobody expects. */
static void read_word(struct date *date) {
    char word[WORD_SIZE] = "";
    size_t length = 0;
    for (; isalpha((unsigned char)*date->at); date->at++)
        if (length < WORD_SIZE - 1)
            word[length++] = (char)tolower((unsigned char)*date->at);
    date->value = 0;
    for (date->kind = 0; date->kind < WORD_KINDS; date->kind++) {
        date->value = 0;
        for (const char *item = lists[date->kind]; *item; date->value++) {
            size_t size = strcspn(item, " ");
            if (strncmp(item, word, length) == 0 &&
                (length == size || (date->kind <= WEEKDAY && length >= PREFIX && length < size)))
                return;
            item += size + (item[size] == ' ');
        }
    }
    date->kind = SIGN;
}

static void read_token(struct date *date) {
    while (*date->at == ' ')
        date->at++;
    char first = *date->at;
    bool is_signed = (first == '+' || first == '-') && isdigit((unsigned char)date->at[1]);
    if (isdigit((unsigned char)first) || is_signed) {
        char *end;
        date->kind = is_signed ? SIGNED : NUMBER;
        date->value = (int)strtol(date->at, &end, 10);
        if (end - date->at > MAX_DIGITS)
            date->kind = SIGN;
        date->at = end;
    } else if (isalpha((unsigned char)first)) {
        read_word(date);
    } else {
        date->kind = first ? SIGN : END;
        date->value = first;
        date->at += first != '\0';
    }
}

static bool take(struct date *date, enum token_kind kind, int *value) {
    if (date->kind != kind)
        return false;
    *value = date->value;
    read_token(date);
    return true;
}

static bool take_sign(struct date *date, char sign) {
    int value;
    return date->value == sign && take(date, SIGN, &value);
}

static bool add_relative(struct date *date, int count) {
    static const int steps[] = {12, 1, 14, 7, 1, 3600, 60, 60, 1, 1};
    int unit;
    if (!take(date, UNIT, &unit))
        return false;
    unit /= 2;
    int64_t *sum = unit < 2 ? &date->months : unit < 5 ? &date->year_days : &date->seconds;
    *sum += (int64_t)count * steps[unit];
    date->relatives++;
    return true;
}

static bool set_date(struct date *date, int year, int month, int day) {
    date->dates++;
    if (year >= 0)
        date->fields.tm_year = (year < 69 ? year + 2000 : year < 100 ? year + 1900 : year) - 1900;
    date->fields.tm_mon = month - 1;
    date->fields.tm_mday = day;
    return true;
}

static bool set_time(struct date *date, int hour, int minute) {
    date->times++;
    date->fields.tm_hour = hour;
    date->fields.tm_min = minute;
    date->fields.tm_sec = 0;
    int meridian;
    if (take(date, MERIDIAN, &meridian))
        date->meridian = meridian + 1;
    return true;
}

/* "HH:" was read. A zone right behind HH:MM leaves the seconds of now, as chrony behaves. */
static bool read_time(struct date *date, int hour) {
    int minute, second = 0, zone, now = date->fields.tm_sec;
    if (!take(date, NUMBER, &minute))
        return false;
    bool has_seconds = take_sign(date, ':');
    if (has_seconds && !take(date, NUMBER, &second))
        return false;
    if (take(date, SIGNED, &zone) && !add_relative(date, zone)) {
        date->zones++;
        date->zone = (zone / 100 * 60 + zone % 100) * 60;
        second = has_seconds ? second : now;
    }
    set_time(date, hour, minute);
    date->fields.tm_sec = second;
    return true;
}

/* "M/" was read: M/D, M/D/Y, or Y/M/D. */
static bool read_slashes(struct date *date, int first) {
    int second, third = -1;
    if (!take(date, NUMBER, &second) || (take_sign(date, '/') && !take(date, NUMBER, &third)))
        return false;
    return first >= 1000 ? set_date(date, first, second, third) : set_date(date, third, first, second);
}

static bool read_weekday(struct date *date, int ordinal) {
    date->ordinal = ordinal;
    date->days++;
    return take(date, WEEKDAY, &date->weekday);
}

static bool read_bare_number(struct date *date, int number) {
    if (date->times && date->dates && !date->relatives) {
        date->dates--;
        return set_date(date, number, date->fields.tm_mon + 1, date->fields.tm_mday);
    }
    if (number > 10000)
        return set_date(date, number / 10000, number / 100 % 100, number % 100);
    return number < 100 ? set_time(date, number, 0) : set_time(date, number / 100, number % 100);
}

static bool read_numeric_item(struct date *date) {
    int number, second, third = -1;
    take(date, NUMBER, &number);
    if (take_sign(date, ':'))
        return read_time(date, number);
    if (take_sign(date, '/'))
        return read_slashes(date, number);
    if (take(date, SIGNED, &second)) /* Y-M-D */
        return take(date, SIGNED, &third) && set_date(date, number, -second, -third);
    take_sign(date, '-');
    if (take(date, MONTH, &second)) { /* D month Y, D-month-Y */
        take_sign(date, '-');
        if (take(date, SIGNED, &third) || take(date, NUMBER, &third))
            third = abs(third);
        return set_date(date, third, second + 1, number);
    }
    if (date->kind == MERIDIAN)
        return set_time(date, number, 0);
    if (date->kind == WEEKDAY)
        return read_weekday(date, number);
    return add_relative(date, number) || read_bare_number(date, number);
}

static bool read_worded_item(struct date *date) {
    int value, day, year = -1;
    if (take(date, MONTH, &value)) /* month D, Y */
        return take(date, NUMBER, &day) && (!take_sign(date, ',') || take(date, NUMBER, &year)) &&
               set_date(date, year, value + 1, day);
    if (date->kind == WEEKDAY)
        return read_weekday(date, 1) && (take_sign(date, ',') || true);
    if (take(date, DIRECTION, &value))
        return add_relative(date, value - 1) || read_weekday(date, value - 1);
    if (take(date, DAY, &value)) {
        date->year_days += value < 3 ? value - 1 : 0;
        date->relatives++;
        return true;
    }
    if (take(date, AGO, &value)) {
        date->months = -date->months;
        date->year_days = -date->year_days;
        date->seconds = -date->seconds;
        return date->relatives > 0;
    }
    if (take(date, ZONE, &value)) {
        date->zones++;
        date->zone = zone_hours[value] * 3600;
        return true;
    }
    return take(date, SIGNED, &value) ? add_relative(date, value) : add_relative(date, 1);
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
    return fields->tm_hour < 24 && llabs(date->months) <= MAX_MONTHS && llabs(date->year_days) <= MAX_DAYS;
}

bool chronyc_parse_date(const char *text, int64_t now, int64_t *seconds) {
    struct date date = {.at = text};
    time_t start = (time_t)now;
    localtime_r(&start, &date.fields);
    int weekday = date.fields.tm_wday;
    for (read_token(&date); date.kind != END;)
        if (!(date.kind == NUMBER ? read_numeric_item(&date) : read_worded_item(&date)))
            return false;
    if (!date.times && (!date.relatives || date.dates || date.days))
        date.fields.tm_hour = date.fields.tm_min = date.fields.tm_sec = 0;
    if (date.days && !date.dates)
        date.year_days += (date.weekday - weekday + 7) % 7 + 7 * ((int64_t)date.ordinal - (date.ordinal > 0));
    if (!check_fields(&date))
        return false;
    date.fields.tm_mon += (int)date.months;
    date.fields.tm_mday += (int)date.year_days;
    date.fields.tm_isdst = -1;
    *seconds = (date.zones ? (int64_t)timegm(&date.fields) - date.zone : (int64_t)mktime(&date.fields)) + date.seconds;
    return *seconds > -MAX_SECONDS && *seconds < MAX_SECONDS;
}
