/* Serving a time that changes slowly (smoothtime): see core/track/smooth.h. */
#ifndef CHRONOBOX_ENGINE_SMOOTHING_H
#define CHRONOBOX_ENGINE_SMOOTHING_H

#include <stdbool.h>

#include "core/base/time.h"
#include "core/track/smooth.h"

struct engine;
struct served_reference;

struct smoothing {
    bool active;
    struct smooth_profile profile;
    ns_t planned; /* monotonic: the start of the profile */
};

void smoothing_init(struct engine *engine);

/* The reference was updated: smoothing begins when the clock is stable enough for it. */
void smoothing_unlock(struct engine *engine);

/* The system clock was stepped: from here the served time is the clock's again. */
void smoothing_reset(struct engine *engine);

/* The NTP clock was changed by a correction; or by a leap second of `change` s. */
void smoothing_adjust(struct engine *engine, double frequency, double offset);
void smoothing_leap(struct engine *engine, double change);

/* ns to add to the NTP clock's time in an answer; marks the reference when it is not nothing. The
 * s/s by which that grows. */
ns_t smoothing_serve(const struct engine *engine, struct served_reference *served);
double smoothing_rate(const struct engine *engine);

#endif
