/* A thousand daemons in one process, and the same world twice. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/sim/probe.h"

/* Level 1: one server. Level 2: each asks it. Level 3: each asks one of level 2, every
 * tenth three. */
#define MIDDLE 30
#define NODES  1000
#define LENGTH 1200 /* s */

static double busy(void) {
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static struct sim *hierarchy(uint64_t seed, int nodes) {
    struct sim *sim = sim_new(seed, nodes);
    struct sim_random random;
    char line[64];

    sim_random_seed(&random, seed);
    sim_configure(sim_node(sim, 0), "local stratum 1");
    for (int i = 0; i < nodes; i++) {
        struct sim_node *node = sim_node(sim, i);

        sim_configure(node, "allow");
        node->own_clock.frequency = i > 0 ? 20e-6 * sim_gaussian(&random) : 0.0;
        node->own_clock.wander = i > 0 ? 1e-9 : 0.0;
        node->own_clock.clock_ns += i > 0 ? ns_from_seconds(0.1 * sim_gaussian(&random)) : 0;
        node->up.jitter = node->down.jitter = 1e-4;
        node->start = i > MIDDLE ? 30.0 + 60.0 * sim_uniform(&random) : 0.0;
        for (int k = 0; k < 3 && i > 0; k++) {
            snprintf(line, sizeof(line), "server %%%d iburst maxpoll 6",
                     i > MIDDLE ? 1 + (i + 7 * k) % MIDDLE : 0);
            if (k == 0 || (i > MIDDLE && i % 10 == 0))
                sim_configure(node, line);
        }
    }
    return sim;
}

static void thousand_nodes_follow_one_through_a_hierarchy(void **state) {
    double start = busy(), cost;
    struct sim *sim = hierarchy(2, NODES);

    (void)state;
    sim_run(sim, LENGTH);
    cost = (busy() - start) / NODES;
    print_message("%d nodes, %d simulated seconds: %.0f us a node\n", NODES, LENGTH, cost * 1e6);
    for (int i = 1; i < NODES; i++) {
        struct ntp_header answer;
        double error;

        assert_true(fabs(sim_error(sim_node(sim, i))) < 1e-3);
        assert_true(probe_ask(sim_node(sim, i), &answer, &error));
        assert_int_equal(answer.stratum, i > MIDDLE ? 3 : 2);
        assert_true(fabs(error) <= answer.root_delay / 2.0 + answer.root_dispersion);
    }
    sim_free(sim);
}

static void same_seed_gives_the_same_world_to_the_bit(void **state) {
    uint64_t traces[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct sim *sim = hierarchy(i < 2 ? 5 : 6, 80);

        sim_node(sim, 40)->up.loss = 0.2;
        sim_node(sim, 41)->down.duplication = 0.2;
        sim_run(sim, 3000.0);
        traces[i] = sim_trace(sim);
        sim_free(sim);
    }
    assert_true(traces[0] == traces[1]);
    assert_true(traces[0] != traces[2]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousand_nodes_follow_one_through_a_hierarchy),
        cmocka_unit_test(same_seed_gives_the_same_world_to_the_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
