/* What a round of polls costs with 1 to 1000 sources: requests, responses, filters and selection of
 * one daemon, and with it the answers, from one server that has as many addresses. Prints a line
 * for each number of sources. No test: a figure of the benchmarks. */
#include <stdio.h>
#include <time.h>

#include "tests/sim/sim.h"

#define POLL_S    256 /* packets leave 0.2 s apart: 1000 in 200 s */
#define WARM_UP_S (10 * POLL_S)
#define ROUNDS    4

static double busy(void) {
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* us of processor time for a round. */
static double round_cost(int sources) {
    struct sim *sim = sim_new(1, 2);
    struct sim_node *client = sim_node(sim, 0), *server = sim_node(sim, 1);
    double start, cost;

    sim_alias(sim, sources + 1);
    sim_configure(server, "local stratum 1");
    sim_configure(server, "allow");
    client->up.jitter = client->down.jitter = 1e-4;
    for (int i = 1; i <= sources; i++) {
        char line[64];

        snprintf(line, sizeof(line), "server %%%d minpoll 8 maxpoll 8", i);
        sim_configure(client, line);
    }
    client->own_clock.frequency = 2e-5;
    client->own_clock.wander = 1e-9;
    sim_run(sim, WARM_UP_S);
    start = busy();
    sim_run(sim, WARM_UP_S + ROUNDS * POLL_S);
    cost = (busy() - start) * 1e6 / ROUNDS;
    sim_free(sim);
    return cost;
}

int main(void) {
    static const int numbers[] = {1, 10, 100, 1000};

    puts("| sources | processor time of a poll round, us | of each source, us |\n|---:|---:|---:|");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        double cost = round_cost(numbers[i]);

        printf("| %d | %.0f | %.1f |\n", numbers[i], cost, cost / numbers[i]);
        fflush(stdout);
    }
    return 0;
}
