/* What the directives and options of the discipline do to a clock, from the outside. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/lan.h"
#include "tests/sim/probe.h"

#define SERVER    0
#define FAST_POLL "iburst minpoll 4 maxpoll 4"

/* A client with one more line of configuration, its clock 30 ppm fast. */
static struct sim *lan_with(uint64_t seed, const char *options, const char *line) {
    struct sim *sim = lan_new(seed, 1, options);

    if (line != NULL)
        sim_configure(lan_client(sim), line);
    lan_client(sim)->own_clock.frequency = 30e-6;
    return sim;
}

static struct control_tracking tracking_of(struct sim_node *node) {
    struct control_tracking tracking;

    assert_int_equal(probe_command(node, CONTROL_REQ_TRACKING, NULL, &tracking), CONTROL_SUCCESS);
    return tracking;
}

/* s until an error of 1 ms that appeared by itself is down to a tenth. */
static double slewing_time(const char *line) {
    struct sim *sim = lan_with(3, "iburst minpoll 6 maxpoll 6", line);
    struct sim_node *client = lan_client(sim);
    double t = 20000.0;

    client->own_clock.wander = 1e-9;
    sim_run(sim, t);
    client->lie = 0.0;
    sim_node(sim, SERVER)->lie = 1e-3;
    while (fabs(sim_error(client) - 1e-3) > 1e-4 && t < 60000.0)
        sim_run(sim, t += 1.0);
    sim_free(sim);
    return t - 20000.0;
}

static void corrtimeratio_makes_corrections_slower(void **state) {
    double usual = slewing_time(NULL), slow = slewing_time("corrtimeratio 300");

    (void)state;
    assert_true(usual < 2000.0);
    assert_true(slow > 1.5 * usual);
}

static void maxdrift_bounds_the_frequency_and_says_so(void **state) {
    struct sim *sim = lan_with(1, FAST_POLL, "maxdrift 10");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_match(client, "exceeds allowed maximum");
    sim_run(sim, 2000.0);
    assert_true(sim_matched(client, "exceeds allowed maximum") > 0);
    assert_true(fabs(tracking_of(client).freq_ppm - 10.0) < 0.01);
    /* The offsets that the rest of 20 ppm makes are slewed off all the same. */
    assert_true(lan_worst(client, 2000.0, 4000.0) < 1e-3);
    sim_free(sim);
}

static void maxupdateskew_keeps_uncertain_frequencies_out(void **state) {
    struct sim *sim = lan_with(2, FAST_POLL, "maxupdateskew 1e-9");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_run(sim, 4000.0);
    assert_true(tracking_of(client).freq_ppm == 0.0);
    assert_true(lan_worst(client, 4000.0, 6000.0) < 2e-3);
    sim_free(sim);
}

static void maxclockerror_is_the_rate_at_which_the_dispersion_grows(void **state) {
    struct sim *sim = lan_with(3, FAST_POLL, "maxclockerror 100");
    struct sim_node *client = lan_client(sim);
    double before;

    (void)state;
    sim_run(sim, 4000.0);
    sim_node(sim, SERVER)->deaf = true;
    sim_run(sim, 4100.0);
    before = tracking_of(client).root_dispersion;
    sim_run(sim, 5100.0);
    assert_true(tracking_of(client).root_dispersion - before > 0.1);
    assert_true(tracking_of(client).root_dispersion - before < 0.11);
    sim_free(sim);
}

static void maxchange_ignores_so_many_times_then_ends(void **state) {
    struct sim *sim = lan_with(4, FAST_POLL, "maxchange 0.5 10 3");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_match(client, "exceeds the allowed maximum of 0.500 seconds (ignored) ");
    sim_match(client, "exceeds the allowed maximum of 0.500 seconds (exiting) ");
    sim_run(sim, 2000.0);
    sim_node(sim, SERVER)->lie = 2.0;
    while (client->exit_status < 0 && sim_now(sim) < 4000.0)
        sim_run(sim, sim_now(sim) + 1.0);
    assert_int_equal(client->exit_status, 1);
    assert_int_equal(sim_matched(client, "exceeds the allowed maximum of 0.500 seconds (ignored) "),
                     3);
    assert_int_equal(sim_matched(client, "exceeds the allowed maximum of 0.500 seconds (exiting) "),
                     1);
    assert_true(fabs(sim_error(client)) < 1e-3);
    sim_free(sim);
}

static void maxchange_spares_the_first_updates_and_may_ignore_for_ever(void **state) {
    struct sim *sim = lan_with(5, FAST_POLL, "maxchange 0.5 1 -1");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_configure(client, "makestep 0.1 1");
    client->own_clock.clock_ns += 3 * NS_PER_S;
    sim_run(sim, 2000.0);
    assert_int_equal(client->own_clock.steps, 1);
    sim_node(sim, SERVER)->lie = 2.0;
    assert_true(lan_worst(client, 2000.0, 6000.0) < 5e-3);
    assert_int_equal(client->exit_status, -1);
    sim_free(sim);
}

/* "offset" has the client believe a time behind 2106. */
static void time_that_nobody_means_is_not_taken(void **state) {
    static const char invalid[] = "seconds is invalid";
    struct sim *sim = lan_with(4, FAST_POLL " offset 4e9", "makestep 0.1 -1");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_match(client, invalid);
    sim_run(sim, 1000.0);
    assert_true(sim_matched(client, invalid) > 0);
    assert_int_equal(client->own_clock.steps, 0);
    assert_true(fabs(sim_error(client)) < 1.0);
    assert_int_equal(tracking_of(client).stratum, 0);
    sim_free(sim);
}

static void logchange_is_the_size_of_what_is_said(void **state) {
    static const struct {
        const char *line;
        int said;
    } cases[] = {{"logchange 0.01", 1}, {"logchange 0.1", 0}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sim *sim = lan_with(6, FAST_POLL, cases[i].line);
        struct sim_node *client = lan_client(sim);

        sim_match(client, "System clock wrong by");
        client->own_clock.clock_ns -= NS_PER_S / 20;
        sim_run(sim, 2000.0);
        assert_int_equal(sim_matched(client, "System clock wrong by"), cases[i].said);
        sim_free(sim);
    }
}

static void makestep_counts_every_update_stepped_or_not(void **state) {
    struct sim *sim = lan_with(7, FAST_POLL, "makestep 0.5 2");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_run(sim, 200.0);
    sim_node(sim, SERVER)->lie = 2.0;
    sim_run(sim, 1000.0);
    assert_int_equal(client->own_clock.steps, 0);
    assert_true(fabs(sim_error(client) - 2.0) < 1e-2);
    sim_free(sim);
}

static void restart_does_not_step(void **state) {
    static const struct {
        const char *line;
        int steps;
    } cases[] = {{"makestep 0.5 3", 0}, {"makestep 0.5 -1", 1}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sim *sim = lan_with(8, FAST_POLL, cases[i].line);
        struct sim_node *client = lan_client(sim);

        client->options.restarted = true;
        client->own_clock.clock_ns += 2 * NS_PER_S;
        sim_run(sim, 100.0);
        assert_int_equal(client->own_clock.steps, cases[i].steps);
        sim_free(sim);
    }
}

static double drift_of(struct sim_node *node) {
    assert_true(node->has_drift);
    return strtod(node->drift, NULL);
}

static void driftfile_is_written_once_an_interval_and_at_the_end(void **state) {
    struct sim *sim = lan_with(9, FAST_POLL, "driftfile /drift interval 1800");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_run(sim, 1750.0);
    assert_false(client->has_drift);
    sim_run(sim, 1900.0);
    assert_true(fabs(drift_of(client) - 30.0) < 0.5);
    client->has_drift = false;
    sim_run(sim, 3500.0);
    assert_false(client->has_drift);
    sim_run(sim, 3700.0);
    assert_true(client->has_drift);
    client->has_drift = false;
    sim_stop(client);
    assert_true(fabs(drift_of(client) - 30.0) < 0.5);
    sim_free(sim);
}

static void driftfile_makes_the_second_start_better(void **state) {
    struct sim *sim = lan_with(10, FAST_POLL, "driftfile /drift");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_run(sim, 3000.0);
    sim_stop(client);
    client->own_clock.kernel = 0.0; /* a reboot */
    sim_node(sim, SERVER)->deaf = true;
    sim_start(client);
    sim_run(sim, 3001.0);
    assert_true(fabs(sim_rate(client)) < 1e-6);
    sim_run(sim, 4000.0);
    sim_stop(client);
    /* Nothing was learned: what was known is kept. */
    assert_true(fabs(drift_of(client) - 30.0) < 0.5);
    sim_free(sim);
}

static int status_after(enum engine_mode mode, double timeout, bool deaf, struct sim **kept) {
    struct sim *sim = lan_with(11, "iburst", NULL);
    struct sim_node *client = lan_client(sim);

    client->options.mode = mode;
    client->options.timeout = timeout;
    client->own_clock.clock_ns += 3 * NS_PER_S / 10;
    sim_node(sim, SERVER)->deaf = deaf;
    while (client->exit_status < 0 && sim_now(sim) < 100.0)
        sim_run(sim, sim_now(sim) + 0.1);
    *kept = sim;
    return client->exit_status;
}

static void setting_the_clock_once_steps_it_and_ends(void **state) {
    struct sim *sim;

    (void)state;
    assert_int_equal(status_after(ENGINE_SET_ONCE, 0.0, false, &sim), 0);
    assert_true(sim_now(sim) < 6.0);
    assert_int_equal(lan_client(sim)->own_clock.steps, 1);
    assert_true(fabs(sim_error(lan_client(sim))) < 1e-3);
    sim_free(sim);
}

static void printing_the_offset_once_leaves_the_clock(void **state) {
    struct sim *sim;

    (void)state;
    assert_int_equal(status_after(ENGINE_PRINT_ONCE, 0.0, false, &sim), 0);
    assert_int_equal(lan_client(sim)->own_clock.steps, 0);
    assert_true(lan_client(sim)->own_clock.kernel == 0.0);
    sim_free(sim);
}

static void once_without_an_answer_is_status_1_after_10_s(void **state) {
    struct sim *sim;

    (void)state;
    assert_int_equal(status_after(ENGINE_SET_ONCE, 0.0, true, &sim), 1);
    assert_true(sim_now(sim) > 9.0 && sim_now(sim) < 12.0);
    assert_int_equal(lan_client(sim)->own_clock.steps, 0);
    sim_free(sim);
}

static void timeout_tells_whether_time_was_served(void **state) {
    struct sim *sim;

    (void)state;
    assert_int_equal(status_after(ENGINE_DAEMON, 20.0, false, &sim), 0);
    assert_true(fabs(sim_now(sim) - 20.0) < 0.5);
    sim_free(sim);
    assert_int_equal(status_after(ENGINE_DAEMON, 20.0, true, &sim), 1);
    sim_free(sim);
}

/* A jump is noticed when it happens, not when the next answer comes. */
static void jump_is_noticed_within_a_poll_and_what_is_served_stays_right(void **state) {
    static const double jumps[] = {-0.5, 0.02, 8.0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sim *sim = lan_with(12 + i, "iburst minpoll 6 maxpoll 6", "allow");
        struct sim_node *client = lan_client(sim);
        struct ntp_header answer;
        double error;

        sim_run(sim, 3000.0);
        sim_step(client, jumps[i]);
        sim_run(sim, 3000.0 + 66.0);
        assert_int_equal(sim_matched(client, "interference detected"), 1);
        assert_true(probe_ask(client, &answer, &error));
        assert_int_equal(answer.leap, NTP_LEAP_NONE);
        assert_true(fabs(error) < 1e-3);
        assert_true(lan_worst(client, 3600.0, 5000.0) < 1e-3);
        sim_free(sim);
    }
}

/* Servers that end and start again, and one that comes back with another idea of the time. */
static void restart_server(struct sim *sim, void *context) {
    (void)sim;
    sim_stop(context);
    sim_start(context);
}

static void servers_that_restart_do_no_harm(void **state) {
    struct sim *sim = lan_new(13, 3, "iburst maxpoll 6");
    struct sim_node *client = lan_client(sim);

    (void)state;
    client->own_clock.frequency = -40e-6;
    client->own_clock.wander = 1e-9;
    for (int i = 0; i < 60; i++)
        sim_at(sim, 500.0 + 300.0 * i, restart_server, sim_node(sim, i % 3));
    assert_true(lan_worst(client, 1000.0, 20000.0) < 5e-4);
    assert_int_equal(client->own_clock.steps, 0);
    assert_int_equal(sim_matched(client, "Can't synchronise"), 0);
    sim_free(sim);
}

static void silent_server_with_a_name_is_replaced_by_another_address(void **state) {
    struct sim *sim = sim_new(14, 3);
    struct sim_node *client = sim_node(sim, 2);

    (void)state;
    for (int i = 0; i < 2; i++) {
        sim_configure(sim_node(sim, i), "allow");
        sim_configure(sim_node(sim, i), "local stratum 1");
    }
    sim_configure(client, "server time.example iburst minpoll 4 maxpoll 4");
    sim_name(sim, "time.example", 0, 0.0);
    sim_name(sim, "time.example", 1, 900.0);
    sim_match(client, "Source 192.168.1.0 replaced with 192.168.1.1 (time.example)");
    sim_run(sim, 1000.0);
    sim_node(sim, 0)->deaf = true;
    sim_run(sim, 1400.0);
    assert_int_equal(
        sim_matched(client, "Source 192.168.1.0 replaced with 192.168.1.1 (time.example)"), 1);
    assert_true(lan_worst(client, 1400.0, 3000.0) < 1e-3);
    sim_free(sim);
}

/* Not seconds for hours, because the clock was seconds off once. */
static void rms_offset_forgets_how_the_clock_was_found(void **state) {
    struct sim *sim = lan_with(4, FAST_POLL, NULL);
    struct sim_node *client = lan_client(sim);

    (void)state;
    client->own_clock.clock_ns += 100 * NS_PER_S / 1000;
    sim_run(sim, 6.0);
    assert_true(fabs(tracking_of(client).rms_offset - 0.1) < 1e-2);
    sim_run(sim, 600.0);
    assert_true(tracking_of(client).rms_offset < 1e-3);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corrtimeratio_makes_corrections_slower),
        cmocka_unit_test(maxdrift_bounds_the_frequency_and_says_so),
        cmocka_unit_test(maxupdateskew_keeps_uncertain_frequencies_out),
        cmocka_unit_test(maxclockerror_is_the_rate_at_which_the_dispersion_grows),
        cmocka_unit_test(maxchange_ignores_so_many_times_then_ends),
        cmocka_unit_test(maxchange_spares_the_first_updates_and_may_ignore_for_ever),
        cmocka_unit_test(time_that_nobody_means_is_not_taken),
        cmocka_unit_test(logchange_is_the_size_of_what_is_said),
        cmocka_unit_test(makestep_counts_every_update_stepped_or_not),
        cmocka_unit_test(restart_does_not_step),
        cmocka_unit_test(driftfile_is_written_once_an_interval_and_at_the_end),
        cmocka_unit_test(driftfile_makes_the_second_start_better),
        cmocka_unit_test(setting_the_clock_once_steps_it_and_ends),
        cmocka_unit_test(printing_the_offset_once_leaves_the_clock),
        cmocka_unit_test(once_without_an_answer_is_status_1_after_10_s),
        cmocka_unit_test(timeout_tells_whether_time_was_served),
        cmocka_unit_test(jump_is_noticed_within_a_poll_and_what_is_served_stays_right),
        cmocka_unit_test(servers_that_restart_do_no_harm),
        cmocka_unit_test(rms_offset_forgets_how_the_clock_was_found),
        cmocka_unit_test(silent_server_with_a_name_is_replaced_by_another_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
