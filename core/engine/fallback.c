/* Rates to fall back to (fallback.h). Without updates the last rate is as wrong as it happened to
 * be when they ended; after 2^n s of silence the mean of the 2^n s before is the better guess. */
#include "core/engine/fallback.h"

#include <math.h>

#include "core/engine/reference.h"

static int clamp_level(int level) {
    return level < 0 ? 0 : level < FALLBACK_LEVELS ? level : FALLBACK_LEVELS - 1;
}

void fallback_init(struct engine *engine) {
    engine->fallback.min = clamp_level(engine->config->fallback_drift_min);
    engine->fallback.max = clamp_level(engine->config->fallback_drift_max);
}

static void schedule(struct engine *engine) {
    const struct fallback *fallback = &engine->fallback;

    if (fallback->max > 0 && fallback->next <= fallback->max)
        engine->timers[TIMER_FALLBACK] = fallback->updated + (NS_PER_S << fallback->next);
}

void fallback_update(struct engine *engine, double elapsed) {
    struct fallback *fallback = &engine->fallback;

    for (int i = fallback->min; i <= fallback->max && elapsed > 0.0; i++) {
        struct fallback_average *average = &fallback->averages[i];

        average->span = fmin(average->span + elapsed, ldexp(1.0, i));
        average->frequency += (clock_frequency(&engine->clock) - average->frequency) *
                              fmin(elapsed / average->span, 1.0);
    }
    fallback->next = fallback->min;
    fallback->updated = engine_monotonic(engine);
    schedule(engine);
}

void fallback_run(struct engine *engine, ns_t now) {
    struct fallback *fallback = &engine->fallback;
    const struct fallback_average *average = &fallback->averages[fallback->next];

    (void)now;
    if (average->span >= ldexp(1.0, fallback->next)) {
        reference_change(engine,
                         (1.0 + average->frequency) / (1.0 + clock_frequency(&engine->clock)) - 1.0,
                         0.0);
        reference_lose(engine);
    }
    fallback->next++;
    schedule(engine);
}
