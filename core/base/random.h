/* Randomness as a value: the host fills bytes (from the kernel, or from a seed in the simulator).
 */
#ifndef CHRONOBOX_BASE_RANDOM_H
#define CHRONOBOX_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define RANDOM_POOL_SIZE 256

/* Bytes are fetched RANDOM_POOL_SIZE at a time and wiped as they are used. */
struct random {
    void (*fill)(void *context, void *bytes, size_t count);
    void *context;
    uint8_t pool[RANDOM_POOL_SIZE];
    size_t left;
};

void random_init(struct random *random, void (*fill)(void *, void *, size_t), void *context);
void random_bytes(struct random *random, void *bytes, size_t count);
uint32_t random_u32(struct random *random);
uint64_t random_u64(struct random *random);

/* Uniform in [0, 1). */
double random_uniform(struct random *random);

#endif
