/* Straight lines: through what a person entered, and between points of a temperature curve. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/track/compensation.h"
#include "core/track/line.h"

static void points_on_a_line_give_the_line(void **state) {
    static const double times[] = {-300.0, -200.0, -50.0, 0.0};
    double values[4];
    struct line line;

    (void)state;
    for (int i = 0; i < 4; i++)
        values[i] = 2.0 + 1e-3 * times[i];
    line = line_fit(times, values, 4, 1e-9);
    assert_true(fabs(line.value - 2.0) < 1e-12 && fabs(line.slope - 1e-3) < 1e-15);
    assert_true(line.slope_error > 0.0 && line.slope_error < 1e-9);
}

static void scatter_shows_in_the_error_of_the_slope(void **state) {
    static const double times[] = {-30.0, -20.0, -10.0, 0.0}, values[] = {1.0, -1.0, 1.0, -1.0};
    struct line line = line_fit(times, values, 4, 1e-9);

    (void)state;
    /* Slope -0.04; residuals 0.4, -1.2, 1.2, -0.4 about the mean 0: sqrt(3.2 / 2 / 500). */
    assert_true(fabs(line.slope + 0.04) < 1e-12 && fabs(line.value + 0.6) < 1e-12);
    assert_true(fabs(line.slope_error - sqrt(3.2 / 2.0 / 500.0)) < 1e-12);
}

static void least_error_bounds_that_of_two_points(void **state) {
    static const double times[] = {-100.0, 0.0}, values[] = {0.0, 1.0};
    struct line line = line_fit(times, values, 2, 0.5);

    (void)state;
    assert_true(fabs(line.slope - 0.01) < 1e-15);
    assert_true(fabs(line.slope_error - 0.5 / sqrt(5000.0)) < 1e-12);
}

static void one_point_or_one_time_has_no_slope(void **state) {
    static const double times[] = {-1.0, -1.0}, values[] = {1.0, 3.0};
    struct line line = line_fit(times, values, 1, 0.5);

    (void)state;
    assert_true(line.value == 1.0 && line.slope == 0.0 && isinf(line.slope_error));
    line = line_fit(times, values, 2, 0.5);
    assert_true(line.value == 2.0 && line.slope == 0.0 && isinf(line.slope_error));
}

static void curve_goes_through_its_points_and_on_beyond(void **state) {
    static const struct compensation_point points[] = {
        {20.0, 1.0}, {30.0, 2.0}, {30.0, 3.0}, {40.0, 5.0}};

    (void)state;
    assert_true(compensation_by_points(points, 4, 20.0) == 1.0);
    assert_true(compensation_by_points(points, 4, 25.0) == 1.5);
    assert_true(compensation_by_points(points, 4, 30.0) == 2.0);
    assert_true(fabs(compensation_by_points(points, 4, 35.0) - 4.0) < 1e-12);
    assert_true(fabs(compensation_by_points(points, 4, 50.0) - 7.0) < 1e-12);
    assert_true(fabs(compensation_by_points(points, 4, 10.0)) < 1e-12);
    assert_true(compensation_by_points(points + 1, 2, 35.0) == 2.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_on_a_line_give_the_line),
        cmocka_unit_test(scatter_shows_in_the_error_of_the_slope),
        cmocka_unit_test(least_error_bounds_that_of_two_points),
        cmocka_unit_test(one_point_or_one_time_has_no_slope),
        cmocka_unit_test(curve_goes_through_its_points_and_on_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
