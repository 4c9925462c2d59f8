/* The first correction (initial.h). Its servers are ordinary sources that burst, and the first
 * update of the reference that they lead to is the correction; then they make room for those
 * configured. */
#include "core/engine/initial.h"

#include <math.h>
#include <string.h>

#include "core/conf/conf.h"
#include "core/engine/sources.h"

#define LOOK_EVERY (NS_PER_S / 2)
#define PATIENCE   (30 * NS_PER_S) /* for a resolver that does not even say no */

bool initial_start(struct engine *engine) {
    const struct config *config = engine->config;
    struct source_config server;

    if (engine->options.mode != ENGINE_DAEMON || engine->options.restarted)
        return false;
    source_config_set_defaults(&server, SOURCE_SERVER);
    server.iburst = true;
    for (int i = 0; i < config->init_step_slew_count; i++) {
        memcpy(server.name, config->init_step_slew_names[i], sizeof(server.name));
        if (sources_add(engine, &server) == ADD_OK)
            engine->initial.running = true;
    }
    if (engine->initial.running)
        engine->timers[TIMER_INITIAL] = engine->started + LOOK_EVERY;
    return engine->initial.running;
}

/* Called while the sources are being looked at: they are removed later. */
void initial_measured(struct engine *engine, double offset) {
    engine->initial.measured = true;
    engine->initial.offset = offset;
    engine->timers[TIMER_INITIAL] = engine_monotonic(engine);
}

static void correct(struct engine *engine, double offset) {
    const struct log *log = engine_log(engine);
    bool step = fabs(offset) >= engine->config->init_step_slew_threshold;

    log_info(log, "System's initial offset : %.6f seconds %s of true (%s)", fabs(offset),
             offset < 0.0 ? "fast" : "slow", step ? "step" : "slew");
    clock_adjust(&engine->clock, 0.0, offset, 0.0, 1.0);
    if (step && !clock_step_remaining(&engine->clock))
        log_error(log, "Could not step system clock");
}

static void finish(struct engine *engine) {
    const struct log *log = engine_log(engine);

    for (int i = 0; i < engine->source_count; i++) {
        if (!engine->sources[i]->resolved)
            log_warning(log, "Could not resolve address of initstepslew server %s",
                        engine->groups[engine->sources[i]->group].config.name);
    }
    if (engine->initial.measured)
        correct(engine, engine->initial.offset);
    else
        log_warning(log, "No suitable source for initstepslew");
    sources_free(engine);
    for (int i = 0; i < engine->group_count; i++)
        engine->groups[i].used = false;
    engine->failures_said = 0;
    engine->initial.running = false;
    engine_add_sources(engine);
}

void initial_run(struct engine *engine, ns_t now) {
    if (engine->initial.measured || now - engine->started > PATIENCE ||
        engine_sources_failed(engine))
        finish(engine);
    else
        engine->timers[TIMER_INITIAL] = now + LOOK_EVERY;
}
