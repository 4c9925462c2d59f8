/* The other world of the engine: any number of the shipped engines in one process, on clocks that
 * wander and a network that delays, loses, doubles and reorders, driven by one queue of events. One
 * seed decides everything. */
#ifndef CHRONOBOX_TESTS_SIM_SIM_H
#define CHRONOBOX_TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/engine/engine.h"

#define SIM_MAX_NODES      1024
#define SIM_MAX_SOCKETS    64
#define SIM_MAX_MATCHES    16
#define SIM_MAX_FILES      8
#define SIM_MAX_REPLY      1200
#define SIM_NO_CLOCK_ERROR 16.0 /* s: nobody has told the kernel how good its clock is */
#define SIM_PROBE_PORT     9999 /* answers to it are kept in `reply` */
#define SIM_START_UNIX     INT64_C(1262304000) /* 2010-01-01, true time when a simulation starts */

/* A seeded generator of its own, so that results are the same everywhere. */
struct sim_random {
    uint64_t state[4];
};

void sim_random_seed(struct sim_random *random, uint64_t seed);
uint64_t sim_random_u64(struct sim_random *random);
double sim_uniform(struct sim_random *random);     /* [0, 1) */
double sim_exponential(struct sim_random *random); /* mean 1 */
double sim_gaussian(struct sim_random *random);    /* mean 0, deviation 1 */

/* A kernel clock. Its oscillator runs `frequency` s/s fast, plus a random walk, plus a sine. */
struct sim_clock {
    double frequency; /* s/s, of the oscillator */
    double wander;    /* s/s per s, deviation of each second's step of frequency */
    double sine_amplitude, sine_period;             /* s/s, s */
    double granularity;                             /* s, readings are multiples of it */
    double (*extra_frequency)(double true_seconds); /* any function, s/s; NULL = none */
    bool no_control;                                /* steering is refused */
    /* state */
    double kernel;                  /* s/s, what was set */
    double kernel_limit;            /* s/s */
    int64_t true_ns;                /* when last advanced, ns since the start */
    int64_t clock_ns, monotonic_ns; /* readings at that moment */
    double fraction;                /* ns below the readings */
    int64_t oscillator_ns;
    double oscillator_fraction;
    double maximum_error, estimated_error; /* s, that the kernel was told; */
    int64_t told_ns;                       /* and when, ns since the start */
    double next_wander;                    /* true seconds of the next wander step */
    int leap, tai;                         /* what the kernel was told: 1 insert, -1 delete; s */
    bool leap_made;
    int steps; /* times it was stepped */
};

/* One direction of a path. delay() draws a packet's delay in s; NULL: base + jitter * exponential.
 */
struct sim_link {
    double base, jitter;
    double (*delay)(const struct sim_link *link, struct sim_random *random, double true_seconds);
    double loss, duplication; /* probabilities */
    bool down;
};

struct sim;

struct sim_node {
    struct sim *sim;
    int index;
    struct sim_clock own_clock,
        *clock; /* clock points to own_clock, or to another node's: one kernel, two daemons */
    struct sim_link up, down; /* out of the node, into it */
    double start;             /* s after the start of the simulation */
    struct config config;
    struct engine_options options;
    struct host host;
    struct engine *engine;
    bool running;
    int exit_status; /* -1 = running */
    struct {
        bool used;
        enum socket_kind kind;
        int port;
        struct endpoint remote;
    } sockets[SIM_MAX_SOCKETS];
    int next_port;
    struct sim_random random;
    uint64_t timer_generation;
    char drift[64];
    bool has_drift;
    uint64_t packets_in, packets_out;
    struct {
        char path[64];
        uint8_t *bytes;
        size_t length;
    } files[SIM_MAX_FILES];
    uint8_t reply[SIM_MAX_REPLY]; /* to a probe (probe.h) */
    size_t reply_length;
    int announced_leap;  /* the leap second of sim_leap() that its answers announce, and make */
    int announced_shift; /* s, that they made */
    bool unroutable;     /* no socket can be connected */
    bool deaf;           /* answers nothing: a stopped server */
    double lie;          /* s, added to what its clock reads: a falseticker */
    bool echo_log;       /* messages to stderr */
    struct {
        const char *needle;
        int count;
    } matches[SIM_MAX_MATCHES];
    int match_count;
    struct conf *conf;
    struct conf_reader conf_reader; /* of the files above */
};

typedef void sim_action(struct sim *sim, void *context);

/* A new world. nodes: at most SIM_MAX_NODES; node i has the address 192.168.x.y of sim_address(i).
 */
struct sim *sim_new(uint64_t seed, int nodes);
void sim_free(struct sim *sim);
struct sim_node *sim_node(struct sim *sim, int index);
int sim_node_count(const struct sim *sim);
struct address sim_address(int index);

/* The last node answers at all addresses of its own number and above, up to that of `addresses`
 * - 1. */
void sim_alias(struct sim *sim, int addresses);

/* Adds a configuration line; "%N" in it becomes the address of node N (`server %0 iburst`). Fails
 * the process on a line that does not parse. */
void sim_configure(struct sim_node *node, const char *line);

/* Counts log messages that contain needle, from now on; sim_matched gives the count. */
void sim_match(struct sim_node *node, const char *needle);
int sim_matched(const struct sim_node *node, const char *needle);

/* A name that resolves to a node's address from `after` s on. And one that has none any more. */
void sim_name(struct sim *sim, const char *name, int node, double after);
void sim_unname(struct sim *sim, const char *name);

/* Runs until true time `seconds` after the start; nodes start when their time comes. */
void sim_run(struct sim *sim, double seconds);

/* Right after sim_new: true time when the simulation starts, instead of SIM_START_UNIX. */
void sim_begin_at(struct sim *sim, int64_t unix_seconds);

/* True time has a leap second when it has gone on for `seconds`: 1 inserted, -1 left out. Clocks
 * make it when their kernel was told to. */
void sim_leap(struct sim *sim, double seconds, int direction);

/* A file that the node's engine can read; NULL removes it. And what it has written. */
void sim_write(struct sim_node *node, const char *path, const void *bytes, size_t length);
const char *sim_read(const struct sim_node *node, const char *path);

/* Calls action at true time `seconds`. */
void sim_at(struct sim *sim, double seconds, sim_action *action, void *context);

/* Stops a node cleanly; starts it (again). */
void sim_stop(struct sim_node *node);
void sim_start(struct sim_node *node);

/* Ends a node as a crash does: it leaves everything as it is. */
void sim_crash(struct sim_node *node);

/* The engine was called from outside: its timer is set anew. */
void sim_schedule(struct sim_node *node);

double sim_now(const struct sim *sim);

/* The node's system clock minus true time, s; and its present rate minus 1, s/s. */
double sim_error(struct sim_node *node);
double sim_rate(struct sim_node *node);

/* Steps a node's system clock from outside. */
void sim_step(struct sim_node *node, double seconds);

/* A number that depends on every packet and every steering so far: equal for equal seeds. */
uint64_t sim_trace(const struct sim *sim);

#endif
