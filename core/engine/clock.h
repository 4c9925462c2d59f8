/* The local NTP clock: the system clock plus what is still to be corrected.
 *
 *     ntp(raw) = raw + remaining(raw)
 *
 * A correction changes the NTP clock at once; the system clock follows by running `slew` s/s faster
 * than its base frequency until nothing remains. Without control of the system clock (-x, no
 * permission) nothing is steered and `remaining` holds the whole difference, offset and frequency:
 * the NTP clock is right all the same and is served. */
#ifndef CHRONOBOX_ENGINE_CLOCK_H
#define CHRONOBOX_ENGINE_CLOCK_H

#include "core/engine/host.h"
#include "core/track/discipline.h"

struct clock {
    const struct host *host;
    struct discipline_options options;
    double base_frequency;   /* s/s, correction of the oscillator: what the estimates have led to */
    double applied;          /* s/s, what the kernel was last told, base and slew together */
    double slew_rate;        /* s/s, on top of the base; 0 = no slew */
    ns_t slew_start;         /* system clock */
    ns_t slew_end_monotonic; /* NS_NEVER = no slew */
    double pending;          /* s, remaining at slew_start */
    double offset_error;     /* s, one deviation of the last correction */
    ns_t monotonic_distance; /* system clock - monotonic clock when last looked at */
    bool interference_said;
};

void clock_init(struct clock *clock, const struct host *host,
                const struct discipline_options *options);

/* s the NTP clock is ahead of the system clock at system time raw: what remains to be corrected. */
double clock_remaining(const struct clock *clock, ns_t raw);

ns_t clock_to_ntp(const struct clock *clock, ns_t raw);

/* Sets the base frequency outright (driftfile), s/s. */
void clock_set_frequency(struct clock *clock, double frequency);

/* Applies a correction now: the NTP clock gains `offset` s and `frequency` s/s, the system clock is
 * slewed behind. offset_error: s; update_interval: s. */
void clock_adjust(struct clock *clock, double frequency, double offset, double offset_error,
                  double update_interval);

/* Moves the system clock by what remains; the NTP clock does not change. False: the host refused.
 */
bool clock_step_remaining(struct clock *clock);

/* Ends a slew whose time is over. */
void clock_run(struct clock *clock, ns_t monotonic);

/* Leaves the kernel at the base frequency. */
void clock_stop(struct clock *clock);

/* s that the system clock was moved from outside since last asked (steps of our own are not
 * counted). */
double clock_take_jump(struct clock *clock);

#endif
