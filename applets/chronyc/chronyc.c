/* chronyc: asks and tells a running chronyd. Options, and where commands come from: arguments, a
 * pipe, a person. */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/chronyc/chronyc.h"
#include "core/linux/privileges.h"

/* For containers, whose resolver knows no names that anyone asked for, or is slow to say so. */
#define NUMERIC_VARIABLE "CHRONYC_NUMERIC"

static volatile sig_atomic_t stop;

static void request_stop(int number) {
    (void)number;
    stop = 1;
}

struct settings {
    const char *hosts, *user;
    uint16_t port;
    bool each; /* -m: every argument is a command */
};

static void print_usage(const char *program) {
    printf("Usage: %s [OPTION]... [COMMAND]...\n\n"
           "Options:\n"
           "  -4\t\tLook names up for IPv4 addresses only\n"
           "  -6\t\tLook names up for IPv6 addresses only\n"
           "  -n\t\tShow addresses, not names (as with " NUMERIC_VARIABLE " in the environment)\n"
           "  -N\t\tShow names of sources as configured\n"
           "  -c\t\tPrint comma-separated values\n"
           "  -e\t\tEnd each response with a dot\n"
           "  -w\t\tLeave more room for names\n"
           "  -m\t\tTake each argument as a command\n"
           "  -h HOST\tWhere chronyd is (" CONTROL_CLIENT_SERVERS ")\n"
           "  -p PORT\tIts UDP port (%d)\n"
           "  -u USER\tBecome this user (root)\n"
           "  -v, --version\tSay the version\n"
           "      --help\tSay this\n",
           program, CONTROL_PORT);
}

static void print_version(void) {
    puts("chronyc (chrony) version " CHRONY_VERSION " (-READLINE +SECHASH +IPV6 -DEBUG)");
}

/* -1: go on; otherwise the exit status. */
static int parse_options(struct chronyc *session, struct settings *settings, int argc,
                         char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_usage(argv[0]);
            return 0;
        }
        if (strcmp(argv[i], "--version") == 0) {
            print_version();
            return 0;
        }
    }
    /* "+": options end where the command begins. */
    for (int option; (option = getopt(argc, argv, "+46acdef:h:mnNp:u:vw")) != -1;) {
        switch (option) {
        case '4':
        case '6':
            session->family = option == '4' ? ADDRESS_IPV4 : ADDRESS_IPV6;
            break;
        case 'c':
            session->csv = true;
            break;
        case 'e':
            session->end_dot = true;
            break;
        case 'h':
            settings->hosts = optarg;
            break;
        case 'm':
            settings->each = true;
            break;
        case 'n':
            session->numeric = true;
            break;
        case 'N':
            session->source_names = true;
            break;
        case 'p':
            settings->port = (uint16_t)atoi(optarg);
            break;
        case 'u':
            settings->user = optarg;
            break;
        case 'v':
            print_version();
            return 0;
        case 'w':
            session->wide = true;
            break;
        case '?':
            print_usage(argv[0]);
            return 1;
        default: /* -a, -d, -f FILE: of old or debugging versions */
            break;
        }
    }
    return -1;
}

static bool become_user(const char *name) {
    struct account account;
    if (!account_find(name, &account)) {
        fprintf(stderr, "Could not get user/group ID of %s\n", name);
        return false;
    }
    if (geteuid() != 0 || account.uid == 0)
        return true;
    if (setgroups(0, NULL) == 0 && setgid(account.gid) == 0 && setuid(account.uid) == 0)
        return true;
    fprintf(stderr, "Could not become %s: %s\n", name, strerror(errno));
    return false;
}

/* All arguments as one command; false: too long. */
static bool join(char line[CHRONYC_LINE_SIZE], char **words, int count) {
    size_t length = 0;
    line[0] = '\0';
    for (int i = 0; i < count; i++) {
        length += (size_t)snprintf(line + length, CHRONYC_LINE_SIZE - length, "%s%s", i ? " " : "",
                                   words[i]);
        if (length >= CHRONYC_LINE_SIZE) {
            fputs("Command too long\n", stderr);
            return false;
        }
    }
    return true;
}

static bool run_arguments(struct chronyc *session, char **words, int count, bool each) {
    char line[CHRONYC_LINE_SIZE];
    bool done = true;
    for (int i = 0; i < count && done && !session->quit && !stop; i += each ? 1 : count)
        done = join(line, words + i, each ? 1 : count) && chronyc_execute(session, line);
    return done;
}

static bool run_input(struct chronyc *session) {
    bool person = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
    bool done = true;
    char line[CHRONYC_LINE_SIZE];
    if (person)
        puts("chronyc of chronobox " CHRONOBOX_VERSION
             ", MIT licence, no warranty. `help` lists the commands.\n");
    while (!session->quit && !stop) {
        if (person) {
            fputs("chronyc> ", stdout);
            fflush(stdout);
        }
        if (!fgets(line, sizeof(line), stdin)) {
            if (person)
                putchar('\n');
            break;
        }
        done = chronyc_execute(session, line);
    }
    return done;
}

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = request_stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGQUIT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler =
        SIG_IGN; /* a failing write is noticed; dying of it would leave our socket behind */
    sigaction(SIGPIPE, &action, NULL);
}

int chronyc_main(int argc, char **argv) {
    struct chronyc session;
    struct settings settings = {.hosts = CONTROL_CLIENT_SERVERS, .port = CONTROL_PORT};
    chronyc_init(&session, &stop);
    session.numeric = getenv(NUMERIC_VARIABLE) != NULL;
    int status = parse_options(&session, &settings, argc, argv);
    if (status >= 0)
        return status;
    if (settings.user && !become_user(settings.user))
        return 1;
    catch_signals();
    control_client_add_servers(&session.client, settings.hosts, settings.port, session.family,
                               true);
    if (!chronyc_open(&session))
        return 1;
    bool done = optind < argc ? run_arguments(&session, argv + optind, argc - optind, settings.each)
                              : run_input(&session);
    control_client_close(&session.client);
    return done ? 0 : 1;
}
