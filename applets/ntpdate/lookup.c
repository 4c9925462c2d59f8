/* Names to servers (ntpdate.h). A helper thread has its host for itself from its start until its
 * index comes through the pipe. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/ntpdate/ntpdate.h"
#include "core/linux/clock.h"
#include "core/linux/thread.h"

void ntpdate_add_host(struct ntpdate *ntpdate, char *text) {
    struct ntpdate_host *host = &ntpdate->hosts[ntpdate->host_count];
    char *colon = strrchr(text, ':'), *end = strchr(text, ']');

    if (ntpdate->host_count == NTPDATE_MAX_SERVERS)
        return;
    if (end != NULL && text[0] == '[') {
        colon = end[1] == ':' ? end + 1 : NULL;
        text++;
        *end = '\0';
    } else if (colon != NULL && strchr(text, ':') == colon) {
        *colon = '\0';
    } else {
        colon = NULL;
    }
    host->name = text;
    host->port = colon != NULL ? colon + 1 : ntpdate->port;
    host->family = ntpdate->settings.family;
    host->index = ntpdate->host_count++;
    host->error = EAI_AGAIN;
}

static void look_up(struct ntpdate_host *host) {
    struct addrinfo hints = {
        .ai_family = host->family, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};

    host->error = getaddrinfo(host->name, host->port, &hints, &host->found);
}

static void *run_lookup(void *argument) {
    struct ntpdate_host *host = argument;
    uint8_t index = (uint8_t)host->index;

    look_up(host);
    while (write(host->result, &index, sizeof index) < 0 && errno == EINTR)
        ;
    return NULL;
}

/* No server is asked twice because it was named twice. */
static bool is_known(const struct ntpdate *ntpdate, const struct addrinfo *info) {
    for (int i = 0; i < ntpdate->count; i++) {
        if (ntpdate->servers[i].address_length == info->ai_addrlen &&
            memcmp(&ntpdate->servers[i].address, info->ai_addr, info->ai_addrlen) == 0)
            return true;
    }
    return false;
}

/* All addresses of a host become servers. */
static void take_result(struct ntpdate *ntpdate, struct ntpdate_host *host, bool complain) {
    struct addrinfo *found = host->found;

    if (host->error != 0) {
        if (complain)
            ntpdate_log(true, "Can't find host %s: %s (%d)", host->name, gai_strerror(host->error),
                        host->error);
        return;
    }
    for (const struct addrinfo *info = found; info != NULL; info = info->ai_next) {
        struct ntpdate_server *server = &ntpdate->servers[ntpdate->count];

        if (ntpdate->count == NTPDATE_MAX_SERVERS || is_known(ntpdate, info))
            continue;
        ntpdate->count++;
        memcpy(&server->address, info->ai_addr, info->ai_addrlen);
        server->address_length = info->ai_addrlen;
        server->port = atoi(host->port);
        server->host = host->name;
        server->socket = -1;
        server->due = monotonic_clock_read();
        tool_address(info->ai_addr, server->text);
    }
    host->found = NULL;
    freeaddrinfo(found);
}

void ntpdate_start_lookups(struct ntpdate *ntpdate, bool complain) {
    for (int i = 0; i < ntpdate->host_count; i++) {
        struct ntpdate_host *host = &ntpdate->hosts[i];
        struct address numeric;

        if (host->error == 0)
            continue;
        host->result = ntpdate->pipe[1];
        if (!address_parse(host->name, &numeric) && thread_start(run_lookup, host)) {
            ntpdate->looking++;
            continue;
        }
        look_up(host);
        take_result(ntpdate, host, complain);
    }
}

void ntpdate_finish_lookup(struct ntpdate *ntpdate, bool complain) {
    uint8_t index;

    if (read(ntpdate->pipe[0], &index, sizeof index) != sizeof index)
        return;
    ntpdate->looking--;
    take_result(ntpdate, &ntpdate->hosts[index], complain);
}
