/* Serving without the rest of a daemon: a snapshot of what is served, and who may have it. This is
 * what a thread needs that does nothing but answer. On the way of a request there is no allocation,
 * no lock, no system call and no floating point. */
#ifndef CHRONOBOX_NTP_SERVER_H
#define CHRONOBOX_NTP_SERVER_H

#include "core/ntp/access.h"
#include "core/ntp/client_log.h"
#include "core/ntp/respond.h"

/* What is served, and the NTP time of the system clock's readings: a straight line through what was
 * true at `base`, good until something happens and for as long as whoever made it says. */
struct served {
    struct served_image image;
    ns_t base;       /* system clock */
    ns_t monotonic;  /* the monotonic clock then */
    ntp_time_t time; /* NTP time then */
    int64_t scale;   /* NTP's units in a nanosecond, times 2^SERVED_SCALE_BITS */
};

#define SERVED_SCALE_BITS 28
#define SERVED_REACH      (NS_PER_S * 2) /* readings further from the base mean nothing */

/* rate: s/s, how much faster NTP time goes than the system clock. */
void served_set_line(struct served *served, ns_t base, ns_t time, double rate);

/* The NTP time of a reading within SERVED_REACH of the base. */
static inline ntp_time_t served_time(const struct served *served, ns_t raw) {
    return served->time +
           (ntp_time_t)((int64_t)((uint64_t)(raw - served->base) * (uint64_t)served->scale) >>
                        SERVED_SCALE_BITS);
}

struct server_counters {
    uint64_t ntp_hits, ntp_drops, auth_hits, interleaved_hits;
    uint64_t daemon_receive, daemon_transmit, kernel_receive, kernel_transmit, hw_receive,
        hw_transmit;
};

/* Whoever answers: the daemon's main loop, or one thread of several. */
struct server {
    const struct access *access;   /* of all; changed only while nobody answers */
    struct client_log *client_log; /* NULL: there is none */
    struct random random;
    uint64_t noise;      /* where the last bits of stamps come from ... */
    unsigned noise_left; /* ... for so many answers */
    int min_poll;        /* of the polls echoed in answers */
    struct server_counters counters;
};

enum request_fate {
    REQUEST_SILENT,   /* nothing comes back */
    REQUEST_ANSWERED, /* the answer's NTP_HEADER_SIZE bytes are where the request was */
    REQUEST_LEFT,     /* more than a question for the time: for serve_packet() */
};

/* A datagram at the server's port. */
struct request {
    struct endpoint remote;
    struct timestamp received;
    uint8_t *bytes;
    size_t length;
    enum request_fate fate;
    uint32_t kod; /* of its answer */
};

/* Decides the fates of `count` requests; how many will be answered. What is REQUEST_LEFT was not
 * counted anywhere. */
int server_admit(struct server *server, const struct served *served, struct request *requests,
                 int count);

/* When answers leave: one by one, the first about half an interval after `begin` (system clock). */
struct departure {
    ns_t begin, interval;
};

/* Writes the answers. */
void server_answer(struct server *server, const struct served *served,
                   const struct departure *departure, struct request *requests, int count);

/* Counts a request of an address that may ask, for who handles what was left; the verdict. now:
 * monotonic. */
enum limit_verdict server_count(struct server *server, const struct address *client, ns_t now);

void server_count_stamps(struct server_counters *counters, enum timestamp_source received,
                         bool kernel_transmit);

#endif
