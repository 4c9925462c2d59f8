/* What chronobox takes of Mbed TLS 3.6: the digests and the one cipher that NTP authentication
 * knows. MD5 also makes reference IDs of IPv6 addresses (RFC 5905 section 7.3). No TLS, no files,
 * no stdio, no entropy source of its own; no layer above the digests, whose
 * tables would name them all. scripts/deps puts this file in the place of the library's
 * own mbedtls/mbedtls_config.h. */
#ifndef CHRONOBOX_MBEDTLS_CONFIG_H
#define CHRONOBOX_MBEDTLS_CONFIG_H

#define MBEDTLS_MD5_C
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_SHA3_C
#define MBEDTLS_AES_C
#define MBEDTLS_CIPHER_C
#define MBEDTLS_CMAC_C

/* Size over speed: a key is used a few times a second, not a few million. AES's tables are made
 * when its first key is, in memory that costs the file nothing; with fewer of them the code is
 * larger. */
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA512_SMALLER
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT

#endif
