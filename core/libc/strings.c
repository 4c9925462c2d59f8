/* The functions of <string.h> that are called, a byte at a time: musl's take words, for texts
 * longer than any here. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/libc/compact.h"

void *COMPACT(memchr)(const void *from, int c, size_t size) {
    for (const unsigned char *at = from; size > 0; at++, size--)
        if (*at == (unsigned char)c)
            return (void *)(uintptr_t)at;
    return NULL;
}

size_t COMPACT(strnlen)(const char *text, size_t most) {
    size_t length = 0;

    while (length < most && text[length] != '\0')
        length++;
    return length;
}

size_t COMPACT(strlen)(const char *text) {
    return COMPACT(strnlen)(text, SIZE_MAX);
}

char *COMPACT(strchr)(const char *text, int c) {
    return COMPACT(memchr)(text, c, COMPACT(strlen)(text) + 1);
}

char *COMPACT(strrchr)(const char *text, int c) {
    const char *found = NULL;

    do {
        if (*text == (char)c)
            found = text;
    } while (*text++ != '\0');
    return (char *)(uintptr_t)found;
}

static int compare(const char *a, const char *b, size_t most, int case_bit) {
    for (; most > 0; a++, b++, most--) {
        int first = (unsigned char)*a, second = (unsigned char)*b;

        if (case_bit) {
            first = tolower(first);
            second = tolower(second);
        }
        if (first != second || first == '\0')
            return first - second;
    }
    return 0;
}
