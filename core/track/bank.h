/* The bank of clock models behind a filter. Private to core/track. */
#ifndef CHRONOBOX_TRACK_BANK_H
#define CHRONOBOX_TRACK_BANK_H

#include <stdbool.h>

#define BANK_WANDERS 11
#define BANK_SHAPES  3
#define BANK_SIZE    (BANK_WANDERS * BANK_SHAPES)

/* The three unknowns, in this order: offset (s, correction), frequency (s/s), half the base delay
 * (s). The covariance holds the upper triangle, row by row. */
#define STATE_SIZE      3
#define COVARIANCE_SIZE 6

struct state {
    double mean[STATE_SIZE];
    double covariance[COVARIANCE_SIZE];
};

struct model {
    struct state state;
    double scale[2]; /* s, mean excess delay on the way to the source and back */
    double weight;
};

struct bank {
    struct model models[BANK_SIZE];
    int samples;      /* since the start, saturating */
    double asymmetry; /* of the two scales, fixed when |it| <= 0.5 */
};

struct measurement {
    double elapsed; /* s since the last one, > 0 */
    double offset;  /* s, correction */
    double delay;   /* s, > 0 */
    double noise;   /* s, deviation of each timestamp */
};

/* Starts anew from one measurement. frequency_deviation: s/s, how far the frequency may be from
 * zero. */
void bank_start(struct bank *bank, const struct measurement *first, double frequency_deviation);

/* Takes the next measurement in. */
void bank_add(struct bank *bank, const struct measurement *next);

/* By how many deviations the next measurement would come back from the future: an exchange quicker
 * than the base delay allows, in the eyes of the most tolerant model. Queues do not explain it; a
 * step of a clock does. */
double bank_contradiction(const struct bank *bank, const struct measurement *next);

/* Opens offset and frequency so far that the next measurement is no contradiction; base delay and
 * excess are kept. */
void bank_reopen(struct bank *bank, const struct measurement *next);

/* The average of all models. wander: s^2/s^3, the spectral density of the frequency noise. */
struct bank_average {
    struct state state;
    double scale[2];
    double wander;
};
struct bank_average bank_average(const struct bank *bank);

/* Adds to the offset and changes the unit of time: what was a second is now `stretch` seconds. */
void bank_shift(struct bank *bank, double offset, double stretch);

/* Adds a variance (s^2) to the offset. */
void bank_blur(struct bank *bank, double variance);

/* Carries a state forward: elapsed s, wander s^2/s^3, drift: variance added to the base delay, s^2.
 */
void state_propagate(struct state *state, double elapsed, double wander, double drift);

#endif
