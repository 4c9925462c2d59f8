/* Steering (discipline.h).
 *
 * Model. After an update the clock is wrong by r + n: r remains of the correction, n is the error
 * of the estimate, of deviation sigma_x; and it is fast or slow by r / tau + m: r is slewed off in
 * tau, m is the error of the frequency, of deviation sigma_y. A linear quadratic regulator that
 * weighs time error against sigma_x and frequency error against sigma_y has the same tau for every
 * r, proportional to
 *
 *     tau = CALM * sigma_x / sigma_y
 *
 * the time in which the error of the frequency alone would make the error of the time: more haste
 * costs more stability than it gains accuracy. Only an r of several sigma_x, an error that users
 * see, is worth haste:
 *
 *     tau / (1 + (r / (HURRY * sigma_x))^2),   1 s <= tau <= 10000 s,   |r| / tau <= max_slew_rate
 *
 * Nor is a clock steered calmly that has only just been found wrong: tau is no longer than the time
 * since the first correction. correction_ratio scales tau from its default. While sigma_y is
 * unknown, the update interval stands for tau.
 *
 * The frequency estimate is the filter's posterior: what the samples say and what is known of the
 * clock's wander is in it already, and a second average of old and new would only delay it. */
#include "core/track/discipline.h"

#include <math.h>

#define MIN_DURATION  1.0     /* s */
#define MAX_DURATION  10000.0 /* s */
#define CALM          1.25    /* times sigma_x / sigma_y */
#define HURRY         8.0     /* deviations */
#define DEFAULT_RATIO 3.0     /* of corrtimeratio */
#define MAX_SKEW      1.0     /* s/s: nothing is known */
#define MIN_SKEW      1e-12   /* s/s */

static double clamp(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

static double wanted_duration(const struct discipline_options *options, double offset,
                              double offset_error, double update_interval) {
    double duration = update_interval, excess = offset / (HURRY * offset_error);

    /* Comparisons that NaN fails lead to the shortest duration. */
    if (!(offset_error > 0.0))
        return MIN_DURATION;
    if (options->skew > 0.0)
        duration = fmin(CALM * offset_error / fmax(options->skew / 2.0, MIN_SKEW), options->age);
    duration *= options->correction_ratio / DEFAULT_RATIO / (1.0 + excess * excess);
    return duration > MIN_DURATION ? fmin(duration, MAX_DURATION) : MIN_DURATION;
}

struct slew discipline_plan_slew(const struct discipline_options *options, double offset,
                                 double offset_error, double update_interval,
                                 double base_frequency) {
    struct slew slew = {0.0, 0.0};
    double limit, room;

    if (!isfinite(offset) || offset == 0.0)
        return slew;
    slew.duration = wanted_duration(options, offset, offset_error, update_interval);
    room = options->max_frequency - copysign(base_frequency, base_frequency * offset);
    limit = fmin(options->max_slew_rate, fmax(room, 0.0));
    slew.rate = fmin(fabs(offset) / slew.duration, limit);
    /* At the driver's limit nothing can be slewed: the plan is asked for again with the next
     * update. */
    slew.duration = slew.rate > 0.0 ? fabs(offset) / slew.rate : MAX_DURATION;
    slew.rate = copysign(slew.rate, offset);
    return slew;
}

struct frequency_update discipline_update_frequency(double skew, double elapsed,
                                                    double max_clock_error, double estimate,
                                                    double estimate_skew, double max_update_skew) {
    struct frequency_update update = {estimate, estimate_skew};

    if (!isfinite(estimate) || !(estimate_skew <= max_update_skew)) {
        update.change = 0.0;
        update.skew = clamp(skew, 0.0, MAX_SKEW);
        /* A second of wander cannot outgrow the bound of the wander itself many times over. */
        if (elapsed > 0.0)
            update.skew = fmin(update.skew + max_clock_error, MAX_SKEW);
    }
    return update;
}
