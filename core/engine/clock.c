/* The local NTP clock (clock.h). All arithmetic on the slew is exact to the second order: while the
 * kernel runs at 1 + base + slew, a raw interval d takes d * slew / (1 + base + slew) off what
 * remains. */
#include "core/engine/clock.h"

#include <math.h>

/* Kernel frequencies are multiples of 2^-16 ppm; what differs by more than this was set by someone
 * else. */
#define FREQUENCY_QUANTUM 1e-9

/* Below this nothing is slewed: it is under the resolution of the clock itself. */
#define NEGLIGIBLE_OFFSET 1e-9

/* A timer that came late has overshot; more than this (s) is taken back. */
#define WORTH_SLEWING_AGAIN 1e-6

static bool is_virtual(const struct clock *clock) {
    return !clock->host->clock_control;
}

static ns_t read_clock(const struct clock *clock) {
    return clock->host->read_clock(clock->host->context);
}

static ns_t read_monotonic(const struct clock *clock) {
    return clock->host->read_monotonic(clock->host->context);
}

static ns_t read_distance(const struct clock *clock) {
    return read_clock(clock) - read_monotonic(clock);
}

void clock_init(struct clock *clock, const struct host *host,
                const struct discipline_options *options) {
    double frequency = 0.0;

    *clock = (struct clock){.host = host, .options = *options, .slew_end_monotonic = NS_NEVER};
    if (!is_virtual(clock) && host->read_frequency(host->context, &frequency))
        clock->base_frequency = frequency;
    clock->applied = clock->base_frequency;
    clock->slew_start = read_clock(clock);
    clock->monotonic_distance = read_distance(clock);
}

double clock_remaining(const struct clock *clock, ns_t raw) {
    double elapsed = ns_difference(raw, clock->slew_start);

    if (is_virtual(clock))
        return clock->pending + elapsed * clock->base_frequency;
    if (elapsed <= 0.0 || clock->slew_rate == 0.0)
        return clock->pending;
    /* The slew goes on until it is ended, also when the timer comes late. */
    return clock->pending -
           elapsed * clock->slew_rate / (1.0 + clock->base_frequency + clock->slew_rate);
}

ns_t clock_to_ntp(const struct clock *clock, ns_t raw) {
    return ns_add_seconds(raw, clock_remaining(clock, raw));
}

/* Tells the kernel base + slew_rate. What someone else changed since we last did is kept, and
 * becomes our base. */
static void apply_frequency(struct clock *clock, double slew_rate) {
    const struct host *host = clock->host;
    double kernel, actual, wanted;

    if (host->read_frequency(host->context, &kernel) &&
        fabs(kernel - clock->applied) > FREQUENCY_QUANTUM) {
        clock->base_frequency += kernel - clock->applied;
        if (!clock->interference_said)
            log_warning(&host->log, "System clock interference detected (another NTP client?)");
        clock->interference_said = true;
    }
    wanted = clock->base_frequency + slew_rate;
    if (host->set_frequency(host->context, wanted, &actual)) {
        clock->applied = actual;
        /* The kernel rounds; the difference belongs to the slew when there is one, so that the base
         * stays exact. */
        clock->slew_rate = slew_rate != 0.0 ? actual - clock->base_frequency : 0.0;
    } else {
        clock->slew_rate = 0.0;
    }
}

static void start_slew(struct clock *clock, double remaining, double update_interval) {
    struct slew slew = {0.0, 0.0};
    ns_t raw;

    if (fabs(remaining) > NEGLIGIBLE_OFFSET)
        slew = discipline_plan_slew(&clock->options, remaining, clock->offset_error,
                                    update_interval, clock->base_frequency);
    apply_frequency(clock, slew.rate);
    raw = read_clock(clock);
    clock->pending = remaining;
    clock->slew_start = raw;
    clock->slew_end_monotonic =
        clock->slew_rate != 0.0 ? ns_add_seconds(read_monotonic(clock), slew.duration) : NS_NEVER;
}

static double limit_frequency(const struct clock *clock, double frequency) {
    double limit = clock->options.max_frequency;

    return fmax(-limit, fmin(limit, frequency));
}

void clock_set_frequency(struct clock *clock, double frequency) {
    double remaining = clock_remaining(clock, read_clock(clock));

    clock->base_frequency = limit_frequency(clock, frequency);
    if (is_virtual(clock)) {
        clock->pending = remaining;
        clock->slew_start = read_clock(clock);
    } else {
        clock->applied = clock->base_frequency;
        clock->host->set_frequency(clock->host->context, clock->base_frequency, &clock->applied);
        start_slew(clock, remaining, 1.0);
    }
}

void clock_adjust(struct clock *clock, double frequency, double offset, double offset_error,
                  double update_interval) {
    ns_t raw = read_clock(clock);
    double remaining = clock_remaining(clock, raw) + offset;

    clock->base_frequency =
        limit_frequency(clock, (1.0 + clock->base_frequency) * (1.0 + frequency) - 1.0);
    clock->offset_error = offset_error;
    if (is_virtual(clock)) {
        clock->pending = remaining;
        clock->slew_start = raw;
    } else {
        start_slew(clock, remaining, update_interval);
    }
}

bool clock_step_remaining(struct clock *clock) {
    const struct host *host = clock->host;
    double remaining;

    if (is_virtual(clock))
        return false;
    remaining = clock_remaining(clock, read_clock(clock));
    if (!host->step_clock(host->context, remaining))
        return false;
    clock->monotonic_distance += ns_from_seconds(remaining);
    start_slew(clock, 0.0, 1.0);
    return true;
}

void clock_run(struct clock *clock, ns_t monotonic) {
    if (monotonic < clock->slew_end_monotonic)
        return;
    clock->pending = clock_remaining(clock, read_clock(clock));
    if (fabs(clock->pending) > WORTH_SLEWING_AGAIN) {
        start_slew(clock, clock->pending, 1.0);
        return;
    }
    apply_frequency(clock, 0.0);
    clock->slew_start = read_clock(clock);
    clock->slew_end_monotonic = NS_NEVER;
}

void clock_stop(struct clock *clock) {
    if (!is_virtual(clock) && clock->slew_rate != 0.0)
        apply_frequency(clock, 0.0);
    clock->slew_end_monotonic = NS_NEVER;
}

double clock_take_jump(struct clock *clock) {
    ns_t distance = read_distance(clock);
    double jump = ns_difference(distance, clock->monotonic_distance);

    clock->monotonic_distance = distance;
    return jump;
}
