/* Time zones: the rules of a POSIX string ("CET-1CEST,M3.5.0,M10.5.0/3") and the transitions of a
 * zone file, whose last line is such a string for all time to come. Read anew each time: whoever
 * asks prints a date or two. */
#include "core/libc/zone.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/base/time.h"
#include "core/libc/compact.h"

#define ZONES           "/usr/share/zoneinfo/"
#define LOCAL_ZONE      "/etc/localtime"
#define MAX_FILE        16384 /* the longest there is takes 4 KB */
#define NAME_SIZE       16
#define SECONDS_PER_DAY 86400
#define DAYS_PER_WEEK   7

/* RFC 8536 section 3 */
#define HEADER_SIZE 44
#define TYPE_SIZE   6
#define TIME_SIZE   8

/* A day of the year: Mm.w.d; Jn (1 to 365, never 29 February); or n (0 to 365). */
struct change {
    char kind;                /* 'M', 'J' or 0 */
    int32_t month, week, day; /* month and week count from 1, day from what the kind says */
    int32_t time;             /* s after midnight */
};

/* [0] standard time, [1] summer time. */
struct rules {
    char names[2][NAME_SIZE];
    int32_t offsets[2];      /* s west of Greenwich */
    struct change begins[2]; /* [0] of summer time, [1] of standard time */
    bool changes;
};

/* Three letters or more, or anything between < and >. */
static const char *parse_name(const char *at, char name[NAME_SIZE]) {
    bool quoted = *at == '<';
    size_t length = 0;

    at += quoted;
    while (quoted ? *at != '>' && *at != '\0' : isalpha((unsigned char)*at)) {
        if (length < NAME_SIZE - 1)
            name[length++] = *at;
        at++;
    }
    name[length] = '\0';
    return length < 3 ? NULL : at + (*at == '>');
}

static const char *parse_number(const char *at, int32_t *number) {
    for (*number = 0; isdigit((unsigned char)*at) && *number < 1000; at++)
        *number = *number * 10 + (*at - '0');
    return at;
}

/* [+-]hh[:mm[:ss]] */
static const char *parse_time(const char *at, int32_t *seconds) {
    bool negative = *at == '-';
    int32_t part;

    at = parse_number(at + (*at == '-' || *at == '+'), seconds);
    *seconds *= 3600;
    for (int32_t unit = 60; *at == ':' && unit > 0; unit /= 60) {
        at = parse_number(at + 1, &part);
        *seconds += part * unit;
    }
    if (negative)
        *seconds = -*seconds;
    return at;
}

/* Behind a comma. NULL when it is not a rule. */
static const char *parse_change(const char *at, struct change *change) {
    int32_t *const numbers[] = {&change->month, &change->week, &change->day};
    int missing = 0;

    if (*at++ != ',')
        return NULL;
    *change = (struct change){.month = 1, .week = 1, .time = 2 * 3600};
    if (*at == 'M' || *at == 'J')
        change->kind = *at++;
    if (change->kind != 'M')
        missing = 2;
    for (at = parse_number(at, numbers[missing]); *at == '.' && missing < 2;)
        at = parse_number(at + 1, numbers[++missing]);
    if (*at == '/')
        at = parse_time(at + 1, &change->time);
    return change->month >= 1 && change->month <= 12 && change->week >= 1 && change->week <= 5 &&
                   change->day <= 365
               ? at
               : NULL;
}

static bool parse_rules(const char *at, struct rules *rules) {
    at = parse_name(at, rules->names[0]);
    if (at == NULL || *at == '\0')
        return false;
    at = parse_time(at, &rules->offsets[0]);
    rules->changes = *at != '\0';
    if (!rules->changes)
        return true;
    at = parse_name(at, rules->names[1]);
    if (at == NULL)
        return false;
    rules->offsets[1] = rules->offsets[0] - 3600;
    if (*at != ',' && *at != '\0')
        at = parse_time(at, &rules->offsets[1]);
    if (*at == '\0')
        at = ",M3.2.0,M11.1.0";
    for (int i = 0; i < 2 && at != NULL; i++)
        at = parse_change(at, &rules->begins[i]);
    return at != NULL;
}

/* In the time that the clock on the wall shows before it. */
static int64_t begin_of(const struct change *change, int64_t year) {
    struct calendar day = {.year = year, .month = change->month, .day = 1};
    int64_t first;

    if (change->kind == 'J' && change->day > 31 + 28) {
        day.month = 3;
        day.day = change->day - (31 + 28);
    } else if (change->kind != 'M') {
        day.day = change->day + (change->kind != 'J');
    }
    first = calendar_to_unix(&day);
    if (change->kind == 'M') {
        int weekday = calendar_from_unix(first).weekday;

        first += ((change->day - weekday + DAYS_PER_WEEK) % DAYS_PER_WEEK +
                  DAYS_PER_WEEK * (change->week - 1)) *
                 SECONDS_PER_DAY;
        /* The fifth is the last, which may be the fourth. */
        if (calendar_from_unix(first).month != change->month)
            first -= DAYS_PER_WEEK * SECONDS_PER_DAY;
    }
    return first + change->time;
}

static struct local_time apply_rules(const struct rules *rules, int64_t time) {
    bool summer = false;

    if (rules->changes) {
        int64_t year = calendar_from_unix(time - rules->offsets[0]).year,
                start = begin_of(&rules->begins[0], year) + rules->offsets[0],
                end = begin_of(&rules->begins[1], year) + rules->offsets[1];

        summer = start < end ? time >= start && time < end : time >= start || time < end;
    }
    return (struct local_time){-rules->offsets[summer], summer, rules->names[summer]};
}

enum count { UT_FLAGS, STANDARD_FLAGS, LEAPS, TIMES, TYPES, NAMES, COUNTS };

/* How many bytes follow the header; `size` at least where that is not so. */
static size_t read_header(const uint8_t *header, size_t size, size_t time_size,
                          size_t counts[COUNTS]) {
    size_t most = 0;

    if (size < HEADER_SIZE || memcmp(header, "TZif", 4) != 0)
        return size;
    for (int i = 0; i < COUNTS; i++) {
        counts[i] = get_be32(header + HEADER_SIZE - 4 * COUNTS + 4 * i);
        most |= counts[i];
    }
    if (most > MAX_FILE)
        return size;
    return counts[UT_FLAGS] + counts[STANDARD_FLAGS] + counts[LEAPS] * (time_size + 4) +
           counts[TIMES] * (time_size + 1) + counts[TYPES] * TYPE_SIZE + counts[NAMES];
}

/* data is followed by a NUL. */
static bool search_file(uint8_t *data, size_t size, int64_t time, struct rules *rules,
                        struct local_time *found) {
    size_t counts[COUNTS] = {0}, skip, first = 0, type;
    const uint8_t *times, *types;
    char *footer;

    /* The first of the two blocks has 32-bit times. */
    for (size_t time_size = TIME_SIZE / 2;; time_size = TIME_SIZE) {
        skip = read_header(data, size, time_size, counts);
        if (size < HEADER_SIZE || skip >= size - HEADER_SIZE)
            return false;
        if (time_size == TIME_SIZE)
            break;
        data += HEADER_SIZE + skip;
        size -= HEADER_SIZE + skip;
    }
    times = data + HEADER_SIZE;
    types = times + counts[TIMES] * (TIME_SIZE + 1);
    footer = (char *)data + HEADER_SIZE + skip + 1;
    footer[strcspn(footer, "\n")] = '\0';
    while (first < counts[TIMES] && (int64_t)get_be64(times + first * TIME_SIZE) <= time)
        first++;
    if (first == counts[TIMES] && parse_rules(footer, rules)) {
        *found = apply_rules(rules, time);
        return true;
    }
    type = first > 0 ? times[counts[TIMES] * TIME_SIZE + first - 1] : 0;
    types += type * TYPE_SIZE;
    if (type >= counts[TYPES] || types[5] >= counts[NAMES])
        return false;
    snprintf(rules->names[0], NAME_SIZE, "%s",
             (char *)data + HEADER_SIZE + counts[TIMES] * (TIME_SIZE + 1) +
                 counts[TYPES] * TYPE_SIZE + types[5]);
    *found = (struct local_time){(int32_t)get_be32(types), types[4], rules->names[0]};
    return true;
}

struct local_time compact_local_time(int64_t time) {
    static struct rules rules; /* keeps the name */
    static uint8_t data[MAX_FILE];
    struct local_time found = {0, false, "UTC"};
    const char *zone = getenv("TZ");
    char path[256];
    ssize_t size;
    int file;

    if (zone == NULL)
        zone = LOCAL_ZONE;
    zone += *zone == ':';
    if (*zone == '\0')
        return found;
    if (parse_rules(zone, &rules))
        return apply_rules(&rules, time);
    snprintf(path, sizeof(path), "%s%s", *zone == '/' ? "" : ZONES, zone);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return found;
    size = read(file, data, sizeof(data) - 1);
    close(file);
    if (size > 0) {
        data[size] = '\0';
        search_file(data, (size_t)size, time, &rules, &found);
    }
    return found;
}
