/* The NTP packet: header bytes, tails, eras, fuzz. The verdicts on tails are those of a real
 * chronyd that was asked. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/bytes.h"
#include "core/wire/ntp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ERA_SECONDS   (INT64_C(1) << 32)
#define UNIX_2036_ERA (ERA_SECONDS - 2208988800) /* 2036-02-07 06:28:16 */

static uint64_t seed = 1;

static uint64_t next_random(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 33 ^ seed << 31;
}

static void header_fields_are_where_rfc_5905_has_them(void **state) {
    static const uint8_t bytes[NTP_HEADER_SIZE] = {
        0x24, 0x02, 0x06, 0xe7, 0x00, 0x00, 0x80, 0x00, 0x00, 0x01, 0x40, 0x00,
        0x7f, 0x7f, 0x01, 0x01, 1,    2,    3,    4,    5,    6,    7,    8,
        11,   12,   13,   14,   15,   16,   17,   18,   21,   22,   23,   24,
        25,   26,   27,   28,   31,   32,   33,   34,   35,   36,   37,   38,
    };
    uint8_t again[NTP_HEADER_SIZE];
    struct ntp_header header;

    (void)state;
    ntp_header_decode(bytes, &header);
    assert_int_equal(header.leap, NTP_LEAP_NONE);
    assert_int_equal(header.version, 4);
    assert_int_equal(header.mode, NTP_MODE_SERVER);
    assert_int_equal(header.stratum, 2);
    assert_int_equal(header.poll, 6);
    assert_int_equal(header.precision, -25);
    assert_true(header.root_delay == 0.5);
    assert_true(header.root_dispersion == 1.25);
    assert_int_equal(header.reference_id, 0x7f7f0101);
    assert_int_equal(header.reference_time, UINT64_C(0x0102030405060708));
    assert_int_equal(header.origin_time, UINT64_C(0x0b0c0d0e0f101112));
    assert_int_equal(header.receive_time, UINT64_C(0x15161718191a1b1c));
    assert_int_equal(header.transmit_time, UINT64_C(0x1f20212223242526));
    ntp_header_encode(&header, again);
    assert_memory_equal(again, bytes, sizeof(bytes));
}

static void any_header_is_encoded_to_what_it_was_decoded_from(void **state) {
    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint8_t bytes[NTP_HEADER_SIZE], again[NTP_HEADER_SIZE];
        struct ntp_header header;
        for (size_t k = 0; k < sizeof(bytes); k++)
            bytes[k] = (uint8_t)next_random();
        ntp_header_decode(bytes, &header);
        ntp_header_encode(&header, again);
        assert_memory_equal(again, bytes, sizeof(bytes));
    }
}

static uint32_t encoded_root_delay(double seconds) {
    struct ntp_header header = {.root_delay = seconds};
    uint8_t bytes[NTP_HEADER_SIZE];
    ntp_header_encode(&header, bytes);
    return get_be32(bytes + 4);
}

static void root_distances_are_rounded_up_and_saturate(void **state) {
    (void)state;
    assert_int_equal(encoded_root_delay(0.0), 0);
    assert_int_equal(encoded_root_delay(1e-12), 1);
    assert_int_equal(encoded_root_delay(0x1p-16), 1);
    assert_int_equal(encoded_root_delay(0x1.00001p-16), 2);
    assert_int_equal(encoded_root_delay(1.0), 0x10000);
    assert_int_equal(encoded_root_delay(65535.99999), UINT32_MAX);
    assert_int_equal(encoded_root_delay(65536.0), UINT32_MAX);
    assert_int_equal(encoded_root_delay(INFINITY), UINT32_MAX);
    assert_int_equal(encoded_root_delay(-1.0), 0);
    assert_int_equal(encoded_root_delay(NAN), 0);
}

/* Splits a packet of this version with this tail; fields are lengths of extension fields, ended by
 * 0. */
static bool split(int version, const uint16_t *fields, size_t rest, struct ntp_layout *layout) {
    struct ntp_header header = {.version = (uint8_t)version};
    size_t length = NTP_HEADER_SIZE + rest;
    for (size_t i = 0; fields[i] != 0; i++)
        length += fields[i];
    uint8_t *bytes = calloc(1, length); /* of the exact size, for the sanitizer */
    assert_non_null(bytes);
    for (size_t i = 0, at = NTP_HEADER_SIZE; fields[i] != 0; at += fields[i++])
        put_be16(bytes + at + 2, fields[i]);
    bool good = ntp_split(bytes, length, &header, layout);
    free(bytes);
    return good;
}

static void version_4_tails_are_fields_and_a_short_mac(void **state) {
    static const struct {
        uint16_t fields[5];
        uint16_t rest;
        bool good;
        uint16_t extensions, mac;
    } rows[] = {
        {{0}, 0, true, 0, 0},
        {{0}, 4, false, 0, 0}, /* a crypto-NAK */
        {{0}, 8, false, 0, 0},
        {{0}, 16, false, 0, 0},
        {{0}, 20, true, 0, 20},
        {{0}, 24, true, 0, 24},
        {{0}, 28, false, 0, 0},
        {{0}, 36, false, 0, 0}, /* a whole SHA256 */
        {{16}, 0, false, 0, 0},
        {{20}, 0, true, 0, 20}, /* taken for a MAC */
        {{24}, 0, true, 0, 24},
        {{28}, 0, true, 28, 0},
        {{16}, 20, true, 16, 20},
        {{16}, 24, true, 16, 24},
        {{28}, 20, true, 28, 20},
        {{28}, 24, true, 28, 24},
        {{28}, 4, false, 0, 0},
        {{28}, 16, false, 0, 0},
        {{28}, 36, false, 0, 0},
        {{16, 16}, 0, false, 0, 0},
        {{28, 16}, 0, false, 0, 0},
        {{16, 28}, 0, true, 44, 0},
        {{16, 16, 16, 16}, 20, true, 64, 20},
        {{12, 28}, 0, false, 0, 0},
        {{1092}, 0, true, 1092, 0},
        {{1096}, 0, false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ntp_layout layout = {0, 0};
        if (split(4, rows[i].fields, rows[i].rest, &layout) != rows[i].good)
            fail_msg("row %d", (int)i);
        assert_int_equal(layout.extensions_length, rows[i].extensions);
        assert_int_equal(layout.mac_length, rows[i].mac);
    }
}

static void older_versions_have_nothing_but_a_mac_of_any_digest(void **state) {
    static const uint16_t none[] = {0}, field[] = {28, 0}, long_field[] = {200, 0};
    struct ntp_layout layout;

    (void)state;
    for (int version = 1; version <= 3; version++) {
        for (size_t rest = 0; rest <= 100; rest += 4) {
            bool good = rest == 0 || (rest >= 20 && rest <= 68);
            assert_int_equal(split(version, none, rest, &layout), good);
            if (good) {
                assert_int_equal(layout.extensions_length, 0);
                assert_int_equal(layout.mac_length, rest);
            }
        }
        assert_true(split(version, field, 0, &layout));
        assert_int_equal(layout.mac_length, 28);
        assert_false(split(version, long_field, 0, &layout));
    }
}

static void extension_lengths_that_lie_are_refused(void **state) {
    static const uint16_t lies[] = {0, 1, 4, 12, 15, 17, 30, 36, 0xfffc, 0xffff};
    struct ntp_header header = {.version = 4};
    struct ntp_layout layout;
    uint8_t bytes[NTP_HEADER_SIZE + 32] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(lies); i++) {
        put_be16(bytes + NTP_HEADER_SIZE + 2, lies[i]);
        assert_false(ntp_split(bytes, sizeof(bytes), &header, &layout));
    }
    put_be16(bytes + NTP_HEADER_SIZE + 2, 32);
    assert_true(ntp_split(bytes, sizeof(bytes), &header, &layout));
}

static void lengths_outside_of_the_protocol_are_refused(void **state) {
    static const uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];
    struct ntp_layout layout;

    (void)state;
    for (uint8_t version = 0; version < 8; version++) {
        struct ntp_header header = {.version = version};
        for (size_t length = 0; length < NTP_HEADER_SIZE; length++)
            assert_false(ntp_split(bytes, length, &header, &layout));
        assert_true(ntp_split(bytes, NTP_HEADER_SIZE, &header, &layout));
        for (size_t length = 0; length <= sizeof(bytes); length++)
            if (length % 4 != 0 || length > NTP_PACKET_MAX_SIZE)
                assert_false(ntp_split(bytes, length, &header, &layout));
    }
}

static void any_bytes_are_split_within_their_bounds(void **state) {
    (void)state;
    for (int i = 0; i < 100000; i++) {
        size_t length = 4 * (next_random() % (NTP_PACKET_MAX_SIZE / 4 + 1));
        if (i % 2)
            length %= 160;
        uint8_t *bytes = malloc(length + (length == 0));
        assert_non_null(bytes);
        for (size_t k = 0; k < length; k++)
            bytes[k] = (uint8_t)(k % 4 == 2 ? 0 : next_random() & 0x3c);
        struct ntp_header header = {.version = next_random() % 8 ? 4 : 3};
        struct ntp_layout layout;
        if (ntp_split(bytes, length, &header, &layout)) {
            assert_int_equal(NTP_HEADER_SIZE + layout.extensions_length + layout.mac_length,
                             length);
            assert_true(layout.mac_length == 0 || layout.mac_length >= 20);
            assert_true(layout.mac_length <= (header.version == 4 ? 24 : 68));
        }
        free(bytes);
    }
}

static void known_instants_have_their_timestamps(void **state) {
    const ns_t now = INT64_C(1795344023580691161);

    (void)state;
    assert_int_equal(ntp_time_from_ns(0), UINT64_C(2208988800) << 32);
    assert_int_equal(ntp_time_from_ns(NS_PER_S / 2), UINT64_C(0x83aa7e8080000000));
    assert_int_equal(ntp_time_from_ns(-NS_PER_S / 4), UINT64_C(0x83aa7e7fc0000000));
    assert_int_equal(ntp_time_to_ns(UINT64_C(0x83aa7e8080000000), now), NS_PER_S / 2);
    assert_int_equal(ntp_time_to_ns(ntp_time_from_ns(now), now), now);
}

static void the_eras_meet_without_a_seam(void **state) {
    static const int64_t borders[] = {UNIX_2036_ERA, UNIX_2036_ERA + ERA_SECONDS};

    (void)state;
    for (size_t i = 0; i < COUNT(borders); i++) {
        const ns_t border = borders[i] * NS_PER_S;
        assert_int_equal(ntp_time_from_ns(border - NS_PER_S) >> 32, UINT32_MAX);
        assert_int_equal(ntp_time_from_ns(border + NS_PER_S), UINT64_C(1) << 32);
        for (int k = 0; k < 20000; k++) {
            ns_t near = border + (ns_t)(next_random() % 2000) - 1000;
            ns_t time = near + (ns_t)(next_random() % (20 * (uint64_t)NS_PER_S)) - 10 * NS_PER_S;
            ntp_time_t stamp = ntp_time_from_ns(time);
            assert_int_not_equal(stamp, 0);
            assert_int_equal(ntp_time_to_ns(stamp, near), time);
        }
    }
}

static void the_first_instant_of_an_era_is_not_taken_for_unknown(void **state) {
    const ns_t border = UNIX_2036_ERA * NS_PER_S;

    (void)state;
    assert_int_equal(ntp_time_from_ns(border), 1);
    assert_int_equal(ntp_time_to_ns(1, border), border);
}

static void timestamps_are_read_as_the_instant_nearest_to_now(void **state) {
    const ns_t half_era = (ERA_SECONDS / 2) * NS_PER_S;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        ns_t near = (ns_t)(next_random() % (uint64_t)(half_era / 2 * 7)); /* until 2208 */
        ns_t away =
            (ns_t)(next_random() % (uint64_t)(2 * half_era - 2 * NS_PER_S)) - half_era + NS_PER_S;
        ns_t time;
        if (__builtin_add_overflow(near, away, &time))
            continue;
        assert_int_equal(ntp_time_to_ns(ntp_time_from_ns(time), near), time);
    }
}

static void instants_beyond_the_range_saturate(void **state) {
    static const ns_t nears[] = {INT64_MIN, -INT64_MAX, 0, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < COUNT(nears); i++)
        for (int k = 0; k < 1000; k++) {
            ns_t time = ntp_time_to_ns(next_random(), nears[i]);
            assert_true(fabs(ns_difference(time, nears[i])) <= (double)ERA_SECONDS / 2.0 + 1.0);
        }
    for (int k = 0; k < 1000; k++)
        ntp_time_from_ns((ns_t)(next_random() << 1 ^ next_random()));
    assert_int_not_equal(ntp_time_from_ns(INT64_MIN), 0);
    assert_int_not_equal(ntp_time_from_ns(INT64_MAX), 0);
}

static void fuzz_replaces_the_bits_below_the_precision_only(void **state) {
    const ntp_time_t time = UINT64_C(0x123456789abcdef0);

    (void)state;
    assert_int_equal(ntp_time_fuzz(time, -20, 0x55555555), UINT64_C(0x123456789abcd555));
    assert_int_equal(ntp_time_fuzz(time, -31, 0xffffffff), UINT64_C(0x123456789abcdef1));
    assert_int_equal(ntp_time_fuzz(time, -32, 0xffffffff), time);
    assert_int_equal(ntp_time_fuzz(time, -127, 0xffffffff), time);
    assert_int_equal(ntp_time_fuzz(time, 0, 0x01020304), UINT64_C(0x1234567801020304));
    assert_int_equal(ntp_time_fuzz(time, 100, 0x01020304), UINT64_C(0x1234567801020304));
    assert_int_equal(ntp_time_fuzz(1, -20, 0), 1);
    assert_int_equal(ntp_time_fuzz(0, -20, 0xffffffff), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_fields_are_where_rfc_5905_has_them),
        cmocka_unit_test(any_header_is_encoded_to_what_it_was_decoded_from),
        cmocka_unit_test(root_distances_are_rounded_up_and_saturate),
        cmocka_unit_test(version_4_tails_are_fields_and_a_short_mac),
        cmocka_unit_test(older_versions_have_nothing_but_a_mac_of_any_digest),
        cmocka_unit_test(extension_lengths_that_lie_are_refused),
        cmocka_unit_test(lengths_outside_of_the_protocol_are_refused),
        cmocka_unit_test(any_bytes_are_split_within_their_bounds),
        cmocka_unit_test(known_instants_have_their_timestamps),
        cmocka_unit_test(the_eras_meet_without_a_seam),
        cmocka_unit_test(the_first_instant_of_an_era_is_not_taken_for_unknown),
        cmocka_unit_test(timestamps_are_read_as_the_instant_nearest_to_now),
        cmocka_unit_test(instants_beyond_the_range_saturate),
        cmocka_unit_test(fuzz_replaces_the_bits_below_the_precision_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
