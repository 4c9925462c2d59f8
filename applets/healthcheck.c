/* healthcheck: is the local chronyd well? One line, exit status 0 or 1, within a second whatever
 * happens: no names are looked up, every wait has an end. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/applets.h"
#include "applets/chronyc/summary.h"

#define DEADLINE  (9 * NS_PER_S / 10) /* of all questions together; probes often have 1 s */
#define TIMEOUT   280                 /* ms for one address: the Unix socket, then both loopbacks */
#define LINE_SIZE 256

static const char usage[] =
    "Usage: healthcheck [OPTION]...\n\n"
    "Asks the local chronyd. Exit status 0: it is synchronised; 1: it is not, or does not "
    "answer.\n\n"
    "  --max-stratum N   unhealthy above this stratum (15)\n"
    "  --max-offset S    unhealthy when the clock is further from NTP time (no limit)\n"
    "  --max-age S       unhealthy when the last update is older (no limit)\n"
    "  --no-local        unhealthy on the local reference (`local stratum N`)\n"
    "  --json            answer as a JSON document\n"
    "  -h PATH|ADDRESS   where chronyd is (" CONTROL_CLIENT_SERVERS ")\n"
    "  -p PORT           its UDP port (323)\n";

struct limits {
    double stratum, offset, age;
    bool no_local;
};

struct settings {
    struct limits limits;
    bool json;
    const char *hosts;
    double port;
};

static volatile sig_atomic_t stop;

static void request_stop(int number) {
    (void)number;
    stop = 1;
}

/* The argument of an option: the next word, a finite number that is not negative. */
static bool take_number(char ***word, double *number) {
    const char *text = *++*word;
    char *end;
    if (!text)
        return false;
    *number = strtod(text, &end);
    return end != text && !*end && *number >= 0.0 && isfinite(*number);
}

static bool parse_option(char ***word, struct settings *settings) {
    const char *option = **word;
    if (strcmp(option, "--max-stratum") == 0)
        return take_number(word, &settings->limits.stratum);
    if (strcmp(option, "--max-offset") == 0)
        return take_number(word, &settings->limits.offset);
    if (strcmp(option, "--max-age") == 0)
        return take_number(word, &settings->limits.age);
    if (strcmp(option, "-p") == 0)
        return take_number(word, &settings->port) && settings->port <= UINT16_MAX;
    if (strcmp(option, "-h") == 0)
        return (settings->hosts = *++*word) != NULL;
    if (strcmp(option, "--no-local") == 0)
        return settings->limits.no_local = true;
    if (strcmp(option, "--json") == 0)
        return settings->json = true;
    return false;
}

/* Says in `text` what is wrong; leaves it empty when nothing is. */
static void judge(const struct summary *summary, const struct limits *limits, struct text *text) {
    if (!summary->answered || !summary->synchronised)
        summary_print(summary, text);
    else if (summary->local && limits->no_local)
        text_printf(text, "no source is selected, stratum %u is the local reference's",
                    summary->stratum);
    else if (summary->stratum > limits->stratum)
        text_printf(text, "stratum %u is above %g", summary->stratum, limits->stratum);
    else if (!(fabs(summary->offset) <= limits->offset))
        text_printf(text, "offset %+.6f s is beyond %g s", summary->offset, limits->offset);
    else if (!(summary->age <= limits->age))
        text_printf(text, "last update was %.0f s ago, more than %g s", summary->age, limits->age);
}

static void print_json(const struct summary *summary, const char *reason) {
    printf("{\"healthy\":%s,\"reason\":\"%s\"", *reason ? "false" : "true", reason);
    if (summary->answered)
        printf(",\"synchronised\":%s,\"local\":%s,\"stratum\":%u,\"offset\":%.9f,\"root_distance\":"
               "%.9f,"
               "\"update_age\":%.3f",
               summary->synchronised ? "true" : "false", summary->local ? "true" : "false",
               summary->stratum, summary->offset, summary->distance, summary->age);
    puts("}");
}

static int check(const struct settings *settings) {
    struct control_client client;
    control_client_init(&client, &stop);
    client.retries = 0;
    client.timeout = TIMEOUT;
    client.deadline = control_client_now() + DEADLINE;
    control_client_add_servers(&client, settings->hosts, (uint16_t)settings->port, ADDRESS_NONE,
                               false);
    struct summary summary;
    summary_take(&client, &summary);
    control_client_close(&client);

    char reason[LINE_SIZE], line[LINE_SIZE];
    struct text text;
    text_init(&text, reason, sizeof(reason));
    judge(&summary, &settings->limits, &text);
    if (settings->json) {
        print_json(&summary, reason);
    } else if (*reason) {
        printf("unhealthy: %s\n", reason);
    } else {
        text_init(&text, line, sizeof(line));
        summary_print(&summary, &text);
        printf("healthy: %s\n", line);
    }
    return *reason ? 1 : 0;
}

int healthcheck_main(int argc, char **argv) {
    struct settings settings = {
        .limits = {.stratum = 15.0, .offset = HUGE_VAL, .age = HUGE_VAL},
        .hosts = CONTROL_CLIENT_SERVERS,
        .port = CONTROL_PORT,
    };
    (void)argc;
    for (char **word = argv + 1; *word; word++) {
        if (strcmp(*word, "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        char *option = *word;
        if (!parse_option(&word, &settings)) {
            fprintf(stderr, "healthcheck: wrong option or value: %s\n%s", option, usage);
            return 1;
        }
    }
    struct sigaction action = {.sa_handler = request_stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    return check(&settings);
}
