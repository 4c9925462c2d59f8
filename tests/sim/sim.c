/* The simulated world (sim.h): clocks, network, events. */
#include "tests/sim/sim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/conf/conf.h"
#include "core/wire/ntp.h"

#define MAX_NAMES       64
#define MAX_PACKET      1200
#define FIRST_PORT      40000
#define RESOLVE_SECONDS 0.02
#define GRANULARITY     1e-9
#define TRACE_PRIME     UINT64_C(0x9E3779B97F4A7C15)

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

static uint64_t rotate(uint64_t value, int bits) {
    return value << bits | value >> (64 - bits);
}

void sim_random_seed(struct sim_random *random, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += TRACE_PRIME;

        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        random->state[i] = z ^ z >> 31;
    }
}

/* xoshiro256** (Blackman, Vigna 2018; public domain). */
uint64_t sim_random_u64(struct sim_random *random) {
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double sim_uniform(struct sim_random *random) {
    return (double)(sim_random_u64(random) >> 11) * 0x1p-53;
}

double sim_exponential(struct sim_random *random) {
    return -log(1.0 - sim_uniform(random));
}

double sim_gaussian(struct sim_random *random) {
    return sqrt(2.0 * sim_exponential(random)) *
           cos(2.0 * 3.14159265358979323846 * sim_uniform(random));
}

static void trace(struct sim *sim, uint64_t value) {
    sim->trace = rotate(sim->trace ^ value, 29) * TRACE_PRIME;
}

/* ---- events: a binary heap, equal times in the order they were made ---- */

static bool before(const struct event *a, const struct event *b) {
    return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void push(struct sim *sim, struct event event) {
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

/* ---- clocks ---- */

static double oscillator(const struct sim_clock *clock, double seconds) {
    double frequency = clock->frequency;

    if (clock->sine_period > 0.0)
        frequency += clock->sine_amplitude *
                     sin(2.0 * 3.14159265358979323846 * seconds / clock->sine_period);
    if (clock->extra_frequency != NULL)
        frequency += clock->extra_frequency(seconds);
    return frequency;
}

static double clock_rate(const struct sim_clock *clock, double seconds) {
    return (1.0 + oscillator(clock, seconds)) * (1.0 + clock->kernel);
}

/* The kernel's leap second, when the last `passed` ns took the clock over its instant. */
static void make_leap(struct sim_clock *clock, int64_t passed) {
    int64_t day = 86400 * NS_PER_S, early = clock->leap < 0 ? NS_PER_S : 0;

    if (clock->leap == 0 || clock->leap_made ||
        (clock->clock_ns + early) / day == (clock->clock_ns + early - passed) / day)
        return;
    clock->clock_ns -= clock->leap * NS_PER_S;
    clock->leap_made = true;
}

static void advance_part(struct sim_clock *clock, int64_t until) {
    double elapsed = (double)(until - clock->true_ns);
    double drift =
        elapsed * oscillator(clock, (double)clock->true_ns * 1e-9) + clock->oscillator_fraction;
    int64_t drifted = (int64_t)floor(drift);
    double excess =
        elapsed * (clock_rate(clock, (double)clock->true_ns * 1e-9) - 1.0) + clock->fraction;
    int64_t whole = (int64_t)floor(excess);

    clock->fraction = excess - (double)whole;
    clock->clock_ns += until - clock->true_ns + whole;
    make_leap(clock, until - clock->true_ns + whole);
    clock->monotonic_ns += until - clock->true_ns + whole;
    clock->oscillator_fraction = drift - (double)drifted;
    clock->oscillator_ns += until - clock->true_ns + drifted;
    clock->true_ns = until;
}

/* The oscillator's frequency changes at whole seconds. */
static void advance(struct sim *sim, struct sim_clock *clock) {
    bool moves = clock->wander > 0.0 || clock->sine_period > 0.0 || clock->extra_frequency != NULL;

    while (moves && clock->true_ns < sim->now) {
        int64_t next = (clock->true_ns / NS_PER_S + 1) * NS_PER_S;

        if (next > sim->now)
            break;
        advance_part(clock, next);
        if (clock->wander > 0.0)
            clock->frequency += clock->wander * sim_gaussian(&sim->random);
    }
    if (clock->true_ns < sim->now)
        advance_part(clock, sim->now);
}

static ns_t quantise(const struct sim_clock *clock, int64_t value) {
    int64_t step = (int64_t)(clock->granularity * 1e9 + 0.5);

    return step > 1 ? value - value % step : value;
}

static ns_t read_clock(void *context) {
    struct sim_node *node = context;

    advance(node->sim, node->clock);
    return quantise(node->clock, node->clock->clock_ns) + ns_from_seconds(node->lie);
}

static ns_t read_monotonic(void *context) {
    struct sim_node *node = context;

    advance(node->sim, node->clock);
    return node->clock->monotonic_ns;
}

static ns_t read_oscillator(void *context) {
    struct sim_node *node = context;

    advance(node->sim, node->clock);
    return node->clock->oscillator_ns;
}

static bool read_frequency(void *context, double *frequency) {
    struct sim_node *node = context;

    *frequency = node->clock->kernel;
    return true;
}

static void schedule(struct sim_node *node);

static bool set_frequency(void *context, double frequency, double *actual) {
    struct sim_node *node = context;
    struct sim_clock *clock = node->clock;

    advance(node->sim, clock);
    clock->kernel = fmax(-clock->kernel_limit, fmin(clock->kernel_limit, frequency));
    /* The kernel's unit: 2^-16 ppm. */
    clock->kernel = nearbyint(clock->kernel * 1e6 * 65536.0) / 65536.0 * 1e-6;
    *actual = clock->kernel;
    trace(node->sim, (uint64_t)(int64_t)(clock->kernel * 1e15));
    return true;
}

static bool step_clock(void *context, double seconds) {
    struct sim_node *node = context;

    advance(node->sim, node->clock);
    node->clock->clock_ns += ns_from_seconds(seconds);
    node->clock->steps++;
    trace(node->sim, (uint64_t)ns_from_seconds(seconds));
    return true;
}

static bool set_clock_status(void *context, const struct clock_status *status) {
    struct sim_node *node = context;

    advance(node->sim, node->clock);
    node->clock->kept = status->maximum_error < 10.0;
    node->clock->leap = status->leap == CLOCK_LEAP_INSERT   ? 1
                        : status->leap == CLOCK_LEAP_DELETE ? -1
                                                            : 0;
    node->clock->leap_made = node->clock->leap_made && node->clock->leap != 0;
    if (status->tai_offset != 0)
        node->clock->tai = status->tai_offset;
    return true;
}

/* ---- network ---- */

struct address sim_address(int index) {
    return address_ipv4(0xc0a80000u + 256 + (uint32_t)index); /* 192.168.1.0 onwards */
}

static struct sim_node *node_of(struct sim *sim, const struct address *address) {
    int index =
        address->family == ADDRESS_IPV4 ? (int)(address_to_ipv4(address) - 0xc0a80000u - 256) : -1;

    return index >= 0 && index < sim->node_count ? sim->nodes[index] : NULL;
}

static int open_socket(void *context, const struct socket_request *request) {
    struct sim_node *node = context;

    if (request->family != ADDRESS_IPV4)
        return -1;
    for (int i = 0; i < SIM_MAX_SOCKETS; i++) {
        if (node->sockets[i].used)
            continue;
        node->sockets[i].used = true;
        node->sockets[i].kind = request->kind;
        node->sockets[i].port =
            request->port > 0 ? request->port : FIRST_PORT + node->next_port++ % 20000;
        node->sockets[i].remote = request->remote;
        return i;
    }
    return -1;
}

static void close_socket(void *context, int socket) {
    struct sim_node *node = context;

    node->sockets[socket].used = false;
}

static double draw_delay(const struct sim_link *link, struct sim *sim) {
    if (link->delay != NULL)
        return link->delay(link, &sim->random, sim_now(sim));
    return link->base + (link->jitter > 0.0 ? link->jitter * sim_exponential(&sim->random) : 0.0);
}

static void launch(struct sim *sim, const struct flight *flight, double delay, int node) {
    struct flight *copy = malloc(sizeof(*copy));

    if (copy == NULL)
        abort();
    *copy = *flight;
    push(sim, (struct event){.time = sim->now + (int64_t)(fmax(delay, 0.0) * 1e9),
                             .kind = EVENT_PACKET,
                             .node = node,
                             .data = copy});
}

/* Answers of a server whose own clock is perfect in this too. */
static void announce_leap(const struct sim_node *node, uint8_t *answer) {
    if (node->announced_leap != 0)
        answer[0] = (uint8_t)((answer[0] & 0x3f) | (node->announced_leap > 0 ? 1 : 2) << 6);
    for (int at = 32; at <= 40; at += 8)
        put_be32(answer + at, get_be32(answer + at) + (uint32_t)node->announced_shift);
}

/* A delay belongs to the link of the client's side: `up` of the node that asks, `down` of the one
 * that is answered, so that a scenario says everything at the client. */
static bool send_packet(void *context, const struct packet *packet) {
    struct sim_node *node = context;
    struct sim *sim = node->sim;
    struct sim_node *target = node_of(sim, &packet->remote.address);
    struct flight flight = {
        .from = {sim_address(node->index), (uint16_t)node->sockets[packet->socket].port},
        .to = packet->remote,
        .length = packet->length};
    bool asks = node->sockets[packet->socket].kind == SOCKET_CLIENT;
    const struct sim_link *link;

    if (packet->path != NULL || packet->remote.port == SIM_PROBE_PORT) {
        memcpy(node->reply, packet->bytes, packet->length);
        node->reply_length = packet->length;
        return true;
    }
    if (target == NULL || packet->length > sizeof(flight.bytes))
        return false;
    link = asks ? &node->up : &target->down;
    memcpy(flight.bytes, packet->bytes, packet->length);
    if (!asks)
        announce_leap(node, flight.bytes);
    node->packets_out++;
    trace(sim, (uint64_t)sim->now ^ packet->length);
    if (link->down || (link->loss > 0.0 && sim_uniform(&sim->random) < link->loss))
        return true;
    launch(sim, &flight, draw_delay(link, sim), target->index);
    if (link->duplication > 0.0 && sim_uniform(&sim->random) < link->duplication)
        launch(sim, &flight, draw_delay(link, sim), target->index);
    return true;
}

static int socket_for(const struct sim_node *node, const struct flight *flight) {
    for (int i = 0; i < SIM_MAX_SOCKETS; i++) {
        if (!node->sockets[i].used || node->sockets[i].port != flight->to.port)
            continue;
        if (node->sockets[i].kind == SOCKET_CLIENT &&
            !(address_equal(&node->sockets[i].remote.address, &flight->from.address) &&
              node->sockets[i].remote.port == flight->from.port))
            continue;
        return i;
    }
    return -1;
}

static void deliver(struct sim_node *node, const struct flight *flight) {
    struct packet packet = {
        .remote = flight->from, .bytes = flight->bytes, .length = flight->length};

    packet.socket = socket_for(node, flight);
    if (packet.socket < 0 || !node->running || node->deaf)
        return;
    packet.local = flight->to.address;
    packet.received = (struct timestamp){read_clock(node), TIMESTAMP_KERNEL};
    node->packets_in++;
    engine_packet(node->engine, &packet);
}

/* ---- names, files, log ---- */

void sim_name(struct sim *sim, const char *name, int node, double after) {
    if (sim->name_count == MAX_NAMES)
        abort();
    sim->names[sim->name_count].name = name;
    sim->names[sim->name_count].node = node;
    sim->names[sim->name_count++].after = after;
}

static bool resolve_name(void *context, uint32_t id, const char *name, int family) {
    struct sim_node *node = context;
    struct lookup *lookup = calloc(1, sizeof(*lookup));

    (void)family;
    if (lookup == NULL)
        abort();
    lookup->id = id;
    snprintf(lookup->name, sizeof(lookup->name), "%s", name);
    push(node->sim, (struct event){.time = node->sim->now + (int64_t)(RESOLVE_SECONDS * 1e9),
                                   .kind = EVENT_RESOLVED,
                                   .node = node->index,
                                   .data = lookup});
    return true;
}

static void answer_lookup(struct sim_node *node, const struct lookup *lookup) {
    struct address addresses[CONFIG_MAX_POOL];
    struct sim *sim = node->sim;
    int count = 0;

    for (int i = 0; i < sim->name_count && count < CONFIG_MAX_POOL; i++) {
        if (strcmp(sim->names[i].name, lookup->name) == 0 && sim_now(sim) >= sim->names[i].after)
            addresses[count++] = sim_address(sim->names[i].node);
    }
    if (node->running)
        engine_resolved(node->engine, lookup->id, count > 0 ? RESOLVE_OK : RESOLVE_AGAIN, addresses,
                        count);
}

void sim_write(struct sim_node *node, const char *path, const void *bytes, size_t length) {
    int slot = -1;

    for (int i = 0; i < SIM_MAX_FILES; i++) {
        if (node->files[i].bytes != NULL && strcmp(node->files[i].path, path) == 0) {
            free(node->files[i].bytes);
            node->files[i].bytes = NULL;
        }
        if (node->files[i].bytes == NULL)
            slot = i;
    }
    if (bytes == NULL)
        return;
    if (slot < 0 || (node->files[slot].bytes = malloc(length + 1)) == NULL)
        abort();
    snprintf(node->files[slot].path, sizeof(node->files[slot].path), "%s", path);
    memcpy(node->files[slot].bytes, bytes, length);
    node->files[slot].bytes[length] = '\0';
    node->files[slot].length = length;
}

const char *sim_read(const struct sim_node *node, const char *path) {
    for (int i = 0; i < SIM_MAX_FILES; i++) {
        if (node->files[i].bytes != NULL && strcmp(node->files[i].path, path) == 0)
            return (const char *)node->files[i].bytes;
    }
    return NULL;
}

static long read_file(void *context, const char *path, char *buffer, size_t size) {
    struct sim_node *node = context;

    for (int i = 0; i < SIM_MAX_FILES; i++) {
        if (node->files[i].bytes == NULL || strcmp(node->files[i].path, path) != 0)
            continue;
        if (node->files[i].length >= size)
            return -1;
        memcpy(buffer, node->files[i].bytes, node->files[i].length + 1);
        return (long)node->files[i].length;
    }
    if (!node->has_drift || node->config.drift_file == NULL ||
        strcmp(path, node->config.drift_file) != 0)
        return -1;
    return snprintf(buffer, size, "%s", node->drift);
}

static bool replace_file(void *context, const char *path, const char *text, int mode) {
    struct sim_node *node = context;

    (void)mode;
    if (node->config.drift_file == NULL || strcmp(path, node->config.drift_file) != 0) {
        sim_write(node, path, text, strlen(text));
        return true;
    }
    snprintf(node->drift, sizeof(node->drift), "%s", text);
    node->has_drift = true;
    return true;
}

static bool remove_file(void *context, const char *path) {
    sim_write(context, path, NULL, 0);
    return true;
}

static void count_matches(struct sim_node *node, const char *text) {
    for (int i = 0; i < node->match_count; i++)
        node->matches[i].count += strstr(text, node->matches[i].needle) != NULL;
}

static bool append_log(void *context, const char *name, const char *text) {
    (void)name;
    count_matches(context, text);
    return true;
}

static void cycle_logs(void *context) {
    (void)context;
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

static void write_message(void *context, enum log_level level, const char *message) {
    struct sim_node *node = context;

    if (node->echo_log && level >= LOG_INFO_LEVEL)
        fprintf(stderr, "%12.6f node %d: %s\n", sim_now(node->sim), node->index, message);
    count_matches(node, message);
}

void sim_match(struct sim_node *node, const char *needle) {
    if (node->match_count == SIM_MAX_MATCHES)
        abort();
    node->matches[node->match_count].needle = needle;
    node->matches[node->match_count++].count = 0;
}

int sim_matched(const struct sim_node *node, const char *needle) {
    for (int i = 0; i < node->match_count; i++) {
        if (strcmp(node->matches[i].needle, needle) == 0)
            return node->matches[i].count;
    }
    return -1;
}

/* ---- nodes ---- */

static void host_init(struct sim_node *node) {
    node->host = (struct host){
        .context = node,
        .log = {write_message, node},
        .read_clock = read_clock,
        .read_monotonic = read_monotonic,
        .read_oscillator = read_oscillator,
        .clock_control = !node->clock->no_control,
        .clock_kept = node->clock->kept,
        .max_frequency = node->clock->kernel_limit,
        .read_frequency = read_frequency,
        .set_frequency = set_frequency,
        .step_clock = step_clock,
        .set_clock_status = set_clock_status,
        .fill_random = fill_random,
        .open_socket = open_socket,
        .close_socket = close_socket,
        .send_packet = send_packet,
        .resolve_name = resolve_name,
        .read_file = read_file,
        .replace_file = replace_file,
        .remove_file = remove_file,
        .append_log = append_log,
        .cycle_logs = cycle_logs,
        .stop = stop_host,
    };
}

/* When the engine wants to be called, in true time; the rate may change before, then it is asked
 * again. */
static void schedule(struct sim_node *node) {
    ns_t next = engine_next(node->engine);
    double rate, delay;

    if (next == NS_NEVER)
        return;
    rate = clock_rate(node->clock, sim_now(node->sim));
    delay = (double)(next - read_monotonic(node)) / rate;
    push(node->sim,
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

static struct sim_node *node_new(struct sim *sim, int index) {
    struct sim_node *node = calloc(1, sizeof(*node));

    if (node == NULL)
        abort();
    node->sim = sim;
    node->index = index;
    node->clock = &node->own_clock;
    node->own_clock.kernel_limit = 0.1;
    node->own_clock.granularity = GRANULARITY;
    node->own_clock.clock_ns = SIM_START_UNIX * NS_PER_S;
    node->own_clock.monotonic_ns = NS_PER_S;
    node->up.base = node->down.base = 1e-4;
    node->exit_status = -1;
    sim_random_seed(&node->random, sim_random_u64(&sim->random));
    config_set_defaults(&node->config);
    return node;
}

struct sim *sim_new(uint64_t seed, int nodes) {
    struct sim *sim = calloc(1, sizeof(*sim));

    if (sim == NULL || nodes > SIM_MAX_NODES)
        abort();
    sim_random_seed(&sim->random, seed);
    sim->begin_ns = SIM_START_UNIX * NS_PER_S;
    sim->nodes = calloc((size_t)nodes, sizeof(*sim->nodes));
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
    struct log log = {write_message, node};
    struct conf conf = {.config = &node->config, .reader = &reader, .log = &log};
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

/* ---- running ---- */

void sim_at(struct sim *sim, double seconds, sim_action *action, void *context) {
    push(sim, (struct event){.time = (int64_t)(seconds * 1e9),
                             .kind = EVENT_ACTION,
                             .node = -1,
                             .data = context,
                             .action = action});
}

static void handle(struct sim *sim, struct event *event) {
    struct sim_node *node = event->node >= 0 ? sim->nodes[event->node] : NULL;

    switch (event->kind) {
    case EVENT_TIMER:
        if (!node->running || event->generation != node->timer_generation)
            return;
        engine_run(node->engine, read_monotonic(node));
        break;
    case EVENT_PACKET:
        deliver(node, event->data);
        free(event->data);
        break;
    case EVENT_RESOLVED:
        answer_lookup(node, event->data);
        free(event->data);
        break;
    case EVENT_ACTION:
        event->action(sim, event->data);
        return;
    case EVENT_START:
        sim_start(node);
        return;
    }
    if (node->running)
        schedule(node);
}

void sim_run(struct sim *sim, double seconds) {
    int64_t until = (int64_t)(seconds * 1e9);

    if (!sim->launched) {
        sim->launched = true;
        for (int i = 0; i < sim->node_count; i++)
            push(sim, (struct event){.time = (int64_t)(sim->nodes[i]->start * 1e9),
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

void sim_begin_at(struct sim *sim, int64_t unix_seconds) {
    for (int i = 0; i < sim->node_count; i++)
        sim->nodes[i]->own_clock.clock_ns += unix_seconds * NS_PER_S - sim->begin_ns;
    sim->begin_ns = unix_seconds * NS_PER_S;
}

static void make_true_leap(struct sim *sim, int direction) {
    sim->leap_ns -= direction * NS_PER_S;
    for (int i = 0; i < sim->node_count; i++) {
        sim->nodes[i]->announced_shift -= sim->nodes[i]->announced_leap;
        sim->nodes[i]->announced_leap = 0;
    }
}

static void insert_second(struct sim *sim, void *context) {
    (void)context;
    make_true_leap(sim, 1);
}

static void delete_second(struct sim *sim, void *context) {
    (void)context;
    make_true_leap(sim, -1);
}

void sim_leap(struct sim *sim, double seconds, int direction) {
    sim_at(sim, seconds, direction > 0 ? insert_second : delete_second, NULL);
}

double sim_now(const struct sim *sim) {
    return (double)sim->now * 1e-9;
}

double sim_error(struct sim_node *node) {
    advance(node->sim, node->clock);
    return (double)(node->clock->clock_ns - node->sim->begin_ns - node->sim->now -
                    node->sim->leap_ns) *
               1e-9 +
           node->clock->fraction * 1e-9;
}

double sim_rate(struct sim_node *node) {
    advance(node->sim, node->clock);
    return clock_rate(node->clock, sim_now(node->sim)) - 1.0;
}

void sim_step(struct sim_node *node, double seconds) {
    advance(node->sim, node->clock);
    node->clock->clock_ns += ns_from_seconds(seconds);
}

uint64_t sim_trace(const struct sim *sim) {
    return sim->trace;
}
