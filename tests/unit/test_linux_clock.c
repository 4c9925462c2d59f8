/* The arithmetic of steering, and the measured precision. Nothing here may call adjtimex: the
 * machine's own clock is not a test bench. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/linux/clock.h"

#define RESOLUTION 1e-11 /* s/s; half of 2^-16 ppm is 7.6e-12 */

static void small_frequencies_leave_the_tick_alone(void **state) {
    (void)state;
    for (double ppm = -500.0; ppm <= 500.0; ppm += 12.5)
        assert_int_equal(kernel_frequency_split(ppm * 1e-6).tick, 10000);
    assert_int_equal(kernel_frequency_split(0.0).freq, 0);
    assert_int_equal(kernel_frequency_split(1e-6).freq, 65536);
    assert_int_equal(kernel_frequency_split(-500e-6).freq, -32768000);
}

static void large_frequencies_go_into_the_tick(void **state) {
    struct kernel_frequency parts = kernel_frequency_split(1234e-6);

    (void)state;
    assert_int_equal(parts.tick, 10012);
    assert_int_equal(parts.freq, 34 * 65536);
    assert_int_equal(kernel_frequency_split(-0.0833333).tick, 9167);
}

static void frequency_beyond_the_range_is_clamped(void **state) {
    (void)state;
    assert_int_equal(kernel_frequency_split(0.5).tick, 11000);
    assert_int_equal(kernel_frequency_split(0.5).freq, 0);
    assert_int_equal(kernel_frequency_split(-0.5).tick, 9000);
}

static void split_and_join_agree_within_the_kernels_resolution(void **state) {
    (void)state;
    for (double frequency = -CLOCK_MAX_FREQUENCY; frequency <= CLOCK_MAX_FREQUENCY;
         frequency += 1.37e-5) {
        struct kernel_frequency parts = kernel_frequency_split(frequency);

        assert_true(parts.tick >= 9000 && parts.tick <= 11000);
        assert_true(parts.freq >= -32768000 && parts.freq <= 32768000);
        assert_true(fabs(kernel_frequency_join(parts) - frequency) < RESOLUTION);
    }
}

static void precision_is_measured_within_bounds(void **state) {
    double precision = system_clock_precision();

    (void)state;
    assert_true(precision >= 1e-9 && precision <= 0.01);
}

static void monotonic_clock_never_goes_back(void **state) {
    ns_t last = monotonic_clock_read();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        ns_t now = monotonic_clock_read();

        assert_true(now >= last);
        last = now;
    }
}

/* Setting it for real is for tests/vm. */
static void clock_is_never_moved_back(void **state) {
    (void)state;
    assert_false(system_clock_advance(0));
    assert_false(system_clock_advance(NS_UNKNOWN));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_frequencies_leave_the_tick_alone),
        cmocka_unit_test(large_frequencies_go_into_the_tick),
        cmocka_unit_test(frequency_beyond_the_range_is_clamped),
        cmocka_unit_test(split_and_join_agree_within_the_kernels_resolution),
        cmocka_unit_test(precision_is_measured_within_bounds),
        cmocka_unit_test(monotonic_clock_never_goes_back),
        cmocka_unit_test(clock_is_never_moved_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
