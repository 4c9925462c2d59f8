/* Networks that double, and are dead one way; a clock of coarse grain. */
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
        cmocka_unit_test(one_way_dead_is_dead),
        cmocka_unit_test(coarse_clock_is_held_within_its_grain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
