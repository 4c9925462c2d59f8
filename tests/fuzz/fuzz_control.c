/* Requests of the control protocol, over the Unix socket and over UDP: each a flag byte and a
 * chunk.
 */
#include "core/wire/control.h"
#include "tests/fuzz/fuzz.h"

#define WITH_HEADER 1 /* the chunk is the payload of a good request */
#define OVER_UDP    2
#define LATER       4
#define WITH_LENGTH 8 /* behind the chunk: the length of the datagram */

static const char *const lines[] = {
    "allow",
    "keyfile /keys",
    "dumpdir /d",
    "sourcedir /sources",
    "smoothtime 400 0.01",
    "local stratum 5",
    "manual",
    "cmdallow",
    "opencommands authdata clients ntpdata selectdata serverstats sourcename tracking",
    "clientloglimit 10000",
    "server 192.168.1.10 iburst",
    "pool pool.example maxsources 1",
    "peer 192.168.1.15 key 2",
    NULL,
};

static size_t write_request(struct input *input, unsigned flags, uint8_t *bytes) {
    struct control_request request = {
        .version = CONTROL_VERSION, .type = CONTROL_TYPE_REQUEST, .command = input_byte(input)};
    const struct control_command_info *info = control_command(request.command);
    size_t length;

    memset(bytes, 0, CONTROL_MAX_REQUEST);
    if ((flags & WITH_HEADER) == 0 || info == NULL)
        return input_chunk(input, bytes, CONTROL_MAX_REQUEST);
    control_request_encode(&request, bytes);
    input_chunk(input, bytes + CONTROL_REQUEST_HEADER,
                CONTROL_MAX_REQUEST - CONTROL_REQUEST_HEADER);
    if ((flags & WITH_LENGTH) == 0)
        return info->min_length;
    length = input_byte(input);
    length |= (size_t)input_byte(input) << 8;
    return length % (CONTROL_MAX_REQUEST + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char source[] = "server 192.168.1.20\nserver b.example\n";
    struct input input = {data, size};
    struct sim *sim = fuzz_world(lines);
    struct sim_node *node = sim_node(sim, 0);

    sim_write(node, "/sources/a.sources", source, sizeof(source) - 1);
    sim_name(sim, "pool.example", 0, 0.0);
    sim_run(sim, 0.5);
    while (input.left > 0 && node->running) {
        unsigned flags = input_byte(&input);
        uint8_t bytes[CONTROL_MAX_REQUEST];
        size_t length = write_request(&input, flags, bytes);
        struct packet packet = {.socket = fuzz_socket(node, SOCKET_CONTROL), .path = "probe"};

        if ((flags & OVER_UDP) != 0) {
            packet.path = NULL;
            packet.remote = (struct endpoint){address_ipv4(0x7f000001), SIM_PROBE_PORT};
        }
        fuzz_receive(node, &packet, bytes, length);
        if (node->running)
            sim_schedule(node);
        if ((flags & LATER) != 0)
            sim_run(sim, sim_now(sim) + 10.0);
    }
    sim_free(sim);
    return 0;
}
