/* Names and their addresses, and the sources of sourcedir directories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define CLIENT 0
#define NODES  7
#define DAY    86400.0
#define FILE_A "/d/a.sources"

static struct sim *world(const char *line) {
    struct sim *sim = sim_new(3, NODES);

    for (int i = 1; i < NODES; i++) {
        sim_configure(sim_node(sim, i), "allow");
        sim_configure(sim_node(sim, i), "local stratum 1");
    }
    sim_configure(sim_node(sim, CLIENT), line);
    return sim;
}

static void name(struct sim *sim, const char *name, int first, int last) {
    sim_unname(sim, name);
    for (int i = first; i <= last; i++)
        sim_name(sim, name, i, 0.0);
}

/* The sources as chronyc -a lists them: node numbers, '?' for those without an address. */
static const char *sources(struct sim *sim) {
    static char text[64];
    struct control_n_sources count;
    struct control_source_data data;

    memset(text, 0, sizeof(text));
    assert_int_equal(probe_command(sim_node(sim, CLIENT), CONTROL_REQ_N_SOURCES, NULL, &count),
                     CONTROL_SUCCESS);
    for (uint32_t i = 0; i < count.n_sources; i++) {
        struct control_index index = {i};
        int node = 0;

        assert_int_equal(
            probe_command(sim_node(sim, CLIENT), CONTROL_REQ_SOURCE_DATA, &index, &data),
            CONTROL_SUCCESS);
        for (int n = 1; n < NODES; n++) {
            struct address address = sim_address(n);

            if (address_equal(&data.ip_addr, &address))
                node = n;
        }
        text[i] = node == 0 ? '?' : (char)('0' + node);
    }
    return text;
}

/* The file has these lines, and the daemon is told. */
static void reload(struct sim *sim, const char *text) {
    struct sim_node *client = sim_node(sim, CLIENT);

    sim_write(client, FILE_A, text, strlen(text));
    assert_int_equal(probe_command(client, CONTROL_REQ_RELOAD_SOURCES, NULL, NULL),
                     CONTROL_SUCCESS);
    sim_run(sim, sim_now(sim) + 1.0);
}

static int said(struct sim *sim, const char *needle) {
    return sim_matched(sim_node(sim, CLIENT), needle);
}

static void expect(struct sim *sim, const char *needle) {
    sim_match(sim_node(sim, CLIENT), needle);
}

static void reload_adds_and_removes_and_leaves_the_rest_alone(void **state) {
    struct sim *sim = world("sourcedir /d");
    struct control_index first = {0};
    struct control_sourcestats before, after;

    (void)state;
    sim_write(sim_node(sim, CLIENT), FILE_A, "server 192.168.1.2 iburst\nserver 192.168.1.1\n", 46);
    expect(sim, "Added source 192.168.1.1");
    expect(sim, "Added source 192.168.1.3");
    expect(sim, "Removed source 192.168.1.1");
    expect(sim, "Removed source 192.168.1.2");
    sim_run(sim, 200.0);
    assert_string_equal(sources(sim), "12");
    assert_int_equal(said(sim, "Added source 192.168.1.1"), 1);
    reload(sim, "server 192.168.1.3\nserver 192.168.1.2 iburst\n");
    assert_string_equal(sources(sim), "23");
    assert_int_equal(said(sim, "Removed source 192.168.1.1"), 1);
    assert_int_equal(said(sim, "Added source 192.168.1.3"), 1);
    probe_command(sim_node(sim, CLIENT), CONTROL_REQ_SOURCESTATS, &first, &before);
    reload(sim, "server 192.168.1.2 iburst\nserver 192.168.1.3\n");
    assert_int_equal(said(sim, "Removed source 192.168.1.2"), 0);
    probe_command(sim_node(sim, CLIENT), CONTROL_REQ_SOURCESTATS, &first, &after);
    assert_true(before.n_samples > 0 && after.n_samples >= before.n_samples);
    reload(sim, "server 192.168.1.2 iburst minpoll 5\nserver 192.168.1.3\n");
    assert_int_equal(said(sim, "Removed source 192.168.1.2"), 1);
    assert_string_equal(sources(sim), "32");
    reload(sim, "");
    assert_string_equal(sources(sim), "");
    sim_free(sim);
}

static void address_that_is_taken_is_refused_at_every_reload(void **state) {
    struct sim *sim = world("server %1");

    (void)state;
    sim_configure(sim_node(sim, CLIENT), "sourcedir /d");
    expect(sim, "Could not add source 192.168.1.1 : Already in use");
    expect(sim, "Could not add source 192.168.1.2 : Already in use");
    expect(sim, "Could not add source ::1 : Invalid address");
    expect(sim, "Removed source");
    sim_run(sim, 10.0);
    reload(sim, "server 192.168.1.1\nserver 192.168.1.2\nserver 192.168.1.2\nserver ::1 ipv4\n");
    reload(sim, "server 192.168.1.1\nserver 192.168.1.2\nserver 192.168.1.2\nserver ::1 ipv4\n");
    assert_string_equal(sources(sim), "12");
    assert_int_equal(said(sim, "Could not add source 192.168.1.1 : Already in use"), 2);
    assert_int_equal(said(sim, "Could not add source 192.168.1.2 : Already in use"), 2);
    assert_int_equal(said(sim, "Could not add source ::1 : Invalid address"), 2);
    reload(sim, "");
    assert_string_equal(sources(sim), "1");
    assert_int_equal(said(sim, "Removed source"), 1);
    sim_free(sim);
}

static void source_set_offline_survives_a_reload(void **state) {
    struct sim *sim = world("sourcedir /d");
    struct control_address_mask all = {0};

    (void)state;
    sim_run(sim, 1.0);
    expect(sim, "Removed source");
    reload(sim, "server 192.168.1.1\n");
    probe_command(sim_node(sim, CLIENT), CONTROL_REQ_OFFLINE, &all, NULL);
    reload(sim, "server 192.168.1.1\n");
    assert_int_equal(said(sim, "Removed source"), 0);
    sim_free(sim);
}

static void pools_are_filled_and_pruned_and_go_whole(void **state) {
    struct sim *sim = world("sourcedir /d");

    (void)state;
    name(sim, "pool.example", 1, 3);
    name(sim, "one.example", 4, 4);
    expect(sim, "Added pool pool.example");
    expect(sim, "Removed pool pool.example");
    expect(sim, "Added source ID#0000000001 (one.example)");
    expect(sim, "Removed source 192.168.1.4 (one.example)");
    sim_run(sim, 1.0);
    reload(sim, "pool pool.example maxsources 2 iburst\nserver one.example\n");
    assert_string_equal(sources(sim), "412");
    assert_int_equal(said(sim, "Added pool pool.example"), 1);
    assert_int_equal(said(sim, "Added source ID#0000000001 (one.example)"), 1);
    reload(sim, "server 192.168.1.5\n");
    assert_string_equal(sources(sim), "5");
    assert_int_equal(said(sim, "Removed pool pool.example"), 1);
    assert_int_equal(said(sim, "Removed source 192.168.1.4 (one.example)"), 1);
    sim_free(sim);
}

/* The line is gone and its place taken while its name was being looked up. */
static void late_answer_is_not_given_to_another_name(void **state) {
    struct sim *sim = world("sourcedir /d");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    name(sim, "old.example", 1, 1);
    name(sim, "new.example", 2, 2);
    sim_run(sim, 1.0);
    sim_write(client, FILE_A, "server old.example\n", 19);
    probe_command(client, CONTROL_REQ_RELOAD_SOURCES, NULL, NULL);
    sim_run(sim, sim_now(sim) + 1e-3);
    reload(sim, "server new.example\n");
    assert_string_equal(sources(sim), "2");
    sim_free(sim);
}

static void refresh_replaces_those_that_the_name_no_longer_has(void **state) {
    struct sim *sim = world("server one.example iburst");

    (void)state;
    sim_configure(sim_node(sim, CLIENT), "pool pool.example iburst maxsources 2");
    name(sim, "one.example", 1, 1);
    name(sim, "pool.example", 2, 3);
    expect(sim, "Source 192.168.1.1 replaced with 192.168.1.4 (one.example)");
    expect(sim, "Source 192.168.1.2 replaced with 192.168.1.5 (pool.example)");
    expect(sim, " replaced with ");
    sim_run(sim, 100.0);
    assert_string_equal(sources(sim), "123");
    probe_command(sim_node(sim, CLIENT), CONTROL_REQ_REFRESH, NULL, NULL);
    sim_run(sim, 110.0);
    assert_string_equal(sources(sim), "123");
    name(sim, "one.example", 4, 4);
    name(sim, "pool.example", 5, 5);
    sim_name(sim, "pool.example", 3, 0.0);
    probe_command(sim_node(sim, CLIENT), CONTROL_REQ_REFRESH, NULL, NULL);
    sim_run(sim, 120.0);
    assert_string_equal(sources(sim), "453");
    assert_int_equal(said(sim, " replaced with "), 2);
    assert_int_equal(said(sim, "Source 192.168.1.1 replaced with 192.168.1.4 (one.example)"), 1);
    assert_int_equal(said(sim, "Source 192.168.1.2 replaced with 192.168.1.5 (pool.example)"), 1);
    sim_free(sim);
}

static void working_names_are_refreshed_one_by_one(void **state) {
    struct sim *sim = world("pool pool.example iburst maxsources 2");

    (void)state;
    sim_configure(sim_node(sim, CLIENT), "refresh 86400");
    name(sim, "pool.example", 1, 2);
    expect(sim, " replaced with ");
    sim_run(sim, 100.0);
    name(sim, "pool.example", 3, 4);
    sim_run(sim, 0.9 * DAY);
    assert_string_equal(sources(sim), "12");
    sim_run(sim, 1.2 * DAY);
    assert_int_equal(said(sim, " replaced with "), 1);
    sim_run(sim, 1.9 * DAY);
    assert_int_equal(said(sim, " replaced with "), 1);
    sim_run(sim, 2.5 * DAY);
    assert_int_equal(said(sim, " replaced with "), 2);
    assert_null(strpbrk(sources(sim), "12?"));
    sim_run(sim, 9.0 * DAY);
    assert_int_equal(said(sim, " replaced with "), 2);
    sim_free(sim);
}

static void working_names_keep_the_addresses_that_are_still_listed(void **state) {
    struct sim *sim = world("pool pool.example iburst maxsources 3");

    (void)state;
    sim_configure(sim_node(sim, CLIENT), "refresh 86400");
    name(sim, "pool.example", 1, 3);
    expect(sim, " replaced with ");
    expect(sim, "Source 192.168.1.2 replaced with 192.168.1.4 (pool.example)");
    sim_run(sim, 100.0);
    name(sim, "pool.example", 3, 4);
    sim_name(sim, "pool.example", 1, 0.0);
    sim_run(sim, 5.0 * DAY);
    assert_string_equal(sources(sim), "143");
    assert_int_equal(said(sim, " replaced with "), 1);
    assert_int_equal(said(sim, "Source 192.168.1.2 replaced with 192.168.1.4 (pool.example)"), 1);
    sim_free(sim);
}

static void refresh_0_never_asks_again(void **state) {
    struct sim *sim = world("server one.example iburst");

    (void)state;
    sim_configure(sim_node(sim, CLIENT), "refresh 0");
    name(sim, "one.example", 1, 1);
    sim_run(sim, 100.0);
    name(sim, "one.example", 2, 2);
    sim_run(sim, 30.0 * DAY);
    assert_string_equal(sources(sim), "1");
    sim_free(sim);
}

static void silent_server_is_replaced_by_another_of_its_name(void **state) {
    struct sim *sim = world("server one.example iburst");

    (void)state;
    name(sim, "one.example", 1, 2);
    expect(sim, "Source 192.168.1.1 replaced with 192.168.1.2 (one.example)");
    sim_run(sim, 100.0);
    assert_string_equal(sources(sim), "1");
    sim_node(sim, 1)->deaf = true;
    sim_run(sim, 30000.0);
    assert_string_equal(sources(sim), "2");
    assert_int_equal(said(sim, "Source 192.168.1.1 replaced with 192.168.1.2 (one.example)"), 1);
    sim_free(sim);
}

static void falseticker_is_replaced_by_another_of_its_name(void **state) {
    struct sim *sim = world("server one.example iburst");

    (void)state;
    sim_configure(sim_node(sim, CLIENT), "server %1 iburst");
    sim_configure(sim_node(sim, CLIENT), "server %2 iburst");
    name(sim, "one.example", 3, 4);
    sim_node(sim, 3)->lie = 0.5;
    expect(sim, "Source 192.168.1.3 replaced with 192.168.1.4 (one.example)");
    sim_run(sim, 20000.0);
    assert_int_equal(said(sim, "Source 192.168.1.3 replaced with 192.168.1.4 (one.example)"), 1);
    sim_free(sim);
}

static void address_without_a_route_is_not_adopted(void **state) {
    struct sim *sim = world("server one.example");

    (void)state;
    name(sim, "one.example", 1, 1);
    sim_node(sim, CLIENT)->unroutable = true;
    sim_run(sim, 20.0);
    assert_string_equal(sources(sim), "?");
    sim_node(sim, CLIENT)->unroutable = false;
    sim_run(sim, 100.0);
    assert_string_equal(sources(sim), "1");
    sim_free(sim);
}

static void option_ipv6_takes_no_ipv4_address(void **state) {
    struct sim *sim = world("server one.example ipv6");

    (void)state;
    name(sim, "one.example", 1, 1);
    sim_run(sim, 100.0);
    assert_string_equal(sources(sim), "?");
    sim_free(sim);
}

/* Rounds come after 28 s, then after twice as long each time: 28, 84, 196, 420 and 868 s. */
static void name_without_an_address_is_asked_for_ever_more_seldom(void **state) {
    static const double known[] = {10.0, 30.0, 100.0, 200.0, 430.0};
    static const double used[] = {28.0, 84.0, 196.0, 420.0, 868.0};

    (void)state;
    for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
        struct sim *sim = world("server late.example");

        sim_name(sim, "late.example", 1, known[i]);
        sim_run(sim, used[i] - 1.0);
        assert_string_equal(sources(sim), "?");
        sim_run(sim, used[i] + 2.0);
        assert_string_equal(sources(sim), "1");
        sim_free(sim);
    }
}

static void command_online_asks_for_names_at_once(void **state) {
    struct sim *sim = world("server late.example");
    struct control_address_mask all = {0};

    (void)state;
    sim_name(sim, "late.example", 1, 450.0);
    sim_run(sim, 460.0);
    assert_string_equal(sources(sim), "?");
    probe_command(sim_node(sim, CLIENT), CONTROL_REQ_ONLINE, &all, NULL);
    sim_run(sim, 461.0);
    assert_string_equal(sources(sim), "1");
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reload_adds_and_removes_and_leaves_the_rest_alone),
        cmocka_unit_test(address_that_is_taken_is_refused_at_every_reload),
        cmocka_unit_test(source_set_offline_survives_a_reload),
        cmocka_unit_test(pools_are_filled_and_pruned_and_go_whole),
        cmocka_unit_test(late_answer_is_not_given_to_another_name),
        cmocka_unit_test(refresh_replaces_those_that_the_name_no_longer_has),
        cmocka_unit_test(working_names_are_refreshed_one_by_one),
        cmocka_unit_test(working_names_keep_the_addresses_that_are_still_listed),
        cmocka_unit_test(refresh_0_never_asks_again),
        cmocka_unit_test(silent_server_is_replaced_by_another_of_its_name),
        cmocka_unit_test(falseticker_is_replaced_by_another_of_its_name),
        cmocka_unit_test(address_without_a_route_is_not_adopted),
        cmocka_unit_test(option_ipv6_takes_no_ipv4_address),
        cmocka_unit_test(name_without_an_address_is_asked_for_ever_more_seldom),
        cmocka_unit_test(command_online_asks_for_names_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
