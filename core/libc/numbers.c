/* Text to numbers. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/libc/compact.h"

#define MAX_DIGITS    19  /* that fit 64 bits; what follows only shifts the point */
#define MAX_EXPONENT  400 /* takes any 64-bit number out of a double's range */
#define EXACT_POWER   22  /* 10^22 is the last power of ten that is a double */
#define EXACT_INTEGER (UINT64_C(1) << 53)
#define TOP_BIT       (UINT64_C(1) << 63)

static const char *skip_sign(const char *at, bool *negative) {
    while (isspace((unsigned char)*at))
        at++;
    *negative = *at == '-';
    return at + (*at == '-' || *at == '+');
}

static void set_end(char **end, const char *at) {
    if (end != NULL)
        *end = (char *)(uintptr_t)at;
}

/* value * 10^exponent: one rounding where both are exact doubles, else 64 bits with an error below
 * 2^-63 in each step. */
static double scale(uint64_t value, int exponent) {
    double power = 1.0;
    int shift = 0;

    if (value <= EXACT_INTEGER && abs(exponent) <= EXACT_POWER) {
        for (int i = abs(exponent); i > 0; i--)
            power *= 10.0;
        return exponent < 0 ? (double)value / power : (double)value * power;
    }
    while (exponent != 0) {
        for (; value < TOP_BIT; shift--)
            value <<= 1;
        if (exponent > 0) {
            value = value / 16 * 10 + value % 16 * 10 / 16;
            shift += 4;
            exponent--;
        } else {
            value = value / 10 * 8 + value % 10 * 8 / 10;
            shift -= 3;
            exponent++;
        }
    }
    return ldexp((double)value, shift);
}

/* "e-3" behind a number; *end is left alone when no digit follows. */
static int read_exponent(const char **end) {
    const char *at = *end;
    bool negative;
    int exponent = 0;

    if ((*at | ' ') != 'e')
        return 0;
    negative = at[1] == '-';
    at += 1 + (at[1] == '-' || at[1] == '+');
    for (; isdigit((unsigned char)*at); at++) {
        if (exponent < MAX_EXPONENT)
            exponent = exponent * 10 + (*at - '0');
        *end = at + 1;
    }
    return negative ? -exponent : exponent;
}

static const char *read_decimal(const char *at, double *value) {
    uint64_t mantissa = 0;
    int digits = 0, exponent = 0;
    bool fraction = false, any = false;

    for (; isdigit((unsigned char)*at) || (*at == '.' && !fraction); at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        any = true;
        if (digits < MAX_DIGITS) {
            mantissa = mantissa * 10 + (uint64_t)(*at - '0');
            digits += mantissa > 0;
            exponent -= fraction;
        } else {
            exponent += !fraction;
        }
    }
    if (!any)
        return NULL;
    exponent += read_exponent(&at);
    if (exponent > MAX_EXPONENT)
        exponent = MAX_EXPONENT;
    if (exponent < -MAX_EXPONENT)
        exponent = -MAX_EXPONENT;
    *value = mantissa > 0 ? scale(mantissa, exponent) : 0.0;
    return at;
}

/* How many letters of a word, in any case, are here. */
static int letters_of(const char *word, const char *at) {
    int count = 0;

    while (word[count] != '\0' && (at[count] | ' ') == word[count])
        count++;
    return count;
}

double COMPACT(strtod)(const char *text, char **end) {
    const char *at, *behind;
    bool negative;
    double value = INFINITY;
    int letters;

    at = skip_sign(text, &negative);
    letters = letters_of("infinity", at);
    if (letters >= 3) {
        behind = at + (letters == 8 ? 8 : 3);
    } else if (letters_of("nan", at) == 3) {
        behind = at + 3;
        value = NAN;
    } else {
        behind = read_decimal(at, &value);
        if (behind == NULL) {
            behind = text;
            value = 0.0;
            negative = false;
        }
    }
    set_end(end, behind);
    return negative ? -value : value;
}

static unsigned digit_of(char c) {
    if (isdigit((unsigned char)c))
        return (unsigned)(c - '0');
    c |= ' ';
    return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : UINT_MAX;
}

/* most: the largest value; of a signed type, whose least is one further from zero. */
static uint64_t read_integer(const char *text, char **end, unsigned base, uint64_t most,
                             bool is_signed) {
    bool negative, beyond = false;
    const char *at = skip_sign(text, &negative);
    uint64_t value = 0;

    if ((base == 0 || base == 16) && at[0] == '0' && (at[1] | ' ') == 'x' && digit_of(at[2]) < 16) {
        at += 2;
        base = 16;
    }
    if (base == 0)
        base = *at == '0' ? 8 : 10;
    most += is_signed && negative;
    set_end(end, text);
    for (unsigned digit; (digit = digit_of(*at)) < base; at++) {
        beyond |= value > (most - digit) / base;
        value = value * base + digit;
        set_end(end, at + 1);
    }
    if (beyond) {
        errno = ERANGE;
        value = most;
    }
    return negative && (is_signed || !beyond) ? 0 - value : value;
}

long COMPACT(strtol)(const char *text, char **end, int base) {
    return (long)read_integer(text, end, (unsigned)base, LONG_MAX, true);
}

unsigned long COMPACT(strtoul)(const char *text, char **end, int base) {
    return (unsigned long)read_integer(text, end, (unsigned)base, ULONG_MAX, false);
}

long long COMPACT(strtoll)(const char *text, char **end, int base) {
    return (long long)read_integer(text, end, (unsigned)base, LLONG_MAX, true);
}

unsigned long long COMPACT(strtoull)(const char *text, char **end, int base) {
    return read_integer(text, end, (unsigned)base, ULLONG_MAX, false);
}

int COMPACT(atoi)(const char *text) {
    return (int)COMPACT(strtol)(text, NULL, 10);
}
