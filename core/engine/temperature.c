/* Correcting the clock's rate by a temperature sensor (temperature.h). The histories of the sources
 * are left as they are: the compensation takes away what the temperature has done to the rate, and
 * is no change in the eyes of those that measure it. */
#include "core/engine/temperature.h"

#include <math.h>
#include <stdlib.h>

#include "core/engine/records.h"
#include "core/engine/state.h"

#define READING_SIZE 64
#define POINTS_SIZE  4096
#define SANITY_LIMIT 10.0 /* ppm */

static bool read_points(struct engine *engine) {
    struct temperature *temperature = &engine->temperature;
    const char *path = engine->config->temp_comp_points_file;
    char text[POINTS_SIZE], *at = text, *end;

    if (engine->host->read_file(engine->host->context, path, text, sizeof(text)) < 0)
        text[0] = '\0';
    for (;;) {
        struct compensation_point *point = &temperature->points[temperature->count];
        struct compensation_point next;

        next.temperature = strtod(at, &end);
        if (end == at)
            break;
        next.ppm = strtod(end, &at);
        if (at == end || temperature->count == COMPENSATION_MAX_POINTS) {
            log_fatal(engine_log(engine), "Could not read tempcomp point from %s", path);
            return false;
        }
        *point = next;
        temperature->count++;
    }
    if (temperature->count < 2)
        log_fatal(engine_log(engine), "Not enough points in %s", path);
    return temperature->count >= 2;
}

bool temperature_init(struct engine *engine) {
    if (engine->config->temp_comp_file == NULL)
        return true;
    engine->timers[TIMER_TEMPERATURE] = engine->started;
    return engine->config->temp_comp_points_file == NULL || read_points(engine);
}

static double compensate(const struct engine *engine, double temperature) {
    const struct config *config = engine->config;
    double above = temperature - config->temp_comp_t0;

    if (engine->temperature.count > 0)
        return compensation_by_points(engine->temperature.points, engine->temperature.count,
                                      temperature);
    return config->temp_comp_k0 + above * (config->temp_comp_k1 + above * config->temp_comp_k2);
}

static void take_reading(struct engine *engine) {
    const char *path = engine->config->temp_comp_file;
    char text[READING_SIZE], *end = text;
    double reading = 0.0, ppm;

    if (engine->host->read_file(engine->host->context, path, text, sizeof(text)) >= 0)
        reading = strtod(text, &end);
    if (end == text || !isfinite(reading)) {
        log_warning(engine_log(engine), "Could not read temperature from %s", path);
        return;
    }
    ppm = compensate(engine, reading);
    if (!(fabs(ppm) <= SANITY_LIMIT)) {
        log_warning(engine_log(engine),
                    "Temperature compensation of %.3f ppm exceeds sanity limit of %.1f", ppm,
                    SANITY_LIMIT);
        return;
    }
    clock_compensate(&engine->clock, (ppm - engine->temperature.applied) * 1e-6);
    engine->temperature.applied = ppm;
    records_temperature(engine, reading, ppm);
}

void temperature_run(struct engine *engine, ns_t now) {
    double interval = engine->config->temp_comp_interval;

    take_reading(engine);
    engine->timers[TIMER_TEMPERATURE] = ns_add_seconds(now, interval > 0.0 ? interval : 1.0);
}
