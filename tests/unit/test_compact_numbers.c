/* core/libc's numbers, mathematics, qsort and strstr, against the C library's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/libc/compact.h"

#define ROUNDS 100000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* xorshift64*, from a fixed seed. */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static double any_double(uint64_t *state) {
    double x;

    do {
        uint64_t bits = next_random(state);

        memcpy(&x, &bits, sizeof(x));
    } while (!isfinite(x));
    return x;
}

/* 0 to 1 */
static double fraction(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

/* How many doubles lie between two of the same sign. */
static uint64_t steps_between(double a, double b) {
    uint64_t first, second;

    memcpy(&first, &a, sizeof(first));
    memcpy(&second, &b, sizeof(second));
    return first > second ? first - second : second - first;
}

static void assert_double_read(const char *text, uint64_t tolerance) {
    char *our_end, *their_end;
    double ours = compact_strtod(text, &our_end), theirs = strtod(text, &their_end);

    if (our_end != their_end)
        fail_msg("\"%s\": ends at \"%s\", not \"%s\"", text, our_end, their_end);
    if (isnan(theirs) ? !isnan(ours) : steps_between(ours, theirs) > tolerance)
        fail_msg("\"%s\": %a, not %a", text, ours, theirs);
}

static void numbers_end_where_the_library_says(void **state) {
    static const char *const texts[] = {"",
                                        " ",
                                        "x",
                                        "-",
                                        "+",
                                        ".",
                                        "-.",
                                        "e5",
                                        ".e5",
                                        "0",
                                        "-0",
                                        "+0.0",
                                        "1",
                                        " \t\n12",
                                        "1.5",
                                        "1.",
                                        ".5",
                                        "-.5x",
                                        "1e",
                                        "1e+",
                                        "1e-",
                                        "1e5",
                                        "1E5",
                                        "1e+5",
                                        "1e-5z",
                                        "1e5.5",
                                        "1.2.3",
                                        "1..2",
                                        "--1",
                                        "+-1",
                                        "1 2",
                                        "inf",
                                        "INF",
                                        "-inf",
                                        "nan",
                                        "-NaN",
                                        "infinity",
                                        "Infinit",
                                        "infx",
                                        "in",
                                        "na",
                                        "1e400",
                                        "-1e400",
                                        "1e-400",
                                        "0e99999",
                                        "0x",
                                        "1e99999",
                                        "1e-99999",
                                        "1,5",
                                        "12abc",
                                        "1_000",
                                        "00012.50",
                                        "1e0005",
                                        "1e00000000000000000000005",
                                        "123456789012345678901234567890",
                                        "0.000000000000000000000000000000000000000000123",
                                        "1000000000000000000000000000000000000000000000000e-48",
                                        "9.999999999999999999999999e22"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_double_read(texts[i], 1);
    assert_true(signbit(compact_strtod("-0", NULL)));
}

static void up_to_15_digits_are_read_exactly(void **state) {
    uint64_t seed = 5;
    char text[64];

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned long long digits = next_random(&seed) % 1000000000000000;

        digits >>= next_random(&seed) % 50;
        snprintf(text, sizeof(text), "%llue%d", digits, (int)(next_random(&seed) % 45) - 22);
        assert_double_read(text, 0);
        snprintf(text, sizeof(text), "%llu.%09llu", digits % 1000000, digits % 1000000000);
        assert_double_read(text, 0);
    }
}

static void every_double_is_read_back_within_one_step(void **state) {
    uint64_t seed = 11;
    char text[64];

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(text, sizeof(text), "%.*e", (int)(next_random(&seed) % 20), any_double(&seed));
        assert_double_read(text, 1);
    }
    for (int exponent = -326; exponent < 310; exponent++) {
        snprintf(text, sizeof(text), "%.17fe%d", 1.0 + 8.0 * fraction(&seed), exponent);
        assert_double_read(text, 1);
    }
}

static void assert_integers_read(const char *text, int base) {
    char *our_end, *their_end;
    int our_error, their_error;

#define SAME(type, format, function)                                                               \
    do {                                                                                           \
        errno = 0;                                                                                 \
        type ours = compact_##function(text, &our_end, base);                                      \
        our_error = errno;                                                                         \
        errno = 0;                                                                                 \
        type theirs = function(text, &their_end, base);                                            \
        their_error = errno;                                                                       \
        if (ours != theirs || our_end != their_end || our_error != their_error)                    \
            fail_msg(#function "(\"%s\", %d): " format " error %d, not " format " error %d", text, \
                     base, ours, our_error, theirs, their_error);                                  \
    } while (0)
    SAME(long, "%ld", strtol);
    SAME(unsigned long, "%lu", strtoul);
    SAME(long long, "%lld", strtoll);
    SAME(unsigned long long, "%llu", strtoull);
#undef SAME
}

static void integers_are_read_as_the_library_reads_them(void **state) {
    static const char *const texts[] = {
        "",   "x", "-",  "0",   "-0",  "+7",   " 12 ", "\t-12x", "0x1F", "0x",  "0xg", "017",
        "08", "9", "zz", "1e5", "--1", "0X10", "-0x8", "12 34",  "+-3",  "0b1", "00",  "- 5"};
    static const int bases[] = {10, 16, 8, 2, 36, 0};
    uint64_t seed = 3;
    char text[64];

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t j = 0; j < COUNT(bases); j++)
            assert_integers_read(texts[i], bases[j]);
    for (size_t j = 0; j < COUNT(bases); j++) {
        assert_integers_read("9223372036854775807", bases[j]);
        assert_integers_read("9223372036854775808", bases[j]);
        assert_integers_read("-9223372036854775808", bases[j]);
        assert_integers_read("-9223372036854775809", bases[j]);
        assert_integers_read("18446744073709551615", bases[j]);
        assert_integers_read("18446744073709551616", bases[j]);
        assert_integers_read("-18446744073709551615", bases[j]);
        assert_integers_read("-18446744073709551616", bases[j]);
        assert_integers_read("99999999999999999999999999", bases[j]);
        assert_integers_read("0x7fffffffffffffff", bases[j]);
        assert_integers_read("-0xffffffffffffffff1", bases[j]);
    }
    for (int i = 0; i < ROUNDS / 4; i++) {
        snprintf(text, sizeof(text), "%s%llu%llu", next_random(&seed) % 2 ? "-" : "",
                 (unsigned long long)(next_random(&seed) >> (next_random(&seed) % 64)),
                 (unsigned long long)(next_random(&seed) % 10));
        assert_integers_read(text, bases[(size_t)i % COUNT(bases)]);
    }
    assert_int_equal(compact_atoi(" -42x"), -42);
}

static void assert_close(const char *what, double x, double ours, double theirs, double tolerance) {
    if (isnan(theirs) ? isnan(ours) : ours == theirs)
        return;
    if (!(fabs(ours - theirs) <= tolerance * fabs(theirs)))
        fail_msg("%s(%a): %a, not %a", what, x, ours, theirs);
}

static void logarithms_and_exponentials_are_close(void **state) {
    static const double specials[] = {0.0,    -0.0,    1.0,     -1.0,   INFINITY, -INFINITY,
                                      NAN,    DBL_MAX, DBL_MIN, 5e-324, 709.7,    710.1,
                                      -745.0, -746.5,  0.5,     2.0};
    uint64_t seed = 17;

    (void)state;
    for (size_t i = 0; i < COUNT(specials); i++) {
        assert_close("log", specials[i], compact_log(specials[i]), log(specials[i]), 1e-14);
        /* Below the normal doubles there are fewer digits. */
        if (specials[i] > -700.0)
            assert_close("exp", specials[i], compact_exp(specials[i]), exp(specials[i]), 1e-14);
    }
    assert_true(compact_exp(-INFINITY) == 0.0 && compact_exp(-746.5) == 0.0);
    for (int i = 0; i < ROUNDS; i++) {
        double x = fabs(any_double(&seed)), near_one = 0.5 + fraction(&seed),
               power = 1400.0 * fraction(&seed) - 700.0, small = fraction(&seed) * 0x1p-20;

        assert_close("log", x, compact_log(x), log(x), 1e-14);
        assert_close("log", near_one, compact_log(near_one), log(near_one), 1e-14);
        assert_close("log", 1.0 + small, compact_log(1.0 + small), log(1.0 + small), 1e-14);
        assert_close("exp", power, compact_exp(power), exp(power), 1e-14);
        assert_close("exp", small, compact_exp(small), exp(small), 1e-15);
    }
}

static void parts_of_doubles_are_exact(void **state) {
    static const double specials[] = {0.0,
                                      -0.0,
                                      0.5,
                                      -0.5,
                                      1.5,
                                      -1.5,
                                      2.5,
                                      -2.5,
                                      1e15,
                                      1e16,
                                      1e300,
                                      -1e300,
                                      0.49999999999999994,
                                      -0.49999999999999994,
                                      4503599627370495.5,
                                      INFINITY,
                                      -INFINITY,
                                      5e-324,
                                      DBL_MIN,
                                      DBL_MAX};
    uint64_t seed = 23;

    (void)state;
    for (int i = 0; i < ROUNDS + (int)COUNT(specials); i++) {
        double x = i < (int)COUNT(specials) ? specials[i]
                   : i % 2                  ? any_double(&seed)
                                            : (fraction(&seed) - 0.5) * 1e6;
        int our_exponent = 0, their_exponent = 0, n = (int)(next_random(&seed) % 4400) - 2200;

        assert_true(steps_between(compact_floor(x), floor(x)) == 0);
        if (isfinite(x)) {
            assert_true(compact_frexp(x, &our_exponent) == frexp(x, &their_exponent));
            assert_int_equal(our_exponent, their_exponent);
        }
        assert_true(steps_between(compact_ldexp(x, n), ldexp(x, n)) <= 1);
        assert_true(steps_between(compact_ldexp(x, n / 64), ldexp(x, n / 64)) <= 1);
        if (fabs(x) < 1e15)
            assert_int_equal(compact_lround(x), lround(x));
    }
}

static void extremes_pass_over_nan(void **state) {
    static const double values[] = {-INFINITY, -1.0, 0.0, 1.0, INFINITY, NAN};

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        for (size_t j = 0; j < COUNT(values); j++) {
            assert_close("fmin", values[i], compact_fmin(values[i], values[j]),
                         fmin(values[i], values[j]), 0.0);
            assert_close("fmax", values[i], compact_fmax(values[i], values[j]),
                         fmax(values[i], values[j]), 0.0);
        }
    }
}

struct item {
    int key;
    char rest[9];
};

static int compare_items(const void *a, const void *b) {
    int first = ((const struct item *)a)->key, second = ((const struct item *)b)->key;

    return (first > second) - (first < second);
}

static void sorting_orders_every_length(void **state) {
    static struct item items[700];
    uint64_t seed = 31;

    (void)state;
    for (size_t count = 0; count < COUNT(items); count += 1 + count / 16) {
        long long sum = 0;

        for (size_t i = 0; i < count; i++) {
            items[i].key = (int)(next_random(&seed) % (count + 1));
            memset(items[i].rest, items[i].key % 128, sizeof(items[i].rest));
            sum += items[i].key;
        }
        compact_qsort(items, count, sizeof(items[0]), compare_items);
        for (size_t i = 0; i < count; i++) {
            assert_true(i == 0 || items[i - 1].key <= items[i].key);
            assert_int_equal(items[i].rest[8], items[i].key % 128);
            sum -= items[i].key;
        }
        assert_int_equal(sum, 0);
    }
}

static void a_text_is_found_where_the_library_finds_it(void **state) {
    static const char *const texts[] = {"", "a", "ab", "aab", "aabaab", "abcabcabd", "mississippi"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t j = 0; j < COUNT(texts); j++)
            assert_ptr_equal(compact_strstr(texts[i], texts[j]), strstr(texts[i], texts[j]));
    assert_string_equal(compact_strstr("mississippi", "ssip"), "ssippi");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_end_where_the_library_says),
        cmocka_unit_test(up_to_15_digits_are_read_exactly),
        cmocka_unit_test(every_double_is_read_back_within_one_step),
        cmocka_unit_test(integers_are_read_as_the_library_reads_them),
        cmocka_unit_test(logarithms_and_exponentials_are_close),
        cmocka_unit_test(parts_of_doubles_are_exact),
        cmocka_unit_test(extremes_pass_over_nan),
        cmocka_unit_test(sorting_orders_every_length),
        cmocka_unit_test(a_text_is_found_where_the_library_finds_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
