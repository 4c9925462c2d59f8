/* Configured names: resolution and its retries, pools filled and pruned, sources replaced. Facts
 * C.2, C.3. */
#ifndef CHRONOBOX_ENGINE_NAMES_H
#define CHRONOBOX_ENGINE_NAMES_H

#include "core/engine/state.h"

void names_run(struct engine *engine, ns_t now);
ns_t names_next(const struct engine *engine);

/* A source gave a good response: it is one of its pool's for good, and its name may be due to be
 * looked up again. */
void names_answered(struct engine *engine, struct source *source);

/* A source was polled: when it has been unreachable for long, its name is asked for another
 * address. */
void names_watch(struct engine *engine, struct source *source);

/* A source of the group is about to be removed: the line ends with its last source. */
void names_forget(struct engine *engine, int index);

/* The whole line, with all its sources. */
void sources_remove_group(struct engine *engine, int index);

/* "Added", "Removed": a pool goes by its name, every other source by its address. */
void sources_log(const struct engine *engine, const char *what, const struct source *source);

/* In sources.c, for names.c: an empty placeholder; its address; its end. */
struct source *sources_new(struct engine *engine, int group);
bool sources_set_address(struct engine *engine, struct source *source,
                         const struct address *address);
void sources_remove(struct engine *engine, int index);
/* Whether the system has a way to there. */
bool sources_routable(struct engine *engine, const struct endpoint *remote);

#endif
