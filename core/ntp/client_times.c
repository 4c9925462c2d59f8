/* The ring of timestamp pairs. Receive stamps come nearly in order, so a new one is sorted in from
 * the end and found again by halving. */
#include "core/ntp/client_times.h"

#include <stdlib.h>

/* How far out of order stamps of different sockets or threads may be; more means that the clock was
 * stepped back. */
#define MAX_DISORDER 16

/* The lowest bit of the transmit time says that it is the kernel's: half a nanosecond of error. */
#define KERNEL_BIT 1

struct times_pair {
    ntp_time_t receive;
    ns_t transmit; /* NS_UNKNOWN = taken */
};

_Static_assert(sizeof(struct times_pair) == CLIENT_TIMES_PAIR_SIZE, "clientloglimit counts on it");

bool client_times_init(struct client_times *times, uint32_t size) {
    *times = (struct client_times){.pairs = calloc(size, sizeof(*times->pairs)), .size = size};
    return times->pairs != NULL;
}

void client_times_free(struct client_times *times) {
    free(times->pairs);
    times->pairs = NULL;
}

/* i = 0 is the oldest. */
static struct times_pair *pair_at(const struct client_times *times, uint32_t i) {
    return &times->pairs[(times->first + i) & (times->size - 1)];
}

/* Eras wrap: the order is that of the difference. */
static bool is_before(ntp_time_t a, ntp_time_t b) {
    return (int64_t)(a - b) < 0;
}

void client_times_save(struct client_times *times, ntp_time_t receive, ns_t transmit) {
    uint32_t place = times->count, disorder = 0;

    while (place > 0 && !is_before(pair_at(times, place - 1)->receive, receive)) {
        if (pair_at(times, place - 1)->receive == receive)
            return;
        place--;
        if (++disorder > MAX_DISORDER)
            times->count = place = 0;
    }
    if (times->count < times->size) {
        times->count++;
    } else if (place == 0) {
        return;
    } else {
        times->first++;
        place--;
    }
    for (uint32_t i = times->count - 1; i > place; i--)
        *pair_at(times, i) = *pair_at(times, i - 1);
    *pair_at(times, place) = (struct times_pair){receive, transmit & ~(ns_t)KERNEL_BIT};
}

static struct times_pair *find_pair(const struct client_times *times, ntp_time_t receive) {
    uint32_t low = 0, high = times->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (is_before(pair_at(times, middle)->receive, receive))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == times->count || pair_at(times, low)->receive != receive ||
        pair_at(times, low)->transmit == NS_UNKNOWN)
        return NULL;
    return pair_at(times, low);
}

void client_times_update(struct client_times *times, ntp_time_t receive, ns_t transmit) {
    struct times_pair *pair = find_pair(times, receive);

    if (pair != NULL && transmit >= pair->transmit && transmit - pair->transmit <= NS_PER_S)
        pair->transmit = transmit | KERNEL_BIT;
}

bool client_times_take(struct client_times *times, ntp_time_t receive, ns_t *transmit,
                       bool *kernel) {
    struct times_pair *pair = find_pair(times, receive);

    if (pair == NULL)
        return false;
    *transmit = pair->transmit & ~(ns_t)KERNEL_BIT;
    *kernel = (pair->transmit & KERNEL_BIT) != 0;
    pair->transmit = NS_UNKNOWN;
    return true;
}

void client_times_span(const struct client_times *times, uint32_t *held, uint32_t *span) {
    *held = times->count;
    *span =
        times->count == 0
            ? 0
            : (uint32_t)((pair_at(times, times->count - 1)->receive - pair_at(times, 0)->receive) >>
                         32);
}
