/* The simulator's randomness (sim.h): a seeded generator of its own. */
#include <math.h>

#include "tests/sim/sim.h"

#define PI 3.14159265358979323846

static uint64_t rotate(uint64_t value, int bits) {
    return value << bits | value >> (64 - bits);
}

void sim_random_seed(struct sim_random *random, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += UINT64_C(0x9E3779B97F4A7C15);

        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        random->state[i] = z ^ z >> 31;
    }
}

/* xoshiro256** (Blackman, Vigna 2018; public domain). */
uint64_t sim_random_u64(struct sim_random *random) {
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double sim_uniform(struct sim_random *random) {
    return (double)(sim_random_u64(random) >> 11) * 0x1p-53;
}

double sim_exponential(struct sim_random *random) {
    return -log(1.0 - sim_uniform(random));
}

double sim_gaussian(struct sim_random *random) {
    return sqrt(2.0 * sim_exponential(random)) * cos(2.0 * PI * sim_uniform(random));
}
