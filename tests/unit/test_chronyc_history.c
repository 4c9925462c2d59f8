/* What chronyc keeps of a source whose daemon does not tell its samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "applets/chronyc/history.h"

#define NOW (INT64_C(1795344175) * NS_PER_S)

static struct control_source_data source_with(uint32_t address, double measured) {
    return (struct control_source_data){.ip_addr = address_ipv4(address),
                                        .since_sample = 2,
                                        .orig_latest_meas = measured,
                                        .latest_meas = measured / 2.0,
                                        .latest_meas_err = 1e-3};
}

static void a_measurement_is_taken_once(void **state) {
    struct history history = {.count = 0};
    struct control_source_data source = source_with(0x7f000001, 1e-6);
    (void)state;
    assert_true(history_see(&history, &source, NOW));
    assert_false(history_see(&history, &source, NOW + NS_PER_S));
    assert_int_equal(history.count, 1);
    assert_true(history.samples[0].when == NOW - 2 * NS_PER_S);
    assert_true(history.samples[0].offset == 0.5e-6 && history.samples[0].error == 1e-3);
    source = source_with(0x7f000001, 3e-6);
    assert_false(history_see(&history, &source, NOW + 2 * NS_PER_S));
    assert_int_equal(history.count, 2);
}

static void nothing_is_taken_of_a_source_that_has_not_answered(void **state) {
    struct history history = {.count = 0};
    struct control_source_data source = source_with(0x7f000001, 0.0);
    (void)state;
    source.since_sample = CONTROL_NEVER;
    assert_true(history_see(&history, &source, NOW));
    assert_int_equal(history.count, 0);
}

static void another_source_begins_anew(void **state) {
    struct history history = {.count = 0};
    struct control_source_data source = source_with(0x7f000001, 1e-6);
    (void)state;
    history_see(&history, &source, NOW);
    source = source_with(0x7f000002, 1e-6);
    assert_true(history_see(&history, &source, NOW));
    assert_int_equal(history.count, 1);
}

static void the_oldest_makes_room_for_the_newest(void **state) {
    struct history history = {.count = 0};
    double lowest, highest;
    (void)state;
    for (int i = 0; i < HISTORY_SAMPLES + 10; i++) {
        struct control_source_data source = source_with(0x7f000001, 2.0 + 2.0 * i);
        history_see(&history, &source, NOW + i * NS_PER_S);
    }
    assert_int_equal(history.count, HISTORY_SAMPLES);
    history_limits(&history, false, &lowest, &highest);
    assert_true(lowest == 11.0 && highest == HISTORY_SAMPLES + 10.0);
    assert_true(history_value(&history, HISTORY_SAMPLES - 1, false) == highest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_measurement_is_taken_once),
        cmocka_unit_test(nothing_is_taken_of_a_source_that_has_not_answered),
        cmocka_unit_test(another_source_begins_anew),
        cmocka_unit_test(the_oldest_makes_room_for_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
