/* The profile of smoothed time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/track/smooth.h"

#define CASES 2000

static uint64_t seed = 1;

/* Uniform in [-1, 1]. */
static double draw(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(int64_t)seed * 0x1p-63;
}

static void leap_second_takes_as_long_as_documented(void **state) {
    struct smooth_profile profile = {.max_frequency = 400e-6, .max_wander = 0.001024e-6};
    struct smooth_state at;

    (void)state;
    smooth_plan(&profile, 1.0, 0.0);
    at = smooth_at(&profile, 0.0);
    assert_true(fabs(at.remaining - 62500.0) < 1e-6);
    assert_true(at.offset == 1.0 && at.frequency == 0.0 && at.wander == -profile.max_wander);
    at = smooth_at(&profile, 31250.0);
    assert_true(fabs(at.offset - 0.5) < 1e-9 && fabs(at.frequency + 32e-6) < 1e-12);
    at = smooth_at(&profile, 62500.0);
    assert_true(at.offset == 0.0 && at.frequency == 0.0 && at.remaining == 0.0);
}

static void frequency_limit_makes_a_stage_of_even_speed(void **state) {
    struct smooth_profile profile = {.max_frequency = 1e-3, .max_wander = 1e-5};
    struct smooth_state at;

    (void)state;
    smooth_plan(&profile, -1.0, 0.0);
    assert_true(fabs(profile.lengths[0] - 100.0) < 1e-9 && fabs(profile.lengths[2] - 100.0) < 1e-9);
    assert_true(fabs(profile.lengths[1] - 900.0) < 1e-6);
    at = smooth_at(&profile, 500.0);
    assert_true(at.wander == 0.0 && fabs(at.frequency - 1e-3) < 1e-15);
}

/* Goes along a profile in small steps; both limits are kept, and the ends are reached. */
static void walk(const struct smooth_profile *profile, double offset, double frequency) {
    double total = smooth_at(profile, 0.0).remaining, step = total / 500.0;
    double allowed = fmax(profile->max_frequency, fabs(frequency)) * (1.0 + 1e-9);
    struct smooth_state last = {offset, frequency, 0.0, total};

    for (double t = step; t < total; t += step) {
        struct smooth_state at = smooth_at(profile, t);

        assert_true(fabs(at.frequency) <= allowed);
        assert_true(fabs(at.frequency - last.frequency) <=
                    profile->max_wander * step * (1.0 + 1e-6) + 1e-18);
        assert_true(fabs(at.offset - last.offset) <= allowed * step * (1.0 + 1e-6) + 1e-15);
        assert_true(fabs(at.remaining - (total - t)) <= 1e-9 * total + 1e-9);
        last = at;
    }
    last = smooth_at(profile, total * (1.0 - 1e-9));
    assert_true(fabs(last.offset) <= 1e-6 * (fabs(offset) + allowed) + 1e-12);
    assert_true(fabs(last.frequency) <= 1e-6 * allowed + profile->max_wander * total * 2e-9);
}

static void any_state_is_brought_to_zero_within_the_limits(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct smooth_profile profile = {.max_frequency = exp(-9.0 + 4.0 * draw()),
                                         .max_wander = exp(-16.0 + 4.0 * draw())};
        double offset = draw() * exp(6.0 * draw()),
               frequency = profile.max_frequency * 2.0 * draw();

        smooth_plan(&profile, offset, frequency);
        for (int stage = 0; stage < SMOOTH_STAGES; stage++)
            assert_true(profile.lengths[stage] >= 0.0 && isfinite(profile.lengths[stage]));
        walk(&profile, offset, frequency);
    }
}

static void nothing_to_do_is_done_at_once(void **state) {
    struct smooth_profile profile = {.max_frequency = 1e-4, .max_wander = 1e-8};

    (void)state;
    smooth_plan(&profile, 0.0, 0.0);
    assert_true(smooth_at(&profile, 0.0).remaining == 0.0);
    assert_true(smooth_at(&profile, 1e6).offset == 0.0);
}

static void profile_that_was_never_planned_is_zero(void **state) {
    struct smooth_profile profile = {0};

    (void)state;
    assert_true(smooth_at(&profile, 5.0).offset == 0.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leap_second_takes_as_long_as_documented),
        cmocka_unit_test(frequency_limit_makes_a_stage_of_even_speed),
        cmocka_unit_test(any_state_is_brought_to_zero_within_the_limits),
        cmocka_unit_test(nothing_to_do_is_done_at_once),
        cmocka_unit_test(profile_that_was_never_planned_is_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
