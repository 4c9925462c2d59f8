/* Networks that lose, double, reorder and delay unevenly. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/lan.h"

static struct sim *wandering(uint64_t seed, const char *options) {
    struct sim *sim = lan_new(seed, 1, options);

    lan_client(sim)->own_clock.frequency = 20e-6;
    lan_client(sim)->own_clock.wander = 1e-9;
    return sim;
}

static void doubled_packets_count_once(void **state) {
    struct sim *sim = wandering(1, "iburst maxpoll 6");
    struct sim_node *client = lan_client(sim);

    (void)state;
    client->up.duplication = client->down.duplication = 1.0;
    assert_true(lan_worst(client, 1000.0, 20000.0) < 3e-4);
    assert_int_equal(sim_node(sim, 0)->packets_in, 2 * client->packets_out);
    assert_int_equal(client->packets_in, client->packets_out);
    sim_free(sim);
}

/* An answer may come after the next request, or never. */
static double wild(const struct sim_link *link, struct sim_random *random, double seconds) {
    (void)seconds;
    return sim_uniform(random) < 0.3 ? 5.0 * sim_uniform(random)
                                     : link->base + link->jitter * sim_exponential(random);
}

static void packets_out_of_order_do_no_harm(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim *sim = wandering(seed, "iburst minpoll 0 maxpoll 2");
        struct sim_node *client = lan_client(sim);

        client->up.delay = client->down.delay = wild;
        client->up.duplication = client->down.duplication = 0.3;
        assert_true(lan_worst(client, 1000.0, 6000.0) < 1e-3);
        sim_free(sim);
    }
}

static void connection_that_comes_and_goes_is_enough(void **state) {
    struct sim *sim = wandering(2, "iburst maxpoll 6");
    struct sim_node *client = lan_client(sim);

    (void)state;
    for (double t = 0.0; t < 100000.0; t += 10000.0) {
        client->up.down = false;
        assert_true(lan_worst(client, t + 2000.0, t + 3000.0) < 1e-3);
        client->up.down = true;
        assert_true(lan_worst(client, t + 3000.0, t + 10000.0) < 1e-2);
    }
    sim_free(sim);
}

static void asymmetric_jitter_does_not_pull_the_clock(void **state) {
    (void)state;
    for (int direction = 0; direction < 2; direction++) {
        struct sim *sim = wandering(3, "iburst maxpoll 6");
        struct sim_node *client = lan_client(sim);

        client->up.base = client->down.base = 1e-2;
        client->up.jitter = direction == 0 ? 5e-3 : 1e-4;
        client->down.jitter = direction == 0 ? 1e-4 : 5e-3;
        /* The mean of the samples is 2.5 ms off. */
        assert_true(lan_worst(client, 10000.0, 30000.0) < 4e-4);
        sim_free(sim);
    }
}

static void half_of_the_packets_are_enough(void **state) {
    struct sim *sim = wandering(4, "iburst maxpoll 6");
    struct sim_node *client = lan_client(sim);

    (void)state;
    client->up.loss = client->down.loss = 0.5;
    assert_true(lan_worst(client, 5000.0, 40000.0) < 1e-3);
    sim_free(sim);
}

static void one_way_dead_is_dead(void **state) {
    struct sim *sim = wandering(5, "iburst");
    struct sim_node *client = lan_client(sim);

    (void)state;
    client->down.down = true;
    sim_run(sim, 5000.0);
    assert_int_equal(sim_matched(client, "Selected source"), 0);
    assert_true(client->own_clock.kernel == 0.0);
    sim_free(sim);
}

static void coarse_clock_is_held_within_its_grain(void **state) {
    struct sim *sim = wandering(6, "iburst maxpoll 6");
    struct sim_node *client = lan_client(sim);

    (void)state;
    client->own_clock.granularity = 1e-3;
    sim_configure(client, "clockprecision 1e-3");
    assert_true(lan_worst(client, 5000.0, 20000.0) < 2e-3);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubled_packets_count_once),
        cmocka_unit_test(packets_out_of_order_do_no_harm),
        cmocka_unit_test(connection_that_comes_and_goes_is_enough),
        cmocka_unit_test(asymmetric_jitter_does_not_pull_the_clock),
        cmocka_unit_test(half_of_the_packets_are_enough),
        cmocka_unit_test(one_way_dead_is_dead),
        cmocka_unit_test(coarse_clock_is_held_within_its_grain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
