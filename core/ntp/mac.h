/* Message authentication codes of NTP: one row for each type of key that a key file can name, and
 * the code of some bytes under such a key. A digest's code is that of the key and the bytes behind
 * it (RFC 5905 section 7.3); AES's is its CMAC (RFC 4493, RFC 8573). */
#ifndef CHRONOBOX_NTP_MAC_H
#define CHRONOBOX_NTP_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAC_MAX_LENGTH     64   /* bytes of the longest code */
#define MAC_V4_MAX_LENGTH  20   /* bytes of it that a packet of version 4 has room for */
#define MAC_KEY_MAX_LENGTH 2047 /* bytes of the longest key: a line of the key file */

struct mac_type {
    char name[10];      /* in the key file and for keygen; upper case only */
    uint8_t number;     /* in reports (AUTH_DATA) */
    uint8_t length;     /* bytes of the whole code; 0 = known by name only, cannot be computed */
    uint8_t key_length; /* bytes that a key must have; 0 = any number */
};

#define MAC_TYPE_COUNT 13
extern const struct mac_type mac_types[MAC_TYPE_COUNT];

/* NULL: no type has this name. */
const struct mac_type *mac_find_type(const char *name);

/* Bytes of the code that a packet of this NTP version carries: the first MAC_V4_MAX_LENGTH in
 * version 4 (RFC 7822 section 7.5), all of them in the older ones. */
size_t mac_sent_length(const struct mac_type *type, int version);

/* The whole code, type->length bytes, of at most NTP_PACKET_MAX_SIZE bytes. The key has at most
 * MAC_KEY_MAX_LENGTH, and as many as the type demands. Takes no memory. False: the type cannot be
 * computed. */
bool mac_compute(const struct mac_type *type, const uint8_t *key, size_t key_length,
                 const uint8_t *bytes, size_t length, uint8_t mac[MAC_MAX_LENGTH]);

#endif
