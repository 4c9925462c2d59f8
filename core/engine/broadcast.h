/* Broadcast servers (mode 5): packets sent every so often to an address, asked or not. */
#ifndef CHRONOBOX_ENGINE_BROADCAST_H
#define CHRONOBOX_ENGINE_BROADCAST_H

#include "core/base/time.h"

struct engine;

/* The first packets are due one interval from now. */
void broadcast_init(struct engine *engine);

/* TIMER_BROADCAST */
void broadcast_run(struct engine *engine, ns_t now);

#endif
