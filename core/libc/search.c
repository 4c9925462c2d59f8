/* qsort and strstr, whose own are larger than the few elements and short texts here deserve. */
#include <stdint.h>
#include <string.h>

#include "core/libc/compact.h"

static void swap(char *a, char *b, size_t size) {
    for (; size > 0; size--, a++, b++) {
        char held = *a;

        *a = *b;
        *b = held;
    }
}

/* Shell's sort: short, and quick enough for a few thousand elements. */
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
