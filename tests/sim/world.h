/* What the rooms of the simulator share: the world, its events, and who fills which part of a host.
 * Private to tests/sim. */
#ifndef CHRONOBOX_TESTS_SIM_WORLD_H
#define CHRONOBOX_TESTS_SIM_WORLD_H

#include "tests/sim/sim.h"

#define MAX_NAMES  64
#define MAX_PACKET 1200

enum event_kind { EVENT_TIMER, EVENT_PACKET, EVENT_RESOLVED, EVENT_ACTION, EVENT_START };

struct event {
    int64_t time; /* true ns since the start */
    uint64_t order;
    enum event_kind kind;
    int node;
    uint64_t generation;
    void *data;
    sim_action *action;
};

struct flight {
    struct endpoint from, to;
    size_t length;
    uint8_t bytes[MAX_PACKET];
};

struct lookup {
    uint32_t id;
    char name[CONFIG_MAX_NAME];
};

struct sim {
    bool launched;
    int64_t now;
    uint64_t order, trace;
    struct sim_random random;
    int64_t begin_ns, leap_ns; /* true time is begin + now + leap */
    int node_count;
    int addresses; /* sim_alias() */
    struct sim_node **nodes;
    struct event *heap;
    int heap_count, heap_size;
    struct {
        const char *name;
        int node;
        double after;
    } names[MAX_NAMES];
    int name_count;
};

/* sim.c: something will happen; something has, that the trace depends on. */
void world_push(struct sim *sim, struct event event);
void world_note(struct sim *sim, uint64_t value);

/* sim.c: whoever else lives on this node's clock is called at the time that it now takes. */
void world_rate_changed(struct sim_node *changer);

/* clocks.c: brings a clock to the present; its rate (1 = true) at a true time. */
void world_advance(struct sim *sim, struct sim_clock *clock);
double world_rate(const struct sim_clock *clock, double seconds);

/* network.c: a packet has arrived; a name is resolved. */
void world_deliver(struct sim_node *node, const struct flight *flight);
void world_answer(struct sim_node *node, const struct lookup *lookup);

void world_fill_clock(const struct sim_node *node, struct host *host);
void world_fill_network(struct host *host);
void world_fill_files(struct sim_node *node, struct host *host);

#endif
