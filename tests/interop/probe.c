/* probe: says on the wire what no client would, and prints what comes back in words that two
 * servers with the same behaviour print alike. It knows the two protocols from their documents (RFC
 * 5905, chrony's control protocol) and shares no line with the program under test.
 *
 * Each datagram is followed by a question that every server answers. The two stand in one queue, so
 * when that answer is here nothing is to come any more: no waiting, and "no answer" is certain. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/interop/probe.h"

#define PATIENCE_MS 5000 /* for an answer that must come */

struct address server;
const char *unix_folder;
static uint64_t seed = 1;

static void die(const char *what) {
    fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* xorshift64*: the same datagrams on every machine. */
uint32_t random_u32(void) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * 0x2545f4914f6cdd1dU) >> 32);
}

unsigned random_below(unsigned limit) {
    return random_u32() % limit;
}

void random_fill(uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)random_u32();
}

void put16(uint8_t *bytes, unsigned value) {
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

unsigned get16(const uint8_t *bytes) {
    return (unsigned)bytes[0] << 8 | bytes[1];
}

uint32_t get32(const uint8_t *bytes) {
    return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

struct address ip_address(const char *text, unsigned port) {
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

int open_socket(const struct address *from) {
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
void say(int descriptor, const uint8_t *bytes, size_t length) {
    while (send(descriptor, bytes, length, 0) < 0) {
        if (errno == ECONNREFUSED)
            continue; /* about an earlier datagram; the question that follows finds out */
        if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
            die("send");
    }
}

ssize_t hear(int descriptor, uint8_t *bytes, int patience_ms) {
    struct pollfd waiting = {.fd = descriptor, .events = POLLIN};

    if (poll(&waiting, 1, patience_ms) <= 0)
        return -1;
    return recv(descriptor, bytes, MAX_DATAGRAM, MSG_DONTWAIT);
}

size_t ntp_question(uint8_t *bytes) {
    memset(bytes, 0, NTP_HEADER);
    bytes[0] = 4 << 3 | 3;
    bytes[2] = 6;
    bytes[3] = 32;
    random_fill(bytes + 40, 8);
    return NTP_HEADER;
}

size_t control_question(uint8_t *bytes, unsigned command, size_t length) {
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

void settle(bool ntp) {
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
ssize_t ask(bool ntp, int descriptor, const uint8_t *request, size_t length, uint8_t *answer) {
    uint8_t more[MAX_DATAGRAM];
    ssize_t heard;

    say(descriptor, request, length);
    settle(ntp);
    heard = hear(descriptor, answer, 0);
    if (heard < 0) {
        /* Of what comes together the plain questions may be answered first. */
        settle(ntp);
        heard = hear(descriptor, answer, 0);
    }
    while (heard >= 0 && hear(descriptor, more, 0) >= 0)
        printf("ANSWERED TWICE: ");
    return heard;
}

static void usage(void) {
    fputs("usage: probe ntp ADDRESS PORT [FROM] | probe port123 ADDRESS PORT\n"
          "       probe limit ADDRESS PORT FROM | probe listen ADDRESS PORT\n"
          "       probe class ADDRESS PORT | probe crowd ADDRESS PORT\n"
          "       probe control ADDRESS PORT | probe control PATH DIRECTORY\n"
          "       probe commands PATH DIRECTORY\n"
          "       probe noise ntp|control ADDRESS PORT|PATH DIRECTORY COUNT SEED\n"
          "       probe flood ntp|control ADDRESS PORT|PATH DIRECTORY SECONDS SEED\n"
          "       probe steady ADDRESS PORT FILE\n",
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
    bool flood = argc == 7 && strcmp(argv[1], "flood") == 0;

    if (!noise && !flood && argc != 4 && argc != 5)
        usage();
    argv += noise || flood;
    set_server(argv[2], argv[3]);
    if (noise || flood) {
        seed = strtoull(argv[5], NULL, 10) * 2 + 1;
        (noise ? probe_noise : probe_flood)(strcmp(argv[1], "ntp") == 0,
                                            strtoul(argv[4], NULL, 10));
    } else if (strcmp(argv[1], "steady") == 0 && argv[4] != NULL) {
        probe_steady(argv[4]);
    } else if (strcmp(argv[1], "ntp") == 0) {
        probe_ntp(argv[4]);
    } else if (strcmp(argv[1], "port123") == 0) {
        probe_port_123();
    } else if (strcmp(argv[1], "limit") == 0 && argv[4] != NULL) {
        probe_limit(argv[4]);
    } else if (strcmp(argv[1], "listen") == 0) {
        probe_listen();
    } else if (strcmp(argv[1], "class") == 0) {
        probe_class();
    } else if (strcmp(argv[1], "crowd") == 0) {
        probe_crowd();
    } else if (strcmp(argv[1], "control") == 0) {
        probe_control();
    } else if (strcmp(argv[1], "commands") == 0) {
        probe_commands();
    } else {
        usage();
    }
    return 0;
}
