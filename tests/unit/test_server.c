/* Serving without the rest of a daemon: which requests are answered over, which are left, what is
 * counted, and the line that turns the system clock's readings into NTP time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/bytes.h"
#include "core/ntp/server.h"

#define NOW       (INT64_C(1790000000) * NS_PER_S + 123456789)
#define MONOTONIC (INT64_C(5000) * NS_PER_S)
#define CLIENT    0xc0000201u /* 192.0.2.1 */
#define STRANGER  0xc6336401u /* 198.51.100.1 */
#define SIZE      68

static struct server server;
static struct served served;
static struct access *rules;
static uint64_t seed;
static uint8_t bytes[4][SIZE];
static struct request requests[4];

static void fill(void *context, void *to, size_t count) {
    (void)context;
    for (size_t i = 0; i < count; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        ((uint8_t *)to)[i] = (uint8_t)(seed >> 56);
    }
}

static void make_log(struct rate_limit limit) {
    struct rate_limit limits[SERVICE_COUNT] = {[SERVICE_NTP] = limit};

    server.client_log = client_log_new(65536, limits, 1);
    assert_non_null(server.client_log);
}

static int set_up(void **state) {
    struct served_reference reference = {
        .stratum = 2, .precision = -25, .reference_id = 0x0a000001, .root_delay = 0.01};
    struct address subnet = address_ipv4(CLIENT);

    (void)state;
    seed = 3;
    memset(&server, 0, sizeof server);
    memset(&served, 0, sizeof served);
    rules = access_new();
    assert_true(access_set(rules, &subnet, 24, true, false));
    server.access = rules;
    server.min_poll = -19;
    random_init(&server.random, fill, NULL);
    respond_prepare(&reference, &served.image);
    served_set_line(&served, NOW, NOW, 0.0);
    served.monotonic = MONOTONIC;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    client_log_free(server.client_log);
    access_free(rules);
    return 0;
}

/* Request i: a client's question, `behind` ns old. */
static struct request *ask(int i, uint32_t client, ns_t behind) {
    memset(bytes[i], 0, SIZE);
    bytes[i][0] = 0x23;
    bytes[i][2] = 6;
    put_be64(bytes[i] + 40, UINT64_C(0x1122334455667788) + (uint64_t)i);
    requests[i] = (struct request){
        .remote = {address_ipv4(client), 40000},
        .received = {NOW - behind, TIMESTAMP_KERNEL},
        .bytes = bytes[i],
        .length = NTP_HEADER_SIZE,
    };
    return &requests[i];
}

static enum request_fate fate(const struct request *request) {
    struct request one = *request;

    server_admit(&server, &served, &one, 1);
    return one.fate;
}

static double apart(ntp_time_t time, ns_t wanted) {
    return (double)(ntp_time_to_ns(time, wanted) - wanted);
}

static void times_lie_on_the_line_to_the_nanosecond(void **state) {
    static const double rates[] = {0.0, 1e-9, -5e-4, 0.1, -0.1};

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        served_set_line(&served, NOW, NOW + 777, rates[i]);
        for (ns_t since = -SERVED_REACH; since <= SERVED_REACH; since += 12345678) {
            ns_t wanted = NOW + 777 + since + (ns_t)((double)since * rates[i]);

            assert_true(apart(served_time(&served, NOW + since), wanted) <= 3.0);
            assert_true(apart(served_time(&served, NOW + since), wanted) >= -3.0);
        }
    }
}

static void line_goes_through_the_end_of_the_era(void **state) {
    const ns_t end = INT64_C(2085978496) * NS_PER_S;

    (void)state;
    served_set_line(&served, end - NS_PER_S / 2, end - NS_PER_S / 2, 0.0);
    assert_true(apart(served_time(&served, end + NS_PER_S / 4), end + NS_PER_S / 4) <= 1.0);
}

static void questions_for_the_time_are_answered_in_their_place(void **state) {
    struct departure departure = {.begin = NOW + 1000};

    (void)state;
    ask(0, CLIENT, 5000);
    assert_int_equal(server_admit(&server, &served, requests, 1), 1);
    server_answer(&server, &served, &departure, requests, 1);
    assert_int_equal(bytes[0][0], 0x24);
    assert_int_equal(bytes[0][1], 2);
    assert_true(get_be64(bytes[0] + 24) == UINT64_C(0x1122334455667788));
    assert_in_range((long)apart(get_be64(bytes[0] + 32), NOW) + 5000 + 40, 0, 80);
    assert_in_range((long)apart(get_be64(bytes[0] + 40), NOW) - 1000 + 40, 0, 80);
    assert_int_equal(server.counters.ntp_hits, 1);
    assert_int_equal(server.counters.kernel_receive, 1);
    assert_int_equal(server.counters.daemon_transmit, 1);
}

static void answers_of_a_batch_leave_one_after_the_other(void **state) {
    struct departure departure = {.begin = NOW, .interval = 4000};

    (void)state;
    ask(0, CLIENT, 0);
    ask(1, STRANGER, 0); /* gets none, and takes no time */
    ask(2, CLIENT, 0);
    assert_int_equal(server_admit(&server, &served, requests, 3), 2);
    server_answer(&server, &served, &departure, requests, 3);
    assert_in_range((long)apart(get_be64(bytes[0] + 40), NOW) + 40, 2000, 2080);
    assert_in_range((long)apart(get_be64(bytes[2] + 40), NOW) + 40, 6000, 6080);
    assert_int_equal(bytes[1][0], 0x23);
}

static void whatever_else_is_asked_is_left_and_not_counted(void **state) {
    struct request *request = ask(0, CLIENT, 0);

    (void)state;
    request->length = SIZE; /* with a MAC */
    assert_int_equal(fate(request), REQUEST_LEFT);
    request->length = 12;
    assert_int_equal(fate(request), REQUEST_LEFT);
    request->length = NTP_HEADER_SIZE;
    for (unsigned mode = 0; mode < 8; mode++) {
        bytes[0][0] = (uint8_t)(0x20 | mode);
        assert_int_equal(fate(request), mode == 3 ? REQUEST_ANSWERED : REQUEST_LEFT);
    }
    bytes[0][0] = 0x23;
    bytes[0][31] = 1; /* names an earlier answer */
    assert_int_equal(fate(request), REQUEST_LEFT);
    bytes[0][31] = 0;
    request->received.time = NOW + SERVED_REACH + 1; /* what is served is too old for it */
    assert_int_equal(fate(request), REQUEST_LEFT);
    request->received.time = NOW - SERVED_REACH - 1;
    assert_int_equal(fate(request), REQUEST_LEFT);
    assert_int_equal(server.counters.ntp_hits, 1);
}

static void strangers_get_silence(void **state) {
    (void)state;
    assert_int_equal(fate(ask(0, STRANGER, 0)), REQUEST_SILENT);
    assert_int_equal(server.counters.ntp_hits, 0);
}

static void whoever_asks_too_often_gets_silence_or_a_kiss(void **state) {
    struct departure departure = {.begin = NOW};
    int silent = 0, kisses = 0, answers = 0;

    (void)state;
    make_log((struct rate_limit){.enabled = true, .interval = 3, .burst = 2, .leak = 2, .kod = 1});
    for (int i = 0; i < 200; i++) {
        ask(0, CLIENT, 0);
        server_admit(&server, &served, requests, 1);
        if (requests[0].fate == REQUEST_SILENT) {
            silent++;
            continue;
        }
        server_answer(&server, &served, &departure, requests, 1);
        if (bytes[0][1] == 0)
            kisses += get_be32(bytes[0] + 12) == RESPOND_KOD_RATE;
        else
            answers++;
    }
    assert_int_equal(silent + kisses + answers, 200);
    assert_true(silent > 20 && kisses > 20 && answers > 20);
    assert_int_equal(server.counters.ntp_hits, 200);
    assert_int_equal(server.counters.ntp_drops, silent);
}

static void records_of_several_servers_add_up(void **state) {
    struct rate_limit limits[SERVICE_COUNT] = {{.enabled = false}};
    struct client_log *other = client_log_new(65536, limits, 2);
    struct client_report report;
    struct address client = address_ipv4(CLIENT), stranger = address_ipv4(STRANGER);

    (void)state;
    make_log(limits[0]);
    for (int i = 0; i < 3; i++)
        client_log_hit(server.client_log, &client, SERVICE_NTP, MONOTONIC + i * 64 * NS_PER_S);
    for (int i = 0; i < 4; i++)
        client_log_hit(other, &client, SERVICE_NTP, MONOTONIC + i * NS_PER_S);
    client_log_hit(other, &client, SERVICE_COMMAND, MONOTONIC);
    client_report_init(&report, &client);
    assert_true(client_log_add(server.client_log, MONOTONIC + 130 * NS_PER_S, false, &report));
    assert_true(client_log_add(other, MONOTONIC + 130 * NS_PER_S, false, &report));
    assert_int_equal(report.hits[SERVICE_NTP], 7);
    assert_int_equal(report.hits[SERVICE_COMMAND], 1);
    assert_int_equal(report.interval[SERVICE_NTP], 0); /* the shorter one */
    assert_int_equal(report.last_hit_ago[SERVICE_NTP], 2);
    assert_int_equal(report.last_hit_ago[SERVICE_NTSKE], UINT32_MAX);
    client_report_init(&report, &stranger);
    assert_false(client_log_add(other, MONOTONIC, false, &report));
    client_log_free(other);
}

static void last_bits_of_stamps_cannot_be_foreseen(void **state) {
    struct departure departure = {.begin = NOW};
    uint64_t seen_ones = 0, seen_zeros = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        ask(0, CLIENT, 0);
        server_admit(&server, &served, requests, 1);
        server_answer(&server, &served, &departure, requests, 1);
        seen_ones |= get_be64(bytes[0] + 40);
        seen_zeros |= ~get_be64(bytes[0] + 40);
        assert_int_equal(bytes[0][39] & 1, 1);
        assert_int_equal(bytes[0][47] & 1, 0);
    }
    assert_int_equal(seen_ones & seen_zeros & 0xffffff, 0x7e); /* below 2^-25 s, but for the mark */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(times_lie_on_the_line_to_the_nanosecond, set_up, tear_down),
        cmocka_unit_test_setup_teardown(line_goes_through_the_end_of_the_era, set_up, tear_down),
        cmocka_unit_test_setup_teardown(questions_for_the_time_are_answered_in_their_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(answers_of_a_batch_leave_one_after_the_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(whatever_else_is_asked_is_left_and_not_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(strangers_get_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whoever_asks_too_often_gets_silence_or_a_kiss, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(records_of_several_servers_add_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(last_bits_of_stamps_cannot_be_foreseen, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
