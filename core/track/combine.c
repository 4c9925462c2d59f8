/* Combination of sources (select.h).
 *
 * Model. Source i says offset o_i with deviation s_i, frequency f_i with deviation skew_i / 2. Each
 * also has an error that does not average out, the asymmetry of its path, bounded by the root
 * distance d_i and taken to be of the size ASYMMETRY * d_i. Weights are inverse variances w_i, sum
 * w_i = 1; the errors are independent when the estimates were made for sharing
 * (filter_predict_shared), so that the variance of the combination is
 *
 *     s^2 = sum w_i^2 * sum w_i s_i^2
 *
 * where the mean of s_i^2 gives way to the spread of the o_i among themselves when that is larger
 * (external error, Birge 1932). */
#include "core/track/select.h"

#include <math.h>

#include "core/base/check.h"

#define ASYMMETRY     0.01  /* of the root distance */
#define MIN_DEVIATION 1e-12 /* s, s/s: keeps weights finite */

static double square(double x) {
    return x * x;
}

struct mean {
    double value, variance;
};

/* Adds up to nothing when no weight is finite: then the leader's word counts alone. */
static struct mean weighted_mean(const double *values, const double *deviations,
                                 const double *weights, int count) {
    struct mean mean = {values[0], square(deviations[0])};
    double sum = 0.0, value = 0.0, inner = 0.0, squares = 0.0, outer = 0.0;

    for (int i = 0; i < count; i++) {
        sum += weights[i];
        value += weights[i] * values[i];
        inner += weights[i] * square(deviations[i]);
        squares += square(weights[i]);
    }
    if (!(sum > 0.0) || !isfinite(sum) || !isfinite(value) || !isfinite(inner))
        return mean;
    value /= sum;
    squares /= sum * sum;
    for (int i = 0; i < count; i++)
        outer += weights[i] / sum * square(values[i] - value);
    mean.value = value;
    mean.variance = squares * fmax(inner / sum, outer);
    return mean;
}

struct select_combination combine_sources(const struct combine_source *sources, int count) {
    double values[SELECT_MAX_SOURCES], deviations[SELECT_MAX_SOURCES], weights[SELECT_MAX_SOURCES];
    struct select_combination combination;
    struct mean mean;

    CHECK(count >= 1 && count <= SELECT_MAX_SOURCES);
    for (int i = 0; i < count; i++) {
        values[i] = sources[i].offset;
        deviations[i] = sources[i].offset_error;
        weights[i] = 1.0 / (square(fmax(sources[i].offset_error, MIN_DEVIATION)) +
                            square(ASYMMETRY * sources[i].root_distance));
    }
    mean = weighted_mean(values, deviations, weights, count);
    combination.offset = mean.value;
    combination.offset_error = sqrt(mean.variance);
    for (int i = 0; i < count; i++) {
        values[i] = sources[i].frequency;
        deviations[i] = sources[i].skew;
        weights[i] = 1.0 / square(fmax(sources[i].skew, MIN_DEVIATION));
    }
    mean = weighted_mean(values, deviations, weights, count);
    combination.frequency = mean.value;
    combination.skew = sqrt(mean.variance);
    return combination;
}
