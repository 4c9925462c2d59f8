/* The functions of <math.h> that are called; sqrt and fabs are instructions. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/libc/compact.h"

#define SQRT_HALF 0.70710678118654752440
#define LN2_HIGH  6.93147180369123816490e-01 /* the upper 33 bits of ln 2, and the rest */
#define LN2_LOW   1.90821492927058770002e-10

#define MANTISSA_BITS 52
#define EXPONENT_MASK 0x7ff
#define EXPONENT_BIAS 1023
#define NO_FRACTIONS  0x1p52 /* from here on there are none */

static uint64_t bits_of(double x) {
    uint64_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static double from_bits(uint64_t bits) {
    double x;

    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* In steps, so that every result in range is reached. */
double COMPACT(ldexp)(double x, int n) {
    while (n != 0 && x != 0.0 && isfinite(x)) {
        int step = n > 1000 ? 1000 : n < -900 ? -900 : n;

        x *= from_bits((uint64_t)(EXPONENT_BIAS + step) << MANTISSA_BITS);
        n -= step;
    }
    return x;
}

double COMPACT(frexp)(double x, int *exponent) {
    uint64_t bits;

    *exponent = 0;
    if (x == 0.0 || !isfinite(x))
        return x;
    if (fabs(x) < 0x1p-1022) {
        x *= 0x1p54;
        *exponent = -54;
    }
    bits = bits_of(x);
    *exponent += (int)(bits >> MANTISSA_BITS & EXPONENT_MASK) - (EXPONENT_BIAS - 1);
    bits &= ~((uint64_t)EXPONENT_MASK << MANTISSA_BITS);
    return from_bits(bits | (uint64_t)(EXPONENT_BIAS - 1) << MANTISSA_BITS);
}

double COMPACT(floor)(double x) {
    double whole;

    if (!(fabs(x) < NO_FRACTIONS))
        return x;
    whole = (double)(int64_t)x;
    return whole == x ? x : whole > x ? whole - 1.0 : whole;
}

long COMPACT(lround)(double x) {
    long whole = (long)x;
    double rest = x - (double)whole;

    return whole + (rest >= 0.5) - (rest <= -0.5);
}

double COMPACT(fmax)(double a, double b) {
    return a >= b || isnan(b) ? a : b;
}

double COMPACT(fmin)(double a, double b) {
    return a <= b || isnan(b) ? a : b;
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
    m = COMPACT(frexp)(x, &exponent);
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
    k = COMPACT(floor)(x / (LN2_HIGH + LN2_LOW) + 0.5);
    r = (x - k * LN2_HIGH) - k * LN2_LOW;
    for (int n = 14; n >= 1; n--)
        sum = 1.0 + sum * r / n;
    return COMPACT(ldexp)(sum, (int)k);
}
