/* Requests for the time and nothing else, from datagram to answer, many at a time (server.h). */
#include "core/ntp/server.h"

#define NTP_UNITS_PER_NS (4294967296.0 / 1e9)

/* Odd, and far from any pattern: steps of a Weyl sequence, and the mixing of its numbers. */
#define NOISE_STEP    UINT64_C(0x9e3779b97f4a7c15)
#define NOISE_ANSWERS 64
#define NOISE_MIX     UINT64_C(0xbf58476d1ce4e5b9)

void served_set_line(struct served *served, ns_t base, ns_t time, double rate) {
    served->base = base;
    served->time = ntp_time_from_ns(time);
    served->scale = (int64_t)((1.0 + rate) * NTP_UNITS_PER_NS * (1 << SERVED_SCALE_BITS) + 0.5);
}

void server_count_stamps(struct server_counters *counters, enum timestamp_source received,
                         bool kernel_transmit) {
    counters->kernel_receive += received == TIMESTAMP_KERNEL;
    counters->hw_receive += received == TIMESTAMP_HARDWARE;
    counters->daemon_receive += received == TIMESTAMP_DAEMON;
    counters->kernel_transmit += kernel_transmit;
    counters->daemon_transmit += !kernel_transmit;
}

enum limit_verdict server_count(struct server *server, const struct address *client, ns_t now) {
    enum limit_verdict verdict = LIMIT_PASS;
    int index;

    server->counters.ntp_hits++;
    if (server->client_log == NULL)
        return LIMIT_PASS;
    index = client_log_hit(server->client_log, client, SERVICE_NTP, now);
    verdict = client_log_limit(server->client_log, index, SERVICE_NTP, &server->random);
    server->counters.ntp_drops += verdict == LIMIT_DROP;
    return verdict;
}

/* A header and nothing behind it, of a client that does not ask about an earlier answer. */
static bool is_plain(const struct request *request) {
    return request->length == NTP_HEADER_SIZE &&
           respond_kind(request->bytes, NTP_HEADER_SIZE, request->remote.port) == REQUEST_CLIENT &&
           respond_interleaved_origin(request->bytes) == 0;
}

static enum request_fate admit(struct server *server, const struct served *served,
                               struct request *request) {
    ns_t since = request->received.time - served->base;
    enum limit_verdict verdict;

    if (!is_plain(request) || since < -SERVED_REACH || since > SERVED_REACH)
        return REQUEST_LEFT;
    if (!access_allowed(server->access, &request->remote.address))
        return REQUEST_SILENT;
    verdict = server_count(server, &request->remote.address, served->monotonic + since);
    request->kod = verdict == LIMIT_KOD ? RESPOND_KOD_RATE : 0;
    return verdict == LIMIT_DROP ? REQUEST_SILENT : REQUEST_ANSWERED;
}

int server_admit(struct server *server, const struct served *served, struct request *requests,
                 int count) {
    int answered = 0;

    for (int i = 0; i < count; i++) {
        requests[i].fate = admit(server, served, &requests[i]);
        answered += requests[i].fate == REQUEST_ANSWERED;
    }
    return answered;
}

/* For the last bits of some answers' stamps 64 random bits are enough. */
static uint64_t next_noise(struct server *server) {
    uint64_t mixed;

    if (server->noise_left-- == 0) {
        server->noise = random_u64(&server->random);
        server->noise_left = NOISE_ANSWERS;
    }
    mixed = server->noise += NOISE_STEP;
    mixed = (mixed ^ mixed >> 30) * NOISE_MIX;
    return mixed ^ mixed >> 27;
}

void server_answer(struct server *server, const struct served *served,
                   const struct departure *departure, struct request *requests, int count) {
    struct answer answer = {.kind = REQUEST_CLIENT, .min_poll = server->min_poll};
    ns_t leaves = departure->begin + departure->interval / 2;

    for (int i = 0; i < count; i++) {
        struct request *request = &requests[i];

        if (request->fate != REQUEST_ANSWERED)
            continue;
        answer.kod = request->kod;
        answer.transmit = served_time(served, leaves);
        leaves += departure->interval;
        answer.receive = served_time(served, request->received.time);
        respond_encode(request->bytes, &answer, &served->image, next_noise(server), request->bytes);
        server_count_stamps(&server->counters, request->received.source, false);
    }
}
