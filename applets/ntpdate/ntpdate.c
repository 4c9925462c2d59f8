/* From names to a clock that is right (ntpdate.h). Exit status: 0 = a usable answer, and the clock
 * set when that was asked for; 1 = not; 2 = usage. */
#include "applets/ntpdate/ntpdate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "applets/applets.h"
#include "core/linux/clock.h"

#define STEP_THRESHOLD 0.5    /* s */
#define SLEW_MAX       1000.0 /* s; at the kernel's 500 ppm that takes three weeks */
#define HOST_SIZE      256

struct host_port {
    char name[HOST_SIZE];
    char port[8];
};

/* Splits HOST, HOST:PORT, [V6] or [V6]:PORT; a bare IPv6 address has more than one colon. False
 * when too long. */
static bool split_host(const char *text, int port, struct host_port *host) {
    const char *colon = strrchr(text, ':'), *end = strchr(text, ']');

    if (end != NULL && text[0] == '[') {
        colon = end[1] == ':' ? end + 1 : NULL;
        text++;
    } else {
        colon = colon != NULL && strchr(text, ':') == colon ? colon : NULL;
        end = colon != NULL ? colon : text + strlen(text);
    }
    snprintf(host->name, sizeof host->name, "%.*s", (int)(end - text), text);
    if (colon != NULL)
        snprintf(host->port, sizeof host->port, "%s", colon + 1);
    else
        snprintf(host->port, sizeof host->port, "%d", port);
    return end - text < HOST_SIZE && (colon == NULL || strlen(colon + 1) < sizeof host->port);
}

/* All addresses of a host become servers; how many there are then. */
static int add_host(const char *text, const struct ntpdate_settings *settings,
                    struct ntpdate_server *servers, int count) {
    struct addrinfo hints = {
        .ai_family = settings->family, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    struct host_port host;
    int error = split_host(text, settings->port, &host)
                    ? getaddrinfo(host.name, host.port, &hints, &found)
                    : EAI_NONAME;

    if (error != 0) {
        ntpdate_log(stderr, "can't find host %s: %s", text, gai_strerror(error));
        return count;
    }
    for (struct addrinfo *address = found; address != NULL && count < NTPDATE_MAX_SERVERS;
         address = address->ai_next) {
        struct ntpdate_server *server = &servers[count++];

        memcpy(&server->address, address->ai_addr, address->ai_addrlen);
        server->address_length = address->ai_addrlen;
        server->port = atoi(host.port);
        tool_address(address->ai_addr, server->text);
    }
    freeaddrinfo(found);
    return count;
}

/* adjtime(3) in the kernel's terms: leaves the frequency alone. */
static bool slew_clock(double offset) {
    struct timex slew = {.modes = ADJ_OFFSET_SINGLESHOT, .offset = lround(offset * 1e6)};

    if (fabs(offset) <= SLEW_MAX)
        return adjtimex(&slew) >= 0;
    errno = ERANGE;
    return false;
}

/* Sets the clock, or with -q and -d says what would be done. */
static int follow(const struct ntpdate_server *server, const struct ntpdate_settings *settings) {
    double offset = server->samples[server->best].offset;
    bool step = settings->way == NTPDATE_STEP ||
                (settings->way == NTPDATE_BY_SIZE && fabs(offset) >= STEP_THRESHOLD);

    if (!settings->query && !settings->debug &&
        !(step ? system_clock_step(NULL, offset) : slew_clock(offset))) {
        ntpdate_log(stderr, "can't %s the clock by %+.6f s: %s%s", step ? "step" : "slew", offset,
                    strerror(errno), errno == EPERM ? "; add --cap-add SYS_TIME" : "");
        return 1;
    }
    ntpdate_log(stdout, "%s time server %s offset %+.6f sec", step ? "step" : "adjust",
                server->text, offset);
    return 0;
}

static int run(struct ntpdate_server *servers, int count, const struct ntpdate_settings *settings) {
    int chosen;

    ntpdate_exchange(servers, count, settings);
    for (int i = 0; i < count && (settings->query || settings->debug); i++)
        ntpdate_print_server(&servers[i], settings->debug);
    chosen = ntpdate_choose(servers, count);
    for (int i = 0; i < count; i++) {
        if (servers[i].fault != NULL && (chosen < 0 || settings->debug))
            ntpdate_log(stderr, "%s: Server dropped: %s", servers[i].text, servers[i].fault);
    }
    if (chosen >= 0)
        return follow(&servers[chosen], settings);
    ntpdate_log(stderr, "no server suitable for synchronization found");
    return 1;
}

int ntpdate_main(int argc, char **argv) {
    struct ntpdate_settings settings = {.family = AF_UNSPEC, .port = NTP_PORT, .timeout = 1};
    char **hosts = ntpdate_parse_options(argv, &settings);
    struct ntpdate_server *servers = calloc(NTPDATE_MAX_SERVERS, sizeof *servers);
    int count = 0, status = 1;

    (void)argc;
    tool_end_on_signals();
    if (settings.samples == 0)
        settings.samples = settings.query && !settings.debug ? 1 : 4;
    for (; servers != NULL && *hosts != NULL; hosts++)
        count = add_host(*hosts, &settings, servers, count);
    if (count > 0)
        status = run(servers, count, &settings);
    else
        ntpdate_log(stderr, "no servers can be used, exiting");
    free(servers);
    return fflush(stdout) == 0 ? status : 1;
}
