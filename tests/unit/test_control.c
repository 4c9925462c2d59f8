/* The control protocol against datagrams that were captured between chrony's own client and daemon:
 * what they mean, and that encoding what was decoded gives the same bytes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/bytes.h"
#include "core/base/text.h"
#include "core/wire/control.h"
#include "tests/unit/control_captures.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Every payload structure fits. */
union payload {
    struct control_add_source add_source;
    struct control_client_accesses client_accesses;
    struct control_manual_list manual_list;
    struct control_ntp_data ntp_data;
    uint8_t bytes[2048];
};

static uint32_t seed = 1;

static uint32_t next_random(void) {
    seed = seed * 1664525 + 1013904223;
    return seed >> 16 | seed << 16;
}

static size_t unpack(const char *hex, uint8_t *bytes) {
    size_t count = 0;

    while (*hex != '\0') {
        if (*hex == '[') {
            char *end;
            size_t zeroes = strtoul(hex + 1, &end, 10);
            memset(bytes + count, 0, zeroes);
            count += zeroes;
            hex = end + 1;
        } else {
            bytes[count++] = (uint8_t)(text_hex_digit(hex[0]) << 4 | text_hex_digit(hex[1]));
            hex += 2;
        }
    }
    return count;
}

static size_t unpack_named(const char *name, bool reply, uint8_t *bytes) {
    for (size_t i = 0; i < COUNT(captures); i++)
        if (strncmp(captures[i].name, name, strlen(name)) == 0)
            return unpack(reply ? captures[i].reply : captures[i].request, bytes);
    fail_msg("no capture %s", name);
    return 0;
}

static void decode_reply(const char *name, const struct control_layout *layout, void *structure) {
    uint8_t bytes[CONTROL_MAX_REPLY];
    assert_int_equal(unpack_named(name, true, bytes), CONTROL_REPLY_HEADER + layout->length);
    control_decode(layout, bytes + CONTROL_REPLY_HEADER, structure);
}

static void assert_near(double value, double expected) {
    if (fabs(value - expected) > fabs(expected) * 1e-8)
        fail_msg("%.12g is not %.12g", value, expected);
}

static void captured_requests_are_decoded_and_encoded_to_the_same_bytes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(captures); i++) {
        uint8_t bytes[CONTROL_MAX_REQUEST], again[CONTROL_MAX_REQUEST] = {0};
        size_t length = unpack(captures[i].request, bytes);
        struct control_request request;
        union payload payload;

        assert_true(control_request_decode(bytes, length, &request));
        assert_int_equal(request.version, CONTROL_VERSION);
        assert_int_equal(request.type, CONTROL_TYPE_REQUEST);
        assert_int_equal(request.attempt, 0);
        const struct control_command_info *info =
            control_command_for_length(request.command, length);
        assert_non_null(info);
        control_decode(control_layout(info->request), bytes + CONTROL_REQUEST_HEADER, &payload);
        control_request_encode(&request, again);
        control_encode(control_layout(info->request), &payload, again + CONTROL_REQUEST_HEADER);
        assert_memory_equal(bytes, again, length);
    }
}

static void captured_replies_are_decoded_and_encoded_to_the_same_bytes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(captures); i++) {
        uint8_t bytes[CONTROL_MAX_REPLY], again[CONTROL_MAX_REPLY];
        size_t length = unpack(captures[i].reply, bytes);
        struct control_reply reply;
        union payload payload;

        assert_true(control_reply_decode(bytes, length, &reply));
        assert_int_equal(reply.version, CONTROL_VERSION);
        assert_int_equal(reply.type, CONTROL_TYPE_REPLY);
        const struct control_layout *layout = control_reply_layout(reply.reply);
        assert_non_null(layout);
        assert_int_equal(length, CONTROL_REPLY_HEADER + layout->length);
        control_decode(layout, bytes + CONTROL_REPLY_HEADER, &payload);
        control_reply_encode(&reply, again);
        control_encode(layout, &payload, again + CONTROL_REPLY_HEADER);
        assert_memory_equal(bytes, again, length);
    }
}

static void headers_are_read_field_by_field(void **state) {
    static const uint8_t request_bytes[CONTROL_REQUEST_HEADER] = {6, 1, 0, 0, 1, 2,
                                                                  3, 4, 5, 6, 7, 8};
    static const uint8_t reply_bytes[CONTROL_REPLY_HEADER] = {6, 2, 0, 0, 1, 2, 3, 4, 5, 6,
                                                              0, 0, 0, 0, 0, 0, 7, 8, 9, 10};
    struct control_request request;
    struct control_reply reply;

    (void)state;
    assert_true(control_request_decode(request_bytes, sizeof(request_bytes), &request));
    assert_int_equal(request.command, 0x102);
    assert_int_equal(request.attempt, 0x304);
    assert_int_equal(request.sequence, 0x5060708);
    assert_true(control_reply_decode(reply_bytes, sizeof(reply_bytes), &reply));
    assert_int_equal(reply.command, 0x102);
    assert_int_equal(reply.reply, 0x304);
    assert_int_equal(reply.status, 0x506);
    assert_int_equal(reply.sequence, 0x708090a);
}

static void short_or_reserved_headers_are_refused(void **state) {
    uint8_t bytes[CONTROL_REPLY_HEADER] = {6, 1};
    struct control_request request;
    struct control_reply reply;

    (void)state;
    assert_false(control_request_decode(bytes, CONTROL_REQUEST_HEADER - 1, &request));
    assert_false(control_reply_decode(bytes, CONTROL_REPLY_HEADER - 1, &reply));
    for (size_t i = 2; i < 4; i++) {
        bytes[i] = 1;
        assert_false(control_request_decode(bytes, sizeof(bytes), &request));
        assert_false(control_reply_decode(bytes, sizeof(bytes), &reply));
        bytes[i] = 0;
    }
    assert_true(control_request_decode(bytes, CONTROL_REQUEST_HEADER, &request));
    assert_true(control_reply_decode(bytes, CONTROL_REPLY_HEADER, &reply));
}

static void tracking_means_what_the_client_printed(void **state) {
    struct control_tracking tracking;

    (void)state;
    decode_reply("tracking", &control_layout_tracking, &tracking);
    assert_int_equal(tracking.ref_id, 0x47505300);
    assert_int_equal(tracking.ip_addr.family, ADDRESS_NONE);
    assert_int_equal(tracking.stratum, 1);
    assert_int_equal(tracking.leap_status, 0);
    assert_int_equal(tracking.ref_time, INT64_C(1795344023580691161));
    assert_near(tracking.current_correction, -3.86229158e-06);
    assert_near(tracking.last_offset, 1.44265897e-07);
    assert_near(tracking.rms_offset, 1.70773149e-07);
    assert_near(tracking.freq_ppm, 1.25769492e-10);
    assert_near(tracking.resid_freq_ppm, 3.83895901e-11);
    assert_near(tracking.skew_ppm, 1.0000806e-06);
    assert_near(tracking.root_delay, 0.00100000005);
    assert_near(tracking.root_dispersion, 3.41935061e-06);
    assert_near(tracking.last_update_interval, 4.00101185);
}

static void sources_mean_what_the_client_printed(void **state) {
    struct control_source_data source;
    struct control_sourcestats stats;
    struct control_select_data select;

    (void)state;
    decode_reply("source_data (15 -> reply 3): an NTP", &control_layout_source_data, &source);
    assert_int_equal(address_to_ipv4(&source.ip_addr), 0x7f00000c);
    assert_int_equal(source.poll, 2);
    assert_int_equal(source.stratum, 1);
    assert_int_equal(source.state, CONTROL_STATE_UNSELECTED_COMBINED);
    assert_int_equal(source.mode, CONTROL_MODE_CLIENT);
    assert_int_equal(source.reachability, 0377);
    assert_int_equal(source.since_sample, 2);
    assert_near(source.orig_latest_meas, 1.69199996e-06);
    assert_near(source.latest_meas, 1.54773409e-06);
    assert_near(source.latest_meas_err, 7.09680353e-06);

    decode_reply("sourcestats", &control_layout_sourcestats, &stats);
    assert_int_equal(stats.n_samples, 35);
    assert_int_equal(stats.n_runs, 19);
    assert_int_equal(stats.span_seconds, 97);
    assert_near(stats.sd, 6.85704038e-07);
    assert_near(stats.est_offset_err, 4.50552079e-06);

    decode_reply("select_data", &control_layout_select_data, &select);
    assert_int_equal(select.state_char, '+');
    assert_int_equal(select.authentication, 1);
    assert_int_equal(select.eff_options, CONTROL_SELECT_TRUST | CONTROL_SELECT_REQUIRE);
    assert_near(select.lo_limit, -5.27478505e-06);
    assert_near(select.hi_limit, 3.210253e-06);
}

static void unresolved_sources_have_an_id_for_an_address(void **state) {
    struct control_source_data source;

    (void)state;
    decode_reply("source_data (15 -> reply 3): unresolved", &control_layout_source_data, &source);
    assert_int_equal(source.ip_addr.family, ADDRESS_ID);
    assert_int_equal(address_to_id(&source.ip_addr), 5);
    assert_int_equal(source.since_sample, CONTROL_NEVER);
}

static void ntpdata_means_what_the_client_printed(void **state) {
    struct control_ntp_data data;

    (void)state;
    decode_reply("ntpdata, 4.8", &control_layout_ntp_data2, &data);
    assert_int_equal(data.remote_port, 21123);
    assert_int_equal(data.version, 3);
    assert_int_equal(data.mode, 4);
    assert_int_equal(data.poll, 2);
    assert_int_equal(data.precision, -25);
    assert_int_equal(data.ref_time, INT64_C(1795343966356201730));
    assert_near(data.offset, -1.69199996e-06);
    assert_near(data.response_time, 8.75940023e-05);
    assert_int_equal(data.flags, 0x83ff);
    assert_int_equal(data.tx_tss_char, 'K');
    assert_int_equal(data.total_good_count, 35);
    assert_int_equal(data.total_kernel_rx_ts, 35);
    assert_int_equal(data.total_hw_rx_ts, 0);
    decode_reply("ntpdata, 4.3", &control_layout_ntp_data, &data);
    assert_int_equal(address_to_ipv4(&data.local_addr), 0x7f000009);
    assert_near(data.jitter_asymmetry, 0.40116924);
    assert_int_equal(data.total_good_count, 44);
}

static void client_records_and_manual_samples_are_arrays(void **state) {
    struct control_client_accesses accesses;
    struct control_manual_list list;

    (void)state;
    decode_reply("client accesses", &control_layout_client_accesses, &accesses);
    assert_int_equal(accesses.n_indices, 16);
    assert_int_equal(accesses.next_index, 16);
    assert_int_equal(accesses.n_clients, 3);
    assert_int_equal(address_to_ipv4(&accesses.clients[2].ip), 0x7f000009);
    assert_int_equal(accesses.clients[2].ntp_hits, 987);
    assert_int_equal(accesses.clients[2].ntp_interval, 1);
    assert_int_equal(accesses.clients[2].ntp_timeout_interval, CONTROL_NO_INTERVAL);
    assert_int_equal(accesses.clients[0].last_ntp_hit_ago, 3);
    assert_int_equal(accesses.clients[0].last_cmd_hit_ago, CONTROL_NEVER);
    assert_int_equal(accesses.clients[7].ip.family, ADDRESS_NONE);

    decode_reply("manual_list", &control_layout_manual_list, &list);
    assert_int_equal(list.n_samples, 1);
    assert_int_equal(list.samples[0].when, 1795344027 * NS_PER_S);
    assert_near(list.samples[0].orig_offset, 0.41928333);
}

static void add_source_carries_the_defaults_of_the_client(void **state) {
    uint8_t bytes[CONTROL_MAX_REQUEST];
    struct control_add_source add;

    (void)state;
    unpack_named("add_source", false, bytes);
    control_decode(&control_layout_add_source, bytes + CONTROL_REQUEST_HEADER, &add);
    assert_int_equal(add.type, CONTROL_ADD_SERVER);
    assert_string_equal(add.name, "127.0.0.78");
    assert_int_equal(add.port, 21123);
    assert_int_equal(add.minpoll, 6);
    assert_int_equal(add.maxpoll, 10);
    assert_int_equal(add.presend_minpoll, 100);
    assert_int_equal(add.poll_target, 8);
    assert_int_equal(add.max_sources, 4);
    assert_int_equal(add.min_samples, -1);
    assert_int_equal(add.nts_port, 4460);
    assert_near(add.max_delay, 3.0);
    assert_near(add.max_delay_dev_ratio, 10.0);
    assert_near(add.asymmetry, 1.0);
    assert_int_equal(add.flags, CONTROL_ADD_ONLINE);
    assert_int_equal(add.max_unreach, 100000);
}

static void add_source_of_4_9_has_its_own_order_and_flags(void **state) {
    uint8_t bytes[CONTROL_MAX_REQUEST];
    struct control_add_source add;

    (void)state;
    unpack_named("4.9 add_source", false, bytes);
    control_decode(&control_layout_add_source2, bytes + CONTROL_REQUEST_HEADER, &add);
    assert_string_equal(add.name, "127.0.0.79");
    assert_int_equal(add.max_unreach, 9);
    assert_int_equal(add.filter_length, 4);
    assert_int_equal(add.authkey, 3);
    assert_int_equal(add.nts_port, 4460);
    assert_int_equal(add.cert_set, 2);
    assert_int_equal(add.max_nts_retry, 12);
    assert_near(add.max_delay, 0.5);
    assert_near(add.max_delay_quant, 0.25);
    assert_near(add.min_delay, 0.125);
    assert_near(add.asymmetry, 0.25);
    assert_near(add.offset, -0.5);
    assert_int_equal(control_add_flags_narrow(add.flags),
                     CONTROL_ADD_ONLINE | CONTROL_ADD_IBURST | CONTROL_ADD_IPV4 |
                         CONTROL_ADD_EXTFIELD_F323 | CONTROL_ADD_EXTFIELD_F324);
    for (uint32_t flag = 1; flag <= CONTROL_ADD_IPV6; flag <<= 1)
        assert_int_equal(control_add_flags_narrow(control_add_flags_widen(flag)), flag);
    assert_int_equal(control_add_flags_widen(control_add_flags_narrow(add.flags)), add.flags);
}

static void old_server_stats_carry_the_low_half_of_the_counters(void **state) {
    struct control_server_stats stats = {.ntp_hits = UINT64_C(0x100000002)};
    uint8_t bytes[CONTROL_MAX_REPLY];

    (void)state;
    control_encode(&control_layout_server_stats3, &stats, bytes);
    assert_int_equal(get_be32(bytes), 2);
    control_encode(&control_layout_server_stats4, &stats, bytes);
    assert_int_equal(get_be64(bytes), UINT64_C(0x100000002));
    decode_reply("server_stats, 4.8", &control_layout_server_stats4, &stats);
    assert_int_equal(stats.ntp_hits, 3525);
    assert_int_equal(stats.ntp_kernel_tx_timestamps, 2568);
    decode_reply("server_stats, 4.3", &control_layout_server_stats3, &stats);
    assert_int_equal(stats.ntp_auth_hits, 1551);
}

static void floats_have_the_bytes_that_chrony_sends(void **state) {
    static const struct {
        double value;
        uint32_t word;
    } rows[] = {
        {0.0, 0x00000000},        {-0.0, 0x00000000},
        {1.0, 0x04800000},        {-1.0, 0x03000000},
        {0.5, 0x02800000},        {-0.5, 0x01000000},
        {0.1, 0xfccccccd},        {0.3, 0x0099999a},
        {3.0, 0x06c00000},        {10.0, 0x0aa00000},
        {64.5, 0x10810000},       {100.0, 0x10c80000},
        {1e-9, 0xc889705f},       {3.14159265358979, 0x06c90fda},
        {-1e-9, 0xc9768fa1},      {1.5e-6, 0xdcc9539c},
        {0.001, 0xf083126f},      {-0.000123, 0xeb7f0670},
        {1e6, 0x2af42400},        {123456789.123, 0x38eb79a2},
        {16777215.0, 0x32ffffff}, {16777216.0, 0x34800000},
        {1e18, 0x7ade0b6b},       {1e30, 0x7effffff},
        {-1e30, 0x7f000000},      {INFINITY, 0x7effffff},
        {-INFINITY, 0x7f000000},  {NAN, 0x00000000},
        {1e-26, 0x80000006},      {1e-27, 0x80000000},
        {1e-50, 0x00000000},      {4e-310, 0x00000000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (control_float_encode(rows[i].value) != rows[i].word)
            fail_msg("%g: %08x instead of %08x", rows[i].value,
                     (unsigned)control_float_encode(rows[i].value), (unsigned)rows[i].word);
}

/* chrony's recipe, with a logarithm. */
static uint32_t reference_encode(double value) {
    int32_t limit = value < 0.0 ? 1 << 24 : (1 << 24) - 1;
    double magnitude = fabs(value);
    if (magnitude < 1e-100)
        return 0;
    int exponent = (int)(log2(magnitude) + 1.0);
    int32_t coefficient = (int32_t)(magnitude * pow(2.0, 25 - exponent) + 0.5);
    for (; coefficient > limit; exponent++)
        coefficient >>= 1;
    if (exponent > 63) {
        exponent = 63;
        coefficient = limit;
    } else if (exponent < -64) {
        if (exponent < -89)
            return 0;
        coefficient >>= -64 - exponent;
        exponent = -64;
    }
    uint32_t word = (uint32_t)(value < 0.0 ? -coefficient : coefficient) & 0x1ffffff;
    return (uint32_t)exponent << 25 | word;
}

static void floats_follow_the_recipe_for_any_number(void **state) {
    (void)state;
    for (int i = 0; i < 200000; i++) {
        double value = ldexp((double)next_random() + (double)next_random() * 0x1p-32,
                             (int)(next_random() % 240) - 150);
        if (next_random() % 2)
            value = -value;
        assert_int_equal(control_float_encode(value), reference_encode(value));
    }
}

static void floats_are_decoded_exactly_and_keep_24_bits(void **state) {
    (void)state;
    assert_true(control_float_decode(0x7effffff) == 16777215.0 * 0x1p38);
    assert_true(control_float_decode(0x7f000000) == -16777216.0 * 0x1p38);
    assert_true(control_float_decode(0x80000001) == 0x1p-89);
    for (int i = 0; i < 100000; i++) {
        uint32_t word = next_random();
        double value = control_float_decode(word);
        double again = control_float_decode(control_float_encode(value));
        assert_true(isfinite(value));
        assert_true(fabs(again - value) <= fabs(value) * 0x1p-23);
    }
}

static void times_survive_whatever_they_hold(void **state) {
    static const struct {
        uint8_t bytes[CONTROL_TIME_LENGTH];
        ns_t time;
    } rows[] = {
        {{0}, 0},
        {{0, 0, 0, 0, 0x65, 0x5c, 0xdb, 0x0d}, 1700584205 * NS_PER_S},
        {{0x7f, 0xff, 0xff, 0xff, 0x65, 0x5c, 0xdb, 0x0d}, 1700584205 * NS_PER_S},
        {{0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}, 2 * NS_PER_S - 1},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1}, 1 - NS_PER_S},
        {{0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, INT64_MAX},
        {{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, -INT64_MAX},
    };
    struct control_settime settime;
    uint8_t bytes[CONTROL_TIME_LENGTH];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        control_decode(&control_layout_settime, rows[i].bytes, &settime);
        assert_int_equal(settime.ts, rows[i].time);
        control_encode(&control_layout_settime, &settime, bytes);
        control_decode(&control_layout_settime, bytes, &settime);
        assert_int_equal(settime.ts, rows[i].time);
    }
    settime.ts = NS_UNKNOWN;
    control_encode(&control_layout_settime, &settime, bytes);
    assert_memory_equal(bytes, rows[0].bytes, sizeof(bytes));
}

static void addresses_of_unknown_families_are_unspecified(void **state) {
    struct control_address payload;
    uint8_t bytes[CONTROL_ADDRESS_LENGTH];

    (void)state;
    for (unsigned family = 0; family < 300; family++) {
        memset(bytes, 0xa5, sizeof(bytes));
        put_be16(bytes + 16, (uint16_t)family);
        control_decode(&control_layout_address, bytes, &payload);
        assert_int_equal(payload.ip_addr.family, family <= ADDRESS_ID ? family : ADDRESS_NONE);
        assert_int_equal(payload.ip_addr.bytes[15], family == ADDRESS_IPV6 ? 0xa5 : 0);
        control_encode(&control_layout_address, &payload, bytes);
        assert_int_equal(get_be16(bytes + 18), 0);
    }
}

static void commands_have_the_lengths_of_the_protocol(void **state) {
    static const struct {
        uint16_t number, reply, length;
    } rows[] = {
        {1, 1, 60},    {2, 1, 60},   {3, 1, 68},
        {4, 1, 44},    {5, 1, 44},   {6, 1, 28},
        {7, 1, 44},    {8, 1, 44},   {9, 1, 28},
        {11, 17, 40},  {13, 1, 28},  {14, 2, 32},
        {15, 3, 76},   {16, 1, 28},  {17, 1, 44},
        {18, 1, 44},   {19, 1, 44},  {20, 1, 44},
        {21, 1, 44},   {22, 1, 44},  {23, 1, 44},
        {24, 1, 44},   {25, 1, 40},  {26, 1, 40},
        {29, 1, 40},   {30, 1, 28},  {31, 1, 28},
        {33, 5, 104},  {34, 6, 84},  {35, 7, 56},
        {36, 1, 28},   {37, 1, 28},  {41, 18, 416},
        {42, 1, 28},   {43, 1, 28},  {44, 12, 48},
        {45, 1, 44},   {46, 1, 44},  {47, 1, 44},
        {48, 1, 28},   {49, 1, 28},  {50, 1, 28},
        {51, 13, 52},  {52, 1, 28},  {53, 1, 28},
        {54, 25, 196}, {56, 1, 36},  {57, 26, 172},
        {62, 1, 28},   {63, 1, 28},  {64, 1, 372},
        {65, 19, 284}, {66, 1, 28},  {67, 20, 52},
        {68, 21, 520}, {69, 23, 76}, {70, 1, 28},
        {71, 1, 28},   {72, 1, 52},  {73, 1, 48},
        {74, 1, 48},   {75, 1, 408}, {CONTROL_OURS, CONTROL_OURS, 444},
    };
    size_t row = 0;

    (void)state;
    for (unsigned number = 0; number <= UINT16_MAX; number++) {
        const struct control_command_info *info = control_command(number);
        if (row == COUNT(rows) || rows[row].number != number) {
            assert_null(info);
            continue;
        }
        assert_non_null(info);
        assert_int_equal(info->number, number);
        assert_int_equal(info->min_length, rows[row].length);
        assert_int_equal(info->reply_type, rows[row].reply);
        assert_ptr_equal(control_layout(info->reply), control_reply_layout(rows[row].reply));
        assert_true(CONTROL_REPLY_HEADER + control_layout(info->reply)->length <=
                    CONTROL_MAX_REPLY);
        row++;
    }
    assert_int_equal(row, COUNT(rows));
}

static void the_length_of_a_request_chooses_the_form_of_its_reply(void **state) {
    (void)state;
    assert_int_equal(control_command_for_length(54, 196)->reply_type, 25);
    assert_int_equal(control_command_for_length(54, 860)->reply_type, 25);
    assert_int_equal(control_command_for_length(54, 195)->reply_type, 24);
    assert_int_equal(control_command_for_length(54, 72)->reply_type, 24);
    assert_int_equal(control_command_for_length(54, 71)->min_length, 72);
    assert_int_equal(control_command_for_length(57, 172)->reply_type, 26);
    assert_int_equal(control_command_for_length(57, 171)->reply_type, 16);
    assert_int_equal(control_command_for_length(57, 28)->min_length, 152);
    assert_int_equal(control_command_for_length(33, 28)->min_length, 104);
    assert_null(control_command_for_length(0, 860));
    assert_null(control_reply_layout(4));
}

static void udp_may_ask_for_what_is_open_and_nothing_else(void **state) {
    static const uint8_t by_default[] = {14, 15, 33, 34, 35, 41, 44, 51, 65};
    static const uint8_t chosen[] = {14, 33, 54, 57, 68, 69};
    unsigned defaults = CONTROL_OPEN_ACTIVITY | CONTROL_OPEN_MANUAL | CONTROL_OPEN_RTCDATA |
                        CONTROL_OPEN_SMOOTHING | CONTROL_OPEN_SOURCENAME | CONTROL_OPEN_SOURCES |
                        CONTROL_OPEN_SOURCESTATS | CONTROL_OPEN_TRACKING;
    unsigned choice = CONTROL_OPEN_TRACKING | CONTROL_OPEN_NTPDATA | CONTROL_OPEN_CLIENTS |
                      CONTROL_OPEN_SERVERSTATS | CONTROL_OPEN_SELECTDATA;

    (void)state;
    for (unsigned number = 0; number < 256; number++) {
        const struct control_command_info *info = control_command(number);
        unsigned open = info == NULL ? 0 : info->open;
        assert_int_equal((open & defaults) != 0,
                         memchr(by_default, (int)number, sizeof(by_default)) != NULL);
        assert_int_equal((open & choice) != 0, memchr(chosen, (int)number, sizeof(chosen)) != NULL);
    }
    assert_int_equal(control_command(CONTROL_REQ_HISTORY)->open, CONTROL_OPEN_NTPDATA);
}

static void any_bytes_are_decoded_without_harm(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        const struct control_command_info *info = control_command(next_random() % 80);
        if (info == NULL)
            continue;
        const struct control_layout *layout = control_layout(i % 2 ? info->request : info->reply);
        /* Of the exact size, so that the sanitizer sees one byte too many. */
        size_t size = layout->length > 0 ? layout->length : 1;
        uint8_t *bytes = malloc(size), *again = malloc(size);
        union payload payload;
        for (size_t k = 0; k < layout->length; k++)
            bytes[k] = (uint8_t)next_random();
        control_decode(layout, bytes, &payload);
        control_encode(layout, &payload, again);
        control_decode(layout, again, &payload);
        free(bytes);
        free(again);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captured_requests_are_decoded_and_encoded_to_the_same_bytes),
        cmocka_unit_test(captured_replies_are_decoded_and_encoded_to_the_same_bytes),
        cmocka_unit_test(headers_are_read_field_by_field),
        cmocka_unit_test(short_or_reserved_headers_are_refused),
        cmocka_unit_test(tracking_means_what_the_client_printed),
        cmocka_unit_test(sources_mean_what_the_client_printed),
        cmocka_unit_test(unresolved_sources_have_an_id_for_an_address),
        cmocka_unit_test(ntpdata_means_what_the_client_printed),
        cmocka_unit_test(client_records_and_manual_samples_are_arrays),
        cmocka_unit_test(add_source_carries_the_defaults_of_the_client),
        cmocka_unit_test(add_source_of_4_9_has_its_own_order_and_flags),
        cmocka_unit_test(old_server_stats_carry_the_low_half_of_the_counters),
        cmocka_unit_test(floats_have_the_bytes_that_chrony_sends),
        cmocka_unit_test(floats_follow_the_recipe_for_any_number),
        cmocka_unit_test(floats_are_decoded_exactly_and_keep_24_bits),
        cmocka_unit_test(times_survive_whatever_they_hold),
        cmocka_unit_test(addresses_of_unknown_families_are_unspecified),
        cmocka_unit_test(commands_have_the_lengths_of_the_protocol),
        cmocka_unit_test(the_length_of_a_request_chooses_the_form_of_its_reply),
        cmocka_unit_test(udp_may_ask_for_what_is_open_and_nothing_else),
        cmocka_unit_test(any_bytes_are_decoded_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
