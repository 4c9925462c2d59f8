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

/* While deferring: this many own updates without a sign of the other, and the clock is taken ... */
#define PATIENCE     16
#define MAX_PATIENCE 256

/* ... or after two, when it is further off than it can be by our knowledge, and no closer than at
 * the update before. */
#define SILENT_WHILE_STRAYING 2
#define COMES_CLOSER          0.98

#define LOOK_INTERVAL NS_PER_S

/* s/s: the kernel's frequency above this is someone's slew, not what the oscillator needs. */
#define SLEWS_ABOVE 1e-3

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

static bool reckons_on_oscillator(const struct clock *clock) {
    return !clock->host->clock_control || clock->disturbed;
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
    bool slews, kept;

    *clock = (struct clock){
        .host = host,
        .options = *options,
        .slew_end_monotonic = NS_NEVER,
        .distance = CLOCK_NO_ERROR,
        .vouched = CLOCK_NO_ERROR,
        .patience = PATIENCE,
    };
    if (host->clock_control)
        host->read_frequency(host->context, &frequency, &clock->vouched);
    clock->applied = clock->base_frequency = frequency;
    /* A slew may have been left behind by someone who is gone: that is not waited for. */
    slews = host->clock_control && fabs(frequency) > SLEWS_ABOVE;
    kept = host->clock_control && host->clock_kept && clock->vouched < CLOCK_NO_ERROR;
    clock->disturbed = kept || slews;
    clock->deferring = kept && !slews;
    clock->told = clock->deferring ? CLOCK_NO_ERROR : clock->vouched;
    set_pending(clock, 0.0);
    read_distance(clock, &clock->monotonic_distance);
}

double clock_remaining(const struct clock *clock, ns_t raw) {
    double elapsed = ns_difference(raw, clock->slew_start);

    if (!clock->begun)
        return clock->pending;
    if (reckons_on_oscillator(clock))
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

double clock_rate(const struct clock *clock) {
    if (!clock->begun)
        return 0.0;
    if (reckons_on_oscillator(clock))
        return clock->base_frequency - clock->applied;
    return -clock->slew_rate / (1.0 + clock->base_frequency + clock->slew_rate);
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

/* What is to be corrected is measured from here on, on the oscillator. */
static void notice_other(struct clock *clock) {
    if (!clock->interference_said)
        log_warning(&clock->host->log, "System clock interference detected (another NTP client?)");
    clock->interference_said = true;
    clock->disturbed = true;
}

/* True when someone else has been at the kernel since we last looked. */
static bool look_at_kernel(struct clock *clock) {
    const struct host *host = clock->host;
    double kernel, vouched;
    bool steered, active;

    clock->looked = read_monotonic(clock);
    if (!host->clock_control || !host->read_frequency(host->context, &kernel, &vouched))
        return false;
    steered = fabs(kernel - clock->applied) > FREQUENCY_QUANTUM;
    active = steered || vouched != clock->vouched;
    if (active)
        clock->silence = 0;
    clock->vouched = vouched;
    if (steered) {
        clock->applied = kernel;
        notice_other(clock);
    }
    return active;
}

static bool other_knows_better(const struct clock *clock) {
    return clock->vouched < clock->distance && clock->vouched != clock->told;
}

/* Ends what we do to the clock and leaves it to the other. The NTP clock goes on undisturbed. */
static void defer(struct clock *clock, double remaining) {
    clock->deferred_remaining = remaining;
    clock->deferring = true;
    clock->told = CLOCK_NO_ERROR;
    clock->slew_rate = 0.0;
    clock->slew_end_monotonic = NS_NEVER;
    set_pending(clock, remaining);
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

static void correct(struct clock *clock, double remaining, double update_interval) {
    if (steers(clock))
        start_slew(clock, remaining, update_interval);
    else
        set_pending(clock, remaining);
}

/* Whether the clock, left to the other, has become ours to look after. */
static bool takes_clock(struct clock *clock, double remaining) {
    bool strays = fabs(remaining) > clock->distance &&
                  fabs(remaining) > COMES_CLOSER * fabs(clock->deferred_remaining);

    if (++clock->silence > clock->patience) {
        if (clock->patience < MAX_PATIENCE)
            clock->patience *= 2;
        return true;
    }
    return strays && clock->silence > SILENT_WHILE_STRAYING;
}

void clock_set_frequency(struct clock *clock, double frequency) {
    double remaining = clock_remaining(clock, read_clock(clock));

    clock->base_frequency = limit_frequency(clock, frequency);
    correct(clock, remaining, 1.0);
}

void clock_begin(struct clock *clock) {
    if (clock->begun || !clock->host->clock_control)
        return;
    clock->begun = true;
    if (clock->disturbed && fabs(clock->base_frequency) > SLEWS_ABOVE)
        clock->base_frequency = 0.0;
    set_pending(clock, clock->pending);
}

/* Until now the NTP clock ran with the system clock: what that has run at against the oscillator is
 * where the base frequency starts from, whoever set it. */
static void begin_to_reckon(struct clock *clock) {
    double elapsed = ns_difference(read_oscillator(clock), clock->anchor_oscillator);
    double rate = ns_difference(read_clock(clock), clock->anchor_ntp) / elapsed - 1.0;

    clock->begun = true;
    if (reckons_on_oscillator(clock) && elapsed > 0.0 && fabs(rate) < clock->options.max_frequency)
        clock->base_frequency = rate;
}

void clock_adjust(struct clock *clock, double frequency, double offset, double offset_error,
                  double update_interval) {
    double remaining;

    clock->phase += ns_from_seconds(offset);
    look_at_kernel(clock);
    remaining = clock_remaining(clock, read_clock(clock)) + offset;
    if (!clock->begun)
        begin_to_reckon(clock);
    clock->base_frequency =
        limit_frequency(clock, (1.0 + clock->base_frequency) * (1.0 + frequency) - 1.0);
    clock->offset_error = offset_error;
    clock->update_interval = update_interval;
    clock->overruled = false;
    if (clock->disturbed && other_knows_better(clock) && !takes_clock(clock, remaining)) {
        defer(clock, remaining);
        return;
    }
    clock->deferring = false;
    correct(clock, remaining, update_interval);
}

bool clock_watch(struct clock *clock) {
    double remaining;

    if (read_monotonic(clock) - clock->looked < LOOK_INTERVAL || !look_at_kernel(clock) ||
        !clock->disturbed || clock->deferring)
        return false;
    remaining = clock_remaining(clock, read_clock(clock));
    if (other_knows_better(clock)) {
        defer(clock, remaining);
        return false;
    }
    if (!clock->begun || clock->overruled || clock->vouched == clock->told)
        return false;
    clock->overruled = true;
    start_slew(clock, remaining, clock->update_interval);
    return true;
}

void clock_tell(struct clock *clock, const struct clock_status *status) {
    if (!steers(clock))
        return;
    clock->host->set_clock_status(clock->host->context, status);
    look_at_kernel(clock);
    clock->told = clock->vouched;
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
    correct(clock, 0.0, 1.0);
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
    clock->distance = CLOCK_NO_ERROR;
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
    bool moved = !step || (steers(clock) && host->step_clock(host->context, seconds));

    clock->phase += change;
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
    if (!clock->host->clock_control)
        return;
    notice_other(clock);
    if (steers(clock) && clock->begun)
        start_slew(clock, clock_remaining(clock, read_clock(clock)), clock->update_interval);
}

void clock_forget_slew(struct clock *clock) {
    if (steers(clock))
        start_slew(clock, 0.0, 1.0);
}
