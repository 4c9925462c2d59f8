/* The daemon's side of the control protocol. */
#ifndef CHRONOBOX_ENGINE_CONTROL_H
#define CHRONOBOX_ENGINE_CONTROL_H

#include "core/engine/state.h"

/* Opens the UDP and Unix sockets that the configuration asks for. */
void control_open(struct engine *engine);

void control_packet(struct engine *engine, const struct packet *packet);

#endif
