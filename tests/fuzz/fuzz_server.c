/* Requests to the server: each a flag byte, patches, the address of its client, and a chunk. */
#include "tests/fuzz/fuzz.h"

#define WITH_HEADER 1 /* the chunk stands behind a good header; else it is the whole datagram */
#define WITH_CODE   2
#define INTERLEAVED 4 /* it names the receive stamp of the last answer */
#define FROM_PEER   8
#define SENT        16 /* the kernel tells when the answer left */
#define LATER       32

static const char *const lines[] = {
    "allow",
    "local stratum 3",
    "keyfile /keys",
    "ratelimit interval 1 burst 4 leak 2 kod 2",
    "clientloglimit 10000",
    "peer 192.168.1.9 key 2 xleave",
    NULL,
};

static size_t write_request(struct input *input, const struct sim_node *node, unsigned flags,
                            uint8_t *bytes) {
    size_t header = (flags & WITH_HEADER) != 0 ? NTP_HEADER_SIZE : 0, length;

    memset(bytes, 0, NTP_PACKET_MAX_SIZE);
    bytes[0] = (flags & FROM_PEER) != 0 ? 0x21 : 0x23;
    bytes[2] = 6;
    put_be64(bytes + 40, UINT64_C(0xe400000000000001));
    if ((flags & INTERLEAVED) != 0 && node->reply_length >= NTP_HEADER_SIZE)
        memcpy(bytes + 24, node->reply + 32, 8);
    input_patch(input, bytes, header);
    length = header + input_chunk(input, bytes + header, NTP_PACKET_MAX_SIZE - header);
    return (flags & WITH_CODE) != 0 ? fuzz_authenticate(input_byte(input), bytes, length) : length;
}

static void ask(struct input *input, struct sim *sim, struct sim_node *node) {
    unsigned flags = input_byte(input);
    uint8_t bytes[NTP_PACKET_MAX_SIZE], client = input_byte(input);
    size_t length = write_request(input, node, flags, bytes);
    struct packet packet = {
        .socket = fuzz_socket(node, SOCKET_SERVER),
        .remote = {address_ipv4((flags & FROM_PEER) != 0 ? 0xc0a80109 : 0xc0a80000u + client),
                   (flags & FROM_PEER) != 0 ? NTP_PORT : SIM_PROBE_PORT},
    };

    fuzz_receive(node, &packet, bytes, length);
    if ((flags & SENT) != 0 && node->reply_length >= NTP_HEADER_SIZE) {
        packet.bytes = node->reply;
        packet.length = node->reply_length;
        engine_sent(node->engine, &packet);
    }
    if ((flags & LATER) != 0)
        sim_run(sim, sim_now(sim) + 1.0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    struct sim *sim = fuzz_world(lines);

    sim_run(sim, 0.5);
    while (input.left > 0)
        ask(&input, sim, sim_node(sim, 0));
    sim_free(sim);
    return 0;
}
