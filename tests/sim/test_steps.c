/* Clocks that are far off, run far too fast, or are moved by someone else. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/lan.h"

#define ERA_1 INT64_C(2085978496) /* 2036-02-07 06:28:16 UTC: NTP's seconds start anew */

static void hundred_seconds_are_slewed_within_1300_to_1400_s(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct sim *sim = lan_new(seed, 1, "");
        struct sim_node *client = lan_client(sim);
        double settled;

        client->own_clock.clock_ns += (seed % 2 == 0 ? 100 : -100) * NS_PER_S;
        client->own_clock.frequency = 10e-6;
        settled = lan_settled(client, 1e-3, 4000.0);
        assert_true(settled > 1300.0 && settled < 1400.0);
        assert_int_equal(client->own_clock.steps, 0);
        sim_free(sim);
    }
}

static void three_years_are_stepped(void **state) {
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct sim *sim = lan_new(3, 1, "iburst");
        struct sim_node *client = lan_client(sim);

        sim_configure(client, "makestep 1.0 3");
        client->own_clock.clock_ns += sign * 100000000 * NS_PER_S;
        assert_true(lan_settled(client, 1e-3, 2000.0) < 10.0);
        assert_int_equal(client->own_clock.steps, 1);
        assert_int_equal(sim_matched(client, "System clock was stepped by"), 1);
        assert_int_equal(sim_matched(client, "time jump detected"), 0);
        sim_free(sim);
    }
}

static void frequency_up_to_five_percent_off_is_found(void **state) {
    static const double frequencies[] = {-0.05, -0.01, -1e-3, 1e-3, 0.01, 0.05};

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct sim *sim = lan_new((uint64_t)i, 1, i % 2 == 0 ? "" : "iburst");
        struct sim_node *client = lan_client(sim);

        client->own_clock.frequency = frequencies[i];
        assert_true(lan_worst(client, 2000.0, 10000.0) < 1e-3);
        assert_int_equal(client->own_clock.steps, 0);
        sim_free(sim);
    }
}

static void clock_stepped_from_outside_is_brought_back(void **state) {
    static const double steps[] = {-1000.0, -30.0, -5.0, -0.3, 0.3, 5.0, 30.0, 1000.0};

    (void)state;
    for (int i = 0; i < 8; i++) {
        struct sim *sim = lan_new((uint64_t)i, 1, "iburst maxpoll 6");
        struct sim_node *client = lan_client(sim);

        sim_configure(client, "makestep 20.0 -1");
        client->own_clock.frequency = 20e-6;
        sim_run(sim, 2000.0);
        sim_step(client, steps[i]);
        assert_true(lan_worst(client, 2000.0 + 400.0, 6000.0) < 1e-3);
        assert_int_equal(sim_matched(client, "time jump detected"), fabs(steps[i]) > 10.0);
        sim_free(sim);
    }
}

static void era_changes_without_a_trace(void **state) {
    struct sim *sim = lan_new(5, 1, "iburst maxpoll 6");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_begin_at(sim, ERA_1 - 3000);
    sim_configure(client, "makestep 1.0 3");
    client->own_clock.frequency = 20e-6;
    client->own_clock.clock_ns += 30 * NS_PER_S;
    assert_true(lan_worst(client, 1000.0, 6000.0) < 1e-3);
    assert_int_equal(client->own_clock.steps, 1);
    assert_int_equal(sim_matched(client, "Selected source"), 1);
    sim_free(sim);
}

static void clock_from_before_the_era_is_set_after_it(void **state) {
    struct sim *sim = lan_new(6, 1, "iburst");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_begin_at(sim, ERA_1 + 100000000);
    sim_configure(client, "makestep 1.0 3");
    client->own_clock.clock_ns -= 1000000000 * NS_PER_S;
    assert_true(lan_worst(client, 200.0, 2000.0) < 1e-3);
    assert_int_equal(client->own_clock.steps, 1);
    sim_free(sim);
}

static void corrections_stop_at_maxslewrate(void **state) {
    struct sim *sim = lan_new(7, 1, "iburst");
    struct sim_node *client = lan_client(sim);
    double fastest = 0.0;

    (void)state;
    sim_configure(client, "maxslewrate 1000");
    client->own_clock.clock_ns += NS_PER_S;
    for (double t = 1.0; t < 2000.0; t += 1.0) {
        sim_run(sim, t);
        fastest = fmax(fastest, fabs(sim_rate(client)));
    }
    assert_true(fastest > 0.9e-3 && fastest < 1.2e-3);
    assert_true(fabs(sim_error(client)) < 1e-3);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hundred_seconds_are_slewed_within_1300_to_1400_s),
        cmocka_unit_test(three_years_are_stepped),
        cmocka_unit_test(frequency_up_to_five_percent_off_is_found),
        cmocka_unit_test(clock_stepped_from_outside_is_brought_back),
        cmocka_unit_test(era_changes_without_a_trace),
        cmocka_unit_test(clock_from_before_the_era_is_set_after_it),
        cmocka_unit_test(corrections_stop_at_maxslewrate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
