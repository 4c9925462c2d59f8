/* No clock is right that says less than when the program was made (engine_options.earliest). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define DAY        86400.0
#define NINE_YEARS (9.0 * 365.0 * DAY)
#define INVALID    "is invalid"

static int stratum_of(struct sim *sim, int index) {
    struct ntp_header header;

    if (!probe_ask(sim_node(sim, index), &header, NULL) || header.leap == NTP_LEAP_UNSYNCHRONISED)
        return 16;
    return header.stratum;
}

/* Node 0 is a server; node 1, made `made` s after the start of the simulation, follows it. */
static struct sim *pair(double made) {
    struct sim *sim = sim_new(1, 2);
    struct sim_node *client = sim_node(sim, 1);

    sim_configure(sim_node(sim, 0), "allow");
    sim_configure(sim_node(sim, 0), "local stratum 1");
    sim_configure(client, "allow");
    sim_configure(client, "server %0 iburst minpoll 4 maxpoll 4");
    sim_configure(client, "makestep 1 3");
    client->options.earliest = ns_add_seconds(SIM_START_UNIX * NS_PER_S, made);
    sim_match(client, INVALID);
    return sim;
}

static void local_reference_is_served_from_the_build_on(void **state) {
    struct sim *sim = sim_new(1, 1);
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    sim_configure(node, "allow");
    sim_configure(node, "local stratum 5");
    node->options.earliest = (SIM_START_UNIX + 100) * NS_PER_S;
    sim_run(sim, 99.0);
    assert_int_equal(stratum_of(sim, 0), 16);
    sim_run(sim, 101.0);
    assert_int_equal(stratum_of(sim, 0), 5);
    sim_free(sim);
}

static void local_reference_ends_when_the_clock_is_set_back_behind_the_build(void **state) {
    struct sim *sim = sim_new(1, 1);
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    sim_configure(node, "allow");
    sim_configure(node, "local stratum 5");
    node->options.earliest = SIM_START_UNIX * NS_PER_S;
    sim_run(sim, 10.0);
    assert_int_equal(stratum_of(sim, 0), 5);
    sim_step(node, -DAY);
    sim_run(sim, 20.0);
    assert_int_equal(stratum_of(sim, 0), 16);
    sim_free(sim);
}

static void clock_behind_the_build_is_brought_to_the_present(void **state) {
    struct sim *sim = pair(-DAY);

    (void)state;
    sim_run(sim, 0.0);
    sim_step(sim_node(sim, 1), -NINE_YEARS);
    sim_run(sim, 100.0);
    assert_int_equal(stratum_of(sim, 1), 2);
    assert_true(fabs(sim_error(sim_node(sim, 1))) < 1e-3);
    assert_int_equal(sim_matched(sim_node(sim, 1), INVALID), 0);
    sim_free(sim);
}

static void source_that_says_less_than_the_build_is_not_believed(void **state) {
    struct sim *sim = pair(-DAY);

    (void)state;
    sim_node(sim, 0)->lie = -NINE_YEARS;
    sim_run(sim, 200.0);
    assert_int_equal(stratum_of(sim, 1), 16);
    assert_true(fabs(sim_error(sim_node(sim, 1))) < 1e-3);
    assert_int_equal(sim_node(sim, 1)->clock->steps, 0);
    assert_true(sim_matched(sim_node(sim, 1), INVALID) > 0);
    /* It mends its ways. */
    sim_node(sim, 0)->lie = 0.0;
    sim_run(sim, 2000.0);
    assert_int_equal(stratum_of(sim, 1), 2);
    sim_free(sim);
}

static void agreeing_on_a_time_before_the_build_is_no_synchronisation(void **state) {
    struct sim *sim = pair(DAY);

    (void)state;
    sim_run(sim, 200.0);
    assert_int_equal(stratum_of(sim, 1), 16);
    assert_int_equal(stratum_of(sim, 0), 1); /* which knows no date of its own */
    sim_free(sim);
}

static void setting_once_refuses_a_time_before_the_build(void **state) {
    struct sim *sim = pair(-DAY);
    struct sim_node *client = sim_node(sim, 1);

    (void)state;
    client->options.mode = ENGINE_SET_ONCE;
    sim_node(sim, 0)->lie = -NINE_YEARS;
    sim_run(sim, 100.0);
    assert_int_equal(client->exit_status, 1);
    assert_int_equal(client->clock->steps, 0);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_reference_is_served_from_the_build_on),
        cmocka_unit_test(local_reference_ends_when_the_clock_is_set_back_behind_the_build),
        cmocka_unit_test(clock_behind_the_build_is_brought_to_the_present),
        cmocka_unit_test(source_that_says_less_than_the_build_is_not_believed),
        cmocka_unit_test(agreeing_on_a_time_before_the_build_is_no_synchronisation),
        cmocka_unit_test(setting_once_refuses_a_time_before_the_build),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
