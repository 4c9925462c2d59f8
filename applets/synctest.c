/* synctest: waits until chronyd is synchronised to a source, shows how, says PASS or FAIL, and then
 * keeps an eye on it. Runs beside chronyd in a container; every line is out at once, for `docker
 * logs -f`. */
#include <stdio.h>
#include <string.h>

#include "applets/applets.h"
#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/summary.h"
#include "applets/tools/tool.h"
#include "core/linux/clock.h"

#define LINE_SIZE    256
#define TIMEOUT      500 /* ms of a question: a progress line comes each second */
#define MIN_INTERVAL 1.0

static const char usage[] =
    "synctest [OPTION]...\n"
    "Waits for synchronisation, shows it, says PASS or FAIL, then a line a minute.\n"
    "  --timeout S   wait so long (120)\n"
    "  --interval S  between the lines afterwards (60)\n"
    "  --once        leave after the verdict: status 0 is PASS\n"
    "  -h HOST       ask there, not in the usual places\n"
    "  -p PORT       UDP port (323)\n";

struct settings {
    double timeout, interval;
    int port, once;
    const char *hosts;
};

#define MEMBER(name) offsetof(struct settings, name)
#define LONGEST      1e9F

static const char names[] = "timeout\0t\0interval\0i\0once\0o\0";

static const struct tool_row rows[] = {
    {'t', TOOL_NUMBER, MEMBER(timeout), 0, LONGEST},
    {'i', TOOL_NUMBER, MEMBER(interval), 0, LONGEST},
    {'o', TOOL_SET, MEMBER(once), 1, 0},
    {'h', TOOL_TEXT, MEMBER(hosts), 0, 0},
    {'p', TOOL_INTEGER, MEMBER(port), 1, 65535},
    {'\0', 0, 0, 0, 0},
};

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

/* True: synchronised. *summary is the last look at it. */
static bool wait_for_source(struct chronyc *session, double timeout, ns_t start,
                            struct summary *summary) {
    char line[LINE_SIZE];
    for (;;) {
        summary_take(&session->client, summary);
        double elapsed = ns_difference(monotonic_clock_read(), start);
        printf("synctest: %3.0f s: %s\n", elapsed, describe(summary, line));
        if (is_good(summary))
            return true;
        if (elapsed >= timeout || !chronyc_sleep(1.0))
            return false;
    }
}

static void show_reports(struct chronyc *session) {
    static const char commands[][12] = {"tracking", "sources", "sourcestats", "ntpdata"};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && !chronyc_stop; i++) {
        char line[sizeof(commands[0])];
        memcpy(line, commands[i], sizeof(line));
        printf("\n$ chronyc -n %s\n", line);
        chronyc_execute(session, line);
    }
    char date[TIME_TEXT_SIZE];
    printf("\n$ date -u\n%s UTC\n\n", time_format_long((int64_t)time(NULL), date));
}

static void keep_watching(struct chronyc *session, double interval) {
    struct summary summary;
    char line[LINE_SIZE], date[TIME_TEXT_SIZE];
    while (chronyc_sleep(interval > MIN_INTERVAL ? interval : MIN_INTERVAL)) {
        summary_take(&session->client, &summary);
        printf("synctest: %s UTC: %s\n", time_format((int64_t)time(NULL), ' ', date),
               describe(&summary, line));
    }
}

int synctest_main(int argc, char **argv) {
    struct settings settings = {
        .timeout = 120.0, .interval = 60.0, .port = CONTROL_PORT, .hosts = CONTROL_CLIENT_SERVERS};
    struct tool tool = tool_begin(argv, "synctest", usage);

    (void)argc;
    tool.names = names;
    tool_take_options(&tool, rows, &settings);
    if (tool.operand_count > 0)
        tool_usage(&tool);

    struct chronyc session;
    struct summary summary;
    char line[LINE_SIZE];
    ns_t start = monotonic_clock_read();
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    chronyc_catch_signals();
    chronyc_init(&session);
    session.numeric = true;
    session.client.retries = 0;
    session.client.timeout = TIMEOUT;
    control_client_add_servers(&session.client, settings.hosts, (uint16_t)settings.port,
                               ADDRESS_NONE, true);
    bool passed = wait_for_source(&session, settings.timeout, start, &summary);
    if (summary.answered && !chronyc_stop)
        show_reports(&session);
    if (!chronyc_stop)
        printf("%s: %s, after %.1f s\n", passed ? "PASS" : "FAIL", describe(&summary, line),
               ns_difference(monotonic_clock_read(), start));
    if (!settings.once && !chronyc_stop)
        keep_watching(&session, settings.interval);
    control_client_close(&session.client);
    return !passed;
}
