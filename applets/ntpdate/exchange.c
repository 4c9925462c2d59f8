/* Requests and answers (RFC 5905 sections 8 and 9.2, client mode). The first request goes out at
 * once, each further one as soon as the last is answered or lost, but never more than REQUESTS_MAX
 * within REQUESTS_SPAN to one server. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "applets/ntpdate/ntpdate.h"
#include "core/linux/clock.h"
#include "core/linux/timestamp.h"

#define REQUESTS_MAX  4
#define REQUESTS_SPAN NS_PER_S
#define MAX_VERSION   4

/* A clock that was never set counts from 1970: eras are read as near this, not as near that.
 * 2026-01-01. */
#define ERA_PIVOT (INT64_C(1767225600) * NS_PER_S)

#define CODE(a, b, c, d)                                                                           \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* Kiss-o'-Death codes (RFC 5905 section 7.4) that mean: ask no more, or not now. */
static const struct kiss {
    uint32_t code;
    bool refuses;
    const char *words;
} kisses[] = {
    {CODE('R', 'A', 'T', 'E'), false, "rate limit response from server."},
    {CODE('D', 'E', 'N', 'Y'), true, "access denied by server."},
    {CODE('R', 'S', 'T', 'R'), true, "access restricted by server."},
    {0, false, NULL},
};

static void finish(struct ntpdate_server *server, const char *fault) {
    if (server->socket >= 0)
        close(server->socket);
    server->socket = -1;
    server->waiting = false;
    server->due = NS_NEVER;
    if (server->answered == 0 && server->fault == NULL)
        server->fault = fault;
}

static bool open_server(struct ntpdate_server *server) {
    server->socket = socket(server->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (server->socket < 0 || connect(server->socket, (const struct sockaddr *)&server->address,
                                      server->address_length) < 0)
        return false;
    timestamp_enable(server->socket, false);
    return true;
}

/* A random transmit timestamp tells the answer from a forgery, and nobody what time we think it is.
 */
static void send_request(const struct ntpdate *ntpdate, struct ntpdate_server *server, ns_t now) {
    struct ntp_header header = {.version = (uint8_t)ntpdate->settings.version,
                                .mode = NTP_MODE_CLIENT};
    uint8_t packet[NTP_HEADER_SIZE + KEYS_MAC_MAX_SIZE];
    size_t length = NTP_HEADER_SIZE;

    if (getrandom(&server->cookie, sizeof server->cookie, 0) != sizeof server->cookie ||
        server->cookie == 0)
        server->cookie = ntp_time_from_ns(system_clock_read());
    header.transmit_time = server->cookie;
    ntp_header_encode(&header, packet);
    if (ntpdate->key != NULL)
        length = keys_append_mac(ntpdate->key, header.version, packet, length);
    server->sent_times[server->sent++] = now;
    server->waiting = true;
    server->due = ns_add_seconds(now, ntpdate->settings.timeout);
    if (ntpdate->settings.debug)
        printf("transmit(%s)\n", server->text);
    server->sent_at = system_clock_read();
    if ((server->socket < 0 && !open_server(server)) || send(server->socket, packet, length, 0) < 0)
        finish(server, strerror(errno));
}

/* The request in flight has had its answer, or will not get one: what next? */
static void plan_next(const struct ntpdate *ntpdate, struct ntpdate_server *server, ns_t now) {
    server->waiting = false;
    server->due = now;
    if (server->sent >= ntpdate->settings.samples)
        finish(server, "no data");
    else if (server->sent >= REQUESTS_MAX &&
             server->sent_times[server->sent - REQUESTS_MAX] + REQUESTS_SPAN > now)
        server->due = server->sent_times[server->sent - REQUESTS_MAX] + REQUESTS_SPAN;
}

struct arrival {
    uint8_t bytes[NTP_PACKET_MAX_SIZE];
    ssize_t length;
    ns_t time; /* system clock; the kernel's stamp when there is one */
};

static void receive_packet(const struct ntpdate_server *server, struct arrival *arrival) {
    union {
        struct cmsghdr align;
        uint8_t bytes[256];
    } control;
    struct iovec part = {.iov_base = arrival->bytes, .iov_len = sizeof arrival->bytes};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
    struct cmsghdr *first;
    ns_t stamp;

    message.msg_controllen = sizeof control;
    arrival->length = recvmsg(server->socket, &message, MSG_DONTWAIT);
    arrival->time = system_clock_read();
    first = arrival->length < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (first != NULL && timestamp_from_message(first, &stamp) && stamp <= arrival->time &&
        stamp >= server->sent_at)
        arrival->time = stamp;
}

/* RFC 5905 section 8, in whole nanoseconds: the offset may be decades. */
static void add_sample(struct ntpdate_server *server, ns_t received) {
    ns_t near = received > ERA_PIVOT ? received : ERA_PIVOT;
    ns_t server_received = ntp_time_to_ns(server->header.receive_time, near);
    ns_t server_sent = ntp_time_to_ns(server->header.transmit_time, near);
    ns_t there = server_received - server->sent_at, back = server_sent - received;
    struct ntpdate_sample *sample = &server->samples[server->answered];

    sample->time = server->sent_at + (received - server->sent_at) / 2;
    sample->offset = ns_to_seconds(there / 2 + back / 2);
    sample->delay = ns_to_seconds(there - back);
    if (sample->delay < 0)
        sample->delay = 0;
    if (sample->delay < server->samples[server->best].delay)
        server->best = server->answered;
    server->answered++;
}

/* Whether the answer bears the code of the key that the request had. */
static bool is_authentic(const struct ntpdate *ntpdate, const struct arrival *arrival,
                         const struct ntp_header *header) {
    size_t length = (size_t)arrival->length;
    struct ntp_layout layout;

    return ntpdate->key == NULL || (ntp_split(arrival->bytes, length, header, &layout) &&
                                    keys_verify(&ntpdate->keys, header->version, arrival->bytes,
                                                length, layout.mac_length) == ntpdate->key);
}

/* False: this is no kiss. */
static bool take_kiss(struct ntpdate *ntpdate, struct ntpdate_server *server,
                      const struct ntp_header *header) {
    for (const struct kiss *kiss = kisses; header->stratum == 0 && kiss->words != NULL; kiss++) {
        if (header->reference_id != kiss->code)
            continue;
        ntpdate_log(true, "%s %s", server->text, kiss->words);
        server->refuses = kiss->refuses;
        ntpdate->limited = ntpdate->limited || !kiss->refuses;
        finish(server, "it said so");
        return true;
    }
    return false;
}

/* What is not the answer to the request in flight is ignored, and waiting goes on. */
static void take_answer(struct ntpdate *ntpdate, struct ntpdate_server *server) {
    struct arrival arrival;
    struct ntp_header header;

    receive_packet(server, &arrival);
    if (arrival.length < 0 && errno != EAGAIN && errno != EINTR)
        finish(server, strerror(errno));
    if (arrival.length < NTP_HEADER_SIZE || !server->waiting)
        return;
    ntp_header_decode(arrival.bytes, &header);
    if (header.mode != NTP_MODE_SERVER || header.version == 0 || header.version > MAX_VERSION ||
        header.origin_time != server->cookie)
        return;
    if (ntpdate->settings.debug)
        printf("receive(%s)\n", server->text);
    if (!is_authentic(ntpdate, &arrival, &header)) {
        server->fault = "authentication failed";
        return;
    }
    server->fault = NULL;
    if (take_kiss(ntpdate, server, &header))
        return;
    server->header = header;
    if (header.receive_time != 0 && header.transmit_time != 0)
        add_sample(server, arrival.time);
    plan_next(ntpdate, server, monotonic_clock_read());
}

/* Sends what is due and gives up what is overdue; when the next of it comes. */
static ns_t run_due(struct ntpdate *ntpdate) {
    ns_t next = NS_NEVER;

    for (int i = 0; i < ntpdate->count; i++) {
        struct ntpdate_server *server = &ntpdate->servers[i];
        ns_t now = monotonic_clock_read();

        if (now >= ntpdate->deadline)
            finish(server, "no data");
        if (server->waiting && server->due <= now)
            plan_next(ntpdate, server, now);
        if (!server->waiting && server->due <= now)
            send_request(ntpdate, server, now);
        next = server->due < next ? server->due : next;
    }
    return next;
}

/* What an earlier round knew is void. */
static void start_round(struct ntpdate *ntpdate, bool complain) {
    for (int i = 0; i < ntpdate->count; i++) {
        struct ntpdate_server *server = &ntpdate->servers[i];

        if (server->refuses)
            continue;
        server->due = monotonic_clock_read();
        server->sent = server->answered = server->best = 0;
        server->header = (struct ntp_header){.stratum = 0};
        server->fault = NULL;
    }
    ntpdate->limited = false;
    ntpdate_start_lookups(ntpdate, complain);
}

void ntpdate_exchange(struct ntpdate *ntpdate, bool complain) {
    struct pollfd polls[NTPDATE_MAX_SERVERS + 1];

    start_round(ntpdate, complain);
    for (ns_t next; (next = run_due(ntpdate)) != NS_NEVER || ntpdate->looking > 0;) {
        int count = ntpdate->count; /* a finished lookup adds to them */

        if (monotonic_clock_read() >= ntpdate->deadline)
            break;
        for (int i = 0; i < count; i++)
            polls[i] = (struct pollfd){.fd = ntpdate->servers[i].socket, .events = POLLIN};
        polls[count] = (struct pollfd){.fd = ntpdate->pipe[0], .events = POLLIN};
        next = next < ntpdate->deadline ? next : ntpdate->deadline;
        if (poll(polls, (nfds_t)count + 1, tool_poll_timeout(next)) <= 0)
            continue;
        for (int i = 0; i < count; i++) {
            if (polls[i].revents != 0)
                take_answer(ntpdate, &ntpdate->servers[i]);
        }
        if (polls[count].revents != 0)
            ntpdate_finish_lookup(ntpdate, complain);
    }
}
