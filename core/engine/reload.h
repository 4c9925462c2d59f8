/* The sources of `sourcedir` directories: read at the start, and again by `chronyc reload sources`.
 * Facts G.5. */
#ifndef CHRONOBOX_ENGINE_RELOAD_H
#define CHRONOBOX_ENGINE_RELOAD_H

#include "core/engine/state.h"

/* Sources that are still written the same stay as they are, the others of the last reading go, new
 * ones come. */
void reload_sources(struct engine *engine);

#endif
