/* The scenarios (scenarios.h): the table, and how a row becomes a world. */
#include "tests/sim/scenarios.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PI           3.14159265358979323846
#define BURST_BLOCK  512.0 /* s that a path is congested, or not */
#define BURST_FACTOR 10.0
#define MAX_LINE     128

/* ---- shapes of the excess delay, about `jitter` in mean or deviation ---- */

/* Symmetric: far enough from zero not to be cut. */
static double gaussian(const struct sim_link *link, struct sim_random *random, double seconds) {
    (void)seconds;
    return link->base + link->jitter * fmax(5.0 + sim_gaussian(random), 0.0);
}

static double gamma_two(const struct sim_link *link, struct sim_random *random, double seconds) {
    (void)seconds;
    return link->base +
           link->jitter * (sim_exponential(random) + sim_exponential(random)) / sqrt(2.0);
}

/* Tail index 2: no variance. */
static double pareto(const struct sim_link *link, struct sim_random *random, double seconds) {
    (void)seconds;
    return link->base + link->jitter * 0.3 * (1.0 / sqrt(1.0 - sim_uniform(random)) - 1.0);
}

/* Two paths, taken by chance. */
static double bimodal(const struct sim_link *link, struct sim_random *random, double seconds) {
    double longer = sim_uniform(random) < 0.4 ? 2.0 : 0.0;

    (void)seconds;
    return link->base + link->jitter * (0.2 * sim_exponential(random) + longer);
}

/* Some blocks of time are congested, one in four and the same in both directions. */
static double burst(const struct sim_link *link, struct sim_random *random, double seconds) {
    struct sim_random block;
    double factor;

    sim_random_seed(&block, (uint64_t)(seconds / BURST_BLOCK));
    factor = sim_random_u64(&block) % 4 == 0 ? BURST_FACTOR : 1.0;
    return link->base + link->jitter * factor * sim_exponential(random);
}

/* ---- the table ---- */

#define BOTH(seconds)  .jitter_up = (seconds), .jitter_down = (seconds)
#define POLL(min, max) .minpoll = (min), .maxpoll = (max)
#define RUN(end, from) .length = (end), .settling = (from)

const struct scenario scenarios[] = {
    {"lan-quiet", 1e-9, 1e-4, BOTH(1e-5), .limit = 1e-4, .chrony = {5.52e-6, 6.7e-8, 2.3e-5, 131}},
    {"lan-jitter", 1e-9, 1e-4, BOTH(1e-4), .limit = 3e-4, .chrony = {2.08e-5, 9.8e-8, 5.6e-5, 131}},
    {"wan", 1e-9, 1e-2, BOTH(1e-3), .limit = 2e-3, .chrony = {9.97e-5, 2.5e-7, 2.6e-4, 131}},
    {"wan-heavy-jitter", 1e-9, 2e-2, BOTH(1e-2), .limit = 1e-2,
     .chrony = {9.85e-4, 2.7e-6, 2.6e-3, 130}},
    {"wander-high", 1e-7, 1e-4, BOTH(1e-4), .limit = 1e-3,
     .chrony = {1.41e-4, 3.1e-6, 5.8e-4, 131}},
    {"wander-low", 1e-10, 1e-2, BOTH(1e-3), .limit = 2e-3,
     .chrony = {9.85e-5, 2.7e-7, 2.6e-4, 131}},
    {"poll-short", 1e-9, 1e-4, BOTH(5e-5), POLL(2, 2), RUN(20000, 5000), .limit = 3e-4,
     .chrony = {5.43e-6, 2.5e-7, 2.8e-5, 10}},
    {"poll-adaptive", 1e-9, 1e-2, BOTH(1e-3), POLL(6, 10), RUN(100000, 30000), .limit = 3e-3,
     .chrony = {5.99e-4, 3.3e-7, 1.4e-3, 131}},
    {"poll-long", 1e-9, 1e-2, BOTH(1e-3), POLL(10, 10), RUN(200000, 60000), .limit = 5e-3,
     .chrony = {4.64e-4, 3.1e-7, 1.3e-3, 2069}},
    {"asym-jitter", 1e-9, 1e-2, .jitter_up = 5e-3, .jitter_down = 1e-4, .limit = 6e-3,
     .chrony = {6.61e-5, 2.6e-7, 1.9e-4, 130}},
    {"temp-sine", 0.0, 1e-3, BOTH(1e-4), .sine_amplitude = 1e-6, .sine_period = 7200, .limit = 5e-3,
     .chrony = {6.17e-5, 7.9e-7, 2.5e-4, 130}},
    {"loss-half", 1e-9, 2e-2, BOTH(1e-3), .loss = 0.5, .limit = 5e-3,
     .chrony = {1.59e-4, 2.0e-7, 3.8e-4, 648}},
    {"servers-4", 1e-9, 1e-2, BOTH(1e-3), .servers = 4, .limit = 2e-3,
     .chrony = {5.87e-5, 9.0e-8, 1.2e-4, 132}},
    {"servers-4-1false", 1e-9, 1e-2, BOTH(1e-3), .servers = 5, .false_servers = 1, .limit = 2e-3,
     .chrony = {6.58e-5, 1.2e-7, 1.7e-4, 132}},
    {"big-freq", 1e-9, 1e-3, BOTH(1e-4), .options = "iburst", .offset = 1.0, .frequency = 400e-6,
     .limit = 1e-3, .chrony = {2.09e-5, 1.0e-7, 5.6e-5, 17}},
    {"cold-iburst", 1e-9, 5e-3, BOTH(5e-4), .options = "iburst", .offset = 0.5, .frequency = 50e-6,
     .line = "makestep 0.1 3", RUN(4000, 1000), .limit = 2e-3,
     .chrony = {7.89e-5, 1.4e-7, 1.2e-4, 72}},

    /* Measured with Debian's chronyd 4.3 in the world of tests/preload: tests/preload/compare 15 */
    {"gaussian-lan", 1e-9, 1e-4, BOTH(1e-4), .shape = gaussian,
     .chrony = {3.36e-05, 2.2e-07, 1.1e-04, 0}},
    {"gaussian-wan", 1e-9, 1e-2, BOTH(1e-3), .shape = gaussian,
     .chrony = {1.96e-04, 7.5e-07, 6.9e-04, 0}},
    {"gamma-lan", 1e-9, 1e-4, BOTH(1e-4), .shape = gamma_two,
     .chrony = {2.56e-05, 1.1e-07, 7.7e-05, 0}},
    {"gamma-wan", 1e-9, 1e-2, BOTH(1e-3), .shape = gamma_two,
     .chrony = {1.35e-04, 4.6e-07, 3.8e-04, 0}},
    {"pareto-lan", 1e-9, 1e-4, BOTH(1e-4), .shape = pareto,
     .chrony = {1.05e-05, 8.8e-08, 3.9e-05, 0}},
    {"pareto-wan", 1e-9, 1e-2, BOTH(1e-3), .shape = pareto,
     .chrony = {3.49e-05, 9.2e-08, 9.1e-05, 0}},
    {"bimodal-lan", 1e-9, 1e-4, BOTH(1e-4), .shape = bimodal,
     .chrony = {2.30e-05, 1.1e-07, 7.9e-05, 0}},
    {"bimodal-wan", 1e-9, 1e-2, BOTH(1e-3), .shape = bimodal,
     .chrony = {1.41e-04, 3.3e-07, 3.7e-04, 0}},
    {"bursts-lan", 1e-9, 1e-3, BOTH(1e-4), .shape = burst,
     .chrony = {3.09e-05, 1.4e-07, 1.3e-04, 0}},
    {"bursts-wan", 1e-9, 1e-2, BOTH(1e-3), .shape = burst,
     .chrony = {1.22e-04, 2.5e-07, 3.3e-04, 0}},
    {"asym-reverse", 1e-9, 1e-2, .jitter_up = 1e-4, .jitter_down = 5e-3,
     .chrony = {8.97e-05, 3.7e-07, 2.5e-04, 0}},
    {"asym-mild", 1e-9, 1e-2, .jitter_up = 1e-3, .jitter_down = 3e-4,
     .chrony = {1.56e-04, 4.0e-07, 3.5e-04, 0}},
    {"route-longer", 1e-9, 1e-3, BOTH(1e-4), .event = 20000, .base_up = 1e-3, .base_down = 1e-3,
     .chrony = {7.85e-05, 2.2e-07, 2.5e-04, 0}},
    {"route-shorter", 1e-9, 2e-3, BOTH(1e-4), .event = 20000, .base_up = -1e-3, .base_down = -1e-3,
     .chrony = {2.23e-05, 1.3e-07, 6.9e-05, 0}},
    {"route-longer-up", 1e-9, 1e-3, BOTH(1e-4), .event = 20000, .base_up = 1e-3,
     .chrony = {3.85e-04, 1.7e-06, 5.6e-04, 0}},
    {"route-shorter-up", 1e-9, 2e-3, BOTH(1e-4), .event = 20000, .base_up = -1e-3,
     .chrony = {4.07e-04, 4.8e-07, 5.9e-04, 0}},
    {"jump-3ppm", 1e-9, 1e-3, BOTH(1e-4), .event = 20000, .frequency_jump = 3e-6,
     .chrony = {3.85e-05, 8.0e-07, 4.9e-04, 0}},
    {"jump-3ppm-wan", 1e-9, 1e-2, BOTH(1e-3), .event = 20000, .frequency_jump = 3e-6,
     .chrony = {1.84e-04, 1.9e-06, 1.5e-03, 0}},
    {"jump-20ppm", 1e-9, 1e-3, BOTH(1e-4), .event = 20000, .frequency_jump = 20e-6,
     .chrony = {1.52e-04, 6.5e-06, 2.1e-03, 0}},
    {"temp-fast", 1e-9, 1e-3, BOTH(1e-4), .sine_amplitude = 1e-6, .sine_period = 1800,
     .chrony = {1.00e-04, 1.8e-06, 4.0e-04, 0}},
    {"temp-fast-wan", 1e-9, 1e-2, BOTH(1e-3), .sine_amplitude = 1e-6, .sine_period = 1800,
     .chrony = {2.72e-04, 1.3e-06, 7.5e-04, 0}},
    {"temp-lan-quiet", 1e-9, 1e-4, BOTH(1e-5), .sine_amplitude = 1e-6, .sine_period = 7200,
     .chrony = {1.40e-05, 2.5e-07, 4.1e-05, 0}},
    {"silent-hour", 1e-9, 1e-3, BOTH(1e-4), .event = 20000, .silence = 3600,
     .chrony = {3.39e-05, 1.7e-07, 1.2e-04, 0}},
    {"loss-70", 1e-9, 1e-3, BOTH(1e-4), .loss = 0.7, .chrony = {1.10e-04, 2.3e-07, 3.1e-04, 0}},
    {"wander-1e-8", 1e-8, 1e-3, BOTH(1e-4), .chrony = {5.52e-05, 7.2e-07, 2.2e-04, 0}},
    {"poll-2s", 1e-9, 1e-4, BOTH(1e-5), POLL(1, 1), RUN(10000, 2000),
     .chrony = {1.06e-06, 1.0e-07, 4.5e-06, 0}},
    {"poll-long-quiet", 1e-10, 1e-3, BOTH(1e-4), POLL(10, 10), RUN(200000, 60000),
     .chrony = {4.78e-05, 2.9e-08, 1.4e-04, 0}},
    {"no-jitter", 1e-9, 1e-4, BOTH(1e-8), .chrony = {1.04e-06, 1.6e-08, 3.7e-06, 0}},
    {"servers-3-lan", 1e-9, 1e-4, BOTH(1e-4), .servers = 3,
     .chrony = {2.35e-05, 4.9e-08, 6.0e-05, 0}},
};

const int scenario_count = sizeof(scenarios) / sizeof(*scenarios);
const int scenario_published = 16;

const struct scenario *scenario_find(const char *name) {
    for (int i = 0; i < scenario_count; i++) {
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    }
    return NULL;
}

/* ---- a row becomes a world: the servers, then the client ---- */

static struct sim_node *client_of(struct sim *sim, const struct scenario *scenario) {
    return sim_node(sim, scenario->servers);
}

struct scenario scenario_completed(const struct scenario *row) {
    struct scenario scenario = *row;

    if (scenario.maxpoll == 0)
        scenario.minpoll = scenario.maxpoll = 6;
    if (scenario.servers == 0)
        scenario.servers = 1;
    if (scenario.options == NULL)
        scenario.options = "";
    if (scenario.offset == 0.0)
        scenario.offset = 0.01;
    if (scenario.frequency == 0.0)
        scenario.frequency = 10e-6;
    if (scenario.length == 0.0) {
        scenario.length = 40000.0;
        scenario.settling = 10000.0;
    }
    return scenario;
}

double scenario_length(const struct scenario *row, double *settling) {
    struct scenario scenario = scenario_completed(row);

    *settling = scenario.settling;
    return scenario.length;
}

static void set_client(struct sim_node *client, const struct scenario *scenario) {
    char line[MAX_LINE];

    for (int i = 0; i < scenario->servers; i++) {
        snprintf(line, sizeof(line), "server %%%d minpoll %d maxpoll %d %s", i, scenario->minpoll,
                 scenario->maxpoll, scenario->options);
        sim_configure(client, line);
    }
    if (scenario->line != NULL)
        sim_configure(client, scenario->line);
    client->own_clock.clock_ns += ns_from_seconds(scenario->offset);
    client->own_clock.frequency = scenario->frequency;
    client->own_clock.wander = scenario->wander;
    client->own_clock.sine_amplitude = scenario->sine_amplitude;
    client->own_clock.sine_period = scenario->sine_period;
    client->up.base = client->down.base = scenario->base;
    client->up.jitter = scenario->jitter_up;
    client->down.jitter = scenario->jitter_down;
    client->up.delay = client->down.delay = scenario->shape;
    client->up.loss = client->down.loss = scenario->loss;
}

static struct sim *world(const struct scenario *scenario, uint64_t seed) {
    struct sim *sim = sim_new(seed, scenario->servers + 1);

    for (int i = 0; i < scenario->servers; i++) {
        sim_configure(sim_node(sim, i), "allow");
        sim_configure(sim_node(sim, i), "local stratum 1");
        sim_node(sim, i)->lie = i < scenario->false_servers ? SCENARIO_LIE : 0.0;
    }
    set_client(client_of(sim, scenario), scenario);
    return sim;
}

static void make_event(struct sim_node *client, const struct scenario *scenario) {
    client->up.base += scenario->base_up;
    client->down.base += scenario->base_down;
    client->own_clock.frequency += scenario->frequency_jump;
    client->up.down = scenario->silence > 0.0;
}

struct figures scenario_run(const struct scenario *row, uint64_t seed, scenario_observer *observer,
                            void *context) {
    const struct scenario completed_row = scenario_completed(row), *scenario = &completed_row;
    struct sim *sim = world(scenario, seed);
    struct sim_node *client = client_of(sim, scenario);
    struct figures figures = {0};
    long seconds = 0;

    for (double t = 1.0; t <= scenario->length; t += 1.0) {
        double error, rate;

        sim_run(sim, t);
        if (scenario->event > 0.0 && t == scenario->event)
            make_event(client, scenario);
        if (scenario->silence > 0.0 && t == scenario->event + scenario->silence)
            client->up.down = false;
        error = sim_error(client);
        rate = sim_rate(client);
        if (!(fabs(error) < scenario->limit))
            figures.sync = t;
        if (observer != NULL)
            observer(context, client);
        if (t <= scenario->settling)
            continue;
        figures.rms_time += error * error;
        figures.rms_frequency += rate * rate;
        figures.max_time = fmax(figures.max_time, fabs(error));
        seconds++;
    }
    figures.rms_time = sqrt(figures.rms_time / (double)seconds);
    figures.rms_frequency = sqrt(figures.rms_frequency / (double)seconds);
    sim_free(sim);
    return figures;
}
