/* Serving a time that changes slowly. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define UPSTREAM     0
#define SERVER       1
#define REFERENCE_ID 0x7f7f01ff

static struct sim *world(const char *line) {
    struct sim *sim = sim_new(1, 2);
    struct sim_node *server = sim_node(sim, SERVER);

    sim_configure(sim_node(sim, UPSTREAM), "allow");
    sim_configure(sim_node(sim, UPSTREAM), "local stratum 1");
    sim_configure(server, "server %0 iburst minpoll 3 maxpoll 3");
    sim_configure(server, "allow");
    if (line != NULL)
        sim_configure(server, line);
    server->own_clock.frequency = 20e-6;
    sim_match(server, "Activated time smoothing");
    sim_match(server, "Activated time smoothing (leap seconds only)");
    sim_match(server, "Reset time smoothing");
    return sim;
}

static double served(struct sim_node *node, uint32_t *reference_id) {
    struct ntp_header header;
    double error;

    assert_true(probe_ask(node, &header, &error));
    if (reference_id != NULL)
        *reference_id = header.reference_id;
    return error;
}

static enum control_status smoothtime(struct sim_node *node, int option) {
    struct control_int request = {option};

    return probe_command(node, CONTROL_REQ_SMOOTHTIME, &request, NULL);
}

static void correction_reaches_clients_with_bounded_rate_and_wander(void **state) {
    struct sim *sim = world("smoothtime 400 10");
    struct sim_node *server = sim_node(sim, SERVER);
    struct control_float fast = {0.1};
    struct control_smoothing report;
    uint32_t reference_id;
    double before, rate = 0.0;

    (void)state;
    sim_configure(server, "reselectdist 0.0001");
    sim_run(sim, 1000.0);
    assert_int_equal(sim_matched(server, "Activated time smoothing"), 1);
    before = served(server, &reference_id);
    assert_true(fabs(before) < 1e-3);
    /* The clock is set wrong by hand, and set right again by the source a few seconds later. */
    assert_int_equal(probe_command(server, CONTROL_REQ_DOFFSET2, &fast, NULL), CONTROL_SUCCESS);
    assert_true(fabs(served(server, &reference_id) - before) < 1e-6);
    assert_int_equal(reference_id, REFERENCE_ID);
    for (double t = 1001.0; t < 2500.0; t += 1.0) {
        double error, new_rate;

        sim_run(sim, t);
        error = served(server, NULL);
        new_rate = error - before;
        assert_true(fabs(new_rate) < 401e-6);
        assert_true(fabs(new_rate - rate) < 10.5e-6);
        before = error;
        rate = new_rate;
    }
    assert_true(fabs(served(server, &reference_id)) < 1e-4);
    assert_int_equal(probe_command(server, CONTROL_REQ_SMOOTHING, NULL, &report), CONTROL_SUCCESS);
    assert_int_equal(report.flags, CONTROL_SMOOTHING_ACTIVE);
    sim_free(sim);
}

static void smoothing_waits_for_a_stable_clock(void **state) {
    struct sim *sim = world("smoothtime 400 0.00001");
    struct sim_node *server = sim_node(sim, SERVER);
    struct control_smoothing report;

    (void)state;
    sim_run(sim, 30.0);
    assert_int_equal(sim_matched(server, "Activated time smoothing"), 0);
    assert_int_equal(probe_command(server, CONTROL_REQ_SMOOTHING, NULL, &report), CONTROL_SUCCESS);
    assert_int_equal(report.flags, 0);
    assert_int_equal(smoothtime(server, CONTROL_SMOOTHTIME_RESET), CONTROL_SUCCESS);
    assert_int_equal(sim_matched(server, "Reset time smoothing"), 1);
    assert_int_equal(smoothtime(server, CONTROL_SMOOTHTIME_ACTIVATE), CONTROL_SUCCESS);
    assert_int_equal(sim_matched(server, "Activated time smoothing"), 1);
    assert_int_equal(smoothtime(server, 2), CONTROL_INVALID);
    sim_free(sim);
}

static void step_and_command_reset_it(void **state) {
    struct sim *sim = world("smoothtime 400 10");
    struct sim_node *server = sim_node(sim, SERVER);
    struct control_float fast = {-0.5};

    (void)state;
    sim_run(sim, 1000.0);
    probe_command(server, CONTROL_REQ_DOFFSET2, &fast, NULL);
    assert_int_equal(probe_command(server, CONTROL_REQ_MAKESTEP, NULL, NULL), CONTROL_SUCCESS);
    assert_int_equal(sim_matched(server, "Reset time smoothing"), 1);
    assert_true(fabs(served(server, NULL) - 0.5) < 1e-3);
    assert_int_equal(smoothtime(server, CONTROL_SMOOTHTIME_RESET), CONTROL_SUCCESS);
    assert_int_equal(sim_matched(server, "Reset time smoothing"), 2);
    sim_free(sim);
}

static void leap_only_smoothing_lets_corrections_through(void **state) {
    struct sim *sim = world("smoothtime 400 10 leaponly");
    struct sim_node *server = sim_node(sim, SERVER);
    struct control_float fast = {0.1};

    (void)state;
    sim_run(sim, 30.0);
    assert_int_equal(sim_matched(server, "Activated time smoothing (leap seconds only)"), 1);
    probe_command(server, CONTROL_REQ_DOFFSET2, &fast, NULL);
    assert_true(fabs(served(server, NULL) + 0.1) < 1e-3);
    sim_free(sim);
}

static void without_the_directive_there_is_no_smoothing(void **state) {
    struct sim *sim = world(NULL);
    struct sim_node *server = sim_node(sim, SERVER);

    (void)state;
    sim_run(sim, 30.0);
    assert_int_equal(probe_command(server, CONTROL_REQ_SMOOTHING, NULL, NULL), CONTROL_NOT_ENABLED);
    assert_int_equal(smoothtime(server, CONTROL_SMOOTHTIME_RESET), CONTROL_NOT_ENABLED);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correction_reaches_clients_with_bounded_rate_and_wander),
        cmocka_unit_test(smoothing_waits_for_a_stable_clock),
        cmocka_unit_test(step_and_command_reset_it),
        cmocka_unit_test(leap_only_smoothing_lets_corrections_through),
        cmocka_unit_test(without_the_directive_there_is_no_smoothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
