/* The daemon as a value. The world comes in through engine_packet, engine_sent, engine_resolved and
 * engine_run, and goes out through struct host. */
#ifndef CHRONOBOX_ENGINE_ENGINE_H
#define CHRONOBOX_ENGINE_ENGINE_H

#include "core/engine/host.h"
#include "core/ntp/server.h"

enum engine_mode {
    ENGINE_DAEMON,
    ENGINE_SET_ONCE,   /* -q */
    ENGINE_PRINT_ONCE, /* -Q */
};

struct engine_options {
    enum engine_mode mode;
    double timeout;           /* -t, s; 0 = none */
    bool restarted;           /* -R */
    bool reload_dumps;        /* -r */
    int family;               /* -4, -6: enum address_family; ADDRESS_NONE = both */
    double initial_precision; /* s, 0 = the engine measures */
    ns_t earliest; /* no time before it is right: it is neither believed nor vouched for */
};

struct engine;

/* A started engine: sockets open, sources added (their names being resolved), polling armed. config
 * and host must outlive it. NULL: no memory, or a fatal error that was logged. */
struct engine *engine_new(const struct config *config, const struct engine_options *options,
                          const struct host *host);

/* Writes the driftfile, leaves the clock at its base frequency, closes the sockets, frees. */
void engine_free(struct engine *engine);

/* Requests arrived on a server's socket, `count` at once. Answers are written over those that are
 * mere questions for the time, for the host to send; how many. departure: the host knows the
 * interval, and is told the beginning. What is REQUEST_LEFT then goes through engine_packet(). */
int engine_requests(struct engine *engine, struct request *requests, int count,
                    struct departure *departure);

/* For workers: what they answer with, and the `i`th of them, 1..config.workers, as whom. */
const struct served *engine_served(struct engine *engine);
struct server *engine_server(struct engine *engine, int i);

/* A datagram arrived on one of the engine's sockets. */
void engine_packet(struct engine *engine, const struct packet *packet);

/* The kernel says when a datagram left: packet->bytes is what was sent, packet->received the
 * transmit stamp. */
void engine_sent(struct engine *engine, const struct packet *packet);

enum resolve_status { RESOLVE_OK, RESOLVE_AGAIN, RESOLVE_FAILED };

/* The answer to host.resolve_name(id): count <= CONFIG_MAX_POOL addresses. */
void engine_resolved(struct engine *engine, uint32_t id, enum resolve_status status,
                     const struct address *addresses, int count);

/* Does what is due at monotonic time `now`. */
void engine_run(struct engine *engine, ns_t now);

/* Monotonic time of the next thing due; NS_NEVER = nothing. */
ns_t engine_next(const struct engine *engine);

/* Clients are allowed, but no socket of the port that they ask could be opened. */
bool engine_is_deaf(const struct engine *engine);

/* The start is over: there is no first correction (initstepslew) to wait for, or it was made. */
bool engine_ready(const struct engine *engine);

/* What is served right now is synchronised (an active local reference counts): the exit status of
 * -t. */
bool engine_synchronised(const struct engine *engine);

#endif
