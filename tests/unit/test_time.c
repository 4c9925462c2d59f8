/* Nanoseconds, seconds and the calendar, over all of their range. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/base/time.h"

#define DAY INT64_C(86400)

static uint64_t seed = 1;

static int64_t next_random(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)(seed >> 33 ^ seed << 17);
}

static void seconds_are_rounded_to_the_nearest_nanosecond(void **state) {
    (void)state;
    assert_int_equal(ns_from_seconds(0.0), 0);
    assert_int_equal(ns_from_seconds(1.0), NS_PER_S);
    assert_int_equal(ns_from_seconds(1.4e-9), 1);
    assert_int_equal(ns_from_seconds(1.6e-9), 2);
    assert_int_equal(ns_from_seconds(-1.4e-9), -1);
    assert_int_equal(ns_from_seconds(-1.6e-9), -2);
    assert_int_equal(ns_from_seconds(0.1), 100000000);
    assert_int_equal(ns_from_seconds(-123456.789), INT64_C(-123456789000000));
    assert_int_equal(ns_from_seconds(4503599.627370497), INT64_C(4503599627370497));
}

static void seconds_out_of_range_saturate(void **state) {
    (void)state;
    assert_int_equal(ns_from_seconds(9.2e9), INT64_C(9200000000) * NS_PER_S);
    assert_int_equal(ns_from_seconds(1e30), INT64_C(9200000000) * NS_PER_S);
    assert_int_equal(ns_from_seconds(INFINITY), INT64_C(9200000000) * NS_PER_S);
    assert_int_equal(ns_from_seconds(-INFINITY), INT64_C(-9200000000) * NS_PER_S);
    assert_int_equal(ns_from_seconds(NAN), 0);
    assert_int_equal(ns_add_seconds(NS_NEVER - 5, 1.0), NS_NEVER);
    assert_true(ns_add_seconds(NS_UNKNOWN + 5, -1.0) < -INT64_C(9000000000) * NS_PER_S);
    assert_true(ns_difference(NS_NEVER, NS_UNKNOWN) > 1.8e10);
    assert_true(ns_difference(NS_UNKNOWN, NS_NEVER) < -1.8e10);
}

static void differences_of_nearby_instants_lose_nothing(void **state) {
    const ns_t now = INT64_C(1795344023580691161);

    (void)state;
    assert_true(ns_difference(now + 1, now) == 1e-9);
    assert_true(ns_difference(now, now + 1) == -1e-9);
    assert_int_equal(ns_add_seconds(now, 1e-9), now + 1);
    assert_int_equal(ns_add_seconds(now, -0.25), now - 250000000);
    assert_true(ns_to_seconds(1500000000) == 1.5);
}

static void seconds_are_rounded_down_on_both_sides_of_1970(void **state) {
    (void)state;
    assert_int_equal(ns_floor_seconds(0), 0);
    assert_int_equal(ns_floor_seconds(NS_PER_S - 1), 0);
    assert_int_equal(ns_floor_seconds(NS_PER_S), 1);
    assert_int_equal(ns_floor_seconds(-1), -1);
    assert_int_equal(ns_floor_seconds(-NS_PER_S), -1);
    assert_int_equal(ns_floor_seconds(-NS_PER_S - 1), -2);
    assert_int_equal(ns_floor_seconds(INT64_MIN), -9223372037);
}

static void assert_date(int64_t unix_seconds, const char *expected) {
    char text[TIME_TEXT_SIZE];
    assert_string_equal(time_format(unix_seconds, ' ', text), expected);
}

static void known_dates_are_right(void **state) {
    (void)state;
    assert_date(0, "1970-01-01 00:00:00");
    assert_date(-1, "1969-12-31 23:59:59");
    assert_date(951782399, "2000-02-28 23:59:59");
    assert_date(951782400, "2000-02-29 00:00:00");
    assert_date(1700584205, "2023-11-21 16:30:05");
    assert_date(2085978496, "2036-02-07 06:28:16");
    assert_date(2147483648, "2038-01-19 03:14:08");
    assert_date(4107542400, "2100-03-01 00:00:00");
    assert_date(4107542399, "2100-02-28 23:59:59");
    assert_date(-62135596800, "0001-01-01 00:00:00");
    assert_date(-62167219200, "0000-01-01 00:00:00");
    assert_date(-62167219201, "-001-12-31 23:59:59");
}

static void long_dates_look_like_those_of_chronyc(void **state) {
    char text[TIME_TEXT_SIZE];

    (void)state;
    assert_string_equal(time_format_long(0, text), "Thu Jan 01 00:00:00 1970");
    assert_string_equal(time_format_long(1795342427, text), "Sun Nov 22 10:13:47 2026");
    assert_string_equal(time_format_long(1700000000, text), "Tue Nov 14 22:13:20 2023");
    assert_string_equal(time_format(1700000000, 'T', text), "2023-11-14T22:13:20");
}

static void every_day_of_a_cycle_follows_the_one_before(void **state) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct calendar expected = {.year = 1600, .month = 1, .day = 1, .weekday = 6};
    int64_t start = calendar_to_unix(&expected);

    (void)state;
    for (int64_t at = start; at < start + 401 * 366 * DAY; at += DAY) {
        struct calendar date = calendar_from_unix(at);
        if (memcmp(&date, &expected, sizeof(date)) != 0)
            fail_msg("%d-%02d-%02d instead of %d-%02d-%02d", (int)date.year, date.month, date.day,
                     (int)expected.year, expected.month, expected.day);
        assert_int_equal(calendar_to_unix(&date), at);

        bool leap =
            expected.year % 4 == 0 && (expected.year % 100 != 0 || expected.year % 400 == 0);
        expected.weekday = (expected.weekday + 1) % 7;
        if (expected.day++ < lengths[expected.month - 1] + (leap && expected.month == 2))
            continue;
        expected.day = 1;
        if (expected.month++ < 12)
            continue;
        expected.month = 1;
        expected.year++;
    }
}

static void the_calendar_agrees_with_the_c_library(void **state) {
    (void)state;
    for (int i = 0; i < 100000; i++) {
        time_t at = next_random() % 1000000000000;
        struct tm tm;
        assert_non_null(gmtime_r(&at, &tm));
        struct calendar date = calendar_from_unix(at);
        assert_int_equal(date.year, tm.tm_year + 1900);
        assert_int_equal(date.month, tm.tm_mon + 1);
        assert_int_equal(date.day, tm.tm_mday);
        assert_int_equal(date.hour, tm.tm_hour);
        assert_int_equal(date.minute, tm.tm_min);
        assert_int_equal(date.second, tm.tm_sec);
        assert_int_equal(date.weekday, tm.tm_wday);
        assert_int_equal(calendar_to_unix(&date), at);
    }
}

static void any_second_has_a_date_and_fits_the_text(void **state) {
    static const int64_t extremes[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        int64_t at = i < 4 ? extremes[i] : next_random();
        struct calendar date = calendar_from_unix(at);
        char text[TIME_TEXT_SIZE];
        assert_in_range(date.month, 1, 12);
        assert_in_range(date.day, 1, 31);
        assert_in_range(date.weekday, 0, 6);
        assert_true(strlen(time_format(at, ' ', text)) < sizeof(text));
        assert_true(strlen(time_format_long(at, text)) < sizeof(text));
        if (i >= 4)
            assert_int_equal(calendar_to_unix(&date), at);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_are_rounded_to_the_nearest_nanosecond),
        cmocka_unit_test(seconds_out_of_range_saturate),
        cmocka_unit_test(differences_of_nearby_instants_lose_nothing),
        cmocka_unit_test(seconds_are_rounded_down_on_both_sides_of_1970),
        cmocka_unit_test(known_dates_are_right),
        cmocka_unit_test(long_dates_look_like_those_of_chronyc),
        cmocka_unit_test(every_day_of_a_cycle_follows_the_one_before),
        cmocka_unit_test(the_calendar_agrees_with_the_c_library),
        cmocka_unit_test(any_second_has_a_date_and_fits_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
