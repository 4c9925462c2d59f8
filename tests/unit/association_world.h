/* One association and the server it asks, both in here: time stands still until a test moves it.
 * Included by the tests of associations, each of which uses a part of it. */
#ifndef CHRONOBOX_TESTS_ASSOCIATION_WORLD_H
#define CHRONOBOX_TESTS_ASSOCIATION_WORLD_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/bytes.h"
#include "core/ntp/association.h"

#define START     INT64_C(1800000000) /* Unix time of monotonic 0 */
#define PRECISION (-24)
#define OUT       0.010 /* s, the way to the server */
#define BACK      0.006 /* s, and back */
#define WORK      0.001 /* s that the server takes */

struct world {
    struct association association;
    struct random random;
    struct response_context context;
    ns_t monotonic;
    ns_t start;   /* true time at monotonic 0 */
    double error; /* s the local clock is ahead of true time */
    uint8_t request[NTP_PACKET_MAX_SIZE];
    size_t request_length;
    struct served_reference served; /* ours, as a peer is told */
    struct keys keys;
    enum timestamp_source source;
    int sent;
};

static uint64_t seed;

static inline uint32_t next_random(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 32);
}

static inline void fill(void *context, void *bytes, size_t count) {
    uint8_t *to = bytes;

    (void)context;
    for (size_t i = 0; i < count; i++)
        to[i] = (uint8_t)(next_random() >> 24);
}

static inline struct source_config default_config(void) {
    return (struct source_config){
        .type = SOURCE_SERVER,
        .port = NTP_PORT,
        .minpoll = 6,
        .maxpoll = 10,
        .presend = PRESEND_OFF,
        .poll_target = 8,
        .min_samples = -1,
        .max_samples = -1,
        .max_unreach = 100000,
        .max_delay = 3.0,
        .max_delay_dev_ratio = 10.0,
        .asymmetry = 1.0,
        .online = true,
    };
}

static inline struct world *new_world(const struct source_config *config) {
    struct filter_options options = {.min_samples = 6,
                                     .max_samples = TRACK_MAX_SAMPLES,
                                     .max_clock_error = 1e-6,
                                     .precision = ldexp(1.0, PRECISION),
                                     .asymmetry = 1.0};
    struct endpoint remote = {.address = address_ipv4(0xc0000201), .port = NTP_PORT};
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->start = START * NS_PER_S;
    world->source = TIMESTAMP_DAEMON;
    world->context =
        (struct response_context){.precision = PRECISION, .max_clock_error = 1e-6, .skew = 1e-6};
    random_init(&world->random, fill, NULL);
    association_init(&world->association, config, &remote, malloc(filter_size()), &options);
    world->association.keys = &world->keys;
    association_set_online(&world->association, config->online, 0);
    return world;
}

static inline void free_world(struct world *world) {
    association_free(&world->association);
    keys_free(&world->keys);
    free(world->association.filter);
    free(world);
}

static inline int setup(void **state) {
    struct source_config config = default_config();

    seed = 5;
    *state = new_world(&config);
    return 0;
}

static inline int setup_seed(void **state) {
    (void)state;
    seed = 5;
    return 0;
}

static inline int teardown(void **state) {
    free_world(*state);
    return 0;
}

static inline ns_t true_time(const struct world *world, double later) {
    return world->start + world->monotonic + ns_from_seconds(later);
}

static inline ns_t local_time(const struct world *world, double later) {
    return true_time(world, later + world->error);
}

static inline size_t write_request(struct world *world, bool selected) {
    struct request_context context = {
        .monotonic = world->monotonic,
        .ntp = local_time(world, 0.0),
        .selected = selected,
        .served = world->served,
    };

    world->request_length =
        association_request(&world->association, &context, &world->random, world->request);
    return world->request_length;
}

static inline void send_request(struct world *world) {
    ns_t now = local_time(world, 0.0);

    assert_int_not_equal(write_request(world, false), 0);
    world->sent++;
    association_transmitted(&world->association, (struct timestamp){now, TIMESTAMP_DAEMON}, now);
}

static inline void answer_request(const struct world *world, double out, double work,
                                  struct ntp_header *reply) {
    struct ntp_header request;

    ntp_header_decode(world->request, &request);
    *reply = (struct ntp_header){
        .version = request.version,
        .mode = NTP_MODE_SERVER,
        .stratum = 2,
        .poll = request.poll,
        .precision = -23,
        .root_delay = 0.25,
        .root_dispersion = 0.125,
        .reference_id = 0x0a000001,
        .reference_time = ntp_time_from_ns(true_time(world, -100.0)),
        .origin_time = request.transmit_time,
        .receive_time = ntp_time_from_ns(true_time(world, out)),
        .transmit_time = ntp_time_from_ns(true_time(world, out + work)),
    };
}

static inline enum response_result receive_bytes(struct world *world, const uint8_t *bytes,
                                                 size_t length, double elapsed) {
    struct packet packet = {
        .remote = world->association.remote,
        .local = address_ipv4(0xc0000202),
        .bytes = bytes,
        .length = length,
        .received = {local_time(world, elapsed), world->source},
    };

    world->context.monotonic = world->monotonic + ns_from_seconds(elapsed);
    world->context.received_ntp = packet.received.time;
    return association_response(&world->association, &packet, &world->context, &world->random);
}

static inline enum response_result receive(struct world *world, const struct ntp_header *reply,
                                           double elapsed) {
    uint8_t bytes[NTP_HEADER_SIZE];

    ntp_header_encode(reply, bytes);
    return receive_bytes(world, bytes, sizeof(bytes), elapsed);
}

static inline enum response_result exchange_now(struct world *world, double out, double back) {
    struct ntp_header reply;

    send_request(world);
    answer_request(world, out, WORK, &reply);
    return receive(world, &reply, out + WORK + back);
}

/* A minute after the last request. */
static inline void wait_a_minute(struct world *world) {
    if (world->sent > 0)
        world->monotonic += 60 * NS_PER_S;
}

static inline enum response_result exchange(struct world *world, double out, double back) {
    wait_a_minute(world);
    return exchange_now(world, out, back);
}

/* Waits for the timer and asks. */
static inline enum response_result poll_once(struct world *world, double out, double back) {
    assert_true(world->association.next_transmit != NS_NEVER);
    world->monotonic = world->association.next_transmit;
    return exchange_now(world, out, back);
}

static inline void poll_unanswered(struct world *world) {
    assert_true(world->association.next_transmit != NS_NEVER);
    world->monotonic = world->association.next_transmit;
    send_request(world);
}

static inline double seconds_to_next(const struct world *world) {
    return ns_difference(world->association.next_transmit, world->monotonic);
}

static inline void assert_near(double value, double expected, double error) {
    if (!(fabs(value - expected) <= error))
        fail_msg("%.9g is not within %.3g of %.9g", value, error, expected);
}

/* Sends a request and gives back the reply to it after `change`. */
static inline enum response_result respond_changed(struct world *world,
                                                   void (*change)(struct ntp_header *)) {
    struct ntp_header reply;

    wait_a_minute(world);
    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    change(&reply);
    return receive(world, &reply, OUT + WORK + BACK);
}

static inline void assert_ignored(struct world *world, enum response_result result) {
    assert_int_equal(result, RESPONSE_IGNORED);
    assert_int_equal(world->association.counters.valid, 0);
    assert_int_equal(world->association.reachability, 0);
    assert_int_equal(filter_count(world->association.filter), 0);
    assert_true(world->association.response_pending);
}

static inline void assert_fails_test(struct world *world, enum response_result result,
                                     unsigned test) {
    assert_int_equal(result, RESPONSE_VALID);
    assert_int_equal(world->association.report.tests, TESTS_ALL & ~test);
}

#define TEST(name)      cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_BARE(name) cmocka_unit_test_setup(name, setup_seed)

#endif
