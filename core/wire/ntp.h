/* The NTP packet: header, the 64-bit timestamps and their eras, and where extension fields and MAC
 * lie. RFC 5905 section 7.3 (header), RFC 7822 (extension fields and MAC). */
#ifndef CHRONOBOX_WIRE_NTP_H
#define CHRONOBOX_WIRE_NTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/time.h"

#define NTP_HEADER_SIZE     48
#define NTP_PACKET_MAX_SIZE 1140 /* longest datagram that is looked at */
#define NTP_PORT            123
#define NTP_MAX_STRATUM     16

enum ntp_mode {
    NTP_MODE_UNSPECIFIED = 0,
    NTP_MODE_ACTIVE = 1,
    NTP_MODE_PASSIVE = 2,
    NTP_MODE_CLIENT = 3,
    NTP_MODE_SERVER = 4,
    NTP_MODE_BROADCAST = 5,
};

enum ntp_leap {
    NTP_LEAP_NONE = 0,
    NTP_LEAP_INSERT = 1,
    NTP_LEAP_DELETE = 2,
    NTP_LEAP_UNSYNCHRONISED = 3
};

/* 32.32 fixed point seconds since 1900 of some era; 0 means unknown. Compared for identity,
 * converted once. */
typedef uint64_t ntp_time_t;

struct ntp_header {
    uint8_t leap;           /* enum ntp_leap */
    uint8_t version;        /* 0..7 */
    uint8_t mode;           /* enum ntp_mode or 6, 7 */
    uint8_t stratum;        /* as on the wire: 0 = unspecified or KoD */
    int8_t poll;            /* log2 s */
    int8_t precision;       /* log2 s */
    double root_delay;      /* s, 16.16 on the wire, encoding rounds up */
    double root_dispersion; /* s, the same */
    uint32_t reference_id;
    ntp_time_t reference_time;
    ntp_time_t origin_time;
    ntp_time_t receive_time;
    ntp_time_t transmit_time;
};

void ntp_header_decode(const uint8_t bytes[NTP_HEADER_SIZE], struct ntp_header *header);
void ntp_header_encode(const struct ntp_header *header, uint8_t bytes[NTP_HEADER_SIZE]);

/* Where the parts of a datagram are. */
struct ntp_layout {
    size_t extensions_length; /* bytes of extension fields, right behind the header */
    size_t mac_length;        /* 0, or key id (4) + digest; the MAC is the end of the datagram */
};

/* Splits a datagram of the given length. header->version decides: 4 has extension fields of at
 * least 16 bytes and a MAC of 20 or 24, a tail of such a length always being one (RFC 7822
 * section 7.5.1; so does chrony); all others have a MAC of 20 to 68 bytes or nothing. False: not an
 * acceptable length or a malformed tail. */
bool ntp_split(const uint8_t *bytes, size_t length, const struct ntp_header *header,
               struct ntp_layout *layout);

/* Era-aware conversions: the wire's 32-bit seconds are read as the instant within 2^31 s of `near`.
 * 0, which means unknown, is the caller's to recognise before; no instant is converted to it. To
 * the nanosecond and back is exact. */
ns_t ntp_time_to_ns(ntp_time_t time, ns_t near);
ntp_time_t ntp_time_from_ns(ns_t time);

/* Those of the lower 32 bits that a clock of this precision (log2 s, -32..0; clamped) does not
 * have. */
static inline uint32_t ntp_time_noise_mask(int precision) {
    return precision <= -32 ? 0 : UINT32_MAX >> (precision < 0 ? -precision : 0);
}

/* Replaces the bits of time below 2^precision s (-32..0; clamped) by those of `noise`, so that the
 * bits that the clock does not have cannot be foreseen. An unknown time stays 0, no other becomes
 * it. */
ntp_time_t ntp_time_fuzz(ntp_time_t time, int precision, uint32_t noise);

#endif
