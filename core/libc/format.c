/* printf. A double always has finitely many decimal digits: all of them are computed, by doubling
 * or halving a row of digits, and rounded once. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "core/libc/stream.h"

/* The row: a place for the carry and 309 digits before the point, 1074 behind it and as many as can
 * be asked for beyond. */
#define POINT         310
#define MAX_PRECISION 60
#define DIGITS        (POINT + 1074 + MAX_PRECISION)

#define MANTISSA_BITS 52
#define EXPONENT_BIAS (1023 + MANTISSA_BITS)

#define LOWER_CASE ('a' - 'A')

static const char flag_letters[] = "-+ 0";
enum flag { LEFT = 1, PLUS = 2, SPACE = 4, ZERO = 8 };

struct field {
    unsigned flags;
    int width, precision; /* precision -1: not given */
    int size;             /* of an integer argument, in bytes */
    char conversion;      /* in lower case */
    char upper;           /* what makes a letter of the result upper case when subtracted */
};

/* A va_list that functions can share. */
struct arguments {
    va_list list;
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
    if (field->flags & LEFT)
        put_many(stream, ' ', padding);
}

static char sign_of(const struct field *field, bool negative) {
    return negative ? '-' : field->flags & PLUS ? '+' : field->flags & SPACE ? ' ' : '\0';
}

/* The argument's bits stand at the upper end of a 64-bit word. */
static void put_integer(STREAM *stream, struct field *field, uint64_t bits) {
    char text[MAX_PRECISION + 4], *at = text + sizeof(text), sign = '\0';
    unsigned base = field->conversion == 'x' ? 16 : field->conversion == 'o' ? 8 : 10;
    int shift = 64 - 8 * field->size;
    uint64_t value = bits >> shift;

    if (field->conversion == 'd' || field->conversion == 'i') {
        sign = sign_of(field, bits >> 63);
        if (sign == '-')
            value = (0 - bits) >> shift;
    }
    if (field->precision < 0)
        field->precision = 1;
    else
        field->flags &= ~(unsigned)ZERO;
    for (; value > 0 || text + sizeof(text) - at < field->precision; value /= base) {
        char digit = (char)('0' + value % base);

        *--at = (char)(digit <= '9' ? digit : digit + 'a' - '9' - 1 - field->upper);
    }
    put_padded(stream, field, sign, at, (int)(text + sizeof(text) - at));
}

/* All decimal digits of x >= 0, finite. */
static void expand(double x, char *row) {
    int first = POINT, last = POINT, exponent; /* what is not zero lies in between */
    uint64_t bits, mantissa;

    memset(row, 0, DIGITS);
    memcpy(&bits, &x, sizeof(bits));
    exponent = (int)(bits >> MANTISSA_BITS);
    mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
    if (exponent > 0)
        mantissa |= UINT64_C(1) << MANTISSA_BITS;
    else
        exponent = 1;
    for (; mantissa > 0; mantissa /= 10)
        row[--first] = (char)(mantissa % 10);
    for (; exponent > EXPONENT_BIAS; exponent--) {
        int carry = 0;

        for (int i = POINT - 1; i >= first; i--) {
            carry += 2 * row[i];
            row[i] = (char)(carry % 10);
            carry /= 10;
        }
        if (carry > 0)
            row[--first] = (char)carry;
    }
    for (; exponent < EXPONENT_BIAS; exponent++) {
        int rest = 0;

        for (int i = first; i < last; i++) {
            rest = rest * 10 + row[i];
            row[i] = (char)(rest / 2);
            rest %= 2;
        }
        if (rest > 0)
            row[last++] = 5;
    }
}

/* Rounds to row[0..end), half to even. */
static void round_at(char *row, int end) {
    bool up = false;

    for (int i = end + 1; i < DIGITS; i++)
        up |= row[i] != 0;
    up = 2 * row[end] + up > 10 - row[end - 1] % 2;
    while (up) {
        up = row[--end] == 9;
        row[end] = up ? 0 : (char)(row[end] + 1);
    }
}

/* The first digit that is not zero; of zero, the one before the point. */
static int first_digit(const char *row) {
    for (int i = 0; i < DIGITS; i++)
        if (row[i] != 0)
            return i;
    return POINT - 1;
}

/* The digits of a finite value >= 0; returns how many characters. */
static int write_double(char *body, double value, const struct field *field) {
    char row[DIGITS];
    bool fixed = field->conversion == 'f', general = field->conversion == 'g';
    int precision = field->precision, point = POINT, length = 0, first, end, exponent;

    expand(value, row);
    if (general && precision > 0)
        precision--;
    end = (fixed ? POINT : first_digit(row) + 1) + precision;
    round_at(row, end);
    first = first_digit(row);
    exponent = POINT - 1 - first;
    if (!fixed)
        end = first + 1 + precision;
    fixed |= general && exponent >= -4 && exponent <= precision;
    if (!fixed)
        point = first + 1;
    else if (first >= POINT)
        first = POINT - 1;
    while (general && end > point && row[end - 1] == 0)
        end--;
    for (; first < end; first++) {
        if (first == point)
            body[length++] = '.';
        body[length++] = (char)('0' + row[first]);
    }
    if (!fixed)
        length += COMPACT(snprintf)(body + length, 6, "%c%+03d", 'e' - field->upper, exponent);
    return length;
}

static void put_double(STREAM *stream, struct field *field, double value) {
    char body[POINT + MAX_PRECISION + 8], sign = sign_of(field, signbit(value));
    int length = 3;

    value = fabs(value);
    if (field->precision < 0)
        field->precision = 6;
    if (isfinite(value)) {
        length = write_double(body, value, field);
    } else {
        for (int i = 0; i < length; i++)
            body[i] = (char)((isnan(value) ? "nan" : "inf")[i] - field->upper);
        field->flags &= ~(unsigned)ZERO;
    }
    put_padded(stream, field, sign, body, length);
}

/* A number in the format, or an argument in its place. */
static const char *parse_number(const char *format, struct arguments *arguments, int *number) {
    *number = 0;
    if (*format == '*') {
        *number = va_arg(arguments->list, int);
        return format + 1;
    }
    for (; *format >= '0' && *format <= '9'; format++)
        *number = *number * 10 + (*format - '0');
    return format;
}

/* What stands between '%' and the conversion. */
static const char *parse_field(const char *format, struct arguments *arguments,
                               struct field *field) {
    const char *flag;

    *field = (struct field){.precision = -1, .size = sizeof(int)};
    for (; (flag = strchr(flag_letters, *format)) != NULL && *flag != '\0'; format++)
        field->flags |= 1u << (flag - flag_letters);
    format = parse_number(format, arguments, &field->width);
    if (field->width < 0) {
        field->flags |= LEFT;
        field->width = -field->width;
    }
    if (*format == '.') {
        format = parse_number(format + 1, arguments, &field->precision);
        if (field->precision > MAX_PRECISION && format[0] != 's')
            field->precision = MAX_PRECISION;
    }
    for (;; format++) {
        if (*format == 'h')
            field->size /= 2;
        else if (*format == 'j' || (*format == 'l' && format[-1] == 'l'))
            field->size = sizeof(intmax_t);
        else if (*format == 'l' || *format == 'z')
            field->size = sizeof(long);
        else
            return format;
    }
}

static void put_field(STREAM *stream, struct field *field, struct arguments *arguments) {
    const char *string;
    uint64_t bits;
    char one;

    switch (field->conversion) {
    case 'c':
        one = (char)va_arg(arguments->list, int);
        put_padded(stream, field, '\0', &one, 1);
        break;
    case 's':
        string = va_arg(arguments->list, const char *);
        if (string == NULL)
            string = "(null)";
        put_padded(stream, field, '\0', string, (int)strnlen(string, (size_t)field->precision));
        break;
    case 'e':
    case 'f':
    case 'g':
        put_double(stream, field, va_arg(arguments->list, double));
        break;
    default:
        /* Small integers were promoted to int. */
        bits = field->size > (int)sizeof(int) ? va_arg(arguments->list, uint64_t)
                                              : va_arg(arguments->list, unsigned);
        put_integer(stream, field, bits << (64 - 8 * field->size));
    }
}

static int print(STREAM *stream, const char *format, va_list list) {
    struct arguments arguments;
    struct field field;
    size_t before = stream->passed;

    va_copy(arguments.list, list);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            compact_put(stream, *format);
            continue;
        }
        format = parse_field(format + 1, &arguments, &field);
        field.conversion = (char)(*format | LOWER_CASE);
        field.upper = (char)(field.conversion - *format);
        if (*format == '%')
            compact_put(stream, '%');
        else
            put_field(stream, &field, &arguments);
    }
    va_end(arguments.list);
    return (int)(stream->passed - before);
}

int COMPACT(vsnprintf)(char *to, size_t size, const char *format, va_list list) {
    STREAM memory = {.buffer = to, .size = size, .fd = -1};
    int length = print(&memory, format, list);

    if (size > 0)
        to[memory.used < size ? memory.used : size - 1] = '\0';
    return length;
}

int COMPACT(snprintf)(char *to, size_t size, const char *format, ...) {
    va_list list;
    int length;

    va_start(list, format);
    length = COMPACT(vsnprintf)(to, size, format, list);
    va_end(list);
    return length;
}

int COMPACT(vfprintf)(STREAM *stream, const char *format, va_list list) {
    int length = print(stream, format, list);

    return compact_settle(stream) == 0 ? length : EOF;
}

int COMPACT(fprintf)(STREAM *stream, const char *format, ...) {
    va_list list;
    int length;

    va_start(list, format);
    length = COMPACT(vfprintf)(stream, format, list);
    va_end(list);
    return length;
}

int COMPACT(printf)(const char *format, ...) {
    va_list list;
    int length;

    va_start(list, format);
    length = COMPACT(vfprintf)(COMPACT(stdout), format, list);
    va_end(list);
    return length;
}

int COMPACT(dprintf)(int fd, const char *format, ...) {
    char buffer[BUFSIZ];
    STREAM stream = {.buffer = buffer, .size = sizeof(buffer), .fd = fd, .mode = _IONBF};
    va_list list;
    int length;

    va_start(list, format);
    length = COMPACT(vfprintf)(&stream, format, list);
    va_end(list);
    return length;
}
