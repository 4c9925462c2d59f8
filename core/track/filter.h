/* The room where samples of one source become an estimate. */
#ifndef CHRONOBOX_TRACK_FILTER_H
#define CHRONOBOX_TRACK_FILTER_H

#include <stdbool.h>

#include "core/track/sample.h"

struct filter_options {
    int min_samples;        /* >= 1, default 6 */
    int max_samples;        /* 1..TRACK_MAX_SAMPLES */
    double max_clock_error; /* s/s, assumed wander of an untended clock, default 1e-6 */
    double precision;       /* s, of the local clock */
    double min_delay;       /* s, 0 = measured */
    double asymmetry;       /* fixed jitter asymmetry when |it| <= 0.5, else estimated */
};

struct filter;

size_t filter_size(void);
void filter_init(struct filter *filter, const struct filter_options *options);

/* Forgets everything (clock stepped by an unknown amount, source replaced). */
void filter_reset(struct filter *filter);

/* Adds one measurement. False: refused (time not after the last one; not finite; negative delay,
 * dispersion or root distance); the caller logs and resets. */
bool filter_add_sample(struct filter *filter, const struct sample *sample);

/* The local NTP clock was changed at local time `when`: from then on it reads `offset` s more (a
 * correction that was applied) and runs `frequency` s/s faster. Samples and state are carried to
 * the new time scale exactly;
 * a change that is no number or beyond reason makes the filter forget everything. */
void filter_adjust(struct filter *filter, ns_t when, double frequency, double offset);

/* Adds dispersion (s) to all samples held (the clock moved by an uncertain amount, e.g. an inexact
 * step). */
void filter_add_dispersion(struct filter *filter, double dispersion);

/* Estimate at the newest sample. False with fewer than three samples (two with max_samples 2, one
 * with 1). */
bool filter_estimate(const struct filter *filter, struct estimate *estimate);

/* The same model at local time `when`: offset carried forward, offset_error grown. */
bool filter_predict(const struct filter *filter, ns_t when, struct estimate *estimate);

/* As filter_predict, for a combination of `sources` >= 1 sources by the inverse of their variances:
 * all watch the same clock, and its wander is shared out among them (federated filter, Carlson
 * 1990), so that their errors are independent as the combination assumes. */
bool filter_predict_shared(const struct filter *filter, ns_t when, int sources,
                           struct estimate *estimate);

int filter_count(const struct filter *filter);

/* i = 0 is the newest. The sample as transformed by later adjustments. */
bool filter_sample(const struct filter *filter, int i, struct sample *sample);

/* The newest sample's offset as it was measured, before adjustments (report "[ +... ]"). */
double filter_last_measured(const struct filter *filter);

/* Smallest delay among the samples held, s; 0 with none. For packet tests B and C. */
double filter_min_delay(const struct filter *filter);

#endif
