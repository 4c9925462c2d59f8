/* The cases (sanity.h): the table, and how a row becomes a world. */
#include "tests/sim/sanity.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#define ERA_1     INT64_C(2085978496) /* 2036-02-07 06:28:16 UTC: NTP's seconds start anew */
#define END_2016  INT64_C(1483228800) /* 2017-01-01, after a leap second */
#define PERIOD    10000.0             /* s, of a network that comes and goes */
#define LEAP_BLUR 2.0                 /* s around a leap second that are not looked at */
#define MAX_LINE  128

#define SELECTED    "Selected source"
#define FALSETICKER "Detected falseticker"
#define NO_MAJORITY "Can't synchronise: no majority"
#define JUMPED      "time jump detected"

/* An answer may come after the next request, or never. */
static double out_of_order(const struct sim_link *link, struct sim_random *random, double seconds) {
    (void)seconds;
    return sim_uniform(random) < 0.3 ? 5.0 * sim_uniform(random)
                                     : link->base + link->jitter * sim_exponential(random);
}

const struct sanity sanities[] = {
    {"100 s ahead, slewed", .options = "", .offset = 100.0, .from = 1400, .to = 3000, .limit = 1e-3,
     .not_yet = 1300},
    {"100 s behind, slewed", .options = "", .offset = -100.0, .from = 1400, .to = 3000,
     .limit = 1e-3, .not_yet = 1300},
    {"1e8 s ahead, stepped", .line = "makestep 1.0 3", .offset = 1e8, .from = 600, .to = 2000,
     .limit = 1e-3, .steps = 1, .said = "System clock was stepped by", .unsaid = JUMPED},
    {"1e8 s behind, stepped", .line = "makestep 1.0 3", .offset = -1e8, .from = 600, .to = 2000,
     .limit = 1e-3, .steps = 1, .said = "System clock was stepped by", .unsaid = JUMPED},
    {"5 % fast", .frequency = 0.05, .from = 2000, .to = 10000, .limit = 1e-3},
    {"5 % slow", .frequency = -0.05, .from = 2000, .to = 10000, .limit = 1e-3},
    {"5 % fast, no iburst", .options = "", .frequency = 0.05, .from = 2000, .to = 10000,
     .limit = 1e-3},
    {"network up 3000 s of 10000", .off = 7000, .from = 2000, .to = 50000, .limit = 1e-2,
     .said = SELECTED},
    {"stepped 5 s from outside", .event = 2000, .step = 5.0, .from = 2400, .to = 6000,
     .limit = 1e-3, .unsaid = JUMPED},
    {"stepped -0.3 s from outside", .event = 2000, .step = -0.3, .from = 2400, .to = 6000,
     .limit = 1e-3, .unsaid = JUMPED},
    {"stepped 30 s from outside", .line = "makestep 20.0 -1", .event = 2000, .step = 30.0,
     .from = 2400, .to = 6000, .limit = 1e-3, .steps = 1, .said = JUMPED},
    {"stepped -1000 s from outside", .line = "makestep 20.0 -1", .event = 2000, .step = -1000.0,
     .from = 2400, .to = 6000, .limit = 1e-3, .steps = 1, .said = JUMPED},
    {"stepped 1000 s from outside", .line = "makestep 20.0 -1", .event = 2000, .step = 1000.0,
     .from = 2400, .to = 6000, .limit = 1e-3, .steps = 1, .said = JUMPED},
    {"NTP era changes, 2036", .begin = ERA_1 - 3000, .from = 1000, .to = 6000, .limit = 1e-3,
     .said = SELECTED},
    {"started in era 1 with a clock in era 0", .line = "makestep 1.0 3", .begin = ERA_1 + 100000000,
     .offset = -1e9, .from = 600, .to = 2000, .limit = 1e-3, .steps = 1},
    {"leap second inserted", .begin = END_2016 - 3600, .event = 3600, .leap = 1, .from = 600,
     .to = 10000, .limit = 1e-3, .said = "System clock status set to insert leap second"},
    {"leap second left out", .begin = END_2016 - 3600, .event = 3599, .leap = -1, .from = 600,
     .to = 10000, .limit = 1e-3, .said = "System clock status set to delete leap second"},
    {"1 liar of 3", .servers = 3, .liars = 1, .lie = 0.3, .from = 1000, .to = 20000, .limit = 1e-3,
     .said = FALSETICKER},
    {"2 liars of 5", .servers = 5, .liars = 2, .lie = 0.3, .from = 1000, .to = 20000, .limit = 1e-3,
     .unsaid = NO_MAJORITY},
    {"3 liars of 7", .servers = 7, .liars = 3, .lie = 0.3, .from = 1000, .to = 20000, .limit = 1e-3,
     .unsaid = NO_MAJORITY},
    {"4 liars of 9", .servers = 9, .liars = 4, .lie = 0.3, .from = 1000, .to = 20000, .limit = 1e-3,
     .unsaid = NO_MAJORITY},
    {"two camps of 1", .servers = 2, .liars = 1, .lie = 0.3, .to = 20000, .said = NO_MAJORITY,
     .unsaid = SELECTED},
    {"two camps of 2", .servers = 4, .liars = 2, .lie = 0.3, .to = 20000, .said = NO_MAJORITY,
     .unsaid = SELECTED},
    {"two camps of 4", .servers = 8, .liars = 4, .lie = 0.3, .to = 20000, .said = NO_MAJORITY,
     .unsaid = SELECTED},
    {"four equals take no turns", .servers = 4, .from = 1000, .to = 86400, .limit = 3e-4,
     .said = SELECTED},
    {"jitter on the way up alone", .jitter_up = 5e-3, .jitter_down = 1e-4, .from = 10000,
     .to = 30000, .limit = 4e-4},
    {"jitter on the way down alone", .jitter_up = 1e-4, .jitter_down = 5e-3, .from = 10000,
     .to = 30000, .limit = 4e-4},
    {"every packet doubled", .duplication = 1.0, .from = 1000, .to = 20000, .limit = 3e-4},
    {"packets out of order, some doubled", .options = "iburst minpoll 0 maxpoll 2",
     .shape = out_of_order, .duplication = 0.3, .from = 1000, .to = 6000, .limit = 1e-3},
    {"half of the packets lost", .loss = 0.5, .from = 5000, .to = 40000, .limit = 1e-3},
};

const int sanity_count = sizeof(sanities) / sizeof(*sanities);

static void set_client(struct sim_node *client, const struct sanity *row, int servers) {
    double up = row->jitter_up > 0.0 ? row->jitter_up : 1e-4,
           down = row->jitter_down > 0.0 ? row->jitter_down : 1e-4;
    char line[MAX_LINE];

    for (int i = 0; i < servers; i++) {
        snprintf(line, sizeof(line), "server %%%d %s", i,
                 row->options != NULL ? row->options : "iburst maxpoll 6");
        sim_configure(client, line);
    }
    if (row->line != NULL)
        sim_configure(client, row->line);
    client->own_clock.clock_ns += ns_from_seconds(row->offset);
    client->own_clock.frequency = row->frequency != 0.0 ? row->frequency : 20e-6;
    client->own_clock.wander = 1e-9;
    client->up = (struct sim_link){1e-4, up, row->shape, row->loss, row->duplication, false};
    client->down = (struct sim_link){1e-4, down, row->shape, row->loss, row->duplication, false};
    if (row->said != NULL)
        sim_match(client, row->said);
    if (row->unsaid != NULL)
        sim_match(client, row->unsaid);
}

static struct sim *world(const struct sanity *row, uint64_t seed) {
    int servers = row->servers > 0 ? row->servers : 1;
    struct sim *sim = sim_new(seed, servers + 1);

    if (row->begin != 0)
        sim_begin_at(sim, row->begin);
    if (row->leap != 0)
        sim_leap(sim, row->event, row->leap);
    for (int i = 0; i < servers; i++) {
        struct sim_node *server = sim_node(sim, i);

        sim_configure(server, "allow");
        sim_configure(server, "local stratum 1");
        server->lie = i < row->liars ? row->lie : 0.0;
        server->announced_leap = row->leap;
    }
    set_client(sim_node(sim, servers), row, servers);
    return sim;
}

static bool is_judged(const struct sanity *row, double t) {
    return t >= row->from && (row->leap == 0 || fabs(t - row->event) > LEAP_BLUR);
}

static bool holds(const struct sanity *row, const struct sanity_result *result) {
    return (row->limit == 0.0 || result->worst < row->limit) && !result->early &&
           result->steps == row->steps && (row->said == NULL || result->said > 0) &&
           result->unsaid == 0;
}

struct sanity_result sanity_run(const struct sanity *row, uint64_t seed) {
    struct sim *sim = world(row, seed);
    struct sim_node *client = sim_node(sim, sim_node_count(sim) - 1);
    struct sanity_result result = {0};

    for (double t = 1.0; t <= row->to; t += 1.0) {
        sim_run(sim, t);
        if (t == row->event && row->step != 0.0)
            sim_step(client, row->step);
        if (row->off > 0.0)
            client->up.down = fmod(t, PERIOD) >= PERIOD - row->off;
        if (is_judged(row, t))
            result.worst = fmax(result.worst, fabs(sim_error(client)));
        if (t == row->not_yet)
            result.early = fabs(sim_error(client)) < row->limit;
    }
    result.steps = client->own_clock.steps;
    if (row->said != NULL)
        result.said = sim_matched(client, row->said);
    if (row->unsaid != NULL)
        result.unsaid = sim_matched(client, row->unsaid);
    result.holds = holds(row, &result);
    sim_free(sim);
    return result;
}
