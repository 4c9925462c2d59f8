/* What becomes of a response: the measurement, hostile and broken ones, and the packet tests. */
#include "tests/unit/association_world.h"

/* Measurement */

static void good_response_becomes_a_sample(void **state) {
    struct world *world = *state;
    struct sample sample;

    world->error = -1.5;
    assert_int_equal(exchange(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_true(filter_sample(world->association.filter, 0, &sample));
    assert_near(sample.offset, 1.5 + (OUT - BACK) / 2.0, 2e-9);
    assert_near(sample.delay, OUT + BACK, 2e-9);
    assert_near(ns_difference(sample.time, local_time(world, 0.0)), (OUT + WORK + BACK) / 2.0,
                2e-9);
    assert_near(sample.dispersion, ldexp(1.0, -24) + ldexp(1.0, -23) + 1e-6 * (OUT + WORK + BACK),
                1e-15);
    assert_near(sample.root_delay, 0.25 + sample.delay, 1e-12);
    assert_near(sample.root_dispersion, 0.125 + sample.dispersion, 1e-12);
    assert_int_equal(world->association.report.tests, TESTS_ALL);
    assert_near(world->association.report.offset, sample.offset, 0.0);
    assert_near(world->association.report.response_time, WORK, 2e-9);
    assert_int_equal(world->association.report.header.stratum, 2);
    assert_int_equal(world->association.stratum, 2);
    assert_int_equal(world->association.leap, NTP_LEAP_NONE);
    assert_int_equal(world->association.counters.good, 1);
}

static void clock_ahead_gives_a_negative_offset(void **state) {
    struct world *world = *state;

    world->error = 100000.0;
    assert_int_equal(exchange(world, OUT, OUT), RESPONSE_SAMPLE);
    assert_near(world->association.report.offset, -100000.0, 1e-8);
}

static void delay_is_at_least_what_the_clocks_resolve(void **state) {
    struct world *world = *state;

    assert_int_equal(exchange(world, 0.0, 0.0), RESPONSE_SAMPLE);
    assert_near(world->association.report.delay, ldexp(1.0, -24) + ldexp(1.0, -23), 0.0);
}

static void uncertain_stamps_widen_the_dispersion(void **state) {
    struct world *world = *state;

    world->context.timestamp_error = 1e-3;
    assert_int_equal(exchange(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_near(world->association.report.dispersion, 1e-3, 1e-7);
}

static void configured_offset_is_added(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.offset = 0.25;
    world = new_world(&config);
    assert_int_equal(exchange(world, OUT, OUT), RESPONSE_SAMPLE);
    assert_near(world->association.report.offset, 0.25, 2e-9);
    free_world(world);
}

static void source_of_the_stamps_is_reported(void **state) {
    struct world *world = *state;

    world->source = TIMESTAMP_KERNEL;
    assert_int_equal(exchange(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_int_equal(world->association.report.transmit_source, TIMESTAMP_DAEMON);
    assert_int_equal(world->association.report.receive_source, TIMESTAMP_KERNEL);
    assert_int_equal(world->association.counters.kernel_received, 1);
}

static void server_in_the_next_era_is_measured(void **state) {
    struct world *world = *state;

    world->start = INT64_C(2524608000) * NS_PER_S; /* 2050: era 1 began in 2036 */
    assert_int_equal(exchange(world, OUT, OUT), RESPONSE_SAMPLE);
    assert_near(world->association.report.offset, 0.0, 1e-6);
}

static void clock_that_stands_in_1970_is_corrected_to_2050(void **state) {
    struct world *world = *state;

    world->start = INT64_C(2524608000) * NS_PER_S;
    world->error = -2524608000.0;
    assert_int_equal(exchange(world, OUT, OUT), RESPONSE_SAMPLE);
    assert_near(world->association.report.offset, 2524608000.0, 1e-6);
}

static void clock_that_ran_into_2099_is_corrected_back(void **state) {
    struct world *world = *state;

    world->error = 2270937600.0;
    assert_int_equal(exchange(world, OUT, OUT), RESPONSE_SAMPLE);
    assert_near(world->association.report.offset, -2270937600.0, 1e-6);
}

static void change_of_the_clock_while_a_request_is_out_does_not_spoil_it(void **state) {
    struct world *world = *state;
    struct ntp_header reply;
    struct sample sample;

    world->error = -5.0;
    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    association_adjust(&world->association, local_time(world, 0.012), 1e-4, 5.0);
    world->error = 0.0;
    assert_int_equal(receive(world, &reply, OUT + WORK + BACK), RESPONSE_SAMPLE);
    assert_true(filter_sample(world->association.filter, 0, &sample));
    assert_near(sample.offset, (OUT - BACK) / 2.0, 1e-5);
    assert_near(sample.delay, OUT + BACK, 1e-5);
}

static void samples_out_of_order_discard_the_history(void **state) {
    struct world *world = *state;

    for (int i = 0; i < 5; i++)
        assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
    world->error = -1000.0;
    assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_OUT_OF_ORDER);
    assert_int_equal(filter_count(world->association.filter), 1);
}

/* Hostile and broken responses */

static void wrong_lengths_are_ignored(void **state) {
    struct world *world = *state;
    uint8_t bytes[2 * NTP_PACKET_MAX_SIZE] = {0};
    struct ntp_header reply;

    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    ntp_header_encode(&reply, bytes);
    for (size_t length = 0; length < sizeof(bytes); length++) {
        if (length != NTP_HEADER_SIZE)
            assert_ignored(world, receive_bytes(world, bytes, length, 0.017));
    }
    assert_int_equal(receive_bytes(world, bytes, NTP_HEADER_SIZE, 0.017), RESPONSE_SAMPLE);
}

static void wrong_modes_and_versions_are_ignored(void **state) {
    struct world *world = *state;
    struct ntp_header reply;

    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    for (int mode = 0; mode < 8; mode++) {
        for (int version = 0; version < 8; version++) {
            reply.mode = (uint8_t)mode;
            reply.version = (uint8_t)version;
            if (mode != NTP_MODE_SERVER || version == 0 || version > 4)
                assert_ignored(world, receive(world, &reply, 0.017));
        }
    }
}

static void answer_to_something_else_is_ignored(void **state) {
    struct world *world = *state;
    struct ntp_header reply;

    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    reply.origin_time ^= 1;
    assert_ignored(world, receive(world, &reply, 0.017));
    assert_int_equal(world->association.raw.tests & TESTS_VALID, TESTS_VALID & ~(unsigned)TEST_2);
    reply.origin_time = 0;
    assert_ignored(world, receive(world, &reply, 0.017));
}

static void zero_stamps_are_ignored(void **state) {
    struct world *world = *state;
    struct ntp_header reply;

    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    reply.receive_time = 0;
    assert_ignored(world, receive(world, &reply, 0.017));
    answer_request(world, OUT, WORK, &reply);
    reply.transmit_time = 0;
    assert_ignored(world, receive(world, &reply, 0.017));
    reply = (struct ntp_header){.version = 4, .mode = NTP_MODE_SERVER, .stratum = 1};
    assert_ignored(world, receive(world, &reply, 0.017));
}

static void only_the_first_answer_counts(void **state) {
    struct world *world = *state;
    struct ntp_header reply;

    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    assert_int_equal(receive(world, &reply, 0.017), RESPONSE_SAMPLE);
    assert_int_equal(receive(world, &reply, 0.018), RESPONSE_IGNORED);
    assert_int_equal(world->association.raw.tests & (TEST_1 | TEST_2), 0);
    reply.transmit_time += 2;
    assert_int_equal(receive(world, &reply, 0.018), RESPONSE_IGNORED);
    assert_int_equal(filter_count(world->association.filter), 1);
    assert_int_equal(world->association.reachability, 1);
    assert_int_equal(world->association.counters.received, 3);
    assert_int_equal(world->association.counters.valid, 1);
}

static void answer_of_an_earlier_request_is_ignored(void **state) {
    struct world *world = *state;
    struct ntp_header reply;

    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    world->monotonic += 64 * NS_PER_S;
    send_request(world);
    assert_ignored(world, receive(world, &reply, 0.017));
}

static void response_nobody_asked_for_is_ignored(void **state) {
    struct world *world = *state;
    struct ntp_header reply = {
        .version = 4, .mode = NTP_MODE_SERVER, .stratum = 1, .receive_time = 1, .transmit_time = 1};

    assert_int_equal(receive(world, &reply, 0.0), RESPONSE_IGNORED);
    write_request(world, false);
    answer_request(world, OUT, WORK, &reply);
    assert_ignored(world, receive(world, &reply, 0.017)); /* it never left */
}

static void mac_that_was_not_asked_for_is_ignored(void **state) {
    struct world *world = *state;
    uint8_t bytes[NTP_HEADER_SIZE + 20] = {0};
    struct ntp_header reply;

    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    ntp_header_encode(&reply, bytes);
    assert_ignored(world, receive_bytes(world, bytes, sizeof(bytes), 0.017));
    assert_int_equal(world->association.raw.tests & TESTS_VALID, TESTS_VALID & ~(unsigned)TEST_5);
}

static void random_responses_do_no_harm(void **state) {
    struct world *world = *state;
    uint8_t bytes[200];

    for (int i = 0; i < 50000; i++) {
        struct ntp_header reply;
        size_t length = NTP_HEADER_SIZE + next_random() % 38 * 4;

        if (i % 16 == 0)
            poll_unanswered(world);
        for (size_t k = 0; k < sizeof(bytes); k++)
            bytes[k] = (uint8_t)(next_random() >> 24);
        if (next_random() % 2 == 0) {
            /* A correct answer with a few bytes changed. */
            answer_request(world, OUT, WORK, &reply);
            ntp_header_encode(&reply, bytes);
            for (int k = next_random() % 4; k > 0; k--)
                bytes[next_random() % NTP_HEADER_SIZE] = (uint8_t)next_random();
            length = NTP_HEADER_SIZE;
        }
        receive_bytes(world, bytes, length, (next_random() % 1000) / 100.0);
        assert_in_range(world->association.poll, 6, 10);
        assert_true(isfinite(world->association.poll_score));
    }
    assert_true(world->association.counters.valid > 0);
}

/* Tests 6, 7 and A to D */

static void set_leap_3(struct ntp_header *reply) {
    reply->leap = NTP_LEAP_UNSYNCHRONISED;
}

static void set_stratum_0(struct ntp_header *reply) {
    reply->stratum = 0;
}

static void set_stratum_16(struct ntp_header *reply) {
    reply->stratum = 16;
}

static void set_root_distance_16(struct ntp_header *reply) {
    reply->root_delay = 16.0;
    reply->root_dispersion = 8.0;
}

static void unsynchronised_answers_are_valid_but_do_not_reach(void **state) {
    static void (*const changes[])(struct ntp_header *) = {set_leap_3, set_stratum_0,
                                                           set_stratum_16};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        assert_int_equal(respond_changed(world, changes[i]), RESPONSE_VALID);
        assert_int_equal(world->association.raw.tests, TESTS_VALID | TEST_7);
        assert_int_equal(world->association.reachability, 0);
        assert_int_equal(world->association.reach_size, i + 1);
        assert_int_equal(world->association.leap, NTP_LEAP_UNSYNCHRONISED);
    }
    assert_int_equal(respond_changed(world, set_root_distance_16), RESPONSE_VALID);
    assert_int_equal(world->association.raw.tests, TESTS_VALID | TEST_6);
    assert_int_equal(filter_count(world->association.filter), 0);
    assert_near(world->association.poll_score, 0.4, 1e-9);
}

static void unsynchronised_answer_leaves_what_was_known(void **state) {
    struct world *world = *state;

    assert_int_equal(exchange(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_int_equal(respond_changed(world, set_leap_3), RESPONSE_VALID);
    assert_int_equal(world->association.leap, NTP_LEAP_NONE);
    assert_int_equal(world->association.stratum, 2);
    assert_int_equal(filter_count(world->association.filter), 1);
}

static void copied_source_is_reset_by_an_unsynchronised_answer(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.copy = true;
    world = new_world(&config);
    assert_int_equal(exchange(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_int_equal(world->association.stratum, 1);
    assert_int_equal(respond_changed(world, set_leap_3), RESPONSE_VALID);
    assert_int_equal(world->association.leap, NTP_LEAP_UNSYNCHRONISED);
    assert_int_equal(filter_count(world->association.filter), 0);
    free_world(world);
}

static void minimum_stratum_raises_the_servers(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.min_stratum = 16;
    world = new_world(&config);
    assert_int_equal(exchange(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_int_equal(world->association.stratum, 15);
    assert_int_equal(world->association.report.header.stratum, 2);
    free_world(world);
}

static void delay_over_maxdelay_fails_test_a(void **state) {
    struct world *world = *state;

    assert_fails_test(world, exchange(world, 2.0, 1.1), TEST_A);
    assert_int_equal(world->association.reachability, 1);
    assert_near(world->association.poll_score, 0.02, 1e-9);
    assert_int_equal(exchange(world, 1.5, 1.4), RESPONSE_SAMPLE);
}

static void server_that_takes_more_than_4_s_fails_test_a(void **state) {
    struct world *world = *state;
    struct ntp_header reply;

    send_request(world);
    answer_request(world, OUT, 4.1, &reply);
    assert_fails_test(world, receive(world, &reply, OUT + 4.1 + BACK), TEST_A);
}

static void set_useless_precision(struct ntp_header *reply) {
    reply->precision = 2;
}

static void set_absurd_precision(struct ntp_header *reply) {
    reply->precision = 127;
}

static void server_without_precision_fails_test_a(void **state) {
    struct world *world = *state;

    assert_fails_test(world, respond_changed(world, set_useless_precision), TEST_A);
    assert_fails_test(world, respond_changed(world, set_absurd_precision), TEST_A);
}

static void answer_that_came_before_the_request_left_fails_test_a(void **state) {
    struct world *world = *state;
    struct ntp_header reply;

    send_request(world);
    answer_request(world, OUT, WORK, &reply);
    world->error = -1.0; /* someone else stepped the clock */
    assert_fails_test(world, receive(world, &reply, OUT + WORK + BACK), TEST_A);
}

static void delay_over_the_ratio_fails_test_b(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.max_delay_ratio = 2.0;
    config.max_delay_dev_ratio = 1e6;
    world = new_world(&config);
    for (int i = 0; i < 5; i++)
        assert_int_equal(poll_once(world, OUT, OUT), RESPONSE_SAMPLE);
    assert_int_equal(poll_once(world, OUT * 1.5, OUT * 1.5), RESPONSE_SAMPLE);
    for (int i = 0; i < 3; i++)
        assert_int_equal(poll_once(world, OUT, OUT), RESPONSE_SAMPLE);
    assert_fails_test(world, poll_once(world, 0.022, 0.022), TEST_B);
    free_world(world);
}

static void delay_far_out_of_the_ordinary_fails_test_c(void **state) {
    struct world *world = *state;

    for (int i = 0; i < 20; i++)
        assert_int_equal(poll_once(world, OUT + 1e-4 * (i % 3), OUT + 1e-4 * (i % 2)),
                         RESPONSE_SAMPLE);
    assert_fails_test(world, poll_once(world, OUT + 0.1, OUT), TEST_C);
    assert_int_equal(world->association.counters.good, 20);
    assert_near(fmod(world->association.poll_score, 1.0), world->association.poll_score, 0.0);
}

static void offset_that_the_delay_cannot_explain_passes_test_c(void **state) {
    struct world *world = *state;

    for (int i = 0; i < 20; i++)
        assert_int_equal(poll_once(world, OUT + 1e-4 * (i % 3), OUT + 1e-4 * (i % 2)),
                         RESPONSE_SAMPLE);
    world->error = -1.0;
    assert_int_equal(poll_once(world, OUT + 0.1, OUT), RESPONSE_SAMPLE);
}

static void quantile_lets_its_share_of_the_delays_pass(void **state) {
    struct source_config config = default_config();
    struct world *world;
    int good = 0;

    (void)state;
    config.max_delay_quant = 0.3;
    config.minpoll = config.maxpoll = 4;
    world = new_world(&config);
    for (int i = 0; i < 3000; i++) {
        double jitter = 0.01 * (next_random() >> 8) / (1 << 24);
        bool passed = poll_once(world, OUT + jitter, OUT) == RESPONSE_SAMPLE;

        if (i >= 1000)
            good += passed;
    }
    assert_in_range(good, 450, 750); /* 600 of 2000 */
    free_world(world);
}

static void server_that_follows_us_fails_test_d(void **state) {
    struct world *world = *state;

    world->context.ours.reference_id = 0x0a000001;
    assert_int_equal(exchange(world, OUT, BACK), RESPONSE_SAMPLE);
    world->context.serving = true;
    assert_fails_test(world, exchange(world, OUT, BACK), TEST_D);
    world->context.ours.reference_id = 0x0a000002;
    assert_int_equal(exchange(world, OUT, BACK), RESPONSE_SAMPLE);
}

static void set_stratum_1(struct ntp_header *reply) {
    reply->stratum = 1;
}

static void reference_clock_named_like_our_address_passes_test_d(void **state) {
    struct world *world = *state;

    world->context.serving = true;
    world->context.ours.reference_id = 0x0a000001;
    assert_int_equal(respond_changed(world, set_stratum_1), RESPONSE_SAMPLE);
}

static void ourselves_fail_test_d(void **state) {
    struct world *world = *state;

    world->context.serving = true;
    world->context.ours.our_reference_id = 0x0a000001;
    world->context.ours.our_stratum = 2;
    world->context.ours.our_root_delay = 0.25;
    world->context.ours.our_reference_time = true_time(world, -100.0);
    assert_fails_test(world, exchange(world, OUT, BACK), TEST_D);
    world->context.ours.our_reference_time += 1000;
    assert_int_equal(exchange(world, OUT, BACK), RESPONSE_SAMPLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(good_response_becomes_a_sample),
        TEST(clock_ahead_gives_a_negative_offset),
        TEST(delay_is_at_least_what_the_clocks_resolve),
        TEST(uncertain_stamps_widen_the_dispersion),
        TEST_BARE(configured_offset_is_added),
        TEST(source_of_the_stamps_is_reported),
        TEST(server_in_the_next_era_is_measured),
        TEST(clock_that_stands_in_1970_is_corrected_to_2050),
        TEST(clock_that_ran_into_2099_is_corrected_back),
        TEST(change_of_the_clock_while_a_request_is_out_does_not_spoil_it),
        TEST(samples_out_of_order_discard_the_history),
        TEST(wrong_lengths_are_ignored),
        TEST(wrong_modes_and_versions_are_ignored),
        TEST(answer_to_something_else_is_ignored),
        TEST(zero_stamps_are_ignored),
        TEST(only_the_first_answer_counts),
        TEST(answer_of_an_earlier_request_is_ignored),
        TEST(response_nobody_asked_for_is_ignored),
        TEST(mac_that_was_not_asked_for_is_ignored),
        TEST(random_responses_do_no_harm),
        TEST(unsynchronised_answers_are_valid_but_do_not_reach),
        TEST(unsynchronised_answer_leaves_what_was_known),
        TEST_BARE(copied_source_is_reset_by_an_unsynchronised_answer),
        TEST_BARE(minimum_stratum_raises_the_servers),
        TEST(delay_over_maxdelay_fails_test_a),
        TEST(server_that_takes_more_than_4_s_fails_test_a),
        TEST(server_without_precision_fails_test_a),
        TEST(answer_that_came_before_the_request_left_fails_test_a),
        TEST_BARE(delay_over_the_ratio_fails_test_b),
        TEST(delay_far_out_of_the_ordinary_fails_test_c),
        TEST(offset_that_the_delay_cannot_explain_passes_test_c),
        TEST_BARE(quantile_lets_its_share_of_the_delays_pass),
        TEST(server_that_follows_us_fails_test_d),
        TEST(reference_clock_named_like_our_address_passes_test_d),
        TEST(ourselves_fail_test_d),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
