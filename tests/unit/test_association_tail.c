/* What stands behind the header of requests and responses: codes of symmetric keys, and extension
 * fields. */
#include "tests/unit/association_world.h"

#define MAC_KEY_ID_SIZE 4

static const char key_file[] = "1 MD5 HEX:000102030405060708090a0b0c0d0e0f\n"
                               "2 SHA1 HEX:000102030405060708090a0b0c0d0e0f\n"
                               "3 SHA256 HEX:000102030405060708090a0b0c0d0e0f\n"
                               "4 SHA512 HEX:000102030405060708090a0b0c0d0e0f\n"
                               "5 SHA3-224 HEX:000102030405060708090a0b0c0d0e0f\n"
                               "6 AES128 HEX:000102030405060708090a0b0c0d0e0f\n"
                               "7 MD5 HEX:f00102030405060708090a0b0c0d0e0f\n";

/* One row for each key: the version that requests have by default, and their length. */
static const struct key_row {
    uint32_t id;
    int version;
    size_t code, code_of_version_4;
} key_rows[] = {
    {1, 4, 16, 16}, {2, 4, 20, 20}, {3, 3, 32, 20}, {4, 3, 64, 20}, {5, 3, 28, 20}, {6, 4, 16, 16},
};
#define KEY_ROWS (sizeof(key_rows) / sizeof(key_rows[0]))

static struct world *new_world_with_keys(const struct source_config *config) {
    const struct log log = {0};
    struct world *world = new_world(config);

    assert_true(keys_load(&world->keys, key_file, strlen(key_file), "keys", &log));
    return world;
}

static struct world *new_world_with_key(uint32_t id) {
    struct source_config config = default_config();

    config.key = id;
    return new_world_with_keys(&config);
}

/* The reply to the request that was just sent, authenticated; its length. */
static size_t write_reply(const struct world *world, uint32_t key, uint8_t *bytes) {
    struct ntp_header reply;

    answer_request(world, OUT, WORK, &reply);
    ntp_header_encode(&reply, bytes);
    return keys_append_mac(keys_find(&world->keys, key), reply.version, bytes, NTP_HEADER_SIZE);
}

static enum response_result exchange_with_key(struct world *world, uint32_t key) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE];

    wait_a_minute(world);
    send_request(world);
    return receive_bytes(world, bytes, write_reply(world, key, bytes), OUT + WORK + BACK);
}

static void assert_authentic(const struct world *world, uint32_t id, size_t code) {
    const struct key *key = keys_verify(&world->keys, world->request[0] >> 3 & 7, world->request,
                                        world->request_length, MAC_KEY_ID_SIZE + code);

    assert_int_equal(world->request_length, NTP_HEADER_SIZE + MAC_KEY_ID_SIZE + code);
    assert_non_null(key);
    assert_int_equal(key->id, id);
}

static void request_carries_the_code_of_its_key(void **state) {
    (void)state;
    for (size_t i = 0; i < KEY_ROWS; i++) {
        struct world *world = new_world_with_key(key_rows[i].id);

        send_request(world);
        assert_int_equal(world->request[0] >> 3 & 7, key_rows[i].version);
        assert_authentic(world, key_rows[i].id, key_rows[i].code);
        free_world(world);
    }
}

static void peers_packet_carries_the_code_of_its_key(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.type = SOURCE_PEER;
    config.key = 3;
    world = new_world_with_keys(&config);
    send_request(world);
    assert_int_equal(world->request[0], 3 << 3 | NTP_MODE_ACTIVE);
    assert_authentic(world, 3, 32);
    free_world(world);
}

/* Whatever needs version 4 takes the shortened code with it. */
static void option_that_needs_version_4_keeps_it(void **state) {
    struct source_config config = default_config();

    (void)state;
    for (size_t i = 0; i < 2 * KEY_ROWS; i++) {
        struct world *world;

        config.key = key_rows[i / 2].id;
        config.xleave = i % 2 == 0;
        config.version = i % 2 == 0 ? 0 : 4;
        world = new_world_with_keys(&config);
        send_request(world);
        assert_int_equal(world->request[0] >> 3 & 7, 4);
        assert_authentic(world, config.key, key_rows[i / 2].code_of_version_4);
        free_world(world);
    }
}

static void configured_version_holds_with_a_key(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.key = 3;
    config.version = 2;
    world = new_world_with_keys(&config);
    send_request(world);
    assert_int_equal(world->request[0] >> 3 & 7, 2);
    assert_authentic(world, 3, 32);
    free_world(world);
}

static void answer_with_the_same_key_is_a_sample(void **state) {
    (void)state;
    for (size_t i = 0; i < KEY_ROWS; i++) {
        struct world *world = new_world_with_key(key_rows[i].id);

        assert_int_equal(exchange_with_key(world, key_rows[i].id), RESPONSE_SAMPLE);
        assert_true(world->association.report.authenticated);
        free_world(world);
    }
}

static void answer_without_a_key_is_ignored(void **state) {
    struct world *world = new_world_with_key(1);

    (void)state;
    assert_ignored(world, exchange(world, OUT, BACK));
    assert_int_equal(world->association.raw.tests & TESTS_VALID, TESTS_VALID & ~(unsigned)TEST_5);
    assert_false(world->association.raw.authenticated);
    free_world(world);
}

static void answer_with_another_key_is_ignored(void **state) {
    struct world *world = new_world_with_key(1);

    (void)state;
    assert_ignored(world, exchange_with_key(world, 7));
    assert_ignored(world, exchange_with_key(world, 2));
    free_world(world);
}

static void key_that_nobody_configured_is_ignored(void **state) {
    struct source_config config = default_config();
    struct world *world = new_world_with_keys(&config);

    (void)state;
    assert_ignored(world, exchange_with_key(world, 1));
    free_world(world);
}

static void answer_with_any_bit_changed_is_ignored(void **state) {
    struct world *world = new_world_with_key(6);
    uint8_t bytes[NTP_PACKET_MAX_SIZE];
    size_t length;

    (void)state;
    send_request(world);
    length = write_reply(world, 6, bytes);
    for (size_t bit = 0; bit < length * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_ignored(world, receive_bytes(world, bytes, length, 0.017));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t shorter = NTP_HEADER_SIZE; shorter < length; shorter++)
        assert_ignored(world, receive_bytes(world, bytes, shorter, 0.017));
    assert_int_equal(receive_bytes(world, bytes, length, 0.017), RESPONSE_SAMPLE);
    free_world(world);
}

/* It is tried again: the key may come with rekey. */
static void source_whose_key_is_missing_asks_nothing(void **state) {
    struct world *world = new_world_with_key(8);

    (void)state;
    for (int i = 0; i < 3; i++) {
        world->monotonic = world->association.next_transmit;
        assert_int_equal(write_request(world, false), 0);
        assert_true(seconds_to_next(world) > 63.9);
    }
    assert_int_equal(world->association.counters.transmitted, 0);
    assert_int_equal(world->association.reachability, 0);
    world->association.config.key = 1;
    assert_int_equal(exchange_with_key(world, 1), RESPONSE_SAMPLE);
    free_world(world);
}

/* Extension fields. The bytes of F323 are those that chronyd 4.3 sent. */

static const uint8_t f323_request[EXTENSION_SIZE] = {0xf3, 0x23, 0x00, 0x1c,
                                                     0xf5, 0xbe, 0xdd, 0x9a};
static const uint8_t correction_request[EXTENSION_SIZE] = {0x01, 0x0a, 0x00, 0x1c};

static struct world *new_world_with_fields(unsigned extensions, int version) {
    struct source_config config = default_config();

    config.extensions = extensions;
    config.version = version;
    return new_world_with_keys(&config);
}

static void configured_fields_are_asked_for(void **state) {
    struct world *world =
        new_world_with_fields(EXTENSION_EXPERIMENTAL_F323 | EXTENSION_NETWORK_CORRECTION, 0);
    const uint8_t *fields = world->request + NTP_HEADER_SIZE;

    (void)state;
    world->association.config.key = 1;
    send_request(world);
    assert_int_equal(world->request_length, NTP_HEADER_SIZE + 2 * EXTENSION_SIZE + 20);
    assert_memory_equal(fields, f323_request, EXTENSION_SIZE);
    assert_memory_equal(fields + EXTENSION_SIZE, correction_request, EXTENSION_SIZE);
    assert_non_null(
        keys_verify(&world->keys, 4, world->request, world->request_length, MAC_KEY_ID_SIZE + 16));
    free_world(world);
}

static void version_3_has_no_fields(void **state) {
    struct world *world = new_world_with_fields(EXTENSION_EXPERIMENTAL_F323, 3);

    (void)state;
    send_request(world);
    assert_int_equal(world->request_length, NTP_HEADER_SIZE);
    free_world(world);
}

/* A reply of a server whose clock has been corrected by so much since its monotonic clock began. */
static enum response_result exchange_with_clock(struct world *world, double corrected,
                                                uint32_t epoch) {
    uint8_t bytes[NTP_HEADER_SIZE + EXTENSION_SIZE];
    uint8_t *field = bytes + NTP_HEADER_SIZE;
    struct ntp_header reply;

    wait_a_minute(world);
    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    reply.receive_time = ntp_time_from_ns(true_time(world, OUT + corrected));
    reply.transmit_time = ntp_time_from_ns(true_time(world, OUT + WORK + corrected));
    ntp_header_encode(&reply, bytes);
    memcpy(field, f323_request, EXTENSION_SIZE);
    put_be32(field + 8, 1U << 20);
    put_be32(field + 12, 1U << 18);
    put_be64(field + 16, ntp_time_from_ns(true_time(world, OUT)));
    put_be32(field + 24, epoch);
    return receive_bytes(world, bytes, sizeof(bytes), OUT + WORK + OUT);
}

static void root_distance_is_as_fine_as_the_field_has_it(void **state) {
    struct world *world = new_world_with_fields(EXTENSION_EXPERIMENTAL_F323, 0);

    (void)state;
    assert_int_equal(exchange_with_clock(world, 0.0, 1), RESPONSE_SAMPLE);
    assert_near(world->association.report.header.root_delay, 1.0 / 256, 0.0);
    assert_near(world->association.report.header.root_dispersion, 1.0 / 1024, 0.0);
    free_world(world);
}

static void field_that_was_not_asked_for_means_nothing(void **state) {
    struct world *world = new_world_with_fields(0, 0);

    (void)state;
    assert_int_equal(exchange_with_clock(world, 0.0, 1), RESPONSE_SAMPLE);
    assert_near(world->association.report.header.root_delay, 0.25, 0.0);
    free_world(world);
}

static double frequency_after_corrections(unsigned extensions, uint32_t (*epoch)(int exchange)) {
    struct world *world = new_world_with_fields(extensions, 0);
    struct estimate estimate;
    double frequency;

    for (int i = 0; i < 8; i++)
        assert_int_equal(exchange_with_clock(world, 1e-3 * i, epoch(i)), RESPONSE_SAMPLE);
    assert_true(filter_estimate(world->association.filter, &estimate));
    assert_near(estimate.offset, 7e-3, 1e-4);
    frequency = estimate.frequency;
    free_world(world);
    return frequency;
}

static uint32_t same_epoch(int exchange) {
    (void)exchange;
    return 5;
}

static uint32_t no_epoch(int exchange) {
    (void)exchange;
    return 0;
}

static uint32_t another_epoch(int exchange) {
    return (uint32_t)exchange + 1;
}

/* A millisecond a minute is 16.7 ppm, when it is taken for the difference of two frequencies. */
static void server_that_is_slewed_does_not_change_our_frequency(void **state) {
    const unsigned f323 = EXTENSION_EXPERIMENTAL_F323;

    (void)state;
    assert_near(frequency_after_corrections(f323, same_epoch), 0.0, 0.1e-6);
    assert_near(frequency_after_corrections(f323, no_epoch), 16.7e-6, 0.5e-6);
    assert_near(frequency_after_corrections(f323, another_epoch), 16.7e-6, 0.5e-6);
    assert_near(frequency_after_corrections(0, same_epoch), 16.7e-6, 0.5e-6);
}

static void other_fields_are_passed_over(void **state) {
    static const uint8_t fields[] = {0x12, 0x34, 0x00, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                     0xf3, 0x23, 0x00, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                     0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct world *world = new_world_with_fields(EXTENSION_EXPERIMENTAL_F323, 0);
    uint8_t bytes[NTP_HEADER_SIZE + sizeof(fields)];
    struct ntp_header reply;

    (void)state;
    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    ntp_header_encode(&reply, bytes);
    memcpy(bytes + NTP_HEADER_SIZE, fields, sizeof(fields));
    assert_int_equal(receive_bytes(world, bytes, sizeof(bytes), 0.017), RESPONSE_SAMPLE);
    assert_near(world->association.report.header.root_delay, 0.25, 0.0);
    free_world(world);
}

/* A millisecond of the request's way was spent waiting in a switch; how long the answer waited is
 * not known, so that taking it off one way alone would move the offset by half of it. */
static void correction_of_one_way_alone_is_not_applied(void **state) {
    struct world *world = new_world_with_fields(EXTENSION_NETWORK_CORRECTION, 0);
    uint8_t bytes[NTP_HEADER_SIZE + EXTENSION_SIZE];
    struct ntp_header reply;

    (void)state;
    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    ntp_header_encode(&reply, bytes);
    memcpy(bytes + NTP_HEADER_SIZE, correction_request, EXTENSION_SIZE);
    put_be64(bytes + NTP_HEADER_SIZE + 4, UINT64_C(4294967));
    assert_int_equal(receive_bytes(world, bytes, sizeof(bytes), OUT + WORK + OUT), RESPONSE_SAMPLE);
    assert_near(world->association.report.offset, 0.0, 1e-6);
    assert_near(world->association.report.delay, 2 * OUT, 1e-6);
    free_world(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BARE(request_carries_the_code_of_its_key),
        TEST_BARE(peers_packet_carries_the_code_of_its_key),
        TEST_BARE(option_that_needs_version_4_keeps_it),
        TEST_BARE(configured_version_holds_with_a_key),
        TEST_BARE(answer_with_the_same_key_is_a_sample),
        TEST_BARE(answer_without_a_key_is_ignored),
        TEST_BARE(answer_with_another_key_is_ignored),
        TEST_BARE(key_that_nobody_configured_is_ignored),
        TEST_BARE(answer_with_any_bit_changed_is_ignored),
        TEST_BARE(source_whose_key_is_missing_asks_nothing),
        TEST_BARE(configured_fields_are_asked_for),
        TEST_BARE(version_3_has_no_fields),
        TEST_BARE(root_distance_is_as_fine_as_the_field_has_it),
        TEST_BARE(field_that_was_not_asked_for_means_nothing),
        TEST_BARE(server_that_is_slewed_does_not_change_our_frequency),
        TEST_BARE(other_fields_are_passed_over),
        TEST_BARE(correction_of_one_way_alone_is_not_applied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
