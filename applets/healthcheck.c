/* healthcheck: is the local chronyd well? One line, exit status 0 or 1, within a second whatever
 * happens: no names are looked up, every wait has an end. */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "applets/applets.h"
#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/summary.h"
#include "applets/tools/tool.h"
#include "core/base/bytes.h"
#include "core/linux/clock.h"
#include "core/linux/socket.h"
#include "core/wire/ntp.h"

/* Of all questions together; a probe has 1 s, and its start is in it. */
#define DEADLINE  (3 * NS_PER_S / 4)
#define TIMEOUT   230 /* ms for one address: the Unix socket, then both loopbacks */
#define LINE_SIZE 256
#define LOOPBACK  0x7f000001

static const struct address ipv6_loopback = {.bytes = {[15] = 1}, .family = ADDRESS_IPV6};

static const char usage[] =
    "healthcheck [OPTION]...\n"
    "Status 0: the local chronyd is synchronised and within the limits; 1: not.\n"
    "  --live           it is enough that it answers\n"
    "  --max-error S    limits: of the clock's error (offset and root distance)\n"
    "  --max-offset S   of its offset alone\n"
    "  --max-stratum N  (15)\n"
    "  --max-age S      of the last update's age\n"
    "  --min-sources N  reachable sources, at least\n"
    "  --no-local       the local reference is not enough\n"
    "  --serving        it answers NTP requests on the loopback, too\n"
    "  --ntp-port N     there (123)\n"
    "  --json           answer in JSON\n"
    "  -h PATH|ADDRESS  ask there, not in the usual places\n"
    "  -p PORT          UDP port (323)\n";

struct settings {
    double max_error, max_offset, max_age;
    int max_stratum, min_sources, ntp_port, port;
    int live, no_local, serving, json;
    const char *hosts;
};

#define MEMBER(name) offsetof(struct settings, name)
#define LARGEST      1e30F

static const char names[] = "live\0L\0max-error\0E\0max-offset\0O\0max-stratum\0S\0max-age\0A\0"
                            "min-sources\0N\0no-local\0R\0serving\0V\0ntp-port\0P\0json\0j\0";

static const struct tool_row rows[] = {
    {'L', TOOL_SET, MEMBER(live), 1, 0},
    {'E', TOOL_NUMBER, MEMBER(max_error), 0, LARGEST},
    {'O', TOOL_NUMBER, MEMBER(max_offset), 0, LARGEST},
    {'S', TOOL_INTEGER, MEMBER(max_stratum), 0, 15},
    {'A', TOOL_NUMBER, MEMBER(max_age), 0, LARGEST},
    {'N', TOOL_INTEGER, MEMBER(min_sources), 0, 512},
    {'R', TOOL_SET, MEMBER(no_local), 1, 0},
    {'V', TOOL_SET, MEMBER(serving), 1, 0},
    {'P', TOOL_INTEGER, MEMBER(ntp_port), 1, 65535},
    {'j', TOOL_SET, MEMBER(json), 1, 0},
    {'h', TOOL_TEXT, MEMBER(hosts), 0, 0},
    {'p', TOOL_INTEGER, MEMBER(port), 1, 65535},
    {'\0', 0, 0, 0, 0},
};

/* Whether a synchronised NTP server answers there, in half of the time that is left. */
static bool is_serving(struct address address, int port, ns_t deadline) {
    uint8_t request[NTP_HEADER_SIZE] = {4 << 3 | NTP_MODE_CLIENT}, answer[NTP_HEADER_SIZE];
    struct endpoint endpoint = {address, (uint16_t)port};
    struct sockaddr_storage to;
    socklen_t length = socket_address_from_endpoint(&endpoint, 0, &to);
    struct pollfd waiting = {.fd = socket_new(to.ss_family), .events = POLLIN};
    struct ntp_header header;

    getrandom(request + NTP_HEADER_SIZE - 8, 8, 0); /* the transmit timestamp */
    if (connect(waiting.fd, (struct sockaddr *)&to, length) < 0 ||
        send(waiting.fd, request, sizeof request, 0) < 0 ||
        poll(&waiting, 1, tool_poll_timeout(deadline) / 2) <= 0 ||
        recv(waiting.fd, answer, sizeof answer, 0) != sizeof answer)
        return false;
    ntp_header_decode(answer, &header);
    return header.mode == NTP_MODE_SERVER &&
           header.origin_time == get_be64(request + NTP_HEADER_SIZE - 8) &&
           header.leap != NTP_LEAP_UNSYNCHRONISED && header.stratum > 0 &&
           header.stratum < NTP_MAX_STRATUM;
}

/* Says in `text` what is wrong; leaves it empty when nothing is. */
static void judge(const struct summary *summary, const struct settings *settings,
                  struct text *text) {
    double error = fabs(summary->offset) + summary->distance;

    if (!summary->answered || (!summary->synchronised && !settings->live))
        summary_print(summary, text);
    else if (settings->live)
        return;
    else if (summary->local && settings->no_local)
        text_append(text, "no source is selected, only the local reference");
    else if ((int)summary->stratum > settings->max_stratum)
        text_printf(text, "stratum %u is above %d", summary->stratum, settings->max_stratum);
    else if (!(error <= settings->max_error))
        text_printf(text, "error of %.6f s is beyond %g s", error, settings->max_error);
    else if (!(fabs(summary->offset) <= settings->max_offset))
        text_printf(text, "offset %+.6f s is beyond %g s", summary->offset, settings->max_offset);
    else if (!(summary->age <= settings->max_age))
        text_printf(text, "last update was %.0f s ago, more than %g s", summary->age,
                    settings->max_age);
    else if (summary->reachable < settings->min_sources)
        text_printf(text, "%d sources are reachable, fewer than %d", summary->reachable,
                    settings->min_sources);
}

static void print_json(const struct summary *summary, bool healthy, const char *reason) {
    static const char words[][6] = {"false", "true"};

    printf("{\"healthy\":%s,\"reason\":\"%s\",\"synchronised\":%s", words[healthy], reason,
           words[summary->synchronised]);
    if (summary->synchronised)
        printf(",\"local\":%s,\"stratum\":%u,\"offset\":%.9f,\"root_distance\":%.6f,"
               "\"update_age\":%.3f",
               words[summary->local], summary->stratum, summary->offset, summary->distance,
               summary->age);
    puts("}");
}

int healthcheck_main(int argc, char **argv) {
    struct settings settings = {
        .max_error = HUGE_VAL,
        .max_offset = HUGE_VAL,
        .max_stratum = 15,
        .max_age = HUGE_VAL,
        .ntp_port = NTP_PORT,
        .port = CONTROL_PORT,
        .hosts = CONTROL_CLIENT_SERVERS,
    };
    struct tool tool = tool_begin(argv, "healthcheck", usage);

    (void)argc;
    tool.names = names;
    tool_take_options(&tool, rows, &settings);
    if (tool.operand_count > 0)
        tool_usage(&tool);

    struct control_client client;
    struct summary summary;
    chronyc_catch_signals();
    control_client_init(&client, &chronyc_stop);
    client.retries = 0;
    client.timeout = TIMEOUT;
    client.deadline = monotonic_clock_read() + DEADLINE;
    control_client_add_servers(&client, settings.hosts, (uint16_t)settings.port, ADDRESS_NONE,
                               false);
    summary_take(&client, &summary);
    if (summary.synchronised && settings.min_sources > 0)
        summary_count_sources(&client, &summary);
    control_client_close(&client);

    char line[LINE_SIZE];
    struct text text;
    text_init(&text, line, sizeof(line));
    judge(&summary, &settings, &text);
    if (text.length == 0 && settings.serving &&
        !is_serving(address_ipv4(LOOPBACK), settings.ntp_port, client.deadline) &&
        !is_serving(ipv6_loopback, settings.ntp_port, client.deadline))
        text_printf(&text, "no time from port %d (is 127.0.0.1 allowed?)", settings.ntp_port);
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
