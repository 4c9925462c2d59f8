/* What selection is told beside the sources' own words. */
#ifndef CHRONOBOX_ENGINE_SELECTION_H
#define CHRONOBOX_ENGINE_SELECTION_H

#include "core/engine/state.h"

/* SELECT_OPTION_* bits that authselectmode adds to sources of either kind. */
struct added_options {
    unsigned authenticated, other;
};
struct added_options selection_added_options(const struct engine *engine);

/* Whether what it says is to be proven by a key. */
bool selection_is_authenticated(const struct source *source);

/* The options of a source in effect. */
unsigned selection_options(const struct source *source, const struct added_options *added);

/* Orphan mode: our own reference ID as the orphan knows it that would lead; 0 = unknown. */
uint32_t selection_orphan_id(const struct engine *engine);

#endif
