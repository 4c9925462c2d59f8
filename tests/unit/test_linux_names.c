/* The resolver thread and its pipe. Only names that every machine answers from its own files are
 * asked for. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/address.h"
#include "core/linux/names.h"

#define WAIT_MS 10000

static struct names_answer wait_for_answer(struct names *names) {
    struct pollfd poll_one = {.fd = names_descriptor(names), .events = POLLIN};
    struct names_answer answer;

    assert_true(poll_one.fd >= 0);
    assert_int_equal(poll(&poll_one, 1, WAIT_MS), 1);
    assert_true(names_answer(names, &answer));
    return answer;
}

static void possible_names_are_told_from_impossible_ones(void **state) {
    char label[65], name[300];

    (void)state;
    memset(label, 'a', sizeof label);
    label[64] = '\0';
    memset(name, 'a', sizeof name);
    for (size_t i = 50; i < sizeof name; i += 50)
        name[i] = '.';
    name[254] = '\0';
    assert_true(names_possible("pool.ntp.org"));
    assert_true(names_possible("ntp-server_1"));
    assert_true(names_possible("ntp.example."));
    assert_false(names_possible(""));
    assert_false(names_possible("."));
    assert_false(names_possible("a..b"));
    assert_false(names_possible(".a"));
    assert_false(names_possible("two words"));
    assert_false(names_possible("fe80::1%eth0"));
    assert_false(names_possible("caf\xc3\xa9"));
    assert_false(names_possible(label));
    assert_true(names_possible(label + 1));
    assert_false(names_possible(name));
}

static void answers_come_one_by_one_in_the_order_of_the_questions(void **state) {
    struct address loopback;
    struct names names;

    (void)state;
    assert_true(address_parse("127.0.0.1", &loopback));
    names_init(&names);
    assert_int_equal(names_descriptor(&names), -1);
    for (uint32_t id = 1; id <= 5; id++)
        assert_true(names_ask(&names, id, "localhost", ADDRESS_IPV4));
    for (uint32_t id = 1; id <= 5; id++) {
        struct names_answer answer = wait_for_answer(&names);

        assert_int_equal(answer.id, id);
        assert_int_equal(answer.status, RESOLVE_OK);
        assert_int_equal(answer.count, 1);
        assert_true(address_equal(&answer.addresses[0], &loopback));
    }
    assert_int_equal(names_descriptor(&names), -1);
    names_close(&names);
}

static void impossible_name_fails_for_good(void **state) {
    struct names names;
    struct names_answer answer;

    (void)state;
    names_init(&names);
    assert_true(names_ask(&names, 7, "not..possible", ADDRESS_NONE));
    answer = wait_for_answer(&names);
    assert_int_equal(answer.id, 7);
    assert_int_equal(answer.status, RESOLVE_FAILED);
    names_close(&names);
}

static void queue_is_bounded(void **state) {
    struct names names;
    uint32_t asked = 0;

    (void)state;
    names_init(&names);
    while (asked < 2 * NAMES_MAX_WAITING && names_ask(&names, asked, "not..possible", ADDRESS_NONE))
        asked++;
    assert_int_equal(asked, NAMES_MAX_WAITING);
    for (uint32_t id = 0; id < asked; id++)
        assert_int_equal(wait_for_answer(&names).id, id);
    names_close(&names);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(possible_names_are_told_from_impossible_ones),
        cmocka_unit_test(answers_come_one_by_one_in_the_order_of_the_questions),
        cmocka_unit_test(impossible_name_fails_for_good),
        cmocka_unit_test(queue_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
