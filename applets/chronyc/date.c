/* The dates of settime, as people have always typed them: items of a time, a date, a day, a zone and relative words in
 * any order. One item after the other is recognised by its first word and what follows; each kind may come once. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "applets/chronyc/chronyc.h"
#include "core/base/text.h"

#define WORD_SIZE  16
#define MAX_DIGITS 9

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_SIGNED, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    char word[WORD_SIZE]; /* also of TOKEN_SIGN: one character */
    int number;
};

struct date {
    const char *at; /* what is not read yet */
    struct token token;
    struct tm fields;
    int times, dates, days, zones, relatives;
    int zone; /* s east of Greenwich */
    int meridian; /* 0 none, 1 am, 2 pm */
    int ordinal, weekday;
    int months, seconds; /* relative */
    int year_days; /* relative days, a week counting seven */
};

static void read_token(struct date *date) {
    struct token *token = &date->token;
    const char *at = date->at;
    memset(token, 0, sizeof(*token));
    while (*at == ' ')
        at++;
    if (isdigit((unsigned char)*at) || ((*at == '+' || *at == '-') && isdigit((unsigned char)at[1]))) {
        token->kind = isdigit((unsigned char)*at) ? TOKEN_NUMBER : TOKEN_SIGNED;
        char *end;
        long number = strtol(at, &end, 10);
        token->number = end - at > MAX_DIGITS ? -1 : (int)number;
        date->at = end;
        return;
    }
    if (!isalpha((unsigned char)*at)) {
        token->kind = *at ? TOKEN_SIGN : TOKEN_END;
        token->word[0] = *at;
        date->at = at + (*at != '\0');
        return;
    }
    token->kind = TOKEN_WORD;
    for (int i = 0; isalpha((unsigned char)*at); at++)
        if (i < WORD_SIZE - 1)
            token->word[i++] = (char)tolower((unsigned char)*at);
    date->at = at;
}

static bool is_sign(const struct date *date, char sign) {
    return date->token.kind == TOKEN_SIGN && date->token.word[0] == sign;
}

/* Takes the sign when it is there. */
static bool take_sign(struct date *date, char sign) {
    if (!is_sign(date, sign))
        return false;
    read_token(date);
    return true;
}

static bool take_number(struct date *date, int *number) {
    if (date->token.kind != TOKEN_NUMBER)
        return false;
    *number = date->token.number;
    read_token(date);
    return true;
}

/* The number of the list's word that the token is, or its first three letters; -1: none of them. */
static int find_word(const struct date *date, const char *list, size_t shortest) {
    const char *word = date->token.word;
    size_t length = strlen(word);
    for (int i = 0; date->token.kind == TOKEN_WORD && *list; i++) {
        size_t size = strcspn(list, " ");
        if (strncmp(list, word, length) == 0 && (length == size || (shortest && length == shortest)))
            return i;
        list += size + (list[size] == ' ');
    }
    return -1;
}

static int take_word(struct date *date, const char *list, size_t shortest) {
    int index = find_word(date, list, shortest);
    if (index >= 0)
        read_token(date);
    return index;
}

static const char months[] =
    "january february march april may june july august september october november december";
static const char weekdays[] = "sunday monday tuesday wednesday thursday friday saturday";
static const char units[] = "year years month months fortnight fortnights week weeks day days hour hours "
                            "minute minutes min mins second seconds sec secs";
static const char meridians[] = "am pm";
static const char directions[] = "last this next";

static void add_relative(struct date *date, int count, int unit) {
    static const struct {
        uint8_t months, days;
        uint16_t seconds;
    } steps[] = {{12, 0, 0}, {1, 0, 0}, {0, 14, 0}, {0, 7, 0}, {0, 1, 0}, {0, 0, 3600}, {0, 0, 60}, {0, 0, 60},
                 {0, 0, 1},  {0, 0, 1}};
    date->months += count * steps[unit / 2].months;
    date->year_days += count * steps[unit / 2].days;
    date->seconds += count * steps[unit / 2].seconds;
    date->relatives++;
}

static void set_date(struct date *date, int year, int month, int day) {
    date->dates++;
    if (year >= 0)
        date->fields.tm_year = (year < 69 ? year + 2000 : year < 100 ? year + 1900 : year) - 1900;
    date->fields.tm_mon = month - 1;
    date->fields.tm_mday = day;
}

static void set_time(struct date *date, int hour, int minute, int second) {
    date->times++;
    date->fields.tm_hour = hour;
    date->fields.tm_min = minute;
    if (second >= 0)
        date->fields.tm_sec = second;
}

/* HH ":" was read. A zone behind HH:MM leaves the seconds of now, as chrony behaves. */
static bool read_time(struct date *date, int hour) {
    int minute, second = 0;
    if (!take_number(date, &minute))
        return false;
    bool has_seconds = take_sign(date, ':');
    if (has_seconds && !take_number(date, &second))
        return false;
    if (date->token.kind == TOKEN_SIGNED) {
        int zone = date->token.number;
        read_token(date);
        int unit = take_word(date, units, 0);
        if (unit >= 0) {
            add_relative(date, zone, unit);
        } else {
            date->zones++;
            date->zone = (zone / 100 * 60 + zone % 100) * 60;
            second = has_seconds ? second : -1;
        }
    }
    set_time(date, hour, minute, second);
    date->meridian = take_word(date, meridians, 0) + 1;
    return true;
}

/* M "/" was read: M/D, M/D/Y, or Y/M/D. */
static bool read_slashes(struct date *date, int first) {
    int second, third = -1;
    if (!take_number(date, &second) || (take_sign(date, '/') && !take_number(date, &third)))
        return false;
    if (first >= 1000)
        set_date(date, first, second, third);
    else
        set_date(date, third, first, second);
    return true;
}

/* Y was read, -M is the token. */
static bool read_iso(struct date *date, int year) {
    int month = -date->token.number;
    read_token(date);
    if (date->token.kind != TOKEN_SIGNED)
        return false;
    set_date(date, year, month, -date->token.number);
    read_token(date);
    return true;
}

/* D MONTH was read; a year may follow, with or without a hyphen. */
static bool read_year(struct date *date, int day, int month) {
    int year = -1;
    take_sign(date, '-');
    if (date->token.kind == TOKEN_SIGNED || date->token.kind == TOKEN_NUMBER) {
        year = abs(date->token.number);
        read_token(date);
    }
    set_date(date, year, month, day);
    return true;
}

static bool read_bare_number(struct date *date, int number) {
    if (date->times && date->dates && !date->relatives) {
        date->dates--;
        set_date(date, number, date->fields.tm_mon + 1, date->fields.tm_mday);
    } else if (number > 10000) {
        set_date(date, number / 10000, number / 100 % 100, number % 100);
    } else {
        set_time(date, number < 100 ? number : number / 100, number < 100 ? 0 : number % 100, 0);
    }
    return true;
}

static bool read_numeric_item(struct date *date) {
    int number, index;
    take_number(date, &number);
    if (number < 0)
        return false;
    if (take_sign(date, ':'))
        return read_time(date, number);
    if (take_sign(date, '/'))
        return read_slashes(date, number);
    if (date->token.kind == TOKEN_SIGNED)
        return read_iso(date, number);
    take_sign(date, '-');
    if ((index = take_word(date, months, 3)) >= 0)
        return read_year(date, number, index + 1);
    if ((index = take_word(date, meridians, 0)) >= 0) {
        set_time(date, number, 0, 0);
        date->meridian = index + 1;
    } else if ((index = take_word(date, units, 0)) >= 0) {
        add_relative(date, number, index);
    } else if ((index = take_word(date, weekdays, 3)) >= 0) {
        date->days++;
        date->ordinal = number;
        date->weekday = index;
    } else {
        return read_bare_number(date, number);
    }
    return true;
}

/* MONTH D[, Y] */
static bool read_month(struct date *date, int month) {
    int day, year = -1;
    if (!take_number(date, &day) || (take_sign(date, ',') && !take_number(date, &year)))
        return false;
    set_date(date, year, month, day);
    return true;
}

static bool read_unit_or_weekday(struct date *date, int count) {
    int index = take_word(date, units, 0);
    if (index >= 0) {
        add_relative(date, count, index);
        return true;
    }
    date->weekday = take_word(date, weekdays, 3);
    date->ordinal = count;
    date->days++;
    return date->weekday >= 0;
}

static bool read_zone(struct date *date) {
    static const char names[] = "utc gmt ut est edt cst cdt mst mdt pst pdt cet cest bst eet eest msk jst";
    static const int8_t hours[] = {0, 0, 0, -5, -4, -6, -5, -7, -6, -8, -7, 1, 2, 1, 2, 3, 3, 9};
    int index = take_word(date, names, 0);
    if (index < 0)
        return false;
    date->zones++;
    date->zone = hours[index] * 3600;
    return true;
}

static bool read_worded_item(struct date *date) {
    static const char day_words[] = "yesterday today tomorrow now";
    int index;
    if ((index = take_word(date, months, 3)) >= 0)
        return read_month(date, index + 1);
    if ((index = take_word(date, directions, 0)) >= 0)
        return read_unit_or_weekday(date, index - 1);
    if ((index = take_word(date, day_words, 0)) >= 0) {
        date->year_days += index < 3 ? index - 1 : 0;
        date->relatives++;
        return true;
    }
    if (take_word(date, "ago", 0) >= 0) {
        date->months = -date->months;
        date->year_days = -date->year_days;
        date->seconds = -date->seconds;
        return true;
    }
    if (find_word(date, weekdays, 3) >= 0 || find_word(date, units, 0) >= 0) {
        bool done = read_unit_or_weekday(date, 1);
        take_sign(date, ',');
        return done;
    }
    return read_zone(date);
}

static bool read_item(struct date *date) {
    if (date->token.kind == TOKEN_NUMBER)
        return read_numeric_item(date);
    if (date->token.kind == TOKEN_WORD)
        return read_worded_item(date);
    if (date->token.kind != TOKEN_SIGNED)
        return false;
    int count = date->token.number;
    read_token(date);
    int unit = take_word(date, units, 0);
    if (unit >= 0)
        add_relative(date, count, unit);
    return unit >= 0;
}

static bool check_fields(struct date *date) {
    struct tm *fields = &date->fields;
    if (date->times > 1 || date->dates > 1 || date->days > 1 || date->zones > 1)
        return false;
    if (date->meridian) {
        if (fields->tm_hour < 1 || fields->tm_hour > 12)
            return false;
        fields->tm_hour = fields->tm_hour % 12 + (date->meridian == 2 ? 12 : 0);
    }
    return fields->tm_hour >= 0 && fields->tm_hour < 24 && fields->tm_min >= 0 && fields->tm_min < 60 &&
           fields->tm_sec < 60 && fields->tm_mon >= 0 && fields->tm_mon < 12 && fields->tm_mday >= 1 &&
           fields->tm_mday <= 31 && fields->tm_year >= -200;
}

bool chronyc_parse_date(const char *text, int64_t now, int64_t *seconds) {
    struct date date = {.at = text};
    time_t start = (time_t)now;
    localtime_r(&start, &date.fields);
    int weekday = date.fields.tm_wday;
    read_token(&date);
    while (date.token.kind != TOKEN_END)
        if (!read_item(&date))
            return false;
    if (!date.times && (!date.relatives || date.dates || date.days))
        date.fields.tm_hour = date.fields.tm_min = date.fields.tm_sec = 0;
    if (!check_fields(&date))
        return false;
    if (date.days && !date.dates)
        date.year_days += (date.weekday - weekday + 7) % 7 + 7 * (date.ordinal - (date.ordinal > 0));
    date.fields.tm_mon += date.months;
    date.fields.tm_mday += date.year_days;
    date.fields.tm_isdst = -1;
    *seconds = (date.zones ? (int64_t)timegm(&date.fields) - date.zone : (int64_t)mktime(&date.fields)) + date.seconds;
    return true;
}
