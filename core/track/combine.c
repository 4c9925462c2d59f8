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

/* One source's word on the offset, or on the frequency. */
struct word {
    double value, deviation, weight;
};

static struct word word_on(const struct combine_source *source, bool frequency) {
    if (frequency)
        return (struct word){source->frequency, source->skew,
                             1.0 / square(fmax(source->skew, MIN_DEVIATION))};
    return (struct word){source->offset, source->offset_error,
                         1.0 / (square(fmax(source->offset_error, MIN_DEVIATION)) +
                                square(ASYMMETRY * source->root_distance))};
}

/* Adds up to nothing when no weight is finite: then the leader's word counts alone. */
static struct mean weighted_mean(const struct combine_source *sources, int count, bool frequency) {
    struct word leader = word_on(&sources[0], frequency);
    struct mean mean = {leader.value, square(leader.deviation)};
    double sum = 0.0, value = 0.0, inner = 0.0, squares = 0.0, outer = 0.0;

    for (int i = 0; i < count; i++) {
        struct word word = word_on(&sources[i], frequency);

        sum += word.weight;
        value += word.weight * word.value;
        inner += word.weight * square(word.deviation);
        squares += square(word.weight);
    }
    if (!(sum > 0.0) || !isfinite(sum) || !isfinite(value) || !isfinite(inner))
        return mean;
    value /= sum;
    squares /= sum * sum;
    for (int i = 0; i < count; i++) {
        struct word word = word_on(&sources[i], frequency);

        outer += word.weight / sum * square(word.value - value);
    }
    mean.value = value;
    mean.variance = squares * fmax(inner / sum, outer);
    return mean;
}

struct select_combination combine_sources(const struct combine_source *sources, int count) {
    struct mean offset, frequency;

    CHECK(count >= 1 && count <= SELECT_MAX_SOURCES);
    offset = weighted_mean(sources, count, false);
    frequency = weighted_mean(sources, count, true);
    return (struct select_combination){offset.value, sqrt(offset.variance), frequency.value,
                                       sqrt(frequency.variance)};
}
