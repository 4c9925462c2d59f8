/* Time as numbers. An instant is ns_t, signed nanoseconds since 1970-01-01 UTC (good until 2262); a
 * reading of the monotonic clock is an ns_t too and its parameter says so. A measured interval is a
 * double of seconds. */
#ifndef CHRONOBOX_BASE_TIME_H
#define CHRONOBOX_BASE_TIME_H

#include <stddef.h>
#include <stdint.h>

typedef int64_t ns_t;

#define NS_PER_S   INT64_C(1000000000)
#define NS_NEVER   INT64_MAX
#define NS_UNKNOWN INT64_MIN

/* Seconds to nanoseconds, rounded to nearest; saturates at +-9.2e18 ns; NaN gives 0. */
ns_t ns_from_seconds(double seconds);

/* Nanoseconds to seconds; exact to 2^-53 relative. */
double ns_to_seconds(ns_t time);

/* a - b in seconds; computed in integers first, so nearby instants lose nothing. */
double ns_difference(ns_t a, ns_t b);

/* time + seconds. */
ns_t ns_add_seconds(ns_t time, double seconds);

/* Whole seconds since 1970, rounded down (also for times before 1970). */
int64_t ns_floor_seconds(ns_t time);

/* A calendar date in UTC, proleptic Gregorian. */
struct calendar {
    int64_t year;
    int month;   /* 1..12 */
    int day;     /* 1..31 */
    int hour;    /* 0..23 */
    int minute;  /* 0..59 */
    int second;  /* 0..59 */
    int weekday; /* 0 = Sunday */
};

/* Any second has a date; back again for years within +-2.9e11 and the other members as above. */
struct calendar calendar_from_unix(int64_t unix_seconds);
int64_t calendar_to_unix(const struct calendar *calendar);

#define TIME_TEXT_SIZE 32

/* "YYYY-MM-DD HH:MM:SS" in UTC into text (at least TIME_TEXT_SIZE bytes); separator stands between
 * date and time. */
const char *time_format(int64_t unix_seconds, char separator, char *text);

/* "Sun Nov 22 10:13:47 2026" in UTC (chronyc's dates) into text. */
const char *time_format_long(int64_t unix_seconds, char *text);

#endif
