/* chronyc: asks and tells a running chronyd. Options, and where commands come from: arguments, a
 * pipe, a person. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/edit.h"
#include "applets/chronyc/terminal.h"
#include "core/base/text.h"
#include "core/linux/privileges.h"

/* For containers, whose resolver knows no names that anyone asked for, or is slow to say so. */
#define NUMERIC_VARIABLE "CHRONYC_NUMERIC"

volatile sig_atomic_t chronyc_stop;

/* A signal that comes just before a wait does not end it: another one follows in a second. */
static void request_stop(int number) {
    (void)number;
    chronyc_stop = 1;
    alarm(1);
}

struct settings {
    const char *hosts, *user;
    uint16_t port;
    bool each; /* -m: every argument is a command */
    bool json;
};

static int print_usage(const char *program, int status) {
    printf("Usage: %s [OPTION]... [COMMAND]...\n\n"
           "Options:\n"
           "  -4\t\tLook up IPv4 addresses only\n"
           "  -6\t\tLook up IPv6 addresses only\n"
           "  -n\t\tShow no names (or set " NUMERIC_VARIABLE ")\n"
           "  -N\t\tShow names as configured\n"
           "  -c\t\tPrint CSV\n"
           "  -j\t\tPrint JSON\n"
           "  -e\t\tEnd responses with a dot\n"
           "  -w\t\tWiden tables\n"
           "  -m\t\tTake each argument as a command\n"
           "  -h HOST\tAsk there (" CONTROL_CLIENT_SERVERS ")\n"
           "  -p PORT\tUDP port (%d)\n"
           "  -u USER\tBecome this user (root)\n"
           "  -v, --version\tPrint version\n"
           "      --help\tPrint this\n",
           program, CONTROL_PORT);
    return status;
}

static int print_version(void) {
    puts("chronyc (chrony) version " CHRONY_VERSION " (+READLINE +SECHASH +IPV6 -DEBUG)");
    return 0;
}

/* value: the option's argument, "" when it has none. -1: go on; otherwise the exit status. */
static int apply_option(struct chronyc *session, struct settings *settings, char option,
                        const char *value) {
    static const char switches[] = "cenNmwj";
    bool *const targets[] = {&session->csv,          &session->end_dot, &session->numeric,
                             &session->source_names, &settings->each,   &session->wide,
                             &settings->json};
    const char *found = strchr(switches, option);
    if (found)
        *targets[found - switches] = true;
    else if (option == '4' || option == '6')
        session->family = option == '4' ? ADDRESS_IPV4 : ADDRESS_IPV6;
    else if (option == 'h')
        settings->hosts = value;
    else if (option == 'p')
        settings->port = (uint16_t)atoi(value);
    else if (option == 'u')
        settings->user = value;
    else if (option == 'v')
        return print_version();
    /* -a, -d, -f FILE: of old or debugging versions */
    return -1;
}

/* One word of options; *words is moved to a value that stands alone. */
static int parse_word(struct chronyc *session, struct settings *settings, const char *program,
                      char ***words) {
    static const char letters[] = "46acdef:h:jmnNp:u:vw";
    int status = -1;
    for (char *letter = **words + 1; *letter && status < 0; letter++) {
        const char *found = *letter == ':' ? NULL : strchr(letters, *letter);
        bool has_value = found && found[1] == ':';
        const char *value = !has_value ? "" : letter[1] ? letter + 1 : *++*words;
        if (!found || !value) {
            fprintf(stderr,
                    found ? "%s: option requires an argument -- '%c'\n"
                          : "%s: invalid option -- '%c'\n",
                    program, *letter);
            return print_usage(program, 1);
        }
        status = apply_option(session, settings, *letter, value);
        if (has_value)
            break;
    }
    return status;
}

/* Options end where the command begins; *words is left there. */
static int parse_options(struct chronyc *session, struct settings *settings, char **argv,
                         char ***words) {
    for (char **word = argv + 1; *word; word++) {
        if (strcmp(*word, "--help") == 0)
            return print_usage(argv[0], 0);
        if (strcmp(*word, "--version") == 0)
            return print_version();
    }
    int status = -1;
    for (*words = argv + 1; status < 0 && **words && (**words)[0] == '-' && (**words)[1];
         ++*words) {
        if (strcmp(**words, "--") == 0) {
            ++*words;
            break;
        }
        status = parse_word(session, settings, argv[0], words);
    }
    return status;
}

/* no-color.org */
static bool wants_colour(void) {
    const char *never = getenv("NO_COLOR");
    return terminal_is_able() && !(never && *never);
}

static bool become_user(const char *name) {
    struct account account;
    const char *failed;
    if (!account_find(name, &account)) {
        fprintf(stderr, "Could not get user/group ID of %s\n", name);
        return false;
    }
    if (geteuid() != 0 || account.uid == 0)
        return true;
    failed = account_become(&account);
    if (failed)
        fprintf(stderr, "Could not become %s: %s: %s\n", name, failed, strerror(errno));
    return !failed;
}

/* Up to `count` words, or to their end, as one command; false: too long. */
static bool join(struct chronyc *session, char line[CHRONYC_LINE_SIZE], char **words, int count) {
    struct text text;
    text_init(&text, line, CHRONYC_LINE_SIZE);
    for (int i = 0; i < count && words[i]; i++) {
        text_append(&text, i ? " " : "");
        text_append(&text, words[i]);
    }
    if (text.cut)
        chronyc_fail(session, "Command too long\n");
    return !text.cut;
}

static bool run_arguments(struct chronyc *session, char **words, bool each) {
    char line[CHRONYC_LINE_SIZE];
    bool done = true;
    do
        done = join(session, line, words, each ? 1 : INT_MAX) && chronyc_execute(session, line);
    while (each && *++words && done && !session->quit && !chronyc_stop);
    return done;
}

static bool read_line(struct chronyc *session, bool person, char line[CHRONYC_LINE_SIZE]) {
    static const char prompt[] = "chronyc> ";
    if (person && terminal_is_able())
        return edit_line(session, prompt, line);
    if (person) {
        fputs(prompt, stdout);
        fflush(stdout);
    }
    return fgets(line, CHRONYC_LINE_SIZE, stdin) != NULL;
}

static bool run_input(struct chronyc *session) {
    bool person = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
    bool done = true;
    char line[CHRONYC_LINE_SIZE];
    if (person)
        puts("chronyc of chronobox " CHRONOBOX_VERSION
             ", MIT licence, no warranty. `help` lists the commands.\n");
    while (!session->quit && !chronyc_stop) {
        if (!read_line(session, person, line)) {
            if (person)
                putchar('\n');
            break;
        }
        done = chronyc_execute(session, line);
    }
    return done;
}

void chronyc_catch_signals(void) {
    struct sigaction action = {.sa_handler = request_stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGQUIT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    action.sa_handler =
        SIG_IGN; /* a failing write is noticed; dying of it would leave our socket behind */
    sigaction(SIGPIPE, &action, NULL);
}

int chronyc_main(int argc, char **argv) {
    struct chronyc session;
    struct settings settings = {.hosts = CONTROL_CLIENT_SERVERS, .port = CONTROL_PORT};
    chronyc_init(&session);
    session.numeric = getenv(NUMERIC_VARIABLE) != NULL;
    char **words = argv;
    (void)argc;
    int status = parse_options(&session, &settings, argv, &words);
    if (status >= 0)
        return status;
    if (settings.user && !become_user(settings.user))
        return 1;
    session.colour = !session.csv && !settings.json && wants_colour();
    struct json document;
    if (settings.json) {
        session.json = &document;
        session.csv = true;
    }
    chronyc_catch_signals();
    control_client_add_servers(&session.client, settings.hosts, settings.port, session.family,
                               true);
    if (!chronyc_open(&session))
        return 1;
    bool done = *words ? run_arguments(&session, words, settings.each) : run_input(&session);
    control_client_close(&session.client);
    return done ? 0 : 1;
}
