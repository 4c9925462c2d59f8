/* Rates to fall back to when no source answers (fallbackdrift). */
#ifndef CHRONOBOX_ENGINE_FALLBACK_H
#define CHRONOBOX_ENGINE_FALLBACK_H

#include "core/base/time.h"

#define FALLBACK_LEVELS 32 /* of 2^0 to 2^31 s */

struct engine;

struct fallback {
    int min, max; /* levels kept; max 0 = off */
    int next;     /* level to fall to */
    ns_t updated; /* monotonic, of the last reference update */
    struct fallback_average {
        double frequency; /* s/s, correction: mean of the last 2^level s */
        double span;      /* s that it was taken over, up to 2^level */
    } averages[FALLBACK_LEVELS];
};

void fallback_init(struct engine *engine);

/* The reference was updated; the clock had its rate for `elapsed` s. */
void fallback_update(struct engine *engine, double elapsed);

void fallback_run(struct engine *engine, ns_t now);

#endif
