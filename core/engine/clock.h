/* The local NTP clock: the system clock plus what is still to be corrected.
 *
 *     ntp(raw) = raw + remaining(raw)
 *
 * A correction changes the NTP clock at once; the system clock follows by running `slew` s/s faster
 * than its base frequency until nothing remains. Without control of the system clock (-x, no
 * permission) nothing is steered and `remaining` holds the whole difference, offset and frequency:
 * the NTP clock is right all the same and is served.
 *
 * Another program may steer the same kernel clock: two daemons on one host, one following the
 * other. If both went on, the follower would correct what its own source has already corrected, and
 * chase itself. Whoever notices that the kernel was changed by someone else therefore defers: it
 * ends its own slew, keeps what the other set, and lives as if without permission. It takes the
 * clock back when the other has been quiet for QUIET_UPDATES updates, or lets the clock stray.
 *
 * Whoever does not steer, or was disturbed, reckons on the bare oscillator, which nobody steers:
 *
 *     ntp = anchor_ntp + (oscillator - anchor_oscillator) * (1 + base)
 *
 * so that what others do to the system clock does not reach the NTP clock at all. Before the first
 * correction there is nothing to reckon with: until then the NTP clock is the system clock. */
#ifndef CHRONOBOX_ENGINE_CLOCK_H
#define CHRONOBOX_ENGINE_CLOCK_H

#include "core/engine/host.h"
#include "core/track/discipline.h"

struct clock {
    const struct host *host;
    struct discipline_options options;
    double base_frequency; /* s/s, correction of the oscillator: what the estimates have led to */
    double compensation;   /* s/s, the part of it that a temperature sensor has added */
    double applied;   /* s/s, what the kernel was last told (or set by others), slew included */
    double slew_rate; /* s/s, on top of the base; 0 = no slew */
    ns_t slew_start;  /* system clock */
    ns_t anchor_ntp, anchor_oscillator; /* the same instant on both */
    ns_t slew_end_monotonic;            /* NS_NEVER = no slew */
    double pending;                     /* s, remaining at slew_start */
    double offset_error;                /* s, one deviation of the last correction */
    ns_t monotonic_distance;            /* system clock - monotonic clock when last looked at */
    bool corrected; /* at least once: the NTP clock is more than the system clock */
    bool deferring; /* someone else steers */
    bool interference_said;
    int quiet_updates;         /* since the other was last noticed */
    double deferred_remaining; /* s, at the last update while deferring */
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

/* Changes the base frequency by `change` s/s for the temperature's sake; a slew goes on. */
void clock_compensate(struct clock *clock, double change);

/* s/s, the base frequency without that. */
double clock_frequency(const struct clock *clock);

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

/* A leap second: true time moves by `seconds`, and the NTP clock with it. step: the system clock is
 * ours to move, false when the host refuses; else it has been moved. */
bool clock_leap(struct clock *clock, double seconds, bool step);

/* The system clock was stepped by someone else: the NTP clock stays where it was. */
void clock_absorb_jump(struct clock *clock);

#endif
