/* Answers: what gets one and what gets silence, and every field of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/bytes.h"
#include "core/ntp/respond.h"

#define PORT     40000
#define RECEIVE  (INT64_C(1800000000) * NS_PER_S + 123456789)
#define TRANSMIT (RECEIVE + 12345)

static struct random random_source;
static uint64_t seed;

static uint32_t next_random(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 32);
}

static void fill(void *context, void *bytes, size_t count) {
    uint8_t *to = bytes;

    (void)context;
    for (size_t i = 0; i < count; i++)
        to[i] = (uint8_t)(next_random() >> 24);
}

static int setup(void **state) {
    (void)state;
    seed = 3;
    random_init(&random_source, fill, NULL);
    return 0;
}

static const struct served_reference synchronised = {
    .leap = NTP_LEAP_INSERT,
    .stratum = 3,
    .precision = -25,
    .reference_id = 0xc0000201,
    .reference_time = INT64_C(1799999990) * NS_PER_S,
    .root_delay = 0.0123,
    .root_dispersion = 0.0456,
};

static const struct served_reference unsynchronised = {
    .leap = NTP_LEAP_UNSYNCHRONISED, .precision = -25, .root_delay = 1.0, .root_dispersion = 1.0};

static void make_request(unsigned leap, unsigned version, unsigned mode, uint8_t *bytes) {
    memset(bytes, 0, NTP_PACKET_MAX_SIZE + 8);
    bytes[0] = (uint8_t)(leap << 6 | version << 3 | mode);
    bytes[2] = 6;
    bytes[3] = 32;
    put_be64(bytes + 40, UINT64_C(0x1122334455667788));
}

static enum request_kind classify(const uint8_t *bytes, size_t length, uint16_t port) {
    struct ntp_layout layout;

    return respond_classify(bytes, length, port, &layout);
}

static struct ntp_header answer_to(const uint8_t *bytes, const struct served_reference *reference) {
    struct ntp_header request;
    struct ntp_layout layout;
    enum request_kind kind = respond_classify(bytes, NTP_HEADER_SIZE, PORT, &layout);

    assert_int_not_equal(kind, REQUEST_INVALID);
    ntp_header_decode(bytes, &request);
    return respond_build(&request, kind, reference, RECEIVE, TRANSMIT, -128, 0, &random_source);
}

static void kind_follows_from_version_and_mode(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];

    (void)state;
    for (unsigned version = 0; version < 8; version++) {
        for (unsigned mode = 0; mode < 8; mode++) {
            bool known = version >= 1 && version <= 4;
            enum request_kind expected = !known ? REQUEST_INVALID
                                         : mode == 3 || (mode == 0 && version == 1) ? REQUEST_CLIENT
                                         : mode == 1                                ? REQUEST_ACTIVE
                                                     : REQUEST_INVALID;

            for (unsigned leap = 0; leap < 4; leap++) {
                make_request(leap, version, mode, bytes);
                assert_int_equal(classify(bytes, NTP_HEADER_SIZE, PORT), expected);
            }
        }
    }
}

static void mode_0_from_the_ntp_port_gets_silence(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];

    (void)state;
    make_request(0, 1, 0, bytes);
    assert_int_equal(classify(bytes, NTP_HEADER_SIZE, NTP_PORT), REQUEST_INVALID);
    assert_int_equal(classify(bytes, NTP_HEADER_SIZE, 1), REQUEST_CLIENT);
    make_request(0, 4, 3, bytes);
    assert_int_equal(classify(bytes, NTP_HEADER_SIZE, NTP_PORT), REQUEST_CLIENT);
}

static void wrong_lengths_get_silence(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];

    (void)state;
    make_request(0, 3, 3, bytes);
    for (size_t length = 0; length < NTP_HEADER_SIZE; length++)
        assert_int_equal(classify(bytes, length, PORT), REQUEST_INVALID);
    for (size_t length = NTP_HEADER_SIZE + 1; length <= NTP_PACKET_MAX_SIZE + 8; length++) {
        bool mac = length % 4 == 0 && length >= 48 + 20 && length <= 48 + 68;

        assert_int_equal(classify(bytes, length, PORT), mac ? REQUEST_CLIENT : REQUEST_INVALID);
    }
    assert_int_equal(respond_kind(bytes, NTP_HEADER_SIZE + 22, PORT), REQUEST_INVALID);
    assert_int_equal(respond_kind(bytes, NTP_PACKET_MAX_SIZE, PORT), REQUEST_CLIENT);
    assert_int_equal(respond_kind(bytes, NTP_PACKET_MAX_SIZE + 4, PORT), REQUEST_INVALID);
}

static void unknown_extension_fields_do_not_matter(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];

    (void)state;
    make_request(0, 4, 3, bytes);
    put_be16(bytes + 48, 0xf00d);
    put_be16(bytes + 50, 28);
    assert_int_equal(classify(bytes, 48 + 28, PORT), REQUEST_CLIENT);
    put_be16(bytes + 50, 32);
    assert_int_equal(classify(bytes, 48 + 28, PORT), REQUEST_INVALID);
    put_be16(bytes + 50, 0);
    assert_int_equal(classify(bytes, 48 + 28, PORT), REQUEST_INVALID);
}

/* Request and fields asked: type, length and contents of the field, 0 in the end. */
static size_t put_fields(uint8_t *bytes, const unsigned (*fields)[3]) {
    size_t length = NTP_HEADER_SIZE;

    make_request(0, 4, 3, bytes);
    for (; (*fields)[0] != 0; fields++) {
        put_be16(bytes + length, (uint16_t)(*fields)[0]);
        put_be16(bytes + length + 2, (uint16_t)(*fields)[1]);
        put_be32(bytes + length + 4, (*fields)[2]);
        length += (*fields)[1];
    }
    return length;
}

#define MAGIC 0xf5bedd9a
static const struct served_fields served = {.root_delay = 0.0123,
                                            .root_dispersion = 17.0,
                                            .monotonic_receive = RECEIVE - NS_PER_S,
                                            .monotonic_epoch = 0x12345678};

static size_t extend(const uint8_t *request, size_t length, uint8_t *bytes) {
    struct ntp_layout layout;

    assert_int_equal(respond_classify(request, length, PORT, &layout), REQUEST_CLIENT);
    memset(bytes, 0xaa, NTP_HEADER_SIZE + RESPOND_FIELDS_SIZE);
    return respond_extend(request, &layout, &served, bytes);
}

static void experimental_field_tells_of_the_unfuzzed_clock(void **state) {
    static const unsigned asked[][3] = {{0xf323, 28, MAGIC}, {0, 0, 0}};
    uint8_t request[NTP_PACKET_MAX_SIZE + 8], bytes[NTP_HEADER_SIZE + RESPOND_FIELDS_SIZE];
    const uint8_t *field = bytes + NTP_HEADER_SIZE;

    (void)state;
    assert_int_equal(extend(request, put_fields(request, asked), bytes), NTP_HEADER_SIZE + 28);
    assert_int_equal(get_be32(field), 0xf323001c);
    assert_int_equal(get_be32(field + 4), MAGIC);
    assert_int_equal(get_be32(field + 8), (uint32_t)(0.0123 * (1 << 28)) + 1);
    assert_int_equal(get_be32(field + 12), UINT32_MAX);
    assert_true(get_be64(field + 16) == ntp_time_from_ns(RECEIVE - NS_PER_S));
    assert_int_equal(get_be32(field + 24), 0x12345678);
}

static void only_known_fields_of_the_right_form_are_answered_each_once(void **state) {
    static const struct {
        unsigned asked[5][3];
        size_t answered;
    } rows[] = {
        {{{0xf323, 28, MAGIC}, {0xf323, 28, MAGIC}}, 28},
        {{{0x1234, 28, 0}, {0xf323, 28, MAGIC}}, 28},
        {{{0xf323, 28, MAGIC}, {0x1234, 64, 0}}, 28},
        {{{0xf323, 32, MAGIC}}, 0},
        {{{0xf323, 28, 1}}, 0},
        {{{0x1234, 28, MAGIC}}, 0},
        {{{0x010a, 28, 77}}, 28},
        {{{0x010a, 28, 77}, {0xf323, 28, MAGIC}, {0x010a, 28, 0}, {0xf323, 28, MAGIC}}, 56},
    };
    uint8_t request[NTP_PACKET_MAX_SIZE + 8], bytes[NTP_HEADER_SIZE + RESPOND_FIELDS_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t length = put_fields(request, rows[i].asked);

        assert_int_equal(extend(request, length, bytes), NTP_HEADER_SIZE + rows[i].answered);
    }
}

static void broadcast_packet_has_nothing_but_our_own_time(void **state) {
    uint8_t bytes[NTP_HEADER_SIZE];
    struct served_image image;
    struct ntp_header header;

    (void)state;
    respond_prepare(&synchronised, &image);
    respond_broadcast(&image, 7, TRANSMIT, &random_source, bytes);
    ntp_header_decode(bytes, &header);
    assert_int_equal(header.version, 4);
    assert_int_equal(header.mode, NTP_MODE_BROADCAST);
    assert_int_equal(header.leap, NTP_LEAP_INSERT);
    assert_int_equal(header.poll, 7);
    assert_int_equal(header.stratum, 3);
    assert_true(header.origin_time == 0 && header.receive_time == 0);
    assert_true((int64_t)(header.transmit_time - ntp_time_from_ns(TRANSMIT)) < 128);
    assert_true((int64_t)(header.transmit_time - ntp_time_from_ns(TRANSMIT)) > -128);
}

static void answer_carries_the_reference(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];
    struct ntp_header answer;

    (void)state;
    make_request(3, 4, 3, bytes);
    answer = answer_to(bytes, &synchronised);
    assert_int_equal(answer.leap, NTP_LEAP_INSERT);
    assert_int_equal(answer.version, 4);
    assert_int_equal(answer.mode, NTP_MODE_SERVER);
    assert_int_equal(answer.stratum, 3);
    assert_int_equal(answer.poll, 6);
    assert_int_equal(answer.precision, -25);
    assert_int_equal(answer.reference_id, 0xc0000201);
    assert_true(answer.root_delay >= 0.0123 && answer.root_delay < 0.0123 + 1.0 / 65536);
    assert_true(answer.root_dispersion >= 0.0456 && answer.root_dispersion < 0.0456 + 1.0 / 65536);
    assert_int_equal(ntp_time_to_ns(answer.reference_time, RECEIVE), synchronised.reference_time);
    assert_true(answer.origin_time == UINT64_C(0x1122334455667788));
}

static void version_and_poll_are_echoed(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];

    (void)state;
    for (unsigned version = 1; version <= 4; version++) {
        make_request(0, version, 3, bytes);
        bytes[2] = (uint8_t)-6;
        assert_int_equal(answer_to(bytes, &synchronised).version, version);
        assert_int_equal(answer_to(bytes, &synchronised).poll, -6);
    }
}

static void unknown_peer_is_answered_in_passive_mode(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];

    (void)state;
    make_request(0, 4, 1, bytes);
    assert_int_equal(answer_to(bytes, &synchronised).mode, NTP_MODE_PASSIVE);
}

static void unsynchronised_server_answers_with_leap_3(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];
    struct ntp_header answer;

    (void)state;
    make_request(0, 4, 3, bytes);
    answer = answer_to(bytes, &unsynchronised);
    assert_int_equal(answer.leap, NTP_LEAP_UNSYNCHRONISED);
    assert_int_equal(answer.stratum, 0);
    assert_int_equal(answer.reference_id, 0);
    assert_true(answer.reference_time == 0);
    assert_true(answer.root_delay == 1.0);
    assert_true(answer.root_dispersion == 1.0);
    assert_true(answer.receive_time != 0 && answer.transmit_time != 0);
}

static void stratum_16_and_above_is_sent_as_0(void **state) {
    struct served_reference reference = synchronised;
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];

    (void)state;
    make_request(0, 4, 3, bytes);
    reference.stratum = 15;
    assert_int_equal(answer_to(bytes, &reference).stratum, 15);
    reference.stratum = 16;
    assert_int_equal(answer_to(bytes, &reference).stratum, 0);
    reference.stratum = 256;
    assert_int_equal(answer_to(bytes, &reference).stratum, 0);
}

static void stamps_are_right_to_the_precision_and_marked_in_the_lowest_bit(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];

    (void)state;
    make_request(0, 4, 3, bytes);
    for (int i = 0; i < 1000; i++) {
        struct ntp_header answer = answer_to(bytes, &synchronised);
        int64_t receive_error = (int64_t)(answer.receive_time - ntp_time_from_ns(RECEIVE));
        int64_t transmit_error = (int64_t)(answer.transmit_time - ntp_time_from_ns(TRANSMIT));

        assert_int_equal(answer.receive_time & 1, 1);
        assert_int_equal(answer.transmit_time & 1, 0);
        assert_true(receive_error > -128 && receive_error < 128);
        assert_true(transmit_error > -128 && transmit_error < 128);
    }
}

static void bits_below_the_precision_are_random(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];
    uint64_t receive_seen = 0, transmit_seen = 0;
    ntp_time_t first_receive, first_transmit;

    (void)state;
    make_request(0, 4, 3, bytes);
    first_receive = answer_to(bytes, &synchronised).receive_time;
    first_transmit = answer_to(bytes, &synchronised).transmit_time;
    for (int i = 0; i < 1000; i++) {
        struct ntp_header answer = answer_to(bytes, &synchronised);

        receive_seen |= answer.receive_time ^ first_receive;
        transmit_seen |= answer.transmit_time ^ first_transmit;
    }
    assert_int_equal(receive_seen, 0x7e);
    assert_int_equal(transmit_seen, 0x7e);
}

static void transmit_never_equals_the_origin(void **state) {
    struct served_reference reference = synchronised;
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8];

    (void)state;
    reference.precision = -32;
    make_request(0, 4, 3, bytes);
    put_be64(bytes + 40, ntp_time_from_ns(TRANSMIT) & ~UINT64_C(1));
    assert_true(answer_to(bytes, &reference).transmit_time != get_be64(bytes + 40));
}

static void limit_raises_the_poll_and_kod_replaces_the_reference(void **state) {
    static const uint8_t expected[] = {0xe4, 0x00, 0x07, 0xe5, 0,   0,   0,   0,
                                       0,    0,    0,    0,    'R', 'A', 'T', 'E'};
    const struct served_reference local = {
        .stratum = 10, .precision = -27, .reference_id = 0x7f7f0101};
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8], encoded[NTP_HEADER_SIZE];
    struct ntp_header request, answer;
    struct ntp_layout layout;
    enum request_kind kind;

    (void)state;
    make_request(0, 4, 3, bytes);
    kind = respond_classify(bytes, NTP_HEADER_SIZE, PORT, &layout);
    ntp_header_decode(bytes, &request);
    answer =
        respond_build(&request, kind, &local, RECEIVE, TRANSMIT, 7, 0x52415445, &random_source);
    ntp_header_encode(&answer, encoded);
    assert_memory_equal(encoded, expected, sizeof(expected));
    assert_int_equal(answer.receive_time >> 32, ntp_time_from_ns(RECEIVE) >> 32);
    answer = respond_build(&request, kind, &local, RECEIVE, TRANSMIT, 3, 0, &random_source);
    assert_int_equal(answer.poll, 6);
}

static void interleaved_answer_echoes_the_receive_stamp(void **state) {
    struct answer answer = {.kind = REQUEST_CLIENT,
                            .interleaved = true,
                            .min_poll = -128,
                            .receive = ntp_time_from_ns(RECEIVE),
                            .transmit = ntp_time_from_ns(TRANSMIT)};
    uint8_t request[NTP_PACKET_MAX_SIZE + 8], bytes[NTP_HEADER_SIZE];
    struct served_image image;

    (void)state;
    make_request(0, 4, 3, request);
    put_be64(request + 32, UINT64_C(0x99aabbccddeeff00));
    respond_prepare(&synchronised, &image);
    respond_encode(request, &answer, &image, random_u64(&random_source), bytes);
    assert_true(get_be64(bytes + 24) == UINT64_C(0x99aabbccddeeff00));
    answer.interleaved = false;
    respond_encode(request, &answer, &image, random_u64(&random_source), bytes);
    assert_true(get_be64(bytes + 24) == UINT64_C(0x1122334455667788));
}

static void random_datagrams_are_answered_or_not_without_harm(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 8], extended[NTP_HEADER_SIZE + RESPOND_FIELDS_SIZE];

    (void)state;
    for (int i = 0; i < 50000; i++) {
        size_t length =
            next_random() % 8 == 0 ? next_random() % sizeof(bytes) : 48 + next_random() % 40 * 4;
        struct ntp_header request;
        struct ntp_layout layout;
        enum request_kind kind;

        for (size_t k = 0; k < length; k++)
            bytes[k] = (uint8_t)(next_random() >> 24);
        kind = respond_classify(bytes, length, (uint16_t)next_random(), &layout);
        if (kind == REQUEST_INVALID)
            continue;
        ntp_header_decode(bytes, &request);
        assert_in_range(request.version, 1, 4);
        assert_true(NTP_HEADER_SIZE + layout.extensions_length + layout.mac_length == length);
        assert_true(respond_extend(bytes, &layout, &served, extended) <=
                    NTP_HEADER_SIZE + layout.extensions_length);
        assert_int_equal(
            respond_build(&request, kind, &synchronised, RECEIVE, TRANSMIT, -128, 0, &random_source)
                .poll,
            request.poll);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(kind_follows_from_version_and_mode),
        TEST(mode_0_from_the_ntp_port_gets_silence),
        TEST(wrong_lengths_get_silence),
        TEST(unknown_extension_fields_do_not_matter),
        TEST(experimental_field_tells_of_the_unfuzzed_clock),
        TEST(only_known_fields_of_the_right_form_are_answered_each_once),
        TEST(broadcast_packet_has_nothing_but_our_own_time),
        TEST(answer_carries_the_reference),
        TEST(version_and_poll_are_echoed),
        TEST(unknown_peer_is_answered_in_passive_mode),
        TEST(unsynchronised_server_answers_with_leap_3),
        TEST(stratum_16_and_above_is_sent_as_0),
        TEST(stamps_are_right_to_the_precision_and_marked_in_the_lowest_bit),
        TEST(bits_below_the_precision_are_random),
        TEST(transmit_never_equals_the_origin),
        TEST(limit_raises_the_poll_and_kod_replaces_the_reference),
        TEST(interleaved_answer_echoes_the_receive_stamp),
        TEST(random_datagrams_are_answered_or_not_without_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
