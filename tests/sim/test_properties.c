/* Whatever is put into a filter, what comes out is within bounds; whatever a server says, the clock
 * does not run away. `test_properties 1000000` runs so many sequences instead of the usual number.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/track/filter.h"
#include "tests/sim/lan.h"

#define SEQUENCES       30000
#define LONGEST         300  /* samples in a sequence; most have a few, ... */
#define SHORTNESS       50.0 /* ... seven on the mean */
#define OFFSET_BOUND    1e11 /* s */
#define FREQUENCY_BOUND 0.5  /* s/s */
#define OVERSHOOT       4.0  /* an error beyond half of the longest delay */
#define ERROR_BOUND     1e18 /* s */
#define HOSTILE         0.02 /* probability that a value is one of the special ones */

static long wanted = SEQUENCES;

/* Half the root delay and the root dispersion bound the error; 1e11 s without an estimate. */
static double root_distance(const struct filter *filter, ns_t when) {
    struct estimate estimate;

    if (!filter_predict(filter, when, &estimate))
        return 1e11;
    return 0.5 * estimate.root_delay + estimate.root_dispersion;
}

/* A value that arithmetic has trouble with. */
static double special(struct sim_random *random) {
    static const double values[] = {NAN,     INFINITY, -INFINITY, 0.0,    -0.0,  1e-300,
                                    -1e-300, 1e300,    -1e300,    1e11,   -1e11, 1e10,
                                    -1e10,   4e9,      -1e-9,     1e-9,   1.0,   -1.0,
                                    16.0,    1e-30,    0x1p-1074, -1e100, 1e100, 86400.0};

    return values[sim_random_u64(random) % (sizeof(values) / sizeof(*values))];
}

/* Around `usual`, over many orders of magnitude, or special. */
static double any_value(struct sim_random *random, double usual, double hostility) {
    double choice = sim_uniform(random);

    if (choice < hostility)
        return special(random);
    if (choice < 3.0 * hostility)
        return usual * exp(20.0 * sim_gaussian(random));
    return usual * sim_exponential(random);
}

static double sign(struct sim_random *random) {
    return sim_uniform(random) < 0.5 ? -1.0 : 1.0;
}

/* The next time: mostly later; sometimes the same, before, or centuries away. */
static ns_t next_time(struct sim_random *random, ns_t last, double hostility) {
    double step = 64.0 * sim_exponential(random);

    if (sim_uniform(random) < hostility)
        return (ns_t)sim_random_u64(random) / 4;
    if (sim_uniform(random) < hostility)
        return last;
    if (sim_uniform(random) < hostility)
        step = -step;
    if (sim_uniform(random) < hostility)
        step *= exp(10.0 * sim_gaussian(random));
    return ns_add_seconds(last, step);
}

static bool is_between(double low, double value, double high) {
    return value >= low && value <= high; /* not so for NaN */
}

static void check_estimate(const struct estimate *estimate, int count) {
    assert_true(is_between(-OFFSET_BOUND, estimate->offset, OFFSET_BOUND));
    assert_true(is_between(0.0, estimate->offset_error, ERROR_BOUND));
    assert_true(is_between(-FREQUENCY_BOUND, estimate->frequency, FREQUENCY_BOUND));
    assert_true(is_between(0.0, estimate->skew, 1.0));
    assert_true(is_between(0.0, estimate->deviation, ERROR_BOUND));
    assert_true(is_between(-0.5, estimate->asymmetry, 0.5));
    assert_true(is_between(0.0, estimate->stress, ERROR_BOUND));
    assert_true(is_between(0.0, estimate->root_delay, ERROR_BOUND));
    assert_true(is_between(0.0, estimate->root_dispersion, ERROR_BOUND));
    assert_true(is_between(0.0, estimate->span, ERROR_BOUND));
    assert_in_range(estimate->samples, 1, count);
    assert_in_range(estimate->first, 0, count - 1);
    assert_in_range(estimate->runs, 1, estimate->samples);
}

static void check_outputs(const struct filter *filter, struct sim_random *random, int max_samples,
                          ns_t now, double hostility) {
    int count = filter_count(filter);
    struct estimate estimate;
    struct sample sample;

    assert_in_range(count, 0, max_samples);
    if (filter_estimate(filter, &estimate))
        check_estimate(&estimate, count);
    if (filter_predict(filter, next_time(random, now, hostility), &estimate))
        check_estimate(&estimate, count);
    if (filter_predict_shared(filter, now, 1 + (int)(sim_random_u64(random) % 8), &estimate))
        check_estimate(&estimate, count);
    assert_true(is_between(0.0, root_distance(filter, now), ERROR_BOUND));
    assert_true(is_between(0.0, filter_min_delay(filter), ERROR_BOUND));
    for (int i = 0; i < count; i += 7) {
        assert_true(filter_sample(filter, i, &sample));
        assert_true(isfinite(sample.offset) && isfinite(sample.delay));
        assert_true(isfinite(sample.root_delay) && isfinite(sample.root_dispersion));
    }
    assert_false(filter_sample(filter, count, &sample));
    assert_true(isfinite(filter_last_measured(filter)));
}

static struct filter_options any_options(struct sim_random *random) {
    struct filter_options options = {.max_clock_error = 1e-6, .asymmetry = 1.0};

    options.max_samples = sim_uniform(random) < 0.5
                              ? TRACK_MAX_SAMPLES
                              : 1 + (int)(sim_random_u64(random) % TRACK_MAX_SAMPLES);
    options.min_samples = 1 + (int)(sim_random_u64(random) % (uint64_t)options.max_samples);
    options.precision = sim_uniform(random) < 0.8 ? 1e-7 : pow(10.0, -9.0 * sim_uniform(random));
    if (sim_uniform(random) < 0.2)
        options.min_delay = 1e-3 * sim_exponential(random);
    if (sim_uniform(random) < 0.2)
        options.asymmetry = sim_uniform(random) - 0.5;
    return options;
}

/* One filter, from the first sample to the last. */
static void run_sequence(struct filter *filter, struct sim_random *random, double hostility) {
    struct filter_options options = any_options(random);
    int length = 1 + (int)(LONGEST * pow(sim_uniform(random), SHORTNESS));
    double scale = pow(10.0, -6.0 * sim_uniform(random));
    ns_t now = SIM_START_UNIX * NS_PER_S;

    filter_init(filter, &options);
    for (int i = 0; i < length; i++) {
        struct sample sample = {
            .time = next_time(random, now, hostility),
            .offset = sign(random) * any_value(random, scale, hostility),
            .delay = any_value(random, scale, hostility),
            .dispersion = any_value(random, 1e-7, hostility),
        };

        sample.root_delay = sample.delay + any_value(random, scale, hostility);
        sample.root_dispersion = sample.dispersion + any_value(random, scale, hostility);
        if (filter_add_sample(filter, &sample))
            now = sample.time;
        else if (sim_uniform(random) < 0.5)
            filter_reset(filter);
        if (sim_uniform(random) < 0.3)
            filter_adjust(filter, now, sign(random) * any_value(random, 1e-6, hostility),
                          sign(random) * any_value(random, scale, hostility));
        if (sim_uniform(random) < 0.02)
            filter_add_dispersion(filter, any_value(random, scale, hostility));
        check_outputs(filter, random, options.max_samples, now, hostility);
    }
}

static void run_sequences(uint64_t seed, double hostility) {
    struct filter *filter = calloc(1, filter_size());
    struct sim_random random;

    assert_non_null(filter);
    sim_random_seed(&random, seed);
    for (long count = 0; count < wanted / 3; count++)
        run_sequence(filter, &random, hostility);
    free(filter);
}

static void filter_is_within_bounds_on_reasonable_samples(void **state) {
    (void)state;
    run_sequences(1, 0.0);
}

static void filter_is_within_bounds_when_some_samples_are_hostile(void **state) {
    (void)state;
    run_sequences(2, HOSTILE);
}

static void filter_is_within_bounds_when_most_samples_are_hostile(void **state) {
    (void)state;
    run_sequences(3, 0.2);
}

/* A clock with a frequency of its own, corrected now and then, and exchanges whose delays are
 * shared by their two ways in any proportion: the true offset is within root distance, and the
 * estimate hardly worse than the worst exchange. */
static void run_honest_sequence(struct filter *filter, struct sim_random *random) {
    struct filter_options options = {.max_clock_error = 1e-6,
                                     .asymmetry = 1.0,
                                     .precision = 1e-7,
                                     .min_samples = 6,
                                     .max_samples = TRACK_MAX_SAMPLES};
    int length = 1 + (int)(LONGEST * pow(sim_uniform(random), SHORTNESS));
    double scale = pow(10.0, -6.0 * sim_uniform(random)), longest = 0.0;
    double offset = sign(random) * scale * sim_exponential(random);
    double frequency = 5e-5 * sim_gaussian(random);
    ns_t now = SIM_START_UNIX * NS_PER_S;
    struct estimate estimate;

    filter_init(filter, &options);
    for (int i = 0; i < length; i++) {
        double step = 64.0 * sim_exponential(random),
               delay = scale * (1.0 + sim_exponential(random));
        struct sample sample = {.time = ns_add_seconds(now, step),
                                .delay = delay,
                                .dispersion = 1e-7,
                                .root_delay = delay,
                                .root_dispersion = 1e-7};

        now = sample.time;
        offset += frequency * step;
        sample.offset = offset + delay * (sim_uniform(random) - 0.5);
        longest = fmax(longest, delay);
        assert_true(filter_add_sample(filter, &sample));
        if (filter_estimate(filter, &estimate)) {
            double error = fabs(estimate.offset - offset);

            assert_true(error <= root_distance(filter, now));
            assert_true(error <= OVERSHOOT * longest / 2.0);
        }
        if (sim_uniform(random) < 0.3) {
            double change = sign(random) * scale * sim_exponential(random);

            filter_adjust(filter, now, frequency / 2.0, change);
            now = ns_add_seconds(now, change);
            offset -= change;
            frequency *= 0.5;
        }
    }
}

static void honest_samples_bound_the_error(void **state) {
    struct filter *filter = calloc(1, filter_size());
    struct sim_random random;

    (void)state;
    assert_non_null(filter);
    sim_random_seed(&random, 4);
    for (long count = 0; count < wanted / 3; count++)
        run_honest_sequence(filter, &random);
    free(filter);
}

/* A server that tells any time, for hours; then the truth. */
static void mad_server_neither_breaks_nor_keeps_the_clock(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim *sim = lan_new(seed, 1, "iburst minpoll 2 maxpoll 4");
        struct sim_node *client = lan_client(sim), *server = sim_node(sim, 0);
        struct sim_random random;

        sim_configure(client, "makestep 1.0 -1");
        sim_random_seed(&random, seed);
        for (double t = 1.0; t < 10000.0; t += 1.0) {
            if (sim_uniform(&random) < 0.1)
                server->lie = sign(&random) * fmin(exp(7.0 * sim_gaussian(&random)), 1e9);
            sim_run(sim, t);
            assert_true(fabs(client->own_clock.kernel) <= client->own_clock.kernel_limit);
            assert_true(isfinite(sim_error(client)));
        }
        server->lie = 0.0;
        assert_true(lan_worst(client, 14000.0, 16000.0) < 1e-3);
        sim_free(sim);
    }
}

/* A clock faster than the kernel can make up for; then one that has room to catch up. */
static void clock_at_its_limit_stays_there(void **state) {
    struct sim *sim = lan_new(1, 1, "iburst maxpoll 6");
    struct sim_node *client = lan_client(sim);

    (void)state;
    client->own_clock.kernel_limit = 5e-4;
    client->own_clock.frequency = 6e-4;
    for (double t = 1.0; t < 20000.0; t += 1.0) {
        sim_run(sim, t);
        assert_true(fabs(client->own_clock.kernel) <= 5e-4);
    }
    client->own_clock.frequency = 1e-4;
    assert_true(lan_worst(client, 26000.0, 40000.0) < 1e-3);
    sim_free(sim);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_is_within_bounds_on_reasonable_samples),
        cmocka_unit_test(filter_is_within_bounds_when_some_samples_are_hostile),
        cmocka_unit_test(filter_is_within_bounds_when_most_samples_are_hostile),
        cmocka_unit_test(honest_samples_bound_the_error),
        cmocka_unit_test(mad_server_neither_breaks_nor_keeps_the_clock),
        cmocka_unit_test(clock_at_its_limit_stays_there),
    };

    if (argc > 1)
        wanted = strtol(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
