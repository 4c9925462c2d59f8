/* Bounded text. White space and letters are ASCII's: configuration files mean the same everywhere.
 */
#include "core/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"

#define COMMENT_STARTERS "!;#%"

static bool is_space(char character) {
    return character == ' ' || (character >= '\t' && character <= '\r');
}

static char lower(char character) {
    return character >= 'A' && character <= 'Z' ? (char)(character + ('a' - 'A')) : character;
}

int text_hex_digit(char character) {
    character = lower(character);
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return -1;
}

void text_init(struct text *text, char *data, size_t size) {
    CHECK(size > 0);
    *text = (struct text){.data = data, .size = size};
    data[0] = '\0';
}

void text_printf(struct text *text, const char *format, ...) {
    size_t left = text->size - text->length;
    va_list arguments;

    va_start(arguments, format);
    int wanted = vsnprintf(text->data + text->length, left, format, arguments);
    va_end(arguments);
    if (wanted < 0)
        text->data[text->length] = '\0';
    text->cut |= wanted < 0 || (size_t)wanted >= left;
    text->length += wanted < 0 ? 0 : (size_t)wanted < left ? (size_t)wanted : left - 1;
}

void text_append(struct text *text, const char *string) {
    size_t wanted = strlen(string);
    size_t left = text->size - text->length;

    if (wanted >= left) {
        text->cut = true;
        wanted = left - 1;
    }
    memcpy(text->data + text->length, string, wanted);
    text->length += wanted;
    text->data[text->length] = '\0';
}

void text_normalise_line(char *line) {
    char *to = line;

    for (const char *from = line; *from != '\0'; from++) {
        if (!is_space(*from))
            *to++ = *from;
        else if (to > line && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > line && to[-1] == ' ')
        to--;
    *to = '\0';
    if (line[0] != '\0' && strchr(COMMENT_STARTERS, line[0]) != NULL)
        line[0] = '\0';
}

char *text_take_word(char **line) {
    char *word = *line;
    while (is_space(*word))
        word++;
    char *end = word;
    while (*end != '\0' && !is_space(*end))
        end++;
    *line = end;
    if (*end != '\0') {
        *end = '\0';
        *line = end + 1;
    }
    return word;
}

bool text_equal_nocase(const char *a, const char *b) {
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool text_parse_int(const char *string, int64_t *value) {
    bool negative = *string == '-';
    int64_t result = 0;

    if (*string == '-' || *string == '+')
        string++;
    if (*string == '\0')
        return false;
    for (; *string != '\0'; string++) {
        if (*string < '0' || *string > '9')
            return false;
        int digit = negative ? '0' - *string : *string - '0';
        if (__builtin_mul_overflow(result, 10, &result) ||
            __builtin_add_overflow(result, digit, &result))
            return false;
    }
    *value = result;
    return true;
}

void text_format_hex(const uint8_t *bytes, size_t count, char *text) {
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < count; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

int text_parse_hex(const char *string, uint8_t *bytes, size_t size) {
    size_t count = 0;

    for (; string[0] != '\0'; string += 2) {
        int high = text_hex_digit(string[0]);
        int low = text_hex_digit(string[1]);
        if (high < 0 || low < 0 || count == size)
            return -1;
        bytes[count++] = (uint8_t)(high << 4 | low);
    }
    return (int)count;
}
