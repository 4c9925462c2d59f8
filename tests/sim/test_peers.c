/* Peers: a pair of daemons that pass on the time in either direction, and never round in a circle.
 *
 *     ROOT --- LEFT === RIGHT --- OTHER */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

enum { ROOT, LEFT, RIGHT, OTHER, NODES };

static struct sim *chain(uint64_t seed, const char *to_right, const char *to_left) {
    struct sim *sim = sim_new(seed, NODES);

    sim_configure(sim_node(sim, ROOT), "local stratum 1");
    sim_configure(sim_node(sim, OTHER), "local stratum 1");
    for (int i = ROOT; i < NODES; i++)
        sim_configure(sim_node(sim, i), "allow");
    for (int i = LEFT; i <= RIGHT; i++) {
        struct sim_node *node = sim_node(sim, i);

        sim_configure(node, i == LEFT ? to_right : to_left);
        node->own_clock.clock_ns += i * 5 * NS_PER_S / 1000;
        node->own_clock.frequency = 10e-6 * i;
        node->own_clock.wander = 1e-9;
        node->up.jitter = node->down.jitter = 1e-4;
        sim_match(node, "Selected source");
        sim_match(node, "Selected source 192.168.1.1");
        sim_match(node, "Selected source 192.168.1.2");
        sim_match(node, "Loaded 1 symmetric keys");
    }
    return sim;
}

static double worst_error(struct sim *sim, int node, double from, double to) {
    double worst = 0.0;

    for (double t = from; t < to; t += 10.0) {
        sim_run(sim, t);
        worst = fmax(worst, fabs(sim_error(sim_node(sim, node))));
    }
    return worst;
}

static int served_stratum(struct sim *sim, int node) {
    struct ntp_header answer;
    double error;

    assert_true(probe_ask(sim_node(sim, node), &answer, &error));
    return answer.leap == NTP_LEAP_UNSYNCHRONISED ? NTP_MAX_STRATUM : answer.stratum;
}

static void one_peer_follows_the_other(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct sim *sim = chain(seed, "peer %2 minpoll 4 maxpoll 6", "peer %1 minpoll 4 maxpoll 6");

        sim_configure(sim_node(sim, LEFT), "server %0 iburst maxpoll 6");
        sim_run(sim, 1.0);
        assert_true(worst_error(sim, RIGHT, 1000.0, 6000.0) < 2e-3);
        assert_int_equal(served_stratum(sim, LEFT), 2);
        assert_int_equal(served_stratum(sim, RIGHT), 3);
        assert_int_equal(sim_matched(sim_node(sim, LEFT), "Selected source 192.168.1.2"), 0);
        sim_free(sim);
    }
}

static void interleaved_peers_stand_loss(void **state) {
    struct sim *sim =
        chain(1, "peer %2 xleave minpoll 4 maxpoll 6", "peer %1 xleave minpoll 4 maxpoll 6");

    (void)state;
    sim_configure(sim_node(sim, LEFT), "server %0 iburst maxpoll 6");
    sim_node(sim, LEFT)->down.loss = sim_node(sim, RIGHT)->down.loss = 0.2;
    sim_run(sim, 1.0);
    assert_true(worst_error(sim, RIGHT, 1000.0, 6000.0) < 2e-3);
    assert_int_equal(served_stratum(sim, RIGHT), 3);
    sim_free(sim);
}

/* Once the last sample of the server is older than the oldest of the peer. */
static void peer_takes_over_for_a_server_that_is_gone(void **state) {
    struct sim *sim =
        chain(2, "peer %2 maxpoll 6 maxsamples 16", "peer %1 maxpoll 6 maxsamples 16");
    struct sim_node *left = sim_node(sim, LEFT);

    (void)state;
    sim_configure(left, "server %0 iburst maxpoll 6 prefer");
    sim_configure(sim_node(sim, RIGHT), "server %3 iburst maxpoll 6 prefer");
    sim_run(sim, 1000.0);
    assert_int_equal(served_stratum(sim, LEFT), 2);
    sim_node(sim, ROOT)->deaf = true;
    sim_run(sim, 3000.0);
    assert_int_equal(served_stratum(sim, LEFT), 3);
    assert_true(worst_error(sim, LEFT, 3000.0, 6000.0) < 2e-3);
    sim_node(sim, ROOT)->deaf = false;
    sim_run(sim, 7000.0);
    assert_int_equal(served_stratum(sim, LEFT), 2);
    sim_free(sim);
}

/* What RIGHT knows it has from LEFT. */
static void peers_without_a_server_do_not_follow_each_other(void **state) {
    struct sim *sim = chain(3, "peer %2 minpoll 4 maxpoll 6", "peer %1 minpoll 4 maxpoll 6");

    (void)state;
    sim_configure(sim_node(sim, LEFT), "server %0 iburst maxpoll 6");
    sim_run(sim, 1000.0);
    assert_int_equal(served_stratum(sim, RIGHT), 3);
    sim_node(sim, ROOT)->deaf = true;
    sim_run(sim, 6000.0);
    assert_int_equal(sim_matched(sim_node(sim, LEFT), "Selected source 192.168.1.2"), 0);
    assert_true(served_stratum(sim, LEFT) == 2);
    sim_free(sim);
}

static void share_keys(struct sim *sim, const char *of_left, const char *of_right) {
    sim_write(sim_node(sim, LEFT), "/keys", of_left, strlen(of_left));
    sim_write(sim_node(sim, RIGHT), "/keys", of_right, strlen(of_right));
    for (int i = LEFT; i <= RIGHT; i++)
        sim_configure(sim_node(sim, i), "keyfile /keys");
    sim_configure(sim_node(sim, LEFT), "server %0 iburst maxpoll 6");
    sim_configure(sim_node(sim, LEFT), "authselectmode ignore");
}

static void peers_with_the_same_key_believe_each_other(void **state) {
    struct sim *sim = chain(4, "peer %2 maxpoll 6 key 7", "peer %1 maxpoll 6 key 7");

    (void)state;
    share_keys(sim, "7 SHA256 ASCII:a-secret-of-two\n", "7 SHA256 ASCII:a-secret-of-two\n");
    sim_run(sim, 2000.0);
    assert_int_equal(served_stratum(sim, RIGHT), 3);
    sim_free(sim);
}

static void peers_with_different_secrets_do_not(void **state) {
    struct sim *sim = chain(4, "peer %2 maxpoll 6 key 7", "peer %1 maxpoll 6 key 7");

    (void)state;
    share_keys(sim, "7 SHA256 ASCII:a-secret-of-two\n", "7 SHA256 ASCII:a-secret-of-one\n");
    sim_run(sim, 2000.0);
    assert_int_equal(sim_matched(sim_node(sim, RIGHT), "Loaded 1 symmetric keys"), 1);
    assert_int_equal(served_stratum(sim, RIGHT), NTP_MAX_STRATUM);
    sim_free(sim);
}

/* The first of them wants a request every 1/16 s; the last one is asked all the same. */
static void no_source_waits_for_ever(void **state) {
    struct sim *sim = sim_new(5, 30);
    struct sim_node *client = sim_node(sim, 0);
    char line[64];

    (void)state;
    for (int i = 1; i < 30; i++) {
        sim_configure(sim_node(sim, i), "allow");
        sim_configure(sim_node(sim, i), "local stratum 1");
        snprintf(line, sizeof(line), "server %%%d minpoll -4 maxpoll %d", i, i == 1 ? -4 : 6);
        sim_configure(client, line);
    }
    sim_run(sim, 60.0);
    for (int i = 1; i < 30; i++)
        assert_true(sim_node(sim, i)->packets_in >= 3);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_peer_follows_the_other),
        cmocka_unit_test(interleaved_peers_stand_loss),
        cmocka_unit_test(peer_takes_over_for_a_server_that_is_gone),
        cmocka_unit_test(peers_without_a_server_do_not_follow_each_other),
        cmocka_unit_test(peers_with_the_same_key_believe_each_other),
        cmocka_unit_test(peers_with_different_secrets_do_not),
        cmocka_unit_test(no_source_waits_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
