/* What the options do to the choice of sources, and what is said of it. */
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

#define MAX_SERVERS 4

/* Servers and their client with a line of its own for each of them: "%0 iburst prefer". */
static struct sim *with_lines(int servers, const char *const *lines) {
    struct sim *sim = sim_new((uint64_t)servers, servers + 1);
    struct sim_node *client = lan_client(sim);
    char line[128];

    for (int i = 0; i < servers; i++) {
        sim_configure(sim_node(sim, i), "allow");
        sim_configure(sim_node(sim, i), "local stratum 1");
        snprintf(line, sizeof(line), "server %s", lines[i]);
        sim_configure(client, line);
    }
    client->own_clock.frequency = 30e-6;
    client->up.jitter = client->down.jitter = 1e-5;
    sim_match(client, "Selected source");
    sim_match(client, "Selected source 192.168.1.0");
    sim_match(client, "Selected source 192.168.1.1");
    sim_match(client, "Selected source 192.168.1.2");
    sim_match(client, "Detected falseticker");
    sim_match(client, "Can't synchronise");
    return sim;
}

static int said(struct sim *sim, const char *needle) {
    return sim_matched(lan_client(sim), needle);
}

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

static void set_stratum(struct sim_node *server, int stratum) {
    struct control_local local = {.on_off = 1, .stratum = stratum, .distance = 1.0};

    assert_int_equal(probe_command(server, CONTROL_REQ_LOCAL3, &local, NULL), CONTROL_SUCCESS);
}

static void preferred_source_leads_alone_while_it_can(void **state) {
    static const char *const lines[] = {"%0 iburst maxpoll 6", "%1 iburst maxpoll 6 prefer",
                                        "%2 iburst maxpoll 6"};
    struct sim *sim = with_lines(3, lines);

    (void)state;
    sim_run(sim, 1000.0);
    assert_string_equal(letters(sim), "P*P");
    assert_int_equal(said(sim, "Selected source"), 1);
    /* Preferred, not believed: liars are found among all. */
    sim_node(sim, 1)->lie = 0.1;
    sim_run(sim, 2000.0);
    assert_int_equal(letters(sim)[1], 'x');
    assert_int_equal(said(sim, "Detected falseticker"), 1);
    sim_node(sim, 1)->lie = 0.0;
    sim_run(sim, 10000.0);
    assert_string_equal(letters(sim), "P*P");
    assert_int_equal(said(sim, "Selected source 192.168.1.1"), 2);
    assert_int_equal(said(sim, "Selected source"), 3);
    sim_free(sim);
}

static void noselect_is_measured_and_not_used(void **state) {
    static const char *const lines[] = {"%0 iburst noselect", "%1 iburst noselect"};
    struct sim *sim = with_lines(2, lines);
    const char *message = "Can't synchronise: no selectable sources (0 unreachable sources)";
    struct control_index index = {0};
    struct control_sourcestats stats;

    (void)state;
    sim_match(lan_client(sim), message);
    sim_run(sim, 1000.0);
    assert_string_equal(letters(sim), "NN");
    assert_int_equal(said(sim, "Selected source"), 0);
    assert_int_equal(said(sim, message), 1);
    assert_true(sim_error(lan_client(sim)) > 29e-3);
    assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_SOURCESTATS, &index, &stats),
                     CONTROL_SUCCESS);
    assert_true(fabs(stats.resid_freq_ppm - 30.0) < 0.1);
    sim_free(sim);
}

static void trusted_source_overrules_the_majority(void **state) {
    static const char *const lines[] = {"%0 iburst trust", "%1 iburst", "%2 iburst", "%3 iburst"};
    struct sim *sim = with_lines(4, lines);

    (void)state;
    sim_node(sim, 1)->lie = sim_node(sim, 2)->lie = sim_node(sim, 3)->lie = 0.1;
    sim_run(sim, 1000.0);
    assert_string_equal(letters(sim), "*xxx");
    assert_int_equal(said(sim, "Detected falseticker"), 3);
    assert_int_equal(said(sim, "Selected source"), 1);
    assert_true(fabs(sim_error(lan_client(sim))) < 1e-3);
    sim_free(sim);
}

static void trusted_sources_that_disagree_are_said(void **state) {
    static const char *const lines[] = {"%0 iburst trust", "%1 iburst trust", "%2 iburst"};
    struct sim *sim = with_lines(3, lines);
    const char *message = "Can't synchronise: no majority (no agreement among 2 trusted sources)";

    (void)state;
    sim_match(lan_client(sim), message);
    sim_node(sim, 1)->lie = 0.1;
    sim_run(sim, 10000.0);
    assert_string_equal(letters(sim), "xxx");
    assert_int_equal(said(sim, message), 1);
    assert_int_equal(said(sim, "Can't synchronise"), 1);
    assert_int_equal(said(sim, "Selected source"), 0);
    assert_int_equal(said(sim, "Detected falseticker"), 0);
    sim_free(sim);
}

static void nothing_is_used_without_a_required_source(void **state) {
    static const char *const lines[] = {"%0 iburst maxpoll 6 require", "%1 iburst maxpoll 6",
                                        "%2 iburst maxpoll 6"};
    struct sim *sim = with_lines(3, lines);
    const char *message = "Can't synchronise: no required source in selectable sources";

    (void)state;
    sim_match(lan_client(sim), message);
    sim_node(sim, 0)->deaf = true;
    sim_run(sim, 2000.0);
    assert_string_equal(letters(sim), "MWW");
    assert_int_equal(said(sim, message), 1);
    sim_node(sim, 0)->deaf = false;
    sim_run(sim, 3000.0);
    assert_null(strchr(letters(sim), 'W'));
    assert_int_equal(said(sim, "Selected source"), 1);
    sim_node(sim, 0)->lie = 0.1;
    sim_run(sim, 4000.0);
    assert_string_equal(letters(sim), "xWW");
    assert_int_equal(said(sim, message), 2);
    assert_int_equal(said(sim, "Can't synchronise"), 2);
    sim_free(sim);
}

static void fewer_than_minsources_are_not_enough(void **state) {
    static const char *const lines[] = {"%0 iburst maxpoll 6", "%1 iburst maxpoll 6",
                                        "%2 iburst maxpoll 6"};
    struct sim *sim = with_lines(3, lines);
    const char *message = "Can't synchronise: not enough selectable sources";

    (void)state;
    sim_match(lan_client(sim), message);
    sim_configure(lan_client(sim), "minsources 3");
    sim_node(sim, 1)->deaf = true;
    sim_run(sim, 2000.0);
    assert_string_equal(letters(sim), "WMW");
    assert_int_equal(said(sim, message), 1);
    sim_node(sim, 1)->deaf = false;
    sim_run(sim, 3000.0);
    assert_int_equal(said(sim, "Selected source"), 1);
    /* Enough are those that agree. */
    sim_node(sim, 2)->lie = 0.1;
    sim_run(sim, 5000.0);
    assert_string_equal(letters(sim), "WWx");
    assert_int_equal(said(sim, message), 2);
    assert_int_equal(said(sim, "Can't synchronise"), 2);
    sim_free(sim);
}

static void source_beyond_maxdistance_is_said_once_while_it_is(void **state) {
    static const char *const lines[] = {"%0 iburst maxpoll 6"};
    struct sim *sim = with_lines(1, lines);
    struct sim_node *client = lan_client(sim);
    const char *message = "Root distance of 192.168.1.0 exceeds maxdistance of 0.020 seconds";

    (void)state;
    sim_match(client, message);
    sim_configure(client, "maxdistance 0.02");
    client->up.base = client->down.base = 0.03;
    sim_run(sim, 10000.0);
    assert_string_equal(letters(sim), "d");
    assert_int_equal(said(sim, message), 1);
    assert_int_equal(said(sim, "Selected source"), 0);
    client->up.base = client->down.base = 0.005;
    sim_run(sim, 20000.0);
    assert_string_equal(letters(sim), "*");
    client->up.base = client->down.base = 0.03;
    sim_run(sim, 200000.0);
    assert_string_equal(letters(sim), "d");
    assert_int_equal(said(sim, message), 2);
    sim_free(sim);
}

static void source_beyond_maxjitter_is_said_once(void **state) {
    static const char *const lines[] = {"%0 iburst maxpoll 6"};
    struct sim *sim = with_lines(1, lines);
    struct sim_node *client = lan_client(sim);
    const char *message = "Jitter of 192.168.1.0 exceeds maxjitter of 0.001 seconds";

    (void)state;
    sim_match(client, message);
    sim_configure(client, "maxjitter 0.001");
    client->up.jitter = client->down.jitter = 0.02;
    sim_run(sim, 10000.0);
    assert_string_equal(letters(sim), "~");
    assert_int_equal(said(sim, message), 1);
    sim_free(sim);
}

static void stratum_out_of_range_is_said_once(void **state) {
    static const char *const lines[] = {"%0 iburst maxpoll 6", "%1 iburst maxpoll 6"};
    struct sim *sim = with_lines(2, lines);
    const char *above = "Stratum of 192.168.1.0 above maxstratum of 5",
               *below = "Stratum of 192.168.1.1 below minstratum of 3";

    (void)state;
    sim_match(lan_client(sim), above);
    sim_match(lan_client(sim), below);
    sim_configure(lan_client(sim), "minstratum 3");
    sim_configure(lan_client(sim), "maxstratum 5");
    sim_run(sim, 1.0);
    set_stratum(sim_node(sim, 0), 6);
    sim_run(sim, 3000.0);
    assert_string_equal(letters(sim), "rr");
    assert_int_equal(said(sim, above), 1);
    assert_int_equal(said(sim, below), 1);
    set_stratum(sim_node(sim, 0), 5);
    sim_run(sim, 4000.0);
    assert_string_equal(letters(sim), "*r");
    sim_free(sim);
}

/* s until the source of lower stratum leads, the other having led alone; 0 = never. */
static double takes_over_after(const char *directive) {
    static const char *const lines[] = {"%0 iburst minpoll 4 maxpoll 4",
                                        "%1 iburst minpoll 4 maxpoll 4"};
    struct sim *sim = with_lines(2, lines);
    double t = 0.0;

    sim_configure(lan_client(sim), directive);
    sim_node(sim, 1)->deaf = true;
    sim_run(sim, 1.0);
    set_stratum(sim_node(sim, 0), 3);
    sim_run(sim, 500.0);
    sim_node(sim, 1)->deaf = false;
    while (t < 2000.0 && said(sim, "Selected source 192.168.1.1") == 0)
        sim_run(sim, 500.0 + (t += 1.0));
    sim_free(sim);
    return t < 2000.0 ? t : 0.0;
}

static void strata_count_as_distance_and_the_leader_has_a_start(void **state) {
    double usual = takes_over_after("stratumweight 0.001");

    (void)state;
    /* Three samples make it known, a few more make it lead. */
    assert_true(usual > 16.0 && usual < 160.0);
    assert_true(takes_over_after("stratumweight 0.0001") > usual);
    assert_true(takes_over_after("stratumweight 0") == 0.0);
    assert_true(takes_over_after("reselectdist 0.01") == 0.0);
}

static void combinelimit_zero_leaves_the_leader_alone(void **state) {
    static const char *const lines[] = {"%0 iburst", "%1 iburst", "%2 iburst"};
    struct sim *sim = with_lines(3, lines), *usual = with_lines(3, lines);

    (void)state;
    sim_configure(lan_client(sim), "combinelimit 0");
    sim_run(sim, 2000.0);
    assert_null(strchr(letters(sim), '+'));
    assert_non_null(strchr(letters(sim), 'D'));
    sim_run(usual, 2000.0);
    assert_null(strchr(letters(usual), 'D'));
    sim_free(usual);
    sim_free(sim);
}

static void maxunreach_bounds_how_long_a_silent_source_counts(void **state) {
    static const char *const lines[] = {"%0 iburst maxpoll 6 maxunreach 12", "%1 iburst maxpoll 6",
                                        "%2 iburst maxpoll 6"};
    struct sim *sim = with_lines(3, lines);

    (void)state;
    sim_run(sim, 4000.0);
    sim_node(sim, 0)->deaf = sim_node(sim, 1)->deaf = true;
    sim_run(sim, 4000.0 + 10.0 * 64.0);
    assert_null(strchr(letters(sim), 'S'));
    sim_run(sim, 4000.0 + 16.0 * 64.0);
    assert_int_equal(letters(sim)[0], 'S');
    assert_int_not_equal(letters(sim)[1], 'S');
    sim_free(sim);
}

static void last_source_that_is_removed_is_said(void **state) {
    static const char *const lines[] = {"%0 iburst", "%1 iburst"};
    struct sim *sim = with_lines(2, lines);
    const char *message = "Can't synchronise: no sources";

    (void)state;
    sim_match(lan_client(sim), message);
    sim_run(sim, 100.0);
    for (int i = 0; i < 2; i++) {
        struct control_address address = {sim_address(i)};

        assert_int_equal(said(sim, message), 0);
        assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_DEL_SOURCE, &address, NULL),
                         CONTROL_SUCCESS);
    }
    assert_int_equal(said(sim, message), 1);
    sim_free(sim);
}

static void reselect_forgets_who_led_until_the_best_has_a_new_sample(void **state) {
    static const char *const lines[] = {"%0 iburst maxpoll 6", "%1 iburst maxpoll 6",
                                        "%2 iburst maxpoll 6"};
    struct sim *sim = with_lines(3, lines);
    int selected;

    (void)state;
    sim_run(sim, 3000.0);
    selected = said(sim, "Selected source");
    assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_RESELECT, NULL, NULL),
                     CONTROL_SUCCESS);
    assert_string_equal(letters(sim), "UUU");
    sim_run(sim, 3070.0);
    assert_null(strchr(letters(sim), 'U'));
    assert_int_equal(said(sim, "Selected source"), selected + 1);
    assert_int_equal(said(sim, "Can't synchronise"), 0);
    sim_free(sim);
}

/* Whoever waits is not polled as often; nobody waits for it. */
static void source_that_is_ready_waits_only_for_who_is_one_poll_behind(void **state) {
    static const char *const quick[] = {"%0 iburst", "%1 iburst", "%2 iburst"};
    static const char *const slow[] = {"%0 iburst", "%1", "%2"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sim *sim = with_lines(3, i == 0 ? quick : slow);

        sim_run(sim, 4.0);
        assert_int_equal(said(sim, "Selected source"), 0);
        sim_run(sim, 6.0);
        assert_int_equal(said(sim, "Selected source"), 1);
        assert_true((strchr(letters(sim), 'M') == NULL) == (i == 0));
        sim_free(sim);
    }
}

/* Node 0 has the time; 1 and 2 are orphans that know each other and it. */
static void orphans_stand_aside_while_someone_has_the_time(void **state) {
    struct sim *sim = sim_new(1, 3);
    struct sim_node *last = sim_node(sim, 2);

    (void)state;
    sim_configure(sim_node(sim, 0), "allow");
    sim_configure(sim_node(sim, 0), "local stratum 1");
    for (int i = 1; i < 3; i++) {
        sim_configure(sim_node(sim, i), "allow");
        sim_configure(sim_node(sim, i), "local stratum 8 orphan distance 0.1");
        sim_configure(sim_node(sim, i), "server %0 minpoll 4 maxpoll 4");
    }
    sim_configure(sim_node(sim, 1), "server %2 minpoll 4 maxpoll 4");
    sim_configure(last, "server %1 minpoll 4 maxpoll 4");
    sim_match(last, "Selected source 192.168.1.0");
    sim_match(last, "Selected source 192.168.1.1");
    sim_match(last, "Detected falseticker");
    sim_node(sim, 0)->deaf = true;
    sim_run(sim, 2000.0);
    assert_string_equal(letters(sim), "M*");
    assert_int_equal(sim_matched(last, "Selected source 192.168.1.1"), 1);
    sim_node(sim, 0)->deaf = false;
    sim_run(sim, 4000.0);
    assert_int_equal(letters(sim)[0], '*');
    assert_int_equal(sim_matched(last, "Selected source 192.168.1.0"), 1);
    assert_int_equal(sim_matched(last, "Detected falseticker"), 0);
    assert_true(fabs(sim_error(last)) < 1e-3);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preferred_source_leads_alone_while_it_can),
        cmocka_unit_test(noselect_is_measured_and_not_used),
        cmocka_unit_test(trusted_source_overrules_the_majority),
        cmocka_unit_test(trusted_sources_that_disagree_are_said),
        cmocka_unit_test(nothing_is_used_without_a_required_source),
        cmocka_unit_test(fewer_than_minsources_are_not_enough),
        cmocka_unit_test(source_beyond_maxdistance_is_said_once_while_it_is),
        cmocka_unit_test(source_beyond_maxjitter_is_said_once),
        cmocka_unit_test(stratum_out_of_range_is_said_once),
        cmocka_unit_test(strata_count_as_distance_and_the_leader_has_a_start),
        cmocka_unit_test(combinelimit_zero_leaves_the_leader_alone),
        cmocka_unit_test(maxunreach_bounds_how_long_a_silent_source_counts),
        cmocka_unit_test(last_source_that_is_removed_is_said),
        cmocka_unit_test(reselect_forgets_who_led_until_the_best_has_a_new_sample),
        cmocka_unit_test(source_that_is_ready_waits_only_for_who_is_one_poll_behind),
        cmocka_unit_test(orphans_stand_aside_while_someone_has_the_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
