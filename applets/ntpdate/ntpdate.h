/* ntpdate: ask servers once, believe the majority, and set the clock if asked. The way through it:
 * options.c, lookup.c (names), exchange.c, choose.c, the clock in ntpdate.c and the lines in
 * report.c. Offsets are corrections: positive when the local clock is behind. */
#ifndef CHRONOBOX_APPLETS_NTPDATE_NTPDATE_H
#define CHRONOBOX_APPLETS_NTPDATE_NTPDATE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "applets/tools/tool.h"
#include "core/ntp/keys.h"
#include "core/wire/ntp.h"

#define NTPDATE_MAX_SERVERS 32 /* names, and addresses; further ones are not asked */
#define NTPDATE_MAX_SAMPLES 8  /* of one server */

enum ntpdate_way { NTPDATE_BY_SIZE, NTPDATE_STEP, NTPDATE_SLEW };

/* Members that options fill are int, double or const char *, see options.c. */
struct ntpdate_settings {
    int family;  /* AF_UNSPEC, AF_INET, AF_INET6 */
    int port;    /* of hosts that name none */
    int samples; /* 1..NTPDATE_MAX_SAMPLES, 0 = not given */
    int query;   /* the clock is left alone */
    int debug;   /* the same, and everything is shown */
    int json;    /* the result is one JSON object, and nothing else is on standard output */
    int syslog;  /* log lines go there */
    int verbose;
    int retry; /* again and again, until a server answers or the deadline comes */
    int way;   /* enum ntpdate_way */
    int version;
    int key_id; /* 0 = none */
    int ignored;
    const char *key_file;
    double timeout;  /* s, to wait for one answer */
    double deadline; /* s, for all of it; 0 = none */
    double max_step; /* s, of the offset that is still corrected; 0 = any */
    double ignored_delay;
};

struct ntpdate_sample {
    double offset, delay; /* s */
    ns_t time;            /* system clock, the midpoint */
};

struct ntpdate_host {
    const char *name, *port; /* pieces of the command line, or the port of all */
    int family, index;
    int result; /* where the helper thread says that it is done */
    int error;  /* EAI_*; 0: `found` is there, or has been */
    struct addrinfo *found;
};

struct ntpdate_server {
    struct sockaddr_storage address;
    socklen_t address_length;
    char text[TOOL_ADDRESS_SIZE];
    int port;
    const char *host; /* as it was named */

    /* the exchange */
    int socket; /* -1: over */
    bool waiting;
    bool refuses;      /* access denied: not asked again */
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

struct ntpdate {
    struct ntpdate_settings settings;
    char port[8]; /* of hosts that name none */
    struct keys keys;
    const struct key *key; /* NULL: no authentication */
    ns_t deadline;         /* monotonic; NS_NEVER = none */
    bool limited;          /* a server wants fewer questions */
    int looking;           /* lookups under way */
    int pipe[2];           /* each ends with its host's index here */
    int host_count, count;
    struct ntpdate_host hosts[NTPDATE_MAX_SERVERS];
    struct ntpdate_server servers[NTPDATE_MAX_SERVERS];
};

/* What the servers say together. */
struct ntpdate_result {
    int chosen;      /* index of the server that leads, -1 = none */
    double offset;   /* s */
    double distance; /* s, root distance of the leader: the truth is not farther away */
};

/* Fills settings (which hold the defaults) from the command line; returns the operands,
 * NULL-terminated. A wrong command line ends the program with status 2. */
char **ntpdate_parse_options(char **argv, struct ntpdate_settings *settings);

/* Takes HOST, HOST:PORT, [V6] or [V6]:PORT, which is cut in two where it is; a bare IPv6 address
 * has more than one colon. */
void ntpdate_add_host(struct ntpdate *ntpdate, char *text);

/* Looks for the addresses of every host that has none, each in a thread of its own: one that hangs
 * delays no other. ntpdate_finish_lookup() reads one result, when pipe[0] is readable, and makes
 * servers of it; `due` (monotonic) is when they are to be asked. */
void ntpdate_start_lookups(struct ntpdate *ntpdate, bool complain);
void ntpdate_finish_lookup(struct ntpdate *ntpdate, bool complain);

/* One round: asks all servers at once, as soon as their names are known, settings.samples times
 * each. complain: names that are not found are worth a line. */
void ntpdate_exchange(struct ntpdate *ntpdate, bool complain);

/* Says in `fault` what is wrong with servers that are not believed. Pure. */
struct ntpdate_result ntpdate_choose(struct ntpdate_server *servers, int count);

/* "server A, stratum N, offset +S, delay S", and with debug all that is known. */
void ntpdate_print_server(const struct ntpdate_server *server, bool debug);

/* One JSON object, of ntpdig's members and, when it failed, what was logged last. server is NULL
 * when none can be believed. */
void ntpdate_print_json(const struct ntpdate_server *server, const struct ntpdate_result *result,
                        bool adjusted, bool failed);

/* Where lines of ntpdate_log() go from now on. */
void ntpdate_log_open(const struct ntpdate_settings *settings);

/* A line with date and process number in front, as classic ntpdate and syslog have it. Errors go to
 * standard error, the rest to standard output. */
void ntpdate_log(bool is_error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
