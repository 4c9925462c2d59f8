/* ping: ICMP echo (RFC 792, RFC 4443), over the kernel's unprivileged ICMP sockets, or a raw one
 * where those are not allowed (net.ipv4.ping_group_range). The sending time travels in the packet,
 * so nothing is remembered. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/tools/tool.h"
#include "core/base/bytes.h"
#include "core/linux/clock.h"

static const char usage[] = "ping [-4 | -6] [-q] [-c COUNT] [-i SECONDS] [-W SECONDS] HOST\n"
                            "Send ICMP echo requests; status 0 when an answer came.\n"
                            "  -c  send so many, then end (otherwise until interrupted)\n"
                            "  -i  pause between them (1)\n"
                            "  -W  wait for the last answer (10)\n"
                            "  -q  only the summary\n";

#define DATA_SIZE   56
#define HEADER_SIZE 8 /* type, code, checksum, identifier, sequence */
#define PACKET_SIZE (HEADER_SIZE + DATA_SIZE)
#define SEQUENCES   65536

struct ping {
    struct tool tool;
    struct sockaddr_storage address;
    socklen_t address_length;
    char text[TOOL_ADDRESS_SIZE];
    int socket;
    bool raw, ipv6, quiet;
    uint16_t identifier; /* a raw socket sees everyone's answers */
    uint32_t count, sent, received, duplicates;
    double shortest, longest, sum;   /* ms */
    uint8_t answered[SEQUENCES / 8]; /* a bit for each sequence number */
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
    interrupted = number;
}

/* The first address is the one. */
static void find_host(struct ping *ping, int family) {
    struct addrinfo *found =
        tool_resolve(&ping->tool, ping->tool.operands[0], NULL, family, SOCK_DGRAM);

    memcpy(&ping->address, found->ai_addr, found->ai_addrlen);
    ping->address_length = found->ai_addrlen;
    tool_address(found->ai_addr, ping->text);
    freeaddrinfo(found);
}

static bool open_socket(struct ping *ping, int family) {
    int protocol = family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, on = 1;

    ping->ipv6 = family == AF_INET6;
    ping->socket = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
    if (ping->socket < 0) {
        ping->raw = true;
        ping->socket = socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol);
    }
    if (ping->socket < 0)
        return false;
    if (ping->ipv6)
        setsockopt(ping->socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on);
    else
        setsockopt(ping->socket, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
    return true;
}

/* The Internet checksum (RFC 1071); for IPv6 the kernel writes its own. */
static uint16_t checksum(const uint8_t *packet) {
    uint32_t sum = 0;

    for (int i = 0; i < PACKET_SIZE; i += 2)
        sum += get_be16(packet + i);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t) ~(sum + (sum >> 16));
}

static bool send_request(struct ping *ping) {
    uint8_t packet[PACKET_SIZE] = {ping->ipv6 ? 128 : 8};
    uint32_t sequence = ping->sent++ % SEQUENCES;

    put_be16(packet + 4, ping->identifier);
    put_be16(packet + 6, (uint16_t)sequence);
    put_be64(packet + HEADER_SIZE, (uint64_t)monotonic_clock_read());
    put_be16(packet + 2, checksum(packet));
    ping->answered[sequence / 8] &= (uint8_t) ~(1u << sequence % 8);
    return sendto(ping->socket, packet, sizeof packet, 0, (const struct sockaddr *)&ping->address,
                  ping->address_length) >= 0;
}

struct answer {
    uint8_t bytes[1024];
    const uint8_t *packet; /* behind any IP header */
    ssize_t length;        /* of the packet */
    int ttl;               /* it came with; 0 = unknown */
};

static bool receive_answer(const struct ping *ping, struct answer *answer) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int)) * 2];
    } control;
    struct iovec part = {.iov_base = answer->bytes, .iov_len = sizeof answer->bytes};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};

    message.msg_controllen = sizeof control;
    answer->packet = answer->bytes;
    answer->length = recvmsg(ping->socket, &message, MSG_DONTWAIT);
    answer->ttl = 0;
    if (answer->length <= 0)
        return false;
    /* The one option that was asked for: IP_TTL or IPV6_HOPLIMIT. */
    struct cmsghdr *option = CMSG_FIRSTHDR(&message);

    if (option != NULL && (option->cmsg_type == IP_TTL || option->cmsg_type == IPV6_HOPLIMIT))
        memcpy(&answer->ttl, CMSG_DATA(option), sizeof answer->ttl);
    if (ping->raw && !ping->ipv6) {
        int header = (answer->bytes[0] & 15) * 4;

        answer->packet += header;
        answer->length -= header;
    }
    return answer->length >= HEADER_SIZE + 8 && answer->packet[0] == (ping->ipv6 ? 129 : 0) &&
           (!ping->raw || get_be16(answer->packet + 4) == ping->identifier);
}

static void take_answer(struct ping *ping) {
    struct answer answer;

    if (!receive_answer(ping, &answer))
        return;

    uint16_t sequence = get_be16(answer.packet + 6);
    ns_t sent = (ns_t)get_be64(answer.packet + HEADER_SIZE);
    double took = ns_difference(monotonic_clock_read(), sent) * 1e3;
    uint8_t bit = (uint8_t)(1u << sequence % 8);
    bool duplicate = (ping->answered[sequence / 8] & bit) != 0;

    ping->answered[sequence / 8] |= bit;
    if (duplicate) {
        ping->duplicates++;
    } else {
        ping->shortest = ping->received == 0 || took < ping->shortest ? took : ping->shortest;
        ping->longest = took > ping->longest ? took : ping->longest;
        ping->sum += took;
        ping->received++;
    }
    if (!ping->quiet)
        printf("%zd bytes from %s: seq=%u ttl=%d time=%.3f ms%s\n", answer.length, ping->text,
               sequence, answer.ttl, took, duplicate ? " (DUP!)" : "");
    fflush(stdout);
}

/* Sends and listens until all is answered, waited for, or interrupted. */
static bool run(struct ping *ping, double interval, double wait) {
    /* Of the next request, or of the end when there is none left. */
    ns_t due = monotonic_clock_read();
    struct pollfd readable = {.fd = ping->socket, .events = POLLIN};

    while (!interrupted) {
        bool all_sent = ping->count != 0 && ping->sent == ping->count;

        if (all_sent && ping->received >= ping->sent)
            break;
        if (tool_poll_timeout(due) == 0) {
            if (all_sent)
                break;
            if (!send_request(ping)) {
                tool_error(&ping->tool, "sendto: %s", strerror(errno));
                return false;
            }
            due =
                ns_add_seconds(monotonic_clock_read(), ping->sent == ping->count ? wait : interval);
        }
        if (poll(&readable, 1, tool_poll_timeout(due)) > 0)
            take_answer(ping);
    }
    return true;
}

static void summarise(const struct ping *ping) {
    printf("\n--- %s ping statistics ---\n%u packets transmitted, %u packets received, ",
           ping->tool.operands[0], ping->sent, ping->received);
    if (ping->duplicates > 0)
        printf("%u duplicates, ", ping->duplicates);
    printf("%u%% packet loss\n",
           ping->sent == 0 ? 0 : (unsigned)((ping->sent - ping->received) * 100ull / ping->sent));
    if (ping->received > 0)
        printf("round-trip min/avg/max = %.3f/%.3f/%.3f ms\n", ping->shortest,
               ping->sum / ping->received, ping->longest);
}

int ping_main(int argc, char **argv) {
    struct ping ping = {.tool = tool_begin(argv, "ping", usage)};
    struct sigaction action = {.sa_handler = interrupt};
    double interval = 1, wait = 10;
    int family = AF_UNSPEC;

    (void)argc;
    for (int option; (option = tool_option(&ping.tool, "46qc:i:W:")) != 0;) {
        switch (option) {
        case '4':
            family = AF_INET;
            break;
        case '6':
            family = AF_INET6;
            break;
        case 'q':
            ping.quiet = true;
            break;
        case 'c':
            ping.count = (uint32_t)tool_number(&ping.tool, 1, UINT32_MAX);
            break;
        case 'i':
            interval = tool_number(&ping.tool, 0.002, 1e6);
            break;
        case 'W':
            wait = tool_number(&ping.tool, 0, 1e6);
            break;
        }
    }
    if (ping.tool.operand_count != 1)
        tool_usage(&ping.tool);
    find_host(&ping, family);
    if (!open_socket(&ping, ping.address.ss_family)) {
        tool_error(&ping.tool,
                   "no ICMP socket: %s: add --cap-add NET_RAW, or widen net.ipv4.ping_group_range",
                   strerror(errno));
        return 1;
    }
    ping.identifier = (uint16_t)getpid();
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    printf("PING %s (%s): %d data bytes\n", ping.tool.operands[0], ping.text, DATA_SIZE);
    fflush(stdout);
    if (!run(&ping, interval, wait))
        return 1;
    summarise(&ping);
    return tool_finish(&ping.tool, ping.received == 0);
}
