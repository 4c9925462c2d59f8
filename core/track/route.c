/* The watch over the way to a source (route.h).
 *
 * Model. Offset and frequency of the clock do not change because packets take another road, but
 * what an exchange measures does: the base delay, and with a detour on one way only also the
 * offset, by half the detour. Delays tell clock and road apart, as no clock makes an exchange
 * quicker than the base delay or a whole row of them slower:
 *
 *   - a row of quick exchanges comes over a shorter route;
 *   - a row of slow ones whose delays differ no more than queues explain comes over a longer route;
 *   - a row of slow ones that differ more waits in a longer queue.
 *
 * A new route opens the belief about the base delay, and what the offsets in the row are off by
 * goes to the state a (bank.h), not to the clock, where it fades in days. Until the row is long
 * enough its exchanges are left out. Quick or not, an offset that lies further from what is
 * predicted than half the excess delay allows is a step: of this clock, or of the source's. */
#include "core/track/route.h"

#include <math.h>
#include <stdbool.h>

#define SLOW_EXCESS       4.0 /* mean queueings beyond which an exchange is slow */
#define SLOW_COUNT        8   /* slow exchanges in a row that have one cause */
#define QUICK_EXCESS      5.0 /* deviations by which an exchange is quick */
#define QUICK_COUNT       4   /* quick ones in a row */
#define GROSS_EXCESS      3.0 /* mean queueings by which it is so quick that it is left out */
#define ROUTE_SPREAD      4.0 /* mean queueings: slow exchanges of one route are not wider */
#define SHIFT_DOUBT       0.3 /* mean queueings: deviation of the shift that a row shows */
#define SHIFT_SIGNIFICANT 3.0 /* deviations */
#define EDGE_TOLERANCE    4.0 /* deviations */
#define CONTRADICTION     6.0 /* deviations */
#define SETTLED           16  /* samples before the route is watched */
#define SURPRISE          4.0 /* deviations */
#define SURPRISES         3   /* in a row that are no accidents */

/* A measurement as a belief sees it before it arrives. */
struct outlook {
    double queue;     /* s, mean queueing of one way */
    double excess;    /* s, delay above the base */
    double edge;      /* s, deviation of the excess of a quick exchange */
    double certainty; /* s, deviation of the predicted offset */
    double errors[2]; /* s, queueing of either way */
    double margin;    /* smallest of the errors, in deviations of belief and noise */
};

static struct outlook look(struct bank_average average, const struct measurement *next) {
    const double *x = average.state.mean, *c = average.state.covariance;
    double stamps = next->noise * next->noise, noise;
    struct outlook outlook;

    state_propagate(&average.state, next->elapsed, average.wander, 0.0);
    noise = stamps + average.way_noise * average.way_noise;
    outlook.queue = 0.5 * (average.queue[0] + average.queue[1]);
    outlook.excess = next->delay - 2.0 * x[STATE_H];
    outlook.edge = sqrt(average.delay_noise * average.delay_noise + 2.0 * stamps + 4.0 * c[COV_HH]);
    outlook.certainty = sqrt(c[COV_XX]);
    outlook.margin = INFINITY;
    for (int i = 0; i < 2; i++) {
        double way = i == 0 ? 1.0 : -1.0;
        double variance =
            c[COV_XX] + c[COV_HH] + c[COV_AA] + 2.0 * (way * (c[COV_XH] + c[COV_HA]) + c[COV_XA]);

        outlook.errors[i] = way * (next->offset - x[STATE_X] - x[STATE_A]) + 0.5 * outlook.excess;
        outlook.margin = fmin(outlook.margin, outlook.errors[i] / sqrt(variance + noise));
    }
    return outlook;
}

/* 1 slow, -1 quick, 0 neither. A slow exchange that contradicts what is known is not slow but news,
 * and one that is more certain than what is known is welcome. */
static int find_direction(const struct outlook *outlook, double queue) {
    if (outlook->excess < -QUICK_EXCESS * outlook->edge)
        return -1;
    return outlook->excess > SLOW_EXCESS * queue &&
           outlook->excess > EDGE_TOLERANCE * outlook->certainty &&
           outlook->margin > -EDGE_TOLERANCE;
}

static void add_to_row(struct bank *bank, const struct outlook *outlook, int direction) {
    if (direction != bank->row.direction)
        bank->row.count = 0;
    if (bank->row.count == 0) {
        bank->row.direction = direction;
        bank->row.queue = outlook->queue;
        bank->row.least = INFINITY;
        bank->row.total = bank->row.shift = 0.0;
    }
    bank->row.count++;
    bank->row.total += outlook->excess;
    bank->row.shift += 0.5 * (outlook->errors[0] - outlook->errors[1]);
    bank->row.least = fmin(bank->row.least, outlook->excess);
}

/* The route became `change` seconds longer, both ways together, and `shift` seconds more lopsided.
 */
static void change_route(struct bank *bank, double change, double shift) {
    double queue = bank->row.queue, doubt = SHIFT_DOUBT * queue;
    double means[STATE_SIZE] = {[STATE_H] = 0.5 * change},
           variances[STATE_SIZE] = {[STATE_H] = queue * queue};

    /* Routes are symmetric until the contrary is shown. */
    if (fabs(shift) > SHIFT_SIGNIFICANT * doubt)
        means[STATE_A] = shift;
    else
        doubt *= 0.5;
    variances[STATE_A] = doubt * doubt;
    bank_open(bank, means, variances);
}

static void explain_row(struct bank *bank) {
    double mean = bank->row.total / bank->row.count, shift = bank->row.shift / bank->row.count;

    if (bank->row.direction < 0)
        change_route(bank, fmin(mean - 2.0 * bank->row.queue, 0.0), shift);
    else if (mean - bank->row.least < ROUTE_SPREAD * bank->row.queue)
        change_route(bank, bank->row.least, shift);
    bank->row.count = 0;
}

/* What the tails of the laws allow as accidents must not go on to one side: then it is the belief
 * that is wrong, most of all its frequency, after a start of a few quick samples. */
static void watch_surprises(struct bank *bank, const struct outlook *outlook,
                            const struct measurement *next) {
    int side = outlook->errors[0] > outlook->errors[1] ? 1 : -1;

    if (outlook->margin > -SURPRISE)
        bank->surprises = 0;
    else
        bank->surprises = bank->surprises * side > 0 ? bank->surprises + side : side;
    if (bank->surprises * side < SURPRISES)
        return;
    route_accept_step(bank, next);
    bank->surprises = 0;
}

enum verdict route_judge(struct bank *bank, const struct measurement *next) {
    struct outlook outlook = look(bank_average(bank, 1), next);
    int direction = find_direction(&outlook, bank->row.count > 0 ? bank->row.queue : outlook.queue);

    if (direction == 0 || bank->samples < SETTLED) {
        bank->row.count = 0;
        if (look(bank_most_tolerant(bank), next).margin > -CONTRADICTION) {
            watch_surprises(bank, &outlook, next);
            return VERDICT_ORDINARY;
        }
        bank_learn_noise(bank, 0.5 * (outlook.errors[0] - outlook.errors[1]));
        return VERDICT_STEP;
    }
    add_to_row(bank, &outlook, direction);
    if (bank->row.count >= (direction > 0 ? SLOW_COUNT : QUICK_COUNT)) {
        explain_row(bank);
        return VERDICT_ORDINARY;
    }
    if (direction < 0 && outlook.excess > -GROSS_EXCESS * outlook.queue)
        return VERDICT_ORDINARY;
    if (direction > 0)
        bank_learn_queues(bank,
                          (double[]){fmax(outlook.errors[0], 0.0), fmax(outlook.errors[1], 0.0)});
    return VERDICT_DOUBTFUL;
}

void route_accept_step(struct bank *bank, const struct measurement *next) {
    struct state state = bank_average(bank, 1).state;
    double means[STATE_SIZE] = {0.0}, variances[STATE_SIZE] = {0.0}, error;

    state_propagate(&state, next->elapsed, 0.0, 0.0);
    error = next->offset - state.mean[STATE_X] - state.mean[STATE_A];
    variances[STATE_X] = error * error;
    variances[STATE_Y] = variances[STATE_X] / (next->elapsed * next->elapsed);
    bank_open(bank, means, variances);
}
