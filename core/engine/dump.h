/* Measurements kept over a restart: a file per source in dumpdir. */
#ifndef CHRONOBOX_ENGINE_DUMP_H
#define CHRONOBOX_ENGINE_DUMP_H

#include "core/engine/state.h"

/* Writes the file of every source that has samples; false: not all of them could be. */
bool dump_write_all(struct engine *engine);

/* The same at the end, when what remains to be slewed is given up. */
void dump_leave(struct engine *engine);

/* A source has got its address. Soon after the start: its file is loaded if that is wanted (-r),
 * and removed in any case. */
void dump_take(struct engine *engine, struct source *source);

#endif
