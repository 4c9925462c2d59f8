/* Bounded text: a builder that never overflows, and the words of a line. Nothing here allocates. */
#ifndef CHRONOBOX_BASE_TEXT_H
#define CHRONOBOX_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A builder over a caller's buffer of `size` bytes, at least 1. data is always NUL-terminated; what
 * does not fit is cut and `cut` set. */
struct text {
    char *data;
    size_t size;
    size_t length;
    bool cut;
};

void text_init(struct text *text, char *data, size_t size);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_append(struct text *text, const char *string);

/* Collapses runs of white space to one space and trims both ends, in place (chrony's line
 * normalisation). A line whose first visible character is one of ! ; # % becomes empty. */
void text_normalise_line(char *line);

/* Cuts the first word off *line (words are separated by white space); returns it, NUL-terminated in
 * place, or "" when none is left. *line is moved behind it. */
char *text_take_word(char **line);

/* ASCII only, no locale. */
bool text_equal_nocase(const char *a, const char *b);

/* Whole-string integer, base 10, optional sign; false when anything is left over, empty, or out of
 * int64_t. */
bool text_parse_int(const char *string, int64_t *value);

/* Upper-case hex into text (at least 2 * count + 1 bytes). */
void text_format_hex(const uint8_t *bytes, size_t count, char *text);

/* The value of a hex digit of any case, -1 for any other character. */
int text_hex_digit(char character);

/* Hex digits of any case, an even number, into bytes (at most size); the count, or -1 when
 * malformed or too long. */
int text_parse_hex(const char *string, uint8_t *bytes, size_t size);

#endif
