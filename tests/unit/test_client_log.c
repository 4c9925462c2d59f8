/* The client log: hits and intervals, rate limiting, growth and replacement within the memory
 * given, and the timestamps of interleaved mode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/ntp/client_log.h"

#define MEMORY 524288

static struct random random_source;
static uint64_t seed;

static void fill(void *context, void *bytes, size_t count) {
    uint8_t *to = bytes;

    (void)context;
    for (size_t i = 0; i < count; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        to[i] = (uint8_t)(seed >> 56);
    }
}

static const struct rate_limit no_limits[SERVICE_COUNT];

static struct client_log *new_log(void) {
    struct client_log *log = client_log_new(MEMORY, no_limits, 12345);

    assert_non_null(log);
    return log;
}

static struct client_log *limited_log(int interval, int burst, int leak, int kod) {
    struct rate_limit limits[SERVICE_COUNT] = {
        [SERVICE_NTP] = {
            .enabled = true, .interval = interval, .burst = burst, .leak = leak, .kod = kod}};
    struct client_log *log = client_log_new(MEMORY, limits, 12345);

    assert_non_null(log);
    return log;
}

static ns_t seconds(double time) {
    return ns_from_seconds(time);
}

static struct address client(uint32_t number) {
    return address_ipv4(0x0a000000 + number);
}

static int hit(struct client_log *log, uint32_t number, double time) {
    struct address address = client(number);

    return client_log_hit(log, &address, SERVICE_NTP, seconds(time));
}

static enum limit_verdict ask(struct client_log *log, uint32_t number, double time) {
    return client_log_limit(log, hit(log, number, time), SERVICE_NTP, &random_source);
}

static bool find_report(struct client_log *log, const struct address *address, double now,
                        bool reset, struct client_report *report) {
    int found = 0;
    struct address each;

    client_report_init(report, address);
    for (int i = 0; i < client_log_slots(log); i++) {
        if (client_log_client(log, i, &each) && address_equal(&each, address)) {
            assert_true(client_log_add(log, seconds(now), reset, report));
            found++;
        }
    }
    assert_in_range(found, 0, 1);
    return found == 1;
}

static int count_clients(struct client_log *log) {
    struct address each;
    int count = 0;

    for (int i = 0; i < client_log_slots(log); i++)
        count += client_log_client(log, i, &each);
    return count;
}

static int setup(void **state) {
    (void)state;
    seed = 7;
    random_init(&random_source, fill, NULL);
    return 0;
}

static void new_client_has_one_hit_and_no_interval(void **state) {
    struct client_log *log = new_log();
    struct address address = client(1);
    struct client_report report;

    (void)state;
    assert_false(find_report(log, &address, 0, false, &report));
    assert_true(hit(log, 1, 100.0) >= 0);
    assert_true(find_report(log, &address, 107.5, false, &report));
    assert_int_equal(report.hits[SERVICE_NTP], 1);
    assert_int_equal(report.hits[SERVICE_COMMAND], 0);
    assert_int_equal(report.drops[SERVICE_NTP], 0);
    assert_int_equal(report.interval[SERVICE_NTP], 127);
    assert_int_equal(report.timeout_interval, 127);
    assert_int_equal(report.last_hit_ago[SERVICE_NTP], 7);
    assert_int_equal(report.last_hit_ago[SERVICE_COMMAND], UINT32_MAX);
    client_log_free(log);
}

static void interval_is_the_average_in_log2_seconds(void **state) {
    static const struct {
        double interval;
        int log2;
    } rows[] = {{64.0, 6}, {1.0, 0}, {0.25, -2}, {1024.0, 10}, {16.3, 4}, {1e-4, -5}, {1e6, 16}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct client_log *log = new_log();
        struct address address = client(1);
        struct client_report report;

        for (int k = 0; k < 100; k++)
            hit(log, 1, k * rows[i].interval);
        assert_true(find_report(log, &address, 0, false, &report));
        assert_int_equal(report.interval[SERVICE_NTP], rows[i].log2);
        client_log_free(log);
    }
}

static void average_follows_a_client_that_slows_down_after_a_burst(void **state) {
    struct client_log *log = new_log();
    struct address address = client(1);
    struct client_report report;

    (void)state;
    for (int i = 0; i < 4; i++)
        hit(log, 1, 2.0 * i);
    for (int i = 1; i < 40; i++)
        hit(log, 1, 64.0 * i);
    assert_true(find_report(log, &address, 0, false, &report));
    assert_int_equal(report.interval[SERVICE_NTP], 6);
    client_log_free(log);
}

static void services_of_one_client_are_one_report(void **state) {
    struct client_log *log = new_log();
    struct address address = client(1);
    struct client_report report;

    (void)state;
    client_log_hit(log, &address, SERVICE_COMMAND, seconds(10));
    client_log_hit(log, &address, SERVICE_NTP, seconds(20));
    client_log_hit(log, &address, SERVICE_NTP, seconds(22));
    client_log_hit(log, &address, SERVICE_NTSKE, seconds(30));
    assert_int_equal(count_clients(log), 1);
    assert_true(find_report(log, &address, 40, true, &report));
    assert_int_equal(report.hits[SERVICE_NTP], 2);
    assert_int_equal(report.hits[SERVICE_NTSKE], 1);
    assert_int_equal(report.hits[SERVICE_COMMAND], 1);
    assert_int_equal(report.interval[SERVICE_NTP], 1);
    assert_int_equal(report.last_hit_ago[SERVICE_COMMAND], 30);
    assert_true(find_report(log, &address, 40, false, &report));
    assert_int_equal(report.hits[SERVICE_NTP] + report.hits[SERVICE_COMMAND], 0);
    client_log_free(log);
}

static void families_are_not_confused(void **state) {
    struct client_log *log = new_log();
    struct address four = address_ipv4(0x20010db8),
                   six = {.bytes = {0x20, 0x01, 0x0d, 0xb8}, .family = ADDRESS_IPV6};
    struct client_report report;

    (void)state;
    client_log_hit(log, &four, SERVICE_NTP, 0);
    client_log_hit(log, &six, SERVICE_NTP, 0);
    client_log_hit(log, &six, SERVICE_NTP, 0);
    assert_int_equal(count_clients(log), 2);
    assert_true(find_report(log, &six, 0, false, &report));
    assert_int_equal(report.hits[SERVICE_NTP], 2);
    client_log_free(log);
}

static void what_has_no_ip_address_is_not_kept_and_passes(void **state) {
    struct client_log *log = limited_log(3, 1, 1, 0);
    struct address unix_socket = {.family = ADDRESS_NONE};

    (void)state;
    assert_int_equal(client_log_hit(log, &unix_socket, SERVICE_NTP, 0), -1);
    assert_int_equal(client_log_limit(log, -1, SERVICE_NTP, &random_source), LIMIT_PASS);
    assert_int_equal(count_clients(log), 0);
    client_log_free(log);
}

static void without_a_limit_everything_passes(void **state) {
    struct client_log *log = new_log();

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(ask(log, 1, 0.0), LIMIT_PASS);
    client_log_free(log);
}

static void burst_is_answered_in_full_and_then_limited(void **state) {
    struct client_log *log = limited_log(3, 3, 4, 0);
    struct address address = client(1);
    struct client_report report;
    int passed = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(log, 1, 100.0), LIMIT_PASS);
    for (int i = 0; i < 1000; i++)
        passed += ask(log, 1, 100.0) == LIMIT_PASS;
    assert_in_range(passed, 40, 90); /* one in 16 */
    assert_true(find_report(log, &address, 100, false, &report));
    assert_int_equal(report.drops[SERVICE_NTP], 1000 - passed);
    assert_int_equal(report.hits[SERVICE_NTP], 1003);
    assert_int_equal(ask(log, 2, 100.0), LIMIT_PASS);
    client_log_free(log);
}

static void who_asks_at_the_interval_is_always_answered(void **state) {
    (void)state;
    for (int interval = -4; interval <= 12; interval++) {
        struct client_log *log = limited_log(interval, 1, 1, 0);
        double step = interval >= 0 ? (double)(1 << interval) : 1.0 / (1 << -interval);

        for (int i = 0; i < 100; i++)
            assert_int_equal(ask(log, 1, 1000.0 + i * step), LIMIT_PASS);
        client_log_free(log);
    }
}

static void budget_comes_back_with_time_up_to_the_burst(void **state) {
    struct client_log *log = limited_log(1, 4, 4, 0);
    int passed = 0;

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(ask(log, 1, 0.0), LIMIT_PASS);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ask(log, 1, 4.0), LIMIT_PASS);
    for (int i = 0; i < 100; i++)
        passed += ask(log, 1, 1000.0) == LIMIT_PASS;
    assert_in_range(passed, 4, 20);
    client_log_free(log);
}

static void intervals_below_the_resolution_limit_by_the_tick(void **state) {
    struct client_log *log = limited_log(-10, 8, 4, 0);
    int passed = 0;

    (void)state;
    for (int i = 0; i < 1024; i++)
        passed += ask(log, 1, i / 1024.0) == LIMIT_PASS;
    assert_int_equal(passed, 1024);
    for (int i = 0; i < 65536; i++)
        passed += ask(log, 2, i / 65536.0) == LIMIT_PASS;
    assert_in_range(passed, 2048, 2 * 1024 + 6000);
    client_log_free(log);
}

static void parameters_out_of_range_are_clamped(void **state) {
    struct client_log *log = limited_log(100, 100000, 100, 100);

    (void)state;
    for (int i = 0; i < 255; i++)
        assert_int_equal(ask(log, 1, 0.0), LIMIT_PASS);
    client_log_free(log);
    log = limited_log(-100, -1, -1, -1);
    for (int i = 0; i < 32768; i++)
        assert_int_equal(ask(log, 1, 0.0), LIMIT_PASS);
    client_log_free(log);
}

static void kod_is_sent_to_a_share_of_those_not_answered(void **state) {
    struct client_log *log = limited_log(12, 1, 4, 2);
    int verdicts[3] = {0};

    (void)state;
    for (int i = 0; i < 4000; i++)
        verdicts[ask(log, 1, 0.0)]++;
    assert_in_range(verdicts[LIMIT_PASS], 180, 320);
    assert_in_range(verdicts[LIMIT_KOD], 800, 1080);
    client_log_free(log);
}

/* One request a second while answered, sixteen a second while not: answering it costs less. */
static void who_hurries_when_unanswered_is_mostly_answered(void **state) {
    struct client_log *hurried = limited_log(6, 1, 4, 0), *patient = limited_log(6, 1, 4, 0);
    double hurried_time = 0.0, patient_time = 0.0;
    int hurried_passed = 0, patient_passed = 0;

    (void)state;
    for (int i = 0; i < 400; i++) {
        bool passed = ask(hurried, 1, hurried_time) == LIMIT_PASS;

        hurried_time += passed ? 4.0 : 0.0625;
        hurried_passed += passed;
        passed = ask(patient, 1, patient_time) == LIMIT_PASS;
        patient_time += 0.0625;
        patient_passed += passed;
    }
    assert_true(hurried_passed > 200);
    assert_true(patient_passed < 60);
    client_log_free(hurried);
    client_log_free(patient);
}

static void drops_make_a_timeout_interval(void **state) {
    struct client_log *log = limited_log(12, 1, 4, 0);
    struct address address = client(1);
    struct client_report report;

    (void)state;
    for (int i = 0; i < 50; i++)
        ask(log, 1, 2.0 * i);
    assert_true(find_report(log, &address, 0, false, &report));
    assert_int_equal(report.timeout_interval, 1);
    client_log_free(log);
}

static void monotonic_time_that_seems_to_go_back_does_no_harm(void **state) {
    struct client_log *log = limited_log(3, 2, 4, 0);
    struct address address = client(1);
    struct client_report report;
    int passed = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        passed += ask(log, 1, 1000.0 - i) == LIMIT_PASS;
    assert_in_range(passed, 2, 20);
    assert_true(find_report(log, &address, 900, false, &report));
    assert_int_equal(report.last_hit_ago[SERVICE_NTP], 0);
    client_log_free(log);
}

static void table_grows_and_forgets_nobody_while_there_is_room(void **state) {
    struct client_log *log = new_log();
    struct client_report report;

    (void)state;
    assert_int_equal(client_log_slots(log), 8);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 1000; i++)
            assert_true(hit(log, i, i * 0.001) >= 0);
    }
    assert_int_equal(count_clients(log), 1000);
    assert_int_equal(client_log_dropped(log), 0);
    for (uint32_t i = 0; i < 1000; i += 37) {
        struct address address = client(i);

        assert_true(find_report(log, &address, 2, false, &report));
        assert_int_equal(report.hits[SERVICE_NTP], 2);
    }
    assert_in_range(client_log_slots(log), 1000, 8192);
    client_log_free(log);
}

static void full_table_forgets_who_was_silent_longest(void **state) {
    struct client_log *log = new_log();
    struct address faithful = client(999999);
    struct client_report report;
    int kept;

    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        hit(log, i, i);
        if (i % 100 == 0)
            client_log_hit(log, &faithful, SERVICE_NTP, seconds(i));
    }
    kept = count_clients(log);
    assert_in_range(kept, 7000, 8192);
    assert_int_equal(client_log_slots(log), 8192);
    assert_int_equal(client_log_dropped(log), 100001 - kept);
    assert_true(find_report(log, &faithful, 0, false, &report));
    assert_int_equal(report.hits[SERVICE_NTP], 1000);
    client_log_free(log);
}

static void least_memory_still_has_room_for_eight(void **state) {
    struct client_log *log = client_log_new(0, no_limits, 1);

    (void)state;
    for (uint32_t i = 0; i < 20; i++)
        hit(log, i, i);
    assert_int_equal(client_log_slots(log), 8);
    assert_int_equal(count_clients(log), 8);
    assert_int_equal(client_log_dropped(log), 12);
    client_log_free(log);
}

static void ipv6_clients_of_one_prefix_spread_over_the_table(void **state) {
    struct client_log *log = new_log();

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct address address = {.bytes = {0x20, 0x01, 0x0d, 0xb8}, .family = ADDRESS_IPV6};

        address.bytes[15] = (uint8_t)i;
        address.bytes[14] = (uint8_t)(i >> 8);
        client_log_hit(log, &address, SERVICE_NTP, 0);
    }
    assert_int_equal(count_clients(log), 1000);
    client_log_free(log);
}

#define STAMP(i) ((ntp_time_t)(i) << 32 | 0x1235)

static void timestamps_are_found_once(void **state) {
    struct client_log *log = new_log();
    ns_t transmit;
    bool kernel;

    (void)state;
    assert_false(client_log_take_timestamps(log, STAMP(1), &transmit, &kernel));
    for (int i = 1; i <= 100; i++)
        client_log_save_timestamps(log, STAMP(i), i * NS_PER_S);
    assert_true(client_log_take_timestamps(log, STAMP(42), &transmit, &kernel));
    assert_int_equal(transmit, 42 * NS_PER_S);
    assert_false(kernel);
    assert_false(client_log_take_timestamps(log, STAMP(42), &transmit, &kernel));
    assert_false(client_log_take_timestamps(log, STAMP(42) + 2, &transmit, &kernel));
    client_log_free(log);
}

static void kernel_time_replaces_the_daemons(void **state) {
    struct client_log *log = new_log();
    ns_t transmit;
    bool kernel;

    (void)state;
    client_log_save_timestamps(log, STAMP(1), 1000);
    client_log_save_timestamps(log, STAMP(2), 2000);
    client_log_update_transmit(log, STAMP(1), 1500);
    client_log_update_transmit(log, STAMP(3), 9999);
    assert_true(client_log_take_timestamps(log, STAMP(1), &transmit, &kernel));
    assert_int_equal(transmit, 1500);
    assert_true(kernel);
    assert_true(client_log_take_timestamps(log, STAMP(2), &transmit, &kernel));
    assert_false(kernel);
    client_log_free(log);
}

static void kernel_stamp_is_believed_from_0_to_1_second_after_ours(void **state) {
    static const struct {
        ns_t late;
        bool believed;
    } rows[] = {{-2, false}, {0, true}, {2, true}, {NS_PER_S, true}, {NS_PER_S + 2, false}};
    struct client_log *log = new_log();
    ns_t transmit;
    bool kernel;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        client_log_save_timestamps(log, STAMP(i), 1000);
        client_log_update_transmit(log, STAMP(i), 1000 + rows[i].late);
        assert_true(client_log_take_timestamps(log, STAMP(i), &transmit, &kernel));
        assert_int_equal(transmit, rows[i].believed ? 1000 + rows[i].late : 1000);
        assert_int_equal(kernel, rows[i].believed);
    }
    client_log_free(log);
}

static void stamps_slightly_out_of_order_are_found(void **state) {
    static const int order[] = {5, 3, 4, 9, 8, 1, 7};
    struct client_log *log = new_log();
    uint32_t held, span;
    ns_t transmit;
    bool kernel;

    (void)state;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        client_log_save_timestamps(log, STAMP(order[i]), order[i] * 10);
    client_log_save_timestamps(log, STAMP(7), 7777);
    client_log_timestamp_span(log, &held, &span);
    assert_int_equal(held, 7);
    assert_int_equal(span, 8);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        assert_true(client_log_take_timestamps(log, STAMP(order[i]), &transmit, &kernel));
        assert_int_equal(transmit, order[i] * 10);
    }
    client_log_free(log);
}

static void full_ring_drops_the_oldest_pairs(void **state) {
    struct client_log *log = new_log();
    uint32_t held, span;
    ns_t transmit;
    bool kernel;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        client_log_save_timestamps(log, STAMP(i + (i % 3 == 0 ? 2 : 0)), 2 * i);
        client_log_timestamp_span(log, &held, &span);
        assert_in_range(held, 0, 8192);
    }
    assert_int_equal(held, 8192);
    assert_false(client_log_take_timestamps(log, STAMP(100), &transmit, &kernel));
    assert_true(client_log_take_timestamps(log, STAMP(19999), &transmit, &kernel));
    client_log_free(log);
}

static void clock_stepped_back_does_not_stop_the_keeping(void **state) {
    struct client_log *log = new_log();
    uint32_t held, span;
    ns_t transmit;
    bool kernel;

    (void)state;
    for (int i = 5000; i < 5100; i++)
        client_log_save_timestamps(log, STAMP(i), i);
    for (int i = 1000; i < 1100; i++)
        client_log_save_timestamps(log, STAMP(i), i);
    client_log_timestamp_span(log, &held, &span);
    assert_in_range(held, 1, 200);
    assert_true(client_log_take_timestamps(log, STAMP(1099), &transmit, &kernel));
    client_log_free(log);
}

static void stamps_are_kept_across_an_era(void **state) {
    struct client_log *log = new_log();
    uint32_t held, span;
    ns_t transmit;
    bool kernel;

    (void)state;
    for (uint32_t i = UINT32_MAX - 10; i != 10; i++)
        client_log_save_timestamps(log, STAMP(i), (ns_t)i * 2);
    client_log_timestamp_span(log, &held, &span);
    assert_int_equal(held, 21);
    assert_int_equal(span, 20);
    assert_true(client_log_take_timestamps(log, STAMP(5), &transmit, &kernel));
    assert_int_equal(transmit, 10);
    client_log_free(log);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(new_client_has_one_hit_and_no_interval),
        TEST(interval_is_the_average_in_log2_seconds),
        TEST(average_follows_a_client_that_slows_down_after_a_burst),
        TEST(services_of_one_client_are_one_report),
        TEST(families_are_not_confused),
        TEST(what_has_no_ip_address_is_not_kept_and_passes),
        TEST(without_a_limit_everything_passes),
        TEST(burst_is_answered_in_full_and_then_limited),
        TEST(who_asks_at_the_interval_is_always_answered),
        TEST(budget_comes_back_with_time_up_to_the_burst),
        TEST(intervals_below_the_resolution_limit_by_the_tick),
        TEST(parameters_out_of_range_are_clamped),
        TEST(kod_is_sent_to_a_share_of_those_not_answered),
        TEST(who_hurries_when_unanswered_is_mostly_answered),
        TEST(drops_make_a_timeout_interval),
        TEST(monotonic_time_that_seems_to_go_back_does_no_harm),
        TEST(table_grows_and_forgets_nobody_while_there_is_room),
        TEST(full_table_forgets_who_was_silent_longest),
        TEST(least_memory_still_has_room_for_eight),
        TEST(ipv6_clients_of_one_prefix_spread_over_the_table),
        TEST(timestamps_are_found_once),
        TEST(kernel_time_replaces_the_daemons),
        TEST(kernel_stamp_is_believed_from_0_to_1_second_after_ours),
        TEST(stamps_slightly_out_of_order_are_found),
        TEST(full_ring_drops_the_oldest_pairs),
        TEST(clock_stepped_back_does_not_stop_the_keeping),
        TEST(stamps_are_kept_across_an_era),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
