/* How soon, and how well, a clock is set at the start: the third sample decides. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/lan.h"

#define SEEDS 20

static double first_selection(struct sim *sim, double end) {
    double t = 0.0;

    while (t < end && sim_matched(lan_client(sim), "Selected source") == 0)
        sim_run(sim, t += 0.1);
    return t;
}

static void iburst_synchronises_after_4_to_6_s(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sim *sim = lan_new(seed, 1, "iburst");
        double t = first_selection(sim, 100.0);

        assert_true(t > 4.0 && t < 6.0);
        sim_free(sim);
    }
}

static void default_polling_synchronises_after_120_to_210_s(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sim *sim = lan_new(seed, 1, "");
        double t = first_selection(sim, 1000.0);

        assert_true(t > 120.0 && t < 210.0);
        sim_free(sim);
    }
}

static void first_step_is_within_a_millisecond_of_a_lan_server(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sim *sim = lan_new(seed, 1, "iburst");
        struct sim_node *client = lan_client(sim);

        sim_configure(client, "makestep 0.1 3");
        client->own_clock.clock_ns += seed % 2 == 0 ? 500000000 : -7 * NS_PER_S;
        client->own_clock.frequency = 50e-6;
        while (client->own_clock.steps == 0 && sim_now(sim) < 10.0)
            sim_run(sim, sim_now(sim) + 0.01);
        assert_int_equal(client->own_clock.steps, 1);
        assert_true(fabs(sim_error(client)) < 1e-3);
        sim_free(sim);
    }
}

static void several_sources_are_waited_for(void **state) {
    struct sim *sim = lan_new(1, 4, "iburst");
    double t = first_selection(sim, 100.0);

    (void)state;
    assert_true(t > 4.0 && t < 8.0);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iburst_synchronises_after_4_to_6_s),
        cmocka_unit_test(default_polling_synchronises_after_120_to_210_s),
        cmocka_unit_test(first_step_is_within_a_millisecond_of_a_lan_server),
        cmocka_unit_test(several_sources_are_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
