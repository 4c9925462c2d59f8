/* Two associations that are each other's peer: how they meet, what they measure, and that no loss,
 * delay or replay makes them measure nonsense. */
#include "tests/unit/association_world.h"

#define WAY  0.003 /* s, both ways */
#define HALF 32.0  /* s between a packet of one and the next of the other */
#define LAG  1e-4  /* s between the daemon's stamp and the packet's leaving */

struct pair {
    struct world *left, *right;
    double now; /* s */
};

static struct pair new_pair(bool xleave) {
    struct source_config config = default_config();
    struct pair pair = {.now = 1.0};

    config.type = SOURCE_PEER;
    config.xleave = xleave;
    seed = 5;
    pair.left = new_world(&config);
    pair.right = new_world(&config);
    for (int i = 0; i < 2; i++) {
        struct world *world = i == 0 ? pair.left : pair.right;

        world->served = (struct served_reference){
            .stratum = 3 + i,
            .precision = PRECISION,
            .reference_id = 0x0a000001,
            .reference_time = START * NS_PER_S,
            .root_delay = 0.25,
            .root_dispersion = 0.125,
        };
    }
    return pair;
}

static void free_pair(struct pair *pair) {
    free_world(pair->left);
    free_world(pair->right);
}

static void set_now(struct world *world, double now) {
    world->monotonic = ns_from_seconds(now);
}

/* The packet leaves LAG after the daemon's stamp; the kernel says so when it is asked. */
static void write_packet(struct pair *pair, struct world *from, bool kernel) {
    ns_t left;

    set_now(from, pair->now);
    send_request(from);
    left = local_time(from, LAG);
    if (kernel)
        association_transmitted(&from->association, (struct timestamp){left, TIMESTAMP_KERNEL},
                                left);
}

static enum response_result deliver(struct pair *pair, const struct world *from, struct world *to) {
    set_now(to, pair->now + LAG + WAY);
    return receive_bytes(to, from->request, from->request_length, 0.0);
}

static enum response_result say(struct pair *pair, struct world *from, struct world *to) {
    write_packet(pair, from, true);
    return deliver(pair, from, to);
}

/* Both speak in turn. */
static void talk(struct pair *pair, int rounds) {
    for (int i = 0; i < rounds; i++) {
        say(pair, pair->left, pair->right);
        pair->now += HALF;
        say(pair, pair->right, pair->left);
        pair->now += HALF;
    }
}

static void assert_measures(const struct world *world, double offset, double error) {
    const struct response_report *report = &world->association.report;

    assert_int_equal(report->tests, TESTS_ALL);
    assert_near(report->offset, offset, error);
    assert_near(report->delay, 2.0 * WAY, error);
}

static void peer_tells_what_an_answer_would(void **state) {
    struct pair pair = new_pair(false);
    struct ntp_header header;

    (void)state;
    write_packet(&pair, pair.left, false);
    ntp_header_decode(pair.left->request, &header);
    assert_int_equal(header.mode, NTP_MODE_ACTIVE);
    assert_int_equal(header.version, 4);
    assert_int_equal(header.leap, NTP_LEAP_NONE);
    assert_int_equal(header.stratum, 3);
    assert_int_equal(header.poll, 6);
    assert_int_equal(header.precision, PRECISION);
    assert_int_equal(header.reference_id, 0x0a000001);
    assert_near(header.root_delay, 0.25, 1e-9);
    assert_near(header.root_dispersion, 0.125, 1e-9);
    assert_int_equal(header.reference_time, ntp_time_from_ns(START * NS_PER_S));
    assert_int_equal(header.origin_time, 0);
    assert_int_equal(header.receive_time, 0);
    assert_near(ns_difference(ntp_time_to_ns(header.transmit_time, pair.left->start),
                              local_time(pair.left, 0.0)),
                0.0, ldexp(1.0, PRECISION));
    free_pair(&pair);
}

static void unsynchronised_peer_says_so(void **state) {
    struct pair pair = new_pair(false);
    struct ntp_header header;

    (void)state;
    pair.left->served.leap = NTP_LEAP_UNSYNCHRONISED;
    pair.left->served.stratum = NTP_MAX_STRATUM;
    write_packet(&pair, pair.left, false);
    ntp_header_decode(pair.left->request, &header);
    assert_int_equal(header.leap, NTP_LEAP_UNSYNCHRONISED);
    assert_int_equal(header.stratum, 0);
    free_pair(&pair);
}

static void peers_that_meet_measure_each_other(void **state) {
    struct pair pair = new_pair(false);

    (void)state;
    pair.left->error = 0.5;
    assert_int_equal(say(&pair, pair.left, pair.right), RESPONSE_IGNORED);
    pair.now += HALF;
    assert_int_equal(say(&pair, pair.right, pair.left), RESPONSE_SAMPLE);
    pair.now += HALF;
    assert_int_equal(say(&pair, pair.left, pair.right), RESPONSE_SAMPLE);
    assert_measures(pair.left, -0.5, 2 * LAG);
    assert_measures(pair.right, 0.5, 2 * LAG);
    assert_false(pair.left->association.report.interleaved);
    assert_int_equal(pair.right->association.stratum, 3);
    free_pair(&pair);
}

static void passive_answers_are_measured(void **state) {
    struct pair pair = new_pair(false);
    struct ntp_header reply;

    (void)state;
    set_now(pair.left, pair.now);
    send_request(pair.left);
    answer_request(pair.left, OUT, WORK, &reply);
    reply.mode = NTP_MODE_PASSIVE;
    assert_int_equal(receive(pair.left, &reply, OUT + WORK + BACK), RESPONSE_SAMPLE);
    free_pair(&pair);
}

static void answers_of_servers_are_not_a_peers(void **state) {
    struct pair pair = new_pair(false);
    struct ntp_header reply;

    (void)state;
    send_request(pair.left);
    answer_request(pair.left, OUT, WORK, &reply);
    assert_ignored(pair.left, receive(pair.left, &reply, OUT + WORK + BACK));
    free_pair(&pair);
}

static void interleaved_peers_bring_the_exact_transmit_time(void **state) {
    struct pair pair = new_pair(true);

    (void)state;
    pair.left->error = 0.5;
    talk(&pair, 4);
    assert_true(pair.left->association.report.interleaved);
    assert_true(pair.right->association.report.interleaved);
    assert_measures(pair.left, -0.5, 1e-6);
    assert_measures(pair.right, 0.5, 1e-6);
    assert_int_equal(pair.left->association.report.transmit_source, TIMESTAMP_KERNEL);
    free_pair(&pair);
}

static void only_xleave_makes_peers_interleave(void **state) {
    struct pair pair = new_pair(true);

    (void)state;
    pair.left->association.config.xleave = false;
    talk(&pair, 4);
    assert_false(pair.right->association.report.interleaved);
    free_pair(&pair);
}

/* A response's sample is right, whatever was lost and whoever spoke how often before. */
static void lost_packets_never_make_a_wrong_sample(void **state) {
    struct pair pair = new_pair(true);
    int samples = 0, interleaved = 0;

    (void)state;
    pair.left->error = 0.5;
    for (int i = 0; i < 4000; i++) {
        bool to_right = next_random() % 2 == 0, lost = next_random() % 4 == 0;
        struct world *from = to_right ? pair.left : pair.right;
        struct world *to = to_right ? pair.right : pair.left;

        write_packet(&pair, from, true);
        if (!lost && deliver(&pair, from, to) == RESPONSE_SAMPLE) {
            samples++;
            interleaved += to->association.report.interleaved;
            assert_measures(to, to_right ? 0.5 : -0.5, 2 * LAG);
        }
        pair.now += 1.0 + next_random() % 8;
    }
    assert_true(samples > 500);
    assert_true(interleaved > 100);
    assert_true(interleaved < samples);
    free_pair(&pair);
}

static void peer_that_restarted_is_met_again(void **state) {
    struct pair pair = new_pair(true);
    struct source_config config = pair.left->association.config;
    struct served_reference served = pair.left->served;

    (void)state;
    talk(&pair, 4);
    free_world(pair.left);
    pair.left = new_world(&config);
    pair.left->served = served;
    talk(&pair, 2);
    assert_measures(pair.left, 0.0, 2 * LAG);
    assert_measures(pair.right, 0.0, 2 * LAG);
    free_pair(&pair);
}

static void replayed_packet_does_not_part_peers(void **state) {
    struct pair pair = new_pair(false);
    uint8_t old[NTP_HEADER_SIZE];

    (void)state;
    talk(&pair, 2);
    say(&pair, pair.left, pair.right);
    memcpy(old, pair.left->request, sizeof(old));
    pair.now += HALF;
    say(&pair, pair.right, pair.left);
    pair.now += HALF;
    say(&pair, pair.left, pair.right);
    assert_int_equal(receive_bytes(pair.right, old, sizeof(old), 0.001), RESPONSE_IGNORED);
    pair.now += HALF;
    assert_int_equal(say(&pair, pair.right, pair.left), RESPONSE_SAMPLE);
    free_pair(&pair);
}

static void one_that_polls_faster_is_followed(void **state) {
    struct pair pair = new_pair(false);

    (void)state;
    pair.right->association.config.minpoll = pair.right->association.config.maxpoll = 4;
    association_configure(&pair.right->association);
    pair.left->association.config.minpoll = 5;
    talk(&pair, 2);
    pair.left->association.poll = 6;
    write_packet(&pair, pair.left, false);
    assert_near(seconds_to_next(pair.left), 35.6, 0.4); /* 2^5 s, and followed by the other */
    free_pair(&pair);
}

static void followed_peer_comes_a_tenth_later(void **state) {
    struct pair pair = new_pair(false);

    (void)state;
    talk(&pair, 2);
    write_packet(&pair, pair.left, false);
    assert_near(seconds_to_next(pair.left), 64.0 * 1.1 * 1.01, 0.71);
    write_packet(&pair, pair.right, false);
    assert_near(seconds_to_next(pair.right), 64.0 * 1.01, 0.65);
    free_pair(&pair);
}

static void options_of_servers_mean_nothing_to_peers(void **state) {
    struct source_config config = default_config();
    struct world *world;

    (void)state;
    config.type = SOURCE_PEER;
    config.iburst = config.copy = true;
    config.presend = 6;
    world = new_world(&config);
    poll_unanswered(world);
    assert_int_equal(world->association.burst_total_left, 0);
    assert_int_equal(world->association.kind, EXCHANGE_POLL);
    assert_false(world->association.config.copy);
    free_world(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BARE(peer_tells_what_an_answer_would),
        TEST_BARE(unsynchronised_peer_says_so),
        TEST_BARE(peers_that_meet_measure_each_other),
        TEST_BARE(passive_answers_are_measured),
        TEST_BARE(answers_of_servers_are_not_a_peers),
        TEST_BARE(interleaved_peers_bring_the_exact_transmit_time),
        TEST_BARE(only_xleave_makes_peers_interleave),
        TEST_BARE(lost_packets_never_make_a_wrong_sample),
        TEST_BARE(peer_that_restarted_is_met_again),
        TEST_BARE(replayed_packet_does_not_part_peers),
        TEST_BARE(one_that_polls_faster_is_followed),
        TEST_BARE(followed_peer_comes_a_tenth_later),
        TEST_BARE(options_of_servers_mean_nothing_to_peers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
