/* What is served without a source, or beside one: local with its options, orphans, copy; and which
 * sources authselectmode leaves. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define LOCAL_ID 0x7f7f0101

static int stratum_of(struct sim *sim, int index) {
    struct ntp_header header;

    if (!probe_ask(sim_node(sim, index), &header, NULL) || header.leap == NTP_LEAP_UNSYNCHRONISED)
        return 16;
    return header.stratum;
}

static uint32_t reference_of(struct sim *sim, int index) {
    struct ntp_header header;

    assert_true(probe_ask(sim_node(sim, index), &header, NULL));
    return header.reference_id;
}

/* Node 0 is a good server; node 1 follows it with the given `local` line. */
static struct sim *chain(const char *local) {
    struct sim *sim = sim_new(1, 2);

    sim_configure(sim_node(sim, 0), "allow");
    sim_configure(sim_node(sim, 0), "local stratum 1");
    sim_configure(sim_node(sim, 1), "allow");
    sim_configure(sim_node(sim, 1), "server %0 iburst minpoll 4 maxpoll 4");
    sim_configure(sim_node(sim, 1), local);
    return sim;
}

static void local_without_options_serves_at_once(void **state) {
    struct sim *sim = chain("local");

    (void)state;
    sim_node(sim, 0)->deaf = true;
    sim_run(sim, 1.0);
    assert_int_equal(stratum_of(sim, 1), 10);
    assert_int_equal(reference_of(sim, 1), LOCAL_ID);
    sim_free(sim);
}

static void local_with_activate_waits_until_it_was_near_the_truth(void **state) {
    struct sim *sim = chain("local stratum 5 activate 0.01 distance 0.05");

    (void)state;
    sim_node(sim, 0)->deaf = true;
    sim_run(sim, 100.0);
    assert_int_equal(stratum_of(sim, 1), 16);
    sim_node(sim, 0)->deaf = false;
    sim_run(sim, 400.0);
    assert_int_equal(stratum_of(sim, 1), 2);
    sim_node(sim, 0)->deaf = true;
    /* At 1 ppm of assumed wander 0.05 s are reached within a day. */
    sim_run(sim, 100000.0);
    assert_int_equal(stratum_of(sim, 1), 5);
    sim_free(sim);
}

static void local_that_never_was_near_stays_silent(void **state) {
    struct sim *sim = chain("local stratum 5 activate 0.0001 distance 0.05");

    (void)state;
    sim_node(sim, 1)->up.base = sim_node(sim, 1)->down.base = 0.01;
    sim_run(sim, 400.0);
    assert_int_equal(stratum_of(sim, 1), 2);
    sim_node(sim, 0)->deaf = true;
    sim_run(sim, 100000.0);
    assert_int_equal(stratum_of(sim, 1), 2);
    sim_free(sim);
}

static void waitsynced_holds_local_back(void **state) {
    struct sim *sim = chain("local stratum 5 distance 0.002 waitsynced 20000");

    (void)state;
    sim_run(sim, 400.0);
    sim_node(sim, 0)->deaf = true;
    sim_run(sim, 15000.0);
    assert_int_equal(stratum_of(sim, 1), 2);
    sim_run(sim, 21000.0);
    assert_int_equal(stratum_of(sim, 1), 5);
    sim_free(sim);
}

static void waitunsynced_counts_from_the_start(void **state) {
    struct sim *sim = chain("local stratum 5 waitunsynced 60");

    (void)state;
    sim_node(sim, 0)->deaf = true;
    sim_run(sim, 59.0);
    assert_int_equal(stratum_of(sim, 1), 16);
    sim_run(sim, 61.0);
    assert_int_equal(stratum_of(sim, 1), 5);
    sim_free(sim);
}

static void orphans_agree_on_the_one_with_the_smallest_address(void **state) {
    struct sim *sim = sim_new(2, 4);

    (void)state;
    sim_configure(sim_node(sim, 0), "allow");
    sim_configure(sim_node(sim, 0), "local stratum 1");
    for (int i = 1; i < 4; i++) {
        static const char *const peers[] = {"server %1 minpoll 4 maxpoll 4",
                                            "server %2 minpoll 4 maxpoll 4",
                                            "server %3 minpoll 4 maxpoll 4"};

        sim_configure(sim_node(sim, i), "allow");
        sim_configure(sim_node(sim, i), "local stratum 8 orphan distance 0.1");
        sim_configure(sim_node(sim, i), "server %0 minpoll 4 maxpoll 4");
        for (int j = 1; j < 4; j++) {
            if (j != i)
                sim_configure(sim_node(sim, i), peers[j - 1]);
        }
        sim_node(sim, i)->own_clock.frequency = i * 10e-6;
    }
    sim_node(sim, 0)->deaf = true;
    sim_run(sim, 250.0);
    for (int i = 1; i < 4; i++)
        assert_int_equal(stratum_of(sim, i), 16);
    sim_run(sim, 3000.0);
    assert_int_equal(stratum_of(sim, 1), 8);
    assert_int_equal(reference_of(sim, 1), LOCAL_ID);
    for (int i = 2; i < 4; i++) {
        assert_int_equal(stratum_of(sim, i), 9);
        assert_int_equal(
            reference_of(sim, i),
            address_to_ipv4(&(struct address){.bytes = {192, 168, 1, 1}, .family = ADDRESS_IPV4}));
        assert_true(fabs(sim_error(sim_node(sim, i)) - sim_error(sim_node(sim, 1))) < 2e-3);
    }
    /* Whoever has the true time is followed by all. */
    sim_node(sim, 0)->deaf = false;
    sim_run(sim, 6000.0);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(stratum_of(sim, i), 2);
        assert_true(fabs(sim_error(sim_node(sim, i))) < 1e-3);
    }
    sim_free(sim);
}

static void copy_passes_stratum_and_reference_on(void **state) {
    struct sim *sim = sim_new(3, 3);

    (void)state;
    sim_configure(sim_node(sim, 0), "allow");
    sim_configure(sim_node(sim, 0), "local stratum 3");
    sim_configure(sim_node(sim, 1), "allow");
    sim_configure(sim_node(sim, 1), "server %0 iburst");
    sim_configure(sim_node(sim, 2), "allow");
    sim_configure(sim_node(sim, 2), "server %1 minpoll 2 maxpoll 2 copy");
    sim_run(sim, 100.0);
    assert_int_equal(stratum_of(sim, 1), 4);
    assert_int_equal(stratum_of(sim, 2), 4);
    assert_int_equal(reference_of(sim, 2), reference_of(sim, 1));
    sim_free(sim);
}

static unsigned effective_options(struct sim_node *node, uint32_t source) {
    struct control_index index = {source};
    struct control_select_data data;

    assert_int_equal(probe_command(node, CONTROL_REQ_SELECT_DATA, &index, &data), CONTROL_SUCCESS);
    return data.eff_options;
}

static void authselectmode_adds_options_by_authentication(void **state) {
    static const struct {
        const char *mode;
        bool keyed;
        unsigned plain, authenticated;
    } cases[] = {
        {"authselectmode mix", true, 0, CONTROL_SELECT_TRUST | CONTROL_SELECT_REQUIRE},
        {"authselectmode mix", false, 0, 0},
        {"authselectmode prefer", true, CONTROL_SELECT_NOSELECT, 0},
        {"authselectmode prefer", false, 0, 0},
        {"authselectmode require", true, CONTROL_SELECT_NOSELECT, 0},
        {"authselectmode require", false, CONTROL_SELECT_NOSELECT, 0},
        {"authselectmode ignore", true, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim *sim = sim_new(4, 3);
        struct sim_node *client = sim_node(sim, 2);

        sim_configure(sim_node(sim, 0), "allow");
        sim_configure(sim_node(sim, 0), "local stratum 1");
        sim_configure(client, "server %0 iburst");
        sim_configure(client, cases[i].keyed ? "server %1 iburst key 1" : "server %1 noselect");
        sim_configure(client, cases[i].mode);
        sim_match(client, "Selected source 192.168.1.0");
        sim_run(sim, 60.0);
        assert_int_equal(effective_options(client, 0), cases[i].plain);
        assert_int_equal(effective_options(client, 1),
                         cases[i].keyed ? cases[i].authenticated : CONTROL_SELECT_NOSELECT);
        assert_int_equal(sim_matched(client, "Selected source 192.168.1.0"),
                         cases[i].plain == 0 && cases[i].authenticated == 0);
        sim_free(sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_without_options_serves_at_once),
        cmocka_unit_test(local_with_activate_waits_until_it_was_near_the_truth),
        cmocka_unit_test(local_that_never_was_near_stays_silent),
        cmocka_unit_test(waitsynced_holds_local_back),
        cmocka_unit_test(waitunsynced_counts_from_the_start),
        cmocka_unit_test(orphans_agree_on_the_one_with_the_smallest_address),
        cmocka_unit_test(copy_passes_stratum_and_reference_on),
        cmocka_unit_test(authselectmode_adds_options_by_authentication),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
