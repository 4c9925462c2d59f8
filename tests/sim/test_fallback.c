/* What the clock falls back to when no source answers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define SERVER 0
#define CLIENT 1

/* The oscillator's frequency goes up and down about 20 ppm; the server vanishes at the top. */
static double swing(double seconds) {
    return 20e-6 + (seconds < 40000.0 ? 5e-6 * sin(seconds / 1000.0) : 0.0);
}

static struct sim *world(const char *line) {
    struct sim *sim = sim_new(1, 2);
    struct sim_node *client = sim_node(sim, CLIENT);

    sim_configure(sim_node(sim, SERVER), "allow");
    sim_configure(sim_node(sim, SERVER), "local stratum 1");
    sim_configure(client, "server %0 iburst minpoll 6 maxpoll 6");
    sim_configure(client, "allow");
    if (line != NULL)
        sim_configure(client, line);
    client->own_clock.extra_frequency = swing;
    return sim;
}

static double frequency(struct sim_node *node) {
    struct control_tracking tracking;

    probe_command(node, CONTROL_REQ_TRACKING, NULL, &tracking);
    return tracking.freq_ppm;
}

static void silence_brings_the_average_rate(void **state) {
    struct sim *sim = world("fallbackdrift 12 14");
    struct sim_node *client = sim_node(sim, CLIENT);
    struct ntp_header header;
    double before;

    (void)state;
    /* 39300 s is 6 turns and a quarter of the sine. */
    sim_run(sim, 39300.0);
    sim_node(sim, SERVER)->deaf = true;
    before = frequency(client);
    assert_true(before > 24.0);
    sim_run(sim, 39300.0 + 4000.0);
    assert_true(frequency(client) == before);
    assert_true(probe_ask(client, &header, NULL));
    assert_int_not_equal(header.leap, NTP_LEAP_UNSYNCHRONISED);
    sim_run(sim, 39300.0 + 4200.0);
    assert_true(frequency(client) < before - 0.5);
    assert_true(probe_ask(client, &header, NULL));
    assert_int_equal(header.leap, NTP_LEAP_UNSYNCHRONISED);
    sim_run(sim, 39300.0 + 16500.0);
    assert_true(fabs(frequency(client) - 20.0) < 1.5);
    sim_node(sim, SERVER)->deaf = false;
    sim_run(sim, 39300.0 + 20000.0);
    assert_true(probe_ask(client, &header, NULL));
    assert_int_equal(header.leap, NTP_LEAP_NONE);
    assert_true(fabs(sim_error(client)) < 1e-4);
    sim_free(sim);
}

static void average_of_too_short_a_time_is_not_used(void **state) {
    struct sim *sim = world("fallbackdrift 12 12");
    struct sim_node *client = sim_node(sim, CLIENT);
    double before;

    (void)state;
    sim_run(sim, 2000.0);
    sim_node(sim, SERVER)->deaf = true;
    sim_run(sim, 2100.0);
    before = frequency(client);
    sim_run(sim, 8000.0);
    assert_true(frequency(client) == before);
    sim_free(sim);
}

static void without_the_directive_nothing_falls_back(void **state) {
    struct sim *sim = world(NULL);
    struct sim_node *client = sim_node(sim, CLIENT);
    double before;

    (void)state;
    sim_run(sim, 10000.0);
    sim_node(sim, SERVER)->deaf = true;
    before = frequency(client);
    sim_run(sim, 50000.0);
    assert_true(frequency(client) == before);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_brings_the_average_rate),
        cmocka_unit_test(average_of_too_short_a_time_is_not_used),
        cmocka_unit_test(without_the_directive_nothing_falls_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
