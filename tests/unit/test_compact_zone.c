/* core/libc's local time against the C library's own: POSIX strings, zone files, odd values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/libc/compact.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define YEAR INT64_C(31556952)
#define HOUR 3600

static const char *const zones[] = {
    "UTC0",
    "CST-8",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "PST8PDT",
    "<+0330>-3:30",
    "<-03>3",
    "AEST-10AEDT,M10.1.0,M4.1.0/3",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "XXX3YYY2,J60/0,J300/0",
    "XXX3YYY2,59/2,299/2",
    "XXX+11:59:30",
    "EET-2EEST,M3.5.4/24,M10.5.4/25",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
};

static void set_zone(const char *zone) {
    if (zone != NULL)
        setenv("TZ", zone, 1);
    else
        unsetenv("TZ");
    tzset();
}

static void assert_same_time(time_t time) {
    struct tm ours, theirs;

    compact_localtime_r(&time, &ours);
    localtime_r(&time, &theirs);
    if (ours.tm_sec != theirs.tm_sec || ours.tm_min != theirs.tm_min ||
        ours.tm_hour != theirs.tm_hour || ours.tm_mday != theirs.tm_mday ||
        ours.tm_mon != theirs.tm_mon || ours.tm_year != theirs.tm_year ||
        ours.tm_wday != theirs.tm_wday || ours.tm_yday != theirs.tm_yday ||
        ours.tm_isdst != theirs.tm_isdst || ours.tm_gmtoff != theirs.tm_gmtoff ||
        strcmp(ours.tm_zone, theirs.tm_zone) != 0)
        fail_msg("%s, %lld: %d:%02d:%02d %s, not %d:%02d:%02d %s", getenv("TZ"), (long long)time,
                 ours.tm_hour, ours.tm_min, ours.tm_sec, ours.tm_zone, theirs.tm_hour,
                 theirs.tm_min, theirs.tm_sec, theirs.tm_zone);
    if (ours.tm_isdst == 0 && ours.tm_year > 70) {
        struct tm copy = ours;

        assert_int_equal(compact_mktime(&copy), mktime(&theirs));
        copy = ours;
        assert_int_equal(compact_timegm(&copy), time + ours.tm_gmtoff);
    }
}

static void every_hour_of_some_years_is_the_librarys(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(zones); i++) {
        set_zone(zones[i]);
        /* 2023 to 2025: a leap year is among them. */
        for (time_t time = 1672531199; time < 1672531199 + 3 * YEAR; time += HOUR)
            assert_same_time(time);
        for (int year = 1; year < 400; year++)
            assert_same_time(year * YEAR + 12345);
    }
}

static void the_seconds_around_a_change_are_the_librarys(void **state) {
    (void)state;
    set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    for (int i = -2; i <= 2; i++) {
        assert_same_time(1711846800 + i); /* 2024-03-31 01:00 UTC */
        assert_same_time(1729990800 + i); /* 2024-10-27 01:00 UTC */
    }
}

/* With a small offset: 2001 ends, 2002 to 2004 in summer, then by the rule behind the data. */
static size_t make_zone_file(uint8_t *file) {
    static const int64_t changes[] = {1000000000, 1009843200, 1072915200};
    static const uint8_t types[] = {0, 1, 0};
    static const char names[] = "ONE\0TWO", footer[] = "\nONE-1TWO,M3.5.0,M10.5.0/3\n";
    uint8_t *at = file;

    memset(file, 0, 512);
    for (int version = 1; version <= 2; version++) {
        bool wide = version == 2;

        memcpy(at, "TZif2", 5);
        if (wide) {
            put_be32(at + 32, COUNT(changes));
            put_be32(at + 36, 2);
            put_be32(at + 40, sizeof(names));
        } else {
            put_be32(at + 36, 1);
            put_be32(at + 40, 1);
        }
        at += 44;
        if (!wide) {
            at += 6 + 1;
            continue;
        }
        for (size_t i = 0; i < COUNT(changes); i++, at += 8)
            put_be64(at, (uint64_t)changes[i]);
        memcpy(at, types, sizeof(types));
        at += sizeof(types);
        put_be32(at, 3600);
        put_be32(at + 6, 7200);
        at[10] = 1;
        at[11] = 4;
        at += 12;
        memcpy(at, names, sizeof(names));
        at += sizeof(names);
    }
    memcpy(at, footer, sizeof(footer) - 1);
    return (size_t)(at - file) + sizeof(footer) - 1;
}

static void write_zone(const char *path, const uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void a_zone_file_has_its_transitions_and_its_rule(void **state) {
    char path[] = "/tmp/chronobox-zone-XXXXXX", zone[64];
    uint8_t bytes[512];
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0);
    close(file);
    write_zone(path, bytes, make_zone_file(bytes));
    snprintf(zone, sizeof(zone), ":%s", path);
    set_zone(zone);
    for (time_t time = 978307200; time < 978307200 + 8 * YEAR; time += 6 * HOUR + 1)
        assert_same_time(time);
    for (time_t time = 1009843200 - 3; time < 1009843200 + 3; time++)
        assert_same_time(time);
    set_zone(zone + 1);
    assert_same_time(1711846800);
    unlink(path);
}

/* Read at every length and with every byte spoilt: nothing happens but another time. */
static void a_damaged_zone_file_does_no_harm(void **state) {
    char path[] = "/tmp/chronobox-zone-XXXXXX";
    uint8_t bytes[512], spoilt[512];
    size_t size = make_zone_file(bytes);
    time_t time = 1711846800;
    struct tm fields;
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0);
    close(file);
    set_zone(path);
    for (size_t length = 0; length < size; length++) {
        write_zone(path, bytes, length);
        compact_localtime_r(&time, &fields);
        assert_in_range(fields.tm_mon, 0, 11);
    }
    for (size_t i = 0; i < size; i++) {
        memcpy(spoilt, bytes, size);
        spoilt[i] ^= 0xff;
        write_zone(path, spoilt, size);
        compact_localtime_r(&time, &fields);
        assert_in_range(fields.tm_mon, 0, 11);
        time = i % 2 ? 1000000001 : 1711846800;
    }
    unlink(path);
}

static void without_a_usable_zone_it_is_utc(void **state) {
    static const char *const values[] = {"",   ":", "UTC", "GMT", "No/Such", "/no/such/file",
                                         "12", "<"};
    time_t time = 1711846800;

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct tm fields;

        set_zone(values[i]);
        compact_localtime_r(&time, &fields);
        assert_int_equal(fields.tm_hour, 1);
        assert_int_equal(fields.tm_gmtoff, 0);
        assert_in_range(strlen(fields.tm_zone), 3, 3);
    }
    set_zone(NULL);
    assert_same_time(time);
    assert_int_equal(compact_localtime(&time)->tm_year, 124);
}

static void an_hour_shown_twice_is_the_first_unless_asked_for(void **state) {
    struct tm fields = {.tm_year = 124, .tm_mon = 9, .tm_mday = 27, .tm_hour = 2, .tm_isdst = -1};

    (void)state;
    set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    assert_int_equal(compact_mktime(&fields), 1729987200);
    assert_int_equal(fields.tm_isdst, 1);
    fields.tm_isdst = 0;
    assert_int_equal(compact_mktime(&fields), 1729990800);
    fields.tm_isdst = 1;
    fields.tm_hour = 2;
    assert_int_equal(compact_mktime(&fields), 1729987200);
}

static void an_hour_passed_over_is_the_next(void **state) {
    struct tm fields = {
        .tm_year = 124, .tm_mon = 2, .tm_mday = 31, .tm_hour = 2, .tm_min = 30, .tm_isdst = -1};

    (void)state;
    set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    assert_int_equal(compact_mktime(&fields), 1711848600);
    assert_int_equal(fields.tm_hour, 3);
}

static void fields_out_of_range_are_carried(void **state) {
    (void)state;
    set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    for (int month = -30; month < 40; month += 7) {
        for (int day = -40; day < 80; day += 9) {
            struct tm ours = {.tm_year = 120,
                              .tm_mon = month,
                              .tm_mday = day,
                              .tm_hour = day / 2,
                              .tm_min = 3 * day,
                              .tm_sec = -day,
                              .tm_isdst = -1},
                      theirs = ours, utc = ours, their_utc = ours;

            assert_int_equal(compact_mktime(&ours), mktime(&theirs));
            assert_int_equal(ours.tm_wday, theirs.tm_wday);
            assert_int_equal(ours.tm_mday, theirs.tm_mday);
            assert_int_equal(compact_timegm(&utc), timegm(&their_utc));
            assert_int_equal(utc.tm_yday, their_utc.tm_yday);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hour_of_some_years_is_the_librarys),
        cmocka_unit_test(the_seconds_around_a_change_are_the_librarys),
        cmocka_unit_test(a_zone_file_has_its_transitions_and_its_rule),
        cmocka_unit_test(a_damaged_zone_file_does_no_harm),
        cmocka_unit_test(without_a_usable_zone_it_is_utc),
        cmocka_unit_test(an_hour_shown_twice_is_the_first_unless_asked_for),
        cmocka_unit_test(an_hour_passed_over_is_the_next),
        cmocka_unit_test(fields_out_of_range_are_carried),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
