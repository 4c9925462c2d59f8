/* Integers in byte strings, big-endian as every protocol here has them, wherever they lie. */
#ifndef CHRONOBOX_BASE_BYTES_H
#define CHRONOBOX_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

/* Copied and turned around: an instruction or two, where shifts of single bytes were a dozen. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BYTES_BE(bits, value) (value)
#else
#define BYTES_BE(bits, value) __builtin_bswap##bits(value)
#endif

#define BYTES_ACCESS(bits)                                                                         \
    static inline uint##bits##_t get_be##bits(const uint8_t *from) {                               \
        uint##bits##_t value;                                                                      \
                                                                                                   \
        memcpy(&value, from, sizeof(value));                                                       \
        return BYTES_BE(bits, value);                                                              \
    }                                                                                              \
                                                                                                   \
    static inline void put_be##bits(uint8_t *to, uint##bits##_t value) {                           \
        value = BYTES_BE(bits, value);                                                             \
        memcpy(to, &value, sizeof(value));                                                         \
    }

BYTES_ACCESS(16)
BYTES_ACCESS(32)
BYTES_ACCESS(64)

#endif
