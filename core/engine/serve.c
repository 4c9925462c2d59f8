/* Answering NTP clients (serve.h): what stands between a datagram and its answer, in order. */
#include "core/engine/serve.h"

#include <stdlib.h>
#include <string.h>

#include "core/engine/reference.h"
#include "core/engine/sources.h"

#define WORKERS_INTERVAL_NS (NS_PER_S / 8)
#define LOWEST_POLL         (-19) /* of the polls echoed in answers, also when requests are not limited */

bool serve_init(struct engine *engine, const struct rate_limit limits[SERVICE_COUNT]) {
    const struct config *config = engine->config;
    const struct rate_limit *rate = &config->ntp_rate_limit;

    engine->server_count = 1;
    if (engine->host->hold_workers != NULL)
        engine->server_count += config->workers;
    engine->servers = calloc((size_t)engine->server_count, sizeof(*engine->servers));
    if (engine->servers == NULL)
        return false;
    for (int i = 0; i < engine->server_count; i++) {
        struct server *server = &engine->servers[i];

        server->access = engine->ntp_access;
        server->min_poll = rate->enabled ? rate->interval : LOWEST_POLL;
        random_init(&server->random, engine->host->fill_random, engine->host->context);
        if (!config->no_client_log)
            server->client_log =
                client_log_new(config->client_log_limit / (unsigned)engine->server_count, limits,
                               random_u64(&engine->random));
    }
    engine->client_log = engine->servers[0].client_log;
    return true;
}

void serve_free(struct engine *engine) {
    for (int i = 0; engine->servers != NULL && i < engine->server_count; i++)
        client_log_free(engine->servers[i].client_log);
    free(engine->servers);
}

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

static void refresh(struct engine *engine) {
    struct served_reference *reference = &engine->served_reference;
    ns_t raw = engine_clock(engine), ntp = clock_to_ntp(&engine->clock, raw);

    reference_serve(engine, ntp, reference);
    ntp += smoothing_serve(engine, reference);
    respond_prepare(reference, &engine->served.image);
    engine->served.monotonic = engine_monotonic(engine);
    served_set_line(&engine->served, raw, ntp, clock_rate(&engine->clock) + smoothing_rate(engine));
    engine->served_until = raw + ENGINE_REST_NS;
}

/* What is served when a request of that stamp (system clock) comes. */
static const struct served *served_at(struct engine *engine, ns_t received) {
    if (received >= engine->served_until || received < engine->served.base - NS_PER_S) {
        engine_watch_clock(engine);
        refresh(engine);
    }
    return &engine->served;
}

const struct served *serve_snapshot(struct engine *engine) {
    return served_at(engine, engine_clock(engine));
}

void serve_run(struct engine *engine, ns_t now) {
    if (engine->server_count > 1)
        engine->timers[TIMER_WORKERS] = now + WORKERS_INTERVAL_NS;
}

void serve_hold(const struct engine *engine, bool hold) {
    if (engine->host->hold_workers != NULL)
        engine->host->hold_workers(engine->host->context, hold);
}

int serve_requests(struct engine *engine, struct request *requests, int count,
                   struct departure *departure) {
    const struct served *served = served_at(engine, requests[count - 1].received.time);
    int answered = server_admit(engine->servers, served, requests, count);

    if (answered > 0) {
        departure->begin = engine_clock(engine);
        server_answer(engine->servers, served, departure, requests, count);
    }
    return answered;
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
    verdict = server_count(engine->servers, &packet->remote.address, engine_monotonic(engine));
    if (verdict == LIMIT_DROP)
        return false;
    serving->answer.kod = verdict == LIMIT_KOD ? RESPOND_KOD_RATE : 0;
    if (serving->layout.mac_length == 0)
        return true;
    serving->key = keys_verify(&engine->keys, (int)respond_version(serving->packet->bytes),
                               packet->bytes, packet->length, serving->layout.mac_length);
    engine->servers->counters.auth_hits += serving->key != NULL;
    return serving->key != NULL;
}

/* The transmit stamp of the earlier answer takes the place of this one's. */
static void interleave(struct engine *engine, struct serving *serving) {
    struct answer *answer = &serving->answer;
    ntp_time_t origin = respond_interleaved_origin(serving->packet->bytes);
    bool kernel = false;
    ns_t transmit = 0;

    serving->asks_interleaved = origin != 0 && engine->client_log != NULL;
    if (serving->asks_interleaved && answer->kod == 0)
        answer->interleaved =
            client_log_take_timestamps(engine->client_log, origin, &transmit, &kernel);
    if (answer->interleaved)
        answer->transmit = ntp_time_from_ns(transmit);
    engine->servers->counters.interleaved_hits += answer->interleaved;
    server_count_stamps(&engine->servers->counters, serving->packet->received.source, kernel);
}

/* The tail of an answer; its length. */
static size_t finish(struct engine *engine, const struct serving *serving, uint8_t *bytes) {
    const struct served_reference *reference = &engine->served_reference;
    size_t length = NTP_HEADER_SIZE;

    if (serving->layout.extensions_length > 0) {
        struct served_fields fields = {
            .root_delay = reference->root_delay,
            .root_dispersion = reference->root_dispersion,
            .monotonic_receive =
                ntp_time_to_ns(serving->answer.receive, serving->packet->received.time) -
                engine->clock.phase,
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

static void send_answer(const struct engine *engine, const struct packet *packet,
                        const uint8_t *bytes, size_t length, bool report_sent) {
    struct packet out = *packet;

    out.bytes = bytes;
    out.length = length;
    out.report_sent = report_sent;
    engine->host->send_packet(engine->host->context, &out);
}

/* A datagram that is not a mere question for the time. */
static void serve_left(struct engine *engine, const struct packet *packet) {
    struct serving serving = {.packet = packet, .answer.min_poll = engine->servers->min_poll};
    struct answer *answer = &serving.answer;
    const struct served *served;
    uint8_t bytes[NTP_HEADER_SIZE + RESPOND_FIELDS_SIZE + KEYS_MAC_MAX_SIZE];
    ntp_time_t transmit;
    ns_t now;

    if (is_symmetric(packet)) {
        engine_watch_clock(engine);
        engine_touch(engine);
        if (sources_peer_packet(engine, packet))
            return;
    }
    if (!admit(engine, &serving))
        return;
    now = engine_clock(engine);
    served = served_at(engine, now);
    answer->receive = served_time(served, packet->received.time);
    answer->transmit = transmit = served_time(served, now);
    interleave(engine, &serving);
    respond_encode(packet->bytes, answer, &served->image, random_u64(&engine->random), bytes);
    if (serving.asks_interleaved)
        client_log_save_timestamps(engine->client_log, respond_receive_time(bytes),
                                   ntp_time_to_ns(transmit, now));
    send_answer(engine, packet, bytes, finish(engine, &serving, bytes), serving.asks_interleaved);
}

void serve_packet(struct engine *engine, const struct packet *packet) {
    uint8_t bytes[NTP_HEADER_SIZE];
    struct departure departure = {.interval = 0};
    struct request request = {
        .remote = packet->remote,
        .received = packet->received,
        .bytes = bytes,
        .length = packet->length,
    };

    if (packet->length == sizeof(bytes))
        memcpy(bytes, packet->bytes, sizeof(bytes));
    if (serve_requests(engine, &request, 1, &departure) > 0)
        send_answer(engine, packet, bytes, sizeof(bytes), false);
    else if (request.fate == REQUEST_LEFT)
        serve_left(engine, packet);
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
