/* Files, directories, record files and shell patterns, in a directory of our own under /tmp. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/linux/conf_reader.h"
#include "core/linux/files.h"
#include "core/linux/log_files.h"

static char said[4096];
static char root[64];

static void remember(void *context, enum log_level level, const char *message) {
    (void)context;
    (void)level;
    strncat(said, message, sizeof said - strlen(said) - 2);
    strcat(said, "\n");
}

static const struct log log_here = {remember, NULL};

static int set_up(void **state) {
    (void)state;
    said[0] = '\0';
    strcpy(root, "/tmp/test_linux_files.XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state) {
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static const char *in_root(const char *name) {
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static void assert_content(const char *path, const char *expected) {
    char *text = file_read_text(path);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void replaced_file_has_the_new_text_and_mode(void **state) {
    struct stat status;

    (void)state;
    umask(022);
    assert_true(file_replace(&log_here, in_root("drift"), "old and long\n", 0644));
    assert_true(file_replace(&log_here, in_root("drift"), "new\n", 0600));
    assert_content(in_root("drift"), "new\n");
    assert_int_equal(stat(in_root("drift"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(access(in_root("drift.tmp"), F_OK), -1);
    assert_string_equal(said, "");
}

static void time_of_a_file_is_known_and_of_none_is_not(void **state) {
    const struct timespec times[2] = {{.tv_sec = 978307200}, {.tv_sec = 978307200, .tv_nsec = 5}};

    (void)state;
    assert_true(file_replace(&log_here, in_root("drift"), "x", 0644));
    assert_int_equal(utimensat(AT_FDCWD, in_root("drift"), times, 0), 0);
    assert_int_equal(file_modified(in_root("drift")), 978307200 * NS_PER_S + 5);
    assert_int_equal(file_modified(in_root("none")), NS_UNKNOWN);
}

static void replacing_in_a_missing_directory_is_one_error(void **state) {
    (void)state;
    assert_false(file_replace(&log_here, in_root("none/drift"), "x", 0644));
    assert_non_null(strstr(said, "Could not open "));
    assert_non_null(strstr(said, "none/drift.tmp : No such file or directory"));
}

static void replacing_does_not_follow_a_planted_link(void **state) {
    (void)state;
    assert_true(file_replace(&log_here, in_root("victim"), "precious", 0644));
    assert_int_equal(symlink(in_root("victim"), in_root("drift.tmp")), 0);
    assert_true(file_replace(&log_here, in_root("drift"), "x", 0644));
    assert_content(in_root("victim"), "precious");
    assert_content(in_root("drift"), "x");
}

static void reading_is_bounded_and_terminated(void **state) {
    char buffer[5];

    (void)state;
    assert_true(file_replace(&log_here, in_root("long"), "123456789", 0644));
    assert_int_equal(file_read(&log_here, in_root("long"), buffer, sizeof buffer), 4);
    assert_string_equal(buffer, "1234");
    assert_int_equal(file_read(&log_here, in_root("missing"), buffer, sizeof buffer), -1);
    assert_string_equal(said, "");
}

static void text_of_any_length_is_read_whole(void **state) {
    size_t length = 100000;
    char *text = malloc(length + 1);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', length);
    text[length] = '\0';
    assert_true(file_replace(&log_here, in_root("big"), text, 0644));
    assert_content(in_root("big"), text);
    free(text);
    assert_true(file_replace(&log_here, in_root("empty"), "", 0644));
    assert_content(in_root("empty"), "");
    assert_null(file_read_text(in_root("missing")));
    assert_int_equal(errno, ENOENT);
    assert_null(file_read_text(root));
    assert_int_equal(errno, EISDIR);
}

static void secret_that_others_may_touch_is_read_with_a_warning(void **state) {
    static const struct {
        int mode;
        const char *warning;
    } rows[] = {{0640, ""},
                {0771, ""},
                {0644, "World-readable permissions on "},
                {0642, "World-writable permissions on "},
                {0666, "World-writable permissions on "}};

    (void)state;
    umask(0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text;

        said[0] = '\0';
        assert_true(file_replace(&log_here, in_root("keys"), "1 MD5 secret\n", rows[i].mode));
        text = file_read_secret(&log_here, in_root("keys"));
        assert_non_null(text);
        assert_string_equal(text, "1 MD5 secret\n");
        free(text);
        assert_int_equal(strncmp(said, rows[i].warning, strlen(rows[i].warning)), 0);
        assert_int_equal(*said == '\0', *rows[i].warning == '\0');
    }
    said[0] = '\0';
    assert_null(file_read_secret(&log_here, in_root("missing")));
    assert_string_equal(said, "");
}

static void directories_are_made_with_their_parents(void **state) {
    struct stat status;

    (void)state;
    umask(022);
    assert_true(directory_make(&log_here, in_root("a/b/c"), 0770, geteuid(), getegid()));
    assert_int_equal(stat(in_root("a/b"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0755);
    assert_int_equal(stat(in_root("a/b/c"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0750);
    assert_true(directory_make(&log_here, in_root("a/b/c"), 0770, geteuid(), getegid()));
    assert_true(file_replace(&log_here, in_root("file"), "", 0644));
    assert_false(directory_make(&log_here, in_root("file"), 0770, geteuid(), getegid()));
    assert_non_null(strstr(said, "/file is not directory"));
}

static void socket_directory_must_be_closed_to_others_and_ours(void **state) {
    const char *path = in_root("run/chronyd.sock");

    (void)state;
    assert_true(directory_make_parent(&log_here, path, 0770, geteuid(), getegid()));
    assert_true(directory_is_private(&log_here, path, geteuid(), getegid()));
    assert_string_equal(said, "");
    assert_false(directory_is_private(&log_here, path, geteuid() + 1, getegid()));
    assert_non_null(strstr(said, "Wrong owner of "));
    assert_non_null(strstr(said, "(UID != "));
    assert_int_equal(chmod(in_root("run"), 0755), 0);
    assert_false(directory_is_private(&log_here, path, geteuid(), getegid()));
    assert_non_null(strstr(said, "Wrong permissions on "));
}

static void rows_are_appended_and_files_reopened_after_rotation(void **state) {
    struct log_files files;

    (void)state;
    log_files_init(&files, root, &log_here);
    assert_true(log_files_append(&files, "tracking", "one\n"));
    assert_true(log_files_append(&files, "tracking", "two\n"));
    assert_true(log_files_append(&files, "statistics", "three\n"));
    assert_content(in_root("tracking.log"), "one\ntwo\n");
    assert_int_equal(rename(in_root("tracking.log"), in_root("tracking.log.1")), 0);
    log_files_cycle(&files);
    assert_true(log_files_append(&files, "tracking", "four\n"));
    assert_content(in_root("tracking.log"), "four\n");
    assert_content(in_root("statistics.log"), "three\n");
    log_files_cycle(&files);
}

static void unwritable_record_file_is_said_once_and_recovers(void **state) {
    struct log_files files;

    (void)state;
    log_files_init(&files, in_root("later"), &log_here);
    for (int i = 0; i < 5; i++)
        assert_false(log_files_append(&files, "tracking", "lost\n"));
    assert_non_null(strstr(said, "Could not open "));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    assert_int_equal(mkdir(in_root("later"), 0755), 0);
    log_files_cycle(&files);
    assert_true(log_files_append(&files, "tracking", "kept\n"));
    assert_content(in_root("later/tracking.log"), "kept\n");
    log_files_cycle(&files);
}

static void full_disk_is_said_once(void **state) {
    struct log_files files;

    (void)state;
    if (access("/dev/full", W_OK) < 0)
        skip();
    log_files_init(&files, root, &log_here);
    assert_true(log_files_append(&files, "tracking", ""));
    assert_non_null(freopen("/dev/full", "w", stdin));
    assert_true(dup2(STDIN_FILENO, files.slots[0].fd) >= 0);
    assert_false(log_files_append(&files, "tracking", "lost\n"));
    assert_false(log_files_append(&files, "tracking", "lost\n"));
    assert_non_null(strstr(said, "tracking.log : No space left on device"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    log_files_cycle(&files);
}

static void no_directory_means_no_rows(void **state) {
    struct log_files files;

    (void)state;
    log_files_init(&files, NULL, &log_here);
    assert_false(log_files_append(&files, "tracking", "lost\n"));
    assert_string_equal(said, "");
}

static void patterns_match_as_in_a_shell(void **state) {
    static const struct {
        const char *pattern, *name;
        bool match;
    } rows[] = {
        {"*.conf", "a.conf", true},
        {"*.conf", "a.conf.bak", false},
        {"*", "", true},
        {"a*b*c", "a-b-b-c", true},
        {"a*b*c", "a-c-b", false},
        {"?.sources", "x.sources", true},
        {"?.sources", ".sources", false},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[!a-c]x", "dx", true},
        {"[]]", "]", true},
        {"[abc", "[abc", true},
        {"a\\*", "a*", true},
        {"a\\*", "ab", false},
        {"**", "anything", true},
        {"plain", "plain", true},
        {"plain", "plainer", false},
        {"*a", "bab", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (pattern_match(rows[i].pattern, rows[i].name) != rows[i].match)
            fail_msg("%s against %s", rows[i].pattern, rows[i].name);
}

static void free_list(char **files) {
    for (char **file = files; *file; file++)
        free(*file);
    free(files);
}

static void matching_files_come_sorted_without_hidden_ones(void **state) {
    char **files;
    int count;

    (void)state;
    assert_true(directory_make(&log_here, in_root("x1"), 0755, geteuid(), getegid()));
    assert_true(directory_make(&log_here, in_root("x2"), 0755, geteuid(), getegid()));
    file_replace(&log_here, in_root("x2/a.conf"), "", 0644);
    file_replace(&log_here, in_root("x1/b.conf"), "", 0644);
    file_replace(&log_here, in_root("x1/a.conf"), "", 0644);
    file_replace(&log_here, in_root("x1/.hidden.conf"), "", 0644);
    file_replace(&log_here, in_root("x1/a.conf~"), "", 0644);
    files = pattern_find_files(NULL, in_root("x?/*.conf"), &count);
    assert_non_null(files);
    assert_int_equal(count, 3);
    assert_string_equal(files[0], in_root("x1/a.conf"));
    assert_string_equal(files[1], in_root("x1/b.conf"));
    assert_string_equal(files[2], in_root("x2/a.conf"));
    assert_null(files[3]);
    free_list(files);
    files = pattern_find_files(NULL, in_root("x1/*.nothing"), &count);
    assert_non_null(files);
    assert_int_equal(count, 0);
    free_list(files);
    assert_null(pattern_find_files(NULL, in_root("missing/*.conf"), &count));
    assert_int_equal(errno, ENOENT);
}

static void dumps_of_all_sources_are_forgotten_and_nothing_else(void **state) {
    static const char *const dumps[] = {"192.0.2.1.dat", "2001:db8::1.dat", "refid:50505330.dat"};
    static const char *const others[] = {"host.example.dat", ".dat", "192.0.2.1", "192.0.2.1.nts",
                                         "192.0.2.1.dat.tmp"};

    (void)state;
    for (size_t i = 0; i < sizeof dumps / sizeof dumps[0]; i++)
        assert_true(file_replace(&log_here, in_root(dumps[i]), "SRC0\n", 0644));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_true(file_replace(&log_here, in_root(others[i]), "x\n", 0644));
    directory_forget_dumps(&log_here, root);
    directory_forget_dumps(&log_here, in_root("missing"));
    for (size_t i = 0; i < sizeof dumps / sizeof dumps[0]; i++)
        assert_int_equal(access(in_root(dumps[i]), F_OK), -1);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(access(in_root(others[i]), F_OK), 0);
    assert_string_equal(said, "");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(replaced_file_has_the_new_text_and_mode),
        TEST(time_of_a_file_is_known_and_of_none_is_not),
        TEST(replacing_in_a_missing_directory_is_one_error),
        TEST(replacing_does_not_follow_a_planted_link),
        TEST(reading_is_bounded_and_terminated),
        TEST(text_of_any_length_is_read_whole),
        TEST(secret_that_others_may_touch_is_read_with_a_warning),
        TEST(directories_are_made_with_their_parents),
        TEST(socket_directory_must_be_closed_to_others_and_ours),
        TEST(rows_are_appended_and_files_reopened_after_rotation),
        TEST(unwritable_record_file_is_said_once_and_recovers),
        TEST(full_disk_is_said_once),
        TEST(no_directory_means_no_rows),
        TEST(dumps_of_all_sources_are_forgotten_and_nothing_else),
        cmocka_unit_test(patterns_match_as_in_a_shell),
        TEST(matching_files_come_sorted_without_hidden_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
