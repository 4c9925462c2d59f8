/* Message authentication codes (mac.h): Mbed TLS's digests and its CMAC, which takes a few hundred
 * bytes of memory for the time of a packet. */
#include "core/ntp/mac.h"

#include <mbedtls/cmac.h>
#include <mbedtls/md5.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha3.h>
#include <mbedtls/sha512.h>
#include <string.h>

#include "core/base/check.h"
#include "core/wire/ntp.h"

/* As reports number them. */
enum {
    MD5 = 1,
    SHA1,
    SHA256,
    SHA384,
    SHA512,
    SHA3_224,
    SHA3_256,
    SHA3_384,
    SHA3_512,
    TIGER,
    WHIRLPOOL,
    AES128 = 13,
    AES256,
};

const struct mac_type mac_types[MAC_TYPE_COUNT] = {
    {"MD5", MD5, 16, 0},           {"SHA1", SHA1, 20, 0},          {"SHA256", SHA256, 32, 0},
    {"SHA384", SHA384, 48, 0},     {"SHA512", SHA512, 64, 0},      {"SHA3-224", SHA3_224, 28, 0},
    {"SHA3-256", SHA3_256, 32, 0}, {"SHA3-384", SHA3_384, 48, 0},  {"SHA3-512", SHA3_512, 64, 0},
    {"TIGER", TIGER, 0, 0},        {"WHIRLPOOL", WHIRLPOOL, 0, 0}, {"AES128", AES128, 16, 16},
    {"AES256", AES256, 16, 32},
};

const struct mac_type *mac_find_type(const char *name) {
    for (int i = 0; i < MAC_TYPE_COUNT; i++) {
        if (strcmp(mac_types[i].name, name) == 0)
            return &mac_types[i];
    }
    return NULL;
}

size_t mac_sent_length(const struct mac_type *type, int version) {
    return version == 4 && type->length > MAC_V4_MAX_LENGTH ? MAC_V4_MAX_LENGTH : type->length;
}

static int cmac(const uint8_t *key, size_t key_length, const uint8_t *bytes, size_t length,
                uint8_t *mac) {
    mbedtls_cipher_type_t cipher =
        key_length == 16 ? MBEDTLS_CIPHER_AES_128_ECB : MBEDTLS_CIPHER_AES_256_ECB;

    return mbedtls_cipher_cmac(mbedtls_cipher_info_from_type(cipher), key, key_length * 8, bytes,
                               length, mac);
}

bool mac_compute(const struct mac_type *type, const uint8_t *key, size_t key_length,
                 const uint8_t *bytes, size_t length, uint8_t mac[MAC_MAX_LENGTH]) {
    uint8_t input[MAC_KEY_MAX_LENGTH + NTP_PACKET_MAX_SIZE];
    size_t total = key_length + length;
    int error = -1;

    CHECK(total <= sizeof(input));
    memcpy(input, key, key_length);
    memcpy(input + key_length, bytes, length);
    switch (type->number) {
    case MD5:
        error = mbedtls_md5(input, total, mac);
        break;
    case SHA1:
        error = mbedtls_sha1(input, total, mac);
        break;
    case SHA256:
        error = mbedtls_sha256(input, total, mac, 0);
        break;
    case SHA384:
    case SHA512:
        error = mbedtls_sha512(input, total, mac, type->number == SHA384);
        break;
    case SHA3_224:
    case SHA3_256:
    case SHA3_384:
    case SHA3_512:
        error = mbedtls_sha3((mbedtls_sha3_id)(MBEDTLS_SHA3_224 + type->number - SHA3_224), input,
                             total, mac, type->length);
        break;
    case AES128:
    case AES256:
        error = cmac(key, key_length, bytes, length, mac);
        break;
    default:
        break;
    }
    mbedtls_platform_zeroize(input, key_length);
    return error == 0;
}
