/* The kernel's clocks on an oscillator (world.h), as adjtimex(2) steers them: frequency, tick,
 * step, adjtime() and leap seconds. There is no phase-locked loop: no daemon here uses it. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "tests/preload/world.h"

#define NOMINAL_TICK   10000
#define MIN_TICK       9000
#define MAX_TICK       11000
#define MAX_FREQ       32768000 /* 500 ppm in 2^-16 ppm */
#define MAX_ERROR      16000000 /* us */
#define ERROR_PER_S    500      /* us */
#define ADJTIME_NS     500000   /* most that adjtime() slews in a second */
#define DAY            (86400 * WORLD_SECOND)
#define KNOWN_STATUS   (STA_PLL | STA_UNSYNC | STA_INS | STA_DEL | STA_FREQHOLD)
#define SINGLESHOT     0x8001
#define SINGLESHOT_ASK 0xa001

void kernel_clock_init(struct kernel_clock *clock, int64_t unix_seconds, double offset) {
    *clock = (struct kernel_clock){
        .real_ns = unix_seconds * WORLD_SECOND + (int64_t)(offset * 1e9),
        .tick = NOMINAL_TICK,
        .status = STA_UNSYNC,
        .maxerror = MAX_ERROR,
        .esterror = MAX_ERROR,
        .constant = 2,
    };
}

static double steering(const struct kernel_clock *clock) {
    return (double)(clock->tick - NOMINAL_TICK) * 1e-4 + (double)clock->freq / 65536e6 +
           clock->slewing;
}

double kernel_clock_rate(const struct kernel_clock *clock) {
    double steered = steering(clock);

    return clock->oscillator + steered + clock->oscillator * steered;
}

/* The leap second, when the last `passed` ns took the clock over its instant. */
static void make_leap(struct kernel_clock *clock, int64_t passed) {
    int64_t early = clock->status & STA_DEL ? WORLD_SECOND : 0;

    if (!(clock->status & (STA_INS | STA_DEL)))
        clock->leap_made = false;
    else if (!clock->leap_made &&
             (clock->real_ns + early) / DAY != (clock->real_ns + early - passed) / DAY) {
        clock->real_ns -= clock->status & STA_INS ? WORLD_SECOND : -WORLD_SECOND;
        clock->tai += clock->status & STA_INS ? 1 : -1;
        clock->leap_made = true;
    }
}

void kernel_clock_advance(struct kernel_clock *clock, int64_t now_ns) {
    int64_t elapsed = now_ns - clock->true_ns;
    double excess = (double)elapsed * kernel_clock_rate(clock) + clock->fraction;
    double raw = (double)elapsed * clock->oscillator + clock->raw_fraction;

    if (elapsed <= 0)
        return;
    clock->fraction = excess - floor(excess);
    clock->raw_fraction = raw - floor(raw);
    clock->real_ns += elapsed + (int64_t)floor(excess);
    clock->monotonic_ns += elapsed + (int64_t)floor(excess);
    clock->raw_ns += elapsed + (int64_t)floor(raw);
    clock->true_ns = now_ns;
    make_leap(clock, elapsed + (int64_t)floor(excess));
}

void kernel_clock_second(struct kernel_clock *clock) {
    int64_t slew = clock->slewing_ns;

    clock->maxerror += ERROR_PER_S;
    if (clock->maxerror >= MAX_ERROR) {
        clock->maxerror = MAX_ERROR;
        clock->status |= STA_UNSYNC;
    }
    if (slew > ADJTIME_NS)
        slew = ADJTIME_NS;
    if (slew < -ADJTIME_NS)
        slew = -ADJTIME_NS;
    clock->slewing = (double)slew * 1e-9;
    clock->slewing_ns -= slew;
}

int64_t kernel_clock_when(const struct kernel_clock *clock, int64_t monotonic_ns) {
    double left = (double)(monotonic_ns - clock->monotonic_ns) - clock->fraction;

    if (left <= 0.0)
        return clock->true_ns;
    return clock->true_ns + (int64_t)ceil(left / (1.0 + kernel_clock_rate(clock)) + 1e-3);
}

/* After any step the kernel holds its clock for unsynchronised. */
static void forget(struct kernel_clock *clock) {
    clock->status |= STA_UNSYNC;
    clock->maxerror = clock->esterror = MAX_ERROR;
    clock->slewing_ns = 0;
    clock->slewing = 0.0;
    clock->steps++;
}

void kernel_clock_set(struct kernel_clock *clock, int64_t real_ns) {
    clock->real_ns = real_ns;
    clock->fraction = 0.0;
    forget(clock);
}

/* The unit is what STA_NANO said before this call: a simulator that goes by the status and not by
 * the call's ADJ_NANO must not surprise anybody. */
static void set_offset(struct kernel_clock *clock, const struct timex *change) {
    bool nano = clock->status & STA_NANO;

    clock->real_ns += change->time.tv_sec * WORLD_SECOND + change->time.tv_usec * (nano ? 1 : 1000);
    forget(clock);
}

static bool valid(const struct timex *change) {
    if (change->modes & ADJ_TICK && (change->tick < MIN_TICK || change->tick > MAX_TICK))
        return false;
    return !(change->modes & ADJ_SETOFFSET) ||
           (change->time.tv_usec >= 0 &&
            change->time.tv_usec < (change->modes & ADJ_NANO ? 1000000000 : 1000000));
}

static void apply(struct kernel_clock *clock, const struct timex *change) {
    if (change->modes & ADJ_SETOFFSET)
        set_offset(clock, change);
    if (change->modes & ADJ_STATUS)
        clock->status = (clock->status & ~KNOWN_STATUS) | (change->status & KNOWN_STATUS);
    if (change->modes & ADJ_NANO)
        clock->status |= STA_NANO;
    if (change->modes & ADJ_MICRO)
        clock->status &= ~STA_NANO;
    if (change->modes & ADJ_FREQUENCY)
        clock->freq = change->freq > MAX_FREQ    ? MAX_FREQ
                      : change->freq < -MAX_FREQ ? -MAX_FREQ
                                                 : change->freq;
    if (change->modes & ADJ_TICK)
        clock->tick = change->tick;
    if (change->modes & (ADJ_FREQUENCY | ADJ_TICK))
        clock->adjustments++;
    if (change->modes & ADJ_MAXERROR)
        clock->maxerror = change->maxerror;
    if (change->modes & ADJ_ESTERROR)
        clock->esterror = change->esterror;
    if (change->modes & ADJ_TIMECONST)
        clock->constant = change->constant;
    if (change->modes & ADJ_TAI)
        clock->tai = (int)change->constant;
}

static void report(const struct kernel_clock *clock, struct timex *change) {
    int64_t part = clock->real_ns % WORLD_SECOND;

    change->freq = clock->freq;
    change->tick = clock->tick;
    change->status = clock->status;
    change->maxerror = clock->maxerror;
    change->esterror = clock->esterror;
    change->constant = clock->constant;
    change->precision = 1;
    change->tolerance = MAX_FREQ;
    change->tai = clock->tai;
    change->offset = 0;
    change->time.tv_sec = clock->real_ns / WORLD_SECOND;
    change->time.tv_usec = clock->status & STA_NANO ? part : part / 1000;
}

static int leap_state(const struct kernel_clock *clock) {
    if (clock->leap_made)
        return TIME_WAIT;
    if (clock->status & STA_INS)
        return TIME_INS;
    if (clock->status & STA_DEL)
        return TIME_DEL;
    return clock->status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
}

int kernel_clock_adjust(struct kernel_clock *clock, struct timex *change) {
    if (change->modes == SINGLESHOT || change->modes == SINGLESHOT_ASK) {
        int64_t left = clock->slewing_ns;

        if (change->modes == SINGLESHOT) {
            clock->slewing_ns = change->offset * 1000;
            clock->slewing = 0.0;
        }
        report(clock, change);
        change->offset = left / 1000;
        return leap_state(clock);
    }
    if (!valid(change)) {
        errno = EINVAL;
        return -1;
    }
    apply(clock, change);
    report(clock, change);
    return leap_state(clock);
}
