/* nc: does a port answer? And, without -z, a pipe to it. What a UDP probe says is an NTP client
 * request: a time server answers it, and any other service may as well be asked that as anything
 * else. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/tools/tool.h"
#include "core/linux/clock.h"
#include "core/wire/ntp.h"

static const char usage[] =
    "nc [-4 | -6] [-v] [-u] [-z] [-w SECONDS] HOST PORT\n"
    "Connect standard input and output to a port.\n"
    "  -z  only find out whether it is open: status 0 or 1\n"
    "  -u  UDP; -z asks for the time over NTP, and open means that an answer came\n"
    "  -w  give up when nothing happens for so long (UDP -z: 3)\n"
    "  -v  say what happens\n";

#define PROBE_WAIT     (3 * NS_PER_S)
#define PROBE_EVERY_MS 1000
#define RELAY_BLOCK    4096

struct nc {
    struct tool tool;
    int family, type;
    bool probe, verbose;
    ns_t wait; /* ns, NS_NEVER = for ever */
};

static ns_t deadline(ns_t wait) {
    return wait == NS_NEVER ? NS_NEVER : monotonic_clock_read() + wait;
}

/* The outcome of an attempt at one address, in words when asked for; errno is the reason when `how`
 * is NULL, and without -z it is always said. */
static void say(const struct nc *nc, const struct addrinfo *address, const char *how) {
    const char *reason = strerror(errno);
    char text[TOOL_ADDRESS_SIZE];

    tool_address(address->ai_addr, text);
    if (how == NULL && (nc->verbose || !nc->probe))
        tool_error(&nc->tool, "can't connect to remote host (%s): %s", text, reason);
    else if (nc->verbose)
        fprintf(stderr, "%s (%s:%s) %s\n", nc->tool.operands[0], text, nc->tool.operands[1], how);
}

/* A connected, non-blocking socket, or -1 with errno. For UDP that says nothing about the other
 * side yet. */
static int open_connection(const struct nc *nc, const struct addrinfo *address) {
    int stream = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, 0), error = 0;
    struct pollfd writable = {.fd = stream, .events = POLLOUT};
    socklen_t length = sizeof error;

    if (stream < 0)
        return -1;
    fcntl(stream, F_SETFL, O_NONBLOCK);
    if (connect(stream, address->ai_addr, address->ai_addrlen) == 0)
        return stream;
    if (errno != EINPROGRESS)
        error = errno;
    else if (poll(&writable, 1, tool_poll_timeout(deadline(nc->wait))) == 0)
        error = ETIMEDOUT;
    else
        getsockopt(stream, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error == 0)
        return stream;
    close(stream);
    errno = error;
    return -1;
}

/* Asks once a second until something comes back: 1 = an answer, 0 = silence, -1 = refused (errno).
 */
static int probe_datagram(const struct nc *nc, int stream) {
    uint8_t request[NTP_HEADER_SIZE] = {4 << 3 | NTP_MODE_CLIENT}, answer[NTP_PACKET_MAX_SIZE];
    ns_t until = deadline(nc->wait == NS_NEVER ? PROBE_WAIT : nc->wait);

    getrandom(request + NTP_HEADER_SIZE - 8, 8, 0);
    for (int left; (left = tool_poll_timeout(until)) > 0;) {
        struct pollfd readable = {.fd = stream, .events = POLLIN};

        if (send(stream, request, sizeof request, 0) < 0)
            return -1;
        if (poll(&readable, 1, left < PROBE_EVERY_MS ? left : PROBE_EVERY_MS) <= 0)
            continue;
        if (recv(stream, answer, sizeof answer, 0) >= 0)
            return 1;
        if (errno != EAGAIN)
            return -1;
    }
    return 0;
}

/* Bytes of one direction; false at its end. A full peer is waited for: nothing is lost. */
static bool relay_block(int from, int to) {
    char block[RELAY_BLOCK];
    ssize_t count = read(from, block, sizeof block);
    struct pollfd writable = {.fd = to, .events = POLLOUT};

    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    for (ssize_t done = 0, more; done < count; done += more) {
        more = write(to, block + done, (size_t)(count - done));
        if (more < 0 && errno != EAGAIN)
            return false;
        if (more < 0) {
            more = 0;
            poll(&writable, 1, -1);
        }
    }
    return count > 0;
}

/* Until the other side closes; the end of our input is passed on. */
static int relay(const struct nc *nc, int stream) {
    struct pollfd ends[2] = {{.fd = stream, .events = POLLIN},
                             {.fd = STDIN_FILENO, .events = POLLIN}};

    while (poll(ends, 2, tool_poll_timeout(deadline(nc->wait))) > 0) {
        if (ends[0].revents != 0 && !relay_block(stream, STDOUT_FILENO))
            return 0;
        if (ends[1].revents != 0 && !relay_block(STDIN_FILENO, stream)) {
            shutdown(stream, SHUT_WR);
            ends[1].fd = -1;
        }
    }
    return 0;
}

/* One address; 0 when it is open (and, without -z, has been served), otherwise 1. */
static int try_address(const struct nc *nc, const struct addrinfo *address) {
    int stream = open_connection(nc, address), status = 0;

    if (stream >= 0 && nc->probe && nc->type == SOCK_DGRAM) {
        int answers = probe_datagram(nc, stream);

        /* Silence proves nothing, except of an NTP server. */
        status = answers < 0 || (answers == 0 && strcmp(nc->tool.operands[1], "123") == 0);
        say(nc, address,
            answers > 0   ? "open"
            : answers < 0 ? NULL
            : status      ? "no answer"
                          : "open|filtered");
    } else {
        status = stream < 0;
        say(nc, address, status ? NULL : "open");
        if (stream >= 0 && !nc->probe)
            status = relay(nc, stream);
    }
    if (stream >= 0)
        close(stream);
    return status;
}

int nc_main(int argc, char **argv) {
    struct nc nc = {.tool = tool_begin(argv, "nc", usage), .type = SOCK_STREAM, .wait = NS_NEVER};
    struct addrinfo *addresses;
    int status = 1;

    (void)argc;
    for (int option; (option = tool_option(&nc.tool, "46vuzw:")) != 0;) {
        switch (option) {
        case '4':
            nc.family = AF_INET;
            break;
        case '6':
            nc.family = AF_INET6;
            break;
        case 'v':
            nc.verbose = true;
            break;
        case 'u':
            nc.type = SOCK_DGRAM;
            break;
        case 'z':
            nc.probe = true;
            break;
        case 'w':
            nc.wait = ns_from_seconds(tool_number(&nc.tool, 0.001, 1e6));
            break;
        }
    }
    if (nc.tool.operand_count != 2)
        tool_usage(&nc.tool);
    nc.tool.value = nc.tool.operands[1];
    tool_number(&nc.tool, 1, 65535);
    tool_end_on_signals();
    signal(SIGPIPE, SIG_IGN);
    addresses =
        tool_resolve(&nc.tool, nc.tool.operands[0], nc.tool.operands[1], nc.family, nc.type);
    for (struct addrinfo *address = addresses; address != NULL && status != 0;
         address = address->ai_next)
        status = try_address(&nc, address);
    freeaddrinfo(addresses);
    return status;
}
