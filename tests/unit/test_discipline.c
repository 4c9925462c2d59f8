/* Steering: slews end in bounded time, within the limits, and never on bad numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/track/discipline.h"

static const struct discipline_options defaults = {
    .max_slew_rate = 1.0 / 12.0, .correction_ratio = 3.0, .max_frequency = 0.1, .age = 1e6};

static void assert_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%g is not within %g of %g", value, tolerance, expected);
}

static void hundred_seconds_are_slewed_within_1300_seconds(void **state) {
    (void)state;
    for (double offset = -100.0; offset <= 100.0; offset += 200.0) {
        struct slew slew = discipline_plan_slew(&defaults, offset, 1e-4, 64.0, 1e-5);

        assert_near(slew.duration, 1200.0, 1.0);
        assert_near(slew.rate * slew.duration, offset, 1e-9);
    }
}

static void offset_below_its_error_is_not_hurried(void **state) {
    struct discipline_options options = defaults;
    struct slew slew;

    (void)state;
    options.skew = 2e-8;
    slew = discipline_plan_slew(&options, 1e-6, 1e-5, 64.0, 0.0);
    assert_near(slew.rate * slew.duration, 1e-6, 1e-15);
    assert_true(slew.duration > 500.0 && slew.duration <= 2000.0);
    assert_true(slew.rate <= options.skew);
    slew = discipline_plan_slew(&options, 1e-3, 1e-5, 64.0, 0.0);
    assert_true(slew.duration < 10.0);
}

static void first_correction_is_not_calm(void **state) {
    struct discipline_options options = defaults;

    (void)state;
    options.skew = 2e-8;
    options.age = 0.0;
    assert_near(discipline_plan_slew(&options, 1e-6, 1e-5, 64.0, 0.0).duration, 1.0, 1e-9);
    options.age = 64.0;
    assert_near(discipline_plan_slew(&options, 1e-6, 1e-5, 64.0, 0.0).duration, 64.0, 1.0);
}

static void correction_ratio_stretches_the_slew(void **state) {
    struct discipline_options options = defaults;
    double duration;

    (void)state;
    options.skew = 2e-7;
    duration = discipline_plan_slew(&options, 1e-6, 1e-5, 64.0, 0.0).duration;
    options.correction_ratio = 6.0;
    assert_near(discipline_plan_slew(&options, 1e-6, 1e-5, 64.0, 0.0).duration, 2.0 * duration,
                1e-6);
}

static void zero_and_invalid_offsets_are_left_alone(void **state) {
    const double offsets[] = {0.0, NAN, INFINITY, -INFINITY};

    (void)state;
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
        assert_true(discipline_plan_slew(&defaults, offsets[i], 1e-3, 64.0, 0.0).rate == 0.0);
}

static void plan_is_finite_for_any_error_and_interval(void **state) {
    const double odd[] = {0.0, -1.0, NAN, INFINITY, 1e300, 1e-300};

    (void)state;
    for (int i = 0; i < 36; i++) {
        struct slew slew = discipline_plan_slew(&defaults, 0.01, odd[i / 6], odd[i % 6], 0.0);

        assert_true(isfinite(slew.rate) && slew.rate > 0.0 && slew.rate <= defaults.max_slew_rate);
        assert_true(slew.duration > 0.0 && slew.duration <= 10000.0);
        assert_near(slew.rate * slew.duration, 0.01, 1e-12);
    }
}

static void clock_is_not_driven_beyond_its_frequency_limit(void **state) {
    struct slew slew = discipline_plan_slew(&defaults, 10.0, 1e-3, 64.0, 0.09);

    (void)state;
    assert_near(slew.rate, 0.01, 1e-12);
    slew = discipline_plan_slew(&defaults, -10.0, 1e-3, 64.0, 0.09);
    assert_near(slew.rate, -defaults.max_slew_rate, 1e-12);
    slew = discipline_plan_slew(&defaults, 10.0, 1e-3, 64.0, 0.1);
    assert_true(slew.rate == 0.0 && slew.duration > 0.0);
}

static void frequency_estimate_is_applied_whole(void **state) {
    struct frequency_update update = discipline_update_frequency(1.0, 64.0, 1e-6, 3e-5, 1e-6, 1e-3);

    (void)state;
    assert_true(update.change == 3e-5);
    assert_true(update.skew == 1e-6);
}

static void uncertain_frequency_is_not_applied(void **state) {
    struct frequency_update update =
        discipline_update_frequency(1e-5, 64.0, 1e-6, 3e-2, 2e-3, 1e-3);

    (void)state;
    assert_true(update.change == 0.0);
    assert_true(update.skew >= 1e-5 && update.skew <= 1.0);
    update = discipline_update_frequency(NAN, NAN, 1e-6, NAN, NAN, 1e-3);
    assert_true(update.change == 0.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hundred_seconds_are_slewed_within_1300_seconds),
        cmocka_unit_test(offset_below_its_error_is_not_hurried),
        cmocka_unit_test(first_correction_is_not_calm),
        cmocka_unit_test(correction_ratio_stretches_the_slew),
        cmocka_unit_test(zero_and_invalid_offsets_are_left_alone),
        cmocka_unit_test(plan_is_finite_for_any_error_and_interval),
        cmocka_unit_test(clock_is_not_driven_beyond_its_frequency_limit),
        cmocka_unit_test(frequency_estimate_is_applied_whole),
        cmocka_unit_test(uncertain_frequency_is_not_applied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
