/* Correcting the clock's rate by a temperature sensor (tempcomp). */
#ifndef CHRONOBOX_ENGINE_TEMPERATURE_H
#define CHRONOBOX_ENGINE_TEMPERATURE_H

#include <stdbool.h>

#include "core/base/time.h"
#include "core/track/compensation.h"

struct engine;

struct temperature {
    double applied; /* ppm */
    int count;      /* of points; 0 = the polynomial */
    struct compensation_point points[COMPENSATION_MAX_POINTS];
};

/* False: the points are no good, which was logged. */
bool temperature_init(struct engine *engine);

void temperature_run(struct engine *engine, ns_t now);

#endif
