/* The client's side of the control protocol: a list of places where a daemon may listen, one
 * connection at a time, questions with retries. Over a Unix socket the client needs a socket of its
 * own in the daemon's directory; it is made without a predictable path and without chmod, and
 * control_client_close() removes it. */
#ifndef CHRONOBOX_LINUX_CONTROL_CLIENT_H
#define CHRONOBOX_LINUX_CONTROL_CLIENT_H

#include <signal.h>
#include <stdbool.h>

#include "core/base/address.h"
#include "core/base/time.h"
#include "core/wire/control.h"

#define CONTROL_CLIENT_MAX_SERVERS 32
#define CONTROL_CLIENT_MAX_NAMES   16  /* addresses used of one host name */
#define CONTROL_CLIENT_PATH_SIZE   108 /* of struct sockaddr_un */

/* Where a daemon is looked for: both places of its Unix socket (Debian's, upstream's), then the
 * loopback. */
#define CONTROL_CLIENT_SERVERS "/run/chrony/chronyd.sock,/var/run/chrony/chronyd.sock,127.0.0.1,::1"

#define CONTROL_CLIENT_RETRIES 2
#define CONTROL_CLIENT_TIMEOUT 1000 /* ms, of the first attempt; doubled for each further one */

struct control_server {
    struct endpoint endpoint; /* family ADDRESS_NONE: the Unix socket at path */
    char path[CONTROL_CLIENT_PATH_SIZE];
};

struct control_client {
    struct control_server servers[CONTROL_CLIENT_MAX_SERVERS];
    int count;
    int current;     /* index of the connected server, or of the next one to try */
    int fd;          /* -1 = not connected */
    int retries;     /* 0..30 */
    int timeout;     /* ms, of the first attempt */
    ns_t deadline;   /* monotonic; no waiting beyond it. NS_NEVER = none */
    uint8_t version; /* 6; 5 once a daemon has asked for it */
    const volatile sig_atomic_t *stop; /* set by a signal handler: give up. NULL = never */
    /* What is ours in the file system; "" = nothing. */
    char socket_path[CONTROL_CLIENT_PATH_SIZE];
};

/* What a daemon said. type is an enum control_reply_type, or a number nobody knows (layout is NULL
 * then). */
struct control_answer {
    uint16_t status;
    uint16_t type;
    const struct control_layout *layout;
    union {
        struct control_n_sources n_sources;
        struct control_source_data source_data;
        struct control_tracking tracking;
        struct control_sourcestats sourcestats;
        struct control_rtc rtc;
        struct control_activity activity;
        struct control_smoothing smoothing;
        struct control_manual_timestamp manual_timestamp;
        struct control_manual_list manual_list;
        struct control_ntp_source_name ntp_source_name;
        struct control_auth_data auth_data;
        struct control_client_accesses client_accesses;
        struct control_select_data select_data;
        struct control_server_stats server_stats;
        struct control_ntp_data ntp_data;
        struct control_history history;
    };
};

void control_client_init(struct control_client *client, const volatile sig_atomic_t *stop);

/* Appends a comma-separated list of absolute paths, addresses and, when names is true, host names
 * (resolved here, to `family` or, with ADDRESS_NONE, to both). What does not resolve is skipped.
 * port: UDP, host order. */
void control_client_add_servers(struct control_client *client, const char *list, uint16_t port,
                                int family, bool names);

/* Connects to the first server that can be; true when connected already. Says nothing about a
 * daemon behind UDP. */
bool control_client_open(struct control_client *client);

/* Sends the request (NULL or struct control_* of the command's request layout) until it is
 * answered, going on to the next server when one stays silent. False: nobody answered, or stopped;
 * the next call starts over. */
bool control_client_ask(struct control_client *client, enum control_command command,
                        const void *request, struct control_answer *answer);

/* Disconnects and removes what was made in the file system. */
void control_client_close(struct control_client *client);

/* An address, or a host name through the system's resolver: fills at most `max` addresses of this
 * family (ADDRESS_NONE = any), returns how many. */
int control_client_resolve(const char *name, int family, struct address *addresses, int max);

#endif
