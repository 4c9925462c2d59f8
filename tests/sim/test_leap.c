/* Leap seconds: announced by servers, known from a list; made by the kernel, by a step, by a slew.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define SERVER    0
#define CLIENT    1
#define END_2016  INT64_C(1483228800) /* 2017-01-01 */
#define BEFORE    3600                /* s that are simulated before the end of the day */
#define DROPPED   "Dropping sample around leap second"
#define LIST_PATH "/list"

/* A server that announces and makes the leap second; a client that has an hour to get ready. */
static struct sim *world(int direction, int64_t midnight, const char *mode) {
    struct sim *sim = sim_new(1, 2);
    struct sim_node *client = sim_node(sim, CLIENT);

    sim_begin_at(sim, midnight - BEFORE);
    sim_leap(sim, BEFORE - (direction < 0), direction);
    sim_configure(sim_node(sim, SERVER), "allow");
    sim_configure(sim_node(sim, SERVER), "local stratum 1");
    sim_node(sim, SERVER)->announced_leap = direction;
    sim_configure(client, "server %0 iburst minpoll 3 maxpoll 3");
    sim_configure(client, "allow");
    if (mode != NULL)
        sim_configure(client, mode);
    client->own_clock.frequency = 20e-6;
    sim_match(client, "System clock status set to insert leap second");
    sim_match(client, "System clock status set to delete leap second");
    sim_match(client, "System clock status reset after leap second");
    sim_match(client, "System clock status set to not insert/delete leap second");
    sim_match(client, "System clock was stepped for leap second");
    sim_match(client, "Adjusting system clock for leap second");
    sim_match(client, "Ignoring leap second");
    sim_match(client, "Could not step system clock");
    sim_match(client, "System clock wrong by");
    sim_match(client, "interference");
    sim_match(client, DROPPED);
    return sim;
}

/* The system clock's worst error from `from` to `to`, seconds of the simulation. */
static double worst(struct sim *sim, double from, double to) {
    double error = 0.0;

    for (double t = from; t <= to; t += 0.25) {
        sim_run(sim, t);
        error = fmax(error, fabs(sim_error(sim_node(sim, CLIENT))));
    }
    return error;
}

static int leap_of(struct sim_node *node) {
    struct ntp_header header;

    assert_true(probe_ask(node, &header, NULL));
    return header.leap;
}

static double served_error(struct sim_node *node) {
    struct ntp_header header;
    double error;

    assert_true(probe_ask(node, &header, &error));
    return error;
}

static void kernel_inserts_the_second_that_servers_announce(void **state) {
    struct sim *sim = world(1, END_2016, NULL);
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_run(sim, 1000.0);
    assert_int_equal(client->own_clock.leap, 1);
    assert_int_equal(sim_matched(client, "System clock status set to insert leap second"), 1);
    assert_int_equal(leap_of(client), NTP_LEAP_INSERT);
    assert_true(worst(sim, 1000.0, BEFORE - 0.25) < 1e-3);
    assert_int_equal(leap_of(client), NTP_LEAP_INSERT);
    sim_run(sim, BEFORE + 0.5);
    assert_int_equal(leap_of(client), NTP_LEAP_UNSYNCHRONISED);
    sim_run(sim, BEFORE + 1.5);
    assert_int_equal(leap_of(client), NTP_LEAP_NONE);
    assert_true(worst(sim, BEFORE + 1.75, BEFORE + 4000.0) < 1e-3);
    assert_true(fabs(served_error(client)) < 1e-3);
    assert_true(sim_matched(client, DROPPED) >= 1);
    assert_int_equal(client->own_clock.leap, 0);
    assert_int_equal(client->own_clock.steps, 0);
    assert_int_equal(sim_matched(client, "System clock status reset after leap second"), 1);
    assert_int_equal(sim_matched(client, "System clock wrong by"), 0);
    assert_int_equal(sim_matched(client, "interference"), 0);
    sim_free(sim);
}

static void kernel_leaves_a_second_out(void **state) {
    struct sim *sim = world(-1, END_2016, NULL);
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_run(sim, 1000.0);
    assert_int_equal(client->own_clock.leap, -1);
    assert_int_equal(sim_matched(client, "System clock status set to delete leap second"), 1);
    assert_int_equal(leap_of(client), NTP_LEAP_DELETE);
    assert_true(worst(sim, 1000.0, BEFORE - 1.5) < 1e-3);
    assert_true(worst(sim, BEFORE - 0.5, BEFORE + 4000.0) < 1e-3);
    assert_int_equal(sim_matched(client, "System clock status reset after leap second"), 1);
    assert_int_equal(sim_matched(client, "interference"), 0);
    sim_free(sim);
}

static void step_mode_steps_at_midnight(void **state) {
    (void)state;
    for (int direction = -1; direction <= 1; direction += 2) {
        struct sim *sim = world(direction, END_2016, "leapsecmode step");
        struct sim_node *client = sim_node(sim, CLIENT);

        assert_true(worst(sim, BEFORE - 10.0, BEFORE - 1.5) < 1e-3);
        assert_int_equal(client->own_clock.leap, 0);
        assert_true(worst(sim, BEFORE + 0.25, BEFORE + 2000.0) < 1e-3);
        assert_int_equal(client->own_clock.steps, 1);
        assert_int_equal(sim_matched(client, "System clock was stepped for leap second"), 1);
        assert_int_equal(sim_matched(client, "System clock wrong by"), 0);
        assert_int_equal(sim_matched(client, "interference"), 0);
        sim_free(sim);
    }
}

static void slew_mode_slews_from_midnight_and_hides_the_leap(void **state) {
    struct sim *sim = world(1, END_2016, "leapsecmode slew");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_configure(client, "maxslewrate 1000");
    sim_run(sim, BEFORE - 1.0);
    assert_int_equal(leap_of(client), NTP_LEAP_NONE);
    assert_true(fabs(sim_error(client)) < 1e-3);
    sim_run(sim, BEFORE + 501.0);
    assert_int_equal(sim_matched(client, "Adjusting system clock for leap second"), 1);
    assert_true(fabs(sim_error(client) - 0.5) < 5e-3);
    assert_true(fabs(served_error(client)) < 1e-3);
    assert_true(worst(sim, BEFORE + 1010.0, BEFORE + 3000.0) < 1e-3);
    assert_int_equal(client->own_clock.steps, 0);
    assert_int_equal(sim_matched(client, "System clock wrong by"), 0);
    sim_free(sim);
}

static void leap_second_is_smeared_for_clients(void **state) {
    struct sim *sim = world(1, END_2016, "leapsecmode slew");
    struct sim_node *client = sim_node(sim, CLIENT);
    struct control_smoothing report;
    struct ntp_header header;
    double error, before;

    (void)state;
    sim_configure(client, "maxslewrate 1000");
    sim_configure(client, "smoothtime 1000 10 leaponly");
    sim_run(sim, BEFORE - 10.0);
    assert_true(fabs(served_error(client)) < 1e-3);
    sim_run(sim, BEFORE + 1.0);
    assert_true(fabs(served_error(client) - 1.0) < 1e-3);
    sim_run(sim, BEFORE + 100.0);
    assert_true(probe_ask(client, &header, &before));
    assert_int_equal(header.leap, NTP_LEAP_NONE);
    assert_int_equal(header.reference_id, 0x7f7f01ff);
    assert_int_equal(probe_command(client, CONTROL_REQ_SMOOTHING, NULL, &report), CONTROL_SUCCESS);
    assert_int_equal(report.flags, CONTROL_SMOOTHING_ACTIVE | CONTROL_SMOOTHING_LEAP_ONLY);
    assert_true(fabs(report.offset - before) < 1e-3);
    assert_true(report.freq_ppm < -990.0 && report.freq_ppm > -1001.0);
    sim_run(sim, BEFORE + 101.0);
    error = served_error(client);
    assert_true(error < before && before - error < 1.001e-3);
    /* 1000 s at 1000 ppm, and 100 s more for the ends at 10 ppm/s. */
    sim_run(sim, BEFORE + 1099.0);
    assert_true(served_error(client) > 2e-6);
    sim_run(sim, BEFORE + 1110.0);
    assert_true(probe_ask(client, &header, &error));
    assert_true(fabs(error) < 1e-3);
    assert_int_not_equal(header.reference_id, 0x7f7f01ff);
    sim_free(sim);
}

static void ignored_leap_second_is_corrected_when_it_is_measured(void **state) {
    struct sim *sim = world(1, END_2016, "leapsecmode ignore");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_run(sim, BEFORE + 4.0);
    assert_int_equal(sim_matched(client, "Ignoring leap second"), 1);
    assert_true(fabs(sim_error(client) - 1.0) < 1e-3);
    assert_true(worst(sim, BEFORE + 600.0, BEFORE + 2000.0) < 5e-3);
    assert_int_equal(client->own_clock.steps, 0);
    sim_free(sim);
}

static void without_permission_the_served_time_leaps_all_the_same(void **state) {
    /* The host's kernel makes the leap second, or nobody does. */
    (void)state;
    for (int kernel = 0; kernel <= 1; kernel++) {
        struct sim *sim = world(1, END_2016, NULL);
        struct sim_node *client = sim_node(sim, CLIENT);

        client->own_clock.no_control = true;
        client->own_clock.leap = kernel;
        sim_run(sim, BEFORE - 1.0);
        assert_int_equal(leap_of(client), NTP_LEAP_INSERT);
        sim_run(sim, BEFORE + 0.5);
        assert_int_equal(leap_of(client), NTP_LEAP_UNSYNCHRONISED);
        assert_int_equal(sim_matched(client, "Could not step system clock"), !kernel);
        assert_int_equal(sim_matched(client, "System clock was stepped for leap second"), 1);
        for (double t = BEFORE + 5.5; t < BEFORE + 1000.0; t += 10.0) {
            sim_run(sim, t);
            assert_true(fabs(served_error(client)) < 1e-3);
        }
        assert_int_equal(sim_matched(client, "System clock wrong by"), 0);
        sim_free(sim);
    }
}

static void leap_second_of_an_ordinary_day_is_not_believed(void **state) {
    struct sim *sim = world(1, END_2016 - 86400, NULL);
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_run(sim, BEFORE - 10.0);
    assert_int_equal(client->own_clock.leap, 0);
    assert_int_equal(leap_of(client), NTP_LEAP_NONE);
    sim_free(sim);
}

static void leap_second_that_is_called_off_is_called_off_at_the_kernel(void **state) {
    struct sim *sim = world(1, END_2016, NULL);
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_run(sim, 1000.0);
    assert_int_equal(client->own_clock.leap, 1);
    sim_node(sim, SERVER)->announced_leap = 0;
    sim_run(sim, 1100.0);
    assert_int_equal(client->own_clock.leap, 0);
    assert_int_equal(
        sim_matched(client, "System clock status set to not insert/delete leap second"), 1);
    sim_free(sim);
}

static const char list_2016[] = "#$ 3676924800\n#@ 3928521600\n2272060800 10\n3345062400 33\n"
                                "3439756800 34\n3550089600 35\n3644697600 36\n3692217600 37\n";

static void list_tells_what_servers_do_not(void **state) {
    struct sim *sim = world(1, END_2016, "leapseclist " LIST_PATH);
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_write(client, LIST_PATH, list_2016, strlen(list_2016));
    sim_match(client, "Using leap second list " LIST_PATH);
    sim_match(client, "System clock TAI offset set to 36 seconds");
    sim_match(client, "System clock TAI offset set to 37 seconds");
    sim_match(client, "needs update");
    sim_run(sim, 10.0);
    assert_int_equal(client->own_clock.tai, 36);
    assert_int_equal(client->own_clock.leap, 1);
    sim_node(sim, SERVER)->announced_leap = 0;
    sim_run(sim, 1000.0);
    assert_int_equal(client->own_clock.leap, 1);
    sim_node(sim, SERVER)->announced_leap = 1;
    assert_true(worst(sim, BEFORE + 0.25, BEFORE + 1000.0) < 1e-3);
    assert_int_equal(client->own_clock.tai, 37);
    assert_int_equal(sim_matched(client, "Using leap second list " LIST_PATH), 1);
    assert_int_equal(sim_matched(client, "System clock TAI offset set to 36 seconds"), 1);
    assert_int_equal(sim_matched(client, "System clock TAI offset set to 37 seconds"), 1);
    assert_int_equal(sim_matched(client, "needs update"), 0);
    sim_free(sim);
}

static void list_that_fails_is_said_to_and_ignored(void **state) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {NULL, "Failed to open leap seconds list " LIST_PATH},
        {"2272060800 10\n", "Failed to parse leap seconds list " LIST_PATH},
        {"#$ 1\n#@ 3928521600\n2272060800 10\n",
         "Leap second list " LIST_PATH " failed check, ignoring"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim *sim = world(1, END_2016 - 86400, "leapseclist " LIST_PATH);
        struct sim_node *client = sim_node(sim, CLIENT);

        sim_configure(client, "leapsectz right/Nowhere");
        if (cases[i].text != NULL)
            sim_write(client, LIST_PATH, cases[i].text, strlen(cases[i].text));
        sim_match(client, cases[i].message);
        sim_match(client, "Timezone right/Nowhere failed leap second check, ignoring");
        sim_run(sim, 100.0);
        assert_int_equal(sim_matched(client, cases[i].message), 1);
        assert_int_equal(
            sim_matched(client, "Timezone right/Nowhere failed leap second check, ignoring"), 1);
        assert_int_equal(client->own_clock.tai, 0);
        assert_true(fabs(sim_error(client)) < 1e-3);
        sim_free(sim);
    }
}

static void list_is_read_again_while_the_daemon_runs(void **state) {
    struct sim *sim = world(1, END_2016 + 86400, "leapseclist " LIST_PATH);
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_match(client, "needs update");
    sim_write(client, LIST_PATH, "#$ 1\n#@ 3692217600\n3439756800 34\n3550089600 35\n", 48);
    sim_run(sim, 100.0);
    assert_int_equal(client->own_clock.tai, 35);
    assert_int_equal(sim_matched(client, "needs update"), 1);
    sim_write(client, LIST_PATH, list_2016, strlen(list_2016));
    sim_run(sim, 43300.0);
    assert_int_equal(client->own_clock.tai, 37);
    assert_int_equal(sim_matched(client, "needs update"), 1);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_inserts_the_second_that_servers_announce),
        cmocka_unit_test(kernel_leaves_a_second_out),
        cmocka_unit_test(step_mode_steps_at_midnight),
        cmocka_unit_test(slew_mode_slews_from_midnight_and_hides_the_leap),
        cmocka_unit_test(leap_second_is_smeared_for_clients),
        cmocka_unit_test(ignored_leap_second_is_corrected_when_it_is_measured),
        cmocka_unit_test(without_permission_the_served_time_leaps_all_the_same),
        cmocka_unit_test(leap_second_of_an_ordinary_day_is_not_believed),
        cmocka_unit_test(leap_second_that_is_called_off_is_called_off_at_the_kernel),
        cmocka_unit_test(list_tells_what_servers_do_not),
        cmocka_unit_test(list_that_fails_is_said_to_and_ignored),
        cmocka_unit_test(list_is_read_again_while_the_daemon_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
