/* From an estimate to what is done to the clock: how fast an offset is slewed, and when it is
 * stepped. The clock's rate at any moment is base frequency + slew rate; the slew takes an offset
 * away in bounded time. */
#ifndef CHRONOBOX_TRACK_DISCIPLINE_H
#define CHRONOBOX_TRACK_DISCIPLINE_H

#include <stdbool.h>

struct discipline_options {
    double max_slew_rate;    /* s/s, default 1/12 */
    double correction_ratio; /* corrtimeratio, default 3 */
    double max_frequency;    /* s/s, limit of the clock's driver, default 0.1 */
    /* Kept up to date by whoever steers: the bound of the frequency that the clock was last given
     * (s/s, 0 = unknown), and the time since the first correction (s). */
    double skew, age;
};

/* A slew: `rate` s/s for `duration` s takes `offset` = rate * duration away. */
struct slew {
    double rate;
    double duration;
};

/* Plans the slew of a correction. offset: s, to be added to the clock (what remains of the last
 * slew included); offset_error: s, one deviation of it; update_interval: s between updates of the
 * reference; base_frequency: s/s already applied, so that base + rate stays within max_frequency.
 * Duration is 1..10000 s unless the rate limit makes it longer; offset 0 gives rate 0. */
struct slew discipline_plan_slew(const struct discipline_options *options, double offset,
                                 double offset_error, double update_interval,
                                 double base_frequency);

/* What of a new frequency estimate to apply. The filter's estimate is a posterior, relative to the
 * frequency that the clock runs at: it is applied whole, or, when its skew is above max_update_skew
 * or not a number, not at all; then the old skew (s/s) is aged by max_clock_error (s/s) over
 * elapsed (s). */
struct frequency_update {
    double change; /* s/s, to be added to the base frequency */
    double skew;   /* s/s */
};

struct frequency_update discipline_update_frequency(double skew, double elapsed,
                                                    double max_clock_error, double estimate,
                                                    double estimate_skew, double max_update_skew);

#endif
