/* What a chronyd process is beside its loop: messages, the pidfile, accounts, the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "applets/chronyd/options.h"
#include "core/linux/daemon.h"
#include "core/linux/files.h"
#include "core/linux/log_sink.h"
#include "core/linux/privileges.h"

static char path[64];

static int set_up(void **state) {
    int fd;

    (void)state;
    strcpy(path, "/tmp/test_linux_process.XXXXXX");
    fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state) {
    (void)state;
    unlink(path);
    return 0;
}

static void message_is_a_line_with_the_date_in_utc(void **state) {
    struct log_sink sink;
    struct log log;
    char *text;

    (void)state;
    log_sink_init(&sink);
    assert_true(log_sink_open_file(&sink, path));
    log = log_sink_log(&sink);
    log_info(&log, "Selected source %s", "192.0.2.1");
    text = file_read_text(path);
    assert_non_null(text);
    /* 2026-11-22T10:13:47Z Selected source 192.0.2.1 */
    assert_int_equal(strlen(text), 20 + 1 + strlen("Selected source 192.0.2.1\n"));
    assert_int_equal(text[10], 'T');
    assert_string_equal(text + 19, "Z Selected source 192.0.2.1\n");
    free(text);
    close(sink.fd);
}

static void messages_below_the_threshold_are_dropped(void **state) {
    struct log_sink sink;
    struct log log;
    char *text;

    (void)state;
    log_sink_init(&sink);
    assert_true(log_sink_open_file(&sink, path));
    sink.threshold = LOG_ERROR_LEVEL;
    log = log_sink_log(&sink);
    log_info(&log, "information");
    log_warning(&log, "warning");
    log_error(&log, "error");
    log_fatal(&log, "the end");
    text = file_read_text(path);
    assert_non_null(text);
    assert_null(strstr(text, "information"));
    assert_null(strstr(text, "warning"));
    assert_non_null(strstr(text, "Z error\n"));
    assert_non_null(strstr(text, "Z Fatal error : the end\n"));
    free(text);
    close(sink.fd);
}

static void overlong_message_is_cut_and_still_ends_its_line(void **state) {
    struct log_sink sink;
    struct log log;
    char message[3 * LOG_MESSAGE_SIZE];
    char *text;

    (void)state;
    memset(message, 'x', sizeof message);
    message[sizeof message - 1] = '\0';
    log_sink_init(&sink);
    assert_true(log_sink_open_file(&sink, path));
    log = log_sink_log(&sink);
    log_fatal(&log, "%s", message);
    text = file_read_text(path);
    assert_non_null(text);
    assert_true(strlen(text) < 2 * LOG_MESSAGE_SIZE);
    assert_int_equal(text[strlen(text) - 1], '\n');
    free(text);
    close(sink.fd);
}

static void log_file_is_not_reached_through_a_link(void **state) {
    struct log_sink sink;
    char link[80];

    (void)state;
    snprintf(link, sizeof link, "%s.link", path);
    assert_int_equal(symlink(path, link), 0);
    log_sink_init(&sink);
    assert_false(log_sink_open_file(&sink, link));
    unlink(link);
    assert_true(log_sink_open_file(&sink, "/dev/stderr"));
    close(sink.fd);
    assert_true(log_sink_open_file(&sink, "/proc/self/fd/1"));
    close(sink.fd);
    assert_false(log_sink_open_file(&sink, "/proc/self/fd/1023"));
}

static void write_pid(const char *text) {
    static const struct log silent = {NULL, NULL};

    assert_true(file_replace(&silent, path, text, 0644));
}

static void own_dead_and_meaningless_pids_are_no_obstacle(void **state) {
    char text[32];
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(0);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    snprintf(text, sizeof text, "%d\n", (int)child);
    write_pid(text);
    assert_int_equal(pidfile_owner(path), 0);
    assert_true(pidfile_write(path));
    assert_int_equal(pidfile_owner(path), 0); /* our own */
    write_pid("garbage\n");
    assert_int_equal(pidfile_owner(path), 0);
    write_pid("-5\n");
    assert_int_equal(pidfile_owner(path), 0);
    unlink(path);
    assert_int_equal(pidfile_owner(path), 0);
}

/* A child of this name that lives until its pipe is closed. */
static pid_t start_child(const char *name, int *pipe_end) {
    int ends[2], ready[2];
    char byte = 0;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        close(ends[1]);
        prctl(PR_SET_NAME, name, 0L, 0L, 0L);
        if (write(ready[1], &byte, 1) != 1)
            _exit(1);
        _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
    }
    assert_true(child > 0);
    close(ends[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    *pipe_end = ends[1];
    return child;
}

static void living_chronyd_is_an_obstacle_another_program_is_not(void **state) {
    static const char *const names[] = {"chronyd", "sleep"};
    char text[32];

    (void)state;
    for (int i = 0; i < 2; i++) {
        int pipe_end;
        pid_t child = start_child(names[i], &pipe_end);

        snprintf(text, sizeof text, "%d\n", (int)child);
        write_pid(text);
        assert_int_equal(pidfile_owner(path), i == 0 ? child : 0);
        close(pipe_end);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
}

static void pidfile_holds_the_pid_and_replaces_what_was_there(void **state) {
    struct stat status;
    char expected[32], *text;

    (void)state;
    umask(022);
    assert_true(pidfile_write(path));
    snprintf(expected, sizeof expected, "%d\n", (int)getpid());
    text = file_read_text(path);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
    assert_false(pidfile_write("/nonexistent/chronyd.pid"));
}

static void accounts_are_found_by_number_and_root_without_a_file(void **state) {
    struct account account;

    (void)state;
    assert_true(account_find("root", &account));
    assert_int_equal(account.uid, 0);
    assert_int_equal(account.gid, 0);
    assert_true(account_find("1000", &account));
    assert_int_equal(account.uid, 1000);
    assert_int_equal(account.gid, 1000);
    assert_true(account_find("1000:101", &account));
    assert_int_equal(account.gid, 101);
    assert_false(account_find("no-such-user-here", &account));
    assert_false(account_find("1000:", &account));
    assert_false(account_find("1000x", &account));
    assert_false(account_find("", &account));
}

#define ARGUMENTS(...) char *argv[] = {"chronyd", __VA_ARGS__, NULL}
#define PARSE(options)                                                                             \
    options_parse(&(options), (int)(sizeof argv / sizeof argv[0]) - 1, argv, &culprit)

static const char *culprit;

static void options_may_stand_behind_configuration_lines(void **state) {
    struct chronyd_options options;
    ARGUMENTS("port 0", "-dx", "local stratum 5", "-L", "2", "-t12s", "--", "-d");

    (void)state;
    assert_int_equal(PARSE(options), OPTIONS_OK);
    assert_int_equal(options.debug, 1);
    assert_true(options.no_clock_control);
    assert_int_equal(options.log_level, 2);
    assert_int_equal(options.timeout, 12);
    assert_int_equal(options.line_count, 3);
    assert_string_equal(options.lines[0], "port 0");
    assert_string_equal(options.lines[1], "local stratum 5");
    assert_string_equal(options.lines[2], "-d");
}

static void last_of_contrary_options_wins(void **state) {
    struct chronyd_options options;
    ARGUMENTS("-4", "-6", "-f", "a", "-fb", "-dd");

    (void)state;
    assert_int_equal(PARSE(options), OPTIONS_OK);
    assert_false(options.ipv4);
    assert_true(options.ipv6);
    assert_string_equal(options.config_file, "b");
    assert_int_equal(options.debug, 2);
}

static void help_and_version_are_seen_anywhere(void **state) {
    struct chronyd_options options;
    ARGUMENTS("-f", "--help", "--bogus");

    (void)state;
    assert_int_equal(PARSE(options), OPTIONS_OK);
    assert_true(options.help);
    assert_false(options.version);
}

static void bad_options_are_told_from_bad_numbers(void **state) {
    struct chronyd_options options;

    (void)state;
    {
        ARGUMENTS("-dZ");
        assert_int_equal(PARSE(options), OPTIONS_UNKNOWN);
        assert_int_equal(*culprit, 'Z');
    }
    {
        ARGUMENTS("-df");
        assert_int_equal(PARSE(options), OPTIONS_NO_VALUE);
        assert_int_equal(*culprit, 'f');
    }
    {
        ARGUMENTS("--quiet");
        assert_int_equal(PARSE(options), OPTIONS_UNKNOWN);
    }
    {
        ARGUMENTS("-t", "foo");
        assert_int_equal(PARSE(options), OPTIONS_BAD_NUMBER);
        assert_string_equal(culprit, "foo");
    }
}

static void negative_numbers_are_values(void **state) {
    struct chronyd_options options;
    ARGUMENTS("-F", "-1", "-L-1", "-", "-P", "-1");

    (void)state;
    assert_int_equal(PARSE(options), OPTIONS_OK);
    assert_int_equal(options.priority, -1);
    assert_int_equal(options.filter_level, -1);
    assert_int_equal(options.log_level, -1);
    assert_int_equal(options.line_count, 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(message_is_a_line_with_the_date_in_utc),
        TEST(messages_below_the_threshold_are_dropped),
        TEST(overlong_message_is_cut_and_still_ends_its_line),
        TEST(log_file_is_not_reached_through_a_link),
        TEST(own_dead_and_meaningless_pids_are_no_obstacle),
        TEST(living_chronyd_is_an_obstacle_another_program_is_not),
        TEST(pidfile_holds_the_pid_and_replaces_what_was_there),
        cmocka_unit_test(accounts_are_found_by_number_and_root_without_a_file),
        cmocka_unit_test(options_may_stand_behind_configuration_lines),
        cmocka_unit_test(last_of_contrary_options_wins),
        cmocka_unit_test(help_and_version_are_seen_anywhere),
        cmocka_unit_test(bad_options_are_told_from_bad_numbers),
        cmocka_unit_test(negative_numbers_are_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
