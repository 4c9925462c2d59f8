/* Answers to a client's and a peer's requests, one for each request that leaves: a flag byte,
 * patches, and a chunk. */
#include "tests/fuzz/fuzz.h"

#define WITH_HEADER 1 /* the chunk stands behind a good answer; else it is the whole datagram */
#define WITH_CODE   2
#define INTERLEAVED 4 /* it names the request's receive stamp */
#define TWICE       8
#define SENT        16 /* the kernel tells when the request left */
#define MAX_ANSWERS 64
#define SERVER_PORT 123

static const char *const lines[] = {
    "keyfile /keys",
    "allow",
    "dumpdir /d",
    "server 192.168.1.10 iburst",
    "server 192.168.1.11 iburst key 1 filter 3 maxdelayquant 0.5",
    "server 192.168.1.12 iburst key 3 xleave",
    "server 192.168.1.13 iburst xleave extfield F323 copy maxdelayratio 2 burst",
    "server 192.168.1.14 iburst key 5 version 3 presend 4",
    "peer 192.168.1.15 key 2 xleave minpoll 0 maxpoll 2",
    NULL,
};

/* One input at a time. */
static struct exchange {
    struct input input;
    int answers;
    struct packet packet; /* of the request that waits for its answer; length 0: none */
    uint8_t bytes[NTP_PACKET_MAX_SIZE];
} waiting;

static bool catch_request(void *context, const struct packet *packet) {
    (void)context;
    if (packet->length <= sizeof(waiting.bytes)) {
        memcpy(waiting.bytes, packet->bytes, packet->length);
        waiting.packet = *packet;
    }
    return true;
}

static void write_answer(const struct sim_node *node, unsigned flags, uint8_t *bytes) {
    uint64_t now = ntp_time_from_ns(node->host.read_clock(sim_node(node->sim, 0)));

    memset(bytes, 0, NTP_HEADER_SIZE);
    bytes[0] = (uint8_t)((waiting.bytes[0] & 0x38) | ((waiting.bytes[0] & 7) == 1 ? 1 : 4));
    bytes[1] = 2;
    bytes[2] = 6;
    bytes[3] = 0xe8;
    put_be32(bytes + 12, 0x0a000001);
    put_be64(bytes + 16, now - (UINT64_C(100) << 32));
    memcpy(bytes + 24, waiting.bytes + ((flags & INTERLEAVED) != 0 ? 32 : 40), 8);
    put_be64(bytes + 32, now - (UINT64_C(1) << 20));
    put_be64(bytes + 40, now - (UINT64_C(1) << 19));
}

static void answer(struct sim_node *node) {
    struct input *input = &waiting.input;
    unsigned flags = input_byte(input);
    size_t header = (flags & WITH_HEADER) != 0 ? NTP_HEADER_SIZE : 0, length;
    uint8_t bytes[NTP_PACKET_MAX_SIZE];
    struct packet packet = waiting.packet, sent = waiting.packet;

    waiting.packet.length = 0;
    if (header > 0)
        write_answer(node, flags, bytes);
    input_patch(input, bytes, header);
    length = header + input_chunk(input, bytes + header, sizeof(bytes) - header);
    if ((flags & WITH_CODE) != 0)
        length = fuzz_authenticate(input_byte(input), bytes, length);
    if ((flags & SENT) != 0) {
        sent.bytes = waiting.bytes;
        sent.received = (struct timestamp){node->host.read_clock(node), TIMESTAMP_KERNEL};
        engine_sent(node->engine, &sent);
    }
    packet.remote.port = SERVER_PORT;
    fuzz_receive(node, &packet, bytes, length);
    if ((flags & TWICE) != 0)
        fuzz_receive(node, &packet, bytes, length);
    sim_schedule(node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct sim *sim = fuzz_world(lines);
    struct sim_node *node = sim_node(sim, 0);

    memset(&waiting, 0, sizeof(waiting));
    waiting.input = (struct input){data, size};
    sim_run(sim, 0.01);
    node->host.send_packet = catch_request;
    while (waiting.input.left > 0 && waiting.answers < MAX_ANSWERS && node->running) {
        sim_run(sim, sim_now(sim) + 0.2);
        if (waiting.packet.length > 0) {
            answer(node);
            waiting.answers++;
        } else if (sim_now(sim) > 3000.0) {
            break;
        }
    }
    sim_free(sim);
    return 0;
}
