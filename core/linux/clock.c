/* The kernel's clocks (clock.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/clock.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

/* USER_HZ is 100 on every architecture that we build for. */
#define NOMINAL_TICK       10000
#define PPM_PER_TICK       100.0
#define SCALE_PER_PPM      65536.0
#define MAX_FREQ_PPM       500.0
#define KEPT_ERROR_SECONDS 10.0
#define MAX_ERROR_SECONDS  16.0 /* what the kernel calls unsynchronised */

/* Ends an adjtime() of someone before us; the value that other daemons' documentation knows it by.
 */
#define MODE_CLEAR_ADJTIME 0x8001

#define PRECISION_STEPS    100
#define PRECISION_READINGS 100000

struct kernel_frequency kernel_frequency_split(double frequency) {
    double ppm = fmax(-CLOCK_MAX_FREQUENCY, fmin(CLOCK_MAX_FREQUENCY, frequency)) * 1e6;
    long ticks = 0;

    if (fabs(ppm) > MAX_FREQ_PPM)
        ticks = lround(ppm / PPM_PER_TICK);
    return (struct kernel_frequency){
        .tick = NOMINAL_TICK + ticks,
        .freq = lround((ppm - PPM_PER_TICK * (double)ticks) * SCALE_PER_PPM),
    };
}

double kernel_frequency_join(struct kernel_frequency parts) {
    return ((double)(parts.tick - NOMINAL_TICK) * PPM_PER_TICK +
            (double)parts.freq / SCALE_PER_PPM) *
           1e-6;
}

static ns_t read_clock(clockid_t id) {
    struct timespec now = {0, 0};

    clock_gettime(id, &now);
    return (ns_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

ns_t system_clock_read(void) {
    return read_clock(CLOCK_REALTIME);
}

ns_t monotonic_clock_read(void) {
    return read_clock(CLOCK_MONOTONIC);
}

double system_clock_precision(void) {
    ns_t last = system_clock_read();
    ns_t smallest = NS_PER_S;
    int steps = 0;

    for (int i = 0; i < PRECISION_READINGS && steps < PRECISION_STEPS; i++) {
        ns_t now = system_clock_read();

        if (now > last) {
            steps++;
            if (now - last < smallest)
                smallest = now - last;
        }
        last = now;
    }
    /* No step at all in some milliseconds of reading: a clock that ticks with the scheduler. */
    return steps > 0 ? ns_to_seconds(smallest) : 0.01;
}

ns_t oscillator_clock_read(void) {
    ns_t steered = monotonic_clock_read(), awake = read_clock(CLOCK_BOOTTIME);

    /* Both monotonic clocks stand still while the machine sleeps; an old kernel, or a simulator,
     * has no third. */
    return read_clock(CLOCK_MONOTONIC_RAW) + (awake > 0 ? awake - steered : 0);
}

/* Somebody has told the kernel lately how good its clock is: maxerror grows by 500 ppm from then
 * on. */
static bool is_kept(void) {
    struct timex state = {.modes = 0};

    return adjtimex(&state) >= 0 && state.maxerror < (long)(KEPT_ERROR_SECONDS * 1e6);
}

bool system_clock_control(const struct log *log, bool *kept) {
    struct timex clear = {.modes = MODE_CLEAR_ADJTIME};
    struct timex quiet = {
        .modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR,
        .status = STA_UNSYNC,
        .maxerror = (long)(MAX_ERROR_SECONDS * 1e6),
        .esterror = (long)(MAX_ERROR_SECONDS * 1e6),
    };

    *kept = is_kept();
    if (adjtimex(&clear) >= 0 && (*kept || adjtimex(&quiet) >= 0))
        return true;
    if (errno == EPERM)
        log_warning(log, "adjtimex(0x8001) failed : Operation not permitted : no CAP_SYS_TIME: "
                         "serving time without "
                         "steering the clock; add --cap-add SYS_TIME, or -x to mean it");
    else
        log_warning(log, "adjtimex(0x8001) failed : %s : serving time without steering the clock",
                    strerror(errno));
    return false;
}

bool system_clock_read_frequency(void *context, double *frequency, double *estimated_error) {
    struct timex state = {.modes = 0};

    (void)context;
    if (adjtimex(&state) < 0)
        return false;
    *frequency = kernel_frequency_join((struct kernel_frequency){state.tick, state.freq});
    *estimated_error = (double)state.esterror * 1e-6;
    return true;
}

bool system_clock_set_frequency(void *context, double frequency, double *actual) {
    struct kernel_frequency parts = kernel_frequency_split(frequency);
    struct timex state = {
        .modes = ADJ_TICK | ADJ_FREQUENCY, .tick = parts.tick, .freq = parts.freq};

    (void)context;
    if (adjtimex(&state) < 0)
        return false;
    *actual = kernel_frequency_join((struct kernel_frequency){state.tick, state.freq});
    return true;
}

/* For kernels and sandboxes without ADJ_SETOFFSET: loses the time between the two calls. */
static bool step_by_setting(ns_t offset) {
    ns_t target = system_clock_read() + offset;
    struct timespec when = {.tv_sec = (time_t)(target / NS_PER_S),
                            .tv_nsec = (long)(target % NS_PER_S)};

    return target >= 0 && clock_settime(CLOCK_REALTIME, &when) == 0;
}

bool system_clock_step(void *context, double seconds) {
    ns_t offset = ns_from_seconds(seconds);
    int64_t whole = ns_floor_seconds(offset);
    struct timex step = {.modes = ADJ_SETOFFSET | ADJ_NANO};

    (void)context;
    /* Before, not only with it: clock simulators take the unit from the status that they find. */
    adjtimex(&(struct timex){.modes = ADJ_NANO});
    step.time.tv_sec = (time_t)whole;
    step.time.tv_usec = (suseconds_t)(offset - whole * NS_PER_S); /* ns: ADJ_NANO */
    return adjtimex(&step) >= 0 || step_by_setting(offset);
}

bool system_clock_advance(ns_t time) {
    ns_t now = system_clock_read();

    return time > now && system_clock_step(NULL, ns_difference(time, now));
}

static long error_microseconds(double seconds) {
    return (long)(fmin(fmax(seconds, 0.0), MAX_ERROR_SECONDS) * 1e6);
}

bool system_clock_set_status(void *context, const struct clock_status *status) {
    static const int leap_bits[] = {
        [CLOCK_LEAP_NONE] = 0, [CLOCK_LEAP_INSERT] = STA_INS, [CLOCK_LEAP_DELETE] = STA_DEL};
    struct timex state = {
        .modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR,
        .status = leap_bits[status->leap] | (status->synchronised ? 0 : STA_UNSYNC),
        .maxerror = error_microseconds(status->maximum_error),
        .esterror = error_microseconds(status->estimated_error),
    };

    (void)context;
    if (status->tai_offset != 0)
        adjtimex(&(struct timex){.modes = ADJ_TAI, .constant = status->tai_offset});
    return adjtimex(&state) >= 0;
}
