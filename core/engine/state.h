/* What an engine holds. Private to core/engine: everyone else has only the pointer of engine.h. */
#ifndef CHRONOBOX_ENGINE_STATE_H
#define CHRONOBOX_ENGINE_STATE_H

#include "core/engine/clock.h"
#include "core/engine/engine.h"
#include "core/engine/fallback.h"
#include "core/engine/initial.h"
#include "core/engine/leap.h"
#include "core/engine/manual.h"
#include "core/engine/smoothing.h"
#include "core/engine/temperature.h"
#include "core/ntp/access.h"
#include "core/ntp/association.h"
#include "core/ntp/client_log.h"
#include "core/ntp/keys.h"
#include "core/ntp/server.h"
#include "core/track/select.h"

#define ENGINE_MAX_SOURCES SELECT_MAX_SOURCES
#define ENGINE_MAX_SOCKETS 1024 /* the host's handles are below this */
#define ENGINE_MAX_GROUPS  CONFIG_MAX_SOURCES

/* First packets leave this long after the start, and this long apart (facts C.4). */
#define START_DELAY_NS (NS_PER_S / 5)

/* However much there is to answer, what changes by itself (the clock, set by someone else; our
 * distance from the truth) is looked at as often as this. */
#define ENGINE_REST_NS (NS_PER_S / 64)

/* One configured name: a server, a peer, or a pool of up to 16 of them. */
struct group {
    struct source_config config;
    bool used;
    bool from_directory; /* of a sourcedir: compared and replaced when they are read again */
    bool online;         /* the configuration's, as chronyc may have changed it */
    bool is_name;        /* to be resolved; false: an address */
    bool resolving;      /* asked, not answered yet */
    bool failed;         /* "Invalid host": not asked again */
    bool pool_complete;  /* enough members have answered; the tentative ones were removed */
    int retries;
    ns_t next_resolve;  /* monotonic; NS_NEVER = not needed */
    ns_t replace_after; /* monotonic, no silent source is replaced before */
};

struct source {
    int group;
    uint32_t id;    /* of ADDRESS_ID while unresolved */
    bool answered;  /* a good response at least once: no longer tentative in its pool */
    bool stale;     /* to be replaced unless the coming answer lists its address */
    ns_t confirmed; /* monotonic, the last lookup of its name */
    int socket;     /* of the request in flight, -1 = none */
    bool resolved;
    ns_t socket_closes; /* monotonic */
    struct association association;
    struct select_source view; /* selection's state, carried from one run to the next */
    bool falseticker_said;
};

/* What we are synchronised to. */
struct reference {
    bool synchronised;
    enum ntp_leap leap;
    int stratum;
    uint32_t reference_id;
    struct address address;             /* family NONE unless an NTP source is selected */
    ns_t time;                          /* NTP time of the last update */
    ns_t served_time;                   /* the same as it is served: up to a second earlier */
    ns_t updated;                       /* the same on the monotonic clock; NS_UNKNOWN = never */
    ns_t begun;                         /* the first update, monotonic */
    double root_delay, root_dispersion; /* s, at `time` */
    double skew;                        /* s/s */
    double residual_frequency;          /* s/s, correction, of the selected source */
    double last_offset;                 /* s, correction */
    double square_offset;               /* s^2, running mean once `averaging` */
    bool averaging;
    double update_interval; /* s */
    double offset_error;    /* s */
    int combined;           /* sources in the last update */
    int updates;
    int steps_left;            /* of makestep; < 0 = for ever */
    int changes_ignored;       /* of maxchange */
    double drift_age;          /* s of update intervals since the driftfile was written */
    uint64_t local_seed;       /* of the local reference's times */
    bool local_was_near;       /* root distance has been below local activate */
    ns_t unsynchronised_since; /* monotonic */
};

struct counters {
    uint64_t command_hits, command_drops, malformed;
};

/* What is due at its own time, beside the sources and the clock's slew. */
enum engine_timer {
    TIMER_INITIAL,
    TIMER_TEMPERATURE,
    TIMER_FALLBACK,
    TIMER_LEAP,
    TIMER_BROADCAST,
    TIMER_WORKERS,
    TIMER_COUNT
};

enum socket_owner { OWNER_NONE, OWNER_SERVER, OWNER_CONTROL, OWNER_SOURCE };

struct engine {
    const struct config *config;
    struct engine_options options;
    const struct host *host;
    struct random random;
    struct clock clock;
    struct reference reference;
    struct local_config local;  /* the directive's, as chronyc may have changed it */
    double make_step_threshold; /* s, likewise */
    double reselect_distance;   /* s, likewise */
    double max_update_skew;     /* ppm, likewise */
    int precision;              /* log2 s */
    double precision_seconds;

    struct group groups[ENGINE_MAX_GROUPS];
    int group_count;
    struct source *sources[ENGINE_MAX_SOURCES];
    int source_count;
    int unseen_samples; /* since selection_run() */
    uint32_t next_source_id;
    ns_t names_due;    /* monotonic, no name is to be looked up before */
    ns_t next_refresh; /* monotonic, no working name is looked up again before */
    int selected;      /* index into sources, -1 = none */
    struct select_source views[ENGINE_MAX_SOURCES];      /* scratch of selection_run */
    double edges[2 * ENGINE_MAX_SOURCES];                /* the same */
    struct combine_source combining[ENGINE_MAX_SOURCES]; /* the same */
    unsigned failures_said;   /* bits 1 << enum select_failure, since something was selected */
    ns_t separation;          /* of requests */
    ns_t last_transmit;       /* monotonic, for the separation of packets */
    ns_t started;             /* monotonic */
    ns_t timers[TIMER_COUNT]; /* monotonic; NS_NEVER = nothing */
    struct leap leap;
    struct smoothing smoothing;
    struct initial initial;
    struct fallback fallback;
    struct manual manual;
    struct temperature temperature;

    struct access *ntp_access, *command_access;
    struct client_log *client_log; /* servers[0]'s, and of commands */
    struct server *servers;        /* the main loop's, and one for each worker of the host */
    int server_count;
    struct served served;
    struct served_reference served_reference; /* the same for people, as it was then */
    ns_t served_until; /* system clock; what is served has to be found out anew */
    struct keys keys;
    ns_t broadcasts[CONFIG_MAX_BROADCASTS]; /* monotonic: when the next packet of each is due */
    uint32_t phase_epoch;   /* random, 0 = none yet; a new one when clock.phase jumps unseen */
    int server_sockets[2];  /* IPv4, IPv6; -1 = closed */
    int control_sockets[3]; /* IPv4, IPv6, Unix */
    struct {
        uint8_t owner; /* enum socket_owner */
        struct source *source;
    } sockets[ENGINE_MAX_SOCKETS];
    struct counters counters;

    int log_rows[LOG_FILE_COUNT]; /* rows since the last banner */
    bool touched; /* since the last engine_run() something came in that may make something due */
    ns_t due;     /* monotonic: engine_next() then */
    ns_t ran;     /* monotonic: then */
    bool finished;
};

static inline ns_t engine_monotonic(const struct engine *engine) {
    return engine->host->read_monotonic(engine->host->context);
}

static inline ns_t engine_clock(const struct engine *engine) {
    return engine->host->read_clock(engine->host->context);
}

static inline ns_t engine_ntp(const struct engine *engine) {
    return clock_to_ntp(&engine->clock, engine_clock(engine));
}

static inline const struct log *engine_log(const struct engine *engine) {
    return &engine->host->log;
}

/* Something happened by which what is due, or what is served, may have changed. */
static inline void engine_touch(struct engine *engine) {
    engine->touched = true;
    engine->served_until = NS_UNKNOWN;
}

/* engine.c: remembers whose a socket is; false (and the socket closed) when the handle is out of
 * bounds. */
bool engine_own_socket(struct engine *engine, int socket, enum socket_owner owner,
                       struct source *source);
void engine_close_socket(struct engine *engine, int *socket);
/* Looks whether someone else steers (clock_watch); before timestamps are converted. */
void engine_watch_clock(struct engine *engine);
void engine_finish(struct engine *engine, int status);

/* Adds the configured sources. */
void engine_add_sources(struct engine *engine);

/* Every source was asked, and none was good. */
bool engine_sources_failed(const struct engine *engine);

#endif
