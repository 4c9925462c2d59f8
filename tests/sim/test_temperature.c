/* Correcting the clock's rate by a temperature sensor. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define SENSOR "/sensor"
#define POINTS "/points"

static struct sim *alone(const char *line, const char *reading) {
    struct sim *sim = sim_new(1, 1);
    struct sim_node *node = sim_node(sim, 0);

    sim_configure(node, line);
    sim_configure(node, "logdir /log");
    sim_configure(node, "log tempcomp");
    if (reading != NULL)
        sim_write(node, SENSOR, reading, strlen(reading));
    sim_match(node, "Could not read temperature from " SENSOR);
    sim_match(node, "exceeds sanity limit of 10.0");
    return sim;
}

static void set_sensor(struct sim_node *node, const char *reading) {
    sim_write(node, SENSOR, reading, strlen(reading));
}

static void polynomial_corrects_the_rate_and_is_no_frequency_of_the_clock(void **state) {
    struct sim *sim = alone("tempcomp " SENSOR " 10 25 1 0.5 0.1", "27\n");
    struct sim_node *node = sim_node(sim, 0);
    struct control_tracking tracking;

    (void)state;
    sim_match(node, "2010-01-01 00:00:00  2.7000e+01  2.4000e+00");
    sim_run(sim, 1.0);
    assert_true(fabs(sim_rate(node) - 2.4e-6) < 1e-10);
    assert_int_equal(sim_matched(node, "2010-01-01 00:00:00  2.7000e+01  2.4000e+00"), 1);
    set_sensor(node, "24.0");
    sim_run(sim, 11.0);
    assert_true(fabs(sim_rate(node) - 0.6e-6) < 1e-10);
    probe_command(node, CONTROL_REQ_TRACKING, NULL, &tracking);
    assert_true(tracking.freq_ppm == 0.0);
    sim_free(sim);
}

static void points_are_joined_and_prolonged(void **state) {
    static const struct {
        const char *reading;
        double ppm;
    } cases[] = {{"20", 1.0}, {"25", 1.5}, {"30", 2.0}, {"35", 4.0}, {"45", 8.0}, {"10", 0.0}};
    static const char points[] = "20 1.0\n30 2.0\n40\t6\n";
    struct sim *sim = alone("tempcomp " SENSOR " 1 " POINTS, "20");
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    sim_write(node, POINTS, points, strlen(points));
    sim_run(sim, 0.5);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set_sensor(node, cases[i].reading);
        sim_run(sim, 2.5 + (double)i * 2.0);
        assert_true(fabs(sim_rate(node) - cases[i].ppm * 1e-6) < 1e-10);
    }
    sim_free(sim);
}

static void readings_without_sense_change_nothing(void **state) {
    struct sim *sim = alone("tempcomp " SENSOR " 0 0 0 1 0", "5");
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    sim_run(sim, 0.5);
    assert_true(fabs(sim_rate(node) - 5e-6) < 1e-10);
    set_sensor(node, "11");
    sim_run(sim, 1.5);
    assert_int_equal(sim_matched(node, "exceeds sanity limit of 10.0"), 1);
    set_sensor(node, "nan");
    sim_run(sim, 2.5);
    set_sensor(node, "warm");
    sim_run(sim, 3.5);
    sim_write(node, SENSOR, NULL, 0);
    sim_run(sim, 4.5);
    assert_int_equal(sim_matched(node, "Could not read temperature from " SENSOR), 3);
    assert_true(fabs(sim_rate(node) - 5e-6) < 1e-10);
    sim_free(sim);
}

static void points_that_are_none_end_the_start_and_leave_the_driftfile(void **state) {
    static const struct {
        const char *points, *message;
    } cases[] = {{"20 1.0\n", "Not enough points in " POINTS},
                 {"20 1.0\n30 warm\n", "Could not read tempcomp point from " POINTS},
                 {"20 1.0\n\n30 2.0\n", "Could not read tempcomp point from " POINTS},
                 {"20\n1.0 30\n2.0 5\n", "Could not read tempcomp point from " POINTS},
                 {"", "Not enough points in " POINTS},
                 {NULL, "Could not open " POINTS " : No such file or directory"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim *sim = alone("tempcomp " SENSOR " 1 " POINTS, "20");
        struct sim_node *node = sim_node(sim, 0);

        sim_configure(node, "driftfile /drift");
        sim_match(node, cases[i].message);
        if (cases[i].points != NULL)
            sim_write(node, POINTS, cases[i].points, strlen(cases[i].points));
        assert_false(probe_starts(node));
        assert_int_equal(sim_matched(node, cases[i].message), 1);
        assert_false(node->has_drift);
        sim_free(sim);
    }
}

static void compensated_clock_is_held_better(void **state) {
    double errors[2];

    (void)state;
    for (int compensated = 0; compensated <= 1; compensated++) {
        struct sim *sim = sim_new(3, 2);
        struct sim_node *client = sim_node(sim, 1);

        sim_configure(sim_node(sim, 0), "allow");
        sim_configure(sim_node(sim, 0), "local stratum 1");
        sim_configure(client, "server %0 iburst minpoll 6 maxpoll 6");
        if (compensated)
            sim_configure(client, "tempcomp " SENSOR " 10 0 0 1 0");
        set_sensor(client, "0");
        errors[compensated] = 0.0;
        for (int i = 0; i < 60; i++) {
            /* The oscillator loses what the sensor shows: -5 to 5 ppm and back. */
            double ppm = 5.0 * sin(i / 5.0);
            char reading[32];

            sim_run(sim, i * 100.0 + 1.0);
            client->own_clock.frequency = -ppm * 1e-6;
            snprintf(reading, sizeof(reading), "%f", ppm);
            set_sensor(client, reading);
            if (i > 10)
                errors[compensated] = fmax(errors[compensated], fabs(sim_error(client)));
        }
        sim_free(sim);
    }
    assert_true(errors[1] < errors[0] / 2.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polynomial_corrects_the_rate_and_is_no_frequency_of_the_clock),
        cmocka_unit_test(points_are_joined_and_prolonged),
        cmocka_unit_test(readings_without_sense_change_nothing),
        cmocka_unit_test(points_that_are_none_end_the_start_and_leave_the_driftfile),
        cmocka_unit_test(compensated_clock_is_held_better),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
