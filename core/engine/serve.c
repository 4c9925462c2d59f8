/* Answering NTP clients (serve.h): what stands between a datagram and its answer, in order. */
#include "core/engine/serve.h"

#include "core/engine/reference.h"
#include "core/engine/sources.h"

#define LOWEST_POLL (-19) /* of the polls echoed in answers, also when requests are not limited */

static void open_server(struct engine *engine, int slot, int family, const struct address *local) {
    struct socket_request request = {
        .kind = SOCKET_SERVER,
        .family = family,
        .local = *local,
        .port = engine->config->port,
        .device = engine->config->bind_device,
        .dscp = engine->config->dscp,
    };
    struct endpoint endpoint = {*local, (uint16_t)request.port};
    char text[ADDRESS_TEXT_SIZE];
    int socket = engine->host->open_socket(engine->host->context, &request);

    if (!engine_own_socket(engine, socket, OWNER_SERVER, NULL)) {
        endpoint.address.family = (uint16_t)family;
        log_error(engine_log(engine), "Could not open NTP socket on %s",
                  endpoint_format(&endpoint, text));
        return;
    }
    engine->server_sockets[slot] = socket;
}

static bool family_wanted(const struct engine *engine, int family) {
    bool wanted = access_any_allowed(engine->ntp_access, family);

    for (int i = 0; i < engine->config->broadcast_count; i++)
        wanted |= engine->config->broadcasts[i].destination.address.family == family;
    for (int i = 0; i < engine->source_count; i++) {
        const struct association *association = &engine->sources[i]->association;

        wanted |=
            association->config.type == SOURCE_PEER && association->remote.address.family == family;
    }
    return wanted && engine->config->port > 0 &&
           (engine->options.family == ADDRESS_NONE || engine->options.family == family);
}

void serve_update_sockets(struct engine *engine) {
    static const int families[2] = {ADDRESS_IPV4, ADDRESS_IPV6};
    const struct address *locals[2] = {&engine->config->bind_address4,
                                       &engine->config->bind_address6};

    for (int i = 0; i < 2; i++) {
        bool wanted = family_wanted(engine, families[i]);

        if (wanted && engine->server_sockets[i] < 0)
            open_server(engine, i, families[i], locals[i]);
        else if (!wanted)
            engine_close_socket(engine, &engine->server_sockets[i]);
    }
}

static void count_timestamps(struct counters *counters, enum timestamp_source received,
                             bool kernel_transmit) {
    counters->kernel_receive += received == TIMESTAMP_KERNEL;
    counters->hw_receive += received == TIMESTAMP_HARDWARE;
    counters->daemon_receive += received == TIMESTAMP_DAEMON;
    counters->kernel_transmit += kernel_transmit;
    counters->daemon_transmit += !kernel_transmit;
}

/* What the client log says of this request: a poll to echo at least, and whether to answer at all.
 */
static enum limit_verdict limit(struct engine *engine, const struct packet *packet) {
    int index;

    if (engine->client_log == NULL)
        return LIMIT_PASS;
    index = client_log_hit(engine->client_log, &packet->remote.address, SERVICE_NTP,
                           engine_monotonic(engine));
    return client_log_limit(engine->client_log, index, SERVICE_NTP, &engine->random);
}

/* A request on its way to its answer. */
struct serving {
    const struct packet *packet;
    struct ntp_layout layout;
    const struct key *key; /* NULL: not authenticated */
    struct answer answer;
    bool asks_interleaved; /* stamps are kept only for those who do */
};

/* False: it is not to be answered. */
static bool admit(struct engine *engine, struct serving *serving) {
    const struct packet *packet = serving->packet;
    enum limit_verdict verdict;

    serving->answer.kind =
        respond_classify(packet->bytes, packet->length, packet->remote.port, &serving->layout);
    if (serving->answer.kind == REQUEST_INVALID) {
        engine->counters.malformed++;
        return false;
    }
    if (!access_allowed(engine->ntp_access, &packet->remote.address))
        return false;
    engine->counters.ntp_hits++;
    verdict = limit(engine, packet);
    if (verdict == LIMIT_DROP) {
        engine->counters.ntp_drops++;
        return false;
    }
    serving->answer.kod = verdict == LIMIT_KOD ? RESPOND_KOD_RATE : 0;
    if (serving->layout.mac_length == 0)
        return true;
    serving->key = keys_verify(&engine->keys, (int)respond_version(serving->packet->bytes),
                               packet->bytes, packet->length, serving->layout.mac_length);
    engine->counters.auth_hits += serving->key != NULL;
    return serving->key != NULL;
}

/* The transmit stamp of the earlier answer takes the place of this one's. */
static void interleave(struct engine *engine, struct serving *serving) {
    struct answer *answer = &serving->answer;
    ntp_time_t origin = respond_interleaved_origin(serving->packet->bytes);
    bool kernel = false;

    serving->asks_interleaved = origin != 0 && engine->client_log != NULL;
    if (serving->asks_interleaved && answer->kod == 0)
        answer->interleaved =
            client_log_take_timestamps(engine->client_log, origin, &answer->transmit, &kernel);
    engine->counters.interleaved_hits += answer->interleaved;
    count_timestamps(&engine->counters, serving->packet->received.source, kernel);
}

/* The tail of an answer; its length. */
static size_t finish(struct engine *engine, const struct serving *serving,
                     const struct served_reference *reference, uint8_t *bytes) {
    size_t length = NTP_HEADER_SIZE;

    if (serving->layout.extensions_length > 0) {
        struct served_fields fields = {
            .root_delay = reference->root_delay,
            .root_dispersion = reference->root_dispersion,
            .monotonic_receive = serving->answer.receive - engine->clock.phase,
        };

        if (engine->phase_epoch == 0)
            engine->phase_epoch = random_u32(&engine->random) | 1;
        fields.monotonic_epoch = engine->phase_epoch;
        length = respond_extend(serving->packet->bytes, &serving->layout, &fields, bytes);
    }
    if (serving->key != NULL)
        length = keys_append_mac(serving->key, (int)respond_version(serving->packet->bytes), bytes,
                                 length);
    return length;
}

static bool is_symmetric(const struct packet *packet) {
    unsigned mode = packet->length > 0 ? packet->bytes[0] & 7 : 0;

    return mode == NTP_MODE_ACTIVE || mode == NTP_MODE_PASSIVE;
}

void serve_packet(struct engine *engine, const struct packet *packet) {
    const struct rate_limit *rate = &engine->config->ntp_rate_limit;
    struct serving serving = {.packet = packet,
                              .answer.min_poll = rate->enabled ? rate->interval : LOWEST_POLL};
    struct answer *answer = &serving.answer;
    struct served_reference reference;
    struct served_image image;
    uint8_t bytes[NTP_HEADER_SIZE + RESPOND_FIELDS_SIZE + KEYS_MAC_MAX_SIZE];
    struct packet out;
    ns_t transmit, smoothed;

    if ((is_symmetric(packet) && sources_peer_packet(engine, packet)) || !admit(engine, &serving))
        return;
    answer->receive = clock_to_ntp(&engine->clock, packet->received.time);
    transmit = engine_ntp(engine);
    reference_serve(engine, transmit, &reference);
    smoothed = smoothing_serve(engine, &reference);
    answer->receive += smoothed;
    transmit += smoothed;
    answer->transmit = transmit;
    interleave(engine, &serving);
    respond_prepare(&reference, &image);
    respond_encode(packet->bytes, answer, &image, &engine->random, bytes);
    if (serving.asks_interleaved)
        client_log_save_timestamps(engine->client_log, respond_receive_time(bytes), transmit);
    out = *packet;
    out.bytes = bytes;
    out.length = finish(engine, &serving, &reference, bytes);
    out.report_sent = serving.asks_interleaved;
    engine->host->send_packet(engine->host->context, &out);
}

void serve_sent(struct engine *engine, const struct packet *packet) {
    struct served_reference unused = {0};
    ns_t transmit = clock_to_ntp(&engine->clock, packet->received.time);

    if (packet->length < NTP_HEADER_SIZE || sources_peer_sent(engine, packet))
        return;
    if (engine->client_log != NULL)
        client_log_update_transmit(engine->client_log, respond_receive_time(packet->bytes),
                                   transmit + smoothing_serve(engine, &unused));
}
