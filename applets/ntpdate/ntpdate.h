/* ntpdate: ask servers once, believe the majority, and set the clock if asked. The way through it:
 * options.c, names (ntpdate.c), exchange.c, choose.c, and the lines and the clock in ntpdate.c and
 * report.c. Offsets are corrections: positive when the local clock is behind. */
#ifndef CHRONOBOX_APPLETS_NTPDATE_NTPDATE_H
#define CHRONOBOX_APPLETS_NTPDATE_NTPDATE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "applets/tools/tool.h"
#include "core/wire/ntp.h"

#define NTPDATE_MAX_SERVERS 32 /* addresses; further ones are not asked */
#define NTPDATE_MAX_SAMPLES 8  /* of one server */

enum ntpdate_way { NTPDATE_BY_SIZE, NTPDATE_STEP, NTPDATE_SLEW };

/* Members that options fill are int or double, see options.c. */
struct ntpdate_settings {
    int family;     /* AF_UNSPEC, AF_INET, AF_INET6 */
    int port;       /* of hosts that name none */
    int samples;    /* 1..NTPDATE_MAX_SAMPLES, 0 = not given */
    int query;      /* the clock is left alone */
    int debug;      /* the same, and everything is shown */
    int way;        /* enum ntpdate_way */
    double timeout; /* s, to wait for one answer */
};

struct ntpdate_sample {
    double offset, delay; /* s */
};

struct ntpdate_server {
    struct sockaddr_storage address;
    socklen_t address_length;
    char text[TOOL_ADDRESS_SIZE];
    int port;

    /* the exchange */
    int socket; /* -1: over */
    bool waiting;
    ns_t due;          /* monotonic; waiting: of the answer, otherwise of the next request */
    ntp_time_t cookie; /* the random transmit timestamp of the request in flight */
    ns_t sent_at;      /* of the last request, system clock */
    ns_t sent_times[NTPDATE_MAX_SAMPLES]; /* monotonic */
    int sent, answered;

    /* what came of it */
    struct ntpdate_sample samples[NTPDATE_MAX_SAMPLES];
    int best;                 /* index of the sample with the lowest delay */
    struct ntp_header header; /* of the last answer; stratum 0 before one */
    const char *fault;        /* why the server is not believed; NULL: nothing known against it */
};

/* Fills settings (which hold the defaults) from the command line; returns the operands,
 * NULL-terminated. A wrong command line ends the program with status 2. */
char **ntpdate_parse_options(char **argv, struct ntpdate_settings *settings);

/* Asks all servers at once, `settings->samples` times each; address, address_length, text and port
 * are set. */
void ntpdate_exchange(struct ntpdate_server *servers, int count,
                      const struct ntpdate_settings *settings);

/* The index of the server to follow, or -1. Says in `fault` what is wrong with the others. Pure. */
int ntpdate_choose(struct ntpdate_server *servers, int count);

/* "server A, stratum N, offset +S, delay S", and with debug all that is known. */
void ntpdate_print_server(const struct ntpdate_server *server, bool debug);

/* A line with date and process number in front, as classic ntpdate and syslog have it. */
void ntpdate_log(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
