/* Who is believed and who leads: liars, camps, equals, and servers that stop, return and change.
 * What the options do to it is in test_selection_options.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/lan.h"
#include "tests/sim/probe.h"

#define MAX_SERVERS 9
#define DAY         86400.0

/* The letters of `chronyc selectdata`, in the order of the servers. */
static const char *letters(struct sim *sim) {
    static char text[MAX_SERVERS + 1];
    int count = sim_node_count(sim) - 1;

    for (int i = 0; i < count; i++) {
        struct control_index index = {(uint32_t)i};
        struct control_select_data data;

        assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_SELECT_DATA, &index, &data),
                         CONTROL_SUCCESS);
        text[i] = (char)data.state_char;
    }
    text[count] = '\0';
    return text;
}

/* So many of the first letters are this one, and none of the others. */
static void assert_liars(struct sim *sim, int falses) {
    const char *text = letters(sim);

    for (int i = 0; text[i] != '\0'; i++) {
        if ((i < falses) != (text[i] == 'x'))
            fail_msg("%d liars, but %s after %.0f s", falses, text, sim_now(sim));
    }
}

static int said(struct sim *sim, const char *needle) {
    return sim_matched(lan_client(sim), needle);
}

/* The client's clock is 20 ms and 30 ppm off. */
static struct sim *drifting(uint64_t seed, int servers, const char *options) {
    struct sim *sim = lan_new(seed, servers, options);
    struct sim_node *client = lan_client(sim);

    client->own_clock.clock_ns += 20 * NS_PER_S / 1000;
    client->own_clock.frequency = 30e-6;
    client->own_clock.wander = 1e-9;
    return sim;
}

/* The first ones lie: all the same but for scatter, or each something else. */
static void let_lie(struct sim *sim, int falses, double lie, bool agreed) {
    for (int i = 0; i < falses; i++)
        sim_node(sim, i)->lie = agreed ? lie + 1e-4 * i : lie * (i % 2 == 0 ? i + 1 : -i - 1);
}

static void set_deaf(struct sim *sim, int first, int count, bool deaf) {
    for (int i = 0; i < count; i++)
        sim_node(sim, first + i)->deaf = deaf;
}

static void minority_of_liars(uint64_t seed, int falses, double lie, bool agreed,
                              const char *options) {
    struct sim *sim = drifting(seed, 2 * falses + 1, options);
    struct sim_node *client = lan_client(sim);
    char needles[4][40];

    for (int i = 0; i < falses; i++) {
        snprintf(needles[i], sizeof(needles[i]), "falseticker 192.168.1.%d", i);
        sim_match(client, needles[i]);
    }
    let_lie(sim, falses, lie, agreed);
    sim_run(sim, 300.0);
    for (double t = 300.0; t <= 10000.0; t += 500.0) {
        sim_run(sim, t);
        assert_liars(sim, falses);
        assert_true(fabs(sim_error(client)) < 1e-3);
    }
    assert_int_equal(said(sim, "Can't synchronise"), 0);
    assert_int_equal(said(sim, "Detected falseticker"), falses);
    for (int i = 0; i < falses; i++)
        assert_int_equal(said(sim, needles[i]), 1);
    sim_free(sim);
}

static void minority_of_liars_is_found_and_outvoted(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        for (int falses = 1; falses <= 4; falses++) {
            minority_of_liars(seed, falses, 0.5, true, "iburst maxpoll 6");
            minority_of_liars(seed, falses, 0.5, false, "iburst maxpoll 6");
            minority_of_liars(seed, falses, -0.5, true, "maxpoll 6");
            minority_of_liars(seed, falses, 500.0, false, "iburst");
        }
    }
}

/* 2 ms are more than two root distances once these have settled. Until then nobody can tell a liar,
 * and an honest source may seem one. */
static void small_lies_are_found_when_the_distances_are_small_enough(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        for (int falses = 1; falses <= 4; falses++) {
            struct sim *sim = drifting(seed, 2 * falses + 1, "maxpoll 6");

            let_lie(sim, falses, 2e-3, seed % 2 == 0);
            for (double t = 2000.0; t <= 10000.0; t += 500.0) {
                sim_run(sim, t);
                assert_liars(sim, falses);
                assert_true(fabs(sim_error(lan_client(sim))) < 1e-3);
            }
            assert_int_equal(said(sim, "Can't synchronise"), 0);
            sim_free(sim);
        }
    }
}

static void source_that_begins_to_lie_is_left(void **state) {
    struct sim *sim = drifting(1, 5, "iburst maxpoll 6");

    (void)state;
    sim_run(sim, 2000.0);
    for (int liar = 0; liar < 5; liar++) {
        double start = 2000.0 + liar * 6000.0;

        sim_node(sim, liar)->lie = 0.2;
        sim_run(sim, start + 200.0);
        for (double t = start + 300.0; t < start + 2000.0; t += 100.0) {
            sim_run(sim, t);
            for (int i = 0; i < 5; i++)
                assert_int_equal(letters(sim)[i] == 'x', i == liar);
            assert_true(fabs(sim_error(lan_client(sim))) < 1e-3);
        }
        assert_int_equal(said(sim, "Detected falseticker"), liar + 1);
        sim_node(sim, liar)->lie = 0.0;
        sim_run(sim, start + 6000.0);
        assert_null(strchr(letters(sim), 'x'));
    }
    assert_int_equal(said(sim, "Can't synchronise"), 0);
    sim_free(sim);
}

static void two_equal_camps_are_said_once_and_nobody_is_chosen(void **state) {
    static const char *const messages[] = {
        "Can't synchronise: no majority (only 2 of 4 sources agree)",
        "Can't synchronise: no majority (only 3 of 6 sources agree)"};

    (void)state;
    for (int half = 2; half <= 3; half++) {
        struct sim *sim = drifting((uint64_t)half, 2 * half, "iburst maxpoll 6");
        const char *message = messages[half - 2];
        double error;

        sim_match(lan_client(sim), message);
        let_lie(sim, half, 0.5, true);
        sim_run(sim, 10.0);
        error = sim_error(lan_client(sim));
        assert_int_equal(said(sim, message), 1);
        sim_run(sim, DAY);
        assert_liars(sim, 2 * half);
        assert_int_equal(said(sim, "Can't synchronise"), 1);
        assert_int_equal(said(sim, "Selected source"), 0);
        assert_int_equal(said(sim, "Detected falseticker"), 0);
        /* It ran on as it was. */
        assert_true(fabs(sim_error(lan_client(sim)) - error - 30e-6 * DAY) < 0.1);
        sim_free(sim);
    }
}

static void odd_one_decides_between_two_camps(void **state) {
    struct sim *sim = drifting(3, 5, "iburst maxpoll 6");
    struct sim_node *client = lan_client(sim);

    (void)state;
    sim_configure(client, "makestep 0.01 1");
    let_lie(sim, 2, 0.5, true);
    set_deaf(sim, 4, 1, true);
    sim_run(sim, 1000.0);
    assert_int_equal(said(sim, "Can't synchronise"), 1);
    set_deaf(sim, 4, 1, false);
    sim_run(sim, 2000.0);
    assert_int_equal(said(sim, "Selected source"), 1);
    assert_liars(sim, 2);
    assert_true(fabs(sim_error(client)) < 1e-3);
    /* And when it goes, its word counts until the others' histories have passed it by. */
    set_deaf(sim, 4, 1, true);
    sim_run(sim, 10000.0);
    assert_string_equal(letters(sim), "xxxxS");
    assert_int_equal(said(sim, "Can't synchronise"), 2);
    sim_free(sim);
}

static void nobody_agrees_with_anybody(void **state) {
    struct sim *sim = drifting(4, 3, "iburst");
    const char *message = "Can't synchronise: no majority (no agreement among 3 sources)";

    (void)state;
    sim_match(lan_client(sim), message);
    let_lie(sim, 3, 0.5, false);
    sim_run(sim, 10000.0);
    assert_string_equal(letters(sim), "xxx");
    assert_int_equal(said(sim, message), 1);
    assert_int_equal(said(sim, "Can't synchronise"), 1);
    assert_int_equal(said(sim, "Detected falseticker"), 0);
    sim_free(sim);
}

/* The first hour sorts out who is nearest. After it a leader in three hours is the most, whatever
 * the jitter; without any there is no other. */
static void equals_do_not_take_turns(void **state) {
    static const struct {
        const char *options;
        double jitter;
        int most;
    } cases[] = {{"iburst maxpoll 6", 1e-5, 0},
                 {"iburst maxpoll 6", 1e-4, 8},
                 {"iburst maxpoll 6", 1e-3, 8},
                 {"iburst maxpoll 6", 1e-2, 8},
                 {"iburst", 1e-4, 8}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (int servers = 2; servers <= 4; servers++) {
            struct sim *sim = drifting((uint64_t)servers, servers, cases[i].options);
            struct sim_node *client = lan_client(sim);
            int first;

            client->up.jitter = client->down.jitter = cases[i].jitter;
            sim_run(sim, 3600.0);
            first = said(sim, "Selected source");
            assert_in_range(first, 1, 5);
            sim_run(sim, DAY);
            assert_in_range(said(sim, "Selected source"), first, first + cases[i].most);
            assert_int_equal(said(sim, "Detected falseticker"), 0);
            assert_int_equal(said(sim, "Can't synchronise"), 0);
            sim_free(sim);
        }
    }
}

static void server_that_stops_goes_stale_and_comes_back(void **state) {
    struct sim *sim = drifting(5, 3, "iburst maxpoll 6");

    (void)state;
    sim_run(sim, 5000.0);
    set_deaf(sim, 0, 1, true);
    sim_run(sim, 20000.0);
    assert_int_equal(letters(sim)[0], 'S');
    assert_true(fabs(sim_error(lan_client(sim))) < 1e-3);
    set_deaf(sim, 0, 1, false);
    sim_run(sim, 20200.0);
    assert_non_null(strchr("*+D", letters(sim)[0]));
    assert_int_equal(said(sim, "Can't synchronise"), 0);
    assert_int_equal(said(sim, "Detected falseticker"), 0);
    sim_free(sim);
}

static void loss_of_all_servers_is_said_once_until_one_is_back(void **state) {
    struct sim *sim = drifting(6, 3, "iburst maxpoll 6");
    const char *message = "Can't synchronise: no selectable sources (3 unreachable sources)";
    int selected;

    (void)state;
    sim_match(lan_client(sim), message);
    for (int outage = 1; outage <= 3; outage++) {
        double start = (outage - 1) * 40000.0;

        set_deaf(sim, 0, 3, false);
        sim_run(sim, start + 5000.0);
        assert_int_equal(said(sim, message), outage - 1);
        selected = said(sim, "Selected source");
        set_deaf(sim, 0, 3, true);
        /* After eight polls nothing is left in the registers. */
        sim_run(sim, start + 5000.0 + 7.0 * 64.0);
        assert_int_equal(said(sim, message), outage - 1);
        sim_run(sim, start + 5000.0 + 11.0 * 64.0);
        assert_string_equal(letters(sim), "SSS");
        sim_run(sim, start + 40000.0);
        assert_int_equal(said(sim, message), outage);
        assert_int_equal(said(sim, "Can't synchronise"), outage);
        assert_int_equal(said(sim, "Selected source"), selected);
    }
    sim_free(sim);
}

static void servers_that_never_answer_are_said_after_eight_polls(void **state) {
    struct sim *sim = drifting(7, 2, "iburst maxpoll 6");
    const char *message = "Can't synchronise: no selectable sources (2 unreachable sources)";

    (void)state;
    sim_match(lan_client(sim), message);
    set_deaf(sim, 0, 2, true);
    sim_run(sim, 10.0);
    assert_int_equal(said(sim, message), 0);
    sim_run(sim, DAY);
    assert_string_equal(letters(sim), "MM");
    assert_int_equal(said(sim, "Can't synchronise"), 1);
    assert_int_equal(said(sim, message), 1);
    sim_free(sim);
}

static void each_reason_is_said_once_until_someone_leads(void **state) {
    struct sim *sim = drifting(8, 4, "iburst maxpoll 6");

    (void)state;
    sim_match(lan_client(sim), "no majority");
    sim_match(lan_client(sim), "no selectable sources");
    let_lie(sim, 2, 0.5, true);
    for (int i = 0; i < 3; i++) {
        set_deaf(sim, 0, 4, false);
        sim_run(sim, (i * 2 + 1) * 2000.0);
        assert_string_equal(letters(sim), "xxxx");
        set_deaf(sim, 0, 4, true);
        sim_run(sim, (i * 2 + 2) * 2000.0);
        assert_string_equal(letters(sim), "SSSS");
    }
    assert_int_equal(said(sim, "no majority"), 1);
    assert_int_equal(said(sim, "no selectable sources"), 1);
    sim_free(sim);
}

static void restart_of_a_server_changes_nothing(void **state) {
    struct sim *sim = drifting(9, 3, "iburst maxpoll 6");
    struct sim_node *client = lan_client(sim);
    int selected;

    (void)state;
    client->up.jitter = client->down.jitter = 1e-5;
    sim_run(sim, 8000.0);
    selected = said(sim, "Selected source");
    for (int i = 0; i < 3; i++) {
        sim_stop(sim_node(sim, i));
        sim_run(sim, 8000.0 + i * 2000.0 + 100.0);
        sim_start(sim_node(sim, i));
        sim_run(sim, 8000.0 + i * 2000.0 + 2000.0);
    }
    assert_int_equal(said(sim, "Selected source"), selected);
    assert_int_equal(said(sim, "Detected falseticker"), 0);
    assert_int_equal(said(sim, "Can't synchronise"), 0);
    sim_free(sim);
}

/* A source far down loses the lead within a few of the others' updates, once. */
static void leader_whose_stratum_rises_is_replaced(void **state) {
    struct sim *sim = drifting(10, 3, "iburst maxpoll 6");
    struct control_local deep = {.on_off = 1, .stratum = 12, .distance = 1.0};
    int leader, selected;

    (void)state;
    sim_configure(lan_client(sim), "stratumweight 0.01");
    sim_run(sim, 8000.0);
    leader = (int)(strchr(letters(sim), '*') - letters(sim));
    selected = said(sim, "Selected source");
    assert_int_equal(probe_command(sim_node(sim, leader), CONTROL_REQ_LOCAL3, &deep, NULL),
                     CONTROL_SUCCESS);
    sim_run(sim, 8300.0);
    assert_int_not_equal(letters(sim)[leader], '*');
    sim_run(sim, 20000.0);
    assert_int_not_equal(letters(sim)[leader], '*');
    assert_in_range(said(sim, "Selected source"), selected + 1, selected + 2);
    sim_free(sim);
}

/* A name of two servers, the first of which lies, beside two honest ones. */
static void liar_of_a_name_is_replaced_by_another_of_its_servers(void **state) {
    struct sim *sim = sim_new(11, 5);
    struct sim_node *client = lan_client(sim);

    (void)state;
    for (int i = 0; i < 4; i++) {
        sim_configure(sim_node(sim, i), "allow");
        sim_configure(sim_node(sim, i), "local stratum 1");
    }
    sim_name(sim, "time.example", 0, 0.0);
    sim_name(sim, "time.example", 1, 0.0);
    sim_configure(client, "server time.example iburst maxpoll 6");
    sim_configure(client, "server %2 iburst maxpoll 6");
    sim_configure(client, "server %3 iburst maxpoll 6");
    sim_match(client, "Detected falseticker 192.168.1.0 (time.example)");
    sim_match(client, "Source 192.168.1.0 replaced with 192.168.1.1 (time.example)");
    sim_match(client, "replaced with");
    sim_node(sim, 0)->lie = 0.5;
    sim_run(sim, 10000.0);
    assert_int_equal(said(sim, "Detected falseticker 192.168.1.0 (time.example)"), 1);
    assert_int_equal(said(sim, "Source 192.168.1.0 replaced with 192.168.1.1 (time.example)"), 1);
    assert_int_equal(said(sim, "replaced with"), 1);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minority_of_liars_is_found_and_outvoted),
        cmocka_unit_test(small_lies_are_found_when_the_distances_are_small_enough),
        cmocka_unit_test(source_that_begins_to_lie_is_left),
        cmocka_unit_test(two_equal_camps_are_said_once_and_nobody_is_chosen),
        cmocka_unit_test(odd_one_decides_between_two_camps),
        cmocka_unit_test(nobody_agrees_with_anybody),
        cmocka_unit_test(equals_do_not_take_turns),
        cmocka_unit_test(server_that_stops_goes_stale_and_comes_back),
        cmocka_unit_test(loss_of_all_servers_is_said_once_until_one_is_back),
        cmocka_unit_test(servers_that_never_answer_are_said_after_eight_polls),
        cmocka_unit_test(each_reason_is_said_once_until_someone_leads),
        cmocka_unit_test(restart_of_a_server_changes_nothing),
        cmocka_unit_test(leader_whose_stratum_rises_is_replaced),
        cmocka_unit_test(liar_of_a_name_is_replaced_by_another_of_its_servers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
