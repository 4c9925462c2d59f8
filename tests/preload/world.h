/* What the preloaded library (preload.h) and the coordinator (coordinator.h) share: the kernel
 * clocks of all nodes in shared memory, and messages over a socket for each node. Exactly one of
 * the processes runs at any moment, so nothing here needs a lock. */
#ifndef CHRONOBOX_TESTS_PRELOAD_WORLD_H
#define CHRONOBOX_TESTS_PRELOAD_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/timex.h>

#define WORLD_MAX_NODES   12
#define WORLD_MAX_PAYLOAD 4000
#define WORLD_START_UNIX  INT64_C(1262304000) /* 2010-01-01: true time when most worlds start */
#define WORLD_NEVER       INT64_MAX
#define WORLD_SECOND      INT64_C(1000000000) /* ns */

/* Descriptors that a node inherits: above what poll and open may see. */
#define WORLD_CONNECTION 400
#define WORLD_SHARED     401
#define WORLD_NOTES      402
#define WORLD_NODE       "PRELOAD_NODE" /* environment: the number of the node, from 1 */

/* A kernel clock on an oscillator. Readings are ns at true_ns; the fractions are what is below
 * them. */
struct kernel_clock {
    double oscillator; /* s/s, fast is positive */
    int64_t true_ns;   /* since the world's start */
    int64_t real_ns, monotonic_ns, raw_ns;
    double fraction, raw_fraction;
    long tick, freq; /* as struct timex has them */
    int status, tai;
    long maxerror, esterror, constant;
    int64_t slewing_ns; /* left of adjtime() */
    double slewing;     /* s/s, of it in this second */
    bool leap_made;
    int adjustments, steps; /* how often it was steered */
};

struct world_shared {
    int64_t now_ns; /* true time since the start */
    struct kernel_clock clocks[WORLD_MAX_NODES + 1];
};

void kernel_clock_init(struct kernel_clock *clock, int64_t unix_seconds, double offset);
void kernel_clock_advance(struct kernel_clock *clock, int64_t now_ns);
/* What happens each second beside the hands moving: errors grow, adjtime() goes on. */
void kernel_clock_second(struct kernel_clock *clock);
/* The rate against true time, minus 1. */
double kernel_clock_rate(const struct kernel_clock *clock);
/* The first true time at which the monotonic clock has reached that reading, at the present rate.
 */
int64_t kernel_clock_when(const struct kernel_clock *clock, int64_t monotonic_ns);
void kernel_clock_set(struct kernel_clock *clock, int64_t real_ns);
/* adjtimex(2). -1 with errno set, or the state. */
int kernel_clock_adjust(struct kernel_clock *clock, struct timex *change);

enum world_message_kind {
    WORLD_PACKET, /* both ways */
    WORLD_WAIT,   /* the node sleeps until a packet comes or `deadline` */
    WORLD_RESUME, /* the node goes on */
    WORLD_END,    /* it goes on, and is to end */
    WORLD_BYE     /* the node leaves by exit() */
};

enum { WORLD_IP = 1, WORLD_UNIX = 2 };

struct world_message {
    enum world_message_kind kind;
    int subnet, from, to; /* nodes; 255 = all */
    uint16_t from_port, to_port;
    uint32_t length;
    int64_t deadline; /* of the node's monotonic clock */
    uint8_t bytes[WORLD_MAX_PAYLOAD];
};

#endif
