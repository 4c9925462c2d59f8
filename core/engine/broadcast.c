/* Broadcasting (broadcast.h), as chrony does it: also while we are not synchronised, which the
 * packets say. */
#include "core/engine/broadcast.h"

#include "core/engine/reference.h"

void broadcast_init(struct engine *engine) {
    for (int i = 0; i < engine->config->broadcast_count; i++)
        engine->broadcasts[i] = engine->started + engine->config->broadcasts[i].interval * NS_PER_S;
    engine->timers[TIMER_BROADCAST] = engine->started;
}

/* log2 of an interval in s, rounded. */
static int poll_of(int64_t interval) {
    int poll = 0;

    while (interval * interval > INT64_C(2) << 2 * poll)
        poll++;
    return poll;
}

static void send(struct engine *engine, const struct broadcast_config *broadcast) {
    const struct endpoint *destination = &broadcast->destination;
    ns_t transmit = engine_ntp(engine);
    uint8_t bytes[NTP_HEADER_SIZE];
    struct served_reference reference;
    struct served_image image;
    struct packet packet = {
        .socket = engine->server_sockets[destination->address.family == ADDRESS_IPV6],
        .remote = *destination,
        .bytes = bytes,
        .length = sizeof(bytes),
    };

    if (packet.socket < 0)
        return;
    reference_serve(engine, transmit, &reference);
    transmit += smoothing_serve(engine, &reference);
    respond_prepare(&reference, &image);
    respond_broadcast(&image, poll_of(broadcast->interval), transmit, &engine->random, bytes);
    engine->host->send_packet(engine->host->context, &packet);
}

void broadcast_run(struct engine *engine, ns_t now) {
    const struct config *config = engine->config;

    for (int i = 0; i < config->broadcast_count; i++) {
        if (engine->broadcasts[i] <= now) {
            send(engine, &config->broadcasts[i]);
            engine->broadcasts[i] = now + config->broadcasts[i].interval * NS_PER_S;
        }
        if (engine->broadcasts[i] < engine->timers[TIMER_BROADCAST])
            engine->timers[TIMER_BROADCAST] = engine->broadcasts[i];
    }
}
