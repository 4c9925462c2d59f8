/* Time entered by a person, and the other commands that turn one screw. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define SERVER 0
#define CLIENT 1

static struct sim *alone(const char *line) {
    struct sim *sim = sim_new(1, 1);

    sim_configure(sim_node(sim, 0), line);
    sim_match(sim_node(sim, 0), "Making a slew of");
    sim_match(sim_node(sim, 0), "Making a frequency change of");
    sim_match(sim_node(sim, 0), "System clock wrong by");
    return sim;
}

/* settime with the true time, off by a hand's error. */
static enum control_status set_time(struct sim *sim, double error,
                                    struct control_manual_timestamp *report) {
    struct control_settime request = {SIM_START_UNIX * NS_PER_S +
                                      ns_from_seconds(sim_now(sim) + error)};

    return probe_command(sim_node(sim, 0), CONTROL_REQ_SETTIME, &request, report);
}

static enum control_status command(struct sim_node *node, unsigned number, int value) {
    struct control_int request = {value};

    return probe_command(node, number, &request, NULL);
}

static void entered_time_sets_the_clock(void **state) {
    struct sim *sim = alone("manual");
    struct sim_node *node = sim_node(sim, 0);
    struct control_manual_timestamp report;
    struct control_manual_list list;

    (void)state;
    node->own_clock.clock_ns += 2 * NS_PER_S;
    sim_run(sim, 10.0);
    assert_int_equal(set_time(sim, 0.0, &report), CONTROL_SUCCESS);
    assert_true(fabs(report.offset - 2.0) < 1e-3 && report.dfreq_ppm == 0.0);
    assert_int_equal(sim_matched(node, "Making a slew of"), 1);
    assert_int_equal(sim_matched(node, "System clock wrong by"), 1);
    assert_int_equal(set_time(sim, 0.0, &report), CONTROL_FAILED);
    sim_run(sim, 100.0);
    assert_true(fabs(sim_error(node)) < 1e-3);
    assert_int_equal(probe_command(node, CONTROL_REQ_MANUAL_LIST, NULL, &list), CONTROL_SUCCESS);
    assert_int_equal(list.n_samples, 1);
    assert_true(fabs(list.samples[0].orig_offset - 2.0) < 1e-3);
    assert_true(fabs(list.samples[0].slewed_offset) < 1e-3);
    assert_true(list.samples[0].residual == 0.0);
    sim_free(sim);
}

static void entries_days_apart_set_the_rate(void **state) {
    static const double hands[] = {0.4, -0.3, 0.1, -0.45, 0.2};
    struct sim *sim = alone("manual");
    struct sim_node *node = sim_node(sim, 0);
    struct control_manual_timestamp report;

    (void)state;
    node->own_clock.frequency = 100e-6;
    for (int i = 0; i < 5; i++) {
        sim_run(sim, 10.0 + i * 86400.0);
        assert_int_equal(set_time(sim, hands[i], &report), CONTROL_SUCCESS);
    }
    assert_true(fabs(sim_rate(node)) < 5e-6 || fabs(report.new_afreq_ppm - 100.0) < 5.0);
    assert_true(sim_matched(node, "Making a frequency change of") >= 1);
    sim_free(sim);
}

static void entries_minutes_apart_do_not_touch_the_rate(void **state) {
    struct sim *sim = alone("manual");
    struct sim_node *node = sim_node(sim, 0);
    struct control_manual_timestamp report;

    (void)state;
    for (int i = 0; i < 4; i++) {
        sim_run(sim, 10.0 + i * 60.0);
        assert_int_equal(set_time(sim, i % 2 ? 0.4 : -0.4, &report), CONTROL_SUCCESS);
        assert_true(report.dfreq_ppm == 0.0);
    }
    assert_int_equal(sim_matched(node, "Making a frequency change of"), 0);
    sim_free(sim);
}

static void sixteen_entries_are_kept_and_can_be_deleted(void **state) {
    struct sim *sim = alone("manual");
    struct sim_node *node = sim_node(sim, 0);
    struct control_manual_list list;

    (void)state;
    for (int i = 0; i < 20; i++) {
        sim_run(sim, 10.0 + i * 2.0);
        assert_int_equal(set_time(sim, 0.0, NULL), CONTROL_SUCCESS);
    }
    assert_int_equal(probe_command(node, CONTROL_REQ_MANUAL_LIST, NULL, &list), CONTROL_SUCCESS);
    assert_int_equal(list.n_samples, 16);
    assert_int_equal(command(node, CONTROL_REQ_MANUAL_DELETE, 16), CONTROL_BAD_SAMPLE);
    assert_int_equal(command(node, CONTROL_REQ_MANUAL_DELETE, -1), CONTROL_BAD_SAMPLE);
    assert_int_equal(command(node, CONTROL_REQ_MANUAL_DELETE, 15), CONTROL_SUCCESS);
    assert_int_equal(command(node, CONTROL_REQ_MANUAL_DELETE, 0), CONTROL_SUCCESS);
    probe_command(node, CONTROL_REQ_MANUAL_LIST, NULL, &list);
    assert_int_equal(list.n_samples, 14);
    assert_int_equal(command(node, CONTROL_REQ_MANUAL, CONTROL_MANUAL_RESET), CONTROL_SUCCESS);
    probe_command(node, CONTROL_REQ_MANUAL_LIST, NULL, &list);
    assert_int_equal(list.n_samples, 0);
    sim_free(sim);
}

static void entered_time_is_in_the_tracking_report(void **state) {
    struct sim *sim = alone("manual");
    struct sim_node *node = sim_node(sim, 0);
    struct control_manual_timestamp report;
    struct control_tracking tracking;

    (void)state;
    node->own_clock.clock_ns += NS_PER_S;
    sim_run(sim, 10.0);
    assert_int_equal(set_time(sim, 0.0, &report), CONTROL_SUCCESS);
    probe_command(node, CONTROL_REQ_TRACKING, NULL, &tracking);
    assert_true(fabs(tracking.last_offset - 1.0) < 1e-3);
    assert_true(fabs(tracking.rms_offset - 1.0) < 1e-3);
    sim_free(sim);
}

static void residuals_are_those_of_the_entries_that_are_left(void **state) {
    struct sim *sim = alone("manual");
    struct sim_node *node = sim_node(sim, 0);
    struct control_manual_list list;

    (void)state;
    sim_run(sim, 10.0);
    assert_int_equal(set_time(sim, 0.0, NULL), CONTROL_SUCCESS);
    sim_run(sim, 20.0);
    assert_int_equal(set_time(sim, 100.0, NULL), CONTROL_SUCCESS);
    probe_command(node, CONTROL_REQ_MANUAL_LIST, NULL, &list);
    assert_true(fabs(list.samples[0].residual) > 50.0);
    assert_int_equal(command(node, CONTROL_REQ_MANUAL_DELETE, 1), CONTROL_SUCCESS);
    probe_command(node, CONTROL_REQ_MANUAL_LIST, NULL, &list);
    assert_int_equal(list.n_samples, 1);
    assert_true(fabs(list.samples[0].residual) < 1e-6);
    sim_free(sim);
}

static void step_that_is_refused_is_said(void **state) {
    struct sim *sim = alone("manual");
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    node->own_clock.no_control = true;
    sim_match(node, "Could not step system clock");
    sim_run(sim, 10.0);
    assert_int_equal(probe_command(node, CONTROL_REQ_MAKESTEP, NULL, NULL), CONTROL_FAILED);
    assert_int_equal(sim_matched(node, "Could not step system clock"), 1);
    sim_free(sim);
}

static void manual_mode_is_switched_by_command(void **state) {
    struct sim *sim = alone("port 0");
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    sim_run(sim, 1.0);
    assert_int_equal(set_time(sim, 0.0, NULL), CONTROL_NOT_ENABLED);
    assert_int_equal(command(node, CONTROL_REQ_MANUAL, CONTROL_MANUAL_ON), CONTROL_SUCCESS);
    assert_int_equal(set_time(sim, 0.0, NULL), CONTROL_SUCCESS);
    assert_int_equal(command(node, CONTROL_REQ_MANUAL, CONTROL_MANUAL_OFF), CONTROL_SUCCESS);
    assert_int_equal(set_time(sim, 0.0, NULL), CONTROL_NOT_ENABLED);
    assert_int_equal(command(node, CONTROL_REQ_MANUAL, 3), CONTROL_INVALID);
    sim_free(sim);
}

static void makestep_holds_for_entered_time_too(void **state) {
    struct sim *sim = alone("manual");
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    sim_configure(node, "makestep 1 -1");
    node->own_clock.clock_ns -= 3600 * NS_PER_S;
    sim_run(sim, 10.0);
    assert_int_equal(set_time(sim, 0.0, NULL), CONTROL_SUCCESS);
    assert_int_equal(node->own_clock.steps, 1);
    assert_true(fabs(sim_error(node)) < 1e-3);
    sim_free(sim);
}

static void dfreq_and_doffset_change_the_clock(void **state) {
    struct sim *sim = alone("port 0");
    struct sim_node *node = sim_node(sim, 0);
    struct control_float gains = {50.0}, fast = {0.5};
    struct control_tracking tracking;

    (void)state;
    node->own_clock.frequency = 50e-6;
    sim_match(node, "Accumulated delta freq of 50.000ppm");
    sim_match(node, "Accumulated delta offset of 0.500000 seconds");
    sim_run(sim, 1.0);
    assert_int_equal(probe_command(node, CONTROL_REQ_DFREQ, &gains, NULL), CONTROL_SUCCESS);
    assert_true(fabs(sim_rate(node)) < 1e-8);
    probe_command(node, CONTROL_REQ_TRACKING, NULL, &tracking);
    assert_true(fabs(tracking.freq_ppm - 50.0) < 1e-2);
    assert_int_equal(probe_command(node, CONTROL_REQ_DOFFSET2, &fast, NULL), CONTROL_SUCCESS);
    sim_run(sim, 100.0);
    assert_true(fabs(sim_error(node) + 0.5) < 1e-3);
    assert_int_equal(sim_matched(node, "Accumulated delta freq of 50.000ppm"), 1);
    assert_int_equal(sim_matched(node, "Accumulated delta offset of 0.500000 seconds"), 1);
    sim_free(sim);
}

/* A client that follows a server, for the commands about sources. */
static struct sim *pair(void) {
    struct sim *sim = sim_new(2, 2);

    sim_configure(sim_node(sim, SERVER), "allow");
    sim_configure(sim_node(sim, SERVER), "local stratum 1");
    sim_configure(sim_node(sim, CLIENT), "server %0 iburst minpoll 2 maxpoll 2");
    return sim;
}

static void options_and_offset_of_a_source_are_changed(void **state) {
    struct sim *sim = pair();
    struct sim_node *client = sim_node(sim, CLIENT);
    struct control_selectopts options = {.address = sim_address(SERVER),
                                         .mask = CONTROL_SELECT_PREFER | CONTROL_SELECT_NOSELECT,
                                         .options = CONTROL_ADD_PREFER | CONTROL_ADD_TRUST};
    struct control_modify_offset offset = {.address = sim_address(SERVER), .new_offset = 0.1};
    struct control_index index = {0};
    struct control_select_data data;

    (void)state;
    sim_match(client, "Source 192.168.1.0 selection options modified");
    sim_match(client, "Source 192.168.1.0 new offset 0.1");
    sim_run(sim, 100.0);
    assert_int_equal(probe_command(client, CONTROL_REQ_MODIFY_SELECTOPTS, &options, NULL),
                     CONTROL_SUCCESS);
    probe_command(client, CONTROL_REQ_SELECT_DATA, &index, &data);
    assert_int_equal(data.conf_options, CONTROL_SELECT_PREFER);
    assert_int_equal(probe_command(client, CONTROL_REQ_MODIFY_SELECTOPTS, &options, NULL),
                     CONTROL_SUCCESS); /* nothing is modified, nothing said */
    assert_int_equal(probe_command(client, CONTROL_REQ_MODIFY_OFFSET, &offset, NULL),
                     CONTROL_SUCCESS);
    sim_run(sim, 1000.0);
    assert_true(fabs(sim_error(client) - 0.1) < 1e-3);
    options.address = offset.address = sim_address(7);
    assert_int_equal(probe_command(client, CONTROL_REQ_MODIFY_SELECTOPTS, &options, NULL),
                     CONTROL_NO_SUCH_SOURCE);
    assert_int_equal(probe_command(client, CONTROL_REQ_MODIFY_OFFSET, &offset, NULL),
                     CONTROL_NO_SUCH_SOURCE);
    assert_int_equal(sim_matched(client, "Source 192.168.1.0 selection options modified"), 1);
    assert_int_equal(sim_matched(client, "Source 192.168.1.0 new offset 0.1"), 1);
    sim_free(sim);
}

static void limits_of_selection_and_discipline_are_changed(void **state) {
    struct sim *sim = pair();
    struct sim_node *client = sim_node(sim, CLIENT);
    struct control_float value = {0.001};
    struct control_tracking tracking;

    (void)state;
    sim_match(client, "New reselect distance 0.001000");
    sim_match(client, "New maxupdateskew 0.001000 ppm");
    client->own_clock.frequency = 30e-6;
    sim_run(sim, 1.0);
    assert_int_equal(probe_command(client, CONTROL_REQ_RESELECTDISTANCE, &value, NULL),
                     CONTROL_SUCCESS);
    assert_int_equal(probe_command(client, CONTROL_REQ_MODIFY_MAXUPDATESKEW, &value, NULL),
                     CONTROL_SUCCESS);
    assert_int_equal(sim_matched(client, "New reselect distance 0.001000"), 1);
    assert_int_equal(sim_matched(client, "New maxupdateskew 0.001000 ppm"), 1);
    /* No estimate is that certain within a minute: the rate is never touched. */
    sim_run(sim, 60.0);
    probe_command(client, CONTROL_REQ_TRACKING, NULL, &tracking);
    assert_true(tracking.freq_ppm == 0.0);
    sim_free(sim);
}

static void onoffline_asks_the_network(void **state) {
    struct sim *sim = pair();
    struct sim_node *client = sim_node(sim, CLIENT);
    struct control_activity activity;

    (void)state;
    sim_run(sim, 100.0);
    client->unroutable = true;
    assert_int_equal(probe_command(client, CONTROL_REQ_ONOFFLINE, NULL, NULL), CONTROL_SUCCESS);
    probe_command(client, CONTROL_REQ_ACTIVITY, NULL, &activity);
    assert_int_equal(activity.offline, 1);
    client->unroutable = false;
    assert_int_equal(probe_command(client, CONTROL_REQ_ONOFFLINE, NULL, NULL), CONTROL_SUCCESS);
    probe_command(client, CONTROL_REQ_ACTIVITY, NULL, &activity);
    assert_int_equal(activity.offline, 0);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entered_time_sets_the_clock),
        cmocka_unit_test(entries_days_apart_set_the_rate),
        cmocka_unit_test(entries_minutes_apart_do_not_touch_the_rate),
        cmocka_unit_test(sixteen_entries_are_kept_and_can_be_deleted),
        cmocka_unit_test(entered_time_is_in_the_tracking_report),
        cmocka_unit_test(residuals_are_those_of_the_entries_that_are_left),
        cmocka_unit_test(step_that_is_refused_is_said),
        cmocka_unit_test(manual_mode_is_switched_by_command),
        cmocka_unit_test(makestep_holds_for_entered_time_too),
        cmocka_unit_test(dfreq_and_doffset_change_the_clock),
        cmocka_unit_test(options_and_offset_of_a_source_are_changed),
        cmocka_unit_test(limits_of_selection_and_discipline_are_changed),
        cmocka_unit_test(onoffline_asks_the_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
