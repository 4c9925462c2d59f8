/* What the system call filter lets a process do and what it ends it for; and the powers that are
 * left when root is given up. Every case is a child of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/linux/files.h"
#include "core/linux/privileges.h"
#include "core/linux/seccomp.h"

enum { SURVIVED = 40, CAUGHT, NOT_LOADED, UNEXPECTED };

static const struct log silent = {NULL, NULL};

/* The address sanitizer's _exit() makes calls of its own first. */
static void leave(int status) {
    syscall(SYS_exit_group, (long)status);
}

static void catch_violation(int number) {
    (void)number;
    leave(CAUGHT);
}

/* A child does it under the filter: its exit status, or minus the signal that ended it. */
static int outcome(int level, void (*act)(void)) {
    pid_t child = fork();
    int status;

    if (child == 0) {
        signal(SIGSYS, level < 0 ? catch_violation : SIG_DFL);
        if (!seccomp_load(&silent, level))
            leave(NOT_LOADED);
        act();
        leave(SURVIVED);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void execute(void) {
    execl("/bin/true", "true", NULL);
}

static void copy_itself(void) {
    syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
}

static void trace(void) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void listen_to_routes(void) {
    socket(AF_NETLINK, SOCK_RAW, 0);
}

static void map_code(void) {
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void signal_another(void) {
    kill(getppid(), 0);
}

static void ask_for_a_thread_by_structure(void) {
    if (syscall(SYS_clone3, NULL, 0L) == 0 || errno != ENOSYS)
        leave(UNEXPECTED);
}

static void work(void) {
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6};
    char byte;
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, &byte, 1) != 1)
        leave(UNEXPECTED);
    close(fd);
    for (int i = 0; i < 3; i++) {
        fd = socket(families[i], SOCK_DGRAM, 0);
        if (fd < 0 && errno != EAFNOSUPPORT)
            leave(UNEXPECTED);
        close(fd);
    }
    if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
        leave(UNEXPECTED);
    unlink("/nonexistent/file");
    rename("/nonexistent/file", "/nonexistent/other");
    (void)access("/nonexistent/file", R_OK);
    /* Reading, and a clock that nobody can set. */
    if (adjtimex(&(struct timex){.modes = 0}) < 0 ||
        clock_settime(CLOCK_MONOTONIC, &(struct timespec){0, 0}) == 0)
        leave(UNEXPECTED);
}

static void daily_work_is_allowed_at_every_level(void **state) {
    (void)state;
    for (int level = -2; level <= 2; level++)
        assert_int_equal(outcome(level, work), SURVIVED);
}

static void level_1_kills_for_what_no_time_keeping_needs(void **state) {
    static void (*const acts[])(void) = {execute,          copy_itself, trace,
                                         listen_to_routes, map_code,    signal_another};

    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        assert_int_equal(outcome(1, acts[i]), -SIGSYS);
}

static void level_2_kills_for_new_programs_and_nothing_harmless(void **state) {
    (void)state;
    assert_int_equal(outcome(2, execute), -SIGSYS);
    assert_int_equal(outcome(2, copy_itself), -SIGSYS);
    assert_int_equal(outcome(2, trace), -SIGSYS);
    assert_int_equal(outcome(2, listen_to_routes), SURVIVED);
    assert_int_equal(outcome(2, signal_another), SURVIVED);
}

static void negative_levels_raise_a_signal_that_can_be_caught(void **state) {
    (void)state;
    assert_int_equal(outcome(-1, execute), CAUGHT);
    assert_int_equal(outcome(-1, listen_to_routes), CAUGHT);
    assert_int_equal(outcome(-2, execute), CAUGHT);
}

static void clone3_is_unknown_so_that_clone_is_taken(void **state) {
    (void)state;
    assert_int_equal(outcome(1, ask_for_a_thread_by_structure), SURVIVED);
    assert_int_equal(outcome(2, ask_for_a_thread_by_structure), SURVIVED);
}

#ifdef __x86_64__
static void call_by_the_other_name(void) {
    syscall(0x40000000 | SYS_getpid);
}

static void calls_of_the_x32_interface_kill(void **state) {
    (void)state;
    assert_int_equal(outcome(1, call_by_the_other_name), -SIGSYS);
    assert_int_equal(outcome(2, call_by_the_other_name), -SIGSYS);
}
#endif

static void level_that_does_not_exist_is_refused(void **state) {
    (void)state;
    assert_int_equal(outcome(3, work), NOT_LOADED);
    assert_int_equal(outcome(-3, work), NOT_LOADED);
}

/* The hexadecimal number of a line of /proc/self/status. */
static unsigned long long read_set(const char *name) {
    char *text = file_read_text("/proc/self/status");
    const char *line = text ? strstr(text, name) : NULL;
    unsigned long long set = line ? strtoull(line + strlen(name), NULL, 16) : ~0ULL;

    free(text);
    return set;
}

static void giving_up_root_leaves_the_clock_and_low_ports(void **state) {
    static const struct account account = {4321, 4322};
    static const unsigned long long bits[] = {1ULL << 10, 1ULL << 25}; /* ports, the clock */
    unsigned long long held = read_set("CapPrm:");

    (void)state;
    if (geteuid() != 0)
        skip(); /* there is nothing to give up */
    for (int wanted = 0; wanted < 4; wanted++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            unsigned long long left =
                held & ((wanted & 1 ? bits[0] : 0) | (wanted & 2 ? bits[1] : 0));
            bool right = privileges_drop(&silent, &account, wanted & 2, wanted & 1) &&
                         getuid() == 4321 && geteuid() == 4321 && getgid() == 4322 &&
                         getgroups(0, NULL) == 0 && read_set("CapPrm:") == left &&
                         read_set("CapEff:") == left && read_set("CapInh:") == 0 && setuid(0) < 0;

            _exit(right ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(daily_work_is_allowed_at_every_level),
        cmocka_unit_test(level_1_kills_for_what_no_time_keeping_needs),
        cmocka_unit_test(level_2_kills_for_new_programs_and_nothing_harmless),
        cmocka_unit_test(negative_levels_raise_a_signal_that_can_be_caught),
        cmocka_unit_test(clone3_is_unknown_so_that_clone_is_taken),
#ifdef __x86_64__
        cmocka_unit_test(calls_of_the_x32_interface_kill),
#endif
        cmocka_unit_test(level_that_does_not_exist_is_refused),
        cmocka_unit_test(giving_up_root_leaves_the_clock_and_low_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
