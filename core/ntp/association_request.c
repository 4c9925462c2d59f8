/* The requests that an association sends. A client's tells nothing of our time: its transmit stamp
 * is random and the rest is zero, so that only who saw it can answer. A peer's tells all that an
 * answer would (RFC 5905 section 9.2, RFC 9769 section 3). */
#include "core/ntp/association.h"
#include "core/ntp/polling.h"
#include "core/wire/extension.h"

#define DEFAULT_VERSION   4
#define LONG_MAC_VERSION  3  /* has room for the whole of a code longer than version 4's */
#define REQUEST_PRECISION 32 /* no clock has it: nothing is said */
#define MAX_UNANSWERED    4  /* interleaved requests; then a basic one starts anew */

static ntp_time_t random_stamp(struct random *random, ntp_time_t not_this) {
    ntp_time_t stamp;

    do
        stamp = random_u64(random);
    while (stamp == 0 || stamp == not_this);
    return stamp;
}

static uint8_t choose_version(const struct source_config *config, const struct key *key) {
    if (config->version != 0)
        return (uint8_t)config->version;
    return key != NULL && key->type->length > MAC_V4_MAX_LENGTH && !config->xleave &&
                   config->extensions == 0
               ? LONG_MAC_VERSION
               : DEFAULT_VERSION;
}

static void fill_client(const struct association *association, struct random *random,
                        struct ntp_header *header) {
    bool interleaved = association->config.xleave && association->previous.known &&
                       association->unanswered < MAX_UNANSWERED;

    header->mode = NTP_MODE_CLIENT;
    header->precision = REQUEST_PRECISION;
    header->transmit_time = random_stamp(random, association->request_transmit);
    if (interleaved) {
        header->origin_time = association->previous.remote_receive;
        header->receive_time = random_stamp(random, header->transmit_time);
    }
}

/* Interleaved only where the peer cannot take the stamps for those of another exchange: it has
 * answered the last packet, which was the only one since it answered before. No two receive stamps
 * are the same, so that an interleaved answer tells which packet it is to. */
static void fill_peer(const struct association *association, const struct request_context *context,
                      struct random *random, struct ntp_header *header) {
    const struct served_reference *served = &context->served;
    const struct exchange *previous = &association->previous;
    bool interleaved = association->config.xleave && association->alternating &&
                       !association->response_pending && association->transmit.source != 0;
    ns_t transmit = interleaved ? association->transmit_ntp : context->ntp;

    header->leap = (uint8_t)served->leap;
    header->mode = NTP_MODE_ACTIVE;
    header->stratum = (uint8_t)(served->stratum < NTP_MAX_STRATUM ? served->stratum : 0);
    header->precision = (int8_t)served->precision;
    header->root_delay = served->root_delay;
    header->root_dispersion = served->root_dispersion;
    header->reference_id = served->reference_id;
    if (served->reference_time != 0)
        header->reference_time = ntp_time_from_ns(served->reference_time);
    if (previous->known) {
        header->origin_time = interleaved ? association->last_receive : association->last_transmit;
        header->receive_time = ntp_time_fuzz(ntp_time_from_ns(previous->receive_ntp),
                                             served->precision, random_u32(random)) |
                               1;
        if (header->receive_time == association->request_receive)
            header->receive_time ^= 2;
    }
    header->transmit_time =
        ntp_time_fuzz(ntp_time_from_ns(transmit), served->precision, random_u32(random)) &
        ~(ntp_time_t)1;
    if (header->transmit_time == header->origin_time)
        header->transmit_time ^= 2;
}

static void note_request(struct association *association, const struct ntp_header *header) {
    association->request_transmit = header->transmit_time;
    association->request_receive = association->config.xleave ? header->receive_time : 0;
    association->transmit = (struct timestamp){0};
    association->response_pending = true;
    association->unanswered++;
}

size_t association_request(struct association *association, const struct request_context *context,
                           struct random *random, uint8_t *bytes) {
    const struct source_config *config = &association->config;
    const struct key *key = config->key != 0 ? keys_find(association->keys, config->key) : NULL;
    struct ntp_header header = {.version = choose_version(config, key)};
    int own_stratum = context->served.stratum > 0 ? context->served.stratum : NTP_MAX_STRATUM;
    size_t length = NTP_HEADER_SIZE;

    polling_begin(association, context->selected);
    header.poll = (int8_t)association->poll;
    if (config->type == SOURCE_PEER)
        fill_peer(association, context, random, &header);
    else
        fill_client(association, random, &header);
    association->peer_follows = association->stratum > own_stratum;
    note_request(association, &header);
    polling_schedule(association, context->monotonic, random);
    if (config->key != 0 && key == NULL)
        return 0;
    association->counters.transmitted++;
    ntp_header_encode(&header, bytes);
    if (header.version == 4 && (config->extensions & EXTENSION_EXPERIMENTAL_F323) != 0)
        length += extension_put(EXTENSION_TYPE_F323, bytes + length);
    if (header.version == 4 && (config->extensions & EXTENSION_NETWORK_CORRECTION) != 0)
        length += extension_put(EXTENSION_CORRECTION, bytes + length);
    return key != NULL ? keys_append_mac(key, header.version, bytes, length) : length;
}
