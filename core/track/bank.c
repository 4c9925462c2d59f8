/* The bank of clock models (bank.h).
 *
 * Model. The local clock's error against the source is an offset x that moves with a frequency y,
 * and y is a random walk of spectral density q (Allan 1987; Galleani 2008):
 *
 *     dx = y dt,   dy = sqrt(q) dW
 *
 * A request takes b/2 + u to the source and the answer b/2 + d back: b is the base delay, u and d
 * are the excess, never negative, that queues add. An exchange measures both ways, as sums of what
 * is sought and an excess of known sign:
 *
 *     p = offset + delay/2 = x + h + u + noise        h = b/2
 *     m = offset - delay/2 = x - h - d + noise
 *
 * with u and d exponential (means L_u and L_d, learned, so that an asymmetric path is no special
 * case) and Gaussian noise of deviation k L. The quick exchanges pin down the edges x + h and x -
 * h, the slow ones say next to nothing, and x is the middle between the edges. With k near 1 the
 * law is close to Gaussian and every sample counts alike.
 *
 * q and k are unknown: every pair of a grid is a model, with its own Gaussian belief about (x, y,
 * h). A measurement multiplies the belief by the exponentially modified Gaussian likelihood, and
 * the product is replaced by the Gaussian of the same mean and covariance (assumed density
 * filtering, Maybeck 1982, ch. 12). The models are weighted by the probability with which they
 * predicted the samples, and exchange some of their beliefs before every sample, so that none is
 * left behind when the clock or the path changes its character (interacting multiple models, Blom
 * and Bar-Shalom 1988). L_u and L_d follow the expected excess given the model (online expectation
 * maximisation). */
#include "core/track/bank.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define WANDER_MIN_LOG10  (-20.0) /* of q, s^2/s^3: 1e-10 s/s a second */
#define WANDER_STEP_LOG10 0.8
#define LN_10             2.302585092994046
#define DRIFT             0.01  /* probability that the wander changes to that of a neighbour */
#define JUMP              1e-4  /* to any */
#define LAW_SWITCH        0.003 /* probability that the law of queues changes */
#define SCALE_MEMORY      60.0  /* samples that the mean excess remembers */
#define SCALE_PRIOR       1.5   /* samples that the first guess of it counts for */
#define SCALE_GUESS       0.05  /* of the delay */
#define SCALE_MIN         1e-9  /* s */
#define EXCESS_LIMIT      8.0   /* means; a larger excess teaches no more about the mean */
#define EVIDENCE_LIMIT    4.0   /* natural logarithms that one sample can cost a model */
#define BASE_DRIFT        1e-3  /* means that h wanders per sample */
#define START_SPREAD      2.0   /* means: deviation of the first belief about x and h */
#define ROUTE_MEMORY      2.6e5 /* s, time constant in which a change of route is forgotten */
#define SLOW_EXCESS       4.0   /* means beyond which an exchange is slow */
#define SLOW_COUNT        8     /* slow exchanges in a row that have one cause */
#define QUICK_COUNT       4     /* quick ones */
#define QUICK_EXCESS      5.0   /* deviations of noise by which an exchange is quick */
#define SHIFT_DOUBT       0.3   /* means: deviation of a shift that a row of samples shows */
#define SHIFT_SIGNIFICANT 3.0   /* deviations */
#define SETTLED           16    /* samples before routes are watched */
#define ROUTE_SPREAD      4.0   /* means: slow exchanges of one route are not wider */
#define GROSS_EXCESS      3.0   /* means by which it is quick beyond any law of queues */
#define EDGE_TOLERANCE    4.0   /* deviations */
#define CONTRADICTION     6.0   /* deviations */
#define TAIL_SHARE        0.05  /* of the exchanges, that are accidents */

#define HALF_LOG_2PI    0.9189385332046727
#define DENSITY_0       0.3989422804014327 /* 1 / sqrt(2 pi) */
#define NORMAL_LIMIT    20.0 /* noise over mean excess beyond which the excess cannot be seen */
#define TAIL_NEGLIGIBLE 12.0 /* natural logarithms */
#define TAIL_DOMINANT   200.0
#define ASYMPTOTIC      40.0 /* deviations beyond which the asymptotic form is better than the fit */

/* Deviations of an unknown frequency, in units of what is usual: most oscillators are good, some
 * are not. */
#define FREQUENCY_PRIORS 3
static const double frequency_prior[FREQUENCY_PRIORS] = {1.0, 0.3, 5.0};

/* Noise in units of the mean excess. */
static const double shape_noise[BANK_SHAPES] = {0.03, 0.2, 1.0};

/* (1 - Phi(r)) / phi(r) of the normal distribution for r >= 0: sqrt(pi/2) times the scaled
 * complementary error function in Chebyshev form (Press et al., Numerical Recipes, 6.2), relative
 * error below 1.2e-7. */
static double normal_tail(double r) {
    static const double c[] = {0.17087277,  -0.82215223, 1.48851587, -1.13520398, 0.27886807,
                               -0.18628806, 0.09678418,  0.37409196, 1.00002368,  -1.26551223};
    double t = 1.0 / (1.0 + r * 0.35355339059327373), sum = 0.0;

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
        sum = sum * t + c[i];
    return 1.2533141373155003 * t * exp(sum);
}

/* The density of error = noise + excess, noise normal with variance `total`, excess exponential
 * with mean `scale`: its logarithm, the first derivative of that by the error, minus the second,
 * and the excess to be expected. */
struct density {
    double logarithm, slope, curvature, excess;
    double tail; /* probability that the excess is an accident and teaches nothing about the mean */
};

/* Accidents (bursts, routes that flap) have a heavy tail, of density proportional to 1 / (scale +
 * error)^2. */
static void add_tail(struct density *density, double error, double deviation, double scale) {
    double reach = scale + error + deviation;
    double tail = log(TAIL_SHARE * scale / (reach * reach)) - density->logarithm;

    if (error <= 0.0 || tail < -TAIL_NEGLIGIBLE)
        return;
    tail = exp(fmin(tail, TAIL_DOMINANT));
    density->tail = tail / (1.0 + tail);
    density->logarithm += log(1.0 + tail);
    density->slope += density->tail * (-2.0 / reach - density->slope);
    density->curvature *= 1.0 - density->tail;
}

static struct density excess_density(double error, double total, double scale) {
    double deviation = sqrt(total), r = error / deviation - deviation / scale, hazard;
    struct density density;

    if (deviation > NORMAL_LIMIT * scale) {
        /* The excess drowns in the noise: normal, and the general form would cancel. */
        double wide = total + scale * scale;

        error -= scale;
        return (struct density){-HALF_LOG_2PI - 0.5 * (log(wide) + error * error / wide),
                                -error / wide, 1.0 / wide, scale, 0.0};
    }
    if (r < 0.0) {
        double tail = normal_tail(-r);

        hazard = r > -ASYMPTOTIC ? 1.0 / tail : -r - 1.0 / r;
        density.logarithm = -HALF_LOG_2PI - error * error / (2.0 * total) - log(hazard * scale);
    } else {
        double height = DENSITY_0 * exp(-0.5 * r * r), cdf = 1.0 - height * normal_tail(r);

        hazard = height / cdf;
        density.logarithm = log(cdf / scale) + total / (2.0 * scale * scale) - error / scale;
    }
    density.slope = hazard / deviation - 1.0 / scale;
    density.curvature = fmin(hazard * (hazard + r), 1.0) / total;
    density.excess = deviation * (hazard + r);
    density.tail = 0.0;
    add_tail(&density, error, deviation, scale);
    return density;
}

void state_propagate(struct state *state, double elapsed, double wander, double drift) {
    double *x = state->mean, *c = state->covariance, t = elapsed;
    double fade = 1.0 / (1.0 + fabs(elapsed) / ROUTE_MEMORY);

    x[0] += x[1] * t;
    c[COV_XX] += 2.0 * c[COV_XY] * t + c[COV_YY] * t * t + wander * t * t * t / 3.0;
    c[COV_XY] += c[COV_YY] * t + wander * t * t / 2.0;
    c[COV_XH] += c[COV_YH] * t;
    c[COV_XA] = (c[COV_XA] + c[COV_YA] * t) * fade;
    c[COV_YY] += wander * t;
    c[COV_YA] *= fade;
    c[COV_HH] += drift;
    c[COV_HA] *= fade;
    c[COV_AA] *= fade * fade;
    x[3] *= fade;
}

/* One way of an exchange: value = x + a + way * (h + excess) + noise. Updates the belief. */
static struct density update_way(struct state *state, double value, double way, double scale,
                                 double variance) {
    double *x = state->mean, *c = state->covariance;
    double gain[STATE_SIZE] = {
        c[COV_XX] + way * c[COV_XH] + c[COV_XA], c[COV_XY] + way * c[COV_YH] + c[COV_YA],
        c[COV_XH] + way * c[COV_HH] + c[COV_HA], c[COV_XA] + way * c[COV_HA] + c[COV_AA]};
    double total = gain[0] + way * gain[2] + gain[3] + variance;
    struct density density = excess_density(way * (value - x[0] - x[3]) - x[2], total, scale);

    for (int i = 0, n = 0; i < STATE_SIZE; i++) {
        x[i] -= gain[i] * way * density.slope;
        for (int j = i; j < STATE_SIZE; j++)
            c[n++] -= gain[i] * gain[j] * density.curvature;
    }
    return density;
}

static double learning_rate(const struct bank *bank) {
    return fmax(1.0 / SCALE_MEMORY, 1.0 / (bank->samples + SCALE_PRIOR));
}

static void learn_scale(struct model *model, double asymmetry, const struct density *ways,
                        double rate) {
    double *scale = model->scale;

    for (int i = 0; i < 2; i++)
        scale[i] += rate * (fmin(ways[i].excess, EXCESS_LIMIT * scale[i]) - scale[i]);
    if (fabs(asymmetry) <= 0.5) {
        double mean = 0.5 * (scale[0] + scale[1]);

        scale[0] = mean * (1.0 + 2.0 * asymmetry);
        scale[1] = mean * (1.0 - 2.0 * asymmetry);
    }
    for (int i = 0; i < 2; i++)
        scale[i] = fmax(scale[i], SCALE_MIN);
}

static double wander_of(double row) {
    return exp(LN_10 * (WANDER_MIN_LOG10 + WANDER_STEP_LOG10 * row));
}

/* Adds `share` of a state to a sum of states, the spread of the means about `centre` included. */
static void add_share(struct state *sum, const struct state *part, const double *centre,
                      double share) {
    for (int i = 0, n = 0; i < STATE_SIZE; i++)
        for (int j = i; j < STATE_SIZE; j++, n++)
            sum->covariance[n] += share * (part->covariance[n] + (part->mean[i] - centre[i]) *
                                                                     (part->mean[j] - centre[j]));
}

/* Adds a share of one belief to a mixture whose mean is known. */
static void mix_mean(struct state *mixed, const struct state *part, double share) {
    for (int i = 0; i < STATE_SIZE; i++)
        mixed->mean[i] += share * part->mean[i];
}

/* The average of `count` models, weights brought to a sum of 1. */
static struct bank_average average_models(const struct model *models, const double *weights,
                                          int count) {
    struct bank_average average = {0};
    double sum = 0.0, row = 0.0;

    for (int k = 0; k < count; k++)
        sum += weights[k];
    for (int k = 0; k < count; k++) {
        mix_mean(&average.state, &models[k].state, weights[k] / sum);
        for (int i = 0; i < 2; i++)
            average.scale[i] += weights[k] / sum * models[k].scale[i];
        row += weights[k] / sum * (k % BANK_WANDERS);
    }
    for (int k = 0; k < count; k++)
        add_share(&average.state, &models[k].state, average.state.mean, weights[k] / sum);
    average.wander = wander_of(row);
    return average;
}

struct bank_average bank_average(const struct bank *bank, int sources) {
    double weights[BANK_SIZE] = {0.0}, rows = log((double)sources) / (LN_10 * WANDER_STEP_LOG10);
    int whole = (int)rows;

    for (int k = 0; k < BANK_SIZE; k++) {
        int last = k - k % BANK_WANDERS + BANK_WANDERS - 1;
        int low = k + whole < last ? k + whole : last, high = low < last ? low + 1 : last;

        weights[high] += bank->models[k].weight * (rows - whole);
        weights[low] += bank->models[k].weight * (1.0 - (rows - whole));
    }
    return average_models(bank->models, weights, BANK_SIZE);
}

/* Before a sample: the wander of a clock changes to that of a neighbouring model with probability
 * DRIFT, to any with probability JUMP. Laws of queues keep their beliefs to themselves: the edge of
 * one is not the edge of another. */
static void interact(struct model *models) {
    struct bank_average average;
    struct model old[BANK_WANDERS];
    double weights[BANK_WANDERS], sum = 0.0;

    memcpy(old, models, sizeof(old));
    for (int k = 0; k < BANK_WANDERS; k++)
        sum += weights[k] = old[k].weight;
    average = average_models(models, weights, BANK_WANDERS);
    for (int k = 0; k < BANK_WANDERS; k++) {
        const struct state *parts[4] = {&old[k].state, &average.state, &old[k].state,
                                        &old[k].state};
        double shares[4] = {(1.0 - DRIFT - JUMP) * old[k].weight, JUMP / BANK_WANDERS * sum, 0.0,
                            0.0};
        double weight = 0.0;
        struct state mixed = {0};

        for (int side = 0; side < 2; side++) {
            int other = side == 0 ? k - 1 : k + 1;

            if (other < 0 || other >= BANK_WANDERS)
                other = k;
            parts[2 + side] = &old[other].state;
            shares[2 + side] = DRIFT / 2.0 * old[other].weight;
        }
        for (int i = 0; i < 4; i++)
            weight += shares[i];
        for (int i = 0; i < 4; i++)
            mix_mean(&mixed, parts[i], shares[i] / weight);
        for (int i = 0; i < 4; i++)
            add_share(&mixed, parts[i], mixed.mean, shares[i] / weight);
        models[k].state = mixed;
        models[k].weight = (1.0 - LAW_SWITCH) * weight + LAW_SWITCH / BANK_SIZE;
    }
}

void bank_start(struct bank *bank, const struct measurement *first, double frequency_deviation) {
    double scale = fmax(SCALE_GUESS * first->delay, first->noise + SCALE_MIN);
    double spread = START_SPREAD * scale;
    struct model model = {
        .state = {.mean = {first->offset, 0.0, 0.5 * first->delay - scale, 0.0},
                  .covariance = {[COV_XX] = spread * spread, [COV_HH] = spread * spread}},
        .scale = {scale, scale},
        .weight = 1.0 / BANK_SIZE,
    };

    for (int k = 0; k < BANK_SIZE; k++) {
        double width = frequency_prior[k % FREQUENCY_PRIORS] * frequency_deviation;

        model.state.covariance[COV_YY] = width * width;
        bank->models[k] = model;
    }
    bank->samples = 1;
}

/* The route became `change` seconds longer, both ways together, and what it adds to the measured
 * offset changed by `shift`, as far as a few samples can tell. Offset and frequency stay what they
 * are. */
static void change_route(struct bank *bank, double change, double shift, double scale) {
    double doubt = scale * SHIFT_DOUBT;

    /* Routes are symmetric until the contrary is shown. */
    if (fabs(shift) < SHIFT_SIGNIFICANT * doubt) {
        shift = 0.0;
        doubt *= 0.5;
    }
    for (int k = 0; k < BANK_SIZE; k++) {
        struct state *state = &bank->models[k].state;

        state->mean[2] += 0.5 * change;
        state->mean[3] += shift;
        state->covariance[COV_HH] += scale * scale;
        state->covariance[COV_AA] += doubt * doubt;
    }
}

static void multiply_scales(struct bank *bank, double factor) {
    for (int k = 0; k < BANK_SIZE; k++)
        for (int i = 0; i < 2; i++)
            bank->models[k].scale[i] = fmax(bank->models[k].scale[i] * factor, SCALE_MIN);
}

/* The variance of x + a + way * h. */
static double way_variance(const double *c, double way) {
    return c[COV_XX] + c[COV_HH] + c[COV_AA] + 2.0 * (way * (c[COV_XH] + c[COV_HA]) + c[COV_XA]);
}

/* By how many deviations the measurement would come back from the future in the eyes of the most
 * tolerant model. */
static double contradiction(const struct bank *bank, const struct measurement *next) {
    const struct model *model = &bank->models[BANK_SIZE - 1];
    double noise = shape_noise[BANK_SHAPES - 1], worst = -INFINITY;
    struct state state = model->state;
    const double *x = state.mean;

    state_propagate(&state, next->elapsed, wander_of(BANK_WANDERS - 1), 0.0);
    for (int i = 0; i < 2; i++) {
        double way = i == 0 ? 1.0 : -1.0, own = noise * model->scale[i];
        double error = way * (next->offset - x[0] - x[3]) + 0.5 * next->delay - x[2];

        worst = fmax(worst, -error / sqrt(way_variance(state.covariance, way) +
                                          next->noise * next->noise + own * own));
    }
    return worst;
}

/* What a measurement looks like from the average of all models. */
struct outlook {
    double scale;         /* s, mean excess of one way */
    double excess;        /* s, of the round trip */
    double certainty;     /* s, deviation of the predicted offset */
    double noise;         /* s, deviation of what the base delay is known to */
    double errors[2];     /* s, excess of each way */
    double deviations[2]; /* s, of the prediction and noise */
};

static struct outlook look_at(const struct bank *bank, const struct measurement *next) {
    struct bank_average average = bank_average(bank, 1);
    const double *x = average.state.mean, *c = average.state.covariance;
    double law = 0.0, noise;
    struct outlook outlook;

    for (int k = 0; k < BANK_SIZE; k++)
        law += bank->models[k].weight * shape_noise[k / BANK_WANDERS];
    state_propagate(&average.state, next->elapsed, average.wander, 0.0);
    outlook.scale = 0.5 * (average.scale[0] + average.scale[1]);
    outlook.excess = next->delay - 2.0 * x[2];
    outlook.certainty = sqrt(c[COV_XX]);
    noise = law * law * outlook.scale * outlook.scale + next->noise * next->noise;
    outlook.noise = sqrt(2.0 * noise + 4.0 * c[COV_HH]);
    for (int i = 0; i < 2; i++) {
        double way = i == 0 ? 1.0 : -1.0;

        outlook.errors[i] = way * (next->offset - x[0] - x[3]) + 0.5 * next->delay - x[2];
        outlook.deviations[i] = sqrt(way_variance(c, way) + noise);
    }
    return outlook;
}

/* Slower or quicker than queues and noise explain: 1, -1, or 0. A slow exchange that contradicts
 * what is known is not slow but news; one that is more certain than what is known is welcome. */
static int find_direction(const struct outlook *outlook, double scale) {
    if (outlook->excess < -QUICK_EXCESS * outlook->noise)
        return -1;
    if (outlook->excess < SLOW_EXCESS * scale ||
        outlook->excess < EDGE_TOLERANCE * outlook->certainty)
        return 0;
    for (int i = 0; i < 2; i++)
        if (outlook->errors[i] < -EDGE_TOLERANCE * outlook->deviations[i])
            return 0;
    return 1;
}

static void learn_from_slow(struct bank *bank, const struct outlook *outlook) {
    struct density ways[2] = {{.excess = fmax(outlook->errors[0], 0.0)},
                              {.excess = fmax(outlook->errors[1], 0.0)}};

    for (int k = 0; k < BANK_SIZE; k++)
        learn_scale(&bank->models[k], bank->asymmetry, ways, learning_rate(bank));
}

/* After a row of slow exchanges: slow by the same amount, they come over a longer route; else a
 * queue has grown. A row of quick ones comes over a shorter route. */
static void explain_row(struct bank *bank, double scale) {
    double mean = bank->row.total / bank->row.count, shift = bank->row.shift / bank->row.count;

    if (bank->row.direction < 0) {
        change_route(bank, fmin(mean - 2.0 * bank->row.scale, 0.0), shift, bank->row.scale);
    } else if (mean - bank->row.least < ROUTE_SPREAD * bank->row.scale) {
        change_route(bank, bank->row.least, shift, bank->row.scale);
        multiply_scales(bank, bank->row.scale / scale);
    } else {
        multiply_scales(bank, fmax(0.5 * mean / scale, 1.0));
    }
    bank->row.count = 0;
}

static void add_to_row(struct bank *bank, const struct outlook *outlook, int direction) {
    if (bank->row.count == 0 || direction != bank->row.direction) {
        bank->row.direction = direction;
        bank->row.count = 0;
        bank->row.scale = outlook->scale;
        bank->row.least = INFINITY;
        bank->row.total = bank->row.shift = 0.0;
    }
    if (direction == 0)
        return;
    bank->row.count++;
    bank->row.total += outlook->excess;
    bank->row.shift += 0.5 * (outlook->errors[0] - outlook->errors[1]);
    bank->row.least = fmin(bank->row.least, outlook->excess);
}

enum bank_verdict bank_judge(struct bank *bank, const struct measurement *next) {
    struct outlook outlook = look_at(bank, next);
    int direction =
        bank->samples < SETTLED
            ? 0
            : find_direction(&outlook, bank->row.count > 0 ? bank->row.scale : outlook.scale);

    add_to_row(bank, &outlook, direction);
    if (direction == 0)
        return contradiction(bank, next) > CONTRADICTION ? BANK_STEP : BANK_ORDINARY;
    if (bank->row.count >= (direction > 0 ? SLOW_COUNT : QUICK_COUNT)) {
        explain_row(bank, outlook.scale);
        return BANK_ORDINARY;
    }
    if (direction < 0)
        return outlook.excess < -GROSS_EXCESS * outlook.scale ? BANK_DOUBTFUL : BANK_ORDINARY;
    learn_from_slow(bank, &outlook);
    return BANK_DOUBTFUL;
}

void bank_add(struct bank *bank, const struct measurement *next) {
    double evidence[BANK_SIZE], best = -INFINITY, sum = 0.0, rate;

    rate = learning_rate(bank);
    bank->samples += bank->samples < SCALE_MEMORY;
    for (int shape = 0; shape < BANK_SHAPES; shape++)
        interact(&bank->models[shape * BANK_WANDERS]);
    for (int k = 0; k < BANK_SIZE; k++) {
        struct model *model = &bank->models[k];
        struct density ways[2];
        double k_noise = shape_noise[k / BANK_WANDERS], variance = next->noise * next->noise;
        double drift = BASE_DRIFT * 0.5 * (model->scale[0] + model->scale[1]);

        state_propagate(&model->state, next->elapsed, wander_of(k % BANK_WANDERS), drift * drift);
        evidence[k] = 0.0;
        for (int i = 0; i < 2; i++) {
            double way = i == 0 ? 1.0 : -1.0, noise = k_noise * model->scale[i];
            ways[i] = update_way(&model->state, next->offset + way * 0.5 * next->delay, way,
                                 model->scale[i], variance + noise * noise);

            evidence[k] += ways[i].logarithm;
        }
        learn_scale(model, bank->asymmetry, ways, rate);
        best = fmax(best, evidence[k]);
    }
    for (int k = 0; k < BANK_SIZE; k++) {
        bank->models[k].weight *= exp(fmax(evidence[k] - best, -EVIDENCE_LIMIT));
        sum += bank->models[k].weight;
    }
    for (int k = 0; k < BANK_SIZE; k++)
        bank->models[k].weight /= sum;
}

void bank_shift(struct bank *bank, double offset, double stretch) {
    for (int k = 0; k < BANK_SIZE; k++) {
        struct model *model = &bank->models[k];

        model->state.mean[0] += offset;
        model->state.mean[1] = (1.0 + model->state.mean[1]) / stretch - 1.0;
        model->state.mean[2] *= stretch;
        model->state.mean[3] *= stretch;
        model->scale[0] *= stretch;
        model->scale[1] *= stretch;
    }
}

void bank_blur(struct bank *bank, double variance) {
    for (int k = 0; k < BANK_SIZE; k++)
        bank->models[k].state.covariance[COV_XX] += variance;
}

void bank_reopen(struct bank *bank, const struct measurement *next) {
    struct state state = bank_average(bank, 1).state;
    double error;

    state_propagate(&state, next->elapsed, 0.0, 0.0);
    error = next->offset - state.mean[0];
    for (int k = 0; k < BANK_SIZE; k++) {
        bank->models[k].state.covariance[COV_XX] += error * error;
        bank->models[k].state.covariance[COV_YY] += error * error / (next->elapsed * next->elapsed);
    }
}
