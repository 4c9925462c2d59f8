/* The world of most tests (lan.h). */
#include "tests/sim/lan.h"

#include <math.h>
#include <stdio.h>

#define JITTER   1e-4
#define MAX_LINE 128

static const char *const messages[] = {
    "Selected source",      "System clock was stepped by", "time jump detected",
    "Detected falseticker", "Can't synchronise",           "interference detected",
};

struct sim *lan_new(uint64_t seed, int servers, const char *options) {
    struct sim *sim = sim_new(seed, servers + 1);
    struct sim_node *client = sim_node(sim, servers);
    char line[MAX_LINE];

    for (int i = 0; i < servers; i++) {
        sim_configure(sim_node(sim, i), "allow");
        sim_configure(sim_node(sim, i), "local stratum 1");
        snprintf(line, sizeof(line), "server %%%d %s", i, options);
        sim_configure(client, line);
    }
    client->up.jitter = client->down.jitter = JITTER;
    for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
        sim_match(client, messages[i]);
    return sim;
}

struct sim_node *lan_client(struct sim *sim) {
    return sim_node(sim, sim_node_count(sim) - 1);
}

double lan_worst(struct sim_node *node, double from, double to) {
    double worst = 0.0;

    sim_run(node->sim, from);
    for (double t = from; t <= to; t += 1.0) {
        sim_run(node->sim, t);
        worst = fmax(worst, fabs(sim_error(node)));
    }
    return worst;
}

double lan_mean_square(struct sim_node *node, double from, double to) {
    double sum = 0.0;

    sim_run(node->sim, from);
    for (double t = from + 1.0; t <= to; t += 1.0) {
        double error;

        sim_run(node->sim, t);
        error = sim_error(node);
        sum += error * error;
    }
    return sum / (to - from);
}

double lan_settled(struct sim_node *node, double limit, double to) {
    double settled = 0.0;

    for (double t = 1.0; t <= to; t += 1.0) {
        sim_run(node->sim, t);
        if (!(fabs(sim_error(node)) < limit))
            settled = t;
    }
    return settled;
}
