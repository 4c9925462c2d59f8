/* One binary, many names: the program's own main(), called as a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* main.c is the one file that is not in the archive under a name of its own. */
#define main chronobox_main
#include "applets/main.c" // NOLINT(bugprone-suspicious-include)
#undef main

static char directory[64];
static char output[8192];

static int set_up(void **state) {
    (void)state;
    strcpy(directory, "/tmp/test_dispatch.XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state) {
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    return system(command);
}

/* Calls it with standard output and standard error going to `output`. */
static int call(char **argv) {
    int argc = 0, status, saved[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    FILE *file = tmpfile();
    size_t length;

    assert_non_null(file);
    while (argv[argc])
        argc++;
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    status = chronobox_main(argc, argv);
    fflush(stdout);
    dup2(saved[0], STDOUT_FILENO);
    dup2(saved[1], STDERR_FILENO);
    close(saved[0]);
    close(saved[1]);
    rewind(file);
    length = fread(output, 1, sizeof output - 1, file);
    output[length] = '\0';
    fclose(file);
    return status;
}

#define CALL(...) call((char *[]){__VA_ARGS__, NULL})

static void last_component_of_the_name_chooses_the_applet(void **state) {
    (void)state;
    assert_int_equal(CALL("chronyd", "--version"), 0);
    assert_memory_equal(output, "chronyd (chrony) version ", 25);
    assert_int_equal(CALL("/some/where/chronyd", "-v"), 0);
    assert_memory_equal(output, "chronyd (chrony) version ", 25);
}

static void first_argument_chooses_the_applet(void **state) {
    (void)state;
    assert_int_equal(CALL("/bin/chronobox", "chronyd", "-v"), 0);
    assert_memory_equal(output, "chronyd (chrony) version ", 25);
    assert_int_equal(CALL("chronobox", "/usr/sbin/chronyd", "-v"), 0);
    assert_memory_equal(output, "chronyd (chrony) version ", 25);
}

static void assert_refused(const char *name) {
    char expected[128];

    snprintf(expected, sizeof expected, "chronobox: no applet %s; there are: chronyd chronyc ",
             name);
    assert_memory_equal(output, expected, strlen(expected));
    assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
}

static void unknown_name_is_one_line_and_status_127(void **state) {
    (void)state;
    assert_int_equal(CALL("ntpd"), 127);
    assert_refused("ntpd");
    assert_int_equal(CALL("chronyd2"), 127);
    assert_refused("chronyd2");
    assert_int_equal(CALL("chronobox", "chrony"), 127);
    assert_refused("chrony");
    assert_int_equal(chronobox_main(0, (char *[]){NULL}), 127);
}

static void list_names_every_applet_on_its_own_line(void **state) {
    size_t lines = 0;

    (void)state;
    assert_int_equal(CALL("chronobox", "--list"), 0);
    for (const char *at = output; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, APPLET_COUNT);
    assert_memory_equal(output, "chronyd\nchronyc\n", 16);
}

static void help_and_version_exit_0(void **state) {
    (void)state;
    assert_int_equal(CALL("chronobox"), 0);
    assert_non_null(strstr(output, "Usage: chronobox "));
    assert_int_equal(CALL("chronobox", "--help"), 0);
    assert_non_null(strstr(output, "NTP daemon"));
    assert_int_equal(CALL("chronobox", "--version"), 0);
    assert_memory_equal(output, "chronobox " CHRONOBOX_VERSION,
                        strlen("chronobox " CHRONOBOX_VERSION));
}

static void install_makes_links_to_the_binary_twice_without_complaint(void **state) {
    char self[512], target[512], link[128];
    ssize_t length;

    (void)state;
    assert_int_equal(CALL("chronobox", "--install", directory), 0);
    assert_int_equal(CALL("chronobox", "--install", directory), 0);
    assert_string_equal(output, "");
    length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    for (size_t i = 0; i < APPLET_COUNT; i++) {
        snprintf(link, sizeof link, "%s/%s", directory, applets[i].name);
        length = readlink(link, target, sizeof target - 1);
        assert_true(length > 0);
        target[length] = '\0';
        assert_string_equal(target, self);
    }
}

static void install_fails_where_it_cannot_write(void **state) {
    (void)state;
    assert_int_equal(CALL("chronobox", "--install", "/nonexistent"), 1);
    assert_non_null(strstr(output, "/nonexistent/chronyd: No such file or directory"));
}

static void directories_are_compared_by_what_they_are(void **state) {
    char again[80];

    (void)state;
    snprintf(again, sizeof again, "%s/../%s/.", directory, last_component(directory));
    assert_true(same_directory(directory, again));
    assert_false(same_directory(directory, "/tmp"));
    assert_false(same_directory(directory, "/nonexistent"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_component_of_the_name_chooses_the_applet),
        cmocka_unit_test(first_argument_chooses_the_applet),
        cmocka_unit_test(unknown_name_is_one_line_and_status_127),
        cmocka_unit_test(list_names_every_applet_on_its_own_line),
        cmocka_unit_test(help_and_version_exit_0),
        TEST(install_makes_links_to_the_binary_twice_without_complaint),
        TEST(install_fails_where_it_cannot_write),
        TEST(directories_are_compared_by_what_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
