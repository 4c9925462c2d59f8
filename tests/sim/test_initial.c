/* The first correction: initstepslew. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/sim.h"

#define SERVER 0
#define CLIENT 1
#define NOBODY 2

static struct sim *world(double error, const char *line) {
    struct sim *sim = sim_new(1, 3);
    struct sim_node *client = sim_node(sim, CLIENT);

    sim_configure(sim_node(sim, SERVER), "allow");
    sim_configure(sim_node(sim, SERVER), "local stratum 1");
    sim_node(sim, NOBODY)->deaf = true;
    sim_configure(client, line);
    sim_configure(client, "server %0 minpoll 4");
    client->own_clock.clock_ns += ns_from_seconds(error);
    sim_match(client, "System's initial offset : ");
    sim_match(client, "(slew)");
    sim_match(client, "(step)");
    sim_match(client, "fast of true");
    sim_match(client, "slow of true");
    sim_match(client, "No suitable source for initstepslew");
    sim_match(client, "Could not resolve address of initstepslew server");
    sim_match(client, "Could not step system clock");
    sim_match(client, "Selected source");
    sim_match(client, "System clock wrong by");
    return sim;
}

static void offset_below_the_threshold_is_slewed(void **state) {
    struct sim *sim = world(2.0, "initstepslew 5 %0");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_run(sim, 10.0);
    assert_int_equal(sim_matched(client, "System's initial offset : "), 1);
    assert_int_equal(sim_matched(client, "fast of true"), 1);
    assert_int_equal(sim_matched(client, "(slew)"), 1);
    assert_int_equal(sim_matched(client, "Selected source"), 0);
    sim_run(sim, 40.0);
    assert_true(fabs(sim_error(client)) < 1e-3);
    assert_int_equal(client->own_clock.steps, 0);
    sim_run(sim, 100.0);
    assert_int_equal(sim_matched(client, "Selected source"), 1);
    assert_int_equal(sim_matched(client, "System clock wrong by"), 0);
    sim_run(sim, 2000.0);
    assert_true(fabs(sim_error(client)) < 1e-4);
    sim_free(sim);
}

static void offset_above_the_threshold_is_stepped(void **state) {
    struct sim *sim = world(-100.0, "initstepslew 5 %0");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_run(sim, 10.0);
    assert_int_equal(sim_matched(client, "slow of true"), 1);
    assert_int_equal(sim_matched(client, "(step)"), 1);
    assert_int_equal(client->own_clock.steps, 1);
    assert_true(fabs(sim_error(client)) < 1e-3);
    sim_run(sim, 100.0);
    assert_int_equal(sim_matched(client, "Selected source"), 1);
    sim_free(sim);
}

static void step_that_is_refused_is_said_and_the_daemon_goes_on(void **state) {
    struct sim *sim = world(-100.0, "initstepslew 5 %0");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    client->own_clock.no_control = true;
    sim_run(sim, 100.0);
    assert_int_equal(sim_matched(client, "Could not step system clock"), 1);
    assert_int_equal(sim_matched(client, "Selected source"), 1);
    sim_free(sim);
}

static void silent_servers_do_not_hold_up_the_others(void **state) {
    struct sim *sim = world(1.0, "initstepslew 5 %2");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_run(sim, 30.0);
    assert_int_equal(sim_matched(client, "No suitable source for initstepslew"), 1);
    sim_run(sim, 200.0);
    assert_int_equal(sim_matched(client, "Selected source"), 1);
    sim_free(sim);
}

static void names_are_resolved_by_the_engine_and_those_unknown_are_said(void **state) {
    struct sim *sim = world(1.0, "initstepslew 5 good.example bad.example");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_name(sim, "good.example", SERVER, 0.0);
    sim_run(sim, 10.0);
    assert_int_equal(sim_matched(client, "System's initial offset : "), 1);
    assert_int_equal(sim_matched(client, "Could not resolve address of initstepslew server"), 1);
    sim_free(sim);
}

static void without_any_address_the_daemon_goes_on_at_once(void **state) {
    struct sim *sim = world(1.0, "initstepslew 5 bad.example");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_run(sim, 2.0);
    assert_int_equal(sim_matched(client, "No suitable source for initstepslew"), 1);
    assert_int_equal(sim_matched(client, "Could not resolve address of initstepslew server"), 1);
    sim_run(sim, 100.0);
    assert_int_equal(sim_matched(client, "Selected source"), 1);
    sim_free(sim);
}

static void restart_ignores_it(void **state) {
    struct sim *sim = world(2.0, "initstepslew 1 %0");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    client->options.restarted = true;
    sim_run(sim, 100.0);
    assert_int_equal(sim_matched(client, "System's initial offset : "), 0);
    assert_int_equal(client->own_clock.steps, 0);
    assert_int_equal(sim_matched(client, "Selected source"), 1);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offset_below_the_threshold_is_slewed),
        cmocka_unit_test(offset_above_the_threshold_is_stepped),
        cmocka_unit_test(step_that_is_refused_is_said_and_the_daemon_goes_on),
        cmocka_unit_test(silent_servers_do_not_hold_up_the_others),
        cmocka_unit_test(names_are_resolved_by_the_engine_and_those_unknown_are_said),
        cmocka_unit_test(without_any_address_the_daemon_goes_on_at_once),
        cmocka_unit_test(restart_ignores_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
