/* Access rules: longest prefix by levels of four bits, file order within a level, `all`, both
 * families, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/ntp/access.h"

static uint64_t seed;

static uint32_t next_random(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33);
}

static struct address address_of(const char *text) {
    struct address address;

    assert_true(address_parse(text, &address));
    return address;
}

static const struct address everything = {.family = ADDRESS_NONE};

static bool set(struct access *access, const char *subnet, int bits, bool allow, bool all) {
    struct address address = address_of(subnet);

    return access_set(access, &address, bits, allow, all);
}

static bool allowed(const struct access *access, const char *text) {
    struct address address = address_of(text);

    return access_allowed(access, &address);
}

static int setup(void **state) {
    seed = 1;
    *state = access_new();
    return *state == NULL;
}

static int teardown(void **state) {
    access_free(*state);
    return 0;
}

static void nobody_is_allowed_without_a_rule(void **state) {
    assert_false(allowed(*state, "127.0.0.1"));
    assert_false(allowed(*state, "::1"));
    assert_false(access_any_allowed(*state, ADDRESS_IPV4));
    assert_false(access_any_allowed(*state, ADDRESS_IPV6));
}

static void empty_subnet_is_everything_of_both_families(void **state) {
    assert_true(access_set(*state, &everything, 0, true, false));
    assert_true(allowed(*state, "0.0.0.0"));
    assert_true(allowed(*state, "255.255.255.255"));
    assert_true(allowed(*state, "2001:db8::1"));
}

static void zero_bits_are_everything_of_one_family(void **state) {
    assert_true(set(*state, "0.0.0.0", 0, true, false));
    assert_true(allowed(*state, "192.0.2.1"));
    assert_false(allowed(*state, "2001:db8::1"));
    assert_true(access_any_allowed(*state, ADDRESS_IPV4));
    assert_false(access_any_allowed(*state, ADDRESS_IPV6));
}

static void longer_prefix_wins_in_any_order(void **state) {
    assert_true(set(*state, "10.1.2.3", 32, true, false));
    assert_true(set(*state, "10.1.0.0", 16, false, false));
    assert_true(set(*state, "10.0.0.0", 8, true, false));
    assert_true(allowed(*state, "10.2.0.1"));
    assert_false(allowed(*state, "10.1.0.1"));
    assert_true(allowed(*state, "10.1.2.3"));
    assert_false(allowed(*state, "10.1.2.4"));
    assert_false(allowed(*state, "11.0.0.0"));
}

static void prefixes_between_two_levels_cover_exactly_their_addresses(void **state) {
    assert_true(set(*state, "10.0.0.128", 25, true, false));
    assert_false(allowed(*state, "10.0.0.127"));
    assert_true(allowed(*state, "10.0.0.128"));
    assert_true(allowed(*state, "10.0.0.255"));
    assert_false(allowed(*state, "10.0.1.128"));
    assert_true(set(*state, "2001:db8::", 33, true, false));
    assert_true(allowed(*state, "2001:db8:7fff::1"));
    assert_false(allowed(*state, "2001:db8:8000::1"));
}

static void later_rule_wins_within_one_level(void **state) {
    assert_true(set(*state, "10.0.0.16", 28, false, false));
    assert_true(set(*state, "10.0.0.0", 25, true, false));
    assert_true(allowed(*state, "10.0.0.17"));
    assert_true(set(*state, "10.0.0.16", 28, false, false));
    assert_false(allowed(*state, "10.0.0.17"));
}

static void all_overrides_what_was_said_about_longer_prefixes(void **state) {
    assert_true(set(*state, "10.1.2.3", 32, false, false));
    assert_true(set(*state, "10.2.0.0", 16, false, false));
    assert_true(set(*state, "10.0.0.0", 8, true, true));
    assert_true(allowed(*state, "10.1.2.3"));
    assert_true(allowed(*state, "10.2.0.1"));
    assert_true(set(*state, "10.1.2.3", 32, false, false));
    assert_false(allowed(*state, "10.1.2.3"));
    assert_true(access_set(*state, &everything, 0, false, true));
    assert_false(allowed(*state, "10.1.2.4"));
    assert_false(access_any_allowed(*state, ADDRESS_IPV4));
}

static void host_bits_of_a_subnet_do_not_matter(void **state) {
    assert_true(set(*state, "192.168.7.77", 16, true, false));
    assert_true(allowed(*state, "192.168.0.1"));
    assert_false(allowed(*state, "192.169.0.1"));
}

static void bits_beyond_the_family_are_refused(void **state) {
    assert_false(set(*state, "10.0.0.0", 33, true, false));
    assert_false(set(*state, "10.0.0.0", -1, true, false));
    assert_false(set(*state, "2001:db8::", 129, true, false));
    assert_false(access_set(*state, &everything, 1, true, false));
    assert_true(set(*state, "10.0.0.0", 32, true, false));
    assert_true(set(*state, "2001:db8::", 128, true, false));
}

static void only_ip_addresses_have_access(void **state) {
    struct address id = address_from_id(5);

    assert_true(access_set(*state, &everything, 0, true, false));
    assert_false(access_allowed(*state, &everything));
    assert_false(access_allowed(*state, &id));
    assert_false(access_set(*state, &id, 0, true, false));
    assert_false(access_any_allowed(*state, ADDRESS_NONE));
}

static void removing_the_last_allowed_subnet_leaves_nobody(void **state) {
    assert_true(set(*state, "2001:db8::", 48, true, false));
    assert_true(access_any_allowed(*state, ADDRESS_IPV6));
    assert_true(set(*state, "2001:db8::", 48, false, false));
    assert_false(access_any_allowed(*state, ADDRESS_IPV6));
}

static void subnet_denied_in_all_its_parts_allows_nobody(void **state) {
    char text[ADDRESS_TEXT_SIZE] = "0.0.0.0";

    assert_true(set(*state, "0.0.0.0", 0, true, false));
    for (uint32_t i = 0; i < 16; i++) {
        struct address subnet = address_ipv4(i << 28);

        assert_true(access_any_allowed(*state, ADDRESS_IPV4));
        assert_true(set(*state, address_format(&subnet, text), 4, false, false));
    }
    assert_false(access_any_allowed(*state, ADDRESS_IPV4));
}

static struct address random_address6(void) {
    struct address address = {.family = ADDRESS_IPV6};

    for (size_t i = 0; i < sizeof(address.bytes); i++)
        address.bytes[i] = (uint8_t)next_random();
    return address;
}

static void rule_that_finds_no_room_changes_nothing(void **state) {
    struct address address, last = {0};
    int count = 0;

    for (address = random_address6(); access_set(*state, &address, 128, true, false); count++) {
        last = address;
        address = random_address6();
    }
    assert_in_range(count, 100, ACCESS_MAX_NODES / 16);
    assert_false(access_allowed(*state, &address));
    assert_true(access_allowed(*state, &last));
    assert_true(set(*state, "0.0.0.0", 0, true, false));
    assert_true(allowed(*state, "192.0.2.1"));
}

static void pruned_nodes_are_used_again(void **state) {
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 100; i++) {
            struct address address = random_address6();

            assert_true(access_set(*state, &address, 128, true, false));
            assert_true(access_allowed(*state, &address));
        }
        assert_true(access_set(*state, &everything, 0, false, true));
        assert_false(access_any_allowed(*state, ADDRESS_IPV6));
    }
}

#define MODEL_RULES 40

struct rule {
    struct address subnet;
    int bits;
    bool allow, all;
};

/* What the rules mean for one address, without a tree: the last word at each level, the deepest
 * level counts. */
static bool model_allowed(const struct rule *rules, int count, const struct address *address) {
    int said[9] = {0};
    bool result = false;

    for (int i = 0; i < count; i++) {
        int level = (rules[i].bits + 3) / 4;

        if (!address_in_prefix(address, &rules[i].subnet, rules[i].bits))
            continue;
        said[level] = rules[i].allow ? 1 : -1;
        for (int below = level + 1; rules[i].all && below < 9; below++)
            said[below] = 0;
    }
    for (int level = 0; level < 9; level++) {
        if (said[level] != 0)
            result = said[level] > 0;
    }
    return result;
}

static void tree_agrees_with_reading_the_rules_one_by_one(void **state) {
    struct rule rules[MODEL_RULES];

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct access *access = access_new();

        for (int i = 0; i < MODEL_RULES; i++) {
            rules[i].subnet = address_ipv4(next_random() % 4 << 30 | next_random() % 4 << 24 |
                                           next_random() % 256);
            rules[i].bits = (int)(next_random() % 33);
            rules[i].allow = next_random() % 2 == 0;
            rules[i].all = next_random() % 4 == 0;
            assert_true(
                access_set(access, &rules[i].subnet, rules[i].bits, rules[i].allow, rules[i].all));
        }
        for (int i = 0; i < 200; i++) {
            struct address address = address_ipv4(next_random() % 4 << 30 |
                                                  next_random() % 4 << 24 | next_random() % 256);

            assert_int_equal(access_allowed(access, &address),
                             model_allowed(rules, MODEL_RULES, &address));
        }
        access_free(access);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_allowed_without_a_rule),
        TEST(empty_subnet_is_everything_of_both_families),
        TEST(zero_bits_are_everything_of_one_family),
        TEST(longer_prefix_wins_in_any_order),
        TEST(prefixes_between_two_levels_cover_exactly_their_addresses),
        TEST(later_rule_wins_within_one_level),
        TEST(all_overrides_what_was_said_about_longer_prefixes),
        TEST(host_bits_of_a_subnet_do_not_matter),
        TEST(bits_beyond_the_family_are_refused),
        TEST(only_ip_addresses_have_access),
        TEST(removing_the_last_allowed_subnet_leaves_nobody),
        TEST(subnet_denied_in_all_its_parts_allows_nobody),
        TEST(rule_that_finds_no_room_changes_nothing),
        TEST(pruned_nodes_are_used_again),
        TEST(tree_agrees_with_reading_the_rules_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
