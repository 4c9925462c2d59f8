/* A pool between those who need few bytes often and a source that is cheaper in bulk. Used bytes
 * are wiped, so that what was sent yesterday cannot be found in memory today. */
#include "core/base/random.h"

#include <string.h>

void random_init(struct random *random, void (*fill)(void *, void *, size_t), void *context) {
    memset(random, 0, sizeof(*random));
    random->fill = fill;
    random->context = context;
}

void random_bytes(struct random *random, void *bytes, size_t count) {
    uint8_t *to = bytes;

    while (count > 0) {
        if (random->left == 0) {
            random->fill(random->context, random->pool, sizeof(random->pool));
            random->left = sizeof(random->pool);
        }
        size_t part = count < random->left ? count : random->left;
        random->left -= part;
        memcpy(to, random->pool + random->left, part);
        memset(random->pool + random->left, 0, part);
        to += part;
        count -= part;
    }
}

uint32_t random_u32(struct random *random) {
    uint32_t value;
    random_bytes(random, &value, sizeof(value));
    return value;
}

uint64_t random_u64(struct random *random) {
    uint64_t value;
    random_bytes(random, &value, sizeof(value));
    return value;
}

double random_uniform(struct random *random) {
    return (double)(random_u64(random) >> 11) * 0x1p-53;
}
