/* Asking a simulated daemon directly (probe.h). */
#include "tests/sim/probe.h"

#include <stdlib.h>
#include <string.h>

static int socket_of(const struct sim_node *node, enum socket_kind kind) {
    for (int i = 0; i < SIM_MAX_SOCKETS; i++) {
        if (node->sockets[i].used && node->sockets[i].kind == kind)
            return i;
    }
    return -1;
}

bool probe_ask(struct sim_node *node, struct ntp_header *answer, double *error) {
    struct ntp_header request = {.version = 4, .mode = NTP_MODE_CLIENT, .transmit_time = 1};
    uint8_t bytes[NTP_HEADER_SIZE];
    struct packet packet = {
        .socket = socket_of(node, SOCKET_SERVER),
        .remote = {address_ipv4(0xc0a800fe), SIM_PROBE_PORT},
        .bytes = bytes,
        .length = sizeof(bytes),
    };
    ns_t truth;

    if (packet.socket < 0)
        return false;
    ntp_header_encode(&request, bytes);
    packet.received = (struct timestamp){node->host.read_clock(node), TIMESTAMP_KERNEL};
    truth = packet.received.time - ns_from_seconds(sim_error(node));
    node->reply_length = 0;
    engine_packet(node->engine, &packet);
    if (node->reply_length != NTP_HEADER_SIZE)
        return false;
    ntp_header_decode(node->reply, answer);
    if (error != NULL)
        *error = ns_difference(ntp_time_to_ns(answer->transmit_time, truth), truth);
    return true;
}

size_t probe_send(struct sim_node *node, const uint8_t *bytes, size_t length) {
    struct packet packet = {
        .socket = socket_of(node, SOCKET_SERVER),
        .remote = {address_ipv4(0xc0a800fe), SIM_PROBE_PORT},
        .bytes = bytes,
        .length = length,
    };

    node->reply_length = 0;
    if (packet.socket < 0)
        return 0;
    packet.received = (struct timestamp){node->host.read_clock(node), TIMESTAMP_KERNEL};
    engine_packet(node->engine, &packet);
    return node->reply_length;
}

bool probe_starts(struct sim_node *node) {
    struct engine *engine = engine_new(&node->config, &node->options, &node->host);
    bool starts = engine != NULL;

    engine_free(engine);
    return starts;
}

size_t probe_control(struct sim_node *node, const struct address *from, const uint8_t *bytes,
                     size_t length) {
    struct packet packet = {
        .socket = socket_of(node, SOCKET_CONTROL),
        .path = from == NULL ? "probe" : NULL,
        .bytes = bytes,
        .length = length,
    };

    if (from != NULL)
        packet.remote = (struct endpoint){*from, SIM_PROBE_PORT};
    node->reply_length = 0;
    engine_packet(node->engine, &packet);
    sim_schedule(node);
    return node->reply_length;
}

enum control_status probe_command(struct sim_node *node, unsigned command, const void *arguments,
                                  void *results) {
    const struct control_command_info *info = control_command(command);
    struct control_request request = {
        .version = CONTROL_VERSION, .type = CONTROL_TYPE_REQUEST, .command = (uint16_t)command};
    uint8_t bytes[CONTROL_MAX_REQUEST] = {0};
    struct control_reply reply;

    control_request_encode(&request, bytes);
    if (arguments != NULL)
        control_encode(control_layout(info->request), arguments, bytes + CONTROL_REQUEST_HEADER);
    if (!control_reply_decode(node->reply, probe_control(node, NULL, bytes, info->min_length),
                              &reply))
        abort();
    if (reply.status == CONTROL_SUCCESS && results != NULL)
        control_decode(control_layout(info->reply), node->reply + CONTROL_REPLY_HEADER, results);
    return (enum control_status)reply.status;
}
