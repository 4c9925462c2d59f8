/* What an association sends, how its stamps are kept, and its options presend, filter and xleave.
 */
#include "tests/unit/association_world.h"

/* Requests */

static void request_says_nothing_but_version_mode_and_poll(void **state) {
    struct world *world = *state;
    uint8_t expected[40] = {0x23, 0, 6, 32};

    send_request(world);
    assert_memory_equal(world->request, expected, sizeof(expected));
    assert_true(get_be64(world->request + 40) != 0);
}

static void transmit_stamps_are_random_and_never_repeat(void **state) {
    struct world *world = *state;
    uint64_t last = 0, differing = 0;

    for (int i = 0; i < 200; i++) {
        uint64_t stamp;

        send_request(world);
        stamp = get_be64(world->request + 40);
        assert_true(stamp != last);
        if (i > 0)
            differing |= stamp ^ last;
        last = stamp;
    }
    assert_true(differing == UINT64_MAX);
}

static void configured_version_is_used(void **state) {
    struct source_config config = default_config();

    (void)state;
    for (int version = 1; version <= 4; version++) {
        struct world *world;

        config.version = version;
        world = new_world(&config);
        send_request(world);
        assert_int_equal(world->request[0] >> 3 & 7, version);
        assert_int_equal(exchange(world, OUT, BACK), RESPONSE_SAMPLE);
        free_world(world);
    }
}

static void kernel_stamp_replaces_the_daemons(void **state) {
    struct world *world = *state;
    ns_t later;

    send_request(world);
    later = local_time(world, 0.001);
    association_transmitted(&world->association, (struct timestamp){later, TIMESTAMP_KERNEL},
                            later);
    assert_int_equal(world->association.transmit_ntp, later);
    assert_int_equal(world->association.counters.kernel_transmitted, 1);
}

static void kernel_stamp_of_another_time_is_refused(void **state) {
    static const double lags[] = {-0.001, 1.001, -86400.0};
    struct world *world = *state;
    ns_t sent;

    send_request(world);
    sent = world->association.transmit_ntp;
    for (size_t i = 0; i < sizeof(lags) / sizeof(lags[0]); i++) {
        ns_t wrong = local_time(world, lags[i]);

        association_transmitted(&world->association, (struct timestamp){wrong, TIMESTAMP_KERNEL},
                                wrong);
        assert_int_equal(world->association.transmit_ntp, sent);
    }
    assert_int_equal(world->association.counters.kernel_transmitted, 0);
}

/* Options presend, filter and xleave */

static void presend_goes_two_seconds_ahead_and_is_no_sample(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.presend = 6;
    world = new_world(&config);
    for (int i = 0; i < 3; i++) {
        assert_fails_test(world, poll_once(world, 1.0, BACK), TEST_A);
        assert_true(seconds_to_next(world) >= 2.0 && seconds_to_next(world) <= 2.04);
        assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
        assert_true(seconds_to_next(world) >= 62.0 && seconds_to_next(world) <= 62.0 * 1.02);
        assert_int_equal(world->association.reach_size, i + 1);
    }
    poll_unanswered(world);
    assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_int_equal(world->association.reachability, 15);
    free_world(world);
}

static void filter_option_makes_one_sample_of_several(void **state) {
    static const double outs[] = {0.010, 0.110, 0.012, 0.011, 0.009};
    struct source_config config = default_config();
    struct world *world;
    struct sample sample;

    (void)state;
    config.filter = 5;
    world = new_world(&config);
    for (int i = 0; i < 5; i++)
        assert_int_equal(poll_once(world, outs[i], 0.010),
                         i < 4 ? RESPONSE_VALID : RESPONSE_SAMPLE);
    assert_int_equal(filter_count(world->association.filter), 1);
    assert_true(filter_sample(world->association.filter, 0, &sample));
    assert_near(sample.offset, 0.0005, 1e-8);
    assert_near(sample.delay, 0.021, 1e-8);
    free_world(world);
}

static void filter_option_does_not_wait_for_lost_answers(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.filter = 4;
    config.minpoll = config.maxpoll = 3;
    world = new_world(&config);
    for (int i = 0; i < 3; i++)
        poll_unanswered(world);
    assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_VALID);
    free_world(world);
}

/* A server with state: knows when the previous answer left. */
struct interleaving_server {
    ntp_time_t receive, transmit;
};

static enum response_result interleaved_poll(struct world *world,
                                             struct interleaving_server *server, double late) {
    struct ntp_header request, reply;

    world->monotonic = world->association.next_transmit;
    send_request(world);
    ntp_header_decode(world->request, &request);
    answer_request(world, OUT, WORK, &reply);
    if (server->receive != 0 && request.origin_time == server->receive) {
        reply.origin_time = request.receive_time;
        reply.transmit_time = server->transmit;
    }
    server->receive = reply.receive_time;
    server->transmit = ntp_time_from_ns(true_time(world, OUT + WORK + late));
    return receive(world, &reply, OUT + WORK + late + BACK);
}

static void interleaved_answers_bring_the_exact_transmit_time(void **state) {
    struct source_config config = default_config();
    struct interleaving_server server = {0};
    struct world *world;
    struct sample sample;

    (void)state;
    config.xleave = true;
    world = new_world(&config);
    assert_int_equal(interleaved_poll(world, &server, 0.02), RESPONSE_SAMPLE);
    assert_false(world->association.report.interleaved);
    assert_near(world->association.report.delay, OUT + BACK + 0.02, 1e-8);
    assert_int_equal(interleaved_poll(world, &server, 0.02),
                     RESPONSE_VALID); /* the same exchange again */
    assert_true(world->association.report.interleaved);
    assert_int_equal(world->association.report.tests & TEST_A, 0);
    for (int i = 0; i < 5; i++) {
        ns_t before = world->monotonic;

        assert_int_equal(interleaved_poll(world, &server, 0.02), RESPONSE_SAMPLE);
        assert_true(filter_sample(world->association.filter, 0, &sample));
        assert_near(sample.delay, OUT + BACK, 1e-8);
        assert_near(ns_difference(sample.time, world->start + before),
                    (OUT + WORK + 0.02 + BACK) / 2.0, 1e-8);
    }
    free_world(world);
}

static void interleaved_client_starts_anew_after_four_losses(void **state) {
    struct source_config config = default_config();
    struct interleaving_server server = {0};
    struct world *world;

    (void)state;
    config.xleave = true;
    world = new_world(&config);
    interleaved_poll(world, &server, 0.0);
    for (int i = 0; i < 4; i++) {
        poll_unanswered(world);
        assert_true(get_be64(world->request + 24) == server.receive);
        assert_true(get_be64(world->request + 32) != 0);
    }
    poll_unanswered(world);
    assert_true(get_be64(world->request + 24) == 0);
    assert_true(get_be64(world->request + 32) == 0);
    free_world(world);
}

static void reset_forgets_measurements_and_requests(void **state) {
    struct world *world = *state;
    struct ntp_header reply;

    for (int i = 0; i < 200; i++)
        poll_once(world, OUT, BACK);
    poll_unanswered(world);
    answer_request(world, OUT, WORK, &reply);
    association_reset(&world->association);
    assert_int_equal(receive(world, &reply, OUT + WORK + BACK), RESPONSE_IGNORED);
    assert_int_equal(filter_count(world->association.filter), 0);
    assert_int_equal(world->association.poll, 6);
    assert_int_equal(world->association.leap, NTP_LEAP_UNSYNCHRONISED);
}

static void reference_id_is_the_ipv4_address_or_a_digest_of_the_ipv6(void **state) {
    struct address address;

    (void)state;
    assert_true(address_parse("192.0.2.1", &address));
    assert_int_equal(association_reference_id(&address), 0xc0000201);
    assert_true(address_parse("::1", &address));
    assert_int_equal(association_reference_id(&address), 0xcf404dc8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(request_says_nothing_but_version_mode_and_poll),
        TEST(transmit_stamps_are_random_and_never_repeat),
        TEST_BARE(configured_version_is_used),
        TEST(kernel_stamp_replaces_the_daemons),
        TEST(kernel_stamp_of_another_time_is_refused),
        TEST_BARE(presend_goes_two_seconds_ahead_and_is_no_sample),
        TEST_BARE(filter_option_makes_one_sample_of_several),
        TEST_BARE(filter_option_does_not_wait_for_lost_answers),
        TEST_BARE(interleaved_answers_bring_the_exact_transmit_time),
        TEST_BARE(interleaved_client_starts_anew_after_four_losses),
        TEST(reset_forgets_measurements_and_requests),
        TEST_BARE(reference_id_is_the_ipv4_address_or_a_digest_of_the_ipv6),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
