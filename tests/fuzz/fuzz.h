/* What the fuzz targets share. A target is one file fuzz_NAME.c; its seeds are in corpus/NAME/. The
 * worlds are those of tests/sim: one seed, nothing from outside, so that an input does the same
 * every time. Included by the targets, each of which uses a part of it. */
#ifndef CHRONOBOX_TESTS_FUZZ_H
#define CHRONOBOX_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/engine/engine.h"
#include "core/ntp/keys.h"
#include "core/wire/ntp.h"
#include "tests/sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An input as a sequence of bytes and of chunks; behind its end everything is zero and empty. */
struct input {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t input_byte(struct input *input) {
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

/* Up to `max` bytes, as many as the two bytes before them say; how many there were. */
static inline size_t input_chunk(struct input *input, uint8_t *to, size_t max) {
    size_t length = input_byte(input);

    length |= (size_t)input_byte(input) << 8;
    if (length > max)
        length = max;
    if (length > input->left)
        length = input->left;
    if (length > 0)
        memcpy(to, input->at, length);
    input->at += length;
    input->left -= length;
    return length;
}

/* Changes up to three bytes: what mutation alone would take long to find in a good packet. */
static inline void input_patch(struct input *input, uint8_t *bytes, size_t length) {
    unsigned count = input_byte(input) & 3;

    while (count-- > 0) {
        size_t at = input_byte(input);
        uint8_t value = input_byte(input);

        if (at < length)
            bytes[at] = value;
    }
}

/* The whole input as text, in memory that ends with its NUL. */
static inline char *input_text(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);

    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#define FUZZ_KEYS 6
static const char fuzz_keys[] = "1 MD5 HEX:000102030405060708090a0b0c0d0e0f\n"
                                "2 SHA1 HEX:000102030405060708090a0b0c0d0e0f\n"
                                "3 SHA256 HEX:000102030405060708090a0b0c0d0e0f\n"
                                "4 SHA512 HEX:000102030405060708090a0b0c0d0e0f\n"
                                "5 AES128 HEX:000102030405060708090a0b0c0d0e0f\n"
                                "6 SHA3-224 HEX:000102030405060708090a0b0c0d0e0f\n";

/* The right code of one of those keys behind a packet in a buffer of NTP_PACKET_MAX_SIZE; the new
 * length. */
static inline size_t fuzz_authenticate(unsigned key, uint8_t *bytes, size_t length) {
    const struct log silent = {0};
    struct keys keys = {0};

    if (length < NTP_HEADER_SIZE || length + KEYS_MAC_MAX_SIZE > NTP_PACKET_MAX_SIZE)
        return length;
    if (!keys_load(&keys, fuzz_keys, sizeof(fuzz_keys) - 1, "keys", &silent))
        abort();
    length =
        keys_append_mac(keys_find(&keys, 1 + key % FUZZ_KEYS), bytes[0] >> 3 & 7, bytes, length);
    keys_free(&keys);
    return length;
}

/* One node with this configuration, to be started by sim_run. */
static inline struct sim *fuzz_world(const char *const *lines) {
    struct sim *sim = sim_new(1, 1);
    struct sim_node *node = sim_node(sim, 0);

    for (; *lines != NULL; lines++)
        sim_configure(node, *lines);
    sim_write(node, "/keys", fuzz_keys, sizeof(fuzz_keys) - 1);
    return sim;
}

/* A node's socket, -1: none. */
static inline int fuzz_socket(const struct sim_node *node, enum socket_kind kind) {
    for (int i = 0; i < SIM_MAX_SOCKETS; i++) {
        if (node->sockets[i].used && node->sockets[i].kind == kind)
            return i;
    }
    return -1;
}

/* A datagram, in memory that ends with it. */
static inline void fuzz_receive(struct sim_node *node, struct packet *packet, const uint8_t *bytes,
                                size_t length) {
    uint8_t *copy = malloc(length > 0 ? length : 1);

    if (copy == NULL)
        abort();
    if (length > 0)
        memcpy(copy, bytes, length);
    packet->bytes = copy;
    packet->length = length;
    packet->received = (struct timestamp){node->host.read_clock(node), TIMESTAMP_KERNEL};
    if (packet->socket >= 0 && node->running)
        engine_packet(node->engine, packet);
    free(copy);
}

#endif
