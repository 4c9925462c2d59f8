/* The simulated network: sockets, packets on their way, and names. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "tests/sim/world.h"

#define FIRST_PORT      40000
#define RESOLVE_SECONDS 0.02

struct address sim_address(int index) {
    return address_ipv4(0xc0a80000u + 256 + (uint32_t)index); /* 192.168.1.0 onwards */
}

static struct sim_node *node_of(struct sim *sim, const struct address *address) {
    int index =
        address->family == ADDRESS_IPV4 ? (int)(address_to_ipv4(address) - 0xc0a80000u - 256) : -1;

    if (index >= sim->node_count && index < sim->addresses)
        index = sim->node_count - 1;
    return index >= 0 && index < sim->node_count ? sim->nodes[index] : NULL;
}

static int open_socket(void *context, const struct socket_request *request) {
    struct sim_node *node = context;

    if (request->family != ADDRESS_IPV4 ||
        (node->unroutable && request->remote.address.family != ADDRESS_NONE))
        return -1;
    for (int i = 0; i < SIM_MAX_SOCKETS; i++) {
        if (node->sockets[i].used)
            continue;
        node->sockets[i].used = true;
        node->sockets[i].kind = request->kind;
        node->sockets[i].port =
            request->port > 0 ? request->port : FIRST_PORT + node->next_port++ % 20000;
        node->sockets[i].remote = request->remote;
        return i;
    }
    return -1;
}

static void close_socket(void *context, int socket) {
    struct sim_node *node = context;

    node->sockets[socket].used = false;
}

static double draw_delay(const struct sim_link *link, struct sim *sim) {
    if (link->delay != NULL)
        return link->delay(link, &sim->random, sim_now(sim));
    return link->base + (link->jitter > 0.0 ? link->jitter * sim_exponential(&sim->random) : 0.0);
}

static void launch(struct sim *sim, const struct flight *flight, double delay, int node) {
    struct flight *copy = malloc(sizeof(*copy));

    if (copy == NULL)
        abort();
    *copy = *flight;
    world_push(sim, (struct event){.time = sim->now + (int64_t)(fmax(delay, 0.0) * 1e9),
                                   .kind = EVENT_PACKET,
                                   .node = node,
                                   .data = copy});
}

/* Answers of a server whose own clock is perfect in this too. */
static void announce_leap(const struct sim_node *node, uint8_t *answer) {
    if (node->announced_leap != 0)
        answer[0] = (uint8_t)((answer[0] & 0x3f) | (node->announced_leap > 0 ? 1 : 2) << 6);
    for (int at = 32; at <= 40; at += 8)
        put_be32(answer + at, get_be32(answer + at) + (uint32_t)node->announced_shift);
}

static void note_packet(struct sim *sim, const struct packet *packet) {
    world_note(sim, (uint64_t)sim->now ^ packet->length);
    for (size_t i = 0; i + 4 <= packet->length; i += 4)
        world_note(sim, get_be32(packet->bytes + i));
}

/* A delay belongs to the link of the client's side: `up` of the node that asks, `down` of the one
 * that is answered, so that a scenario says everything at the client. */
static bool send_packet(void *context, const struct packet *packet) {
    struct sim_node *node = context;
    struct sim *sim = node->sim;
    struct sim_node *target = node_of(sim, &packet->remote.address);
    bool asks = node->sockets[packet->socket].kind == SOCKET_CLIENT;
    bool has_local = packet->local.family != ADDRESS_NONE;
    struct flight flight = {.from = {has_local ? packet->local : sim_address(node->index),
                                     (uint16_t)node->sockets[packet->socket].port},
                            .to = packet->remote,
                            .length = packet->length};
    const struct sim_link *link;

    if (packet->path != NULL || packet->remote.port == SIM_PROBE_PORT) {
        memcpy(node->reply, packet->bytes, packet->length);
        node->reply_length = packet->length;
        return true;
    }
    if (target == NULL || packet->length > sizeof(flight.bytes))
        return false;
    link = asks ? &node->up : &target->down;
    memcpy(flight.bytes, packet->bytes, packet->length);
    if (!asks)
        announce_leap(node, flight.bytes);
    node->packets_out++;
    note_packet(sim, packet);
    if (link->down || (link->loss > 0.0 && sim_uniform(&sim->random) < link->loss))
        return true;
    launch(sim, &flight, draw_delay(link, sim), target->index);
    if (link->duplication > 0.0 && sim_uniform(&sim->random) < link->duplication)
        launch(sim, &flight, draw_delay(link, sim), target->index);
    return true;
}

static int socket_for(const struct sim_node *node, const struct flight *flight) {
    for (int i = 0; i < SIM_MAX_SOCKETS; i++) {
        if (!node->sockets[i].used || node->sockets[i].port != flight->to.port)
            continue;
        if (node->sockets[i].kind == SOCKET_CLIENT &&
            !(address_equal(&node->sockets[i].remote.address, &flight->from.address) &&
              node->sockets[i].remote.port == flight->from.port))
            continue;
        return i;
    }
    return -1;
}

void world_deliver(struct sim_node *node, const struct flight *flight) {
    struct packet packet = {
        .remote = flight->from, .bytes = flight->bytes, .length = flight->length};

    packet.socket = socket_for(node, flight);
    if (packet.socket < 0 || !node->running || node->deaf)
        return;
    packet.local = flight->to.address;
    packet.received = (struct timestamp){node->host.read_clock(node), TIMESTAMP_KERNEL};
    node->packets_in++;
    engine_packet(node->engine, &packet);
}

void sim_alias(struct sim *sim, int addresses) {
    sim->addresses = addresses;
}

void sim_name(struct sim *sim, const char *name, int node, double after) {
    if (sim->name_count == MAX_NAMES)
        abort();
    sim->names[sim->name_count].name = name;
    sim->names[sim->name_count].node = node;
    sim->names[sim->name_count++].after = after;
}

void sim_unname(struct sim *sim, const char *name) {
    int kept = 0;

    for (int i = 0; i < sim->name_count; i++) {
        if (strcmp(sim->names[i].name, name) != 0)
            sim->names[kept++] = sim->names[i];
    }
    sim->name_count = kept;
}

static bool resolve_name(void *context, uint32_t id, const char *name, int family) {
    struct sim_node *node = context;
    struct lookup *lookup = calloc(1, sizeof(*lookup));

    (void)family;
    if (lookup == NULL)
        abort();
    lookup->id = id;
    snprintf(lookup->name, sizeof(lookup->name), "%s", name);
    world_push(node->sim, (struct event){.time = node->sim->now + (int64_t)(RESOLVE_SECONDS * 1e9),
                                         .kind = EVENT_RESOLVED,
                                         .node = node->index,
                                         .data = lookup});
    return true;
}

void world_answer(struct sim_node *node, const struct lookup *lookup) {
    struct address addresses[CONFIG_MAX_POOL];
    struct sim *sim = node->sim;
    int count = 0;

    for (int i = 0; i < sim->name_count && count < CONFIG_MAX_POOL; i++) {
        if (strcmp(sim->names[i].name, lookup->name) == 0 && sim_now(sim) >= sim->names[i].after)
            addresses[count++] = sim_address(sim->names[i].node);
    }
    if (node->running)
        engine_resolved(node->engine, lookup->id, count > 0 ? RESOLVE_OK : RESOLVE_AGAIN, addresses,
                        count);
}

void world_fill_network(struct host *host) {
    host->open_socket = open_socket;
    host->close_socket = close_socket;
    host->send_packet = send_packet;
    host->resolve_name = resolve_name;
}
