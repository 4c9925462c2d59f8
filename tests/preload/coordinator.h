/* The coordinator of a world of unmodified programs under the preloaded library: it starts them,
 * lets exactly one run at a time, moves true time from event to event, delays and loses packets,
 * lets clocks wander, and looks at every clock each second. */
#ifndef CHRONOBOX_TESTS_PRELOAD_COORDINATOR_H
#define CHRONOBOX_TESTS_PRELOAD_COORDINATOR_H

#include <stdio.h>
#include <sys/types.h>

#include "tests/preload/world.h"
#include "tests/sim/sim.h"

#define WORLD_MAX_FLIGHTS 512
#define WORLD_MAX_EVENTS  16

struct coordinator;

/* What is looked at each second is the system clock against true time. */
struct node_figures {
    double rms_time, max_time;           /* s, after settling */
    double rms_frequency, max_frequency; /* s/s, steering included, after settling */
    double sync;                         /* s until both errors stay below the limits */
    int packets_in, packets_out;
    double mean_in, mean_out, min_out; /* s between packets */
};

struct world_node {
    char **command;                     /* NULL-terminated; NULL: a node without a process */
    double start;                       /* s */
    double offset, frequency, wander;   /* s, s/s, s/s per s */
    double sine_amplitude, sine_period; /* s/s, s */
    /* state */
    pid_t pid;
    int fd;
    bool running, waiting, left;
    int64_t deadline; /* of its monotonic clock */
    int status;       /* of waitpid() */
    double left_at;   /* s */
    int waits;        /* times that it went to sleep */
    double last_in, last_out;
    struct node_figures figures;
};

struct world_flight {
    int64_t arrival;
    struct world_message *message;
};

struct world_event {
    double time; /* s */
    void (*make)(struct coordinator *world, void *context);
    void *context;
};

/* To be filled before world_run(). Nodes are 1 to count; links[from][to]. */
struct coordinator {
    const char *library;   /* path of the preloaded library */
    const char *directory; /* working directory of all nodes; their output goes to log.N there */
    bool logs;             /* also log.offset, log.freq and log.packets */
    int64_t start_unix;    /* true time at the start; 0 = WORLD_START_UNIX */
    double length, settling;
    double time_limit, frequency_limit; /* for figures.sync */
    int count;
    struct world_node nodes[WORLD_MAX_NODES + 1];
    struct sim_link links[WORLD_MAX_NODES + 1][WORLD_MAX_NODES + 1];
    struct world_event events[WORLD_MAX_EVENTS];
    int event_count;
    struct sim_random random;
    /* state */
    struct world_shared *shared;
    int shared_fd;
    struct world_flight flights[WORLD_MAX_FLIGHTS]; /* sorted, latest first */
    int flight_count;
    long seconds;
    FILE *offset_log, *frequency_log, *packet_log;
};

/* False, with a line on standard error: a node failed. The clocks can be looked at until
 * world_free(). */
bool world_run(struct coordinator *world);
void world_free(struct coordinator *world);

#endif
