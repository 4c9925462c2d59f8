/* The list of sources: polling and responses (sources.h). Names and pools are in names.c, the
 * choice in selection.c. */
#include "core/engine/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/dump.h"
#include "core/engine/names.h"
#include "core/engine/records.h"
#include "core/engine/reference.h"
#include "core/engine/serve.h"

#define SOCKET_LIFETIME_NS  (4 * NS_PER_S) /* beyond maxdelay, for the response */
#define MIN_SEPARATION_NS   (2 * NS_PER_S / 1000)
#define MAX_SEPARATION_NS   (NS_PER_S / 5)
#define SELECTIONS_A_ROUND  16 /* of polls, at most; fewer sources have one for each sample */
#define MAX_SEPARATION_POLL 3  /* log2 s: from here on the greatest */

const char *sources_format(const struct engine *engine, const struct source *source, char *text) {
    char address[ADDRESS_TEXT_SIZE];
    const char *name = engine->groups[source->group].config.name;

    address_format(&source->association.remote.address, address);
    if (strcmp(name, address) == 0)
        snprintf(text, SOURCE_TEXT_SIZE, "%s", address);
    else
        snprintf(text, SOURCE_TEXT_SIZE, "%s (%s)", address, name);
    return text;
}

struct source *sources_find(struct engine *engine, const struct address *address) {
    for (int i = 0; i < engine->source_count; i++) {
        if (address_equal(&engine->sources[i]->association.remote.address, address))
            return engine->sources[i];
    }
    return NULL;
}

static void close_socket(struct engine *engine, struct source *source) {
    engine_close_socket(engine, &source->socket);
    source->socket_closes = NS_NEVER;
}

static int sample_limit(int own, int general) {
    return own >= 0 ? own : general;
}

static void filter_options_fill(const struct engine *engine, const struct source_config *config,
                                struct filter_options *options) {
    int least = sample_limit(config->min_samples, engine->config->min_samples);
    int most = sample_limit(config->max_samples, engine->config->max_samples);

    if (most < 1 || most > TRACK_MAX_SAMPLES)
        most = TRACK_MAX_SAMPLES;
    *options = (struct filter_options){
        .min_samples = least < 1      ? 1
                       : least > most ? most
                                      : least,
        .max_samples = most,
        .max_clock_error = engine->config->max_clock_error * 1e-6,
        .precision = engine->precision_seconds,
        .min_delay = config->min_delay,
        .asymmetry = 0.0 - config->asymmetry, /* chrony's sign is that of its offsets */
    };
}

struct source *sources_new(struct engine *engine, int group) {
    struct source *source;

    if (engine->source_count >= ENGINE_MAX_SOURCES || (source = calloc(1, sizeof(*source))) == NULL)
        return NULL;
    source->group = group;
    if (engine->groups[group].is_name)
        source->id = ++engine->next_source_id;
    source->socket = -1;
    source->socket_closes = NS_NEVER;
    source->association.config = engine->groups[group].config;
    source->association.remote.address = address_from_id(source->id);
    source->association.next_transmit = NS_NEVER;
    source->association.poll = source->association.config.minpoll;
    source->association.leap = NTP_LEAP_UNSYNCHRONISED;
    source->view.score = 1.0;
    source->view.state = SOURCE_MISSING_SAMPLES;
    engine->sources[engine->source_count++] = source;
    return source;
}

void sources_remove(struct engine *engine, int index) {
    struct source *source = engine->sources[index];

    close_socket(engine, source);
    association_free(&source->association);
    free(source->association.filter);
    free(source);
    engine->source_count--;
    memmove(&engine->sources[index], &engine->sources[index + 1],
            (size_t)(engine->source_count - index) * sizeof(struct source *));
    if (engine->selected == index)
        engine->selected = -1;
    else if (engine->selected > index)
        engine->selected--;
}

bool sources_set_address(struct engine *engine, struct source *source,
                         const struct address *address) {
    struct endpoint remote = {*address, (uint16_t)engine->groups[source->group].config.port};
    struct filter *filter = source->association.filter;
    struct filter_options options;
    bool online =
        source->resolved ? source->association.online : engine->groups[source->group].online;

    if (filter == NULL && (filter = calloc(1, filter_size())) == NULL)
        return false;
    close_socket(engine, source);
    filter_options_fill(engine, &engine->groups[source->group].config, &options);
    association_free(&source->association);
    memset(&source->association, 0, sizeof(source->association));
    association_init(&source->association, &engine->groups[source->group].config, &remote, filter,
                     &options);
    source->association.keys = &engine->keys;
    source->resolved = true;
    source->answered = source->stale = false;
    source->confirmed = engine_monotonic(engine);
    source->view = (struct select_source){.score = 1.0, .state = SOURCE_MISSING_SAMPLES};
    association_set_online(&source->association, online, engine_monotonic(engine) + START_DELAY_NS);
    dump_take(engine, source);
    if (source->association.config.type == SOURCE_PEER &&
        engine->server_sockets[address->family == ADDRESS_IPV6] < 0)
        serve_update_sockets(engine);
    return true;
}

void sources_free(struct engine *engine) {
    while (engine->source_count > 0)
        sources_remove(engine, engine->source_count - 1);
}

void sources_adjust(struct engine *engine, ns_t when, double frequency, double offset) {
    smoothing_adjust(engine, frequency, offset);
    manual_adjust(engine, when, frequency, offset);
    for (int i = 0; i < engine->source_count; i++) {
        struct association *association = &engine->sources[i]->association;

        if (association->filter == NULL)
            continue;
        filter_adjust(association->filter, when, frequency, offset);
        association_adjust(association, when, frequency, offset);
    }
}

void sources_reset(struct engine *engine) {
    for (int i = 0; i < engine->source_count; i++) {
        struct source *source = engine->sources[i];

        if (source->association.filter == NULL)
            continue;
        association_reset(&source->association);
        source->view.state = SOURCE_MISSING_SAMPLES;
        if (source->association.online)
            association_set_online(&source->association, true,
                                   engine_monotonic(engine) + START_DELAY_NS);
    }
    engine->selected = -1;
}

/* A fresh connected socket, -1: no way to there. */
static int open_client(struct engine *engine, const struct endpoint *remote, int port) {
    const struct config *config = engine->config;
    int family = remote->address.family;
    struct socket_request request = {
        .kind = SOCKET_CLIENT,
        .family = family,
        .local = family == ADDRESS_IPV4 ? config->bind_acquisition_address4
                                        : config->bind_acquisition_address6,
        .remote = *remote,
        .port = port > 0 ? port : 0,
        .device = config->bind_acquisition_device,
        .dscp = config->dscp,
    };

    return engine->host->open_socket(engine->host->context, &request);
}

bool sources_routable(struct engine *engine, const struct endpoint *remote) {
    int socket = open_client(engine, remote, 0);

    if (socket >= 0)
        engine->host->close_socket(engine->host->context, socket);
    return socket >= 0;
}

/* The socket that a request is sent from: a peer's is the server's, which stays open; a client's a
 * fresh connected one. -1: there is none. */
static int request_socket(struct engine *engine, struct source *source, ns_t now) {
    const struct association *association = &source->association;
    int family = association->remote.address.family;

    if (engine->options.family != ADDRESS_NONE && engine->options.family != family)
        return -1;
    if (association->config.type == SOURCE_PEER)
        return engine->server_sockets[family == ADDRESS_IPV6];
    source->socket = open_client(engine, &association->remote, engine->config->acquisition_port);
    if (!engine_own_socket(engine, source->socket, OWNER_SOURCE, source))
        return source->socket = -1;
    source->socket_closes =
        now + ns_from_seconds(association->config.max_delay) + SOCKET_LIFETIME_NS;
    return source->socket;
}

void sources_set_online(struct engine *engine, struct source *source, bool online) {
    struct association *association = &source->association;
    bool is_online = source->resolved ? association->online : engine->groups[source->group].online;
    char text[ADDRESS_TEXT_SIZE];

    if (is_online == online)
        return;
    if (source->resolved)
        association_set_online(association, online, online ? engine_monotonic(engine) : NS_NEVER);
    log_info(engine_log(engine), "Source %s %s", address_format(&association->remote.address, text),
             online ? "online" : "offline");
    if (!online)
        selection_run(engine, NULL);
}

/* Sends the request and notes when it left; false: it did not. */
static bool transmit(struct engine *engine, struct source *source, ns_t now) {
    struct association *association = &source->association;
    uint8_t bytes[NTP_PACKET_MAX_SIZE];
    struct request_context context = {
        .monotonic = now,
        .ntp = engine_ntp(engine),
        .selected = engine->selected >= 0 && engine->sources[engine->selected] == source,
    };
    struct packet packet = {.remote = association->remote, .bytes = bytes, .report_sent = true};
    ns_t left;

    close_socket(engine, source);
    reference_serve(engine, context.ntp, &context.served);
    packet.length = association_request(association, &context, &engine->random, bytes);
    if (packet.length == 0 || (packet.socket = request_socket(engine, source, now)) < 0)
        return false;
    left = engine_clock(engine);
    if (!engine->host->send_packet(engine->host->context, &packet)) {
        close_socket(engine, source);
        return false;
    }
    association_transmitted(association, (struct timestamp){left, TIMESTAMP_DAEMON},
                            clock_to_ntp(&engine->clock, left));
    return true;
}

/* Requests to different sources are kept apart, so that their packets do not delay each other: as
 * far as the poll of the fastest allows, or it would leave the others no gap. */
static ns_t separation(const struct engine *engine, int lowest_poll) {
    ns_t gap = NS_PER_S >> (3 - lowest_poll);

    if (engine->source_count < 2)
        return 0;
    return gap < MIN_SEPARATION_NS   ? MIN_SEPARATION_NS
           : gap > MAX_SEPARATION_NS ? MAX_SEPARATION_NS
                                     : gap;
}

/* Before anything is sent: closes what has waited in vain, and finds the gap between requests. */
static void look_through(struct engine *engine, ns_t now) {
    int lowest_poll = MAX_SEPARATION_POLL;

    for (int i = 0; i < engine->source_count; i++) {
        struct source *source = engine->sources[i];
        const struct association *association = &source->association;

        if (source->socket_closes <= now)
            close_socket(engine, source);
        if (association->next_transmit != NS_NEVER && association->poll < lowest_poll)
            lowest_poll = association->poll;
    }
    engine->separation = separation(engine, lowest_poll);
}

/* When a source's next request is to leave. */
static ns_t departure(const struct source *source, ns_t earliest) {
    ns_t due = source->resolved ? source->association.next_transmit : NS_NEVER;

    return due < earliest ? earliest : due;
}

/* Of those whose turn has come the one that has waited longest: where many are polled often, those
 * at the end of the list are not crowded out. */
static struct source *longest_waiting(const struct engine *engine, ns_t now) {
    ns_t earliest = engine->last_transmit + engine->separation;
    struct source *longest = NULL;

    for (int i = 0; earliest <= now && i < engine->source_count; i++) {
        struct source *source = engine->sources[i];

        if (departure(source, earliest) <= now &&
            (longest == NULL ||
             source->association.next_transmit < longest->association.next_transmit))
            longest = source;
    }
    return longest;
}

void sources_run(struct engine *engine, ns_t now) {
    look_through(engine, now);
    for (int i = 0; i < engine->source_count && !engine->finished; i++) {
        struct source *source = longest_waiting(engine, now);

        if (source == NULL)
            break;
        engine->last_transmit = now;
        if (!transmit(engine, source, now) && source->association.config.auto_offline)
            sources_set_online(engine, source, false);
        names_watch(engine, source);
        if (source->association.reachability == 0 && source->association.reach_size >= 8)
            selection_run(engine, NULL);
    }
    names_run(engine, now);
}

ns_t sources_next(const struct engine *engine) {
    ns_t next = names_next(engine), earliest = engine->last_transmit + engine->separation;

    for (int i = 0; i < engine->source_count; i++) {
        const struct source *source = engine->sources[i];
        ns_t due = departure(source, earliest);

        if (due < next)
            next = due;
        if (source->socket_closes < next)
            next = source->socket_closes;
    }
    return next;
}

/* By endpoint; without one by the stamp of the last request: the kernel does not say where a packet
 * was sent to. */
static struct source *find_peer(const struct engine *engine, const struct endpoint *remote,
                                ntp_time_t transmit) {
    for (int i = 0; i < engine->source_count; i++) {
        const struct association *association = &engine->sources[i]->association;

        if (association->config.type == SOURCE_PEER && engine->sources[i]->resolved &&
            (remote != NULL ? remote->port == association->remote.port &&
                                  address_equal(&remote->address, &association->remote.address)
                            : transmit == association->request_transmit))
            return engine->sources[i];
    }
    return NULL;
}

bool sources_peer_packet(struct engine *engine, const struct packet *packet) {
    struct source *source = find_peer(engine, &packet->remote, 0);
    struct packet asked = *packet;

    if (source == NULL)
        return false;
    /* A socket of one address need not say which. */
    if (asked.local.family == ADDRESS_NONE && asked.remote.address.family == ADDRESS_IPV4)
        asked.local = engine->config->bind_address4;
    sources_packet(engine, source, &asked);
    return true;
}

bool sources_peer_sent(struct engine *engine, const struct packet *packet) {
    struct ntp_header header;
    struct source *source;

    ntp_header_decode(packet->bytes, &header);
    source = find_peer(engine, NULL, header.transmit_time);
    if (source != NULL)
        sources_sent(engine, source, packet);
    return source != NULL;
}

void sources_sent(struct engine *engine, struct source *source, const struct packet *packet) {
    association_transmitted(&source->association, packet->received,
                            clock_to_ntp(&engine->clock, packet->received.time));
}

static void response_context_fill(struct engine *engine, const struct packet *packet,
                                  struct response_context *context) {
    struct served_reference served;

    *context = (struct response_context){
        .monotonic = engine_monotonic(engine),
        .received_ntp = clock_to_ntp(&engine->clock, packet->received.time),
        .precision = engine->precision,
        .max_clock_error = engine->config->max_clock_error * 1e-6,
        .skew = engine->reference.skew < 1.0 ? engine->reference.skew : 0.0,
        .around_leap = leap_is_close(engine),
        .serving = engine->server_sockets[0] >= 0 || engine->server_sockets[1] >= 0,
    };
    reference_serve(engine, context->received_ntp, &served);
    context->ours.reference_id = association_reference_id(&packet->local);
    context->ours.our_reference_id = served.reference_id;
    context->ours.our_reference_time = served.reference_time;
    context->ours.our_stratum = served.stratum;
    context->ours.our_root_delay = served.root_delay;
    context->ours.our_root_dispersion = served.root_dispersion;
}

/* Looking at all sources after each sample of each would cost the square of their number: of many,
 * those that are not followed take turns to cause it. */
static bool selection_is_due(struct engine *engine, const struct source *source) {
    bool due = engine->selected < 0 || engine->sources[engine->selected] == source ||
               ++engine->unseen_samples * SELECTIONS_A_ROUND >= engine->source_count;

    if (due)
        engine->unseen_samples = 0;
    return due;
}

void sources_packet(struct engine *engine, struct source *source, const struct packet *packet) {
    struct response_context context;
    struct estimate estimate;
    char text[SOURCE_TEXT_SIZE];
    enum response_result result;

    response_context_fill(engine, packet, &context);
    result = association_response(&source->association, packet, &context, &engine->random);
    records_measurement(engine, source,
                        (source->association.raw.tests & TESTS_SYNCHRONISED) == TESTS_SYNCHRONISED);
    if (result == RESPONSE_IGNORED)
        return;
    close_socket(engine, source);
    switch (result) {
    case RESPONSE_KOD_RATE:
        log_warning(engine_log(engine), "Received KoD RATE from %s",
                    sources_format(engine, source, text));
        break;
    case RESPONSE_AROUND_LEAP:
        log_info(engine_log(engine), "Dropping sample around leap second");
        break;
    case RESPONSE_OUT_OF_ORDER:
        log_warning(engine_log(engine), "Out of order sample detected, discarding history for %s",
                    sources_format(engine, source, text));
        break;
    case RESPONSE_SAMPLE:
        clock_begin(&engine->clock);
        names_answered(engine, source);
        if (filter_estimate(source->association.filter, &estimate))
            records_statistics(engine, source, &estimate);
        if (selection_is_due(engine, source))
            selection_run(engine, source);
        break;
    default:
        selection_run(engine, NULL);
        break;
    }
}
