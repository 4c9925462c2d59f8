/* Answering NTP clients (serve.h): from the datagram to the answer in one screen. */
#include "core/engine/serve.h"

#include "core/engine/reference.h"

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
    return engine->config->port > 0 &&
           (engine->options.family == ADDRESS_NONE || engine->options.family == family) &&
           access_any_allowed(engine->ntp_access, family);
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

static void count_timestamps(struct counters *counters, enum timestamp_source received) {
    counters->kernel_receive += received == TIMESTAMP_KERNEL;
    counters->hw_receive += received == TIMESTAMP_HARDWARE;
    counters->daemon_receive += received == TIMESTAMP_DAEMON;
    counters->daemon_transmit++;
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

void serve_packet(struct engine *engine, const struct packet *packet) {
    const struct rate_limit *rate = &engine->config->ntp_rate_limit;
    struct answer answer = {.min_poll = rate->enabled ? rate->interval : LOWEST_POLL};
    struct ntp_header request;
    struct ntp_layout layout;
    struct served_reference reference;
    struct served_image image;
    uint8_t bytes[NTP_HEADER_SIZE];
    struct packet out;
    enum limit_verdict verdict;
    ns_t smoothed;

    answer.kind =
        respond_classify(packet->bytes, packet->length, packet->remote.port, &request, &layout);
    if (answer.kind == REQUEST_INVALID) {
        engine->counters.malformed++;
        return;
    }
    if (!access_allowed(engine->ntp_access, &packet->remote.address))
        return;
    engine->counters.ntp_hits++;
    verdict = limit(engine, packet);
    if (verdict == LIMIT_DROP) {
        engine->counters.ntp_drops++;
        return;
    }
    count_timestamps(&engine->counters, packet->received.source);
    answer.kod = verdict == LIMIT_KOD ? RESPOND_KOD_RATE : 0;
    answer.receive = clock_to_ntp(&engine->clock, packet->received.time);
    answer.transmit = engine_ntp(engine);
    reference_serve(engine, answer.transmit, &reference);
    smoothed = smoothing_serve(engine, &reference);
    answer.receive += smoothed;
    answer.transmit += smoothed;
    respond_prepare(&reference, &image);
    respond_encode(packet->bytes, &answer, &image, &engine->random, bytes);
    out = *packet;
    out.bytes = bytes;
    out.length = sizeof(bytes);
    engine->host->send_packet(engine->host->context, &out);
}
