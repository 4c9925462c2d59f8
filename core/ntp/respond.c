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

/* The fields that are answered (facts H.11), both of one length. */
#define FIELD_EXPERIMENTAL 0xf323
#define FIELD_CORRECTION   0x010a /* of the network: what is not measured is 0 */
#define FIELD_SIZE         (RESPOND_FIELDS_SIZE / 2)
#define FIELD_MAGIC        0xf5bedd9au
#define FIELD_FRACTION     268435456.0 /* 4.28 fixed point */

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

unsigned respond_version(const uint8_t request[NTP_HEADER_SIZE]) {
    return (request[AT_FLAGS] & VERSION_MASK) >> VERSION_SHIFT;
}

enum request_kind respond_kind(const uint8_t *bytes, size_t length, uint16_t remote_port) {
    unsigned version;

    if (length < NTP_HEADER_SIZE || length > NTP_PACKET_MAX_SIZE || length % 4 != 0)
        return REQUEST_INVALID;
    version = respond_version(bytes);
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
                                   struct ntp_layout *layout) {
    enum request_kind kind = respond_kind(bytes, length, remote_port);
    struct ntp_header header;

    *layout = (struct ntp_layout){0};
    if (kind == REQUEST_INVALID || length == NTP_HEADER_SIZE)
        return kind;
    ntp_header_decode(bytes, &header);
    if (!ntp_split(bytes, length, &header, layout) ||
        wants_nts(bytes + NTP_HEADER_SIZE, bytes + NTP_HEADER_SIZE + layout->extensions_length))
        return REQUEST_INVALID;
    return kind;
}

ntp_time_t respond_interleaved_origin(const uint8_t request[NTP_HEADER_SIZE]) {
    ntp_time_t origin = get_be64(request + AT_ORIGIN_TIME);
    bool wanted =
        (origin & 1) != 0 && respond_version(request) == MAX_VERSION &&
        memcmp(request + AT_RECEIVE_TIME, request + AT_TRANSMIT_TIME, sizeof(ntp_time_t)) != 0;

    return wanted ? origin : 0;
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
static void put_times(const struct answer *answer, ntp_time_t origin, int precision, uint64_t noise,
                      uint8_t *bytes) {
    uint32_t fuzz = ntp_time_noise_mask(precision);
    ntp_time_t receive = (answer->receive & ~(ntp_time_t)fuzz) | (noise & fuzz) | 1;
    ntp_time_t transmit = (answer->transmit & ~(ntp_time_t)(fuzz | 1)) | (noise >> 32 & fuzz & ~1U);

    if (transmit == origin)
        transmit ^= 2;
    put_be64(bytes + AT_ORIGIN_TIME, origin);
    put_be64(bytes + AT_RECEIVE_TIME, receive);
    put_be64(bytes + AT_TRANSMIT_TIME, transmit);
}

void respond_encode(const uint8_t request[NTP_HEADER_SIZE], const struct answer *answer,
                    const struct served_image *image, uint64_t noise,
                    uint8_t bytes[NTP_HEADER_SIZE]) {
    ntp_time_t origin =
        get_be64(request + (answer->interleaved ? AT_RECEIVE_TIME : AT_TRANSMIT_TIME));
    unsigned mode = answer->kind == REQUEST_ACTIVE ? NTP_MODE_PASSIVE : NTP_MODE_SERVER;
    uint8_t flags = request[AT_FLAGS];
    int8_t poll = (int8_t)request[AT_POLL];

    memcpy(bytes, image->bytes, sizeof(image->bytes));
    bytes[AT_FLAGS] = (uint8_t)(bytes[AT_FLAGS] | (flags & VERSION_MASK) | mode);
    bytes[AT_POLL] = (uint8_t)(poll < answer->min_poll ? answer->min_poll : poll);
    if (answer->kod != 0) {
        bytes[AT_FLAGS] |= (uint8_t)(NTP_LEAP_UNSYNCHRONISED << LEAP_SHIFT);
        bytes[AT_STRATUM] = 0;
        put_be32(bytes + AT_REFERENCE_ID, answer->kod);
    }
    put_times(answer, origin, (int8_t)image->bytes[AT_PRECISION], noise, bytes);
}

ntp_time_t respond_receive_time(const uint8_t bytes[NTP_HEADER_SIZE]) {
    return get_be64(bytes + AT_RECEIVE_TIME);
}

/* Up, like the header's. */
static uint32_t fixed_point(double seconds) {
    double scaled = seconds * FIELD_FRACTION;
    uint32_t value = scaled < UINT32_MAX ? (uint32_t)scaled : UINT32_MAX;

    return value < scaled && value < UINT32_MAX ? value + 1 : value;
}

static bool put_field(const uint8_t *asked, const struct served_fields *served, uint8_t *field) {
    unsigned type = get_be16(asked);
    bool experimental = type == FIELD_EXPERIMENTAL && get_be32(asked + 4) == FIELD_MAGIC;

    if (get_be16(asked + 2) != FIELD_SIZE || !(experimental || type == FIELD_CORRECTION))
        return false;
    memset(field, 0, FIELD_SIZE);
    memcpy(field, asked, 4);
    if (experimental) {
        put_be32(field + 4, FIELD_MAGIC);
        put_be32(field + 8, fixed_point(served->root_delay));
        put_be32(field + 12, fixed_point(served->root_dispersion));
        put_be64(field + 16, ntp_time_from_ns(served->monotonic_receive));
        put_be32(field + 24, served->monotonic_epoch);
    }
    return true;
}

size_t respond_extend(const uint8_t *request, const struct ntp_layout *layout,
                      const struct served_fields *served, uint8_t *bytes) {
    const uint8_t *field = request + NTP_HEADER_SIZE, *end = field + layout->extensions_length;
    size_t length = NTP_HEADER_SIZE;

    for (; field < end; field += get_be16(field + 2)) {
        bool again =
            length > NTP_HEADER_SIZE && get_be16(field) == get_be16(bytes + length - FIELD_SIZE);

        if (length < NTP_HEADER_SIZE + RESPOND_FIELDS_SIZE && !again &&
            put_field(field, served, bytes + length))
            length += FIELD_SIZE;
    }
    return length;
}

void respond_broadcast(const struct served_image *image, int poll, ns_t transmit,
                       struct random *random, uint8_t bytes[NTP_HEADER_SIZE]) {
    memset(bytes, 0, NTP_HEADER_SIZE);
    memcpy(bytes, image->bytes, sizeof(image->bytes));
    bytes[AT_FLAGS] |= MAX_VERSION << VERSION_SHIFT | NTP_MODE_BROADCAST;
    bytes[AT_POLL] = (uint8_t)poll;
    put_be64(bytes + AT_TRANSMIT_TIME,
             ntp_time_fuzz(ntp_time_from_ns(transmit), (int8_t)image->bytes[AT_PRECISION],
                           random_u32(random)));
}

struct ntp_header respond_build(const struct ntp_header *request, enum request_kind kind,
                                const struct served_reference *reference, ns_t receive,
                                ns_t transmit, int min_poll, uint32_t kod, struct random *random) {
    struct answer answer = {
        .kind = kind,
        .min_poll = min_poll,
        .kod = kod,
        .receive = ntp_time_from_ns(receive),
        .transmit = ntp_time_from_ns(transmit),
    };
    uint8_t asked[NTP_HEADER_SIZE], bytes[NTP_HEADER_SIZE];
    struct served_image image;
    struct ntp_header header;

    ntp_header_encode(request, asked);
    respond_prepare(reference, &image);
    respond_encode(asked, &answer, &image, random_u64(random), bytes);
    ntp_header_decode(bytes, &header);
    return header;
}
