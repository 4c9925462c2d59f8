/* The first correction (initstepslew): before anything else, from servers of its own. */
#ifndef CHRONOBOX_ENGINE_INITIAL_H
#define CHRONOBOX_ENGINE_INITIAL_H

#include <stdbool.h>

#include "core/base/time.h"

struct engine;

struct initial {
    bool running; /* the configured sources wait */
    bool measured;
    double offset; /* s, correction, when measured */
};

/* Adds the servers, if there are any to ask; false: nothing to wait for. */
bool initial_start(struct engine *engine);

/* The servers agree on this correction. */
void initial_measured(struct engine *engine, double offset);

void initial_run(struct engine *engine, ns_t now);

#endif
