/* The simulated kernel clocks: oscillators that wander, and what steers them. */
#include <math.h>

#include "tests/sim/world.h"

#define PI         3.14159265358979323846
#define KEPT_ERROR 10.0 /* s */

static double oscillator(const struct sim_clock *clock, double seconds) {
    double frequency = clock->frequency;

    if (clock->sine_period > 0.0)
        frequency += clock->sine_amplitude * sin(2.0 * PI * seconds / clock->sine_period);
    if (clock->extra_frequency != NULL)
        frequency += clock->extra_frequency(seconds);
    return frequency;
}

double world_rate(const struct sim_clock *clock, double seconds) {
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
        elapsed * (world_rate(clock, (double)clock->true_ns * 1e-9) - 1.0) + clock->fraction;
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
void world_advance(struct sim *sim, struct sim_clock *clock) {
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

    world_advance(node->sim, node->clock);
    return quantise(node->clock, node->clock->clock_ns) + ns_from_seconds(node->lie);
}

static ns_t read_monotonic(void *context) {
    struct sim_node *node = context;

    world_advance(node->sim, node->clock);
    return node->clock->monotonic_ns;
}

static ns_t read_oscillator(void *context) {
    struct sim_node *node = context;

    world_advance(node->sim, node->clock);
    return node->clock->oscillator_ns;
}

static bool read_frequency(void *context, double *frequency, double *estimated_error) {
    struct sim_node *node = context;

    *frequency = node->clock->kernel;
    *estimated_error = node->clock->estimated_error;
    return true;
}

static bool set_frequency(void *context, double frequency, double *actual) {
    struct sim_node *node = context;
    struct sim_clock *clock = node->clock;

    world_advance(node->sim, clock);
    clock->kernel = fmax(-clock->kernel_limit, fmin(clock->kernel_limit, frequency));
    /* The kernel's unit: 2^-16 ppm. */
    clock->kernel = nearbyint(clock->kernel * 1e6 * 65536.0) / 65536.0 * 1e-6;
    *actual = clock->kernel;
    world_note(node->sim, (uint64_t)(int64_t)(clock->kernel * 1e15));
    world_rate_changed(node);
    return true;
}

/* A clock that was stepped is as good as nobody knows: the kernel forgets what it was told. False:
 * there is no such time. */
static bool step(struct sim_clock *clock, double seconds) {
    int64_t time;

    if (__builtin_add_overflow(clock->clock_ns, ns_from_seconds(seconds), &time))
        return false;
    clock->clock_ns = time;
    clock->maximum_error = clock->estimated_error = SIM_NO_CLOCK_ERROR;
    return true;
}

static bool step_clock(void *context, double seconds) {
    struct sim_node *node = context;

    world_advance(node->sim, node->clock);
    if (!step(node->clock, seconds))
        return false;
    node->clock->steps++;
    world_note(node->sim, (uint64_t)ns_from_seconds(seconds));
    return true;
}

static bool set_clock_status(void *context, const struct clock_status *status) {
    struct sim_node *node = context;

    world_advance(node->sim, node->clock);
    node->clock->maximum_error = status->maximum_error;
    /* The kernel's unit: 1 us. */
    node->clock->estimated_error = floor(status->estimated_error * 1e6) * 1e-6;
    node->clock->told_ns = node->sim->now;
    node->clock->leap = status->leap == CLOCK_LEAP_INSERT   ? 1
                        : status->leap == CLOCK_LEAP_DELETE ? -1
                                                            : 0;
    node->clock->leap_made = node->clock->leap_made && node->clock->leap != 0;
    if (status->tai_offset != 0)
        node->clock->tai = status->tai_offset;
    return true;
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

double sim_error(struct sim_node *node) {
    world_advance(node->sim, node->clock);
    return (double)(node->clock->clock_ns - node->sim->begin_ns - node->sim->now -
                    node->sim->leap_ns) *
               1e-9 +
           node->clock->fraction * 1e-9;
}

double sim_rate(struct sim_node *node) {
    world_advance(node->sim, node->clock);
    return world_rate(node->clock, sim_now(node->sim)) - 1.0;
}

void sim_step(struct sim_node *node, double seconds) {
    world_advance(node->sim, node->clock);
    step(node->clock, seconds);
}

/* The kernel's maximum error grows by 500 ppm from when it was told. */
static bool is_kept(const struct sim *sim, const struct sim_clock *clock) {
    double age = (double)(sim->now - clock->told_ns) * 1e-9;

    return clock->maximum_error + age * 500e-6 < KEPT_ERROR;
}

void world_fill_clock(const struct sim_node *node, struct host *host) {
    const struct sim_clock *clock = node->clock;

    host->read_clock = read_clock;
    host->read_monotonic = read_monotonic;
    host->read_oscillator = read_oscillator;
    host->clock_control = !clock->no_control;
    host->clock_kept = is_kept(node->sim, clock);
    host->max_frequency = clock->kernel_limit;
    host->read_frequency = read_frequency;
    host->set_frequency = set_frequency;
    host->step_clock = step_clock;
    host->set_clock_status = set_clock_status;
}
