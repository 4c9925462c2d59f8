/* The currency of core/track. One sign everywhere in the core: an offset or a frequency is a
 * correction, what has to be added to the local clock (RFC 5905: theta = server - client). Positive
 * = the local clock is behind, or slow. Reports that speak the other way turn the sign at the door.
 */
#ifndef CHRONOBOX_TRACK_SAMPLE_H
#define CHRONOBOX_TRACK_SAMPLE_H

#include "core/base/time.h"

#define TRACK_MAX_SAMPLES 64

/* One measurement of one source. */
struct sample {
    ns_t time; /* local NTP time (see clock.h of the engine) the offset belongs to, the midpoint */
    double offset;          /* s, correction */
    double delay;           /* s, round trip to the source, >= 0 */
    double dispersion;      /* s, of this measurement: precision and timestamp errors */
    double root_delay;      /* s, including `delay` */
    double root_dispersion; /* s, including `dispersion` */
};

/* What a window of samples says about the local clock against one source, at one instant. */
struct estimate {
    ns_t time;           /* local NTP time the estimate is for (the newest sample's, or as asked) */
    double offset;       /* s, correction at `time` */
    double offset_error; /* s, one standard deviation of `offset` */
    double frequency;    /* s/s, correction: d(offset)/dt */
    double skew;         /* s/s, bound of `frequency` at about 95 % */
    double deviation; /* s, standard deviation of the samples about the model (report "Std Dev") */
    double asymmetry; /* -0.5..0.5, estimated jitter asymmetry, 0 = none */
    double stress;    /* error of the newest sample's prediction, in standard deviations */
    /* s, of the sample that the bound of the error stands on; root_delay / 2 + root_dispersion,
     * aged to `time`, holds the true error. */
    double root_delay, root_dispersion;
    int samples; /* used */
    int first;   /* index of the first sample used in the window (statistics.log "Bs") */
    int runs;    /* runs of residuals of one sign */
    double span; /* s between the oldest and newest used sample */
};

#endif
