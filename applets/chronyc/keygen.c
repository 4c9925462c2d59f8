/* keygen: a line for the key file, with fresh random bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "applets/chronyc/chronyc.h"
#include "core/base/text.h"
#include "core/ntp/mac.h"

#define DEFAULT_TYPE "SHA1"
#define DEFAULT_BITS 160
#define MIN_BYTES    10
#define MAX_BYTES    512

enum chronyc_outcome chronyc_keygen(struct chronyc *session, const struct chronyc_command *command,
                                    char *arguments) {
    (void)command;
    int64_t id = 1, bits = DEFAULT_BITS;
    const char *words[3];
    for (int i = 0; i < 3; i++)
        words[i] = text_take_word(&arguments);
    if ((*words[0] && !text_parse_int(words[0], &id)) ||
        (*words[2] && !text_parse_int(words[2], &bits)))
        return CHRONYC_MISUSED;
    const char *name = *words[1] ? words[1] : DEFAULT_TYPE;
    const struct mac_type *type = mac_find_type(name);
    if (type == NULL || type->length == 0) {
        chronyc_complain(session, "Unknown hash function or cipher %s\n", name);
        return CHRONYC_FAILED;
    }

    uint8_t key[MAX_BYTES];
    char hex[2 * MAX_BYTES + 1];
    int64_t bytes = type->key_length != 0 ? type->key_length : bits / 8 + (bits % 8 > 0);
    size_t count = (size_t)(bytes < MIN_BYTES ? MIN_BYTES : bytes > MAX_BYTES ? MAX_BYTES : bytes);
    /* Up to 256 bytes come at once, more may come in parts. */
    for (size_t have = 0; have < count;) {
        ssize_t got = getrandom(key + have, count - have, 0);
        if (got <= 0)
            return CHRONYC_FAILED;
        have += (size_t)got;
    }
    text_format_hex(key, count, hex);
    if (session->json)
        json_begin_object(session->json);
    printf(session->json ? "\"id\":%u,\"type\":\"%s\",\"key\":\"HEX:%s\"}" : "%u %s HEX:%s\n",
           (unsigned)id, name, hex);
    return CHRONYC_DONE;
}
