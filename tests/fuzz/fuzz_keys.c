/* A key file, and every key of it on a packet. */
#include "tests/fuzz/fuzz.h"

#define MAX_TRIED 8

static void try_key(const struct keys *keys, const struct key *key, int version) {
    const struct log silent = {0};
    uint8_t bytes[NTP_PACKET_MAX_SIZE] = {(uint8_t)(version << 3 | 3)};
    size_t length = keys_append_mac(key, version, bytes, NTP_HEADER_SIZE);

    /* Of several keys with one ID the last counts. */
    if (key == keys_find(keys, key->id) &&
        keys_verify(keys, version, bytes, length, length - NTP_HEADER_SIZE) != key)
        abort();
    keys_check(keys, key->id, &silent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct log silent = {0};
    char *text = malloc(size + 1);
    struct keys keys = {0};

    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text = realloc(text, size > 0 ? size : 1);
    if (keys_load(&keys, text, size, "keys", &silent)) {
        for (int i = 0; i < keys.count && i < MAX_TRIED; i++)
            try_key(&keys, &keys.list[i], 3 + i % 2);
    }
    keys_free(&keys);
    free(text);
    return 0;
}
