/* Records of clients. A record is 32 bytes, for one address and one service; those of one address
 * lie in the same slot of 8 records. The table grows slot by slot: a slot that is full is split in
 * two by one more bit of the hash of its addresses, so that no single packet ever pays for the
 * growth of the whole, and when no split is possible any more the record of the slot that has been
 * silent the longest goes.
 *
 * All memory is taken at the start, with calloc: pages of a large block are mapped when they are
 * first written, and slots that do not live yet are never touched, so a limit of many megabytes
 * costs nothing until the clients come. */
#include "core/ntp/client_log.h"

#include <stdlib.h>
#include <string.h>

#include "core/ntp/client_times.h"

#define SLOT_RECORDS 8
#define MAX_RECORDS  (UINT64_C(1) << 24)
#define TICKS_PER_S  16 /* resolution of the last hit */
#define TICK_NS      (NS_PER_S / TICKS_PER_S)
#define TICK_LOG2    4

#define MIN_INTERVAL (-19)
#define MAX_INTERVAL 12
#define MAX_BURST    255
#define MIN_LEAK     1
#define MAX_LEAK     4
#define MAX_KOD      4

/* Average intervals are log2 seconds in eighths. */
#define RATE_SCALE     8
#define RATE_UNKNOWN   INT8_MIN
#define REPORT_UNKNOWN 127

/* Flags: the service in the low bits. */
#define FLAG_SERVICE 0x03
#define FLAG_IPV6    0x04
#define FLAG_USED    0x08
#define FLAG_DROPPED 0x10 /* the last request was not answered */
#define FLAGS_KEY    (FLAG_SERVICE | FLAG_IPV6 | FLAG_USED)

struct record {
    uint64_t address[2]; /* the bytes of the address, as they are */
    uint32_t hits;
    uint32_t last_hit;     /* ticks of monotonic time, modulo 2^32: 8 years */
    uint32_t tokens_flags; /* tokens (24 bits), flags (8) */
    uint16_t drops;
    int8_t interval;         /* between requests that followed an answer */
    int8_t timeout_interval; /* between requests that followed silence */
};

_Static_assert(sizeof(struct record) == 32,
               "a record and a pair of timestamps are 48 bytes a client");

/* One service's token bucket. */
struct bucket {
    bool enabled;
    uint32_t capacity; /* tokens, < 2^24 */
    uint32_t cost;     /* of an answer */
    uint32_t per_tick;
    unsigned leak, kod; /* log2 of one in how many */
};

struct client_log {
    struct record *records;
    uint8_t
        *depths; /* of each slot: bits of the hash that lead to it, + 1; 0 = does not live yet */
    unsigned max_depth;
    unsigned depth; /* of the deepest slot that lives */
    uint64_t seeds[2];
    struct bucket buckets[SERVICE_COUNT];
    struct client_times times;
    uint64_t dropped;
};

static int clamp(int value, int low, int high) {
    return value < low ? low : value > high ? high : value;
}

/* A tick is 2^-4 s. Intervals from there on cost 2^(interval + 4) tokens at one token a tick;
 * shorter ones cost one token and come several a tick, so that at least a tick's worth must fit in.
 */
static void bucket_init(struct bucket *bucket, const struct rate_limit *limit) {
    int interval = clamp(limit->interval, MIN_INTERVAL, MAX_INTERVAL);
    uint32_t burst = (uint32_t)clamp(limit->burst, 1, MAX_BURST);

    bucket->enabled = limit->enabled;
    bucket->leak = (unsigned)clamp(limit->leak, MIN_LEAK, MAX_LEAK);
    bucket->kod = (unsigned)clamp(limit->kod, 0, MAX_KOD);
    bucket->cost = interval >= -TICK_LOG2 ? 1U << (interval + TICK_LOG2) : 1;
    bucket->per_tick = interval >= -TICK_LOG2 ? 1 : 1U << (-TICK_LOG2 - interval);
    bucket->capacity = burst * bucket->cost;
    if (bucket->capacity < bucket->per_tick)
        bucket->capacity = bucket->per_tick;
}

struct client_log *client_log_new(uint64_t memory, const struct rate_limit limits[SERVICE_COUNT],
                                  uint64_t seed) {
    const uint64_t slot_size = SLOT_RECORDS * (sizeof(struct record) + CLIENT_TIMES_PAIR_SIZE) + 1;
    struct client_log *log = calloc(1, sizeof(*log));
    size_t slots = 1;

    if (log == NULL)
        return NULL;
    while (2 * slots * slot_size <= memory && 2 * slots * SLOT_RECORDS <= MAX_RECORDS) {
        slots *= 2;
        log->max_depth++;
    }
    log->records = calloc(slots * SLOT_RECORDS, sizeof(*log->records));
    log->depths = calloc(slots, sizeof(*log->depths));
    if (log->records == NULL || log->depths == NULL ||
        !client_times_init(&log->times, (uint32_t)slots * SLOT_RECORDS)) {
        client_log_free(log);
        return NULL;
    }
    log->depths[0] = 1;
    log->seeds[0] = seed;
    log->seeds[1] = seed << 32 | seed >> 32;
    for (int i = 0; i < SERVICE_COUNT; i++)
        bucket_init(&log->buckets[i], &limits[i]);
    return log;
}

void client_log_free(struct client_log *log) {
    if (log == NULL)
        return;
    client_times_free(&log->times);
    free(log->records);
    free(log->depths);
    free(log);
}

/* Multiply and xorshift, twice around. It need not withstand cryptanalysis: who finds two addresses
 * that meet in a slot has gained the eviction of a record, which any flood of addresses brings too.
 */
static uint32_t hash_address(const struct client_log *log, const uint64_t address[2]) {
    uint64_t hash = (address[0] ^ log->seeds[0]) * UINT64_C(0x9e3779b97f4a7c15);

    hash ^= hash >> 29;
    hash = (hash ^ address[1] ^ log->seeds[1]) * UINT64_C(0xd6e8feb86659fd93);
    hash ^= hash >> 32;
    hash *= UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(hash >> 32);
}

/* The slot that lives for a hash: not yet split off means still with the parent, which lacks the
 * topmost bit. */
static uint32_t find_slot(const struct client_log *log, uint32_t hash) {
    for (unsigned depth = log->depth;; depth--) {
        uint32_t slot = hash & ((1U << depth) - 1);

        if (log->depths[slot] != 0)
            return slot;
    }
}

/* Moves what belongs there to the slot's new sibling. */
static void split_slot(struct client_log *log, uint32_t slot) {
    unsigned depth = log->depths[slot] - 1U;
    uint32_t sibling = slot | 1U << depth;
    struct record *from = &log->records[slot * SLOT_RECORDS],
                  *to = &log->records[sibling * SLOT_RECORDS];

    log->depths[slot] = log->depths[sibling] = (uint8_t)(depth + 2);
    if (log->depth < depth + 1)
        log->depth = depth + 1;
    for (int i = 0; i < SLOT_RECORDS; i++) {
        if ((from[i].tokens_flags & FLAG_USED) != 0 &&
            (hash_address(log, from[i].address) >> depth & 1) != 0) {
            to[i] = from[i];
            memset(&from[i], 0, sizeof(from[i]));
        }
    }
}

static int free_record(const struct record *slot) {
    for (int i = 0; i < SLOT_RECORDS; i++) {
        if ((slot[i].tokens_flags & FLAG_USED) == 0)
            return i;
    }
    return -1;
}

static int oldest_record(const struct record *slot) {
    int oldest = 0;

    for (int i = 1; i < SLOT_RECORDS; i++) {
        if ((int32_t)(slot[oldest].last_hit - slot[i].last_hit) > 0)
            oldest = i;
    }
    return oldest;
}

/* A place for a new record of that hash, whatever it takes. */
static uint32_t make_room(struct client_log *log, uint32_t hash) {
    for (;;) {
        uint32_t slot = find_slot(log, hash);
        int place = free_record(&log->records[slot * SLOT_RECORDS]);

        if (place < 0 && log->depths[slot] <= log->max_depth) {
            split_slot(log, slot);
            continue;
        }
        if (place < 0) {
            place = oldest_record(&log->records[slot * SLOT_RECORDS]);
            log->dropped++;
        }
        return slot * SLOT_RECORDS + (uint32_t)place;
    }
}

static int find_record(const struct record *slot, const uint64_t address[2], uint32_t key) {
    for (int i = 0; i < SLOT_RECORDS; i++) {
        if (slot[i].address[0] == address[0] && slot[i].address[1] == address[1] &&
            (slot[i].tokens_flags & FLAGS_KEY) == key)
            return i;
    }
    return -1;
}

/* log2 of an interval in eighths of an octave, the mantissa taken as straight. No time at all
 * counts as half a tick. */
static int log2_interval(uint32_t ticks) {
    int octave, eighths;

    if (ticks == 0)
        return -(TICK_LOG2 + 1) * RATE_SCALE;
    octave = 31 - __builtin_clz(ticks);
    eighths = (int)((((uint64_t)ticks * RATE_SCALE) >> octave) & (RATE_SCALE - 1));
    return clamp((octave - TICK_LOG2) * RATE_SCALE + eighths, INT8_MIN + 1, INT8_MAX);
}

/* A running average that moves a quarter of the way, and at least one step, so that it gets there.
 */
static void average_interval(int8_t *average, int interval) {
    int difference = interval - *average;

    if (*average == RATE_UNKNOWN)
        *average = (int8_t)interval;
    else
        *average =
            (int8_t)(*average + (difference > 0 ? (difference + 3) / 4 : (difference - 3) / 4));
}

static void refill(struct record *record, const struct bucket *bucket, uint32_t elapsed) {
    uint64_t tokens = (record->tokens_flags >> 8) + (uint64_t)elapsed * bucket->per_tick;

    if (tokens > bucket->capacity)
        tokens = bucket->capacity;
    record->tokens_flags = (uint32_t)tokens << 8 | (record->tokens_flags & 0xff);
}

static void count_again(struct record *record, const struct bucket *bucket, uint32_t ticks) {
    uint32_t elapsed = ticks - record->last_hit;
    bool dropped = (record->tokens_flags & FLAG_DROPPED) != 0;

    /* A clock that seems to go back (two threads' readings) is no time at all. */
    if ((int32_t)elapsed < 0)
        elapsed = 0;
    average_interval(dropped ? &record->timeout_interval : &record->interval,
                     log2_interval(elapsed));
    record->tokens_flags &= ~(uint32_t)FLAG_DROPPED;
    refill(record, bucket, elapsed);
    record->last_hit += elapsed;
    if (record->hits < UINT32_MAX)
        record->hits++;
}

static uint32_t client_key(const struct address *client, enum service service) {
    return (uint32_t)service | FLAG_USED | (client->family == ADDRESS_IPV6 ? FLAG_IPV6 : 0);
}

int client_log_hit(struct client_log *log, const struct address *client, enum service service,
                   ns_t now) {
    uint32_t key = client_key(client, service);
    uint32_t ticks = (uint32_t)(now / TICK_NS);
    const struct bucket *bucket = &log->buckets[service];
    uint64_t address[2];
    uint32_t hash, slot;
    int found;

    if (client->family != ADDRESS_IPV4 && client->family != ADDRESS_IPV6)
        return -1;
    memcpy(address, client->bytes, sizeof(address));
    hash = hash_address(log, address);
    slot = find_slot(log, hash);
    found = find_record(&log->records[slot * SLOT_RECORDS], address, key);
    if (found >= 0) {
        slot = slot * SLOT_RECORDS + (uint32_t)found;
        count_again(&log->records[slot], bucket, ticks);
        return (int)slot;
    }
    slot = make_room(log, hash);
    log->records[slot] = (struct record){
        .address = {address[0], address[1]},
        .hits = 1,
        .last_hit = ticks,
        .tokens_flags = bucket->capacity << 8 | key,
        .interval = RATE_UNKNOWN,
        .timeout_interval = RATE_UNKNOWN,
    };
    return (int)slot;
}

/* Whoever asks more than twice as often when not answered costs least when answered. */
static bool hurries_when_unanswered(const struct record *record) {
    return record->interval != RATE_UNKNOWN && record->timeout_interval != RATE_UNKNOWN &&
           record->timeout_interval < record->interval - RATE_SCALE;
}

enum limit_verdict client_log_limit(struct client_log *log, int index, enum service service,
                                    struct random *random) {
    const struct bucket *bucket = &log->buckets[service];
    struct record *record;
    uint32_t tokens, dice;

    if (!bucket->enabled || index < 0)
        return LIMIT_PASS;
    record = &log->records[index];
    tokens = record->tokens_flags >> 8;
    if (tokens >= bucket->cost) {
        record->tokens_flags -= bucket->cost << 8;
        return LIMIT_PASS;
    }
    dice = random_u32(random);
    if (((dice & ((1U << bucket->leak) - 1)) == 0) != hurries_when_unanswered(record)) {
        record->tokens_flags &= 0xff;
        return LIMIT_PASS;
    }
    if (bucket->kod != 0 && (dice >> 16 & ((1U << bucket->kod) - 1)) == 0)
        return LIMIT_KOD;
    record->tokens_flags |= FLAG_DROPPED;
    if (record->drops < UINT16_MAX)
        record->drops++;
    return LIMIT_DROP;
}

void client_log_save_timestamps(struct client_log *log, ntp_time_t receive, ns_t transmit) {
    client_times_save(&log->times, receive, transmit);
}

void client_log_update_transmit(struct client_log *log, ntp_time_t receive, ns_t transmit) {
    client_times_update(&log->times, receive, transmit);
}

bool client_log_take_timestamps(struct client_log *log, ntp_time_t receive, ns_t *transmit,
                                bool *kernel) {
    return client_times_take(&log->times, receive, transmit, kernel);
}

void client_log_timestamp_span(const struct client_log *log, uint32_t *held, uint32_t *span) {
    client_times_span(&log->times, held, span);
}

int client_log_slots(const struct client_log *log) {
    return SLOT_RECORDS << log->depth;
}

uint64_t client_log_dropped(const struct client_log *log) {
    return log->dropped;
}

/* To the nearest whole, halves up; the offset keeps the division among positive numbers. */
static int8_t report_interval(int8_t average) {
    if (average == RATE_UNKNOWN)
        return REPORT_UNKNOWN;
    return (int8_t)((average + RATE_SCALE / 2 + 128 * RATE_SCALE) / RATE_SCALE - 128);
}

static void add_record(struct record *record, uint32_t ticks, bool reset,
                       struct client_report *report) {
    enum service service = (enum service)(record->tokens_flags & FLAG_SERVICE);
    uint32_t elapsed = ticks - record->last_hit, ago = elapsed / TICKS_PER_S;
    int8_t interval = report_interval(record->interval),
           timeout = report_interval(record->timeout_interval);

    if ((int32_t)elapsed < 0)
        ago = 0;
    report->hits[service] += record->hits;
    report->drops[service] += record->drops;
    if (interval < report->interval[service])
        report->interval[service] = interval;
    if (ago < report->last_hit_ago[service])
        report->last_hit_ago[service] = ago;
    if (service == SERVICE_NTP && timeout < report->timeout_interval)
        report->timeout_interval = timeout;
    if (reset) {
        record->hits = 0;
        record->drops = 0;
    }
}

void client_report_init(struct client_report *report, const struct address *address) {
    memset(report, 0, sizeof(*report));
    report->address = *address;
    report->timeout_interval = REPORT_UNKNOWN;
    for (int i = 0; i < SERVICE_COUNT; i++) {
        report->interval[i] = REPORT_UNKNOWN;
        report->last_hit_ago[i] = UINT32_MAX;
    }
}

/* The address's record for a service, or NULL. */
static struct record *find_client(struct client_log *log, const struct address *client,
                                  enum service service) {
    uint64_t address[2];
    struct record *slot;
    int found;

    memcpy(address, client->bytes, sizeof(address));
    slot = &log->records[find_slot(log, hash_address(log, address)) * SLOT_RECORDS];
    found = find_record(slot, address, client_key(client, service));
    return found < 0 ? NULL : &slot[found];
}

bool client_log_add(struct client_log *log, ns_t now, bool reset, struct client_report *report) {
    bool any = false;

    for (int i = 0; i < SERVICE_COUNT; i++) {
        struct record *record = find_client(log, &report->address, (enum service)i);

        if (record != NULL)
            add_record(record, (uint32_t)(now / TICK_NS), reset, report);
        any |= record != NULL;
    }
    return any;
}

/* A client is told of at the record of its first service. */
bool client_log_client(struct client_log *log, int slot, struct address *client) {
    const struct record *record = &log->records[slot];
    uint32_t flags = record->tokens_flags, service = flags & FLAG_SERVICE;

    if ((flags & FLAG_USED) == 0)
        return false;
    *client = (struct address){.family = (flags & FLAG_IPV6) != 0 ? ADDRESS_IPV6 : ADDRESS_IPV4};
    memcpy(client->bytes, record->address, sizeof(client->bytes));
    while (service-- > 0) {
        if (find_client(log, client, (enum service)service) != NULL)
            return false;
    }
    return true;
}
