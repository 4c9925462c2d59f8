/* The answer to a request. Nothing is remembered between two of them and nothing but the bytes is
 * looked at, so it can be run by as many threads as there are. RFC 5905 section 9.2, RFC 9769
 * section 2. */
#include "core/ntp/respond.h"

#include <string.h>

#include "core/base/bytes.h"

#define MIN_VERSION 1
#define MAX_VERSION 4

/* Where the fields of a header are. */
#define AT_FLAGS         0
#define AT_STRATUM       1
#define AT_POLL          2
#define AT_PRECISION     3
#define AT_REFERENCE_ID  12
#define AT_ORIGIN_TIME   24
#define AT_RECEIVE_TIME  32
#define AT_TRANSMIT_TIME 40

#define NTS_FIRST_FIELD 0x0104
#define NTS_LAST_FIELD  0x0404

#define LEAP_SHIFT    6
#define VERSION_SHIFT 3
#define VERSION_MASK  0x38
#define MODE_MASK     0x07

static enum request_kind kind_of_mode(unsigned mode, unsigned version, uint16_t remote_port) {
    switch (mode) {
    case NTP_MODE_CLIENT:
        return REQUEST_CLIENT;
    case NTP_MODE_ACTIVE:
        return REQUEST_ACTIVE;
    case NTP_MODE_UNSPECIFIED:
        /* RFC 1059 clients; from port 123 it would be another server. */
        return version == 1 && remote_port != NTP_PORT ? REQUEST_CLIENT : REQUEST_INVALID;
    default:
        return REQUEST_INVALID;
    }
}

enum request_kind respond_kind(const uint8_t *bytes, size_t length, uint16_t remote_port) {
    unsigned version;

    if (length < NTP_HEADER_SIZE || length > NTP_PACKET_MAX_SIZE || length % 4 != 0)
        return REQUEST_INVALID;
    version = (bytes[AT_FLAGS] & VERSION_MASK) >> VERSION_SHIFT;
    if (version < MIN_VERSION || version > MAX_VERSION)
        return REQUEST_INVALID;
    return kind_of_mode(bytes[AT_FLAGS] & MODE_MASK, version, remote_port);
}

/* The fields of Network Time Security (RFC 8915 section 5.7) ask for an answer that is
 * authenticated. */
static bool wants_nts(const uint8_t *field, const uint8_t *end) {
    while (field < end) {
        unsigned type = get_be16(field);

        if ((type & 0xff) == 0x04 && type >= NTS_FIRST_FIELD && type <= NTS_LAST_FIELD)
            return true;
        field += get_be16(field + 2);
    }
    return false;
}

enum request_kind respond_classify(const uint8_t *bytes, size_t length, uint16_t remote_port,
                                   struct ntp_header *header, struct ntp_layout *layout) {
    enum request_kind kind = respond_kind(bytes, length, remote_port);

    if (kind == REQUEST_INVALID)
        return kind;
    ntp_header_decode(bytes, header);
    if (!ntp_split(bytes, length, header, layout) || layout->mac_length != 0 ||
        wants_nts(bytes + NTP_HEADER_SIZE, bytes + NTP_HEADER_SIZE + layout->extensions_length))
        return REQUEST_INVALID;
    return kind;
}

/* The image is a whole header's first half; the other half is the request's own. */
void respond_prepare(const struct served_reference *reference, struct served_image *image) {
    uint8_t bytes[NTP_HEADER_SIZE];
    struct ntp_header header = {
        .leap = (uint8_t)reference->leap,
        .stratum = (uint8_t)(reference->stratum < NTP_MAX_STRATUM ? reference->stratum : 0),
        .precision = (int8_t)reference->precision,
        .root_delay = reference->root_delay,
        .root_dispersion = reference->root_dispersion,
        .reference_id = reference->reference_id,
        .reference_time =
            reference->reference_time == 0 ? 0 : ntp_time_from_ns(reference->reference_time),
    };

    ntp_header_encode(&header, bytes);
    memcpy(image->bytes, bytes, sizeof(image->bytes));
}

/* The low bits tell the two kinds of stamps apart, by which an interleaved request is known (RFC
 * 9769 section 2); they also keep receive and transmit different. The origin is compared because a
 * client may have chosen the same stamp. */
static void put_times(const struct answer *answer, const uint8_t *origin, int precision,
                      struct random *random, uint8_t *bytes) {
    uint64_t noise = random_u64(random);
    ntp_time_t receive =
        ntp_time_fuzz(ntp_time_from_ns(answer->receive), precision, (uint32_t)noise) | 1;
    ntp_time_t transmit =
        ntp_time_fuzz(ntp_time_from_ns(answer->transmit), precision, (uint32_t)(noise >> 32)) &
        ~(ntp_time_t)1;

    if (transmit == get_be64(origin))
        transmit ^= 2;
    memcpy(bytes + AT_ORIGIN_TIME, origin, sizeof(ntp_time_t));
    put_be64(bytes + AT_RECEIVE_TIME, receive);
    put_be64(bytes + AT_TRANSMIT_TIME, transmit);
}

void respond_encode(const uint8_t request[NTP_HEADER_SIZE], const struct answer *answer,
                    const struct served_image *image, struct random *random,
                    uint8_t bytes[NTP_HEADER_SIZE]) {
    const uint8_t *origin = request + (answer->interleaved ? AT_RECEIVE_TIME : AT_TRANSMIT_TIME);
    unsigned mode = answer->kind == REQUEST_ACTIVE ? NTP_MODE_PASSIVE : NTP_MODE_SERVER;
    int8_t poll = (int8_t)request[AT_POLL];

    memcpy(bytes, image->bytes, sizeof(image->bytes));
    bytes[AT_FLAGS] = (uint8_t)(bytes[AT_FLAGS] | (request[AT_FLAGS] & VERSION_MASK) | mode);
    bytes[AT_POLL] = (uint8_t)(poll < answer->min_poll ? answer->min_poll : poll);
    if (answer->kod != 0) {
        bytes[AT_FLAGS] |= (uint8_t)(NTP_LEAP_UNSYNCHRONISED << LEAP_SHIFT);
        bytes[AT_STRATUM] = 0;
        put_be32(bytes + AT_REFERENCE_ID, answer->kod);
    }
    put_times(answer, origin, (int8_t)image->bytes[AT_PRECISION], random, bytes);
}

struct ntp_header respond_build(const struct ntp_header *request, enum request_kind kind,
                                const struct served_reference *reference, ns_t receive,
                                ns_t transmit, int min_poll, uint32_t kod, struct random *random) {
    struct answer answer = {
        .kind = kind, .min_poll = min_poll, .kod = kod, .receive = receive, .transmit = transmit};
    uint8_t asked[NTP_HEADER_SIZE], bytes[NTP_HEADER_SIZE];
    struct served_image image;
    struct ntp_header header;

    ntp_header_encode(request, asked);
    respond_prepare(reference, &image);
    respond_encode(asked, &answer, &image, random, bytes);
    ntp_header_decode(bytes, &header);
    return header;
}
