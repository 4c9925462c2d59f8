/* Addresses as text, in both directions, and as prefixes. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/address.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t seed = 1;

static uint32_t next_random(void) {
    seed = seed * 1664525 + 1013904223;
    return seed >> 16 | seed << 16;
}

static struct address parsed(const char *text) {
    struct address address;
    if (!address_parse(text, &address))
        fail_msg("%s is refused", text);
    return address;
}

static void addresses_are_written_as_rfc_5952_wants(void **state) {
    static const char *const rows[][2] = {
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"192.0.2.1", "192.0.2.1"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:0DB8:0000:0000:0008:0800:200C:417A", "2001:db8::8:800:200c:417a"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"0:0:1::", "0:0:1::"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1::8", "1::8"},
        {"fe80::ffff:ffff:ffff:ffff", "fe80::ffff:ffff:ffff:ffff"},
        {"::ffff:192.0.2.128", "::ffff:192.0.2.128"},
        {"::FFFF:c000:280", "::ffff:192.0.2.128"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    char text[ADDRESS_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address = parsed(rows[i][0]);
        assert_string_equal(address_format(&address, text), rows[i][1]);
        struct address again = parsed(text);
        assert_true(address_equal(&again, &address));
    }
}

static void what_is_no_address_is_refused(void **state) {
    static const char *const rows[] = {
        "",
        " ",
        ".",
        ":",
        "1",
        "1.2.3",
        "1.2.3.4.",
        "1.2.3.4.5",
        ".1.2.3.4",
        "1..2.3",
        "1.2.3.256",
        "1.2.3.1000",
        "01.2.3.4",
        "1.2.3.00",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.-4",
        "0x1.2.3.4",
        "1.2.3.a",
        ":::",
        "1:::2",
        "1::2::3",
        ":1",
        "1:",
        "1::2:",
        ":1::2",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "12345::",
        "g::",
        "::1%eth0",
        "[::1]",
        "::1 ",
        "::1.2.3",
        "::1.2.3.4.5",
        "::1.2.3.256",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4",
        "pool.ntp.org",
        "ID#1",
    };
    struct address address = address_ipv4(7);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (address_parse(rows[i], &address))
            fail_msg("\"%s\" is accepted", rows[i]);
    assert_int_equal(address_to_ipv4(&address), 7);
}

static void the_c_library_agrees_about_random_addresses(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct address address = {.family = ADDRESS_IPV6};
        char text[ADDRESS_TEXT_SIZE], expected[INET6_ADDRSTRLEN];
        unsigned zeroes = next_random();
        address.bytes[0] = 0x20;
        for (unsigned k = 1; k < 16; k++)
            address.bytes[k] = zeroes >> k / 2 & 1 ? 0 : (uint8_t)next_random();
        inet_ntop(AF_INET6, address.bytes, expected, sizeof(expected));
        assert_string_equal(address_format(&address, text), expected);
        struct address again = parsed(text);
        assert_true(address_equal(&again, &address));
    }
}

static void the_c_library_agrees_about_random_strings(void **state) {
    static const char alphabet[] = "::::....0123456789af";

    (void)state;
    for (int i = 0; i < 300000; i++) {
        char text[24];
        size_t length = next_random() % sizeof(text);
        for (size_t k = 0; k < length; k++)
            text[k] = alphabet[next_random() % (sizeof(alphabet) - 1)];
        text[length] = '\0';
        uint8_t expected[16];
        struct address address;
        bool good =
            inet_pton(AF_INET, text, expected) == 1 || inet_pton(AF_INET6, text, expected) == 1;
        if (address_parse(text, &address) != good)
            fail_msg("\"%s\"", text);
        if (good)
            assert_memory_equal(address.bytes, expected, address.family == ADDRESS_IPV4 ? 4 : 16);
    }
}

static void ids_stand_for_unresolved_sources(void **state) {
    char text[ADDRESS_TEXT_SIZE];
    struct address address = address_from_id(5);

    (void)state;
    assert_string_equal(address_format(&address, text), "ID#0000000005");
    address = address_from_id(UINT32_MAX);
    assert_string_equal(address_format(&address, text), "ID#4294967295");
    assert_true(address_parse_id("ID#5", &address));
    assert_int_equal(address_to_id(&address), 5);
    assert_true(address_parse_id("ID#00000000000000000000005", &address));
    assert_int_equal(address.family, ADDRESS_ID);
    assert_false(address_parse_id("ID#", &address));
    assert_false(address_parse_id("ID#-1", &address));
    assert_false(address_parse_id("ID#+1", &address));
    assert_false(address_parse_id("ID#4294967296", &address));
    assert_false(address_parse_id("id#5", &address));
    assert_false(address_parse_id("ID#5x", &address));
    assert_false(address_parse_id("I", &address));
}

static void endpoints_have_a_port_and_brackets(void **state) {
    char text[ADDRESS_TEXT_SIZE];
    struct endpoint endpoint = {parsed("192.0.2.1"), 123};

    (void)state;
    assert_string_equal(endpoint_format(&endpoint, text), "192.0.2.1:123");
    endpoint = (struct endpoint){parsed("2001:db8::1"), 65535};
    assert_string_equal(endpoint_format(&endpoint, text), "[2001:db8::1]:65535");
    endpoint.address = parsed("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    assert_string_equal(endpoint_format(&endpoint, text),
                        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    endpoint.address = (struct address){.family = ADDRESS_NONE};
    assert_string_equal(endpoint_format(&endpoint, text), "[UNSPEC]:65535");
}

static void prefixes_hold_what_begins_with_their_bits(void **state) {
    static const struct {
        const char *address, *prefix;
        int bits;
        bool inside;
    } rows[] = {
        {"10.1.2.3", "10.1.2.3", 32, true},
        {"10.1.2.3", "10.1.2.2", 32, false},
        {"10.1.2.3", "10.1.2.2", 31, true},
        {"10.1.2.3", "10.1.0.0", 16, true},
        {"10.1.2.3", "10.2.0.0", 15, false},
        {"10.3.2.3", "10.2.0.0", 15, true},
        {"10.1.2.3", "192.0.2.1", 0, true},
        {"128.0.0.0", "0.0.0.0", 1, false},
        {"2001:db8::1", "2001:db8::", 64, true},
        {"2001:db8::1", "2001:db8::", 128, false},
        {"2001:db8::1", "2001:db8::", 127, true},
        {"2001:db8::1", "::", 0, true},
        {"2001:db9::1", "2001:db8::", 31, true},
        {"2001:db9::1", "2001:db8::", 32, false},
        {"10.1.2.3", "::", 0, false},
        {"::", "0.0.0.0", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address = parsed(rows[i].address), prefix = parsed(rows[i].prefix);
        if (address_in_prefix(&address, &prefix, rows[i].bits) != rows[i].inside)
            fail_msg("%s in %s/%d", rows[i].address, rows[i].prefix, rows[i].bits);
    }
}

static void loopback_hosts_are_two(void **state) {
    static const char *const others[] = {
        "127.0.0.2", "127.1.0.1", "0.0.0.0", "::", "::2", "fe80::1", "::ffff:127.0.0.1"};
    struct address address = parsed("127.0.0.1");

    (void)state;
    assert_true(address_is_loopback_host(&address));
    address = parsed("::1");
    assert_true(address_is_loopback_host(&address));
    for (size_t i = 0; i < COUNT(others); i++) {
        address = parsed(others[i]);
        assert_false(address_is_loopback_host(&address));
    }
    address = address_from_id(0x7f000001);
    assert_false(address_is_loopback_host(&address));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_as_rfc_5952_wants),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(the_c_library_agrees_about_random_addresses),
        cmocka_unit_test(the_c_library_agrees_about_random_strings),
        cmocka_unit_test(ids_stand_for_unresolved_sources),
        cmocka_unit_test(endpoints_have_a_port_and_brackets),
        cmocka_unit_test(prefixes_hold_what_begins_with_their_bits),
        cmocka_unit_test(loopback_hosts_are_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
