/* Answering NTP clients. */
#ifndef CHRONOBOX_ENGINE_SERVE_H
#define CHRONOBOX_ENGINE_SERVE_H

#include "core/engine/state.h"

/* Opens or closes the server sockets as the access rules need them. */
void serve_update_sockets(struct engine *engine);

/* Those who answer, with their client records. False: no memory. limits: by service. */
bool serve_init(struct engine *engine, const struct rate_limit limits[SERVICE_COUNT]);
void serve_free(struct engine *engine);

/* Workers shall have nothing that is older than this timer's interval. */
void serve_run(struct engine *engine, ns_t now);
const struct served *serve_snapshot(struct engine *engine);

/* While workers are held, what they have can be read and changed. */
void serve_hold(const struct engine *engine, bool hold);

/* engine_requests() of engine.h. count > 0. */
int serve_requests(struct engine *engine, struct request *requests, int count,
                   struct departure *departure);

/* Any datagram at the server's port. */
void serve_packet(struct engine *engine, const struct packet *packet);

/* An answer, or a request to a peer, whose report_sent was set has left. */
void serve_sent(struct engine *engine, const struct packet *packet);

#endif
