/* The NTP header byte by byte, the cutting of a datagram's tail, and the one place where eras are
 * resolved. */
#include "core/wire/ntp.h"

#include "core/base/bytes.h"

/* 1900-01-01 to 1970-01-01 (RFC 5905 figure 4). */
#define SECONDS_1900_TO_1970 INT64_C(2208988800)

#define SHORT_FRACTION 65536.0

/* RFC 7822 section 7.5.1: a field has at least 16 bytes, and the last one of a packet without MAC
 * at least 28: in version 4 a MAC has 20 to 24, so that the length tells them apart. Older versions
 * know a MAC only, of any digest. */
#define EXTENSION_MIN_LENGTH 16
#define MAC_KEY_ID_LENGTH    4
#define MAC_MIN_LENGTH       (MAC_KEY_ID_LENGTH + 16)
#define MAC_V4_MAX_LENGTH    (MAC_KEY_ID_LENGTH + 20)
#define MAC_V3_MAX_LENGTH    (MAC_KEY_ID_LENGTH + 64)

static double short_decode(const uint8_t *from) {
    return get_be32(from) / SHORT_FRACTION;
}

/* Up, so that nobody downstream believes in a smaller distance than ours. */
static void short_encode(double seconds, uint8_t *to) {
    double scaled = seconds * SHORT_FRACTION;
    uint32_t value = 0;

    if (scaled >= UINT32_MAX)
        value = UINT32_MAX;
    else if (scaled > 0.0)
        value = (uint32_t)scaled;
    if (value < scaled && value < UINT32_MAX)
        value++;
    put_be32(to, value);
}

void ntp_header_decode(const uint8_t bytes[NTP_HEADER_SIZE], struct ntp_header *header) {
    *header = (struct ntp_header){
        .leap = bytes[0] >> 6,
        .version = bytes[0] >> 3 & 7,
        .mode = bytes[0] & 7,
        .stratum = bytes[1],
        .poll = (int8_t)bytes[2],
        .precision = (int8_t)bytes[3],
        .root_delay = short_decode(bytes + 4),
        .root_dispersion = short_decode(bytes + 8),
        .reference_id = get_be32(bytes + 12),
        .reference_time = get_be64(bytes + 16),
        .origin_time = get_be64(bytes + 24),
        .receive_time = get_be64(bytes + 32),
        .transmit_time = get_be64(bytes + 40),
    };
}

void ntp_header_encode(const struct ntp_header *header, uint8_t bytes[NTP_HEADER_SIZE]) {
    bytes[0] = (uint8_t)((header->leap & 3) << 6 | (header->version & 7) << 3 | (header->mode & 7));
    bytes[1] = header->stratum;
    bytes[2] = (uint8_t)header->poll;
    bytes[3] = (uint8_t)header->precision;
    short_encode(header->root_delay, bytes + 4);
    short_encode(header->root_dispersion, bytes + 8);
    put_be32(bytes + 12, header->reference_id);
    put_be64(bytes + 16, header->reference_time);
    put_be64(bytes + 24, header->origin_time);
    put_be64(bytes + 32, header->receive_time);
    put_be64(bytes + 40, header->transmit_time);
}

/* The length of the extension field at `field`, 0 when it is none that fits into `room` bytes. */
static size_t extension_length(const uint8_t *field, size_t room) {
    size_t length = get_be16(field + 2);
    bool fits = length >= EXTENSION_MIN_LENGTH && length <= room && length % 4 == 0;
    return fits ? length : 0;
}

bool ntp_split(const uint8_t *bytes, size_t length, const struct ntp_header *header,
               struct ntp_layout *layout) {
    bool has_extensions = header->version == 4;
    size_t mac_max = has_extensions ? MAC_V4_MAX_LENGTH : MAC_V3_MAX_LENGTH;
    size_t at = NTP_HEADER_SIZE;

    if (length < NTP_HEADER_SIZE || length > NTP_PACKET_MAX_SIZE || length % 4 != 0)
        return false;
    while (at < length) {
        size_t left = length - at;
        if (left < MAC_MIN_LENGTH)
            return false;
        if (left <= mac_max)
            break;
        size_t field = has_extensions ? extension_length(bytes + at, left) : 0;
        if (field == 0)
            return false;
        at += field;
    }
    layout->extensions_length = at - NTP_HEADER_SIZE;
    layout->mac_length = length - at;
    return true;
}

/* Saturates: an instant may lie up to 68 years behind what ns_t can hold. */
ns_t ntp_time_to_ns(ntp_time_t time, ns_t near) {
    int64_t near_seconds = ns_floor_seconds(near);
    uint32_t ahead = (uint32_t)(time >> 32) - (uint32_t)(near_seconds + SECONDS_1900_TO_1970);
    int64_t seconds = near_seconds + (int32_t)ahead;
    uint64_t fraction = time & UINT32_MAX;
    int64_t nanoseconds = (int64_t)((fraction * (uint64_t)NS_PER_S + (UINT64_C(1) << 31)) >> 32);
    ns_t result;

    if (__builtin_mul_overflow(seconds, NS_PER_S, &result) ||
        __builtin_add_overflow(result, nanoseconds, &result))
        return seconds < 0 ? -INT64_MAX : INT64_MAX;
    return result;
}

ntp_time_t ntp_time_from_ns(ns_t time) {
    int64_t seconds = ns_floor_seconds(time);
    int64_t nanoseconds = time % NS_PER_S;
    if (nanoseconds < 0)
        nanoseconds += NS_PER_S;
    uint64_t fraction = (((uint64_t)nanoseconds << 32) + NS_PER_S / 2) / NS_PER_S;
    ntp_time_t result = (uint64_t)(seconds + SECONDS_1900_TO_1970) << 32 | fraction;
    return result != 0 ? result : 1;
}

ntp_time_t ntp_time_fuzz(ntp_time_t time, int precision, uint32_t noise) {
    uint32_t mask = ntp_time_noise_mask(precision);
    if (time == 0 || mask == 0)
        return time;
    ntp_time_t result = (time & ~(ntp_time_t)mask) | (noise & mask);
    return result != 0 ? result : 1;
}
