/* entrypoint: process 1 of a container. Alone it becomes chronyd; given a command it keeps chronyd
 * running beside it, passes signals on, buries every child that dies here, and ends as the command
 * ends.
 *
 * All signals are blocked from the first instruction and taken one by one with sigtimedwait(2):
 * nothing is lost before a handler stands, and there are no handlers. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/entrypoint.h"
#include "core/linux/clock.h"
#include "core/linux/daemon.h"

static const char usage[] =
    "usage: entrypoint [chronyd] [CHRONYD-OPTION...]\n"
    "       entrypoint COMMAND [ARGUMENT...]\n"
    "       entrypoint --print-config\n"
    "Run chronyd in the foreground; or COMMAND, an applet or a program, and chronyd beside it.\n"
    "The exit status is that of COMMAND, 128 + signal when one ended it, 127 when it was not\n"
    "found, and 1 when chronyd failed 5 times in a row.\n";

#define RESTART_PAUSE_MIN_S 1
#define RESTART_PAUSE_MAX_S 30
#define STEADY_S            60 /* running for so long makes the next pause the shortest again */
#define EARLY_S             5 /* an end within so many seconds of the start is a failure in a row */
#define FAILURES_MAX        5
#define STOP_WAIT_S         5 /* after SIGTERM, before SIGKILL */
#define NOT_EXECUTABLE      126
#define NOT_FOUND           127
#define DEFAULT_PATH        "/bin:/usr/bin:/usr/local/bin"

static const int taken_signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP, 0};

#define APPLET_NAME(name, function, summary) #name,
static const char *const applet_names[] = {APPLETS(APPLET_NAME) NULL};

struct entrypoint {
    char program[1024]; /* the path of this binary */
    sigset_t taken, before;
    char **options;        /* of chronyd, when it is not what we become */
    bool alone;            /* chronyd is all there is, and starts again for ever */
    pid_t daemon, command; /* 0: not running */
    ns_t daemon_started;   /* monotonic */
    ns_t daemon_due;       /* monotonic, next start; NS_NEVER while it runs or is not wanted */
    ns_t kill_due;         /* monotonic; NS_NEVER: nobody is being stopped */
    int pause_s, failures;
    bool stopping; /* chronyd is not to be started again */
    int status;    /* what to exit with */
};

static void find_program(struct entrypoint *entrypoint, const char *word) {
    ssize_t length =
        readlink("/proc/self/exe", entrypoint->program, sizeof entrypoint->program - 1);

    if (length > 0)
        entrypoint->program[length] = '\0';
    else
        snprintf(entrypoint->program, sizeof entrypoint->program, "%s", word);
}

/* Becomes an applet: through its link beside this binary, so that the kernel names the process
 * after it, or through the binary itself. Returns only when neither can be run. */
static void execute_applet(const struct entrypoint *entrypoint, const char *name, char **words) {
    const char *slash = strrchr(entrypoint->program, '/');
    char link[sizeof entrypoint->program + 32];

    snprintf(link, sizeof link, "%.*s%s",
             slash == NULL ? 0 : (int)(slash - entrypoint->program) + 1, entrypoint->program, name);
    execv(link, words);
    execv(entrypoint->program, words);
}

/* Becomes the first program of this name in PATH that can be run. Returns with errno set when there
 * is none: one that exists is the better reason. The C library's own execvp() is larger. */
static void execute_in_path(char **words) {
    const char *directory = getenv("PATH");
    int reason = ENOENT;

    if (directory == NULL || *words[0] == '\0' || strchr(words[0], '/') != NULL) {
        execv(words[0], words);
        return;
    }
    for (;; directory++) {
        size_t length = strcspn(directory, ":");
        char path[PATH_MAX];

        /* An empty one is the working directory. */
        if (snprintf(path, sizeof path, "%.*s%s%s", (int)length, directory, length > 0 ? "/" : "",
                     words[0]) < (int)sizeof path) {
            execv(path, words);
            if (errno != ENOENT && errno != ENOTDIR)
                reason = errno;
        }
        directory += length;
        if (*directory == '\0')
            break;
    }
    errno = reason;
}

/* Becomes a command: a path, an applet, or a program in PATH. */
_Noreturn static void execute(const struct entrypoint *entrypoint, char **words) {
    sigprocmask(SIG_SETMASK, &entrypoint->before, NULL);
    for (const char *const *name = applet_names; *name != NULL; name++) {
        if (strcmp(words[0], *name) == 0)
            execute_applet(entrypoint, *name, words);
    }
    execute_in_path(words);

    int reason = errno;

    fprintf(stderr, "entrypoint: can't run %s: %s\n", words[0], strerror(reason));
    _exit(reason == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

/* Whether chronyd's options keep it in the foreground: -d, -n or -p, alone or in a cluster, before
 * what takes a value. */
static bool stays_in_foreground(char **options) {
    for (; *options != NULL; options++) {
        const char *letter = **options == '-' ? strpbrk(*options, "dnpfFlLPtu") : NULL;

        if (letter != NULL && strchr("dnp", *letter) != NULL)
            return true;
    }
    return false;
}

/* Becomes "chronyd -d" with the given options; a second -d would mean debugging. */
_Noreturn static void execute_daemon(const struct entrypoint *entrypoint, char **options) {
    int count = 0, used = 0;

    while (options[count] != NULL)
        count++;

    char **words = calloc((size_t)count + 3, sizeof *words);

    if (words == NULL)
        _exit(1);
    words[used++] = "chronyd";
    if (!stays_in_foreground(options))
        words[used++] = "-d";
    memcpy(words + used, options, (size_t)count * sizeof *words);
    execute(entrypoint, words);
}

/* Children come by _Fork(): without a second thread there is nothing that fork() would have to
 * lock. A group of its own keeps the terminal's Ctrl-C, which is for the command, away from
 * chronyd. */
static void start_daemon(struct entrypoint *entrypoint) {
    pid_t child = _Fork();

    if (child == 0) {
        setpgid(0, 0);
        execute_daemon(entrypoint, entrypoint->options);
    }
    entrypoint->daemon = child > 0 ? child : 0;
    entrypoint->daemon_started = monotonic_clock_read();
    entrypoint->daemon_due =
        child > 0 ? NS_NEVER : entrypoint->daemon_started + RESTART_PAUSE_MAX_S * NS_PER_S;
    if (child < 0)
        fprintf(stderr, "entrypoint: can't start chronyd: %s\n", strerror(errno));
}

static void start_command(struct entrypoint *entrypoint, char **words) {
    entrypoint->command = _Fork();
    if (entrypoint->command == 0)
        execute(entrypoint, words);
    if (entrypoint->command > 0)
        return;
    fprintf(stderr, "entrypoint: can't start %s: %s\n", words[0], strerror(errno));
    entrypoint->command = 0;
    entrypoint->status = 1;
}

static void signal_child(pid_t child, int number) {
    if (child > 0)
        kill(child, number);
}

/* Once: the end of the command, which the signal caused, is no second reason. */
static void stop_daemon(struct entrypoint *entrypoint) {
    if (entrypoint->stopping)
        return;
    entrypoint->stopping = true;
    entrypoint->daemon_due = NS_NEVER;
    signal_child(entrypoint->daemon, SIGTERM);
}

/* Ends what still runs: asked now, forced later. */
static void stop_all(struct entrypoint *entrypoint) {
    stop_daemon(entrypoint);
    entrypoint->kill_due = monotonic_clock_read() + STOP_WAIT_S * NS_PER_S;
    signal_child(entrypoint->command, SIGTERM);
}

static void daemon_ended(struct entrypoint *entrypoint, int wait_status) {
    ns_t now = monotonic_clock_read(), ran = now - entrypoint->daemon_started;
    const char *how = WIFSIGNALED(wait_status) ? "signal" : "exit status";
    int number = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
    int pause_s = ran < STEADY_S * NS_PER_S ? entrypoint->pause_s : RESTART_PAUSE_MIN_S;

    entrypoint->daemon = 0;
    if (entrypoint->stopping)
        return;
    entrypoint->failures = ran < EARLY_S * NS_PER_S ? entrypoint->failures + 1 : 0;
    if (entrypoint->failures >= FAILURES_MAX && !entrypoint->alone) {
        fprintf(
            stderr,
            "entrypoint: chronyd ended (%s %d) %d times in a row just after its start, giving up\n",
            how, number, FAILURES_MAX);
        entrypoint->status = 1;
        stop_all(entrypoint);
        return;
    }
    fprintf(stderr, "entrypoint: chronyd ended (%s %d), starting it again in %d s\n", how, number,
            pause_s);
    entrypoint->daemon_due = now + pause_s * NS_PER_S;
    entrypoint->pause_s = pause_s * 2 < RESTART_PAUSE_MAX_S ? pause_s * 2 : RESTART_PAUSE_MAX_S;
}

/* Children of ours, and orphans that the kernel has given to process 1. */
static void reap_children(struct entrypoint *entrypoint) {
    int wait_status;
    pid_t child;

    while ((child = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        if (child == entrypoint->daemon) {
            daemon_ended(entrypoint, wait_status);
        } else if (child == entrypoint->command) {
            entrypoint->command = 0;
            if (entrypoint->status < 0)
                entrypoint->status = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
                                                              : WEXITSTATUS(wait_status);
            stop_all(entrypoint);
        }
    }
}

/* A signal from outside goes to the command; all but SIGHUP, which many programs live through, end
 * chronyd too. What the terminal sends has reached the command already. */
static void pass_on(struct entrypoint *entrypoint, const siginfo_t *information) {
    if (information->si_code == SI_KERNEL && !entrypoint->alone)
        return;
    signal_child(entrypoint->command, information->si_signo);
    if (information->si_signo == SIGHUP)
        return;
    if (entrypoint->alone) {
        entrypoint->status = information->si_signo;
        stop_all(entrypoint);
    }
    stop_daemon(entrypoint);
}

static void do_what_is_due(struct entrypoint *entrypoint) {
    ns_t now = monotonic_clock_read();

    if (now >= entrypoint->daemon_due)
        start_daemon(entrypoint);
    if (now >= entrypoint->kill_due) {
        entrypoint->kill_due = NS_NEVER;
        signal_child(entrypoint->daemon, SIGKILL);
        signal_child(entrypoint->command, SIGKILL);
    }
}

/* Runs until both are gone and chronyd is not wanted any more. words: NULL when it is alone. */
static int supervise(struct entrypoint *entrypoint, char **words) {
    start_daemon(entrypoint);
    if (words != NULL) {
        start_command(entrypoint, words);
        if (entrypoint->command == 0)
            stop_all(entrypoint);
    }
    while (entrypoint->command > 0 || entrypoint->daemon > 0 ||
           entrypoint->daemon_due != NS_NEVER) {
        ns_t due = entrypoint->daemon_due < entrypoint->kill_due ? entrypoint->daemon_due
                                                                 : entrypoint->kill_due;
        ns_t left = due == NS_NEVER ? NS_NEVER : due - monotonic_clock_read();
        struct timespec wait = {.tv_sec = left / NS_PER_S, .tv_nsec = (long)(left % NS_PER_S)};
        siginfo_t information;

        if (left > 0) {
            int number =
                sigtimedwait(&entrypoint->taken, &information, left == NS_NEVER ? NULL : &wait);

            if (number > 0 && number != SIGCHLD)
                pass_on(entrypoint, &information);
        }
        reap_children(entrypoint);
        do_what_is_due(entrypoint);
    }
    return entrypoint->status;
}

/* A container may be started without any environment; chronyd is told whose child it is
 * (process_in_container). */
static void extend_environment(void) {
    int count = 0;
    char **variables;

    while (environ[count] != NULL)
        count++;
    variables = calloc((size_t)count + 3, sizeof *variables);
    if (variables == NULL)
        return;
    memcpy(variables, environ, (size_t)count * sizeof *variables);
    if (getenv("PATH") == NULL)
        variables[count++] = "PATH=" DEFAULT_PATH;
    variables[count] = DAEMON_IN_CONTAINER "=1";
    environ = variables;
}

static bool is_daemon(const char *command) {
    const char *slash = strrchr(command, '/');

    return strcmp(slash == NULL ? command : slash + 1, "chronyd") == 0;
}

static int run(int argc, char **argv, bool alone) {
    struct entrypoint entrypoint = {.daemon_due = NS_NEVER,
                                    .kill_due = NS_NEVER,
                                    .pause_s = RESTART_PAUSE_MIN_S,
                                    .status = -1,
                                    .options = argv + argc,
                                    .alone = alone};
    char **words = argc > 1 ? argv + 1 : argv + argc;

    sigemptyset(&entrypoint.taken);
    for (const int *number = taken_signals; *number != 0; number++)
        sigaddset(&entrypoint.taken, *number);
    sigprocmask(SIG_BLOCK, &entrypoint.taken, &entrypoint.before);
    for (const int *number = taken_signals; *number != 0; number++)
        signal(*number, SIG_DFL); /* one that is ignored would not wait to be taken */

    if (*words != NULL && strcmp(*words, "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (*words != NULL && strcmp(*words, "--version") == 0) {
        puts("chronobox " CHRONOBOX_VERSION);
        return 0;
    }
    extend_environment();
    find_program(&entrypoint, argv[0]);
    if (*words != NULL && strcmp(*words, "--print-config") == 0) {
        *words = "-p";
        execute_daemon(&entrypoint, words);
    }
    if (*words != NULL && is_daemon(*words))
        words++;
    else if (*words != NULL && **words != '-')
        return supervise(&entrypoint, words);
    if (!alone)
        execute_daemon(&entrypoint, words);
    entrypoint.options = words;
    return supervise(&entrypoint, NULL);
}

int entrypoint_main(int argc, char **argv) {
    return run(argc, argv, false);
}

int entrypoint_keep_daemon(int argc, char **argv) {
    return run(argc, argv, true);
}
