/* probe: says on the wire what no client would, and prints what comes back in words that two
 * servers with the same behaviour print alike. It knows the two protocols from their documents (RFC
 * 5905, chrony's control protocol) and shares no line with the program under test.
 *
 *   probe ntp ADDRESS PORT [FROM]             NTP requests of every version, mode, length and
 * extension probe port123 ADDRESS PORT                every version and mode from port 123 probe
 * control ADDRESS PORT                control requests over UDP probe control PATH DIRECTORY the
 * same over a Unix socket; the probe's own is made in DIRECTORY probe commands PATH DIRECTORY every
 * control command with an empty payload, over a Unix socket probe noise ntp|control A B COUNT SEED
 * COUNT damaged datagrams, the server answering in between
 *
 * Each datagram is followed by a question that every server answers. The two stand in one queue, so
 * when that answer is here nothing is to come any more: no waiting, and "no answer" is certain. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS      5000 /* for an answer that must come */
#define MAX_DATAGRAM     2048
#define NTP_HEADER       48
#define NTP_PORT         123
#define NTP_TO_UNIX      2208988800U
#define CONTROL_TRACKING 33
#define CONTROL_SHUTDOWN 62
#define CONTROL_PADDED   520 /* no request of the protocol has to be longer */
#define NOISE_BATCH      16  /* fewer than any socket's queue takes */

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

static struct address server;
static const char *unix_folder; /* where our own Unix sockets are bound; NULL: UDP */
static uint64_t seed = 1;

static void die(const char *what) {
    fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* xorshift64*: the same datagrams on every machine. */
static uint32_t random_u32(void) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * 0x2545f4914f6cdd1dU) >> 32);
}

static unsigned random_below(unsigned limit) {
    return random_u32() % limit;
}

static void random_fill(uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)random_u32();
}

static void put16(uint8_t *bytes, unsigned value) {
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *bytes) {
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static uint32_t get32(const uint8_t *bytes) {
    return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

/* --- sockets
 * -------------------------------------------------------------------------------------------------
 */

static struct address ip_address(const char *text, unsigned port) {
    struct address address = {.length = sizeof(struct sockaddr_in)};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address.storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.storage;

    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return address;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        die(text);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    address.length = sizeof(*v6);
    return address;
}

static struct address unix_address(const char *path) {
    struct address address = {.length = sizeof(struct sockaddr_un)};
    struct sockaddr_un *name = (struct sockaddr_un *)&address.storage;

    name->sun_family = AF_UNIX;
    if ((size_t)snprintf(name->sun_path, sizeof(name->sun_path), "%s", path) >=
        sizeof(name->sun_path))
        die(path);
    return address;
}

/* A socket that speaks to the server and nobody else. from: to be bound to, NULL = any. */
static int open_socket(const struct address *from) {
    static unsigned opened;
    int family = server.storage.ss_family;
    int descriptor = socket(family, SOCK_DGRAM, 0);
    struct address own;
    char path[100];

    if (descriptor < 0)
        die("socket");
    if (family == AF_UNIX) {
        snprintf(path, sizeof(path), "%s/probe.%u", unix_folder, opened++);
        unlink(path);
        own = unix_address(path);
        from = &own;
    }
    if (from != NULL &&
        bind(descriptor, (const struct sockaddr *)&from->storage, from->length) != 0)
        die("bind");
    if (connect(descriptor, (const struct sockaddr *)&server.storage, server.length) != 0)
        die("connect");
    return descriptor;
}

/* A server that is busy has a full queue: that is waited for. */
static void say(int descriptor, const uint8_t *bytes, size_t length) {
    while (send(descriptor, bytes, length, 0) < 0) {
        if (errno == ECONNREFUSED)
            continue; /* about an earlier datagram; the question that follows finds out */
        if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
            die("send");
    }
}

static ssize_t hear(int descriptor, uint8_t *bytes, int patience_ms) {
    struct pollfd waiting = {.fd = descriptor, .events = POLLIN};

    if (poll(&waiting, 1, patience_ms) <= 0)
        return -1;
    return recv(descriptor, bytes, MAX_DATAGRAM, MSG_DONTWAIT);
}

/* --- the question that every server answers
 * --------------------------------------------------------------------- */

static size_t ntp_question(uint8_t *bytes) {
    memset(bytes, 0, NTP_HEADER);
    bytes[0] = 4 << 3 | 3;
    bytes[2] = 6;
    bytes[3] = 32;
    random_fill(bytes + 40, 8);
    return NTP_HEADER;
}

static size_t control_question(uint8_t *bytes, unsigned command, size_t length) {
    memset(bytes, 0, length < CONTROL_PADDED ? CONTROL_PADDED : length);
    bytes[0] = 6;
    bytes[1] = 1;
    put16(bytes + 4, command);
    random_fill(bytes + 8, 4);
    return length;
}

/* True when the answer is to this question: the origin of an NTP answer, the sequence of a control
 * answer. */
static bool is_answer(bool ntp, const uint8_t *question, const uint8_t *answer, ssize_t length) {
    if (ntp)
        return length >= NTP_HEADER && memcmp(answer + 24, question + 40, 8) == 0;
    return length >= 28 && memcmp(answer + 16, question + 8, 4) == 0;
}

/* Returns when the server has worked through everything that was sent to it. */
static void settle(bool ntp) {
    static int descriptor = -1;
    uint8_t question[CONTROL_PADDED], answer[MAX_DATAGRAM];
    ssize_t heard;

    if (descriptor < 0)
        descriptor = open_socket(NULL);
    say(descriptor, question,
        ntp ? ntp_question(question) : control_question(question, CONTROL_TRACKING, 104));
    do {
        heard = hear(descriptor, answer, PATIENCE_MS);
        if (heard < 0) {
            fprintf(stderr, "probe: the server does not answer any more\n");
            exit(1);
        }
    } while (!is_answer(ntp, question, answer, heard));
}

/* The bytes of the answer, or -1. More than one answer to a datagram is nothing a server does. */
static ssize_t ask(bool ntp, int descriptor, const uint8_t *request, size_t length,
                   uint8_t *answer) {
    uint8_t more[MAX_DATAGRAM];
    ssize_t heard;

    say(descriptor, request, length);
    settle(ntp);
    heard = hear(descriptor, answer, 0);
    while (heard >= 0 && hear(descriptor, more, 0) >= 0)
        printf("ANSWERED TWICE: ");
    return heard;
}

/* --- NTP
 * --------------------------------------------------------------------------------------------------------
 */

static double seconds_from_now(const uint8_t *stamp) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)(int32_t)(get32(stamp) - NTP_TO_UNIX - (uint32_t)now.tv_sec) -
           (double)now.tv_nsec / 1e9 + (double)get32(stamp + 4) / 4294967296.0;
}

static const char *stamp_word(const uint8_t *stamp, double oldest) {
    static const uint8_t zero[8];
    double age;

    if (memcmp(stamp, zero, 8) == 0)
        return "zero";
    age = seconds_from_now(stamp);
    return age > 1 ? "FUTURE" : age < -oldest ? "OLD" : "now";
}

static const char *origin_word(const uint8_t *request, const uint8_t *answer) {
    if (memcmp(answer + 24, request + 40, 8) == 0)
        return "transmit";
    return memcmp(answer + 24, request + 32, 8) == 0 ? "receive" : "OTHER";
}

static void print_ntp(const uint8_t *request, const uint8_t *answer, ssize_t length) {
    int precision = (int8_t)answer[3];

    if (length < NTP_HEADER) {
        puts(length < 0 ? "no answer" : "SHORT ANSWER");
        return;
    }
    printf("%zd bytes, leap %d version %d mode %d stratum %d poll %d precision %s delay %08x "
           "dispersion %08x "
           "reference %08x at %s, origin %s, receive %s %s, transmit %s %s%s",
           length, answer[0] >> 6, answer[0] >> 3 & 7, answer[0] & 7, answer[1], (int8_t)answer[2],
           precision >= -30 && precision <= -10 ? "fine" : "ODD", get32(answer + 4),
           get32(answer + 8), get32(answer + 12), stamp_word(answer + 16, 70),
           origin_word(request, answer), stamp_word(answer + 32, 5),
           answer[39] & 1 ? "odd" : "EVEN", stamp_word(answer + 40, 5),
           answer[47] & 1 ? "ODD" : "even",
           memcmp(answer + 32, answer + 40, 8) == 0 ? ", THE SAME" : "");
    for (ssize_t i = NTP_HEADER; i < length; i++)
        printf("%s%02x", i == NTP_HEADER ? " rest " : "", answer[i]);
    putchar('\n');
}

static const char *ntp_from; /* our own address, NULL = any */

/* One request from a socket of its own. */
static void try_ntp(const uint8_t *request, size_t length, unsigned from_port) {
    bool ipv6 = server.storage.ss_family == AF_INET6;
    struct address from = ip_address(ntp_from != NULL ? ntp_from
                                     : ipv6           ? "::"
                                                      : "0.0.0.0",
                                     from_port);
    int descriptor = open_socket(&from);
    uint8_t answer[MAX_DATAGRAM];
    ssize_t heard = ask(true, descriptor, request, length, answer);

    print_ntp(request, answer, heard);
    close(descriptor);
}

static void try_first_bytes(void) {
    uint8_t request[NTP_HEADER];

    for (unsigned first = 0; first < 256; first++) {
        ntp_question(request);
        request[0] = (uint8_t)first;
        printf("leap %u version %u mode %u: ", first >> 6, first >> 3 & 7, first & 7);
        try_ntp(request, sizeof(request), 0);
    }
}

static void try_fields(void) {
    static const uint8_t polls[] = {0, 1, 3, 4, 10, 17, 127, 128, 0xf9, 0xff};
    uint8_t request[NTP_HEADER];

    for (size_t i = 0; i < sizeof(polls); i++) {
        ntp_question(request);
        request[2] = polls[i];
        printf("poll %d: ", (int8_t)polls[i]);
        try_ntp(request, sizeof(request), 0);
    }
    for (int i = 0; i < 16; i++) {
        ntp_question(request);
        random_fill(request + 1, 39);
        request[31] &= 0xfe; /* not the mark of an interleaved request */
        request[2] = 6;
        printf("random fields %d: ", i);
        try_ntp(request, sizeof(request), 0);
    }
    ntp_question(request);
    memset(request + 40, 0, 8);
    printf("transmit zero: ");
    try_ntp(request, sizeof(request), 0);
    ntp_question(request);
    request[0] = 1 << 3;
    printf("version 1 mode 0 from an ordinary port: ");
    try_ntp(request, sizeof(request), 0);
}

/* What comes from there may be another server's. */
static void probe_port_123(void) {
    uint8_t request[NTP_HEADER];

    for (unsigned first = 0; first < 64; first++) {
        ntp_question(request);
        request[0] = (uint8_t)first;
        printf("version %u mode %u from port 123: ", first >> 3 & 7, first & 7);
        try_ntp(request, sizeof(request), NTP_PORT);
    }
}

static void try_lengths(void) {
    static const unsigned long_ones[] = {1024, 1100, 1132, 1136, 1140,
                                         1144, 1148, 1200, 1400, 1500};
    uint8_t request[MAX_DATAGRAM];

    for (unsigned version = 1; version <= 4; version++) {
        for (size_t length = 0; length <= 124; length += length < 44 || length >= 52 ? 4 : 1) {
            memset(request, 0, sizeof(request));
            ntp_question(request);
            request[0] = (uint8_t)(version << 3 | 3);
            printf("version %u length %zu: ", version, length);
            try_ntp(request, length, 0);
        }
    }
    for (size_t i = 0; i < sizeof(long_ones) / sizeof(long_ones[0]); i++) {
        memset(request, 0, sizeof(request));
        ntp_question(request);
        put16(request + NTP_HEADER, 0x1234);
        put16(request + NTP_HEADER + 2, long_ones[i] - NTP_HEADER);
        printf("one extension field, length %u: ", long_ones[i]);
        try_ntp(request, long_ones[i], 0);
    }
}

/* A row of extension fields, then bytes that are none. */
struct tail {
    unsigned fields[4][3]; /* type, length in the field, bytes it takes; 0 bytes ends the row */
    unsigned rest;
};

static size_t put_tail(const struct tail *tail, uint8_t *bytes) {
    size_t at = 0;

    for (int i = 0; i < 4 && tail->fields[i][2] > 0; i++) {
        put16(bytes + at, tail->fields[i][0]);
        put16(bytes + at + 2, tail->fields[i][1]);
        at += tail->fields[i][2];
    }
    memset(bytes + at, 0x5a, tail->rest);
    return at + tail->rest;
}

static void try_tails(void) {
    static const struct tail rows[] = {
        {{{0x1234, 16, 16}}, 0},
        {{{0x1234, 20, 20}}, 0},
        {{{0x1234, 24, 24}}, 0},
        {{{0x1234, 28, 28}}, 0},
        {{{0x1234, 32, 32}}, 0},
        {{{0x1234, 64, 64}}, 0},
        {{{0x1234, 0, 28}}, 0},
        {{{0x1234, 4, 28}}, 0},
        {{{0x1234, 12, 28}}, 0},
        {{{0x1234, 15, 28}}, 0},
        {{{0x1234, 18, 28}}, 0},
        {{{0x1234, 27, 28}}, 0},
        {{{0x1234, 29, 28}}, 0},
        {{{0x1234, 32, 28}}, 0},
        {{{0x1234, 65535, 28}}, 0},
        {{{0, 28, 28}}, 0},
        {{{0xffff, 28, 28}}, 0},
        {{{0x0104, 36, 36}}, 0},
        {{{0x0204, 104, 104}}, 0},
        {{{0x0304, 104, 104}}, 0},
        {{{0x0404, 40, 40}}, 0},
        {{{0x0104, 36, 36}, {0x0204, 104, 104}, {0x0404, 40, 40}}, 0},
        {{{0xf323, 28, 28}}, 0},
        {{{0xf324, 28, 28}}, 0},
        {{{0x010a, 28, 28}}, 0},
        {{{0x1234, 16, 16}, {0x1235, 28, 28}}, 0},
        {{{0x1234, 28, 28}, {0x1235, 16, 16}}, 0},
        {{{0x1234, 16, 16}, {0x1235, 16, 16}, {0x1236, 16, 16}, {0x1237, 28, 28}}, 0},
        {{{0x1234, 28, 28}, {0x1235, 32, 28}}, 0},
        {{{0x1234, 28, 28}}, 4},
        {{{0x1234, 28, 28}}, 8},
        {{{0x1234, 28, 28}}, 12},
        {{{0x1234, 28, 28}}, 16},
        {{{0x1234, 28, 28}}, 20},
        {{{0x1234, 28, 28}}, 24},
        {{{0x1234, 28, 28}}, 28},
        {{{0}}, 4},
        {{{0}}, 8},
        {{{0}}, 12},
        {{{0}}, 16},
        {{{0}}, 20},
        {{{0}}, 24},
        {{{0}}, 28},
        {{{0}}, 36},
        {{{0}}, 52},
        {{{0}}, 68},
        {{{0}}, 72},
    };
    uint8_t request[MAX_DATAGRAM];

    for (unsigned version = 3; version <= 4; version++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            memset(request, 0, sizeof(request));
            ntp_question(request);
            request[0] = (uint8_t)(version << 3 | 3);
            printf("version %u tail %zu (first field %04x length %u, rest %u): ", version, i,
                   rows[i].fields[0][0], rows[i].fields[0][1], rows[i].rest);
            try_ntp(request, NTP_HEADER + put_tail(&rows[i], request + NTP_HEADER), 0);
        }
    }
}

static void probe_ntp(void) {
    try_first_bytes();
    try_fields();
    try_lengths();
    try_tails();
}

/* --- control
 * ----------------------------------------------------------------------------------------------------
 */

static void print_control(const uint8_t *request, const uint8_t *answer, ssize_t length) {
    if (length < 28) {
        puts(length < 0 ? "no answer" : "SHORT ANSWER");
        return;
    }
    printf("%zd bytes, version %d type %d command %u reply %u status %u%s%s%s\n", length, answer[0],
           answer[1], get16(answer + 4), get16(answer + 6), get16(answer + 8),
           get16(answer + 2) != 0 ? ", RESERVED BITS" : "",
           get32(answer + 12) != 0 || get16(answer + 10) != 0 || get32(answer + 20) != 0 ||
                   get32(answer + 24) != 0
               ? ", PADDING"
               : "",
           memcmp(answer + 16, request + 8, 4) != 0 ? ", OTHER SEQUENCE" : "");
}

static void try_control(int descriptor, const uint8_t *request, size_t length) {
    uint8_t answer[MAX_DATAGRAM];
    ssize_t heard = ask(false, descriptor, request, length, answer);

    print_control(request, answer, heard);
}

static void try_control_headers(int descriptor) {
    static const struct {
        const char *name;
        unsigned at;
    } fields[] = {
        {"version", 0}, {"type", 1}, {"first reserved byte", 2}, {"second reserved byte", 3}};
    uint8_t request[MAX_DATAGRAM];

    for (size_t field = 0; field < sizeof(fields) / sizeof(fields[0]); field++) {
        for (unsigned value = 0; value < 256; value += value < 9 ? 1 : 41) {
            size_t length = control_question(request, CONTROL_TRACKING, 104);

            request[fields[field].at] = (uint8_t)value;
            printf("%s %u: ", fields[field].name, value);
            try_control(descriptor, request, length);
            printf("%s %u, short: ", fields[field].name, value);
            try_control(descriptor, request, 30);
        }
    }
    control_question(request, CONTROL_TRACKING, 104);
    put16(request + 6, 3);
    printf("attempt 3: ");
    try_control(descriptor, request, 104);
    random_fill(request + 12, 92);
    printf("random padding: ");
    try_control(descriptor, request, 104);
}

/* Over UDP nothing is changed by any of these: what changes something is refused there. */
static void try_control_lengths(int descriptor) {
    static const unsigned commands[] = {0,  1,  14, 15, 33, 34, 35,  41,   44,
                                        51, 54, 57, 64, 65, 68, 255, 65535};
    static const unsigned lengths[] = {1,   4,   19,  20,  27,  28,  29,  31,   32,  47,  48,  51,
                                       52,  55,  56,  59,  60,  71,  72,  75,   76,  83,  84,  103,
                                       104, 151, 152, 171, 172, 195, 196, 283,  284, 371, 372, 415,
                                       416, 519, 520, 859, 860, 861, 864, 1200, 2000};
    uint8_t request[MAX_DATAGRAM];

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
            control_question(request, commands[i], lengths[k]);
            printf("command %u length %u: ", commands[i], lengths[k]);
            try_control(descriptor, request, lengths[k]);
        }
    }
}

static void try_commands(int descriptor, unsigned first, unsigned last) {
    uint8_t request[MAX_DATAGRAM];

    for (unsigned command = first; command <= last; command++) {
        control_question(request, command, CONTROL_PADDED);
        printf("command %u, empty: ", command);
        try_control(descriptor, request, CONTROL_PADDED);
    }
}

static void probe_control(void) {
    int descriptor = open_socket(NULL);

    try_control_headers(descriptor);
    if (unix_folder != NULL)
        return;
    try_control_lengths(descriptor);
    try_commands(descriptor, 0, 300);
}

/* What is left of the daemon's state afterwards is anybody's guess. The one command after which
 * there is no daemon is left out. */
static void probe_commands(void) {
    int descriptor = open_socket(NULL);

    try_commands(descriptor, 0, CONTROL_SHUTDOWN - 1);
    try_commands(descriptor, CONTROL_SHUTDOWN + 1, 300);
}

/* --- noise
 * ------------------------------------------------------------------------------------------------------
 */

static void damage(uint8_t *bytes, size_t length) {
    for (unsigned hits = 1 + random_below(6); hits > 0; hits--)
        bytes[random_below((unsigned)length)] = (uint8_t)random_u32();
}

/* Half of the noise is plain noise; the other half is nearly right, to get further in. */
static size_t noise_datagram(bool ntp, uint8_t *bytes) {
    static const unsigned commands[] = {1,  2,  3,  14, 15, 25, 33, 34,
                                        44, 54, 57, 64, 65, 67, 68, 69};
    size_t length = random_below(1500) + 1;

    if (random_below(2) == 0) {
        random_fill(bytes, length);
        return length;
    }
    random_fill(bytes, MAX_DATAGRAM);
    if (ntp) {
        ntp_question(bytes);
        length = NTP_HEADER + 4 * random_below(60);
        put16(bytes + NTP_HEADER, random_u32() & 0xffff);
        put16(bytes + NTP_HEADER + 2, 4 * random_below(40));
        damage(bytes, NTP_HEADER + 4);
        return length;
    }
    length = 20 + random_below(600);
    control_question(bytes, commands[random_below(sizeof(commands) / sizeof(commands[0]))], length);
    random_fill(bytes + 20, length - 20);
    if (random_below(4) == 0)
        damage(bytes, length);
    return length;
}

static void probe_noise(bool ntp, unsigned long count) {
    uint8_t bytes[MAX_DATAGRAM], answer[MAX_DATAGRAM];
    int descriptor = open_socket(NULL);

    for (unsigned long sent = 0; sent < count; sent++) {
        size_t length = noise_datagram(ntp, bytes);

        if (!ntp && get16(bytes + 4) == CONTROL_SHUTDOWN)
            continue;
        say(descriptor, bytes, length);
        if (sent % NOISE_BATCH == 0)
            settle(ntp);
        while (hear(descriptor, answer, 0) >= 0)
            ;
    }
    settle(ntp);
    printf("%lu datagrams, and it answers\n", count);
}

/* --- what was asked for
 * ------------------------------------------------------------------------------------------ */

static void usage(void) {
    fputs("usage: probe ntp ADDRESS PORT [FROM] | probe port123 ADDRESS PORT\n"
          "       probe control ADDRESS PORT | probe control PATH DIRECTORY\n"
          "       probe commands PATH DIRECTORY\n"
          "       probe noise ntp|control ADDRESS PORT|PATH DIRECTORY COUNT SEED\n",
          stderr);
    exit(2);
}

static void set_server(const char *where, const char *port) {
    if (where[0] == '/') {
        server = unix_address(where);
        unix_folder = port;
    } else {
        server = ip_address(where, (unsigned)strtoul(port, NULL, 10));
    }
}

int main(int argc, char **argv) {
    bool noise = argc == 7 && strcmp(argv[1], "noise") == 0;

    if (!noise && argc != 4 && argc != 5)
        usage();
    argv += noise;
    set_server(argv[2], argv[3]);
    if (noise) {
        seed = strtoull(argv[5], NULL, 10) * 2 + 1;
        probe_noise(strcmp(argv[1], "ntp") == 0, strtoul(argv[4], NULL, 10));
    } else if (strcmp(argv[1], "ntp") == 0) {
        ntp_from = argv[4];
        probe_ntp();
    } else if (strcmp(argv[1], "port123") == 0) {
        probe_port_123();
    } else if (strcmp(argv[1], "control") == 0) {
        probe_control();
    } else if (strcmp(argv[1], "commands") == 0) {
        probe_commands();
    } else {
        usage();
    }
    return 0;
}
