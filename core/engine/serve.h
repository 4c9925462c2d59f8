/* Answering NTP clients. */
#ifndef CHRONOBOX_ENGINE_SERVE_H
#define CHRONOBOX_ENGINE_SERVE_H

#include "core/engine/state.h"

/* Opens or closes the server sockets as the access rules need them. */
void serve_update_sockets(struct engine *engine);

void serve_packet(struct engine *engine, const struct packet *packet);

/* An answer, or a request to a peer, whose report_sent was set has left. */
void serve_sent(struct engine *engine, const struct packet *packet);

#endif
