/* Cases that need no comparison: what must hold of any daemon that disciplines a clock. One client,
 * its servers with perfect clocks, and one thing that is out of the ordinary. */
#ifndef CHRONOBOX_TESTS_SIM_SANITY_H
#define CHRONOBOX_TESTS_SIM_SANITY_H

#include "tests/sim/scenarios.h"

/* What is 0 or NULL is as usual: one server asked with `iburst maxpoll 6`, 0.1 ms each way and as
 * much jitter, a clock that is right and runs 20 ppm fast. */
struct sanity {
    const char *name;
    int servers, liars;         /* the first of the servers are off by `lie` */
    double lie;                 /* s */
    const char *options, *line; /* of the server lines; of the configuration */
    double offset, frequency;   /* s, s/s: how wrong the clock is at the start */
    int64_t begin;              /* s since 1970: true time at the start */
    scenario_shape *shape;      /* of the delays */
    double jitter_up, jitter_down, loss, duplication;
    double event;              /* s after the start ... */
    double step;               /* s, by which the clock is stepped from outside then */
    int leap;                  /* a leap second then: 1 inserted, -1 left out */
    double off;                /* s that the network is down of every 10000 s */
    double from, to;           /* s after the start: when the clock has to be right */
    double limit;              /* s: how right; 0 = it need not be */
    double not_yet;            /* s after the start: still wrong then, as it is slewed; 0 = any */
    int steps;                 /* that we make */
    const char *said, *unsaid; /* a message that comes once; one that does not come */
};

struct sanity_result {
    double worst; /* s */
    int steps, said, unsaid;
    bool early; /* right before `not_yet` */
    bool holds;
};

extern const struct sanity sanities[];
extern const int sanity_count;

struct sanity_result sanity_run(const struct sanity *row, uint64_t seed);

#endif
