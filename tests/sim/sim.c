/* The simulated world (sim.h): its nodes, and the queue of what happens next. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf/conf.h"
#include "tests/sim/world.h"

#define GRANULARITY 1e-9
#define TRACE_PRIME UINT64_C(0x9E3779B97F4A7C15)

void world_note(struct sim *sim, uint64_t value) {
    uint64_t mixed = sim->trace ^ value;

    sim->trace = (mixed << 29 | mixed >> 35) * TRACE_PRIME;
}

static bool before(const struct event *a, const struct event *b) {
    return a->time != b->time ? a->time < b->time : a->order < b->order;
}

void world_push(struct sim *sim, struct event event) {
    int i = sim->heap_count++;

    if (sim->heap_count > sim->heap_size) {
        sim->heap_size = sim->heap_size > 0 ? 2 * sim->heap_size : 1024;
        sim->heap = realloc(sim->heap, (size_t)sim->heap_size * sizeof(*sim->heap));
        if (sim->heap == NULL)
            abort();
    }
    event.order = ++sim->order;
    for (; i > 0 && before(&event, &sim->heap[(i - 1) / 2]); i = (i - 1) / 2)
        sim->heap[i] = sim->heap[(i - 1) / 2];
    sim->heap[i] = event;
}

static struct event pop(struct sim *sim) {
    struct event first = sim->heap[0], last = sim->heap[--sim->heap_count];
    int i = 0;

    for (;;) {
        int child = 2 * i + 1;

        if (child >= sim->heap_count)
            break;
        if (child + 1 < sim->heap_count && before(&sim->heap[child + 1], &sim->heap[child]))
            child++;
        if (!before(&sim->heap[child], &last))
            break;
        sim->heap[i] = sim->heap[child];
        i = child;
    }
    sim->heap[i] = last;
    return first;
}

static void stop_host(void *context, int status) {
    struct sim_node *node = context;

    node->exit_status = status;
}

static void fill_random(void *context, void *bytes, size_t count) {
    struct sim_node *node = context;
    uint8_t *to = bytes;

    for (size_t i = 0; i < count; i++)
        to[i] = (uint8_t)(sim_random_u64(&node->random) >> 32);
}

static void host_init(struct sim_node *node) {
    node->host = (struct host){.context = node, .fill_random = fill_random, .stop = stop_host};
    world_fill_clock(node, &node->host);
    world_fill_network(&node->host);
    world_fill_files(node, &node->host);
}

/* When the engine wants to be called, in true time; the rate may change before, then it is asked
 * again. */
static void schedule(struct sim_node *node) {
    ns_t next = engine_next(node->engine);
    double rate, delay;

    if (next == NS_NEVER)
        return;
    rate = world_rate(node->clock, sim_now(node->sim));
    delay = (double)(next - node->host.read_monotonic(node)) / rate;
    world_push(node->sim,
               (struct event){.time = node->sim->now + (delay > 0.0 ? (int64_t)ceil(delay) : 0),
                              .kind = EVENT_TIMER,
                              .node = node->index,
                              .generation = ++node->timer_generation});
}

void sim_start(struct sim_node *node) {
    if (node->running)
        return;
    host_init(node);
    node->exit_status = -1;
    node->engine = engine_new(&node->config, &node->options, &node->host);
    if (node->engine == NULL) {
        fprintf(stderr, "sim: node %d does not start\n", node->index);
        exit(1);
    }
    node->running = true;
    schedule(node);
}

void sim_stop(struct sim_node *node) {
    if (!node->running)
        return;
    engine_free(node->engine);
    node->engine = NULL;
    node->running = false;
    node->timer_generation++;
    memset(node->sockets, 0, sizeof(node->sockets));
}

static bool refuse_frequency(void *context, double frequency, double *actual) {
    (void)context;
    (void)frequency;
    (void)actual;
    return false;
}

static bool refuse_status(void *context, const struct clock_status *status) {
    (void)context;
    (void)status;
    return false;
}

static bool refuse_file(void *context, const char *path, const char *text, int mode) {
    (void)context;
    (void)path;
    (void)text;
    (void)mode;
    return false;
}

void sim_crash(struct sim_node *node) {
    node->host.set_frequency = refuse_frequency;
    node->host.set_clock_status = refuse_status;
    node->host.replace_file = refuse_file;
    sim_stop(node);
}

static struct sim_node *node_new(struct sim *sim, int index) {
    struct sim_node *node = calloc(1, sizeof(*node));

    if (node == NULL)
        abort();
    node->sim = sim;
    node->index = index;
    node->clock = &node->own_clock;
    node->own_clock.kernel_limit = 0.1;
    node->own_clock.granularity = GRANULARITY;
    node->own_clock.maximum_error = node->own_clock.estimated_error = SIM_NO_CLOCK_ERROR;
    node->own_clock.clock_ns = SIM_START_UNIX * NS_PER_S;
    node->own_clock.monotonic_ns = NS_PER_S;
    node->up.base = node->down.base = 1e-4;
    node->exit_status = -1;
    sim_random_seed(&node->random, sim_random_u64(&sim->random));
    config_set_defaults(&node->config);
    host_init(node);
    return node;
}

struct sim *sim_new(uint64_t seed, int nodes) {
    struct sim *sim = calloc(1, sizeof(*sim));

    if (sim == NULL || nodes > SIM_MAX_NODES)
        abort();
    sim_random_seed(&sim->random, seed);
    sim->begin_ns = SIM_START_UNIX * NS_PER_S;
    sim->nodes = calloc((size_t)nodes, sizeof(struct sim_node *));
    if (sim->nodes == NULL)
        abort();
    for (sim->node_count = 0; sim->node_count < nodes; sim->node_count++)
        sim->nodes[sim->node_count] = node_new(sim, sim->node_count);
    return sim;
}

void sim_free(struct sim *sim) {
    for (int i = 0; i < sim->node_count; i++)
        sim_stop(sim->nodes[i]);
    for (int i = 0; i < sim->node_count; i++) {
        for (int j = 0; j < SIM_MAX_FILES; j++)
            free(sim->nodes[i]->files[j].bytes);
        config_free(&sim->nodes[i]->config);
        free(sim->nodes[i]);
    }
    while (sim->heap_count > 0) {
        struct event event = pop(sim);

        if (event.kind == EVENT_PACKET || event.kind == EVENT_RESOLVED)
            free(event.data);
    }
    free(sim->heap);
    free(sim->nodes);
    free(sim);
}

struct sim_node *sim_node(struct sim *sim, int index) {
    return sim->nodes[index];
}

int sim_node_count(const struct sim *sim) {
    return sim->node_count;
}

static char *no_file(void *context, const char *path) {
    (void)context;
    (void)path;
    return NULL;
}

static char **no_match(void *context, const char *pattern, int *count) {
    (void)context;
    (void)pattern;
    *count = 0;
    return NULL;
}

static bool no_name(void *context, const char *name, struct address *address) {
    (void)context;
    (void)name;
    (void)address;
    return false;
}

void sim_configure(struct sim_node *node, const char *line) {
    static const struct conf_reader reader = {NULL, no_file, no_match, no_name};
    struct conf conf = {.config = &node->config, .reader = &reader, .log = &node->host.log};
    char expanded[512], address[ADDRESS_TEXT_SIZE];
    const char *mark = strchr(line, '%');

    if (mark != NULL) {
        char *end;
        struct address target = sim_address((int)strtol(mark + 1, &end, 10));

        snprintf(expanded, sizeof(expanded), "%.*s%s%s", (int)(mark - line), line,
                 address_format(&target, address), end);
        line = expanded;
    }
    if (!conf_parse_line(&conf, line, NULL, 1)) {
        fprintf(stderr, "sim: %s: %s\n", line, conf.error);
        exit(1);
    }
}

void sim_at(struct sim *sim, double seconds, sim_action *action, void *context) {
    world_push(sim, (struct event){.time = (int64_t)(seconds * 1e9),
                                   .kind = EVENT_ACTION,
                                   .node = -1,
                                   .data = context,
                                   .action = action});
}

static void handle(struct sim *sim, struct event *event) {
    struct sim_node *node;

    if (event->kind == EVENT_ACTION) {
        event->action(sim, event->data);
        return;
    }
    node = sim->nodes[event->node];
    switch (event->kind) {
    case EVENT_TIMER:
        if (!node->running || event->generation != node->timer_generation)
            return;
        engine_run(node->engine, node->host.read_monotonic(node));
        break;
    case EVENT_PACKET:
        world_deliver(node, event->data);
        free(event->data);
        event->data = NULL;
        break;
    case EVENT_RESOLVED:
        /* An event has left the heap when it is handled: its data is its own. */
        world_answer(node, event->data); // NOLINT(clang-analyzer-unix.Malloc)
        free(event->data);
        event->data = NULL;
        break;
    default:
        sim_start(node);
        return;
    }
    if (node->exit_status >= 0)
        sim_stop(node);
    if (node->running)
        schedule(node);
}

void sim_run(struct sim *sim, double seconds) {
    int64_t until = (int64_t)(seconds * 1e9);

    if (!sim->launched) {
        sim->launched = true;
        for (int i = 0; i < sim->node_count; i++)
            world_push(sim, (struct event){.time = (int64_t)(sim->nodes[i]->start * 1e9),
                                           .kind = EVENT_START,
                                           .node = i});
    }
    while (sim->heap_count > 0 && sim->heap[0].time <= until) {
        struct event event = pop(sim);

        if (event.time > sim->now)
            sim->now = event.time;
        handle(sim, &event);
    }
    sim->now = until;
}

void sim_schedule(struct sim_node *node) {
    schedule(node);
}

void world_rate_changed(struct sim_node *changer) {
    struct sim *sim = changer->sim;

    for (int i = 0; i < sim->node_count; i++) {
        if (sim->nodes[i] != changer && sim->nodes[i]->running &&
            sim->nodes[i]->clock == changer->clock)
            schedule(sim->nodes[i]);
    }
}

double sim_now(const struct sim *sim) {
    return (double)sim->now * 1e-9;
}

uint64_t sim_trace(const struct sim *sim) {
    return sim->trace;
}
