/* Time, packets and figures (coordinator.h). The processes are in processes.c. */
#include "tests/preload/coordinator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/preload/processes.h"

#define PI 3.14159265358979323846

static double seconds(int64_t ns) {
    return (double)ns * 1e-9;
}

/* ---- packets ---- */

static void note_interval(struct world_node *node, double now) {
    struct node_figures *figures = &node->figures;

    if (figures->packets_out++ > 0) {
        double interval = now - node->last_out;

        figures->mean_out += interval;
        if (figures->packets_out == 2 || interval < figures->min_out)
            figures->min_out = interval;
    }
    node->last_out = now;
}

static void note_arrival(struct world_node *node, double now) {
    if (node->figures.packets_in++ > 0)
        node->figures.mean_in += now - node->last_in;
    node->last_in = now;
}

static double draw_delay(struct coordinator *world, const struct sim_link *link) {
    double now = seconds(world->shared->now_ns);

    if (link->delay != NULL)
        return fmax(link->delay(link, &world->random, now), 0.0);
    return link->base + (link->jitter > 0.0 ? link->jitter * sim_exponential(&world->random) : 0.0);
}

static void launch(struct coordinator *world, const struct world_message *message, double delay) {
    struct world_flight flight = {.arrival = world->shared->now_ns + (int64_t)(delay * 1e9)};
    int at = world->flight_count++;

    flight.message = malloc(sizeof *message);
    if (flight.message == NULL || world->flight_count > WORLD_MAX_FLIGHTS)
        abort();
    memcpy(flight.message, message, offsetof(struct world_message, bytes) + message->length);
    while (at > 0 && world->flights[at - 1].arrival <= flight.arrival) {
        world->flights[at] = world->flights[at - 1];
        at--;
    }
    world->flights[at] = flight;
    if (world->packet_log != NULL)
        fprintf(world->packet_log, "%e\t%d\t%d\t%e\t%d\t%d\t%d\t%u\t1\n",
                seconds(world->shared->now_ns), message->from, message->to, delay,
                message->from_port, message->to_port, message->subnet, message->length);
}

static void send_to(struct coordinator *world, const struct world_message *message, int to) {
    const struct sim_link *link = &world->links[message->from][to];
    struct world_message copy;

    if (message->subnet == WORLD_IP &&
        (link->down || (link->loss > 0.0 && sim_uniform(&world->random) < link->loss)))
        return;
    memcpy(&copy, message, offsetof(struct world_message, bytes) + message->length);
    copy.to = to;
    launch(world, &copy, message->subnet == WORLD_IP ? draw_delay(world, link) : 0.0);
}

void world_take_packet(struct coordinator *world, const struct world_message *message) {
    if (message->subnet == WORLD_IP)
        note_interval(&world->nodes[message->from], seconds(world->shared->now_ns));
    if (message->to >= 1 && message->to <= world->count)
        send_to(world, message, message->to);
    for (int i = 1; message->to == 255 && i <= world->count; i++)
        if (i != message->from)
            send_to(world, message, i);
}

/* All that arrives at that node now, then it goes on. */
static void deliver(struct coordinator *world, int to) {
    struct world_node *node = &world->nodes[to];

    for (int i = world->flight_count - 1;
         i >= 0 && world->flights[i].arrival <= world->shared->now_ns; i--) {
        struct world_message *message = world->flights[i].message;

        if (message->to != to)
            continue;
        memmove(&world->flights[i], &world->flights[i + 1],
                (size_t)(--world->flight_count - i) * sizeof *world->flights);
        if (message->subnet == WORLD_IP)
            note_arrival(node, seconds(world->shared->now_ns));
        if (node->running)
            process_tell(node, message);
        free(message);
    }
    if (node->running)
        process_resume(world, to, WORLD_RESUME);
}

/* ---- time ---- */

static double oscillator(const struct world_node *node, double now) {
    double sine = node->sine_period > 0.0
                      ? node->sine_amplitude * sin(2.0 * PI * now / node->sine_period)
                      : 0.0;

    return node->frequency + sine;
}

static void advance(struct coordinator *world, int64_t now) {
    world->shared->now_ns = now;
    for (int i = 1; i <= world->count; i++)
        kernel_clock_advance(&world->shared->clocks[i], now);
}

static void look_at(struct coordinator *world, int number, double now) {
    struct world_node *node = &world->nodes[number];
    const struct kernel_clock *clock = &world->shared->clocks[number];
    struct node_figures *figures = &node->figures;
    double error = seconds(clock->real_ns - world->start_unix * WORLD_SECOND - clock->true_ns) +
                   clock->fraction * 1e-9;
    double rate = kernel_clock_rate(clock);

    if (world->offset_log != NULL) {
        fprintf(world->offset_log, "%.9f%c", error, number == world->count ? '\n' : '\t');
        fprintf(world->frequency_log, "%.6e%c", rate, number == world->count ? '\n' : '\t');
    }
    if (!(fabs(error) < world->time_limit && fabs(rate) < world->frequency_limit))
        figures->sync = now;
    if (now <= world->settling)
        return;
    figures->rms_time += error * error;
    figures->rms_frequency += rate * rate;
    figures->max_time = fmax(figures->max_time, fabs(error));
    figures->max_frequency = fmax(figures->max_frequency, fabs(rate));
}

/* At each whole second: everybody's figures, then the oscillators move on. */
static void pass_second(struct coordinator *world) {
    double now = (double)++world->seconds;

    for (int i = 1; i <= world->count; i++) {
        struct world_node *node = &world->nodes[i];

        look_at(world, i, now);
        if (node->wander > 0.0)
            node->frequency += node->wander * sim_gaussian(&world->random);
        world->shared->clocks[i].oscillator = oscillator(node, now);
        kernel_clock_second(&world->shared->clocks[i]);
    }
    for (int i = 0; i < world->event_count; i++)
        if (world->events[i].time == now)
            world->events[i].make(world, world->events[i].context);
}

static int64_t wake_time(const struct coordinator *world, int number) {
    const struct world_node *node = &world->nodes[number];

    if (node->running)
        return node->deadline == WORLD_NEVER
                   ? WORLD_NEVER
                   : kernel_clock_when(&world->shared->clocks[number], node->deadline);
    return node->command != NULL && node->pid == 0 ? (int64_t)(node->start * 1e9) : WORLD_NEVER;
}

/* The next thing that happens before the next whole second: a node, or 0. */
static int next_node(const struct coordinator *world, int64_t *when, bool *packet) {
    int which = 0;

    *packet = false;
    for (int i = 1; i <= world->count; i++) {
        int64_t wake = wake_time(world, i);

        if (wake < *when) {
            *when = wake;
            which = i;
        }
    }
    if (world->flight_count > 0 && world->flights[world->flight_count - 1].arrival < *when) {
        *when = world->flights[world->flight_count - 1].arrival;
        which = world->flights[world->flight_count - 1].message->to;
        *packet = true;
    }
    return which;
}

static void run_second(struct coordinator *world) {
    int64_t end = (world->seconds + 1) * WORLD_SECOND;

    for (;;) {
        int64_t when = end;
        bool packet;
        int node = next_node(world, &when, &packet);

        advance(world, when);
        if (node == 0)
            break;
        if (packet)
            deliver(world, node);
        else if (world->nodes[node].running)
            process_resume(world, node, WORLD_RESUME);
        else
            process_start(world, node);
    }
    pass_second(world);
}

/* ---- the whole ---- */

static FILE *open_log(const struct coordinator *world, const char *name) {
    char path[512];

    snprintf(path, sizeof path, "%s/%s", world->directory, name);
    return world->logs ? fopen(path, "w") : NULL;
}

static void begin(struct coordinator *world) {
    process_share(world);
    if (world->start_unix == 0)
        world->start_unix = WORLD_START_UNIX;
    for (int i = 1; i <= world->count; i++) {
        kernel_clock_init(&world->shared->clocks[i], world->start_unix, world->nodes[i].offset);
        world->shared->clocks[i].oscillator = oscillator(&world->nodes[i], 0.0);
        world->nodes[i].fd = -1;
    }
    world->offset_log = open_log(world, "log.offset");
    world->frequency_log = open_log(world, "log.freq");
    world->packet_log = open_log(world, "log.packets");
}

static void complete_figures(struct coordinator *world) {
    double count = fmax((double)world->seconds - world->settling, 1.0);

    for (int i = 1; i <= world->count; i++) {
        struct node_figures *figures = &world->nodes[i].figures;

        figures->rms_time = sqrt(figures->rms_time / count);
        figures->rms_frequency = sqrt(figures->rms_frequency / count);
        figures->mean_in /= fmax(figures->packets_in - 1, 1);
        figures->mean_out /= fmax(figures->packets_out - 1, 1);
    }
}

static void close_log(FILE *file) {
    if (file != NULL)
        fclose(file);
}

bool world_run(struct coordinator *world) {
    bool good = true;

    begin(world);
    while (good && (double)world->seconds < world->length) {
        run_second(world);
        for (int i = 1; i <= world->count; i++)
            good = good && !process_failed(world, i);
    }
    for (int i = 1; i <= world->count; i++) {
        if (world->nodes[i].running)
            process_end(world, i, good);
        good = good && !process_failed(world, i);
    }
    while (world->flight_count > 0)
        free(world->flights[--world->flight_count].message);
    complete_figures(world);
    close_log(world->offset_log);
    close_log(world->frequency_log);
    close_log(world->packet_log);
    return good;
}

void world_free(struct coordinator *world) {
    process_unshare(world);
}
