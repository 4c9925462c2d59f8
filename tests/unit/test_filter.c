/* The filter: what it believes of a clock it cannot see, through queues, steps, detours and
 * nonsense. The clock and the network here are the simplest that have the behaviour in question;
 * tests/sim has the real ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/track/filter.h"

#define START (INT64_C(1262304000) * NS_PER_S)

static const struct filter_options defaults = {.min_samples = 6,
                                               .max_samples = TRACK_MAX_SAMPLES,
                                               .max_clock_error = 1e-6,
                                               .precision = 1e-7,
                                               .asymmetry = 1.0};

/* A clock whose offset (correction) is known, and the way to the source. */
struct world {
    struct filter *filter;
    uint64_t random;
    double time; /* s since START, of the local NTP clock */
    double offset, frequency, wander;
    double base[2];  /* s, delay without queues, there and back */
    double queue[2]; /* s, mean queueing */
};

/* Half the root delay and the root dispersion bound the error; 1e11 s without an estimate. */
static double root_distance(const struct filter *filter, ns_t when) {
    struct estimate estimate;

    if (!filter_predict(filter, when, &estimate))
        return 1e11;
    return 0.5 * estimate.root_delay + estimate.root_dispersion;
}

static double uniform(struct world *world) {
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return ((double)(world->random >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(struct world *world) {
    return sqrt(-2.0 * log(uniform(world))) * cos(6.283185307179586 * uniform(world));
}

static ns_t now(const struct world *world) {
    return START + ns_from_seconds(world->time);
}

static struct world make_world(const struct filter_options *options, uint64_t seed) {
    struct world world = {.filter = malloc(filter_size()),
                          .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1,
                          .base = {1e-3, 1e-3},
                          .queue = {1e-4, 1e-4}};

    assert_non_null(world.filter);
    filter_init(world.filter, options);
    return world;
}

static void advance(struct world *world, double seconds) {
    for (double left = seconds; left > 0.0; left -= 1.0) {
        world->frequency += world->wander * normal(world);
        world->offset += world->frequency * fmin(left, 1.0);
    }
    world->time += seconds;
}

static struct sample exchange(struct world *world) {
    double there = world->base[0] - world->queue[0] * log(uniform(world));
    double back = world->base[1] - world->queue[1] * log(uniform(world));

    return (struct sample){.time = now(world),
                           .offset = world->offset + (there - back) / 2.0,
                           .delay = there + back,
                           .dispersion = 1e-7,
                           .root_delay = there + back,
                           .root_dispersion = 1e-7};
}

static struct estimate poll_source(struct world *world, int polls, double interval) {
    struct estimate estimate = {0};

    for (int i = 0; i < polls; i++) {
        struct sample sample;

        advance(world, interval);
        sample = exchange(world);
        assert_true(filter_add_sample(world->filter, &sample));
        filter_estimate(world->filter, &estimate);
    }
    return estimate;
}

static void assert_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%g is not within %g of %g", value, tolerance, expected);
}

static void third_sample_decides(void **state) {
    struct filter_options options = defaults;
    struct estimate estimate;

    (void)state;
    for (int most = 1; most <= 5; most++) {
        struct world world;

        options.max_samples = most;
        world = make_world(&options, 1);
        assert_false(filter_estimate(world.filter, &estimate));
        for (int i = 1; i <= 5; i++) {
            poll_source(&world, 1, 2.0);
            assert_int_equal(filter_estimate(world.filter, &estimate), i >= (most < 3 ? most : 3));
            assert_int_equal(filter_count(world.filter), i < most ? i : most);
        }
        free(world.filter);
    }
}

static void first_estimate_on_a_lan_is_within_a_millisecond_at_400_ppm(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world world = make_world(&defaults, seed);
        struct estimate estimate;

        world.base[0] = world.base[1] = 1e-4;
        world.offset = 1.0;
        world.frequency = 4e-4;
        estimate = poll_source(&world, 3, 2.0);
        assert_near(estimate.offset, world.offset, 1e-3);
        free(world.filter);
    }
}

/* Five exchanges within milliseconds, all but one of them held up on the way there: what the
 * quickest says is right. */
static void quickest_of_a_burst_is_believed(void **state) {
    struct world world = make_world(&defaults, 3);
    struct estimate estimate;

    (void)state;
    world.offset = 0.25;
    world.queue[0] = 5e-3;
    world.queue[1] = 1e-7;
    poll_source(&world, 2, 2e-3);
    world.queue[0] = 1e-7;
    poll_source(&world, 1, 2e-3);
    world.queue[0] = 5e-3;
    estimate = poll_source(&world, 2, 2e-3);
    assert_near(estimate.offset, 0.25, 1e-6);
    assert_true(estimate.offset_error > 1e-6);
    /* Minutes later it is one sample among others. */
    estimate = poll_source(&world, 4, 64.0);
    assert_true(fabs(estimate.offset - 0.25) > 1e-6);
    free(world.filter);
}

static void five_percent_frequency_error_is_found(void **state) {
    struct world world = make_world(&defaults, 1);
    struct estimate estimate;

    (void)state;
    world.frequency = 0.05;
    estimate = poll_source(&world, 20, 2.0);
    assert_near(estimate.offset, world.offset, 5e-4);
    assert_near(estimate.frequency, world.frequency, 5e-5);
    free(world.filter);
}

static void correction_of_the_clock_is_carried_exactly(void **state) {
    struct world world = make_world(&defaults, 2);
    struct estimate before, after;
    struct sample old[10], sample;

    (void)state;
    world.frequency = 2e-5;
    before = poll_source(&world, 30, 64.0);
    for (int i = 0; i < 10; i++)
        assert_true(filter_sample(world.filter, i, &old[i]));
    filter_adjust(world.filter, now(&world), 2e-5, -0.25);
    assert_true(filter_predict(world.filter, now(&world) - ns_from_seconds(0.25), &after));
    assert_near(after.offset, before.offset + 0.25, 1e-9);
    assert_near(after.frequency, (1.0 + before.frequency) / (1.0 + 2e-5) - 1.0, 1e-15);
    assert_near(after.offset_error, before.offset_error, 1e-12);
    for (int i = 0; i < 10; i++) {
        double gain = -0.25 + ns_difference(old[i].time, now(&world)) * 2e-5;

        assert_true(filter_sample(world.filter, i, &sample));
        assert_near(ns_difference(sample.time, old[i].time), gain, 1e-9);
        assert_near(sample.offset, old[i].offset - gain, 1e-12);
        assert_near(sample.delay, old[i].delay * (1.0 + 2e-5), 1e-15);
    }
    assert_near(filter_last_measured(world.filter), old[0].offset, 0.0);
    free(world.filter);
}

static void slow_exchange_does_not_move_the_estimate(void **state) {
    struct world world = make_world(&defaults, 3);
    struct estimate before = poll_source(&world, 100, 64.0), after;
    struct sample sample;

    (void)state;
    advance(&world, 64.0);
    sample = exchange(&world);
    sample.offset += 0.05;
    sample.delay += 0.1;
    assert_true(filter_add_sample(world.filter, &sample));
    assert_true(filter_estimate(world.filter, &after));
    assert_near(after.offset, before.offset, 1e-5);
    assert_true(after.stress > 100.0);
    free(world.filter);
}

static void queue_on_one_way_is_seen_through(void **state) {
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct world world = make_world(&defaults, 4);
        struct estimate estimate;

        world.queue[way] = 5e-3;
        estimate = poll_source(&world, 300, 64.0);
        assert_near(estimate.offset, world.offset, 5e-5);
        assert_true(way == 0 ? estimate.asymmetry > 0.4 : estimate.asymmetry < -0.4);
        free(world.filter);
    }
}

static void detour_on_one_way_is_not_taken_for_an_offset(void **state) {
    (void)state;
    for (int change = -1; change <= 1; change += 2) {
        struct world world = make_world(&defaults, 5);
        struct estimate estimate;

        world.base[0] = 3e-3;
        world.base[1] = 3e-3;
        poll_source(&world, 200, 64.0);
        world.base[0] += change * 2e-3;
        for (int i = 0; i < 100; i++) {
            estimate = poll_source(&world, 1, 64.0);
            assert_near(estimate.offset, world.offset, 2e-4);
        }
        free(world.filter);
    }
}

static void step_is_believed_at_the_second_sample(void **state) {
    struct world world = make_world(&defaults, 6);
    struct estimate estimate;

    (void)state;
    poll_source(&world, 100, 64.0);
    world.offset += 10.0;
    estimate = poll_source(&world, 1, 64.0);
    assert_near(estimate.offset, 0.0, 1e-3);
    estimate = poll_source(&world, 1, 64.0);
    assert_near(estimate.offset, 10.0, 1e-3);
    assert_int_equal(filter_count(world.filter), 2);
    free(world.filter);
}

static void single_nonsense_sample_is_ignored(void **state) {
    struct world world = make_world(&defaults, 7);
    struct estimate estimate;
    struct sample sample;

    (void)state;
    poll_source(&world, 100, 64.0);
    advance(&world, 64.0);
    sample = exchange(&world);
    sample.offset -= 3.0;
    assert_true(filter_add_sample(world.filter, &sample));
    for (int i = 0; i < 10; i++) {
        estimate = poll_source(&world, 1, 64.0);
        assert_near(estimate.offset, world.offset, 1e-4);
    }
    free(world.filter);
}

static void frequency_jump_is_followed_within_minutes(void **state) {
    struct world world = make_world(&defaults, 8);
    struct estimate estimate;

    (void)state;
    poll_source(&world, 200, 64.0);
    world.frequency += 2e-5;
    estimate = poll_source(&world, 5, 64.0);
    assert_near(estimate.offset, world.offset, 3e-4);
    estimate = poll_source(&world, 10, 64.0);
    assert_near(estimate.offset, world.offset, 5e-5);
    assert_near(estimate.frequency, world.frequency, 5e-7);
    free(world.filter);
}

static void day_without_samples_widens_the_error(void **state) {
    struct world world = make_world(&defaults, 9);
    struct estimate before, after;

    (void)state;
    world.wander = 1e-9;
    before = poll_source(&world, 200, 64.0);
    advance(&world, 86400.0);
    assert_true(filter_predict(world.filter, now(&world), &after));
    assert_true(after.offset_error > 10.0 * before.offset_error && after.offset_error < 1.0);
    assert_true(root_distance(world.filter, now(&world)) > fabs(after.offset - world.offset));
    after = poll_source(&world, 3, 64.0);
    assert_near(after.offset, world.offset, 2e-4);
    free(world.filter);
}

static void errors_are_honest(void **state) {
    int inside = 0, all = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct world world = make_world(&defaults, seed);

        world.wander = 1e-9;
        poll_source(&world, 30, 64.0);
        for (int i = 0; i < 200; i++) {
            struct estimate estimate = poll_source(&world, 1, 64.0);
            double error = fabs(estimate.offset - world.offset);

            assert_true(error <= root_distance(world.filter, now(&world)));
            inside += error <= 2.0 * estimate.offset_error;
            all++;
        }
        free(world.filter);
    }
    if (inside < all * 93 / 100)
        fail_msg("%d of %d", inside, all);
}

static void fixed_asymmetry_overrules_what_is_measured(void **state) {
    struct filter_options options = defaults;
    struct world world;

    (void)state;
    options.asymmetry = 0.0;
    world = make_world(&options, 10);
    world.queue[0] = 5e-3;
    /* Only clock noise could explain such samples without asymmetry, and it has none. */
    assert_near(poll_source(&world, 100, 64.0).asymmetry, 0.0, 1e-6);
    free(world.filter);
}

static void reports_describe_the_window(void **state) {
    struct world world = make_world(&defaults, 11);
    struct estimate estimate = poll_source(&world, 100, 64.0);
    struct sample newest, oldest;
    double least = 1.0;

    (void)state;
    assert_int_equal(filter_count(world.filter), TRACK_MAX_SAMPLES);
    assert_true(filter_sample(world.filter, 0, &newest));
    assert_true(filter_sample(world.filter, estimate.samples - 1, &oldest));
    assert_false(filter_sample(world.filter, TRACK_MAX_SAMPLES, &oldest));
    assert_true(newest.time == now(&world) && newest.time == estimate.time);
    assert_near(estimate.span, ns_difference(newest.time, oldest.time), 1e-9);
    assert_int_equal(estimate.first + estimate.samples, TRACK_MAX_SAMPLES);
    assert_in_range(estimate.runs, estimate.samples / 4, estimate.samples);
    assert_near(estimate.deviation, 7e-5, 3e-5);
    for (int i = 0; i < TRACK_MAX_SAMPLES && filter_sample(world.filter, i, &oldest); i++)
        least = fmin(least, oldest.delay);
    assert_near(filter_min_delay(world.filter), least, 0.0);
    filter_add_dispersion(world.filter, 1e-3);
    assert_true(filter_predict(world.filter, now(&world), &estimate));
    assert_true(estimate.offset_error > 0.99e-3 && estimate.root_dispersion > 1e-3);
    filter_reset(world.filter);
    assert_int_equal(filter_count(world.filter), 0);
    free(world.filter);
}

static void invalid_samples_are_refused(void **state) {
    struct world world = make_world(&defaults, 12);
    const double odd[] = {NAN, INFINITY, -INFINITY, 1e300};

    (void)state;
    poll_source(&world, 10, 64.0);
    for (int i = 0; i < 4; i++) {
        for (int member = 0; member < 5; member++) {
            struct sample sample = exchange(&world);
            double *members[] = {&sample.offset, &sample.delay, &sample.dispersion,
                                 &sample.root_delay, &sample.root_dispersion};

            sample.time += NS_PER_S;
            *members[member] = odd[i];
            assert_false(filter_add_sample(world.filter, &sample));
        }
    }
    for (int back = 0; back < 2; back++) {
        struct sample sample = exchange(&world);

        sample.time -= back;
        assert_false(filter_add_sample(world.filter, &sample));
    }
    assert_int_equal(filter_count(world.filter), 10);
    free(world.filter);
}

/* Anything that a double can be, small ones more often. */
static double anything(struct world *world) {
    const double odd[] = {0.0,    1.0,  -1.0, 1e-9,     1e300,    -1e300,
                          1e-300, 1e11, NAN,  INFINITY, -INFINITY};
    unsigned choice = (unsigned)(uniform(world) * 22.0);

    if (choice < 11)
        return odd[choice];
    return (uniform(world) - 0.5) * exp(uniform(world) * 40.0 - 30.0);
}

static void assert_bounded(const struct filter *filter, ns_t when) {
    struct estimate estimate;

    if (!filter_predict_shared(filter, when, 4, &estimate))
        return;
    assert_true(isfinite(estimate.offset) && isfinite(estimate.offset_error) &&
                estimate.offset_error >= 0.0);
    assert_true(fabs(estimate.frequency) <= 0.5 && estimate.skew >= 0.0 && estimate.skew <= 1.0);
    assert_true(isfinite(estimate.deviation) && isfinite(estimate.stress) &&
                fabs(estimate.asymmetry) <= 0.5);
    assert_true(isfinite(estimate.root_delay) && isfinite(estimate.root_dispersion));
    assert_in_range(estimate.samples, 1, filter_count(filter));
    assert_int_equal(estimate.first + estimate.samples, filter_count(filter));
    assert_in_range(estimate.runs, 1, estimate.samples);
    assert_true(isfinite(root_distance(filter, when)));
}

static void every_output_is_bounded_whatever_comes_in(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct filter_options options = defaults;
        struct world world;

        options.max_samples = 1 + (int)(seed % TRACK_MAX_SAMPLES);
        options.asymmetry = seed % 2 ? 1.0 : 0.3;
        options.min_delay = seed % 5 ? 0.0 : 1e-3;
        world = make_world(&options, seed);
        world.frequency = anything(&world) * 1e-6;
        world.frequency = isfinite(world.frequency) ? fmax(-0.1, fmin(world.frequency, 0.1)) : 0.0;
        for (int i = 0; i < 40; i++) {
            struct sample sample;

            advance(&world, exp(uniform(&world) * 12.0 - 4.0));
            sample = exchange(&world);
            if (uniform(&world) < 0.2)
                sample.offset = anything(&world);
            if (uniform(&world) < 0.1)
                sample.delay = anything(&world);
            if (uniform(&world) < 0.1)
                sample.dispersion = sample.root_dispersion = anything(&world);
            if (uniform(&world) < 0.05)
                sample.time = (ns_t)(uniform(&world) * 9e18);
            filter_add_sample(world.filter, &sample);
            assert_bounded(world.filter, now(&world));
            if (uniform(&world) < 0.1)
                filter_adjust(world.filter, now(&world), anything(&world) * 1e-3, anything(&world));
            if (uniform(&world) < 0.05)
                filter_add_dispersion(world.filter, anything(&world));
            assert_bounded(world.filter, now(&world) + ns_from_seconds(uniform(&world) * 1e6));
        }
        free(world.filter);
    }
}

static void filter_is_small(void **state) {
    (void)state;
    assert_true(filter_size() <= 12 * 1024);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(third_sample_decides),
        cmocka_unit_test(first_estimate_on_a_lan_is_within_a_millisecond_at_400_ppm),
        cmocka_unit_test(quickest_of_a_burst_is_believed),
        cmocka_unit_test(five_percent_frequency_error_is_found),
        cmocka_unit_test(correction_of_the_clock_is_carried_exactly),
        cmocka_unit_test(slow_exchange_does_not_move_the_estimate),
        cmocka_unit_test(queue_on_one_way_is_seen_through),
        cmocka_unit_test(detour_on_one_way_is_not_taken_for_an_offset),
        cmocka_unit_test(step_is_believed_at_the_second_sample),
        cmocka_unit_test(single_nonsense_sample_is_ignored),
        cmocka_unit_test(frequency_jump_is_followed_within_minutes),
        cmocka_unit_test(day_without_samples_widens_the_error),
        cmocka_unit_test(errors_are_honest),
        cmocka_unit_test(fixed_asymmetry_overrules_what_is_measured),
        cmocka_unit_test(reports_describe_the_window),
        cmocka_unit_test(invalid_samples_are_refused),
        cmocka_unit_test(every_output_is_bounded_whatever_comes_in),
        cmocka_unit_test(filter_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
