/* The world as the engine sees it: everything it may ask, and nothing else. core/linux/ is one such
 * world, tests/sim/ another. No function blocks. */
#ifndef CHRONOBOX_ENGINE_HOST_H
#define CHRONOBOX_ENGINE_HOST_H

#include <stdbool.h>

#include "core/base/log.h"
#include "core/conf/conf.h"
#include "core/ntp/packet.h"

enum socket_kind {
    SOCKET_SERVER,  /* NTP server, bound to the server port */
    SOCKET_CLIENT,  /* one association's request, connected */
    SOCKET_CONTROL, /* control protocol, UDP or Unix */
};

struct socket_request {
    enum socket_kind kind;
    int family; /* ADDRESS_IPV4 or ADDRESS_IPV6; ADDRESS_NONE = Unix datagram socket at `path` */
    struct address local;   /* to bind; family NONE = any */
    int port;               /* to bind; 0 = the kernel's choice */
    struct endpoint remote; /* to connect to; family NONE = unconnected */
    const char *path;
    const char *device; /* NULL = any */
    int dscp;           /* 0..63 */
};

/* The numbers are NTP's. */
enum clock_leap { CLOCK_LEAP_NONE, CLOCK_LEAP_INSERT, CLOCK_LEAP_DELETE };

/* What the kernel is told about the quality of its clock. */
struct clock_status {
    bool synchronised;      /* clears STA_UNSYNC (rtcsync) */
    double estimated_error; /* s, does not grow by itself; 16 = nobody vouches for the clock */
    double maximum_error;   /* s */
    enum clock_leap leap;
    int tai_offset; /* s, TAI - UTC; 0 = unknown, leave what the kernel has */
};

struct host {
    void *context;
    struct log log;

    /* The clocks. Both never fail. */
    ns_t (*read_clock)(void *context);      /* system clock, UTC */
    ns_t (*read_monotonic)(void *context);  /* never stepped; the base of all timers */
    ns_t (*read_oscillator)(void *context); /* neither stepped nor steered, of any origin */

    /* Steering. clock_control false (no permission, -x): the engine keeps a virtual clock and calls
     * none of these. Frequencies are corrections in s/s: positive makes the clock faster. */
    bool clock_control;
    bool clock_kept; /* at the start someone had lately told the kernel how good its clock is */
    double max_frequency; /* s/s the driver can reach, both ways; Linux 0.1 */
    /* And the estimated error (s) that the kernel was told last, by whomever. */
    bool (*read_frequency)(void *context, double *frequency, double *estimated_error);
    bool (*set_frequency)(void *context, double frequency, double *actual);
    bool (*step_clock)(void *context, double seconds);
    bool (*set_clock_status)(void *context, const struct clock_status *status);

    void (*fill_random)(void *context, void *bytes, size_t count);

    /* Datagrams. open_socket: a handle >= 0, or -1 (already logged at debug; the engine says what
     * it means). */
    int (*open_socket)(void *context, const struct socket_request *request);
    void (*close_socket)(void *context, int socket);
    bool (*send_packet)(void *context, const struct packet *packet);
    /* Datagrams that found no room at the servers' sockets; NULL: nobody counts. */
    uint64_t (*count_drops)(void *context);

    /* The host has threads that answer clients (config.workers of them, see engine_server()): held,
     * they touch nothing of the engine's. NULL: there are none. */
    void (*hold_workers)(void *context, bool hold);

    /* Names, answered later through engine_resolved(); false = cannot even try (the engine
     * retries). */
    bool (*resolve_name)(void *context, uint32_t id, const char *name, int family);

    /* Files. read_file: bytes read (NUL is added; at most size - 1), or -1. replace_file: by
     * rename, atomic. */
    long (*read_file)(void *context, const char *path, char *buffer, size_t size);
    /* All of a file that nobody else should read or write (a warning when somebody can), from
     * malloc; NULL: it cannot be read. */
    char *(*read_secret)(void *context, const char *path);
    bool (*replace_file)(void *context, const char *path, const char *text, int mode);
    bool (*remove_file)(void *context, const char *path);
    /* The files of sourcedir directories are read with it; NULL: there are none. */
    const struct conf_reader *conf_reader;
    /* Appends text to logdir/NAME.log; false once a write failed (said once by the host). */
    bool (*append_log)(void *context, const char *name, const char *text);
    void (*cycle_logs)(void *context);

    /* The clock was wrong by more than mailonchange's threshold (s, positive = slow): somebody
     * wants a mail about it. NULL = there is no mail here. */
    void (*mail_change)(void *context, double offset);

    /* Ends the program's loop with this exit status. */
    void (*stop)(void *context, int status);
};

#endif
