/* NTP requests of every version, mode, length and tail, and what comes back in words. In what two
 * servers may differ without doing different things (the clock's reading, its precision) there is a
 * judgement instead of a number. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/interop/probe.h"

#define NTP_PORT    123
#define NTP_TO_UNIX 2208988800U

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
    memcpy(request + 16, "NTP5DRFT", 8);
    printf("reference time that asks for version 5: ");
    try_ntp(request, sizeof(request), 0);
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
void probe_port_123(void) {
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

void probe_ntp(const char *from) {
    ntp_from = from;
    try_first_bytes();
    try_fields();
    try_lengths();
    try_tails();
}

#define HASTY_REQUESTS 200
#define SILENCE_MS     300

/* Of many requests at once from one address: how many get what. */
void probe_limit(const char *from) {
    struct address own = ip_address(from, 0);
    int descriptor = open_socket(&own), answers = 0, kisses = 0;
    uint8_t request[NTP_HEADER], answer[MAX_DATAGRAM], first[16];

    for (int i = 0; i < HASTY_REQUESTS; i++) {
        ntp_question(request);
        say(descriptor, request, sizeof(request));
        while (hear(descriptor, answer, i < HASTY_REQUESTS - 1 ? 0 : SILENCE_MS) >= NTP_HEADER) {
            bool kiss = answer[1] == 0 && memcmp(answer + 12, "RATE", 4) == 0;

            if (kiss && kisses == 0)
                memcpy(first, answer, sizeof(first));
            *(kiss ? &kisses : &answers) += 1;
        }
    }
    printf("answers %d kisses %d poll %d\n", answers, kisses, (int8_t)answer[2]);
    if (kisses > 0) /* but for the precision, which is the machine's */
        printf("kiss %02x%02x%02x %08x %08x %08x\n", first[0], first[1], first[2], get32(first + 4),
               get32(first + 8), get32(first + 12));
    close(descriptor);
}

/* Two packets that come without being asked for. */
void probe_listen(void) {
    static const uint8_t nothing[NTP_HEADER];
    int descriptor = socket(server.storage.ss_family, SOCK_DGRAM, 0);
    uint8_t answer[MAX_DATAGRAM];

    if (bind(descriptor, (const struct sockaddr *)&server.storage, server.length) != 0) {
        perror("bind");
        return;
    }
    for (int i = 0; i < 2; i++)
        print_ntp(nothing, answer, hear(descriptor, answer, 5000));
    close(descriptor);
}

/* The traffic class of what comes, a line each. */
void probe_class(void) {
    int descriptor = socket(server.storage.ss_family, SOCK_DGRAM, 0), one = 1;

    setsockopt(descriptor, IPPROTO_IP, IP_RECVTOS, &one, sizeof(one));
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVTCLASS, &one, sizeof(one));
    if (bind(descriptor, (const struct sockaddr *)&server.storage, server.length) != 0) {
        perror("bind");
        return;
    }
    for (int i = 0; i < 2; i++) {
        uint8_t bytes[MAX_DATAGRAM], control[128];
        struct iovec part = {bytes, sizeof(bytes)};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof(control)};
        struct cmsghdr *first;

        if (recvmsg(descriptor, &message, 0) < 0)
            break;
        first = CMSG_FIRSTHDR(&message);
        printf("mode %d class %d\n", bytes[0] & 7, first == NULL ? -1 : *CMSG_DATA(first));
        fflush(stdout);
    }
    close(descriptor);
}

#define CROWD 1000

/* One request from each of many addresses. */
void probe_crowd(void) {
    int answered = 0;

    for (int i = 0; i < CROWD; i++) {
        uint8_t request[NTP_HEADER], answer[MAX_DATAGRAM];
        char text[32];
        struct address own;
        int descriptor;

        snprintf(text, sizeof(text), "127.1.%d.%d", i / 250, i % 250 + 1);
        own = ip_address(text, 0);
        descriptor = open_socket(&own);
        ntp_question(request);
        say(descriptor, request, sizeof(request));
        answered += hear(descriptor, answer, SILENCE_MS) == NTP_HEADER;
        close(descriptor);
    }
    printf("%d of %d answered\n", answered, CROWD);
}
