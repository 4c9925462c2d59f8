/* printf. A double always has finitely many decimal digits: all of them are computed, by doubling
 * or halving a row of digits, and then rounded once. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/libc/stream.h"

/* The row: 309 digits before the point and a zero for the carry, 1074 behind it and room to ask
 * for more. */
#define POINT         310
#define MAX_PRECISION 60
#define DIGITS        (POINT + 1074 + MAX_PRECISION)

static const char flag_letters[] = "-+ 0";
enum flags { LEFT = 1, PLUS = 2, SPACE = 4, ZERO = 8 };

struct field {
    unsigned flags;
    int width, precision; /* precision -1: not given */
    char conversion;      /* lower case */
    char upper;           /* what to subtract from a letter */
};

static void put_many(STREAM *stream, char c, int count) {
    for (; count > 0; count--)
        compact_put(stream, c);
}

/* A sign and a body, padded to the field's width; zeros go between them. */
static void put_padded(STREAM *stream, const struct field *field, char sign, const char *body,
                       int length) {
    int padding = field->width - length - (sign != '\0');

    if ((field->flags & (LEFT | ZERO)) == 0)
        put_many(stream, ' ', padding);
    if (sign != '\0')
        compact_put(stream, sign);
    if ((field->flags & (LEFT | ZERO)) == ZERO)
        put_many(stream, '0', padding);
    for (int i = 0; i < length; i++)
        compact_put(stream, body[i]);
    if ((field->flags & LEFT) != 0)
        put_many(stream, ' ', padding);
}

static char sign_of(const struct field *field, bool negative) {
    if (negative)
        return '-';
    return field->flags & PLUS ? '+' : field->flags & SPACE ? ' ' : '\0';
}
