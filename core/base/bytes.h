/* Integers in byte strings, big-endian as every protocol here has them, read and written byte by
 * byte. */
#ifndef CHRONOBOX_BASE_BYTES_H
#define CHRONOBOX_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t get_be16(const uint8_t *from) {
    return (uint16_t)(from[0] << 8 | from[1]);
}

static inline uint32_t get_be32(const uint8_t *from) {
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static inline uint64_t get_be64(const uint8_t *from) {
    return (uint64_t)get_be32(from) << 32 | get_be32(from + 4);
}

static inline void put_be16(uint8_t *to, uint16_t value) {
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static inline void put_be32(uint8_t *to, uint32_t value) {
    put_be16(to, (uint16_t)(value >> 16));
    put_be16(to + 2, (uint16_t)value);
}

static inline void put_be64(uint8_t *to, uint64_t value) {
    put_be32(to, (uint32_t)(value >> 32));
    put_be32(to + 4, (uint32_t)value);
}

#endif
