/* Files of a configuration, from memory: what is included where, in which order, how deep, how long
 * a line, and what chronyd -p shows of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/conf_world.h"

static void includes_are_read_in_place_and_errors_name_their_file(void **state) {
    static const char *const files[] = {
        "/etc/a.conf",
        "port 1\ninclude /etc/inc/b.conf\nuser last\n",
        "/etc/inc/b.conf",
        "# b\nport 2\nuser b\ninclude /etc/inc/x*.conf",
        "/etc/inc/x1.conf",
        "include /etc/inc/none*\n",
        "/etc/inc/x2.conf",
        "dscp 5\r\n\n  Nonsense 1\n",
        NULL,
    };
    struct world *world = world_new(files);

    (void)state;
    world_prints(world);
    assert_false(conf_parse_file(&world->conf, "/etc/a.conf"));
    assert_string_equal(world->conf.error,
                        "Invalid directive Nonsense at line 3 in file /etc/inc/x2.conf");
    assert_int_equal(world->config.port, 2);
    assert_int_equal(world->config.dscp, 5);
    assert_string_equal(world->config.user, "b");
    assert_string_equal(world->printed, "port 1\nport 2\nuser b\ndscp 5\nNonsense 1\n");
    assert_int_equal(world->conf.depth, 0);
    world_free(world);
}

static void confdir_sorts_by_base_name_and_the_first_directory_wins(void **state) {
    static const char *const files[] = {
        "/a/20.conf", "dscp 20\nlog tracking\n",
        "/a/30.conf", "user a30\n",
        "/a/40.text", "bad\n",
        "/b/10.conf", "user b10\n",
        "/b/20.conf", "dscp 1\n",
        "/b/25.conf", "user b25\n",
        "/b/99.conf", "logdir /b99\n",
        NULL,
    };
    struct world *world = world_new(files);

    (void)state;
    world_prints(world);
    world_takes(world, "confdir /a /nowhere /b");
    assert_string_equal(world->printed,
                        "user b10\ndscp 20\nlog tracking\nuser b25\nuser a30\nlogdir /b99\n");
    world_free(world);
}

static void tenth_file_is_read_and_the_eleventh_is_too_deep(void **state) {
    char texts[11][32], paths[11][16];
    const char *files[23] = {NULL};
    struct world *world;

    (void)state;
    for (int i = 0; i < 11; i++) {
        snprintf(paths[i], sizeof paths[i], "/%d", i);
        snprintf(texts[i], sizeof texts[i], i < 9 ? "include /%d" : "port 5", i + 1);
        files[2 * i] = paths[i];
        files[2 * i + 1] = texts[i];
    }
    world = world_new(files);
    assert_true(conf_parse_file(&world->conf, "/0"));
    assert_int_equal(world->config.port, 5);
    strcpy(texts[9], "include /10");
    assert_false(conf_parse_file(&world->conf, "/0"));
    assert_string_equal(world->conf.error, "Maximum include level reached");
    assert_int_equal(world->conf.depth, 0);
    world_free(world);
}

static void line_of_2047_bytes_with_its_newline_is_the_longest(void **state) {
    struct world *world = world_new(NULL);
    char line[3000];

    (void)state;
    memset(line, 'x', sizeof line);
    line[0] = '#';
    line[2046] = '\0';
    world_takes(world, line);
    line[2046] = 'x';
    line[2047] = '\0';
    world_refuses(world, line, "String too long at line 1");
    assert_false(conf_parse_line(&world->conf, line, "f", 9));
    assert_string_equal(world->conf.error, "String too long at line 9 in file f");
    world_free(world);
}

static void printing_collapses_white_space_and_keeps_the_keyword(void **state) {
    struct world *world = world_new(NULL);

    (void)state;
    world_prints(world);
    world_takes(world, " \tPort\v 5  ");
    world_takes(world, "manual");
    world_takes(world, "server  a.example\txleave");
    world_takes(world, "! server b.example");
    world_refuses(world, "port  x", "Could not parse port directive at line 1");
    assert_string_equal(world->printed, "Port 5\nmanual\nserver a.example xleave\nport x\n");
    assert_string_equal(world->logged, "");
    world_free(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(includes_are_read_in_place_and_errors_name_their_file),
        cmocka_unit_test(confdir_sorts_by_base_name_and_the_first_directory_wins),
        cmocka_unit_test(tenth_file_is_read_and_the_eleventh_is_too_deep),
        cmocka_unit_test(line_of_2047_bytes_with_its_newline_is_the_longest),
        cmocka_unit_test(printing_collapses_white_space_and_keeps_the_keyword),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
