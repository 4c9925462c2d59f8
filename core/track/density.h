/* Laws of measurement error: how probable an error is, and how a belief about what was measured
 * must move for it. Private to core/track. */
#ifndef CHRONOBOX_TRACK_DENSITY_H
#define CHRONOBOX_TRACK_DENSITY_H

/* The logarithm of the probability density of an error, its first derivative by the error, and
 * minus the second (>= 0); and what the error teaches about the scale of the law. */
struct density {
    double logarithm, slope, curvature;
    double lesson; /* s, expected queueing (density_queue); s^2, expected square of the noise
                      (density_noise) */
};

/* error = noise + queueing: noise normal with variance `total` (s^2, > 0), queueing exponential
 * with mean `scale` (s, > 0), a small share of accidents heavy-tailed. */
struct density density_queue(double error, double total, double scale);

/* error normal with variance `total`, of which `own` is the measurement's and the rest the belief's
 * (s^2), a small share of accidents heavy-tailed. */
struct density density_noise(double error, double total, double own);

#endif
