/* Time entered by a person (manual mode, `chronyc settime`). */
#ifndef CHRONOBOX_ENGINE_MANUAL_H
#define CHRONOBOX_ENGINE_MANUAL_H

#include <stdbool.h>

#include "core/base/time.h"

#define MANUAL_MAX_SAMPLES 16

struct engine;

struct manual {
    bool enabled;
    bool applying; /* the update being made is an entry's */
    int count;
    struct manual_sample {
        ns_t time;                 /* NTP time, carried along when the clock is adjusted */
        double offset;             /* s, correction, the same */
        double original;           /* s, correction, as it was entered */
        double residual;           /* s, correction, beside the last line */
    } samples[MANUAL_MAX_SAMPLES]; /* oldest first */
};

/* The NTP clock was adjusted: see sources_adjust. */
void manual_adjust(struct engine *engine, ns_t when, double frequency, double offset);

#endif
