/* First light in the simulator: the daemon as client and server, on clocks that are wrong and
 * networks that jitter. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/lan.h"

#define SERVER 0
#define CLIENT 1

/* A server on its own perfect clock and a client that asks it. */
static struct sim *lan(uint64_t seed, const char *client_line) {
    struct sim *sim = sim_new(seed, 2);

    sim_configure(sim_node(sim, SERVER), "allow");
    sim_configure(sim_node(sim, SERVER), "local stratum 1");
    sim_configure(sim_node(sim, CLIENT), client_line);
    sim_node(sim, CLIENT)->up.jitter = sim_node(sim, CLIENT)->down.jitter = 1e-4;
    sim_match(sim_node(sim, CLIENT), "Selected source");
    sim_match(sim_node(sim, CLIENT), "System clock was stepped by");
    sim_match(sim_node(sim, CLIENT), "time jump detected");
    return sim;
}

static double worst_error(struct sim *sim, double from, double to) {
    double worst = 0.0;

    for (double t = from; t < to; t += 1.0) {
        sim_run(sim, t);
        worst = fmax(worst, fabs(sim_error(sim_node(sim, CLIENT))));
    }
    return worst;
}

static void lan_client_is_held_within_a_millisecond(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct sim *sim = lan(seed, "server %0 iburst");
        struct sim_node *client = sim_node(sim, CLIENT);

        client->own_clock.clock_ns += 5 * NS_PER_S / 1000;
        client->own_clock.frequency = 50e-6;
        client->own_clock.wander = 1e-9;
        sim_run(sim, 1.0);
        assert_true(worst_error(sim, 300.0, 10000.0) < 1e-3);
        sim_free(sim);
    }
}

static void iburst_selects_with_the_third_sample(void **state) {
    struct sim *sim = lan(7, "server %0 iburst");

    (void)state;
    sim_run(sim, 4.0);
    assert_int_equal(sim_matched(sim_node(sim, CLIENT), "Selected source"), 0);
    sim_run(sim, 6.0);
    assert_int_equal(sim_matched(sim_node(sim, CLIENT), "Selected source"), 1);
    sim_free(sim);
}

static void makestep_sets_a_clock_that_is_a_year_off(void **state) {
    struct sim *sim = lan(3, "server %0 iburst");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_configure(client, "makestep 1.0 3");
    client->own_clock.clock_ns -= INT64_C(31536000) * NS_PER_S;
    sim_run(sim, 10.0);
    assert_int_equal(client->own_clock.steps, 1);
    assert_true(fabs(sim_error(client)) < 1e-3);
    assert_int_equal(sim_matched(client, "System clock was stepped by"), 1);
    assert_int_equal(sim_matched(client, "time jump detected"), 0);
    sim_free(sim);
}

static void without_makestep_a_second_is_slewed_not_stepped(void **state) {
    struct sim *sim = lan(4, "server %0 iburst");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    client->own_clock.clock_ns += NS_PER_S;
    sim_run(sim, 200.0);
    assert_int_equal(client->own_clock.steps, 0);
    assert_true(fabs(sim_error(client)) < 1e-3);
    sim_free(sim);
}

static void same_seed_gives_the_same_trace(void **state) {
    uint64_t traces[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct sim *sim = lan(i == 2 ? 12 : 11, "server %0 iburst");

        sim_node(sim, CLIENT)->own_clock.wander = 1e-8;
        sim_run(sim, 5000.0);
        traces[i] = sim_trace(sim);
        sim_free(sim);
    }
    assert_true(traces[0] == traces[1]);
    assert_true(traces[0] != traces[2]);
}

static void name_that_resolves_late_is_asked_again(void **state) {
    struct sim *sim = lan(5, "server time.example iburst");

    (void)state;
    sim_name(sim, "time.example", SERVER, 60.0);
    sim_run(sim, 60.0);
    assert_int_equal(sim_matched(sim_node(sim, CLIENT), "Selected source"), 0);
    sim_run(sim, 120.0);
    assert_int_equal(sim_matched(sim_node(sim, CLIENT), "Selected source"), 1);
    sim_free(sim);
}

static void pool_keeps_as_many_sources_as_it_was_told(void **state) {
    struct sim *sim = sim_new(6, 7);

    (void)state;
    for (int i = 0; i < 6; i++) {
        sim_configure(sim_node(sim, i), "allow");
        sim_configure(sim_node(sim, i), "local stratum 1");
        sim_name(sim, "pool.example", i, 0.0);
    }
    sim_configure(sim_node(sim, 6), "pool pool.example iburst maxsources 3");
    sim_run(sim, 1000.0);
    assert_true(fabs(sim_error(sim_node(sim, 6))) < 1e-3);
    sim_free(sim);
}

static void clock_without_permission_is_left_alone_and_true_time_is_served(void **state) {
    /* 0 is the truth, 1 may not steer and is 0.3 s off, 2 follows 1. */
    struct sim *sim = sim_new(8, 3);
    struct sim_node *middle = sim_node(sim, 1), *last = sim_node(sim, 2);

    (void)state;
    sim_configure(sim_node(sim, 0), "allow");
    sim_configure(sim_node(sim, 0), "local stratum 1");
    sim_configure(middle, "server %0 iburst");
    sim_configure(middle, "allow");
    sim_configure(last, "server %1 iburst");
    middle->own_clock.no_control = true;
    middle->own_clock.clock_ns += 3 * NS_PER_S / 10;
    middle->own_clock.frequency = 20e-6;
    last->start = 10.0;
    sim_run(sim, 3000.0);
    assert_true(fabs(sim_error(middle) - 0.3 - 3000.0 * 20e-6) < 1e-6);
    assert_true(fabs(sim_error(last)) < 1e-3);
    sim_free(sim);
}

static void server_that_vanishes_for_a_day_is_taken_back(void **state) {
    struct sim *sim = lan(9, "server %0 iburst");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    client->own_clock.frequency = 30e-6;
    client->own_clock.wander = 1e-9;
    sim_run(sim, 4000.0);
    client->up.down = true;
    sim_run(sim, 90400.0);
    assert_true(fabs(sim_error(client)) < 0.5);
    client->up.down = false;
    sim_run(sim, 94000.0);
    assert_true(fabs(sim_error(client)) < 1e-3);
    sim_free(sim);
}

/* Forward it is what a machine finds that slept: its monotonic clock stood still. */
static void jump_of_the_clock_from_outside_is_noticed_and_repaired(void **state) {
    static const struct {
        double jump;
        const char *said;
    } jumps[] = {{-3600.0, "Backward time jump detected!"},
                 {3600.0, "Forward time jump detected!"}};

    (void)state;
    for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        struct sim *sim = lan(10, "server %0 iburst");
        struct sim_node *client = sim_node(sim, CLIENT);

        sim_configure(client, "makestep 1.0 -1");
        sim_match(client, jumps[i].said);
        sim_run(sim, 1000.0);
        sim_step(client, jumps[i].jump);
        sim_run(sim, 1300.0);
        assert_int_equal(sim_matched(client, "time jump detected"), 1);
        assert_int_equal(sim_matched(client, jumps[i].said), 1);
        assert_true(fabs(sim_error(client)) < 1e-3);
        sim_free(sim);
    }
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
        cmocka_unit_test(lan_client_is_held_within_a_millisecond),
        cmocka_unit_test(iburst_selects_with_the_third_sample),
        cmocka_unit_test(makestep_sets_a_clock_that_is_a_year_off),
        cmocka_unit_test(without_makestep_a_second_is_slewed_not_stepped),
        cmocka_unit_test(same_seed_gives_the_same_trace),
        cmocka_unit_test(name_that_resolves_late_is_asked_again),
        cmocka_unit_test(pool_keeps_as_many_sources_as_it_was_told),
        cmocka_unit_test(clock_without_permission_is_left_alone_and_true_time_is_served),
        cmocka_unit_test(server_that_vanishes_for_a_day_is_taken_back),
        cmocka_unit_test(jump_of_the_clock_from_outside_is_noticed_and_repaired),
        cmocka_unit_test(corrections_stop_at_maxslewrate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
