/* The bank of models behind a filter: what the clock may do, what the way to the source may do, and
 * how well each explains the samples. Private to core/track. */
#ifndef CHRONOBOX_TRACK_BANK_H
#define CHRONOBOX_TRACK_BANK_H

/* A model is a wander of the clock and a law of the way. */
#define BANK_WANDERS 11
#define BANK_LAWS    3
#define BANK_SIZE    (BANK_WANDERS * BANK_LAWS)

/* The unknowns: offset x (s, correction), frequency y (s/s), half the base delay h (s), and what
 * changes of the route have added to the measured offset, a (s). The covariance holds the upper
 * triangle, row by row. */
enum state_index { STATE_X, STATE_Y, STATE_H, STATE_A, STATE_SIZE };
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
    COV_AA,
    COV_SIZE
};

struct state {
    double mean[STATE_SIZE];
    double covariance[COV_SIZE];
};

struct model {
    struct state state;
    double scale[2]; /* s, of the two parts of an exchange, as the law says */
    double weight;
};

struct bank {
    struct model models[BANK_SIZE]; /* law by law */
    int samples;                    /* since the start, saturating */
    double asymmetry;               /* of the queues, fixed when |it| <= 0.5 */
    struct {                        /* of exchanges that are all too slow, or all too quick */
        int direction;              /* 1 slow, -1 quick */
        int count;
        double least, total; /* s, of the excess of their delays */
        double shift;        /* s, total of what their offsets are off by */
        double queue;        /* s, mean queueing before them */
    } row;
    int surprises; /* in a row, to one side: > 0 the offset is greater than predicted, < 0 less */
};

struct measurement {
    double elapsed; /* s since the last one, > 0 */
    double offset;  /* s, correction */
    double delay;   /* s, > 0 */
    double noise;   /* s, deviation of each timestamp, > 0 */
};

/* The average of all models by their weights. */
struct bank_average {
    struct state state;
    double wander;      /* s^2/s^3, spectral density of the frequency noise */
    double queue[2];    /* s, mean queueing on the way to the source and back */
    double way_noise;   /* s, deviation of either way on top of queueing */
    double delay_noise; /* s, the same of the delay */
    double deviation;   /* s, of measured offsets about x + a */
};

/* Starts anew from one measurement. frequency_deviation: s/s, how far the frequency may be from
 * zero. */
void bank_start(struct bank *bank, const struct measurement *first, double frequency_deviation);

/* Takes the next measurement in. */
void bank_add(struct bank *bank, const struct measurement *next);

/* sources: the average is one of so many that are to be combined and watch the same clock; its
 * wander is shared out among them, which makes their errors independent (federated filter, Carlson
 * 1990). */
struct bank_average bank_average(const struct bank *bank, int sources);

/* Learns from a measurement that is not taken in: the queueing of either way (s, >= 0), or the
 * error of its offset if that is noise (s). */
void bank_learn_queues(struct bank *bank, const double *queueing);
void bank_learn_noise(struct bank *bank, double error);

/* Adds to the offset and changes the unit of time: what was a second is now `stretch` seconds. */
void bank_shift(struct bank *bank, double offset, double stretch);

/* Adds to means, and variances to the diagonal, of every model's state. */
void bank_open(struct bank *bank, const double *means, const double *variances);

/* The belief and the noise of the model that tolerates most. */
struct bank_average bank_most_tolerant(const struct bank *bank);

/* Carries a state forward: elapsed s, wander s^2/s^3, drift: variance added to the base delay, s^2.
 */
void state_propagate(struct state *state, double elapsed, double wander, double drift);

#endif
