/* The filter of one source (filter.h): a bank of models that remembers, and a window of samples
 * that does not forget what it saw.
 *
 * Model. The bank (bank.c) holds the belief about offset x, frequency y and base delay at the time
 * of the newest sample. The window keeps the newest samples for reports and for the root distance:
 * by RFC 5905 section 11.2 the true correction lies within root delay / 2 + root dispersion of what
 * a sample says, so with x(t) the estimate's line carried back to a sample,
 *
 *     distance = min over samples i of
 *                |offset_i - x(t_i)| + root_delay_i / 2 + root_dispersion_i + age_i * drift
 *
 * bounds the error of the estimate, drift being skew plus the assumed wander of any clock.
 *
 * A change of the local clock by (offset, frequency) at `when` turns the instant t into t + g and
 * the correction o into o - g, g = offset + (t - when) * frequency: what is corrected is no longer
 * to be corrected. Exact, and applied to samples and belief alike. */
#include "core/track/filter.h"

#include <math.h>
#include <string.h>

#include "core/track/bank.h"
#include "core/track/route.h"

#define FIRST_SAMPLES   3    /* that decide */
#define REPLAY_SAMPLES  4    /* maxsamples up to this: the bank knows nothing but the window */
#define BURST_SAMPLES   8    /* as many as a burst has */
#define FREQUENCY_PRIOR 1e-4 /* s/s, deviation of an unknown oscillator */
#define FREQUENCY_BOUND 5e-4 /* s/s, hardly any oscillator is worse */
#define FREQUENCY_LIMIT 0.5  /* s/s */
#define OFFSET_LIMIT    1e11 /* s: some 3000 years */
#define CONTRADICTIONS  2    /* in a row that are believed */
#define MIN_ELAPSED     1e-6 /* s between samples */
#define MAX_ELAPSED     1e7  /* s, longer ones count as this */
#define MIN_DELAY       1e-9 /* s */
#define ERROR_BOUND     3.0  /* deviations that an error hardly exceeds */
#define LINE_ERROR      2.0  /* deviations by which wander may bend the line in reports */
#define LINE_BREAK      10.0 /* deviations off, and the line is another one */

struct filter {
    struct filter_options options;
    struct bank bank;
    struct bank_average average; /* of the bank as it is now: it is asked for far more often */
    struct sample window[TRACK_MAX_SAMPLES]; /* ring */
    int newest, count;
    int total;          /* samples since the start, at most FIRST_SAMPLES */
    int contradictions; /* in a row */
    double measured;    /* s, offset of the newest as it came */
    double stress;
    ns_t time; /* of the belief: the last sample that the bank took in */
};

size_t filter_size(void) {
    return sizeof(struct filter);
}

void filter_init(struct filter *filter, const struct filter_options *options) {
    memset(filter, 0, sizeof(*filter));
    filter->options = *options;
    filter->bank.asymmetry = options->asymmetry;
}

void filter_reset(struct filter *filter) {
    struct filter_options options = filter->options;

    filter_init(filter, &options);
}

int filter_count(const struct filter *filter) {
    return filter->count;
}

/* i = 0 is the newest. */
static struct sample *sample_at(struct filter *filter, int i) {
    return &filter->window[(filter->newest + TRACK_MAX_SAMPLES - i) % TRACK_MAX_SAMPLES];
}

static const struct sample *sample_seen(const struct filter *filter, int i) {
    return &filter->window[(filter->newest + TRACK_MAX_SAMPLES - i) % TRACK_MAX_SAMPLES];
}

bool filter_sample(const struct filter *filter, int i, struct sample *sample) {
    if (i < 0 || i >= filter->count)
        return false;
    *sample = *sample_seen(filter, i);
    return true;
}

double filter_last_measured(const struct filter *filter) {
    return filter->measured;
}

double filter_min_delay(const struct filter *filter) {
    double delay = filter->count > 0 ? INFINITY : 0.0;

    for (int i = 0; i < filter->count; i++)
        delay = fmin(delay, sample_seen(filter, i)->delay);
    return delay;
}

static struct measurement measure(const struct filter *filter, const struct sample *sample,
                                  ns_t since) {
    double fixed = filter->options.min_delay;
    struct measurement measurement = {
        .elapsed = fmin(fmax(ns_difference(sample->time, since), MIN_ELAPSED), MAX_ELAPSED),
        .offset = sample->offset,
        .delay = fmax(fixed > 0.0 ? fixed + fabs(sample->delay - fixed) : sample->delay, MIN_DELAY),
        .noise = fmax(filter->options.precision, sample->dispersion),
    };

    return measurement;
}

static void keep_in_window(struct filter *filter, const struct sample *sample) {
    int limit = filter->options.max_samples;

    if (limit < 1 || limit > TRACK_MAX_SAMPLES)
        limit = TRACK_MAX_SAMPLES;
    filter->newest = (filter->newest + 1) % TRACK_MAX_SAMPLES;
    filter->window[filter->newest] = *sample;
    filter->count = filter->count < limit ? filter->count + 1 : limit;
}

static void replay(struct filter *filter) {
    for (int i = filter->count - 1; i >= 0; i--) {
        const struct sample *sample = sample_at(filter, i);
        struct measurement next = measure(filter, sample, filter->time);

        if (i == filter->count - 1)
            bank_start(&filter->bank, &next, FREQUENCY_PRIOR);
        else
            bank_add(&filter->bank, &next);
        filter->time = sample->time;
    }
}

/* A sample that no model can explain is not believed alone; when the next one says the same, the
 * clock or the source was stepped, and what is older is void. At the start nothing is known well
 * enough to doubt a sample. */
static void take_in(struct filter *filter, const struct sample *sample) {
    struct measurement next = measure(filter, sample, filter->time);
    enum verdict verdict = route_judge(&filter->bank, &next);
    bool started = filter->total >= FIRST_SAMPLES;

    filter->contradictions = verdict == VERDICT_STEP ? filter->contradictions + 1 : 0;
    if (started && (verdict == VERDICT_DOUBTFUL ||
                    (verdict == VERDICT_STEP && filter->contradictions < CONTRADICTIONS)))
        return;
    if (started && verdict == VERDICT_STEP)
        filter->count = CONTRADICTIONS;
    if (verdict == VERDICT_STEP)
        route_accept_step(&filter->bank, &next);
    filter->contradictions = 0;
    bank_add(&filter->bank, &next);
    filter->time = sample->time;
}

/* After every change of the bank. False: it makes no sense any more. */
static bool renew_average(struct filter *filter) {
    struct bank_average *average = &filter->average;
    double sum;

    *average = bank_average(&filter->bank, 1);
    sum = average->queue[0] + average->queue[1] + average->deviation;
    for (int i = 0; i < COV_SIZE; i++)
        sum += average->state.covariance[i];
    return isfinite(sum) && fabs(average->state.mean[STATE_X]) <= OFFSET_LIMIT &&
           fabs(average->state.mean[STATE_Y]) <= FREQUENCY_LIMIT &&
           isfinite(average->state.mean[STATE_H]) && isfinite(average->state.mean[STATE_A]);
}

static void start(struct filter *filter, const struct sample *sample) {
    struct measurement first = measure(filter, sample, sample->time);

    bank_start(&filter->bank, &first, FREQUENCY_PRIOR);
    filter->time = sample->time;
}

static double square(double x) {
    return x * x;
}

/* How far the sample falls from what was predicted, in deviations of prediction and excess. */
static double find_stress(const struct filter *filter, const struct sample *sample) {
    struct bank_average average = filter->average;

    state_propagate(&average.state, ns_difference(sample->time, filter->time), average.wander, 0.0);
    return fabs(sample->offset - average.state.mean[STATE_X] - average.state.mean[STATE_A]) /
           sqrt(fmax(average.state.covariance[COV_XX], 0.0) + square(average.deviation));
}

static bool is_interval(double seconds) {
    return seconds >= 0.0 && seconds <= OFFSET_LIMIT;
}

bool filter_add_sample(struct filter *filter, const struct sample *sample) {
    if (!(fabs(sample->offset) <= OFFSET_LIMIT) || !is_interval(sample->delay) ||
        !is_interval(sample->dispersion) || !is_interval(sample->root_delay) ||
        !is_interval(sample->root_dispersion))
        return false;
    if (filter->count > 0 && sample->time <= sample_at(filter, 0)->time)
        return false;
    filter->stress = filter->total > 0 ? find_stress(filter, sample) : 0.0;
    keep_in_window(filter, sample);
    filter->measured = sample->offset;
    if (filter->count <= REPLAY_SAMPLES && filter->count == filter->options.max_samples)
        replay(filter);
    else if (filter->total == 0)
        start(filter, sample);
    else
        take_in(filter, sample);
    filter->total = filter->total < FIRST_SAMPLES ? filter->total + 1 : FIRST_SAMPLES;
    if (!renew_average(filter)) {
        filter->count = 1;
        start(filter, sample);
        renew_average(filter);
    }
    return true;
}

static double gain_at(ns_t time, ns_t when, double frequency, double offset) {
    return offset + ns_difference(time, when) * frequency;
}

void filter_adjust(struct filter *filter, ns_t when, double frequency, double offset) {
    double gain = gain_at(filter->time, when, frequency, offset);

    if (filter->count == 0)
        return;
    if (!(fabs(gain) <= OFFSET_LIMIT) || !(fabs(frequency) <= FREQUENCY_LIMIT)) {
        filter_reset(filter);
        return;
    }
    filter->time = ns_add_seconds(filter->time, gain);
    bank_shift(&filter->bank, -gain, 1.0 + frequency);
    for (int i = 0; i < filter->count; i++) {
        struct sample *sample = sample_at(filter, i);

        gain = gain_at(sample->time, when, frequency, offset);
        sample->time = ns_add_seconds(sample->time, gain);
        sample->offset -= gain;
        sample->delay *= 1.0 + frequency;
    }
    if (!renew_average(filter))
        filter_reset(filter);
}

void filter_add_dispersion(struct filter *filter, double dispersion) {
    double means[STATE_SIZE] = {0.0}, variances[STATE_SIZE] = {[STATE_X] = dispersion * dispersion};

    if (!(dispersion > 0.0) || dispersion > OFFSET_LIMIT)
        return;
    for (int i = 0; i < filter->count; i++) {
        sample_at(filter, i)->dispersion += dispersion;
        sample_at(filter, i)->root_dispersion += dispersion;
    }
    bank_open(&filter->bank, means, variances);
    renew_average(filter);
}

/* The correction that a sample shows, less the estimate's line carried back to it. */
static double find_residual(const struct estimate *estimate, const struct sample *sample) {
    double age = ns_difference(estimate->time, sample->time);

    return sample->offset - (estimate->offset - estimate->frequency * age);
}

/* The window as far as the line describes it: wander bends what is older, a jump of the frequency
 * breaks it off. What a queue of the usual asymmetry adds to an offset is no residual. */
static void describe_window(const struct filter *filter, const struct bank_average *average,
                            struct estimate *estimate) {
    double sum = 0.0, bend = square(LINE_ERROR * average->deviation);
    int sign = 0;

    for (int i = 0; i < filter->count; i++) {
        const struct sample *sample = sample_seen(filter, i);
        double age = ns_difference(estimate->time, sample->time);
        double excess = fmax(sample->delay - 2.0 * average->state.mean[STATE_H], 0.0);
        double residual = find_residual(estimate, sample) - average->state.mean[STATE_A];
        bool broken = fabs(residual) > 0.5 * excess + LINE_BREAK * average->deviation;
        int side;

        if (i >= filter->options.min_samples && i >= FIRST_SAMPLES &&
            (broken || average->wander * age * age * age / 3.0 > bend))
            break;
        residual -= estimate->asymmetry * excess;
        side = residual < 0.0 ? -1 : 1;
        sum += residual * residual;
        estimate->runs += side != sign;
        sign = side;
        estimate->samples = i + 1;
        estimate->span = ns_difference(sample_seen(filter, 0)->time, sample->time);
    }
    estimate->first = filter->count - estimate->samples;
    estimate->deviation = sqrt(sum / estimate->samples);
}

/* The estimate's frequency is wrong by no more than this (s/s): two samples whose own errors are
 * bounded say so, or the make of oscillators. */
static double bound_frequency(const struct filter *filter, const struct estimate *estimate) {
    const struct sample *newest = sample_seen(filter, 0);
    double residual = find_residual(estimate, newest), least = FREQUENCY_BOUND;

    for (int i = 1; i < estimate->samples; i++) {
        const struct sample *sample = sample_seen(filter, i);
        double error = 0.5 * (newest->root_delay + sample->root_delay) + newest->root_dispersion +
                       sample->root_dispersion + fabs(residual - find_residual(estimate, sample));

        least = fmin(least, error / ns_difference(newest->time, sample->time));
    }
    return least;
}

/* The sample that bounds the error of the estimate best. */
static void bound_error(const struct filter *filter, struct estimate *estimate) {
    double drift =
        fmax(estimate->skew, bound_frequency(filter, estimate)) + filter->options.max_clock_error;
    double shortest = INFINITY;

    for (int i = 0; i < estimate->samples; i++) {
        const struct sample *sample = sample_seen(filter, i);
        double age = fabs(ns_difference(estimate->time, sample->time));
        double dispersion =
            sample->root_dispersion + fabs(find_residual(estimate, sample)) + age * drift;
        double distance = 0.5 * sample->root_delay + dispersion;

        if (distance < shortest) {
            shortest = distance;
            estimate->root_delay = sample->root_delay;
            estimate->root_dispersion = dispersion;
        }
    }
    /* The root distances of reference clocks do not hold their noise. */
    estimate->root_dispersion =
        fmax(estimate->root_dispersion,
             ERROR_BOUND * estimate->offset_error - 0.5 * estimate->root_delay);
}

static double limit(double value, double bound) {
    return fmax(-bound, fmin(value, bound));
}

/* A few samples in a row too short for the frequency to matter: before the bank knows the ways, the
 * quickest exchange says more than all together (measured: half the error where queues are uneven
 * or heavy-tailed), and what it may have waited is half of what the others did on top. */
static void use_quickest(const struct filter *filter, struct estimate *estimate) {
    const struct sample *newest = sample_seen(filter, 0), *quickest = newest;
    double span = ns_difference(newest->time, sample_seen(filter, filter->count - 1)->time);
    double age = ns_difference(estimate->time, newest->time), total = 0.0, excess;

    for (int i = 0; i < filter->count; i++) {
        const struct sample *sample = sample_seen(filter, i);

        total += sample->delay;
        if (sample->delay <= quickest->delay)
            quickest = sample;
    }
    excess = total / filter->count - quickest->delay;
    if (span * FREQUENCY_PRIOR >= 0.5 * excess)
        return;
    estimate->offset = limit(quickest->offset + estimate->frequency * age, OFFSET_LIMIT);
    estimate->offset_error = 0.5 * sqrt(square(excess) + square(estimate->skew * age));
}

bool filter_predict_shared(const struct filter *filter, ns_t when, int sources,
                           struct estimate *estimate) {
    int wanted = filter->options.max_samples;
    struct bank_average average = filter->average;
    double elapsed;

    if (filter->total < FIRST_SAMPLES && (wanted < 1 || filter->total < wanted))
        return false;
    if (sources > 1)
        average = bank_average(&filter->bank, sources);
    elapsed = ns_difference(when, filter->time);
    elapsed = fmin(fmax(elapsed, -MAX_ELAPSED), MAX_ELAPSED);
    state_propagate(&average.state, elapsed, elapsed > 0.0 ? average.wander : 0.0, 0.0);
    *estimate = (struct estimate){
        .time = when,
        .offset = limit(average.state.mean[STATE_X], OFFSET_LIMIT),
        .offset_error = sqrt(fmax(average.state.covariance[COV_XX], 0.0)),
        .frequency = limit(average.state.mean[STATE_Y], FREQUENCY_LIMIT),
        .skew = fmin(2.0 * sqrt(fmax(average.state.covariance[COV_YY], 0.0)), 1.0),
        .asymmetry =
            0.5 * (average.queue[0] - average.queue[1]) / (average.queue[0] + average.queue[1]),
        .stress = filter->stress,
    };
    if (filter->bank.samples <= BURST_SAMPLES)
        use_quickest(filter, estimate);
    describe_window(filter, &average, estimate);
    bound_error(filter, estimate);
    return true;
}

bool filter_predict(const struct filter *filter, ns_t when, struct estimate *estimate) {
    return filter_predict_shared(filter, when, 1, estimate);
}

bool filter_estimate(const struct filter *filter, struct estimate *estimate) {
    return filter->count > 0 && filter_predict(filter, sample_seen(filter, 0)->time, estimate);
}
