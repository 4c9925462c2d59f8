/* Measurements kept over a restart. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define SERVER 0
#define CLIENT 1
#define DUMP   "/dump/192.168.1.0.dat"

static struct sim *world(const char *line) {
    struct sim *sim = sim_new(1, 2);
    struct sim_node *client = sim_node(sim, CLIENT);

    sim_configure(sim_node(sim, SERVER), "allow");
    sim_configure(sim_node(sim, SERVER), "local stratum 1");
    sim_configure(client, line);
    sim_configure(client, "dumpdir /dump");
    sim_configure(client, "driftfile /drift");
    client->own_clock.frequency = 20e-6;
    sim_match(client, "Loaded dump file for 192.168.1.0");
    sim_match(client, "Could not load dump file for 192.168.1.0");
    return sim;
}

static int samples_of(struct sim_node *node) {
    struct control_index index = {0};
    struct control_sourcestats stats;

    assert_int_equal(probe_command(node, CONTROL_REQ_SOURCESTATS, &index, &stats), CONTROL_SUCCESS);
    return (int)stats.n_samples;
}

static int lines(const char *text) {
    int count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void restarted_daemon_goes_on_where_it_was(void **state) {
    struct sim *sim = world("server %0 minpoll 6 maxpoll 6");
    struct sim_node *client = sim_node(sim, CLIENT);
    struct control_index index = {0};
    struct control_source_data data;

    (void)state;
    sim_run(sim, 1000.0);
    sim_stop(client);
    assert_non_null(sim_read(client, DUMP));
    assert_int_equal(lines(sim_read(client, DUMP)), 4 + 16);
    assert_true(strncmp(sim_read(client, DUMP), "SRC0\n192.168.1.0\n0 377 8 1 0\n16 0\n", 34) == 0);
    client->options.reload_dumps = true;
    sim_start(client);
    assert_int_equal(sim_matched(client, "Loaded dump file for 192.168.1.0"), 1);
    assert_null(sim_read(client, DUMP));
    assert_int_equal(samples_of(client), 16);
    probe_command(client, CONTROL_REQ_SOURCE_DATA, &index, &data);
    assert_int_equal(data.reachability, 0377);
    assert_int_equal(data.stratum, 1);
    /* The first sample is enough: there are sixteen already. */
    sim_run(sim, 1002.0);
    probe_command(client, CONTROL_REQ_SOURCE_DATA, &index, &data);
    assert_int_equal(data.state, CONTROL_STATE_SELECTED);
    sim_run(sim, 2000.0);
    assert_true(fabs(sim_error(client)) < 1e-4);
    sim_free(sim);
}

static void slew_that_was_not_finished_is_in_the_dump(void **state) {
    struct sim *sim = world("server %0 iburst minpoll 6 maxpoll 6");
    struct sim_node *client = sim_node(sim, CLIENT);
    struct control_index index = {0};
    struct control_sourcestats stats;

    (void)state;
    client->own_clock.clock_ns += 100 * NS_PER_S;
    sim_run(sim, 400.0);
    assert_true(sim_error(client) > 10.0);
    sim_stop(client);
    client->options.reload_dumps = true;
    sim_start(client);
    assert_int_equal(sim_matched(client, "Loaded dump file for 192.168.1.0"), 1);
    probe_command(client, CONTROL_REQ_SOURCESTATS, &index, &stats);
    assert_true(fabs(stats.est_offset - sim_error(client)) < 1e-3);
    sim_free(sim);
}

static void without_r_the_file_is_only_removed(void **state) {
    struct sim *sim = world("server %0 iburst");
    struct sim_node *client = sim_node(sim, CLIENT);

    (void)state;
    sim_run(sim, 100.0);
    sim_stop(client);
    assert_non_null(sim_read(client, DUMP));
    sim_start(client);
    assert_null(sim_read(client, DUMP));
    assert_int_equal(samples_of(client), 0);
    sim_free(sim);
}

static void command_writes_the_files(void **state) {
    struct sim *sim = world("server %0 iburst");
    struct sim_node *client = sim_node(sim, CLIENT);
    struct control_int nothing = {0};

    (void)state;
    sim_run(sim, 1.0);
    assert_int_equal(probe_command(client, CONTROL_REQ_DUMP, &nothing, NULL), CONTROL_SUCCESS);
    sim_run(sim, 10.0);
    assert_int_equal(probe_command(client, CONTROL_REQ_DUMP, &nothing, NULL), CONTROL_SUCCESS);
    assert_int_equal(lines(sim_read(client, DUMP)), 4 + 4);
    sim_free(sim);
}

#define HEAD  "SRC0\n192.168.1.0\n0 377 8 1 0\n"
#define ONE   "1262303990.000000000 1e-3 1e-3 1e-4 1e-6 1e-4 1e-6\n"
#define TWO   "1262303995.000000000 1e-3 1e-3 1e-4 1e-6 1e-4 1e-6\n"
#define GOOD  HEAD "2 0\n" ONE TWO
#define LATER "1262304095.000000000 1e-3 1e-3 1e-4 1e-6 1e-4 1e-6\n"

static void file_that_cannot_be_right_is_refused(void **state) {
    static const char *const bad[] = {
        "",
        "SRC1\n192.168.1.0\n0 377 8 1 0\n2 0\n" ONE TWO,
        "SRC0\n192.168.1.7\n0 377 8 1 0\n2 0\n" ONE TWO,
        "SRC0\n192.168.1.0\n0 377 8 16 0\n2 0\n" ONE TWO,
        "SRC0\n192.168.1.0\n0 377 8 -1 0\n2 0\n" ONE TWO,
        "SRC0\n192.168.1.0\n0 377 8 1 3\n2 0\n" ONE TWO,
        HEAD "2 0\n" ONE,
        HEAD "0 0\n",
        HEAD "65 0\n" ONE TWO,
        HEAD "2 0\n" TWO ONE,
        HEAD "2 0\n" ONE LATER,
        HEAD "2 0\n" ONE "1262303995.0000 1e-3 1e-3 1e-4 1e-6 1e-4 1e-6\n",
        HEAD "2 0\n" ONE "1262303995.000000000 1e-3 1e-3 1e-4 1e-6 1e-4\n",
        HEAD "2 0\n" ONE "1262303995.000000000 1e7 1e-3 1e-4 1e-6 1e-4 1e-6\n",
        HEAD "2 0\n" ONE "1262303995.000000000 nan 1e-3 1e-4 1e-6 1e-4 1e-6\n",
        HEAD "2 0\n" ONE "99999999999999999999.000000000 1 1 1 1 1 1\n",
        HEAD "2 0\n" ONE "-5.000000000 1 1 1 1 1 1\n",
        HEAD "2 0\n" ONE "\n",
    };

    (void)state;
    for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
        struct sim *sim = world("server %0 iburst");
        struct sim_node *client = sim_node(sim, CLIENT);
        bool good = i == sizeof(bad) / sizeof(bad[0]);
        const char *text = good ? GOOD : bad[i];

        client->options.reload_dumps = true;
        sim_write(client, DUMP, text, strlen(text));
        sim_run(sim, 0.1);
        assert_int_equal(sim_matched(client, "Loaded dump file for 192.168.1.0"), good);
        assert_int_equal(sim_matched(client, "Could not load dump file for 192.168.1.0"), !good);
        assert_int_equal(samples_of(client), good ? 2 : 0);
        assert_null(sim_read(client, DUMP));
        sim_free(sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restarted_daemon_goes_on_where_it_was),
        cmocka_unit_test(slew_that_was_not_finished_is_in_the_dump),
        cmocka_unit_test(without_r_the_file_is_only_removed),
        cmocka_unit_test(command_writes_the_files),
        cmocka_unit_test(file_that_cannot_be_right_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
