/* healthcheck: is the local chronyd well? One line, exit status 0 or 1, within a second whatever
 * happens: no names are looked up, every wait has an end. */
#include <math.h>
#include <stdio.h>

#include "applets/applets.h"
#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/long_options.h"
#include "applets/chronyc/summary.h"

#define DEADLINE  (9 * NS_PER_S / 10) /* of all questions together; probes often have 1 s */
#define TIMEOUT   280                 /* ms for one address: the Unix socket, then both loopbacks */
#define LINE_SIZE 256

static const char usage[] =
    "Usage: healthcheck [OPTION]...\n"
    "Exit status 0: the local chronyd is synchronised; 1: it is not, or silent.\n"
    "  --max-stratum N  limits (15)\n"
    "  --max-offset S   of the clock's offset (none)\n"
    "  --max-age S      of the last update's age (none)\n"
    "  --no-local       the local reference is not enough\n"
    "  --json           answer in JSON\n"
    "  -h PATH|ADDRESS  ask there (" CONTROL_CLIENT_SERVERS ")\n"
    "  -p PORT          UDP port (323)\n";

struct settings {
    double max_stratum, max_offset, max_age, port;
    bool no_local, json;
    const char *hosts;
};

static const struct long_option options[] = {
    {"--max-stratum", OPTION_NUMBER, offsetof(struct settings, max_stratum)},
    {"--max-offset", OPTION_NUMBER, offsetof(struct settings, max_offset)},
    {"--max-age", OPTION_NUMBER, offsetof(struct settings, max_age)},
    {"--no-local", OPTION_FLAG, offsetof(struct settings, no_local)},
    {"--json", OPTION_FLAG, offsetof(struct settings, json)},
    {"-h", OPTION_TEXT, offsetof(struct settings, hosts)},
    {"-p", OPTION_NUMBER, offsetof(struct settings, port)},
    {NULL, 0, 0},
};

/* Says in `text` what is wrong; leaves it empty when nothing is. */
static void judge(const struct summary *summary, const struct settings *settings,
                  struct text *text) {
    if (!summary->answered || !summary->synchronised)
        summary_print(summary, text);
    else if (summary->local && settings->no_local)
        text_printf(text, "no source is selected, stratum %u is the local reference's",
                    summary->stratum);
    else if (summary->stratum > settings->max_stratum)
        text_printf(text, "stratum %u is above %g", summary->stratum, settings->max_stratum);
    else if (!(fabs(summary->offset) <= settings->max_offset))
        text_printf(text, "offset %+.6f s is beyond %g s", summary->offset, settings->max_offset);
    else if (!(summary->age <= settings->max_age))
        text_printf(text, "last update was %.0f s ago, more than %g s", summary->age,
                    settings->max_age);
}

static const char *boolean(bool value) {
    return value ? "true" : "false";
}

static void print_json(const struct summary *summary, bool healthy, const char *reason) {
    printf("{\"healthy\":%s,\"reason\":\"%s\"", boolean(healthy), reason);
    if (summary->answered)
        printf(",\"synchronised\":%s,\"local\":%s,\"stratum\":%u,\"offset\":%.9f,\"root_distance\":"
               "%.9f,"
               "\"update_age\":%.3f",
               boolean(summary->synchronised), boolean(summary->local), summary->stratum,
               summary->offset, summary->distance, summary->age);
    puts("}");
}

int healthcheck_main(int argc, char **argv) {
    struct settings settings = {
        .max_stratum = 15.0,
        .max_offset = HUGE_VAL,
        .max_age = HUGE_VAL,
        .port = CONTROL_PORT,
        .hosts = CONTROL_CLIENT_SERVERS,
    };
    (void)argc;
    int status = long_options_parse(argv, options, &settings, usage);
    if (status >= 0)
        return status;

    struct control_client client;
    struct summary summary;
    chronyc_catch_signals();
    control_client_init(&client, &chronyc_stop);
    client.retries = 0;
    client.timeout = TIMEOUT;
    client.deadline = control_client_now() + DEADLINE;
    control_client_add_servers(&client, settings.hosts, (uint16_t)settings.port, ADDRESS_NONE,
                               false);
    summary_take(&client, &summary);
    control_client_close(&client);

    char line[LINE_SIZE];
    struct text text;
    text_init(&text, line, sizeof(line));
    judge(&summary, &settings, &text);
    bool healthy = text.length == 0;
    if (settings.json) {
        print_json(&summary, healthy, line);
        return !healthy;
    }
    if (healthy)
        summary_print(&summary, &text);
    printf("%s: %s\n", healthy ? "healthy" : "unhealthy", line);
    return !healthy;
}
