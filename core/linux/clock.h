/* The kernel's clocks: read by clock_gettime, steered by adjtimex. The split of a frequency into
 * the kernel's two knobs is plain arithmetic and is tested as such; nothing else here is ever
 * called by a test. */
#ifndef CHRONOBOX_LINUX_CLOCK_H
#define CHRONOBOX_LINUX_CLOCK_H

#include <stdbool.h>

#include "core/base/log.h"
#include "core/base/time.h"
#include "core/engine/host.h"

/* s/s, both ways: the range of `tick`. */
#define CLOCK_MAX_FREQUENCY 0.1

/* What adjtimex takes: tick in us per 1/100 s (9000..11000), freq in 2^-16 ppm (+-500 ppm). */
struct kernel_frequency {
    long tick;
    long freq;
};

/* frequency: s/s, positive = faster, clamped to +-CLOCK_MAX_FREQUENCY. Within +-500 ppm the tick
 * stays nominal. */
struct kernel_frequency kernel_frequency_split(double frequency);
double kernel_frequency_join(struct kernel_frequency parts);

ns_t system_clock_read(void);
ns_t monotonic_clock_read(void);
/* Neither stepped nor steered; goes on while the machine sleeps. */
ns_t oscillator_clock_read(void);

/* s, the smallest step seen between readings of the system clock, 1e-9..1. Bounded, also where time
 * stands still. */
double system_clock_precision(void);

/* Takes the clock over: ends a running adjtime(), turns the kernel's own loops off, marks it
 * unsynchronised unless somebody keeps it (*kept). False: the kernel does not let us; one warning
 * says why and what to do. */
bool system_clock_control(const struct log *log, bool *kept);

/* Sets the clock to `time` if that is ahead of it: true when it was set. */
bool system_clock_advance(ns_t time);

/* The doors of struct host; the context is not used. */
bool system_clock_read_frequency(void *context, double *frequency, double *estimated_error);
bool system_clock_set_frequency(void *context, double frequency, double *actual);
bool system_clock_step(void *context, double seconds);
bool system_clock_set_status(void *context, const struct clock_status *status);

#endif
