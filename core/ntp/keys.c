/* The key file (chrony's: keys.h) and the tail of an authenticated packet. Secrets lie one behind
 * the other, in the order of their lines, in one piece of memory that is wiped in the end. */
#include "core/ntp/keys.h"

#include <mbedtls/constant_time.h>
#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/wire/ntp.h"

#define LINE_SIZE    2048
#define KEY_ID_SIZE  4
#define DEFAULT_TYPE "MD5"
#define HEX_PREFIX   "HEX:"
#define TEXT_PREFIX  "ASCII:"

/* What the lines of one file share. */
struct loading {
    struct keys *keys;
    int capacity;        /* of keys->list */
    bool full;           /* a key was left out */
    size_t secrets_used; /* bytes */
    const char *path;
    const struct log *log;
};

/* Three words, or two. The number is read as chrony does it: what follows its digits does not
 * matter, and of a number beyond 32 bits the lower ones count. */
static bool take_words(char *line, uint32_t *id, const char **type, const char **secret) {
    const char *number = text_take_word(&line);
    char *end;

    *id = (uint32_t)strtoull(number, &end, 10);
    *type = text_take_word(&line);
    *secret = text_take_word(&line);
    if (end == number || **type == '\0' || *text_take_word(&line) != '\0')
        return false;
    if (**secret == '\0') {
        *secret = *type;
        *type = DEFAULT_TYPE;
    }
    return true;
}

/* Bytes of the secret, at most size; less than 1: there is none. */
static int decode(const char *text, uint8_t *secret, size_t size) {
    if (strncmp(text, HEX_PREFIX, strlen(HEX_PREFIX)) == 0)
        return text_parse_hex(text + strlen(HEX_PREFIX), secret, size);
    if (strncmp(text, TEXT_PREFIX, strlen(TEXT_PREFIX)) == 0)
        text += strlen(TEXT_PREFIX);
    size_t length = strlen(text);
    CHECK(length <= size);
    memcpy(secret, text, length);
    return (int)length;
}

static void take_line(struct loading *loading, char *line, int number) {
    struct keys *keys = loading->keys;
    uint8_t *secret = keys->secrets + loading->secrets_used;
    const char *name, *text;
    uint32_t id;

    text_normalise_line(line);
    if (*line == '\0')
        return;
    if (!take_words(line, &id, &name, &text)) {
        log_warning(loading->log, "Could not parse key at line %d in file %s", number,
                    loading->path);
        return;
    }
    int length = decode(text, secret, keys->secrets_size - loading->secrets_used);
    const struct mac_type *type = mac_find_type(name);
    if (length <= 0)
        log_warning(loading->log, "Could not decode key %u", (unsigned)id);
    else if (type == NULL)
        log_warning(loading->log, "Invalid type in key %u", (unsigned)id);
    else if (type->length == 0)
        log_warning(loading->log, "Unsupported hash function in key %u", (unsigned)id);
    else if (type->key_length != 0 && type->key_length != length)
        log_warning(loading->log, "Invalid length of %s key %u (expected %d bits)", name,
                    (unsigned)id, type->key_length * 8);
    else if (keys->count == loading->capacity)
        loading->full = true;
    else {
        keys->list[keys->count++] =
            (struct key){.id = id, .length = (uint16_t)length, .secret = secret, .type = type};
        loading->secrets_used += (size_t)length;
    }
}

/* Bytes of the first line: up to and with its end, but no more than LINE_SIZE - 1. What is left of
 * a longer one is the next line. */
static size_t line_length(const char *text, size_t length) {
    size_t room = length < LINE_SIZE ? length : LINE_SIZE - 1;
    const char *end = memchr(text, '\n', room);

    return end != NULL ? (size_t)(end - text) + 1 : room;
}

/* Equal IDs stay in the order of their lines, which is that of their secrets. */
static int compare(const void *left, const void *right) {
    const struct key *a = left, *b = right;

    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->secret < b->secret ? -1 : a->secret > b->secret;
}

/* Memory for the keys of a text: no more than it has lines, no more secrets than letters. */
static bool make_room(struct loading *loading, const char *text, size_t length) {
    struct keys *keys = loading->keys;

    for (size_t at = 0; at < length && loading->capacity < KEYS_MAX; loading->capacity++)
        at += line_length(text + at, length - at);
    *keys = (struct keys){
        .list = malloc(((size_t)loading->capacity + 1) * sizeof(*keys->list)),
        .secrets = malloc(length + 1),
        .secrets_size = length,
    };
    return keys->list != NULL && keys->secrets != NULL;
}

bool keys_load(struct keys *keys, const char *text, size_t length, const char *path,
               const struct log *log) {
    struct loading loading = {.keys = keys, .path = path, .log = log};
    char line[LINE_SIZE];
    size_t size;
    int number = 0;

    if (!make_room(&loading, text, length)) {
        keys_free(keys);
        return false;
    }
    for (size_t at = 0; at < length; at += size) {
        size = line_length(text + at, length - at);
        memcpy(line, text + at, size);
        line[size] = '\0';
        take_line(&loading, line, ++number);
    }
    mbedtls_platform_zeroize(line, sizeof(line));
    if (loading.full)
        log_warning(log, "Too many keys in file %s, only %d are used", path, KEYS_MAX);
    qsort(keys->list, (size_t)keys->count, sizeof(*keys->list), compare);
    for (int i = 1; i < keys->count; i++) {
        if (keys->list[i].id == keys->list[i - 1].id)
            log_warning(log, "Detected duplicate key %u", (unsigned)keys->list[i].id);
    }
    return true;
}

void keys_free(struct keys *keys) {
    if (keys->secrets != NULL)
        mbedtls_platform_zeroize(keys->secrets, keys->secrets_size);
    free(keys->secrets);
    free(keys->list);
    *keys = (struct keys){0};
}

const struct key *keys_find(const struct keys *keys, uint32_t id) {
    int low = 0, high = keys->count; /* the last one with a lower or equal ID is before high */

    while (low < high) {
        int middle = low + (high - low) / 2;
        if (keys->list[middle].id <= id)
            low = middle + 1;
        else
            high = middle;
    }
    return high > 0 && keys->list[high - 1].id == id ? &keys->list[high - 1] : NULL;
}

void keys_check(const struct keys *keys, uint32_t id, const struct log *log) {
    const struct key *key = keys_find(keys, id);

    if (key == NULL)
        log_warning(log, "Key %u is missing", (unsigned)id);
    else if (key->length < KEYS_SECURE_LENGTH)
        log_warning(log, "Key %u is too short", (unsigned)id);
}

size_t keys_append_mac(const struct key *key, int version, uint8_t *bytes, size_t length) {
    size_t sent = mac_sent_length(key->type, version);
    size_t total = length + KEY_ID_SIZE + sent;
    uint8_t mac[MAC_MAX_LENGTH];

    CHECK(total <= NTP_PACKET_MAX_SIZE);
    bool computed = mac_compute(key->type, key->secret, key->length, bytes, length, mac);
    CHECK(computed);
    put_be32(bytes + length, key->id);
    memcpy(bytes + total - sent, mac, sent);
    return total;
}

const struct key *keys_verify(const struct keys *keys, int version, const uint8_t *bytes,
                              size_t length, size_t mac_length) {
    uint8_t mac[MAC_MAX_LENGTH];

    CHECK(mac_length <= length && length <= NTP_PACKET_MAX_SIZE);
    if (mac_length < KEY_ID_SIZE)
        return NULL;
    const uint8_t *tail = bytes + length - mac_length;
    const struct key *key = keys_find(keys, get_be32(tail));
    if (key == NULL || mac_length - KEY_ID_SIZE != mac_sent_length(key->type, version) ||
        !mac_compute(key->type, key->secret, key->length, bytes, length - mac_length, mac))
        return NULL;
    return mbedtls_ct_memcmp(tail + KEY_ID_SIZE, mac, mac_length - KEY_ID_SIZE) == 0 ? key : NULL;
}
