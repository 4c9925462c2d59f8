/* Conversions between nanoseconds, seconds and the calendar. Integers as long as possible: a double
 * of seconds since 1970 has no nanoseconds left. */
#include "core/base/time.h"

#include <stdbool.h>
#include <stdio.h>

/* Beyond this many seconds nanoseconds do not fit ns_t any more. */
#define SECONDS_LIMIT 9.2e9

#define SECONDS_PER_DAY INT64_C(86400)
#define DAYS_PER_CYCLE  INT64_C(146097) /* 400 Gregorian years */
#define DAYS_TO_1970    INT64_C(719162) /* since 0001-01-01 */

ns_t ns_from_seconds(double seconds) {
    if (seconds != seconds)
        return 0;
    if (seconds > SECONDS_LIMIT)
        seconds = SECONDS_LIMIT;
    if (seconds < -SECONDS_LIMIT)
        seconds = -SECONDS_LIMIT;
    int64_t whole = (int64_t)seconds;
    double fraction = (seconds - (double)whole) * (double)NS_PER_S;
    return whole * NS_PER_S + (int64_t)(fraction < 0.0 ? fraction - 0.5 : fraction + 0.5);
}

double ns_to_seconds(ns_t time) {
    return (double)time / (double)NS_PER_S;
}

double ns_difference(ns_t a, ns_t b) {
    ns_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return ns_to_seconds(a) - ns_to_seconds(b);
    return ns_to_seconds(difference);
}

ns_t ns_add_seconds(ns_t time, double seconds) {
    ns_t sum;
    if (__builtin_add_overflow(time, ns_from_seconds(seconds), &sum))
        return time < 0 ? -INT64_MAX : INT64_MAX;
    return sum;
}

static int64_t divide_down(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

int64_t ns_floor_seconds(ns_t time) {
    return divide_down(time, NS_PER_S);
}

/* From 1970-01-01 to the first day of the year. */
static int64_t days_to_year(int64_t year) {
    int64_t past = year - 1;
    return past * 365 + divide_down(past, 4) - divide_down(past, 100) + divide_down(past, 400) -
           DAYS_TO_1970;
}

static int month_length(int64_t year, int month) {
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return lengths[month - 1] + (month == 2 && leap);
}

struct calendar calendar_from_unix(int64_t unix_seconds) {
    int64_t days = divide_down(unix_seconds, SECONDS_PER_DAY);
    int second = (int)(unix_seconds % SECONDS_PER_DAY);
    if (second < 0)
        second += (int)SECONDS_PER_DAY;

    /* A guess from the mean length of a year, off by one at most. */
    int64_t year = 1970 + divide_down(days * 400, DAYS_PER_CYCLE);
    if (days < days_to_year(year))
        year--;
    else if (days >= days_to_year(year + 1))
        year++;

    int day = (int)(days - days_to_year(year)), month = 1;
    for (; day >= month_length(year, month); month++)
        day -= month_length(year, month);
    return (struct calendar){
        .year = year,
        .month = month,
        .day = day + 1,
        .hour = second / 3600,
        .minute = second / 60 % 60,
        .second = second % 60,
        .weekday = (int)((days % 7 + 7 + 4) % 7), /* 1970-01-01 was a Thursday */
    };
}

int64_t calendar_to_unix(const struct calendar *calendar) {
    int64_t days = days_to_year(calendar->year) + calendar->day - 1;
    for (int month = 1; month < calendar->month; month++)
        days += month_length(calendar->year, month);
    return days * SECONDS_PER_DAY + calendar->hour * 3600 + calendar->minute * 60 +
           calendar->second;
}

const char *time_format(int64_t unix_seconds, char separator, char *text) {
    struct calendar now = calendar_from_unix(unix_seconds);
    snprintf(text, TIME_TEXT_SIZE, "%04lld-%02d-%02d%c%02d:%02d:%02d", (long long)now.year,
             now.month, now.day, separator, now.hour, now.minute, now.second);
    return text;
}

const char *time_format_long(int64_t unix_seconds, char *text) {
    static const char weekdays[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct calendar now = calendar_from_unix(unix_seconds);
    snprintf(text, TIME_TEXT_SIZE, "%.3s %.3s %02d %02d:%02d:%02d %lld", weekdays + now.weekday * 3,
             months + (now.month - 1) * 3, now.day, now.hour, now.minute, now.second,
             (long long)now.year);
    return text;
}
