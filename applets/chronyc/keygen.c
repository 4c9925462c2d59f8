/* keygen: a line for the key file, with fresh random bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "applets/chronyc/chronyc.h"
#include "core/base/text.h"

#define DEFAULT_BITS 160
#define MIN_BYTES    10
#define MAX_BYTES    512

/* Bits of key: 0 = as many as wanted. */
static const struct {
    const char *name;
    int bits;
} types[] = {
    {"SHA1", 0},     {"MD5", 0},      {"SHA256", 0},   {"SHA384", 0},
    {"SHA512", 0},   {"SHA3-224", 0}, {"SHA3-256", 0}, {"SHA3-384", 0},
    {"SHA3-512", 0}, {"AES128", 128}, {"AES256", 256},
};

enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

enum chronyc_outcome chronyc_keygen(struct chronyc *session, const struct chronyc_command *command,
                                    char *arguments) {
    (void)command;
    (void)session;
    int64_t id = 1, bits = DEFAULT_BITS;
    const char *words[3];
    for (int i = 0; i < 3; i++)
        words[i] = text_take_word(&arguments);
    if ((*words[0] && !text_parse_int(words[0], &id)) ||
        (*words[2] && !text_parse_int(words[2], &bits)))
        return CHRONYC_MISUSED;
    const char *name = *words[1] ? words[1] : types[0].name;
    int type = 0;
    while (type < TYPE_COUNT && strcmp(name, types[type].name) != 0)
        type++;
    if (type == TYPE_COUNT) {
        fprintf(stderr, "Unknown hash function or cipher %s\n", name);
        return CHRONYC_FAILED;
    }

    uint8_t key[MAX_BYTES];
    char hex[2 * MAX_BYTES + 1];
    int64_t bytes = types[type].bits ? types[type].bits / 8 : bits / 8 + (bits % 8 > 0);
    size_t count = (size_t)(bytes < MIN_BYTES ? MIN_BYTES : bytes > MAX_BYTES ? MAX_BYTES : bytes);
    /* Up to 256 bytes come at once, more may come in parts. */
    for (size_t have = 0; have < count;) {
        ssize_t got = getrandom(key + have, count - have, 0);
        if (got <= 0)
            return CHRONYC_FAILED;
        have += (size_t)got;
    }
    text_format_hex(key, count, hex);
    printf("%u %s HEX:%s\n", (unsigned)id, name, hex);
    return CHRONYC_DONE;
}
