/* When an association asks: reachability, the adaptation of the poll, bursts, and KoD. */
#include "tests/unit/association_world.h"

/* Polling */

static void reach_counts_answers_and_losses(void **state) {
    struct world *world = *state;

    poll_once(world, OUT, BACK);
    assert_int_equal(world->association.reachability, 1);
    poll_unanswered(world);
    assert_int_equal(world->association.reachability, 1);
    poll_once(world, OUT, BACK);
    assert_int_equal(world->association.reachability, 5);
    assert_int_equal(world->association.reach_size, 3);
    for (int i = 0; i < 9; i++)
        poll_unanswered(world);
    assert_int_equal(world->association.reachability, 0);
    assert_int_equal(world->association.reach_size, 8);
    assert_int_equal(world->association.unreachable_polls, 8);
    for (int i = 0; i < 8; i++)
        poll_once(world, OUT, BACK);
    assert_int_equal(world->association.reachability, 255);
    assert_int_equal(world->association.unreachable_polls, 0);
}

static void timers_are_up_to_two_percent_late(void **state) {
    struct world *world = *state;
    double least = 1e9, most = 0.0;

    for (int i = 0; i < 300; i++) {
        send_request(world);
        world->association.response_pending = false;
        least = fmin(least, seconds_to_next(world));
        most = fmax(most, seconds_to_next(world));
    }
    assert_true(least >= 64.0 && least < 64.05);
    assert_true(most <= 64.0 * 1.02 && most > 64.0 * 1.019);
}

static void silence_slows_the_polls_down(void **state) {
    struct world *world = *state;

    for (int i = 0; i < 5; i++)
        poll_unanswered(world);
    assert_int_equal(world->association.poll, 7);
    assert_true(seconds_to_next(world) >= 128.0);
    for (int i = 0; i < 100; i++)
        poll_unanswered(world);
    assert_int_equal(world->association.poll, 10);
}

static void silence_of_the_selected_source_slows_them_less(void **state) {
    struct world *world = *state;

    for (int i = 0; i < 3; i++)
        write_request(world, true);
    assert_near(world->association.poll_score, 0.2, 1e-9);
}

static void error_of_the_prediction_speeds_the_polls_up(void **state) {
    struct world *world = *state;

    for (int i = 0; i < 200; i++)
        poll_once(world, OUT, OUT);
    assert_int_equal(world->association.poll, 10);
    world->error = 0.5;
    poll_once(world, OUT, OUT);
    assert_in_range(world->association.poll, 6, 7);
    assert_true(seconds_to_next(world) <= 128 * 1.02);
}

static void poll_limits_are_clamped(void **state) {
    static const struct {
        int minpoll, maxpoll, expected_min, expected_max;
    } rows[] = {{6, 10, 6, 10},   {-8, 10, 6, 10}, {-7, -7, -7, -7}, {25, 30, 24, 24},
                {12, 10, 12, 12}, {4, -8, 4, 10},  {-32, -32, 6, 10}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source_config config = default_config();
        struct world *world;

        config.minpoll = rows[i].minpoll;
        config.maxpoll = rows[i].maxpoll;
        world = new_world(&config);
        assert_int_equal(world->association.config.minpoll, rows[i].expected_min);
        assert_int_equal(world->association.config.maxpoll, rows[i].expected_max);
        assert_int_equal(world->association.poll,
                         rows[i].expected_min < 0 ? 0 : rows[i].expected_min);
        free_world(world);
    }
}

static void changed_limits_take_hold(void **state) {
    struct world *world = *state;

    world->association.config.minpoll = 8;
    association_configure(&world->association);
    assert_int_equal(world->association.poll, 8);
    world->association.config.minpoll = 3;
    world->association.config.maxpoll = 3;
    association_configure(&world->association);
    assert_int_equal(world->association.poll, 3);
}

static void polls_below_a_second_need_a_near_server(void **state) {
    struct source_config config = default_config();
    struct world *near, *far;

    (void)state;
    config.minpoll = config.maxpoll = -4;
    near = new_world(&config);
    far = new_world(&config);
    for (int i = 0; i < 3; i++) {
        poll_once(near, 1e-4, 1e-4);
        poll_once(far, 0.006, 0.006);
    }
    assert_int_equal(near->association.poll, -4);
    assert_true(seconds_to_next(near) < 0.064);
    assert_int_equal(far->association.poll, 0);
    for (int i = 0; i < 10; i++)
        poll_unanswered(near);
    assert_int_equal(near->association.poll, 0);
    assert_true(seconds_to_next(near) >= 1.0);
    free_world(near);
    free_world(far);
}

static void offline_source_is_not_polled(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.online = false;
    world = new_world(&config);
    assert_int_equal(world->association.next_transmit, NS_NEVER);
    association_set_online(&world->association, true, 5 * NS_PER_S);
    assert_int_equal(world->association.next_transmit, 5 * NS_PER_S);
    association_set_online(&world->association, false, 0);
    assert_int_equal(world->association.next_transmit, NS_NEVER);
    free_world(world);
}

/* Bursts */

static void iburst_ends_with_four_good_samples(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.iburst = true;
    world = new_world(&config);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
        if (i < 3) {
            assert_true(seconds_to_next(world) >= 2.0 && seconds_to_next(world) <= 2.04);
        }
    }
    assert_int_equal(world->association.burst_total_left, 0);
    assert_true(seconds_to_next(world) >= 64.0);
    assert_int_equal(world->association.reachability, 15);
    free_world(world);
}

static void iburst_gives_up_after_eight_requests(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.iburst = true;
    world = new_world(&config);
    for (int i = 0; i < 7; i++) {
        poll_unanswered(world);
        assert_true(seconds_to_next(world) <= 2.04);
    }
    poll_unanswered(world);
    assert_true(seconds_to_next(world) >= 64.0);
    assert_int_equal(world->association.poll, 6);
    assert_near(world->association.poll_score, 0.0, 0.0);
    free_world(world);
}

static void burst_of_short_polls_is_a_quarter_apart(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.iburst = true;
    config.minpoll = 1;
    world = new_world(&config);
    poll_unanswered(world);
    assert_true(seconds_to_next(world) >= 0.5 && seconds_to_next(world) <= 0.51);
    free_world(world);
}

static void burst_while_offline_ends_offline(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.online = false;
    world = new_world(&config);
    association_burst(&world->association, 2, 5, 0);
    assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
    association_burst(&world->association, 100, 100, 0);
    assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_int_equal(world->association.next_transmit, NS_NEVER);
    association_burst(&world->association, 2, 3, world->monotonic);
    for (int i = 0; i < 3; i++)
        poll_unanswered(world);
    assert_int_equal(world->association.next_transmit, NS_NEVER);
    free_world(world);
}

static void burst_that_runs_is_finished_before_going_offline(void **state) {
    struct world *world = *state;

    association_burst(&world->association, 2, 5, 0);
    poll_once(world, OUT, BACK);
    association_set_online(&world->association, false, 0);
    assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_int_equal(world->association.next_transmit, NS_NEVER);
}

static void option_burst_wants_one_good_sample_a_poll(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.burst = true;
    world = new_world(&config);
    poll_unanswered(world);
    assert_true(seconds_to_next(world) >= 64.0); /* at minpoll there is no burst */
    world->association.poll = 9;
    poll_unanswered(world);
    for (int i = 0; i < 2; i++) {
        assert_true(seconds_to_next(world) <= 2.04);
        poll_unanswered(world);
    }
    assert_true(seconds_to_next(world) <= 2.04);
    assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_true(seconds_to_next(world) >= 64.0);
    world->association.poll = 9;
    assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_true(seconds_to_next(world) >= 64.0);
    free_world(world);
}

static void set_kod_rate(struct ntp_header *reply) {
    reply->leap = NTP_LEAP_UNSYNCHRONISED;
    reply->stratum = 0;
    reply->reference_id = 0x52415445;
}

static void set_kod_deny(struct ntp_header *reply) {
    reply->leap = NTP_LEAP_UNSYNCHRONISED;
    reply->stratum = 0;
    reply->reference_id = 0x44454e59;
}

static void kod_rate_is_obeyed(void **state) {
    struct world *world = *state;

    association_burst(&world->association, 4, 8, 0);
    assert_int_equal(respond_changed(world, set_kod_rate), RESPONSE_KOD_RATE);
    assert_int_equal(world->association.burst_total_left, 0);
    assert_int_equal(world->association.poll, 6);
    assert_true(seconds_to_next(world) >= 5 * 64.0 && seconds_to_next(world) <= 5 * 64.0 * 1.02);
    assert_int_equal(poll_once(world, OUT, BACK), RESPONSE_SAMPLE);
    assert_true(seconds_to_next(world) <= 66.0);
}

static void set_forged_kod(struct ntp_header *reply) {
    set_kod_rate(reply);
    reply->origin_time++;
}

static void forged_kod_is_ignored(void **state) {
    struct world *world = *state;

    assert_ignored(world, respond_changed(world, set_forged_kod));
    assert_true(seconds_to_next(world) <= 66.0);
}

static void other_kod_is_an_unsynchronised_answer(void **state) {
    struct world *world = *state;

    assert_int_equal(respond_changed(world, set_kod_deny), RESPONSE_VALID);
    assert_true(seconds_to_next(world) <= 66.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(reach_counts_answers_and_losses),
        TEST(timers_are_up_to_two_percent_late),
        TEST(silence_slows_the_polls_down),
        TEST(silence_of_the_selected_source_slows_them_less),
        TEST(error_of_the_prediction_speeds_the_polls_up),
        TEST_BARE(poll_limits_are_clamped),
        TEST(changed_limits_take_hold),
        TEST_BARE(polls_below_a_second_need_a_near_server),
        TEST_BARE(offline_source_is_not_polled),
        TEST_BARE(iburst_ends_with_four_good_samples),
        TEST_BARE(iburst_gives_up_after_eight_requests),
        TEST_BARE(burst_of_short_polls_is_a_quarter_apart),
        TEST_BARE(burst_while_offline_ends_offline),
        TEST(burst_that_runs_is_finished_before_going_offline),
        TEST_BARE(option_burst_wants_one_good_sample_a_poll),
        TEST(kod_rate_is_obeyed),
        TEST(forged_kod_is_ignored),
        TEST(other_kod_is_an_unsynchronised_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
