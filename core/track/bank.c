/* The bank of models (bank.h).
 *
 * Model. The local clock's error against the source is an offset x that moves with a frequency y,
 * and y is a random walk of spectral density q (Allan 1987; Galleani 2008):
 *
 *     dx = y dt,   dy = sqrt(q) dW
 *
 * A request takes b/2 + u to the source and the answer b/2 + d back: b is the base delay, u and d
 * are what queues add. With h = b/2 and a (zero until the route changes, route.c) an exchange
 * measures both ways,
 *
 *     offset + delay/2 = x + a + h + u
 *     offset - delay/2 = x + a - h - d
 *
 * u and d follow the law of density_queue, with means L_u and L_d that are learned (an asymmetric
 * path is no special case) and noise of k L: the quick exchanges pin down the edges x + h and x -
 * h, the slow ones say next to nothing, and x is the middle between the edges. Noise of the clocks
 * themselves has no edges and leaves the delay alone; a third law has it:
 *
 *     offset = x + a + n,   delay/2 = h + u
 *
 * q and the law are unknown: every pair is a model with its own normal belief about (x, y, h, a). A
 * measurement multiplies the belief by its likelihood, and the product is replaced by the normal of
 * the same mean and covariance (assumed density filtering, Maybeck 1982, chapter 12). Weights
 * follow the probability with which the models predicted the measurements; before each, models of
 * neighbouring wander exchange some of their belief, so that none is left behind when the clock
 * changes its character (interacting multiple models, Blom and Bar-Shalom 1988). L_u, L_d and the
 * deviation of n follow what the belief says of each measurement (online expectation maximisation).
 */
#include "core/track/bank.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/track/density.h"

#define WANDER_MIN_LOG  (-46.051701859880914) /* of q: log(1e-20), 1e-10 s/s in a second */
#define WANDER_STEP_LOG 1.8420680743952367    /* log(10^0.8) */
#define WANDER_DRIFT    0.01  /* probability that q changes to a neighbour's between two samples */
#define WANDER_RARITY   0.3   /* log ratio of the probabilities of neighbours */
#define WANDER_JUMP     1e-4  /* to any */
#define LAW_SWITCH      0.003 /* probability that the law changes */
#define SCALE_MEMORY    60.0  /* samples that a scale remembers */
#define SCALE_PRIOR     1.5   /* samples that the first guess of it counts for */
#define SCALE_MIN       1e-9  /* s */
#define TRIAL_SAMPLES   5     /* that decide between first guesses of scales */
#define LOST_WEIGHT     1e-3  /* of a law that hardly counts */
#define LOST_DISTANCE   6.0   /* deviations from the average */
#define LESSON_LIMIT    8.0   /* scales; a larger error teaches no more */
#define EVIDENCE_LIMIT  4.0   /* log probability that a sample can cost a model */
#define BASE_DRIFT      1e-3  /* scales that h wanders per sample */
#define START_SPREAD    2.0   /* scales: deviation of the first belief about x and h */
#define ROUTE_MEMORY    2.6e5 /* s, time constant in which a change of route is forgotten */

/* The two parts that an exchange is taken apart into: part = offset_share * (offset - x - a) +
 * base_share * (delay/2 - h), queueing positive; and the logarithm of the Jacobian to the first
 * law's parts. */
struct law {
    double noise; /* scales, on top of the timestamps' */
    struct {
        double offset_share, base_share;
    } part[2];
    double log_jacobian;
    int is_noise; /* the first part is noise of the clocks */
};

static const struct law laws[BANK_LAWS] = {
    {0.015, {{1.0, 1.0}, {-1.0, 1.0}}, 0.0, 0},
    {0.25, {{1.0, 1.0}, {-1.0, 1.0}}, 0.0, 0},
    {1.0, {{1.0, 0.0}, {0.0, 1.0}}, -0.6931471805599453, 1},
};

#define SQRT_2 1.4142135623730951

/* First guesses of scales: each is that of every third model or so. The first is for servers whose
 * clock ticks in milliseconds. */
#define SCALE_GUESSES 3
static const struct {
    double share; /* of the delay */
    double noise; /* s */
} scale_guesses[SCALE_GUESSES] = {{0.25, 2e-3}, {0.25, 0.0}, {0.05, 0.0}};

/* Deviations of an unknown frequency, in units of what is usual: most oscillators are good, some
 * are not. */
#define FREQUENCY_PRIORS 3
static const double frequency_prior[FREQUENCY_PRIORS] = {1.0, 0.3, 5.0};

static double square(double x) {
    return x * x;
}

void state_propagate(struct state *state, double elapsed, double wander, double drift) {
    double *x = state->mean, *c = state->covariance, t = elapsed;
    double fade = 1.0 / (1.0 + fabs(elapsed) / ROUTE_MEMORY);

    x[STATE_X] += x[STATE_Y] * t;
    x[STATE_A] *= fade;
    c[COV_XX] += t * (2.0 * c[COV_XY] + t * (c[COV_YY] + wander * t / 3.0));
    c[COV_XY] += t * (c[COV_YY] + wander * t / 2.0);
    c[COV_XH] += c[COV_YH] * t;
    c[COV_XA] = (c[COV_XA] + c[COV_YA] * t) * fade;
    c[COV_YY] += wander * t;
    c[COV_YA] *= fade;
    c[COV_HH] += drift;
    c[COV_HA] *= fade;
    c[COV_AA] *= fade * fade;
}

static double wander_of(double row) {
    return exp(WANDER_MIN_LOG + WANDER_STEP_LOG * row);
}

/* Adds a share of one belief to a mixture: first all means, then, about them, the covariances. */
static void mix_mean(struct state *mixed, const struct state *part, double share) {
    for (int i = 0; i < STATE_SIZE; i++)
        mixed->mean[i] += share * part->mean[i];
}

static void mix_covariance(struct state *mixed, const struct state *part, double share) {
    for (int i = 0, n = 0; i < STATE_SIZE; i++)
        for (int j = i; j < STATE_SIZE; j++, n++)
            mixed->covariance[n] +=
                share * (part->covariance[n] +
                         (part->mean[i] - mixed->mean[i]) * (part->mean[j] - mixed->mean[j]));
}

/* Noise in the ways is noise of the clocks at their ends: both have the same. */
static double noise_of(const struct model *model, const struct law *law, int part) {
    return law->noise *
           (law->is_noise ? model->scale[part] : fmin(model->scale[0], model->scale[1]));
}

/* What a model says of queues and noise, as bank_average has it. */
static void add_scales(struct bank_average *average, const struct model *model,
                       const struct law *law, double share) {
    double both = sqrt(square(model->scale[0]) + square(model->scale[1])),
           noise = noise_of(model, law, 1);

    average->queue[0] += share * model->scale[law->is_noise];
    average->queue[1] += share * model->scale[1];
    average->way_noise += share * (law->is_noise ? both : noise);
    average->delay_noise += share * noise * (law->is_noise ? 2.0 : SQRT_2);
    average->deviation += share * (law->is_noise ? model->scale[0] : 0.5 * both);
}

/* Weights add up to 1. first: index of the first model. */
static struct bank_average average_models(const struct model *models, int first, int count,
                                          const double *weights) {
    struct bank_average average = {0};
    double row = 0.0;

    for (int k = 0; k < count; k++) {
        mix_mean(&average.state, &models[k].state, weights[k]);
        add_scales(&average, &models[k], &laws[(first + k) / BANK_WANDERS], weights[k]);
        row += weights[k] * (k % BANK_WANDERS);
    }
    for (int k = 0; k < count; k++)
        mix_covariance(&average.state, &models[k].state, weights[k]);
    average.wander = wander_of(row);
    return average;
}

struct bank_average bank_average(const struct bank *bank, int sources) {
    double weights[BANK_SIZE] = {0.0}, rows = log(sources) / WANDER_STEP_LOG;
    int whole = (int)rows;

    for (int k = 0; k < BANK_SIZE; k++) {
        int last = k - k % BANK_WANDERS + BANK_WANDERS - 1;
        int low = k + whole < last ? k + whole : last, high = low < last ? low + 1 : last;

        weights[high] += bank->models[k].weight * (rows - whole);
        weights[low] += bank->models[k].weight * (1.0 - (rows - whole));
    }
    return average_models(bank->models, 0, BANK_SIZE, weights);
}

struct bank_average bank_most_tolerant(const struct bank *bank) {
    double weight = 1.0;
    struct bank_average average =
        average_models(&bank->models[BANK_SIZE - 1], BANK_SIZE - 1, 1, &weight);

    average.wander = wander_of(BANK_WANDERS - 1);
    return average;
}

/* Before a measurement: models of one law exchange belief. Laws keep theirs to themselves: the edge
 * of one is not the edge of another. */
static void interact(struct model *models) {
    struct model old[BANK_WANDERS];
    struct bank_average average;
    double weights[BANK_WANDERS], sum = 0.0;

    memcpy(old, models, sizeof(old));
    for (int k = 0; k < BANK_WANDERS; k++)
        sum += old[k].weight;
    for (int k = 0; k < BANK_WANDERS; k++)
        weights[k] = old[k].weight / sum;
    average = average_models(old, 0, BANK_WANDERS, weights);
    for (int k = 0; k < BANK_WANDERS; k++) {
        int below = k > 0 ? k - 1 : k, above = k < BANK_WANDERS - 1 ? k + 1 : k;
        const struct state *parts[] = {&old[k].state, &old[below].state, &old[above].state,
                                       &average.state};
        double shares[] = {(1.0 - WANDER_DRIFT - WANDER_JUMP) * weights[k],
                           WANDER_DRIFT / 2.0 * weights[below], WANDER_DRIFT / 2.0 * weights[above],
                           WANDER_JUMP / BANK_WANDERS};
        double weight = shares[0] + shares[1] + shares[2] + shares[3];
        struct state *mixed = &models[k].state;

        *mixed = (struct state){{0.0}, {0.0}};
        for (int i = 0; i < 4; i++)
            mix_mean(mixed, parts[i], shares[i] / weight);
        for (int i = 0; i < 4; i++)
            mix_covariance(mixed, parts[i], shares[i] / weight);
        models[k].weight = (1.0 - LAW_SWITCH) * weight * sum + LAW_SWITCH / BANK_SIZE;
    }
}

static double learning_rate(const struct bank *bank) {
    return fmax(1.0 / SCALE_MEMORY, 1.0 / (bank->samples + SCALE_PRIOR));
}

static void learn_queue(double *scale, double lesson, double rate) {
    *scale = fmax(*scale + rate * (fmin(lesson, LESSON_LIMIT * *scale) - *scale), SCALE_MIN);
}

static void learn_noise(double *scale, double lesson, double rate) {
    double old = square(*scale);

    *scale = fmax(sqrt(old + rate * (fmin(lesson, square(LESSON_LIMIT) * old) - old)), SCALE_MIN);
}

static void fix_asymmetry(double *scale, double asymmetry) {
    double mean = 0.5 * (scale[0] + scale[1]);

    if (!(fabs(asymmetry) <= 0.5))
        return;
    scale[0] = fmax(mean * (1.0 + 2.0 * asymmetry), SCALE_MIN);
    scale[1] = fmax(mean * (1.0 - 2.0 * asymmetry), SCALE_MIN);
}

/* Updates the belief with one part of a measurement. */
static struct density update(struct model *model, const struct law *law, int part,
                             const struct measurement *next) {
    double *x = model->state.mean, *c = model->state.covariance, gain[STATE_SIZE], total;
    double share = law->part[part].offset_share, base = law->part[part].base_share;
    double own = square(next->noise) + square(noise_of(model, law, part));
    double error =
        share * (next->offset - x[STATE_X] - x[STATE_A]) + base * (0.5 * next->delay - x[STATE_H]);
    struct density density;

    gain[STATE_X] = share * (c[COV_XX] + c[COV_XA]) + base * c[COV_XH];
    gain[STATE_Y] = share * (c[COV_XY] + c[COV_YA]) + base * c[COV_YH];
    gain[STATE_H] = share * (c[COV_XH] + c[COV_HA]) + base * c[COV_HH];
    gain[STATE_A] = share * (c[COV_XA] + c[COV_AA]) + base * c[COV_HA];
    total = share * (gain[STATE_X] + gain[STATE_A]) + base * gain[STATE_H] + own;
    density = law->is_noise && part == 0 ? density_noise(error, total, own)
                                         : density_queue(error, total, model->scale[part]);
    for (int i = 0, n = 0; i < STATE_SIZE; i++) {
        x[i] -= gain[i] * density.slope;
        for (int j = i; j < STATE_SIZE; j++)
            c[n++] -= gain[i] * gain[j] * density.curvature;
    }
    return density;
}

/* Returns the logarithm of the probability density of the measurement. */
static double update_model(struct model *model, const struct law *law, double asymmetry,
                           const struct measurement *next, double rate) {
    double evidence = law->log_jacobian;

    for (int part = 0; part < 2; part++) {
        struct density density = update(model, law, part, next);

        evidence += density.logarithm;
        if (law->is_noise && part == 0)
            learn_noise(&model->scale[part], density.lesson, rate);
        else
            learn_queue(&model->scale[part], density.lesson, rate);
    }
    if (!law->is_noise)
        fix_asymmetry(model->scale, asymmetry);
    return evidence;
}

void bank_start(struct bank *bank, const struct measurement *first, double frequency_deviation) {
    for (int k = 0; k < BANK_SIZE; k++) {
        int guess = (k + k / FREQUENCY_PRIORS) % SCALE_GUESSES;
        double scale = fmax(scale_guesses[guess].share * first->delay + scale_guesses[guess].noise,
                            first->noise + SCALE_MIN);
        double spread = square(START_SPREAD * scale);

        bank->models[k] = (struct model){
            .state =
                {.mean =
                     {[STATE_X] = first->offset, [STATE_H] = fmax(0.5 * first->delay - scale, 0.0)},
                 .covariance = {[COV_XX] = spread,
                                [COV_YY] = square(frequency_prior[k % FREQUENCY_PRIORS] *
                                                  frequency_deviation),
                                [COV_HH] = spread}},
            .scale = {scale, scale},
            .weight = 1.0 / BANK_SIZE,
        };
    }
    bank->samples = 1;
    bank->row.count = 0;
    bank->surprises = 0;
}

/* Most oscillators are calm. Adds up to 1. */
static double wander_prior(int row) {
    double ratio = exp(-WANDER_RARITY);

    return exp(-WANDER_RARITY * row) * (1.0 - ratio) / (1.0 - exp(-WANDER_RARITY * BANK_WANDERS));
}

/* After the first samples each law knows the size of its scales. The models that guessed it have
 * their wander by chance: all go on from what they believe together, and only now compete by wander
 * alone. */
static void end_trial(struct bank *bank) {
    for (int first = 0; first < BANK_SIZE; first += BANK_WANDERS) {
        struct model *models = &bank->models[first], common = {.weight = 0.0};
        double weights[BANK_WANDERS];

        for (int k = 0; k < BANK_WANDERS; k++)
            common.weight += models[k].weight;
        for (int k = 0; k < BANK_WANDERS; k++) {
            weights[k] = models[k].weight / common.weight;
            for (int i = 0; i < 2; i++)
                common.scale[i] += weights[k] * models[k].scale[i];
        }
        common.state = average_models(models, first, BANK_WANDERS, weights).state;
        for (int k = 0; k < BANK_WANDERS; k++) {
            models[k] = common;
            models[k].weight *= wander_prior(k);
        }
    }
}

static double law_weight(const struct model *models) {
    double weight = 0.0;

    for (int k = 0; k < BANK_WANDERS; k++)
        weight += models[k].weight;
    return weight;
}

static bool is_lost(const struct model *model, const struct bank_average *average) {
    double distance = model->state.mean[STATE_X] - average->state.mean[STATE_X];

    return square(distance) >
           square(LOST_DISTANCE) * (average->state.covariance[COV_XX] + square(average->deviation));
}

/* A law that hardly counts and lies far from the others has lost its way: by the heavy tail of its
 * density every measurement is an accident, and it would not come back by itself. It starts anew
 * from what the others believe. */
static void fetch_lost_laws(struct bank *bank) {
    for (int law = 0; law < BANK_LAWS; law++) {
        struct model *models = &bank->models[law * BANK_WANDERS];
        struct bank_average average;

        if (law_weight(models) >= LOST_WEIGHT)
            continue;
        average = bank_average(bank, 1);
        for (int k = 0; k < BANK_WANDERS; k++) {
            struct model *model = &models[k];

            if (!is_lost(model, &average))
                continue;
            model->state = average.state;
            model->state.covariance[COV_XX] += square(average.deviation);
            model->state.covariance[COV_HH] += square(average.deviation);
            model->scale[0] = laws[law].is_noise ? average.deviation : average.queue[0];
            model->scale[1] = average.queue[1];
        }
    }
}

void bank_add(struct bank *bank, const struct measurement *next) {
    double evidence[BANK_SIZE], best = -INFINITY, sum = 0.0, rate = learning_rate(bank);

    bank->samples += bank->samples < SCALE_MEMORY;
    for (int law = 0; law < BANK_LAWS; law++)
        interact(&bank->models[law * BANK_WANDERS]);
    for (int k = 0; k < BANK_SIZE; k++) {
        struct model *model = &bank->models[k];
        double drift = square(BASE_DRIFT * model->scale[1]);

        state_propagate(&model->state, next->elapsed, wander_of(k % BANK_WANDERS), drift);
        evidence[k] = update_model(model, &laws[k / BANK_WANDERS], bank->asymmetry, next, rate);
        best = fmax(best, evidence[k]);
    }
    for (int k = 0; k < BANK_SIZE; k++)
        sum += bank->models[k].weight *= exp(fmax(evidence[k] - best, -EVIDENCE_LIMIT));
    for (int k = 0; k < BANK_SIZE; k++)
        bank->models[k].weight /= sum;
    if (bank->samples == TRIAL_SAMPLES)
        end_trial(bank);
    fetch_lost_laws(bank);
}

void bank_learn_queues(struct bank *bank, const double *queueing) {
    double rate = learning_rate(bank);

    for (int k = 0; k < BANK_SIZE; k++) {
        const struct law *law = &laws[k / BANK_WANDERS];
        double *scale = bank->models[k].scale;

        if (law->is_noise) {
            learn_queue(&scale[1], 0.5 * (queueing[0] + queueing[1]), rate);
        } else {
            for (int i = 0; i < 2; i++)
                learn_queue(&scale[i], queueing[i], rate);
            fix_asymmetry(scale, bank->asymmetry);
        }
    }
}

void bank_learn_noise(struct bank *bank, double error) {
    for (int k = 0; k < BANK_SIZE; k++)
        if (laws[k / BANK_WANDERS].is_noise)
            learn_noise(&bank->models[k].scale[0], error * error, learning_rate(bank));
}

void bank_shift(struct bank *bank, double offset, double stretch) {
    for (int k = 0; k < BANK_SIZE; k++) {
        struct model *model = &bank->models[k];
        double *x = model->state.mean;

        x[STATE_X] += offset;
        x[STATE_Y] = (1.0 + x[STATE_Y]) / stretch - 1.0;
        x[STATE_H] *= stretch;
        x[STATE_A] *= stretch;
        for (int i = 0; i < 2; i++)
            model->scale[i] *= stretch;
    }
}

void bank_open(struct bank *bank, const double *means, const double *variances) {
    static const unsigned char diagonal[STATE_SIZE] = {COV_XX, COV_YY, COV_HH, COV_AA};

    for (int k = 0; k < BANK_SIZE; k++) {
        for (int i = 0; i < STATE_SIZE; i++) {
            bank->models[k].state.mean[i] += means[i];
            bank->models[k].state.covariance[diagonal[i]] += variances[i];
        }
    }
}
