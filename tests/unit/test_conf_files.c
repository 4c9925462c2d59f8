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

static void directories_among_the_files_are_left_out(void **state) {
    static const char *const files[] = {
        "/a/1.conf", "port 1\n", "/a/2.conf", WORLD_DIRECTORY, "/a/3.conf", "port 3\n", NULL,
    };
    struct world *world = world_new(files);

    (void)state;
    world_takes(world, "include /a/*");
    world_takes(world, "confdir /a");
    assert_int_equal(world->config.port, 3);
    assert_string_equal(world->logged, "/a/2.conf is a directory, not read\n"
                                       "/a/2.conf is a directory, not read\n");
    world_free(world);
}

/* A line of a file, and what becomes of it. */
static void line_of_file(const char *text, const char *error) {
    const char *const files[] = {"/f", text, NULL};
    struct world *world = world_new(files);

    if (!conf_parse_file(&world->conf, "/f"))
        assert_string_equal(world->conf.error, error);
    else
        assert_string_equal("", error);
    world_free(world);
}

static void line_of_2047_bytes_with_its_newline_is_the_longest(void **state) {
    struct world *world = world_new(NULL);
    char line[3000] = "#";

    (void)state;
    memset(line + 1, 'x', 2045);
    strcpy(line + 2046, "\nport 5");
    line_of_file(line, "");
    strcpy(line + 2046, "x\nport 5");
    line_of_file(line, "String too long at line 1 in file /f");
    line[2047] = '\0';
    line_of_file(line, "");
    world_takes(world, line);
    strcpy(line + 2047, "x");
    line_of_file(line, "String too long at line 1 in file /f");
    world_refuses(world, line, "String too long at line 1");
    world_free(world);
}

/* ---- *.sources ---- */

/* Names, separated by spaces. */
static void note_source(void *context, const struct source_config *source) {
    strcat(context, source->name);
    strcat(context, " ");
}

static void expect_sources(struct world *world, const char *sourcedir, const char *names) {
    char found[256] = "";

    conf_read_sources(&world->reader, sourcedir, note_source, found);
    assert_string_equal(found, names);
    assert_string_equal(world->logged, "");
}

static void sources_come_by_base_name_and_the_first_directory_wins(void **state) {
    static const char *const files[] = {
        "/a/20.sources", "server a20\n",  "/a/30.sources",          WORLD_DIRECTORY, "/a/40.conf",
        "server conf\n", "/b/10.sources", "server b10\npool b11\n", "/b/20.sources", "server b20\n",
        "/b/30.sources", "server b30\n",  "/b/40.sources",          "server b40\n",  NULL,
    };
    struct world *world = world_new(files);

    (void)state;
    expect_sources(world, "/a /nowhere /b", "b10 b11 a20 b40 ");
    expect_sources(world, "/b /a", "b10 b11 b20 b30 b40 ");
    expect_sources(world, "/nowhere", "");
    expect_sources(world, "/a /0 /1 /2 /3 /4 /5 /6 /7 /b", "b10 b11 a20 b40 ");
    expect_sources(world, "/a /0 /1 /2 /3 /4 /5 /6 /7 /8 /b", "");
    expect_sources(world, "", "");
    world_free(world);
}

static void only_good_whole_lines_are_sources(void **state) {
    static const char lines[] =
        "# c\n  SERVER\ta  iburst \r\nport 1\nserver\nserver b foo\nserver c minpoll x\nservr d\n\n"
        "include /a/1.sources\npeer e\npool f maxsources 99\nserver unfinished";
    static const char *const files[] = {
        "/a/1.sources", lines, "/a/2.sources", "server g", "/a/3.sources", "", NULL,
    };
    struct world *world = world_new(files);

    (void)state;
    expect_sources(world, "/a", "a e f ");
    world_free(world);
}

static void source_line_that_is_too_long_ends_its_file(void **state) {
    char text[3000] = "server a\n#";
    const char *const files[] = {"/a/1.sources", text, NULL};
    struct world *world = world_new(files);

    (void)state;
    memset(text + 10, 'x', 2046);
    strcpy(text + 10 + 2046, "\nserver b\n");
    expect_sources(world, "/a", "a b ");
    strcpy(text + 10 + 2046, "x\nserver b\n");
    expect_sources(world, "/a", "a ");
    world_free(world);
}

static void keep_source(void *context, const struct source_config *source) {
    *(struct source_config *)context = *source;
}

static void source_of_a_file_has_its_options_in_their_range(void **state) {
    static const char *const files[] = {"/a/1.sources", "pool p minpoll 40 maxsources 99 prefer\n",
                                        NULL};
    struct world *world = world_new(files);
    struct source_config source;

    (void)state;
    conf_read_sources(&world->reader, "/a", keep_source, &source);
    assert_int_equal(source.type, SOURCE_POOL);
    assert_int_equal(source.minpoll, 24);
    assert_int_equal(source.max_sources, CONFIG_MAX_POOL);
    assert_true(source.online);
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
        cmocka_unit_test(directories_among_the_files_are_left_out),
        cmocka_unit_test(line_of_2047_bytes_with_its_newline_is_the_longest),
        cmocka_unit_test(printing_collapses_white_space_and_keeps_the_keyword),
        cmocka_unit_test(sources_come_by_base_name_and_the_first_directory_wins),
        cmocka_unit_test(only_good_whole_lines_are_sources),
        cmocka_unit_test(source_line_that_is_too_long_ends_its_file),
        cmocka_unit_test(source_of_a_file_has_its_options_in_their_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
