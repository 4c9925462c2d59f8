/* Correcting the clock's rate by a temperature sensor (temperature.h). The histories of the sources
 * are left as they are: the compensation takes away what the temperature has done to the rate, and
 * is no change in the eyes of those that measure it. */
#include "core/engine/temperature.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/records.h"
#include "core/engine/state.h"

#define READING_SIZE 64
#define SANITY_LIMIT 10.0 /* ppm */

/* "temperature ppm" and whatever else. */
static bool read_point(const char *line, struct compensation_point *point) {
    char *middle, *end;

    point->temperature = strtod(line, &middle);
    point->ppm = strtod(middle, &end);
    return middle != line && end != middle;
}

/* One point a line. */
static bool take_points(struct temperature *temperature, char *text) {
    for (char *line = text, *next; *line != '\0'; line = next) {
        char *end = strchr(line, '\n');
        struct compensation_point point;

        next = end != NULL ? end + 1 : line + strlen(line);
        if (end != NULL)
            *end = '\0';
        if (temperature->count == COMPENSATION_MAX_POINTS || !read_point(line, &point))
            return false;
        temperature->points[temperature->count++] = point;
    }
    return true;
}

static bool read_points(struct engine *engine) {
    const struct conf_reader *reader = engine->host->conf_reader;
    const char *path = engine->config->temp_comp_points_file;
    char *text = reader->read_file(reader->context, path);
    bool taken;

    if (text == NULL) {
        log_fatal(engine_log(engine), "Could not open %s : %s", path, strerror(errno));
        return false;
    }
    taken = take_points(&engine->temperature, text);
    free(text);
    if (!taken)
        log_fatal(engine_log(engine), "Could not read tempcomp point from %s", path);
    else if (engine->temperature.count < 2)
        log_fatal(engine_log(engine), "Not enough points in %s", path);
    return taken && engine->temperature.count >= 2;
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
