/* The load for the benchmarks: NTP requests in a closed loop (bursts of -b, each waited for) or at
 * a fixed rate (-r), from many ports (-p) and many source addresses (-a). Tells what was answered,
 * lost and wrong, how long answers took, and how far their transmit stamps are from the time when
 * the kernel had them on their way. With a
 * command: how long that takes from its start to its first answer.
 *
 * Bounded in count and time, and only for addresses of this machine's loopback or, with -n, of a
 * network namespace of the caller's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COUNT   100000000L
#define MAX_SECONDS 600
#define MAX_PORTS   256
#define MAX_SOURCES (1L << 24)
#define MAX_BURST   64
#define WINDOW      65536 /* requests on their way, at most */
#define SAMPLES     1000000
#define NTP_SIZE    48
#define NS_PER_S    INT64_C(1000000000)
#define UNIX_TO_NTP INT64_C(2208988800)
#define LOST_AFTER  (NS_PER_S / 2)
#define ASK_AGAIN   50000 /* ns */

struct options {
    struct sockaddr_in server;
    long count, seconds, rate, ports, burst, sources;
    uint32_t first_source; /* host order */
    bool anywhere;
};

/* One datagram, out or in. */
struct message {
    struct iovec part;
    struct sockaddr_in name;
    uint8_t bytes[128];
    union {
        struct cmsghdr first;
        uint8_t bytes[128];
    } control;
};

struct load {
    struct options options;
    struct pollfd sockets[MAX_PORTS];
    struct mmsghdr headers[MAX_BURST];
    struct message messages[MAX_BURST];
    int64_t sent_at[WINDOW]; /* monotonic, by number of the request; 0 = answered or given up */
    uint64_t key;            /* mixed into the transmit stamps that number the requests */
    long sent, answered, invalid, refused;
    float delays[SAMPLES], errors[SAMPLES]; /* microseconds */
    long delay_count, error_count;
};

static int64_t read_clock(clockid_t id) {
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static uint64_t get_be64(const uint8_t *from) {
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | from[i];
    return value;
}

static void put_be64(uint8_t *to, uint64_t value) {
    for (int i = 7; i >= 0; i--, value >>= 8)
        to[i] = (uint8_t)value;
}

static _Noreturn void die(const char *what) {
    perror(what);
    exit(2);
}

/* --- out
 * -------------------------------------------------------------------------------------------------------
 */

/* The source is any address that the kernel has a local route for; loopback has one for all of
 * 127/8. */
static void put_source(struct message *message, struct msghdr *header, uint32_t address) {
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(address)};

    memset(&message->control, 0, sizeof message->control);
    message->control.first.cmsg_level = IPPROTO_IP;
    message->control.first.cmsg_type = IP_PKTINFO;
    message->control.first.cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(&message->control.first), &info, sizeof info);
    header->msg_control = &message->control;
    header->msg_controllen = CMSG_SPACE(sizeof info);
}

static void make_request(struct load *load, int place, long number) {
    struct message *message = &load->messages[place];
    struct msghdr *header = &load->headers[place].msg_hdr;

    memset(message->bytes, 0, NTP_SIZE);
    message->bytes[0] = 0x23;
    message->bytes[2] = 6;
    put_be64(message->bytes + 40, (uint64_t)number ^ load->key);
    message->part = (struct iovec){message->bytes, NTP_SIZE};
    *header = (struct msghdr){.msg_name = &load->options.server,
                              .msg_namelen = sizeof load->options.server,
                              .msg_iov = &message->part,
                              .msg_iovlen = 1};
    if (load->options.sources > 0)
        put_source(message, header,
                   load->options.first_source + (uint32_t)(number % load->options.sources));
}

/* A burst leaves from one port. */
static void send_burst(struct load *load, int count) {
    int fd = load->sockets[load->sent / load->options.burst % load->options.ports].fd, done = 0;
    int64_t now;

    for (int i = 0; i < count; i++)
        make_request(load, i, load->sent + i);
    now = read_clock(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++)
        load->sent_at[(load->sent + i) % WINDOW] = now;
    while (done < count) {
        int sent = sendmmsg(fd, load->headers + done, (unsigned)(count - done), 0);

        if (sent < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR &&
            errno != ECONNREFUSED)
            die("sendmmsg");
        load->refused += sent < 0;
        done += sent < 0 ? 1 : sent;
    }
    load->sent += count;
}

/* --- in
 * --------------------------------------------------------------------------------------------------------
 */

static int64_t kernel_stamp(struct msghdr *header) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control;
         control = CMSG_NXTHDR(header, control)) {
        struct timespec stamp;

        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
        return (int64_t)stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
    }
    return 0;
}

static void take_stamp_error(struct load *load, const uint8_t *bytes, int64_t arrived) {
    uint64_t stamp = get_be64(bytes + 40);
    int64_t transmit = ((int64_t)(stamp >> 32) - UNIX_TO_NTP) * NS_PER_S +
                       (int64_t)(((stamp & UINT32_MAX) * (uint64_t)NS_PER_S) >> 32);

    if (arrived != 0 && load->error_count < SAMPLES)
        load->errors[load->error_count++] = (float)(arrived - transmit) / 1000.0F;
}

/* An answer from elsewhere than where the request went is none. */
static bool is_asked(const struct load *load, const struct sockaddr_in *from) {
    return from->sin_addr.s_addr == load->options.server.sin_addr.s_addr &&
           from->sin_port == load->options.server.sin_port;
}

static void take_answer(struct load *load, struct mmsghdr *header, int64_t now) {
    const uint8_t *bytes = header->msg_hdr.msg_iov->iov_base;
    uint64_t number = get_be64(bytes + 24) ^ load->key;
    int64_t *sent_at = &load->sent_at[number % WINDOW];

    if (!is_asked(load, header->msg_hdr.msg_name)) {
        load->invalid++;
        return;
    }
    if (header->msg_len == NTP_SIZE && (bytes[0] & 0x3f) == 0x23) { /* the echo's */
        number = get_be64(bytes + 40) ^ load->key;
        sent_at = &load->sent_at[number % WINDOW];
    } else if (header->msg_len != NTP_SIZE || (bytes[0] & 0x3f) != 0x24 || bytes[1] == 0) {
        load->invalid++;
        return;
    }
    if (number >= (uint64_t)load->sent || *sent_at == 0) {
        load->invalid++;
        return;
    }
    if (load->delay_count < SAMPLES)
        load->delays[load->delay_count++] = (float)(now - *sent_at) / 1000.0F;
    *sent_at = 0;
    load->answered++;
    if ((bytes[0] & 7) == 4)
        take_stamp_error(load, bytes, kernel_stamp(&header->msg_hdr));
}

/* Everything that waits at one socket. */
static void drain(struct load *load, int fd) {
    int count;

    do {
        int64_t now;

        for (int i = 0; i < MAX_BURST; i++) {
            struct message *message = &load->messages[i];

            message->part = (struct iovec){message->bytes, sizeof message->bytes};
            load->headers[i].msg_hdr = (struct msghdr){.msg_name = &message->name,
                                                       .msg_namelen = sizeof message->name,
                                                       .msg_iov = &message->part,
                                                       .msg_iovlen = 1,
                                                       .msg_control = &message->control,
                                                       .msg_controllen = sizeof message->control};
        }
        count = recvmmsg(fd, load->headers, MAX_BURST, MSG_DONTWAIT, NULL);
        now = read_clock(CLOCK_MONOTONIC);
        for (int i = 0; i < count; i++)
            take_answer(load, &load->headers[i], now);
    } while (count == MAX_BURST);
}

/* Waits for answers, at most until `until` (monotonic ns). */
static void receive_until(struct load *load, int64_t until) {
    int64_t left = until - read_clock(CLOCK_MONOTONIC);
    struct timespec wait = {left > 0 ? left / NS_PER_S : 0, left > 0 ? left % NS_PER_S : 0};

    if (ppoll(load->sockets, (nfds_t)load->options.ports, &wait, NULL) <= 0)
        return;
    for (long i = 0; i < load->options.ports; i++)
        if (load->sockets[i].revents != 0)
            drain(load, load->sockets[i].fd);
}

/* --- the two loops
 * --------------------------------------------------------------------------------------------- */

static bool over(const struct load *load, int64_t end) {
    return load->sent >= load->options.count || read_clock(CLOCK_MONOTONIC) >= end;
}

static void closed_loop(struct load *load, int64_t end) {
    while (!over(load, end)) {
        long left = load->options.count - load->sent, before = load->answered;
        int burst = (int)(left < load->options.burst ? left : load->options.burst);
        int64_t until = read_clock(CLOCK_MONOTONIC) + LOST_AFTER;

        send_burst(load, burst);
        while (load->answered - before < burst && read_clock(CLOCK_MONOTONIC) < until)
            receive_until(load, until);
    }
}

static void fixed_rate(struct load *load, int64_t begin, int64_t end) {
    int64_t interval = load->options.burst * NS_PER_S / load->options.rate, next = begin;

    while (!over(load, end)) {
        receive_until(load, next);
        if (read_clock(CLOCK_MONOTONIC) < next)
            continue;
        send_burst(load, (int)load->options.burst);
        next += interval;
    }
    for (next = read_clock(CLOCK_MONOTONIC) + LOST_AFTER;
         load->answered < load->sent && read_clock(CLOCK_MONOTONIC) < next;)
        receive_until(load, next);
}

/* --- the first answer
 * ------------------------------------------------------------------------------------------ */

/* Starts a server, asks it until it answers, and ends it. */
static void first_answer(struct load *load, char **command) {
    int64_t begin = read_clock(CLOCK_MONOTONIC), end = begin + load->options.seconds * NS_PER_S;
    pid_t pid;

    if (posix_spawn(&pid, command[0], NULL, NULL, command, environ) != 0)
        die(command[0]);
    while (load->answered == 0 && read_clock(CLOCK_MONOTONIC) < end) {
        send_burst(load, 1);
        receive_until(load, read_clock(CLOCK_MONOTONIC) + ASK_AGAIN);
    }
    printf("first=%.3f\n", (double)(read_clock(CLOCK_MONOTONIC) - begin) / 1e6);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

/* --- beginning and end
 * ----------------------------------------------------------------------------------------- */

static void open_sockets(struct load *load) {
    int one = 1, size = 4 << 20;

    for (long i = 0; i < load->options.ports; i++) {
        struct sockaddr_in local = {.sin_family = AF_INET};
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof local) < 0)
            die("socket");
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        load->sockets[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
}

static int compare(const void *a, const void *b) {
    float left = *(const float *)a, right = *(const float *)b;

    return (left > right) - (left < right);
}

static void print_percentiles(const char *name, float *values, long count) {
    static const double parts[] = {0.5, 0.9, 0.99};

    qsort(values, (size_t)count, sizeof *values, compare);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        printf(" %s%.0f=%.1f", name, parts[i] * 100.0,
               count > 0 ? (double)values[(long)((double)(count - 1) * parts[i])] : 0.0);
}

static void print(struct load *load, double seconds) {
    printf("sent=%ld answered=%ld lost=%ld invalid=%ld seconds=%.3f rate=%.0f", load->sent,
           load->answered, load->sent - load->answered, load->invalid, seconds,
           (double)load->answered / seconds);
    print_percentiles("delay", load->delays, load->delay_count);
    print_percentiles("stamp", load->errors, load->error_count);
    printf("\n");
}

static long number(const char *text, long least, long most) {
    char *end;
    long value = strtol(text, &end, 10);

    if (*end != '\0' || value < least || value > most) {
        fprintf(stderr, "ntpload: %s is not between %ld and %ld\n", text, least, most);
        exit(2);
    }
    return value;
}

static void parse(struct options *options, int argc, char **argv) {
    struct in_addr address;
    int letter;

    *options = (struct options){.server = {.sin_family = AF_INET,
                                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                           .sin_port = htons(123)},
                                .count = 10000,
                                .seconds = 10,
                                .ports = 1,
                                .burst = 1,
                                .first_source = 0x7f010000};
    while ((letter = getopt(argc, argv, "+c:t:r:b:p:a:A:n")) != -1) {
        switch (letter) {
        case 'c':
            options->count = number(optarg, 1, MAX_COUNT);
            break;
        case 't':
            options->seconds = number(optarg, 1, MAX_SECONDS);
            break;
        case 'r':
            options->rate = number(optarg, 1, 10000000);
            break;
        case 'b':
            options->burst = number(optarg, 1, MAX_BURST);
            break;
        case 'p':
            options->ports = number(optarg, 1, MAX_PORTS);
            break;
        case 'a':
            options->sources = number(optarg, 1, MAX_SOURCES);
            break;
        case 'A':
            if (inet_pton(AF_INET, optarg, &address) != 1)
                die(optarg);
            options->first_source = ntohl(address.s_addr);
            break;
        case 'n':
            options->anywhere = true;
            break;
        default:
            fprintf(stderr,
                    "Usage: ntpload [-c COUNT] [-t SECONDS] [-r RATE] [-b BURST] [-p PORTS]\n"
                    "               [-a SOURCES] [-A FIRST-SOURCE] [-n] [ADDRESS [PORT "
                    "[COMMAND...]]]\n");
            exit(2);
        }
    }
    if (optind < argc && inet_pton(AF_INET, argv[optind], &options->server.sin_addr) != 1)
        die(argv[optind]);
    if (optind + 1 < argc)
        options->server.sin_port = htons((uint16_t)number(argv[optind + 1], 1, 65535));
    if (!options->anywhere && ntohl(options->server.sin_addr.s_addr) >> 24 != 127) {
        fprintf(stderr, "ntpload: not an address of loopback; -n in a network namespace\n");
        exit(2);
    }
}

int main(int argc, char **argv) {
    static struct load load;
    int64_t begin, end;

    parse(&load.options, argc, argv);
    load.key = UINT64_C(0xe400000000000000);
    open_sockets(&load);
    if (optind + 2 < argc) {
        first_answer(&load, argv + optind + 2);
        return load.answered > 0 ? 0 : 1;
    }
    begin = read_clock(CLOCK_MONOTONIC);
    end = begin + load.options.seconds * NS_PER_S;
    if (load.options.rate > 0)
        fixed_rate(&load, begin, end);
    else
        closed_loop(&load, end);
    print(&load, (double)(read_clock(CLOCK_MONOTONIC) - begin) / 1e9);
    return load.answered > 0 ? 0 : 1;
}
