/* One kernel, two daemons: a server that follows the truth and a client that follows the server
 * steer the same clock. It must be held as well as by the server alone, whoever comes and goes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/sim/sim.h"

#define TRUTH  0
#define SERVER 1
#define CLIENT 2
#define THIRD  3
#define NODES  4

#define SEEDS      5
#define MAX_LINES  4
#define MAX_EVENTS 4
#define MAX_RATIO  1.2 /* of root mean squares of the error, over all seeds */
#define MAX_WORST  1.5 /* of the worst errors */
#define MAX_RATE   1.2 /* of the worst rates, and RATE_FLOOR */
#define RATE_FLOOR 1e-6
#define JITTER     1e-4  /* s, each way, mean */
#define WANDER     1e-9  /* s/s per s */
#define FREQUENCY  30e-6 /* s/s, to find */
#define NEVER      1e9
#define END        12000.0
#define SETTLED    3000.0
#define SAID       "System clock interference detected (another NTP client?)"

#define DEATH        6000 /* of the server */
#define TAKEN_WITHIN 600  /* s: not asked for after 8 polls of 16 s; silent for 16 updates */
#define TOLD_WITHIN  100  /* s */

struct happening {
    double time;
    int node;
    void (*action)(struct sim_node *node);
};

/* Times are s after the start of the simulation. A daemon that starts at 0 is not part of it. */
struct scenario {
    const char *name;
    const char *server[MAX_LINES], *client[MAX_LINES], *third[MAX_LINES];
    double start[NODES];
    struct happening happenings[MAX_EVENTS];
    double offset;            /* s, of the clock at the start */
    const char *drift[NODES]; /* contents of driftfiles */
    double from;              /* s: what comes before is not judged; 0 = SETTLED */
    bool interfered;          /* the server notices others when it is alone, too */
};

struct result {
    double square, worst, fastest; /* s^2, sum over the seconds; s; s/s */
    int said;                      /* by all */
    bool repeated;                 /* by one of them, more often than it was started */
};

static void step_ahead(struct sim_node *node) {
    sim_step(node, 3.0);
}

/* adjtimex by hand: the kernel is told a frequency, and nothing else. */
static void turn_frequency(struct sim_node *node) {
    double actual;

    node->host.set_frequency(node, node->clock->kernel + 50e-6, &actual);
}

static const struct scenario scenarios[] = {
    {.name = "both started together", .start = {0, 1, 1}},
    {.name = "server healthy, then client", .start = {0, 1, 15}},
    {.name = "client first", .start = {0, 1000, 1}},
    {.name = "client 1000 s later", .start = {0, 1, 1000}},
    {.name = "client 10000 s later", .start = {0, 1, 10000}},
    {.name = "server stopped and restarted",
     .start = {0, 1, 15},
     .happenings = {{6000, SERVER, sim_stop}, {6003, SERVER, sim_start}}},
    {.name = "server gone for 2000 s",
     .start = {0, 1, 15},
     .happenings = {{6000, SERVER, sim_stop}, {8000, SERVER, sim_start}}},
    {.name = "server crashes, gone for 2000 s",
     .start = {0, 1, 15},
     .happenings = {{6000, SERVER, sim_crash}, {8000, SERVER, sim_start}}},
    {.name = "client stopped and restarted",
     .start = {0, 1, 15},
     .happenings = {{6000, CLIENT, sim_stop}, {8000, CLIENT, sim_start}}},
    {.name = "client crashes at once and returns",
     .start = {0, 1, 15},
     .happenings = {{25, CLIENT, sim_crash}, {5000, CLIENT, sim_start}}},
    {.name = "both restarted, client first",
     .start = {0, 1, 15},
     .happenings = {{6000, SERVER, sim_stop},
                    {6001, CLIENT, sim_stop},
                    {6010, CLIENT, sim_start},
                    {6020, SERVER, sim_start}}},
    {.name = "two seconds to slew", .start = {0, 1, 1}, .offset = 2.0, .from = 1},
    {.name = "two seconds to slew, client later", .start = {0, 1, 15}, .offset = -2.0, .from = 1},
    {.name = "thirty seconds to slew, client later",
     .start = {0, 1, 15},
     .offset = -30.0,
     .from = 1},
    {.name = "both may step",
     .server = {"makestep 1.0 3", "driftfile /d"},
     .client = {"makestep 1.0 3", "driftfile /d"},
     .start = {0, 1, 1},
     .offset = 5.0,
     .from = 100},
    {.name = "the server may step",
     .server = {"makestep 1.0 3"},
     .start = {0, 1, 1},
     .offset = -5.0,
     .from = 100},
    {.name = "the client may step",
     .client = {"makestep 1.0 3"},
     .start = {0, 1, 1},
     .offset = 5.0},
    {.name = "the client starts later and may step",
     .client = {"makestep 1.0 3"},
     .start = {0, 1, 15},
     .offset = 5.0},
    {.name = "a driftfile at the server",
     .server = {"driftfile /d"},
     .start = {0, 1, 1},
     .drift = {NULL, "30.0 0.1", NULL}},
    {.name = "a driftfile at the client",
     .client = {"driftfile /d"},
     .start = {0, 1, 500},
     .drift = {NULL, NULL, "-20.0 0.1"}},
    {.name = "wrong driftfiles at both",
     .server = {"driftfile /d"},
     .client = {"driftfile /d"},
     .start = {0, 1, 2},
     .drift = {NULL, "-10.0 1.0", "80.0 1.0"}},
    {.name = "the client polls more often",
     .client = {"server %1 iburst minpoll 4 maxpoll 4"},
     .start = {0, 1, 15}},
    {.name = "the server polls more often",
     .server = {"server %0 iburst minpoll 4 maxpoll 4"},
     .start = {0, 1, 15}},
    {.name = "the server polls rarely, the client often",
     .server = {"server %0 iburst minpoll 10 maxpoll 10"},
     .client = {"server %1 iburst minpoll 4 maxpoll 4"},
     .start = {0, 1, 15}},
    {.name = "both poll every second",
     .server = {"server %0 iburst minpoll 0 maxpoll 0"},
     .client = {"server %1 iburst minpoll 0 maxpoll 0"},
     .start = {0, 1, 15}},
    {.name = "the client has a source of its own",
     .client = {"server %1 iburst", "server %0 iburst"},
     .start = {0, 1, 15}},
    {.name = "server gone, the client has a source of its own",
     .client = {"server %1 iburst", "server %0 iburst"},
     .start = {0, 1, 15},
     .happenings = {{6000, SERVER, sim_stop}, {9000, SERVER, sim_start}}},
    {.name = "a third that follows the client",
     .client = {"server %1 iburst", "allow"},
     .third = {"server %2 iburst"},
     .start = {0, 1, 15, 30}},
    {.name = "a third that follows the server",
     .third = {"server %1 iburst"},
     .start = {0, 1, 15, 1000}},
    {.name = "clock stepped from outside",
     .start = {0, 1, 15},
     .happenings = {{6000, SERVER, step_ahead}},
     .interfered = true},
    {.name = "frequency changed from outside",
     .start = {0, 1, 15},
     .happenings = {{6000, SERVER, turn_frequency}},
     .interfered = true},
};

/* Every clock and path has its own stream, so that the server meets the same world in both runs. */
static double walk[(int)END + 2];
static struct sim_random delays[NODES][2];
static const struct sim_link *links[NODES][2];

static double wander(double seconds) {
    return walk[(int)seconds];
}

static double delay(const struct sim_link *link, struct sim_random *random, double seconds) {
    (void)random;
    (void)seconds;
    for (int i = 0; i < NODES; i++) {
        for (int k = 0; k < 2; k++) {
            if (links[i][k] == link)
                return 1e-4 + JITTER * sim_exponential(&delays[i][k]);
        }
    }
    return 0.0;
}

static void prepare_world(struct sim *sim, uint64_t seed) {
    struct sim_random random;

    sim_random_seed(&random, seed + 1000);
    walk[0] = FREQUENCY;
    for (size_t i = 1; i < sizeof(walk) / sizeof(*walk); i++)
        walk[i] = walk[i - 1] + WANDER * sim_gaussian(&random);
    for (int i = 0; i < NODES; i++) {
        struct sim_node *node = sim_node(sim, i);

        links[i][0] = &node->up;
        links[i][1] = &node->down;
        node->up.delay = node->down.delay = delay;
        for (int k = 0; k < 2; k++)
            sim_random_seed(&delays[i][k], seed * 10 + (uint64_t)(2 * i + k));
    }
}

static void configure(struct sim_node *node, const char *const *lines, const char *fallback) {
    bool has_source = false;

    for (int i = 0; i < MAX_LINES && lines[i] != NULL; i++) {
        sim_configure(node, lines[i]);
        has_source |= lines[i][0] == 's';
    }
    if (!has_source && fallback != NULL)
        sim_configure(node, fallback);
    sim_match(node, SAID);
}

static void act(struct sim *sim, void *context) {
    const struct happening *happening = context;

    happening->action(sim_node(sim, happening->node));
}

/* shared: all on one clock; else only the server is, and the others are there and ask on their own
 * clocks. */
static struct sim *build(const struct scenario *scenario, uint64_t seed, bool shared) {
    struct sim *sim = sim_new(seed, NODES);
    struct sim_node *server = sim_node(sim, SERVER);

    prepare_world(sim, seed);
    sim_configure(sim_node(sim, TRUTH), "allow");
    sim_configure(sim_node(sim, TRUTH), "local stratum 1");
    sim_configure(server, "allow");
    configure(server, scenario->server, "server %0 iburst");
    configure(sim_node(sim, CLIENT), scenario->client, "server %1 iburst");
    configure(sim_node(sim, THIRD), scenario->third, NULL);
    server->own_clock.extra_frequency = wander;
    server->own_clock.clock_ns += ns_from_seconds(scenario->offset);
    for (int i = SERVER; i < NODES; i++) {
        struct sim_node *node = sim_node(sim, i);

        node->start = scenario->start[i] > 0.0 ? scenario->start[i] : NEVER;
        if (scenario->drift[i] != NULL) {
            snprintf(node->drift, sizeof(node->drift), "%s", scenario->drift[i]);
            node->has_drift = true;
        }
        if (shared)
            node->clock = &server->own_clock;
    }
    for (int i = 0; i < MAX_EVENTS && scenario->happenings[i].time > 0.0; i++) {
        const struct happening *happening = &scenario->happenings[i];

        if (shared || happening->node == SERVER)
            sim_at(sim, happening->time, act, (void *)(uintptr_t)happening);
    }
    return sim;
}

static int starts(const struct scenario *scenario, int node) {
    int count = 1;

    for (int i = 0; i < MAX_EVENTS; i++)
        count +=
            scenario->happenings[i].node == node && scenario->happenings[i].action == sim_start;
    return count;
}

static void run(const struct scenario *scenario, uint64_t seed, bool shared,
                struct result *result) {
    struct sim *sim = build(scenario, seed, shared);
    struct sim_node *server = sim_node(sim, SERVER);
    double from = scenario->from > 0.0 ? scenario->from : SETTLED;

    for (double t = from; t <= END; t += 1.0) {
        double error;

        sim_run(sim, t);
        error = fabs(sim_error(server));
        result->square += error * error;
        result->worst = fmax(result->worst, error);
        result->fastest = fmax(result->fastest, fabs(sim_rate(server)));
    }
    for (int i = SERVER; i < NODES; i++) {
        int said = sim_matched(sim_node(sim, i), SAID);

        result->said += said;
        result->repeated |= said > starts(scenario, i);
    }
    sim_free(sim);
}

static void clock_is_held_as_well_as_by_the_server_alone(void **state) {
    const struct scenario *scenario = *state;
    struct result alone = {0.0, 0.0, 0.0, 0, false}, shared = alone;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(scenario, seed, false, &alone);
        run(scenario, seed, true, &shared);
    }
    print_message("             rms %.2f, worst %.2f of the server's alone\n",
                  sqrt(shared.square / alone.square), shared.worst / alone.worst);
    assert_true(sqrt(shared.square / alone.square) <= MAX_RATIO);
    assert_true(shared.worst <= MAX_WORST * alone.worst);
    assert_true(shared.fastest <= MAX_RATE * alone.fastest + RATE_FLOOR);
    assert_true(shared.said > 0);
    assert_false(shared.repeated);
    assert_true(alone.said == 0 || scenario->interfered);
}

/* The server dies without a word; the client, who has another source, was deferring. From then on
 * it is the client who tells the kernel how good the clock is. */
static void survivor_takes_the_clock(void **state) {
    static const struct scenario scenario = {
        .server = {"server %0 iburst minpoll 4 maxpoll 4"},
        .client = {"server %1 iburst minpoll 4 maxpoll 4", "server %0 iburst minpoll 4 maxpoll 4"},
        .start = {0, 1, 15},
        .happenings = {{DEATH, SERVER, sim_crash}},
    };

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sim *sim = build(&scenario, seed, true);
        const struct sim_clock *clock = &sim_node(sim, SERVER)->own_clock;

        for (double t = DEATH + TAKEN_WITHIN; t <= END; t += TOLD_WITHIN) {
            sim_run(sim, t);
            assert_true((double)clock->told_ns * 1e-9 > t - TOLD_WITHIN);
            assert_true(fabs(sim_error(sim_node(sim, SERVER))) < 1e-3);
        }
        sim_free(sim);
    }
}

/* Nothing is known of the truth: the server serves its own clock, and what the client steers is
 * what it measures. The clock keeps the frequency of the first estimate; it must not run away. */
static void local_clock_and_its_follower_do_not_run_away(void **state) {
    static const struct scenario scenario = {
        .server = {"server 192.168.200.1", "local stratum 10"},
        .start = {0, 1, 400},
    };

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sim *sim = build(&scenario, seed, true);
        struct sim_node *server = sim_node(sim, SERVER);
        double settled;

        sim_run(sim, SETTLED);
        settled = server->own_clock.kernel;
        sim_run(sim, END);
        assert_true(fabs(settled) < 1e-4);
        assert_true(fabs(server->own_clock.kernel - settled) < 5e-6);
        sim_free(sim);
    }
}

#define CASES (sizeof(scenarios) / sizeof(*scenarios))

int main(void) {
    struct CMUnitTest tests[CASES + 2] = {
        cmocka_unit_test(survivor_takes_the_clock),
        cmocka_unit_test(local_clock_and_its_follower_do_not_run_away),
    };

    for (size_t i = 0; i < CASES; i++)
        tests[i + 2] = (struct CMUnitTest){
            .name = scenarios[i].name,
            .test_func = clock_is_held_as_well_as_by_the_server_alone,
            .initial_state = (void *)(uintptr_t)&scenarios[i],
        };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
