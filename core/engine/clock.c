/* The local NTP clock (clock.h). All arithmetic on the slew is exact to the second order: while the
 * kernel runs at 1 + base + slew, a raw interval d takes d * slew / (1 + base + slew) off what
 * remains. */
#include "core/engine/clock.h"

#include <math.h>

/* Kernel frequencies are multiples of 2^-16 ppm; what differs by more was set by someone else. */
#define FREQUENCY_QUANTUM 1e-9

/* Below this nothing is slewed: it is under the resolution of the clock itself. */
#define NEGLIGIBLE_OFFSET 1e-9

/* A timer that came late has overshot; more than this (s) is taken back. */
#define WORTH_SLEWING_AGAIN 1e-6

/* While deferring: this many own updates without a sign of the other, and the clock is ours again
 * ... */
#define QUIET_UPDATES 16

/* ... or after two, when it is this many deviations off and does not come closer. */
#define STRAY_DEVIATIONS 5.0
#define STRAY_FLOOR      1e-4 /* s */
#define COMES_CLOSER     0.9

/* Two clocks cannot be read at once: a pair further apart than this is read again. */
#define PAIR_GAP_NS  (50 * NS_PER_S / 1000000)
#define PAIR_RETRIES 4

static ns_t read_clock(const struct clock *clock) {
    return clock->host->read_clock(clock->host->context);
}

static ns_t read_monotonic(const struct clock *clock) {
    return clock->host->read_monotonic(clock->host->context);
}

static bool steers(const struct clock *clock) {
    return clock->host->clock_control && !clock->deferring;
}

/* System clock minus monotonic clock; false when the machine is too busy to tell. */
static bool read_distance(const struct clock *clock, ns_t *distance) {
    for (int i = 0; i < PAIR_RETRIES; i++) {
        ns_t before = read_monotonic(clock), raw = read_clock(clock),
             gap = read_monotonic(clock) - before;

        *distance = raw - before - gap / 2;
        if (gap <= PAIR_GAP_NS)
            return true;
    }
    return false;
}

static ns_t read_oscillator(const struct clock *clock) {
    return clock->host->read_oscillator(clock->host->context);
}

/* What remains by the oscillator's word. A stamp of a moment ago is carried back at the rates of
 * now. */
static double remaining_by_oscillator(const struct clock *clock, ns_t raw) {
    ns_t now = read_clock(clock), oscillator = read_oscillator(clock);
    double elapsed = ns_difference(oscillator, clock->anchor_oscillator);
    ns_t ntp = ns_add_seconds(clock->anchor_ntp + (oscillator - clock->anchor_oscillator),
                              elapsed * clock->base_frequency);

    return ns_difference(ntp, now) -
           ns_difference(now, raw) * (clock->base_frequency - clock->applied);
}

/* From this moment `remaining` s are to be corrected. */
static void set_pending(struct clock *clock, double remaining) {
    clock->slew_start = read_clock(clock);
    clock->anchor_oscillator = read_oscillator(clock);
    clock->anchor_ntp = ns_add_seconds(clock->slew_start, remaining);
    clock->pending = remaining;
}

void clock_init(struct clock *clock, const struct host *host,
                const struct discipline_options *options) {
    double frequency = 0.0;

    *clock = (struct clock){.host = host, .options = *options, .slew_end_monotonic = NS_NEVER};
    if (host->clock_control && host->read_frequency(host->context, &frequency))
        clock->base_frequency = frequency;
    clock->applied = clock->base_frequency;
    clock->deferring = host->clock_control && host->clock_kept;
    set_pending(clock, 0.0);
    read_distance(clock, &clock->monotonic_distance);
}

double clock_remaining(const struct clock *clock, ns_t raw) {
    double elapsed = ns_difference(raw, clock->slew_start);

    if (!clock->corrected)
        return clock->pending;
    if (!steers(clock))
        return remaining_by_oscillator(clock, raw);
    if (elapsed <= 0.0 || clock->slew_rate == 0.0)
        return clock->pending;
    /* The slew goes on until it is ended, also when the timer comes late. */
    return clock->pending -
           elapsed * clock->slew_rate / (1.0 + clock->base_frequency + clock->slew_rate);
}

ns_t clock_to_ntp(const struct clock *clock, ns_t raw) {
    return ns_add_seconds(raw, clock_remaining(clock, raw));
}

static double limit_frequency(const struct clock *clock, double frequency) {
    double limit = clock->options.max_frequency;

    return fmax(-limit, fmin(limit, frequency));
}

static void apply_frequency(struct clock *clock, double slew_rate) {
    double actual;

    clock->slew_rate = 0.0;
    if (!clock->host->set_frequency(clock->host->context, clock->base_frequency + slew_rate,
                                    &actual))
        return;
    clock->applied = actual;
    /* The kernel rounds; the difference belongs to the slew when there is one, so that the base
     * stays exact. */
    if (slew_rate != 0.0)
        clock->slew_rate = actual - clock->base_frequency;
}

/* Ends what we do to the clock and leaves it to the other. The NTP clock goes on undisturbed. */
static void defer(struct clock *clock) {
    double remaining = clock->corrected ? remaining_by_oscillator(clock, read_clock(clock)) : 0.0;

    clock->quiet_updates = 0;
    if (!clock->interference_said)
        log_warning(&clock->host->log, "System clock interference detected (another NTP client?)");
    clock->interference_said = true;
    if (!clock->deferring)
        clock->deferred_remaining = remaining;
    clock->deferring = true;
    clock->slew_rate = 0.0;
    clock->slew_end_monotonic = NS_NEVER;
    set_pending(clock, remaining);
}

/* What someone else changed since we last looked is noticed, and kept but for a slew of our own. */
static void look_at_kernel(struct clock *clock) {
    const struct host *host = clock->host;
    double kernel;

    if (!host->clock_control || !host->read_frequency(host->context, &kernel) ||
        fabs(kernel - clock->applied) <= FREQUENCY_QUANTUM)
        return;
    clock->applied = kernel;
    if (clock->slew_rate != 0.0)
        host->set_frequency(host->context, kernel - clock->slew_rate, &clock->applied);
    defer(clock);
}

static void start_slew(struct clock *clock, double remaining, double update_interval) {
    struct slew slew = {0.0, 0.0};

    if (fabs(remaining) > NEGLIGIBLE_OFFSET)
        slew = discipline_plan_slew(&clock->options, remaining, clock->offset_error,
                                    update_interval, clock->base_frequency);
    apply_frequency(clock, slew.rate);
    set_pending(clock, remaining);
    /* The monotonic clock is slewed too: the oscillator's `duration` is this long on it. */
    clock->slew_end_monotonic =
        clock->slew_rate != 0.0
            ? ns_add_seconds(read_monotonic(clock),
                             slew.duration * (1.0 + clock->base_frequency + clock->slew_rate))
            : NS_NEVER;
}

/* Whether the clock, left to the other, has become ours to look after again. */
static bool takes_back(struct clock *clock, double remaining) {
    double bound = STRAY_DEVIATIONS * clock->offset_error + STRAY_FLOOR;
    bool strays =
        fabs(remaining) > bound && fabs(remaining) > COMES_CLOSER * fabs(clock->deferred_remaining);

    clock->deferred_remaining = remaining;
    clock->quiet_updates++;
    return clock->quiet_updates > QUIET_UPDATES || (clock->quiet_updates > 2 && strays);
}

void clock_set_frequency(struct clock *clock, double frequency) {
    double remaining = clock_remaining(clock, read_clock(clock));

    clock->base_frequency = limit_frequency(clock, frequency);
    if (steers(clock))
        start_slew(clock, remaining, 1.0);
    else
        set_pending(clock, remaining);
}

/* Until now the NTP clock ran with the system clock: what that has run at against the oscillator is
 * where the base frequency starts from, whoever set it. */
static void begin_to_reckon(struct clock *clock) {
    double elapsed = ns_difference(read_oscillator(clock), clock->anchor_oscillator);
    double rate = ns_difference(read_clock(clock), clock->anchor_ntp) / elapsed - 1.0;

    clock->corrected = true;
    if (!steers(clock) && elapsed > 0.0 && fabs(rate) < clock->options.max_frequency)
        clock->base_frequency = rate;
}

void clock_adjust(struct clock *clock, double frequency, double offset, double offset_error,
                  double update_interval) {
    double remaining;

    look_at_kernel(clock);
    remaining = clock_remaining(clock, read_clock(clock)) + offset;
    if (!clock->corrected)
        begin_to_reckon(clock);
    clock->base_frequency =
        limit_frequency(clock, (1.0 + clock->base_frequency) * (1.0 + frequency) - 1.0);
    clock->offset_error = offset_error;
    if (clock->deferring && takes_back(clock, remaining))
        clock->deferring = false;
    if (steers(clock))
        start_slew(clock, remaining, update_interval);
    else
        set_pending(clock, remaining);
}

void clock_compensate(struct clock *clock, double change) {
    double remaining;

    look_at_kernel(clock);
    remaining = clock_remaining(clock, read_clock(clock));
    clock->base_frequency += change;
    clock->compensation += change;
    if (steers(clock))
        apply_frequency(clock, clock->slew_rate);
    set_pending(clock, remaining);
}

double clock_frequency(const struct clock *clock) {
    return clock->base_frequency - clock->compensation;
}

bool clock_step_remaining(struct clock *clock) {
    const struct host *host = clock->host;
    double remaining;

    if (!host->clock_control)
        return false;
    remaining = clock_remaining(clock, read_clock(clock));
    if (!host->step_clock(host->context, remaining))
        return false;
    clock->monotonic_distance += ns_from_seconds(remaining);
    if (steers(clock))
        start_slew(clock, 0.0, 1.0);
    else
        set_pending(clock, 0.0);
    return true;
}

void clock_run(struct clock *clock, ns_t monotonic) {
    if (monotonic < clock->slew_end_monotonic)
        return;
    look_at_kernel(clock);
    if (!steers(clock))
        return;
    clock->pending = clock_remaining(clock, read_clock(clock));
    if (fabs(clock->pending) > WORTH_SLEWING_AGAIN) {
        start_slew(clock, clock->pending, 1.0);
        return;
    }
    apply_frequency(clock, 0.0);
    set_pending(clock, clock->pending);
    clock->slew_end_monotonic = NS_NEVER;
}

void clock_stop(struct clock *clock) {
    look_at_kernel(clock);
    if (steers(clock) && clock->slew_rate != 0.0)
        apply_frequency(clock, 0.0);
    clock->slew_end_monotonic = NS_NEVER;
}

double clock_take_jump(struct clock *clock) {
    ns_t distance;
    double jump;

    if (!read_distance(clock, &distance))
        return 0.0;
    jump = ns_difference(distance, clock->monotonic_distance);
    clock->monotonic_distance = distance;
    return jump;
}

bool clock_leap(struct clock *clock, double seconds, bool step) {
    const struct host *host = clock->host;

    ns_t change = ns_from_seconds(seconds);
    bool moved = !step || (host->clock_control && host->step_clock(host->context, seconds));

    clock->anchor_ntp += change;
    if (moved)
        clock->slew_start += change;
    else
        clock->pending += seconds;
    if (moved && step)
        clock->monotonic_distance += change;
    return moved;
}

void clock_absorb_jump(struct clock *clock) {
    if (clock->host->clock_control)
        defer(clock);
}
