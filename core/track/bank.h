/* The bank of clock models behind a filter. Private to core/track. */
#ifndef CHRONOBOX_TRACK_BANK_H
#define CHRONOBOX_TRACK_BANK_H

#include <stdbool.h>

#define BANK_WANDERS 11
#define BANK_SHAPES  3
#define BANK_SIZE    (BANK_WANDERS * BANK_SHAPES)

/* The unknowns, in this order: offset (s, correction), frequency (s/s), half the base delay (s),
 * and what the route's changes have added to the measured offset (s). The covariance holds the
 * upper triangle, row by row. */
#define STATE_SIZE      4
#define COVARIANCE_SIZE 10
enum covariance_index {
    COV_XX,
    COV_XY,
    COV_XH,
    COV_XA,
    COV_YY,
    COV_YH,
    COV_YA,
    COV_HH,
    COV_HA,
    COV_AA
};

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
    struct {
        int direction;       /* 1 slow, -1 quick */
        int count;           /* of such exchanges in a row */
        double least, total; /* s, of their excess delays */
        double shift;        /* s, total of what they are off by */
        double scale;        /* s, mean excess before them */
    } row;
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

enum bank_verdict {
    BANK_ORDINARY, /* to be added */
    BANK_DOUBTFUL, /* slow or quick beyond reason, and says nothing that is not known better */
    BANK_STEP, /* contradicts every model in a way that neither queues nor routes explain: a clock
                  was stepped */
};

/* What the next measurement is worth; to be asked once, before it is added or left out. Changes of
 * the route are noticed here: an exchange quicker than the base delay allows came over a shorter
 * one, a row that is slow by the same amount over a longer one. */
enum bank_verdict bank_judge(struct bank *bank, const struct measurement *next);

/* Opens offset and frequency so far that the next measurement is no contradiction; base delay and
 * excess are kept. */
void bank_reopen(struct bank *bank, const struct measurement *next);

/* The average of all models, for an average with as many other sources as make `sources` with this
 * one; they share the clock's wander. wander: s^2/s^3, the spectral density of the frequency noise.
 */
struct bank_average {
    struct state state;
    double scale[2];
    double wander;
};
struct bank_average bank_average(const struct bank *bank, int sources);

/* Adds to the offset and changes the unit of time: what was a second is now `stretch` seconds. */
void bank_shift(struct bank *bank, double offset, double stretch);

/* Adds a variance (s^2) to the offset. */
void bank_blur(struct bank *bank, double variance);

/* Carries a state forward: elapsed s, wander s^2/s^3, drift: variance added to the base delay, s^2.
 */
void state_propagate(struct state *state, double elapsed, double wander, double drift);

#endif
