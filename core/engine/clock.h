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
 * other. If each believed that the clock runs as it told it to, the follower would correct what its
 * source already corrects, and both would chase themselves. Therefore:
 *
 * 1. Whoever does not steer, or finds that someone else changed the kernel's frequency, reckons on
 *    the bare oscillator, which nobody steers:
 *        ntp = anchor_ntp + (oscillator - anchor_oscillator) * (1 + base)
 *    What others do to the system clock does not reach the NTP clock, `remaining` is measured, and
 *    any mixture of such programs is stable: each only pulls the system clock to its own truth.
 * 2. One of them is enough. Who steers tells the kernel its root distance as the estimated error. A
 *    follower's is its source's and more: who finds a smaller one than its own there, and not told
 *    by itself, defers: it leaves frequency and status alone and lives as if without permission.
 * 3. Who finds a larger one overrules it, once per update of its own. A change by someone who told
 *    the kernel nothing (adjtimex by hand) is kept until the next adjustment, which knows of it.
 * 4. Who defers takes the clock when that is not held: after `patience` updates without a sign of
 *    the other (doubled each time), or after two when the clock is further off than our root
 *    distance and comes no closer.
 * 5. Who stops, or loses its reference, tells the kernel that nobody vouches for the clock.
 *
 * Before the first sample (without control: correction) there is nothing to reckon with: until then
 * the NTP clock is the system clock. */
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
    ns_t phase;       /* sum of the offsets by which the NTP clock was corrected */
    ns_t anchor_ntp, anchor_oscillator; /* the same instant on both */
    ns_t slew_end_monotonic;            /* NS_NEVER = no slew */
    double pending;                     /* s, remaining at slew_start */
    double offset_error;                /* s, one deviation of the last correction */
    ns_t monotonic_distance;            /* system clock - monotonic clock when last looked at */
    double update_interval;             /* s, of the last correction */
    bool begun;                         /* the NTP clock is more than the system clock */
    bool disturbed;                     /* someone else steers, or did: reckon on the oscillator */
    bool deferring;                     /* someone else steers, and knows better */
    bool overruled;                     /* someone else, since the last adjustment */
    bool interference_said;
    double distance;           /* s, our root distance; kept up to date by whoever adjusts */
    double vouched, told;      /* s, the kernel's estimated error: as seen last, as we left it */
    ns_t looked;               /* monotonic, at the kernel */
    int silence, patience;     /* updates: since the other's last sign; before the clock is taken */
    double deferred_remaining; /* s, at the last update while deferring */
};

/* s, an estimated error: nobody vouches for the clock. */
#define CLOCK_NO_ERROR 16.0

void clock_init(struct clock *clock, const struct host *host,
                const struct discipline_options *options);

/* s the NTP clock is ahead of the system clock at system time raw: what remains to be corrected. */
double clock_remaining(const struct clock *clock, ns_t raw);

ns_t clock_to_ntp(const struct clock *clock, ns_t raw);

/* s/s by which NTP time goes faster than the system clock, as long as nothing happens. */
double clock_rate(const struct clock *clock);

/* Sets the base frequency outright (driftfile), s/s. */
void clock_set_frequency(struct clock *clock, double frequency);

/* A sample was taken: from now on what others do to the system clock is not the NTP clock's. */
void clock_begin(struct clock *clock);

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

/* Looks, at most once a second, whether someone else steers, and what that means. To be called
 * before timestamps are converted. True when the clock was taken from someone who knows less:
 * clock_tell() is due. */
bool clock_watch(struct clock *clock);

/* Tells the kernel how good its clock is, if it is ours to say. */
void clock_tell(struct clock *clock, const struct clock_status *status);

/* Leaves the kernel at the base frequency; from now on nobody vouches for the clock. */
void clock_stop(struct clock *clock);

/* s that the system clock was moved from outside since last asked (steps of our own are not
 * counted). */
double clock_take_jump(struct clock *clock);

/* A leap second: true time moves by `seconds`, and the NTP clock with it. step: the system clock is
 * ours to move, false when the host refuses; else it has been moved. */
bool clock_leap(struct clock *clock, double seconds, bool step);

/* The system clock was stepped by someone else: the NTP clock stays where it was. */
void clock_absorb_jump(struct clock *clock);

/* The system clock was set anew, or the machine slept: what remained is no longer known. */
void clock_forget_slew(struct clock *clock);

#endif
