/* The scenarios by which this clock is judged: one client, one server or a few with a perfect
 * clock, an oscillator that wanders and a network that delays. The published ones carry what chrony
 * reaches on them (docs/accuracy.md); the others are shapes of jitter and events that have no
 * figures. */
#ifndef CHRONOBOX_TESTS_SIM_SCENARIOS_H
#define CHRONOBOX_TESTS_SIM_SCENARIOS_H

#include "tests/sim/sim.h"

#define SCENARIO_LIE 0.3 /* s, of the false servers */

/* What a run is judged by. The first three are of the system clock against true time, looked at
 * each second after the settling time. */
struct figures {
    double rms_time;      /* s */
    double rms_frequency; /* s/s, the slew included */
    double max_time;      /* s */
    double sync;          /* s from the start until the error stays below the scenario's limit */
};

typedef double scenario_shape(const struct sim_link *link, struct sim_random *random,
                              double seconds);

/* What is 0 or NULL below jitter is as usual: one server, poll 64 s, 10 ms and 10 ppm wrong at the
 * start, 40000 s of which 10000 s are for settling, no event. */
struct scenario {
    const char *name;
    double wander;                 /* s/s per s */
    double base;                   /* s, least delay each way */
    double jitter_up, jitter_down; /* s, mean excess each way */
    scenario_shape *shape;         /* of the excess; NULL = exponential */
    int minpoll, maxpoll;
    int servers, false_servers;         /* the false ones, 0.3 s off, are among the servers */
    const char *options;                /* of the server lines */
    const char *line;                   /* one more line of configuration, or NULL */
    double offset, frequency;           /* s, s/s: how wrong the clock is at the start */
    double sine_amplitude, sine_period; /* s/s, s */
    double loss;                        /* probability, each packet */
    double length, settling;            /* s */
    double limit;                       /* s, for figures.sync */
    struct figures chrony;              /* 0 = not known */
    /* One event in the run. */
    double event;              /* s after the start; 0 = none */
    double base_up, base_down; /* s, added to the base delays */
    double frequency_jump;     /* s/s */
    double silence;            /* s without packets */
};

extern const struct scenario scenarios[];
extern const int scenario_count, scenario_published; /* the published ones come first */

const struct scenario *scenario_find(const char *name);

/* The row with what it does not say filled in. */
struct scenario scenario_completed(const struct scenario *row);

/* s, from the start to the end, and how much of it is for settling. */
double scenario_length(const struct scenario *row, double *settling);

/* The client of a running scenario, at each second. */
typedef void scenario_observer(void *context, struct sim_node *client);

/* Runs a scenario; observer may be NULL. */
struct figures scenario_run(const struct scenario *row, uint64_t seed, scenario_observer *observer,
                            void *context);

#endif
