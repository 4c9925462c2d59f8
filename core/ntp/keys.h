/* Symmetric keys: what a key file says, as a value, and packets authenticated with them. Who reads
 * the file and when, and what its permissions should be, is the caller's. */
#ifndef CHRONOBOX_NTP_KEYS_H
#define CHRONOBOX_NTP_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/log.h"
#include "core/ntp/mac.h"

#define KEYS_MAX           65536
#define KEYS_MAC_MAX_SIZE  (4 + MAC_MAX_LENGTH) /* bytes: key ID and code */
#define KEYS_SECURE_LENGTH 10                   /* bytes; a shorter key is warned of */

struct key {
    uint32_t id;
    uint16_t length; /* of secret, bytes: 1..MAC_KEY_MAX_LENGTH */
    const uint8_t *secret;
    const struct mac_type *type;
};

/* All zero: no keys. */
struct keys {
    int count;
    struct key *list; /* in the order of their IDs */
    uint8_t *secrets;
    size_t secrets_size;
};

/* The keys of a file's text (no NUL needed behind it) into `keys`, which holds none. A line is
 * `ID [TYPE] [ASCII:|HEX:]KEY`, MD5 when there is no type; comments, white space and the length of
 * a line are as in the configuration. What is wrong with a line is logged as a warning, with `path`
 * as the file's name, and the line skipped. Of several keys with one ID, logged too, the last
 * counts. False: no memory, and no keys. */
bool keys_load(struct keys *keys, const char *text, size_t length, const char *path,
               const struct log *log);

/* Wipes and gives back what keys_load took; the store is then empty. */
void keys_free(struct keys *keys);

/* NULL: there is none. */
const struct key *keys_find(const struct keys *keys, uint32_t id);

/* Warns when the key that a source is to use is missing or too short to be safe. */
void keys_check(const struct keys *keys, uint32_t id, const struct log *log);

/* Puts key ID and code behind a packet of `length` bytes and of the given NTP version; there is
 * room for KEYS_MAC_MAX_SIZE more, and no more than NTP_PACKET_MAX_SIZE in all. Returns the new
 * length. */
size_t keys_append_mac(const struct key *key, int version, uint8_t *bytes, size_t length);

/* The key with which a datagram is rightly authenticated. length, at most NTP_PACKET_MAX_SIZE, is
 * that of all of it; its last mac_length bytes, of struct ntp_layout, are key ID and code. NULL:
 * there are none, the key is unknown, the code wrong or not exactly as long as the version has it.
 * How long the comparison takes does not tell how much of the code is right. */
const struct key *keys_verify(const struct keys *keys, int version, const uint8_t *bytes,
                              size_t length, size_t mac_length);

#endif
