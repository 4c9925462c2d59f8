/* Timestamps of the answers that interleaved requests may ask for: a ring in the order of the
 * receive stamps, shared by all clients (RFC 9769). Part of the client log, which owns it. */
#ifndef CHRONOBOX_NTP_CLIENT_TIMES_H
#define CHRONOBOX_NTP_CLIENT_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/time.h"
#include "core/wire/ntp.h"

#define CLIENT_TIMES_PAIR_SIZE 16

struct client_times {
    struct times_pair *pairs;
    uint32_t size;  /* a power of two */
    uint32_t first; /* index of the oldest */
    uint32_t count;
};

/* False: no memory. size: a power of two. */
bool client_times_init(struct client_times *times, uint32_t size);
void client_times_free(struct client_times *times);

void client_times_save(struct client_times *times, ntp_time_t receive, ns_t transmit);
/* The kernel's transmit stamp, if it is 0 to 1 s later than the one that was saved. */
void client_times_update(struct client_times *times, ntp_time_t receive, ns_t transmit);
bool client_times_take(struct client_times *times, ntp_time_t receive, ns_t *transmit,
                       bool *kernel);

/* Pairs held, and the whole seconds between the oldest and the newest receive stamp. */
void client_times_span(const struct client_times *times, uint32_t *held, uint32_t *span);

#endif
