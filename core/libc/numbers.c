/* strtod, log, exp, qsort, strstr: small, and as exact as their users need (compact.h). */
#include "core/libc/compact.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define MAX_DIGITS 19 /* that fit 64 bits; what follows only shifts the point */
#define SQRT_HALF  0.70710678118654752440
#define LN2_HIGH   6.93147180369123816490e-01 /* the upper 33 bits of ln 2, and the rest */
#define LN2_LOW    1.90821492927058770002e-10

/* Multiplies by 10^exponent in extended range: one rounding for exponents within a double's exact
 * powers of ten. */
static double scale(double value, int exponent) {
    double power = 1.0, base = 10.0;
    int magnitude = exponent < 0 ? -exponent : exponent;

    if (magnitude > 330)
        magnitude = 330;
    /* In two halves, so that 1e-320 and 1e+308 are reached without an intermediate overflow. */
    if (magnitude > 300) {
        value = exponent < 0 ? value / 1e300 : value * 1e300;
        magnitude -= 300;
    }
    for (; magnitude > 0; magnitude /= 2, base *= base) {
        if (magnitude % 2 != 0)
            power *= base;
    }
    return exponent < 0 ? value / power : value * power;
}

static const char *read_word(const char *at, double *value) {
    if (strncasecmp(at, "nan", 3) == 0) {
        *value = NAN;
        return at + 3;
    }
    if (strncasecmp(at, "inf", 3) == 0) {
        *value = INFINITY;
        return at + (strncasecmp(at, "infinity", 8) == 0 ? 8 : 3);
    }
    return NULL;
}

/* "e-3" behind a number; *end is left alone when no digit follows. */
static int read_exponent(const char **end) {
    const char *at = *end;
    bool negative;
    int exponent = 0;

    if (*at != 'e' && *at != 'E')
        return 0;
    at++;
    negative = *at == '-';
    at += *at == '-' || *at == '+';
    if (!isdigit((unsigned char)*at))
        return 0;
    for (; isdigit((unsigned char)*at); at++)
        exponent = exponent < 10000 ? exponent * 10 + (*at - '0') : exponent;
    *end = at;
    return negative ? -exponent : exponent;
}

static const char *read_number(const char *at, double *value) {
    uint64_t mantissa = 0;
    int digits = 0, shift = 0;
    bool fraction = false, any = false;

    for (;; at++) {
        if (*at == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (!isdigit((unsigned char)*at))
            break;
        any = true;
        if (digits < MAX_DIGITS) {
            mantissa = mantissa * 10 + (uint64_t)(*at - '0');
            digits += mantissa > 0;
            shift -= fraction;
        } else {
            shift += !fraction;
        }
    }
    if (!any)
        return NULL;
    shift += read_exponent(&at);
    *value = mantissa == 0 ? 0.0 : scale((double)mantissa, shift);
    return at;
}

double COMPACT(strtod)(const char *text, char **end) {
    const char *at = text, *behind;
    double value = 0.0;
    bool negative;

    while (isspace((unsigned char)*at))
        at++;
    negative = *at == '-';
    at += *at == '-' || *at == '+';
    behind = read_word(at, &value);
    if (behind == NULL)
        behind = read_number(at, &value);
    if (end != NULL)
        *end = (char *)(uintptr_t)(behind != NULL ? behind : text);
    return negative ? -value : value;
}

/* x = m * 2^e with m near 1; ln m = 2 atanh(s), s = (m - 1) / (m + 1), whose series has s^2 < 0.03.
 */
double COMPACT(log)(double x) {
    int exponent;
    double m, s, square, sum = 0.0;

    if (x <= 0.0)
        return x == 0.0 ? -INFINITY : NAN;
    if (!isfinite(x))
        return x;
    m = frexp(x, &exponent);
    if (m < SQRT_HALF) {
        m *= 2.0;
        exponent--;
    }
    s = (m - 1.0) / (m + 1.0);
    square = s * s;
    for (int k = 21; k >= 1; k -= 2)
        sum = sum * square + 1.0 / k;
    return exponent * LN2_HIGH + (2.0 * s * sum + exponent * LN2_LOW);
}

/* x = k ln 2 + r, |r| <= 0.35; exp r by its series. */
double COMPACT(exp)(double x) {
    double k, r, sum = 1.0;

    if (isnan(x))
        return x;
    if (x > 710.0)
        return INFINITY;
    if (x < -746.0)
        return 0.0;
    k = floor(x / (LN2_HIGH + LN2_LOW) + 0.5);
    r = (x - k * LN2_HIGH) - k * LN2_LOW;
    for (int n = 14; n >= 1; n--)
        sum = 1.0 + sum * r / n;
    return ldexp(sum, (int)k);
}

static void swap(char *a, char *b, size_t size) {
    for (; size > 0; size--, a++, b++) {
        char held = *a;

        *a = *b;
        *b = held;
    }
}

/* Shell's sort: short, and quick enough for the few thousand elements that are ever sorted here. */
void COMPACT(qsort)(void *base, size_t count, size_t size,
                    int (*compare)(const void *, const void *)) {
    char *items = base;
    size_t gap = 1;

    while (gap < count / 3)
        gap = 3 * gap + 1;
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            for (size_t j = i; j >= gap && compare(items + (j - gap) * size, items + j * size) > 0;
                 j -= gap)
                swap(items + (j - gap) * size, items + j * size, size);
        }
    }
}

char *COMPACT(strstr)(const char *text, const char *needle) {
    size_t length = strlen(needle);

    for (; strncmp(text, needle, length) != 0; text++) {
        if (*text == '\0')
            return NULL;
    }
    return (char *)(uintptr_t)text;
}
