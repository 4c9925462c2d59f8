/* Lists of leap seconds: the file of NIST and IERS, and time zone files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/wire/leap_list.h"

#define DAY      86400
#define DAY_2008 INT64_C(1230681600) /* 2008-12-31 */
#define DAY_2012 INT64_C(1341014400) /* 2012-06-30 */
#define DAY_2016 INT64_C(1483142400) /* 2016-12-31 */
#define DAY_2030 INT64_C(1909008000) /* 2030-06-30 */

static const char text[] = "#\tcomment\n"
                           "#$\t 3676924800\n"
                           "#@\t3928521600\n"
                           "#\n"
                           "2272060800\t10\t# 1 Jan 1972\n"
                           "2287785600 11 # 1 Jul 1972\n"
                           "3345062400 33\n"
                           "3439756800 34\n"
                           "3550089600 35\n"
                           "3644697600 36\n"
                           "3692217600 37\n"
                           "\n"
                           "#h 16edd0f0 3666784f 37db6bdd e74ced87 59af48f1\n";

static void list_of_iers_is_read(void **state) {
    struct leap_list list;

    (void)state;
    assert_true(leap_list_parse(text, &list));
    assert_int_equal(list.count, 7);
    assert_int_equal(list.expires, 3928521600 - INT64_C(2208988800));
    assert_true(leap_list_is_sane(&list));
    assert_int_equal(leap_list_day(&list, DAY_2016).leap, NTP_LEAP_INSERT);
    assert_int_equal(leap_list_day(&list, DAY_2016 + DAY - 1).tai, 36);
    assert_int_equal(leap_list_day(&list, DAY_2016 + DAY).tai, 37);
    assert_int_equal(leap_list_day(&list, DAY_2016 + DAY).leap, 0);
    assert_int_equal(leap_list_day(&list, 0).tai, 10);
}

static void list_without_expiry_or_update_is_refused(void **state) {
    struct leap_list list;

    (void)state;
    assert_false(leap_list_parse("#$ 3676924800\n2272060800 10\n", &list));
    assert_false(leap_list_parse("#@ 3676924800\n2272060800 10\n", &list));
    assert_false(leap_list_parse("", &list));
    assert_false(leap_list_parse("#", &list));
    assert_false(leap_list_parse("#$ 3676924800\n#@ 3928521600\nrubbish\n", &list));
}

static void list_that_knows_nothing_of_2012_is_not_sane(void **state) {
    struct leap_list list;

    (void)state;
    assert_true(leap_list_parse("#$ 3676924800\n#@ 3928521600\n2272060800 10\n", &list));
    assert_false(leap_list_is_sane(&list));
}

static void list_beyond_its_limit_is_refused(void **state) {
    char many[8192];
    size_t length = (size_t)snprintf(many, sizeof(many), "#$ 1\n#@ 2\n");
    struct leap_list list;

    (void)state;
    for (int i = 0; i <= LEAP_LIST_MAX; i++)
        length += (size_t)snprintf(many + length, sizeof(many) - length, "2272060800 %d\n", i);
    assert_false(leap_list_parse(many, &list));
}

/* A zone file of one version: headers, no transitions, one type, one letter, and leap records. */
struct zone {
    uint8_t bytes[2048];
    size_t length;
};

static void put_header(struct zone *zone, int version, uint32_t leaps) {
    uint8_t *at = zone->bytes + zone->length;

    memset(at, 0, 44);
    memcpy(at, "TZif", 4);
    at[4] = (uint8_t)version;
    put_be32(at + 28, leaps);
    put_be32(at + 36, 1);
    put_be32(at + 40, 4);
    memset(at + 44, 0, 6);
    memcpy(at + 50, "UTC", 4);
    zone->length += 54;
}

static void put_leap(struct zone *zone, size_t width, int64_t day, int correction, int before) {
    uint8_t *at = zone->bytes + zone->length;
    int64_t time = day + DAY - (correction < before) + before;

    if (width == 8)
        put_be64(at, (uint64_t)time);
    else
        put_be32(at, (uint32_t)time);
    put_be32(at + width, (uint32_t)correction);
    zone->length += width + 4;
}

static void put_leaps(struct zone *zone, size_t width) {
    put_leap(zone, width, DAY_2008, 24, 23);
    put_leap(zone, width, DAY_2012, 25, 24);
    put_leap(zone, width, DAY_2016, 26, 25);
    put_leap(zone, width, DAY_2030, 25, 26);
}

static void zone_file_of_every_version_is_read(void **state) {
    (void)state;
    for (int version = '1'; version <= '4'; version++) {
        struct zone zone = {.length = 0};
        struct leap_list list;

        put_header(&zone, version == '1' ? '\0' : version, 4);
        put_leaps(&zone, 4);
        if (version > '1') {
            put_header(&zone, version, 4);
            put_leaps(&zone, 8);
        }
        assert_true(leap_list_parse_zone(zone.bytes, zone.length, &list));
        assert_int_equal(list.count, 4);
        /* What was before the first record is not known. */
        assert_int_equal(leap_list_day(&list, DAY_2008).leap, 0);
        assert_int_equal(leap_list_day(&list, DAY_2008).tai, 10);
        assert_int_equal(leap_list_day(&list, DAY_2012).tai, 34);
        assert_true(leap_list_is_sane(&list));
        assert_int_equal(leap_list_day(&list, DAY_2030 + 3600).leap, NTP_LEAP_DELETE);
        assert_int_equal(leap_list_day(&list, DAY_2030 + DAY).tai, 35);
        /* Cut short anywhere it is refused, not read beyond its end. */
        for (size_t length = 0; length < zone.length; length++)
            assert_false(leap_list_parse_zone(zone.bytes, length, &list));
    }
}

static void zone_file_with_absurd_counts_is_refused(void **state) {
    struct leap_list list;

    (void)state;
    for (int count = 20; count < 44; count += 4) {
        struct zone zone = {.length = 0};

        put_header(&zone, '\0', 4);
        put_leaps(&zone, 4);
        put_be32(zone.bytes + count, UINT32_MAX);
        /* The indicators of standard and universal time stand behind the leap records. */
        if (count >= 28)
            assert_false(leap_list_parse_zone(zone.bytes, zone.length, &list));
        zone.bytes[4] = '2';
        assert_false(leap_list_parse_zone(zone.bytes, zone.length, &list));
    }
}

static void ends_of_june_and_december_are_allowed(void **state) {
    int allowed = 0;

    (void)state;
    for (int64_t day = DAY_2016 + DAY; day < DAY_2016 + 366 * DAY; day += DAY)
        allowed += leap_list_day_allowed(day + 12345);
    assert_int_equal(allowed, 2);
    assert_true(leap_list_day_allowed(DAY_2012));
    assert_true(leap_list_day_allowed(DAY_2012 + DAY - 1));
    assert_false(leap_list_day_allowed(DAY_2012 + DAY));
    assert_false(leap_list_day_allowed(DAY_2012 - 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_of_iers_is_read),
        cmocka_unit_test(list_without_expiry_or_update_is_refused),
        cmocka_unit_test(list_that_knows_nothing_of_2012_is_not_sane),
        cmocka_unit_test(list_beyond_its_limit_is_refused),
        cmocka_unit_test(zone_file_of_every_version_is_read),
        cmocka_unit_test(zone_file_with_absurd_counts_is_refused),
        cmocka_unit_test(ends_of_june_and_december_are_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
