/* Who has asked: bounded records per client address, rate limiting by token bucket, the timestamps
 * of interleaved mode. All memory is taken by client_log_new. */
#ifndef CHRONOBOX_NTP_CLIENT_LOG_H
#define CHRONOBOX_NTP_CLIENT_LOG_H

#include <stdbool.h>

#include "core/base/address.h"
#include "core/base/random.h"
#include "core/base/time.h"
#include "core/conf/config.h"
#include "core/wire/ntp.h"

enum service { SERVICE_NTP, SERVICE_NTSKE, SERVICE_COMMAND, SERVICE_COUNT };

enum limit_verdict { LIMIT_PASS, LIMIT_DROP, LIMIT_KOD };

struct client_log;

/* limits: by service. memory: bytes (clientloglimit; the log never takes more, except that it
 * always has room for 8 clients). NULL when there is no memory. */
struct client_log *client_log_new(uint64_t memory, const struct rate_limit limits[SERVICE_COUNT],
                                  uint64_t seed);
void client_log_free(struct client_log *log);

/* Counts a request at monotonic time `now`; the record's index, or -1 (not kept). */
int client_log_hit(struct client_log *log, const struct address *client, enum service service,
                   ns_t now);

/* Whether that request may be answered; pays for the answer when it may. index: of the hit just
 * counted, -1 = pass. */
enum limit_verdict client_log_limit(struct client_log *log, int index, enum service service,
                                    struct random *random);

/* Interleaved mode: remembers that the request received at `receive` was answered at `transmit`
 * (local NTP time). */
void client_log_save_timestamps(struct client_log *log, ntp_time_t receive, ns_t transmit);
/* The kernel says when that answer really left; not believed when that is not within a second. */
void client_log_update_transmit(struct client_log *log, ntp_time_t receive, ns_t transmit);
/* The transmit stamp, and whether it is the kernel's; each is given away once. */
bool client_log_take_timestamps(struct client_log *log, ntp_time_t receive, ns_t *transmit,
                                bool *kernel);

struct client_report {
    struct address address;
    uint32_t hits[SERVICE_COUNT], drops[SERVICE_COUNT]; /* drops stop at 65535 in each log */
    int8_t interval[SERVICE_COUNT];                     /* log2 s, 127 = unknown */
    int8_t timeout_interval;                            /* of NTP */
    uint32_t last_hit_ago[SERVICE_COUNT];               /* s, UINT32_MAX = never */
};

/* What is reported of an address may come from several logs: an empty report, and what one log has
 * to add; false: nothing. reset: zero its counters after reading. */
void client_report_init(struct client_report *report, const struct address *address);
bool client_log_add(struct client_log *log, ns_t now, bool reset, struct client_report *report);

/* The client that is told of at one of the slots 0..client_log_slots()-1; false: none. */
int client_log_slots(const struct client_log *log);
bool client_log_client(struct client_log *log, int slot, struct address *client);

/* Records thrown out for lack of room; timestamp pairs held and the seconds they span. */
uint64_t client_log_dropped(const struct client_log *log);
void client_log_timestamp_span(const struct client_log *log, uint32_t *held, uint32_t *span);

#endif
