/* What the options of a server line do, from the outside: polls, samples, and which are believed.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/lan.h"
#include "tests/sim/probe.h"

#define SERVER 0
#define LENGTH 20000.0 /* s */

static struct sim *lan_with(const char *options) {
    struct sim *sim = lan_new(21, 1, options);

    lan_client(sim)->own_clock.frequency = 10e-6;
    lan_client(sim)->own_clock.wander = 1e-9;
    return sim;
}

static struct control_source_data data_of(struct sim *sim) {
    struct control_index index = {0};
    struct control_source_data data;

    assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_SOURCE_DATA, &index, &data),
                     CONTROL_SUCCESS);
    return data;
}

static struct control_sourcestats stats_of(struct sim *sim) {
    struct control_index index = {0};
    struct control_sourcestats stats;

    assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_SOURCESTATS, &index, &stats),
                     CONTROL_SUCCESS);
    return stats;
}

static struct control_ntp_data ntp_data_of(struct sim *sim) {
    struct control_address address = {sim_address(SERVER)};
    struct control_ntp_data data;

    assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_NTP_DATA, &address, &data),
                     CONTROL_SUCCESS);
    return data;
}

static double requests(const char *options) {
    struct sim *sim = lan_with(options);
    double count;

    sim_run(sim, 10.0 * LENGTH);
    count = (double)lan_client(sim)->packets_out;
    sim_free(sim);
    return count;
}

/* s until the poll is `poll`. */
static double time_to_poll(struct sim *sim, int poll) {
    double start = sim_now(sim);

    while (data_of(sim).poll != poll && sim_now(sim) < start + LENGTH)
        sim_run(sim, sim_now(sim) + 10.0);
    return sim_now(sim) - start;
}

static void quiet_clock_is_asked_less_and_a_moving_one_more(void **state) {
    struct sim *sim = lan_with("iburst");

    (void)state;
    lan_client(sim)->own_clock.wander = 1e-10;
    sim_run(sim, 500.0);
    assert_int_equal(data_of(sim).poll, 6);
    assert_true(time_to_poll(sim, 10) < LENGTH);
    lan_client(sim)->own_clock.frequency += 20e-6;
    assert_true(time_to_poll(sim, 6) < 1100.0);
    sim_free(sim);
}

static void polltarget_wants_more_samples_or_fewer(void **state) {
    double few = requests("polltarget 4"), usual = requests(""), many = requests("polltarget 60");

    (void)state;
    assert_true(few < usual && usual < many);
}

static void presend_and_burst_send_more(void **state) {
    double plain = requests("minpoll 6 maxpoll 6"),
           before = requests("minpoll 6 maxpoll 6 presend 6"),
           slower = requests("minpoll 6 maxpoll 6 presend 7");

    (void)state;
    assert_true(fabs(before / plain - 2.0) < 0.05);
    assert_true(fabs(slower / plain - 1.0) < 0.01);
}

/* Two of three requests get lost; a burst stops with the first answer. */
static void option_burst_tries_until_a_good_answer(void **state) {
    int reached[2];

    (void)state;
    for (int burst = 0; burst <= 1; burst++) {
        struct sim *sim = lan_with(burst ? "minpoll 4 maxpoll 6 burst polltarget 1"
                                         : "minpoll 4 maxpoll 6 polltarget 1");

        lan_client(sim)->up.loss = 2.0 / 3.0;
        sim_run(sim, LENGTH);
        reached[burst] = (int)ntp_data_of(sim).total_good_count;
        sim_free(sim);
    }
    assert_true(reached[1] > reached[0] * 3 / 2);
}

static void maxsamples_bounds_what_is_kept(void **state) {
    struct sim *sim = lan_with("minpoll 4 maxpoll 4 maxsamples 9");

    (void)state;
    sim_run(sim, LENGTH);
    assert_int_equal(stats_of(sim).n_samples, 9);
    assert_true(fabs(stats_of(sim).span_seconds - 8 * 16.0) < 8.0);
    sim_free(sim);
    sim = lan_with("minpoll 4 maxpoll 4 maxsamples 1");
    sim_run(sim, 10.0);
    assert_int_equal(sim_matched(lan_client(sim), "Selected source"), 1);
    sim_free(sim);
}

/* Too few for an estimate; the last one is shown all the same, as chrony does. */
static void two_samples_are_reported_as_they_are(void **state) {
    struct sim *sim = lan_with("minpoll 6 maxpoll 6 offset 0.5");

    (void)state;
    sim_run(sim, 70.0);
    assert_int_equal(stats_of(sim).n_samples, 2);
    assert_int_equal(stats_of(sim).n_runs, 0);
    assert_true(fabs(stats_of(sim).span_seconds - 65.0) < 2.0);
    assert_true(fabs(stats_of(sim).est_offset + 0.5) < 2e-3);
    assert_true(stats_of(sim).sd == 4.0 && stats_of(sim).skew_ppm == 2000.0);
    sim_free(sim);
}

static void offset_is_added_to_what_is_measured(void **state) {
    struct sim *sim = lan_with("iburst maxpoll 6 offset 0.01");

    (void)state;
    sim_run(sim, LENGTH);
    assert_true(fabs(sim_error(lan_client(sim)) - 0.01) < 1e-3);
    sim_free(sim);
}

static void filter_makes_one_sample_of_several(void **state) {
    struct sim *sim = lan_with("minpoll 2 maxpoll 2 filter 5");

    (void)state;
    sim_run(sim, LENGTH);
    assert_true(ntp_data_of(sim).total_good_count > LENGTH / 4.1);
    assert_true(fabs(stats_of(sim).span_seconds / (stats_of(sim).n_samples - 1.0) - 20.2) < 1.0);
    assert_true(fabs(sim_error(lan_client(sim))) < 1e-3);
    sim_free(sim);
}

/* One exchange in eight takes 20 ms more on the way out. */
static double spikes(const struct sim_link *link, struct sim_random *random, double seconds) {
    (void)seconds;
    return link->base + link->jitter * sim_exponential(random) +
           (sim_uniform(random) < 0.125 ? 0.02 : 0.0);
}

static double refused(const char *options) {
    struct sim *sim = lan_with(options);
    struct control_ntp_data data;

    lan_client(sim)->up.delay = spikes;
    sim_run(sim, LENGTH);
    data = ntp_data_of(sim);
    assert_true(fabs(sim_error(lan_client(sim))) < 1e-3);
    sim_free(sim);
    return 1.0 - (double)data.total_good_count / data.total_valid_count;
}

static void limits_of_the_delay_refuse_slow_exchanges(void **state) {
    (void)state;
    assert_true(refused("minpoll 4 maxpoll 4 maxdelaydevratio 1e6") == 0.0);
    assert_true(fabs(refused("minpoll 4 maxpoll 4 maxdelay 0.01") - 0.125) < 0.04);
    assert_true(fabs(refused("minpoll 4 maxpoll 4 maxdelaydevratio 1e6 maxdelayratio 50") - 0.125) <
                0.04);
    assert_true(fabs(refused("minpoll 4 maxpoll 4 maxdelayquant 0.5") - 0.5) < 0.1);
    assert_true(fabs(refused("minpoll 4 maxpoll 4 maxdelayquant 0.8") - 0.2) < 0.1);
}

static double error_with(const char *options, double up, double down) {
    struct sim *sim = lan_with(options);
    double mean;

    lan_client(sim)->up.jitter = up;
    lan_client(sim)->down.jitter = down;
    mean = sqrt(lan_mean_square(lan_client(sim), LENGTH / 2.0, 2.0 * LENGTH));
    sim_free(sim);
    return mean;
}

/* Chrony's sign: negative when the way to the server is the one that varies. */
static void fixed_asymmetry_is_taken_as_told(void **state) {
    static const struct {
        const char *right, *wrong;
        double up, down;
    } cases[] = {
        {"minpoll 4 maxpoll 4 asymmetry -0.5", "minpoll 4 maxpoll 4 asymmetry 0.5", 2e-3, 1e-5},
        {"minpoll 4 maxpoll 4 asymmetry 0.5", "minpoll 4 maxpoll 4 asymmetry -0.5", 1e-5, 2e-3}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_true(error_with(cases[i].right, cases[i].up, cases[i].down) <
                    0.5 * error_with(cases[i].wrong, cases[i].up, cases[i].down));
    }
}

static void measured_asymmetry_is_reported_with_the_same_sign(void **state) {
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct sim *sim = lan_with("minpoll 4 maxpoll 4");
        struct sim_node *client = lan_client(sim);

        client->up.jitter = sign < 0 ? 2e-3 : 1e-5;
        client->down.jitter = sign < 0 ? 1e-5 : 2e-3;
        sim_run(sim, LENGTH);
        assert_true(sign * ntp_data_of(sim).jitter_asymmetry > 0.3);
        sim_free(sim);
    }
}

/* The path is 0.2 ms and the client is told 2 ms: nothing that is measured counts as queueing. */
static void mindelay_replaces_the_least_that_was_measured(void **state) {
    struct sim *sim = lan_with("iburst maxpoll 6 mindelay 0.002 maxdelayratio 1.5");

    (void)state;
    lan_client(sim)->up.jitter = lan_client(sim)->down.jitter = 5e-4;
    sim_run(sim, LENGTH);
    assert_true(ntp_data_of(sim).total_good_count > 0.9 * ntp_data_of(sim).total_valid_count);
    assert_true(fabs(sim_error(lan_client(sim))) < 1e-3);
    sim_free(sim);
    sim = lan_with("iburst maxpoll 6 maxdelayratio 1.5");
    lan_client(sim)->up.jitter = lan_client(sim)->down.jitter = 5e-4;
    sim_run(sim, LENGTH);
    assert_true(ntp_data_of(sim).total_good_count < 0.5 * ntp_data_of(sim).total_valid_count);
    sim_free(sim);
}

/* Whose frequency walks away from any line through more than a few samples. */
static void minsamples_keeps_what_no_longer_fits(void **state) {
    double kept[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sim *sim = lan_with(i == 0 ? "maxpoll 6" : "maxpoll 6 minsamples 30");

        lan_client(sim)->own_clock.wander = 1e-7;
        sim_run(sim, LENGTH);
        kept[i] = stats_of(sim).n_samples;
        sim_free(sim);
    }
    assert_true(kept[0] < 30 && kept[1] >= 30);
}

static void minstratum_raises_the_stratum_of_a_source(void **state) {
    struct sim *sim = lan_with("iburst minstratum 7");
    struct control_tracking tracking;

    (void)state;
    sim_run(sim, 100.0);
    assert_int_equal(data_of(sim).stratum, 7);
    assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_TRACKING, NULL, &tracking),
                     CONTROL_SUCCESS);
    assert_int_equal(tracking.stratum, 8);
    sim_free(sim);
}

static void offline_source_is_not_asked_until_it_is_online(void **state) {
    struct sim *sim = lan_with("iburst offline");
    struct control_address_mask all = {0};

    (void)state;
    sim_run(sim, 1000.0);
    assert_int_equal(lan_client(sim)->packets_out, 0);
    probe_command(lan_client(sim), CONTROL_REQ_ONLINE, &all, NULL);
    sim_run(sim, 1010.0);
    assert_true(lan_client(sim)->packets_out >= 4);
    assert_int_equal(data_of(sim).reachability & 0xf, 0xf);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minsamples_keeps_what_no_longer_fits),
        cmocka_unit_test(minstratum_raises_the_stratum_of_a_source),
        cmocka_unit_test(offline_source_is_not_asked_until_it_is_online),
        cmocka_unit_test(quiet_clock_is_asked_less_and_a_moving_one_more),
        cmocka_unit_test(polltarget_wants_more_samples_or_fewer),
        cmocka_unit_test(presend_and_burst_send_more),
        cmocka_unit_test(option_burst_tries_until_a_good_answer),
        cmocka_unit_test(maxsamples_bounds_what_is_kept),
        cmocka_unit_test(two_samples_are_reported_as_they_are),
        cmocka_unit_test(offset_is_added_to_what_is_measured),
        cmocka_unit_test(filter_makes_one_sample_of_several),
        cmocka_unit_test(limits_of_the_delay_refuse_slow_exchanges),
        cmocka_unit_test(fixed_asymmetry_is_taken_as_told),
        cmocka_unit_test(measured_asymmetry_is_reported_with_the_same_sign),
        cmocka_unit_test(mindelay_replaces_the_least_that_was_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
