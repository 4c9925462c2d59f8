/* printf, exactly rounded: a double is turned into all its decimal digits (it always has finitely
 * many), then cut. */
#include "core/libc/compact.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* Decimal digits in limbs of nine: 309 before the point, 1074 behind it. */
#define LIMB          1000000000u
#define LIMB_DIGITS   9
#define WHOLE_LIMBS   36
#define LIMBS         (WHOLE_LIMBS + 121)
#define DIGITS        (LIMBS * LIMB_DIGITS)
#define POINT         (WHOLE_LIMBS * LIMB_DIGITS)
#define MAX_PRECISION 60
#define LINE_SIZE     4096 /* what one call to printf or fprintf can print */

struct output {
    char *to;
    size_t size, length;
};

struct field {
    bool left, plus, space, zero, upper;
    int width, precision; /* precision -1 = not given */
    int size;             /* bytes of an integer argument */
    char conversion;
};

static void put(struct output *output, char c) {
    if (output->length + 1 < output->size)
        output->to[output->length] = c;
    output->length++;
}

static void put_many(struct output *output, char c, int count) {
    for (; count > 0; count--)
        put(output, c);
}

/* A sign or prefix and a body, padded to the field's width; zeros go between them. */
static void put_padded(struct output *output, const struct field *field, const char *prefix,
                       const char *body, int length, bool zeros) {
    int prefix_length = (int)strlen(prefix), padding = field->width - prefix_length - length;

    if (!field->left && !zeros)
        put_many(output, ' ', padding);
    while (*prefix != '\0')
        put(output, *prefix++);
    if (!field->left && zeros)
        put_many(output, '0', padding);
    for (int i = 0; i < length; i++)
        put(output, body[i]);
    if (field->left)
        put_many(output, ' ', padding);
}

static const char *sign_of(const struct field *field, bool negative) {
    return negative ? "-" : field->plus ? "+" : field->space ? " " : "";
}

static void put_integer(struct output *output, const struct field *field, uint64_t value,
                        const char *prefix) {
    unsigned base = field->conversion == 'o'                   ? 8
                    : strchr("xXp", field->conversion) != NULL ? 16
                                                               : 10;
    char text[MAX_PRECISION + 24], *at = text + sizeof(text);
    int least = field->precision < 0               ? 1
                : field->precision > MAX_PRECISION ? MAX_PRECISION
                                                   : field->precision;

    for (; value > 0 || text + sizeof(text) - at < least; value /= base)
        *--at = (field->upper ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
    put_padded(output, field, prefix, at, (int)(text + sizeof(text) - at),
               field->zero && field->precision < 0);
}

/* All decimal digits of x >= 0, finite, with the point behind digit POINT. */
static void expand(double x, char *digits) {
    uint32_t limbs[LIMBS] = {0};
    int exponent, last = WHOLE_LIMBS - 1;
    uint64_t mantissa = (uint64_t)ldexp(frexp(x, &exponent), 53);

    exponent -= 53;
    limbs[WHOLE_LIMBS - 1] = (uint32_t)(mantissa % LIMB);
    limbs[WHOLE_LIMBS - 2] = (uint32_t)(mantissa / LIMB);
    while (exponent > 0) {
        int shift = exponent < 29 ? exponent : 29;
        uint64_t carry = 0;

        for (int i = WHOLE_LIMBS - 1; i >= 0; i--) {
            carry += (uint64_t)limbs[i] << shift;
            limbs[i] = (uint32_t)(carry % LIMB);
            carry /= LIMB;
        }
        exponent -= shift;
    }
    while (exponent < 0) {
        /* A limb holds 2^9 * 5^9, so a shift by up to nine bits carries exactly into the next. */
        int shift = -exponent < LIMB_DIGITS ? -exponent : LIMB_DIGITS;
        uint32_t carry = 0, mask = (1u << shift) - 1;

        for (int i = 0; i <= last || (carry != 0 && i < LIMBS); i++) {
            uint32_t limb = limbs[i];

            limbs[i] = (limb >> shift) + carry;
            carry = (limb & mask) * (LIMB >> shift);
            if (i > last)
                last = i;
        }
        exponent += shift;
    }
    for (int i = 0; i < LIMBS; i++) {
        for (int digit = LIMB_DIGITS - 1; digit >= 0; digit--, limbs[i] /= 10)
            digits[i * LIMB_DIGITS + digit] = (char)('0' + limbs[i] % 10);
    }
}

/* Rounds to digits[0..end), half to even; digits[0] is a zero that takes the carry. */
static void round_at(char *digits, int end) {
    bool up = digits[end] > '5', tie = digits[end] == '5';

    for (int i = end + 1; i < DIGITS && tie; i++) {
        if (digits[i] != '0') {
            up = true;
            break;
        }
    }
    if (!up && tie)
        up = (digits[end - 1] - '0') % 2 != 0;
    for (int i = end - 1; up; i--) {
        up = digits[i] == '9';
        digits[i] = up ? '0' : (char)(digits[i] + 1);
    }
}

static int first_digit(const char *digits) {
    int first = 0;

    while (first < DIGITS - MAX_PRECISION - 2 && digits[first] == '0')
        first++;
    return first;
}

/* Drops the zeros at the end of a fraction (%g). */
static int trim(const char *body, int length) {
    if (memchr(body, '.', (size_t)length) == NULL)
        return length;
    while (body[length - 1] == '0')
        length--;
    return length - (body[length - 1] == '.');
}

static int copy_fraction(char *body, const char *digits, int count) {
    if (count == 0)
        return 0;
    *body = '.';
    memcpy(body + 1, digits, (size_t)count);
    return count + 1;
}

static int write_fixed(char *body, char *digits, int precision) {
    int first, length;

    round_at(digits, POINT + precision);
    first = first_digit(digits);
    if (first >= POINT)
        first = POINT - 1;
    length = POINT - first;
    memcpy(body, digits + first, (size_t)length);
    return length + copy_fraction(body + length, digits + POINT, precision);
}

static int write_exponent(char *body, int exponent, bool upper) {
    int length = 0, magnitude = exponent < 0 ? -exponent : exponent;

    body[length++] = upper ? 'E' : 'e';
    body[length++] = exponent < 0 ? '-' : '+';
    if (magnitude >= 100)
        body[length++] = (char)('0' + magnitude / 100);
    body[length++] = (char)('0' + magnitude / 10 % 10);
    body[length++] = (char)('0' + magnitude % 10);
    return length;
}

/* general: %g, which drops zeros and prefers the plain form for exponents of -4..precision. */
static int write_scientific(char *body, char *digits, bool zero, int precision, bool upper,
                            bool general) {
    int first = zero ? POINT - 1 : first_digit(digits), exponent, length = 1;

    round_at(digits, first + 1 + precision);
    if (digits[first - 1] != '0')
        first--;
    exponent = POINT - 1 - first;
    if (general && exponent >= -4 && exponent <= precision)
        return trim(body, write_fixed(body, digits, precision - exponent));
    body[0] = digits[first];
    length += copy_fraction(body + 1, digits + first + 1, precision);
    if (general)
        length = trim(body, length);
    return length + write_exponent(body + length, exponent, upper);
}

static void put_double(struct output *output, const struct field *field, double value) {
    char digits[DIGITS], body[POINT + MAX_PRECISION + 16];
    int precision = field->precision < 0               ? 6
                    : field->precision > MAX_PRECISION ? MAX_PRECISION
                                                       : field->precision;
    const char *sign = sign_of(field, signbit(value) != 0);
    bool general = field->conversion == 'g';
    int length;

    value = fabs(value);
    if (!isfinite(value)) {
        const char *word = isnan(value)   ? (field->upper ? "NAN" : "nan")
                           : field->upper ? "INF"
                                          : "inf";

        put_padded(output, field, sign, word, 3, false);
        return;
    }
    expand(value, digits);
    if (field->conversion == 'f')
        length = write_fixed(body, digits, precision);
    else
        length = write_scientific(body, digits, value == 0.0,
                                  general && precision > 0 ? precision - 1 : precision,
                                  field->upper, general);
    put_padded(output, field, sign, body, length, field->zero);
}

static void put_string(struct output *output, const struct field *field, const char *string) {
    size_t most = field->precision < 0 ? SIZE_MAX : (size_t)field->precision;

    if (string == NULL)
        string = "(null)";
    put_padded(output, field, "", string, (int)strnlen(string, most), false);
}

static const char *parse_flags(const char *format, struct field *field) {
    for (;; format++) {
        switch (*format) {
        case '-':
            field->left = true;
            break;
        case '+':
            field->plus = true;
            break;
        case ' ':
            field->space = true;
            break;
        case '0':
            field->zero = true;
            break;
        default:
            return format;
        }
    }
}

static const char *parse_number(const char *format, int *number) {
    for (*number = 0; *format >= '0' && *format <= '9'; format++)
        *number = *number * 10 + (*format - '0');
    return format;
}

static const char *parse_size(const char *format, struct field *field) {
    field->size = sizeof(int);
    for (;; format++) {
        if (*format == 'h')
            field->size /= 2;
        else if (*format == 'l')
            field->size = field->size == sizeof(long) ? (int)sizeof(long long) : (int)sizeof(long);
        else if (*format == 'j')
            field->size = sizeof(intmax_t);
        else if (*format == 'z')
            field->size = sizeof(size_t);
        else
            return format;
    }
}

/* An integer argument as 64 bits, sign kept or cut off as its size says. Small ones were promoted
 * to int. */
#define NEXT_INTEGER(arguments, size)                                                              \
    ((size) > (int)sizeof(int) ? va_arg(arguments, int64_t) : (int64_t)va_arg(arguments, int))

static void put_signed(struct output *output, const struct field *field, int64_t value) {
    put_integer(output, field, value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
                sign_of(field, value < 0));
}

static uint64_t cut_unsigned(int64_t value, int size) {
    return size >= 8 ? (uint64_t)value : (uint64_t)value & ((UINT64_C(1) << 8 * size) - 1);
}

int COMPACT(vsnprintf)(char *to, size_t size, const char *format, va_list arguments) {
    struct output output = {to, size, 0};

    for (; *format != '\0'; format++) {
        struct field field = {.precision = -1};
        char one;

        if (*format != '%') {
            put(&output, *format);
            continue;
        }
        format = parse_flags(format + 1, &field);
        if (*format == '*') {
            field.width = va_arg(arguments, int);
            format++;
        } else {
            format = parse_number(format, &field.width);
        }
        if (field.width < 0) {
            field.left = true;
            field.width = -field.width;
        }
        if (*format == '.' && format[1] == '*') {
            field.precision = va_arg(arguments, int);
            format += 2;
        } else if (*format == '.') {
            format = parse_number(format + 1, &field.precision);
        }
        format = parse_size(format, &field);
        field.upper = *format >= 'A' && *format <= 'Z';
        field.conversion = (char)(*format == 'X' ? *format : *format | 0x20);
        switch (field.conversion) {
        case 'd':
        case 'i':
            put_signed(&output, &field, NEXT_INTEGER(arguments, field.size));
            break;
        case 'u':
        case 'o':
        case 'x':
        case 'X':
            put_integer(&output, &field,
                        cut_unsigned(NEXT_INTEGER(arguments, field.size), field.size), "");
            break;
        case 'p':
            put_integer(&output, &field, (uint64_t)(uintptr_t)va_arg(arguments, void *), "0x");
            break;
        case 'c':
            one = (char)va_arg(arguments, int);
            put_padded(&output, &field, "", &one, 1, false);
            break;
        case 's':
            put_string(&output, &field, va_arg(arguments, const char *));
            break;
        case 'f':
        case 'e':
        case 'g':
            put_double(&output, &field, va_arg(arguments, double));
            break;
        default:
            put(&output, *format);
            break;
        }
    }
    if (size > 0)
        to[output.length < size ? output.length : size - 1] = '\0';
    return (int)output.length;
}

int COMPACT(snprintf)(char *to, size_t size, const char *format, ...) {
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = COMPACT(vsnprintf)(to, size, format, arguments);
    va_end(arguments);
    return length;
}

int COMPACT(vfprintf)(FILE *file, const char *format, va_list arguments) {
    char line[LINE_SIZE];
    int length = COMPACT(vsnprintf)(line, sizeof(line), format, arguments);

    fputs(line, file);
    return length;
}

int COMPACT(fprintf)(FILE *file, const char *format, ...) {
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = COMPACT(vfprintf)(file, format, arguments);
    va_end(arguments);
    return length;
}

int COMPACT(printf)(const char *format, ...) {
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = COMPACT(vfprintf)(stdout, format, arguments);
    va_end(arguments);
    return length;
}

int COMPACT(dprintf)(int fd, const char *format, ...) {
    char line[LINE_SIZE];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = COMPACT(vsnprintf)(line, sizeof(line), format, arguments);
    va_end(arguments);
    return (int)write(fd, line, strlen(line)) < 0 ? -1 : length;
}
