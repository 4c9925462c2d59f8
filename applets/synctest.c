/* synctest: waits until chronyd is synchronised to a source, shows how, says PASS or FAIL, and then
 * keeps an eye on it. Runs beside chronyd in a container; every line is out at once, for `docker
 * logs -f`. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "applets/applets.h"
#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/summary.h"

#define LINE_SIZE 256
#define TIMEOUT   500 /* ms of a question: a progress line comes each second */

static const char usage[] =
    "Usage: synctest [OPTION]...\n\n"
    "Waits for synchronisation, reports it, says PASS or FAIL, then a line a minute.\n\n"
    "  --timeout S     wait so long (120)\n"
    "  --interval S    seconds between the lines afterwards (60)\n"
    "  --once          leave after the verdict, exit status 0 for PASS and 1 for FAIL\n"
    "  -h HOST         where chronyd is (" CONTROL_CLIENT_SERVERS ")\n"
    "  -p PORT         its UDP port (323)\n";

struct settings {
    double timeout, interval, port;
    bool once;
    const char *hosts;
};

static volatile sig_atomic_t stop;

static void request_stop(int number) {
    (void)number;
    stop = 1;
}

static bool take_number(char ***word, double *number) {
    const char *text = *++*word;
    char *end;
    if (!text)
        return false;
    *number = strtod(text, &end);
    return end != text && !*end && *number >= 1.0;
}

static bool parse_option(char ***word, struct settings *settings) {
    const char *option = **word;
    if (strcmp(option, "--timeout") == 0)
        return take_number(word, &settings->timeout);
    if (strcmp(option, "--interval") == 0)
        return take_number(word, &settings->interval);
    if (strcmp(option, "-p") == 0)
        return take_number(word, &settings->port) && settings->port <= UINT16_MAX;
    if (strcmp(option, "-h") == 0)
        return (settings->hosts = *++*word) != NULL;
    if (strcmp(option, "--once") == 0)
        return settings->once = true;
    return false;
}

static bool is_good(const struct summary *summary) {
    return summary->answered && summary->synchronised && !summary->local;
}

static const char *describe(const struct summary *summary, char line[LINE_SIZE]) {
    struct text text;
    char address[ADDRESS_TEXT_SIZE];
    text_init(&text, line, LINE_SIZE);
    if (is_good(summary))
        text_printf(&text, "synchronised to %s, ",
                    summary->source.family == ADDRESS_NONE
                        ? "a reference clock"
                        : address_format(&summary->source, address));
    summary_print(summary, &text);
    return line;
}

static double seconds_since(ns_t start) {
    return ns_difference(control_client_now(), start);
}

/* True: synchronised. *summary is the last look at it. */
static bool wait_for_source(struct chronyc *session, double timeout, ns_t start,
                            struct summary *summary) {
    char line[LINE_SIZE];
    for (;;) {
        summary_take(&session->client, summary);
        double elapsed = seconds_since(start);
        printf("synctest: %3.0f s: %s\n", elapsed, describe(summary, line));
        if (is_good(summary))
            return true;
        if (elapsed >= timeout || !chronyc_sleep(session, 1.0))
            return false;
    }
}

static void show_reports(struct chronyc *session) {
    static const char *const commands[] = {"tracking", "sources", "sourcestats", "ntpdata"};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && !stop; i++) {
        char line[LINE_SIZE];
        printf("\n$ chronyc -n %s\n", commands[i]);
        strcpy(line, commands[i]);
        chronyc_execute(session, line);
    }
    char date[TIME_TEXT_SIZE];
    printf("\n$ date -u\n%s UTC\n\n", time_format_long((int64_t)time(NULL), date));
}

static void keep_watching(struct chronyc *session, double interval) {
    struct summary summary;
    char line[LINE_SIZE], date[TIME_TEXT_SIZE];
    while (!stop && chronyc_sleep(session, interval)) {
        summary_take(&session->client, &summary);
        printf("synctest: %s UTC: %s\n", time_format((int64_t)time(NULL), ' ', date),
               describe(&summary, line));
    }
}

static int run(const struct settings *settings) {
    struct chronyc session;
    struct summary summary;
    char line[LINE_SIZE];
    ns_t start = control_client_now();
    chronyc_init(&session, &stop);
    session.numeric = true;
    session.client.retries = 0;
    session.client.timeout = TIMEOUT;
    control_client_add_servers(&session.client, settings->hosts, (uint16_t)settings->port,
                               ADDRESS_NONE, true);
    bool passed = wait_for_source(&session, settings->timeout, start, &summary);
    if (summary.answered && !stop)
        show_reports(&session);
    if (!stop)
        printf(passed ? "PASS: %s, after %.1f s\n" : "FAIL: %s, for %.1f s\n",
               describe(&summary, line), seconds_since(start));
    if (!settings->once)
        keep_watching(&session, settings->interval);
    control_client_close(&session.client);
    return passed ? 0 : 1;
}

int synctest_main(int argc, char **argv) {
    struct settings settings = {
        .timeout = 120.0, .interval = 60.0, .port = CONTROL_PORT, .hosts = CONTROL_CLIENT_SERVERS};
    (void)argc;
    for (char **word = argv + 1; *word; word++) {
        if (strcmp(*word, "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        char *option = *word;
        if (!parse_option(&word, &settings)) {
            fprintf(stderr, "synctest: wrong option or value: %s\n%s", option, usage);
            return 2;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    struct sigaction action = {.sa_handler = request_stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    return run(&settings);
}
