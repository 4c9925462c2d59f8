/* Serving a time that changes slowly (smoothing.h). What the NTP clock gains at once, the served
 * time gains by and by: the difference between them starts as what it was less the correction. */
#include "core/engine/smoothing.h"

#include <math.h>

#include "core/engine/handlers.h"

#define REFERENCE_ID_SMOOTHING 0x7f7f01ffu /* 127.127.1.255 */
#define UNLOCK_RATIO           10000.0     /* s, skew over wander */

static bool is_configured(const struct engine *engine) {
    return engine->smoothing.profile.max_frequency > 0.0 &&
           engine->smoothing.profile.max_wander > 0.0;
}

static struct smooth_state state_now(const struct engine *engine) {
    double elapsed = ns_difference(engine_monotonic(engine), engine->smoothing.planned);

    return smooth_at(&engine->smoothing.profile, fmax(elapsed, 0.0));
}

static void plan(struct engine *engine, double offset, double frequency) {
    smooth_plan(&engine->smoothing.profile, offset, frequency);
    engine->smoothing.planned = engine_monotonic(engine);
}

static void activate(struct engine *engine) {
    engine->smoothing.active = true;
    plan(engine, 0.0, 0.0);
    log_info(engine_log(engine), "Activated time smoothing%s",
             engine->config->smooth_leap_only ? " (leap seconds only)" : "");
}

void smoothing_init(struct engine *engine) {
    engine->smoothing.profile.max_frequency = engine->config->smooth_max_frequency * 1e-6;
    engine->smoothing.profile.max_wander = engine->config->smooth_max_wander * 1e-6;
}

void smoothing_unlock(struct engine *engine) {
    const struct smoothing *smoothing = &engine->smoothing;

    if (is_configured(engine) && !smoothing->active &&
        (engine->config->smooth_leap_only ||
         engine->reference.skew < UNLOCK_RATIO * smoothing->profile.max_wander))
        activate(engine);
}

static void reset(struct engine *engine) {
    plan(engine, 0.0, 0.0);
    log_info(engine_log(engine), "Reset time smoothing");
}

void smoothing_reset(struct engine *engine) {
    if (engine->smoothing.active)
        reset(engine);
}

void smoothing_leap(struct engine *engine, double change) {
    struct smooth_state state = state_now(engine);

    if (engine->smoothing.active)
        plan(engine, state.offset - change, state.frequency);
}

void smoothing_adjust(struct engine *engine, double frequency, double offset) {
    struct smooth_state state = state_now(engine);

    if (engine->smoothing.active && !engine->config->smooth_leap_only)
        plan(engine, state.offset - offset, (1.0 + state.frequency) / (1.0 + frequency) - 1.0);
}

double smoothing_rate(const struct engine *engine) {
    return engine->smoothing.active ? state_now(engine).frequency : 0.0;
}

ns_t smoothing_serve(const struct engine *engine, struct served_reference *served) {
    double offset;

    if (!engine->smoothing.active)
        return 0;
    offset = state_now(engine).offset;
    if (served->reference_time != 0) {
        served->reference_time += ns_from_seconds(offset);
        if (fabs(offset) > engine->precision_seconds)
            served->reference_id = REFERENCE_ID_SMOOTHING;
    }
    return ns_from_seconds(offset);
}

enum control_status answer_smoothing(struct engine *engine, const union control_payload *arguments,
                                     union control_payload *results) {
    struct control_smoothing *report = &results->as_smoothing;
    struct smooth_state state;

    (void)arguments;
    if (!is_configured(engine))
        return CONTROL_NOT_ENABLED;
    if (engine->config->smooth_leap_only)
        report->flags = CONTROL_SMOOTHING_LEAP_ONLY;
    if (!engine->smoothing.active)
        return CONTROL_SUCCESS;
    state = state_now(engine);
    report->flags |= CONTROL_SMOOTHING_ACTIVE;
    report->offset = state.offset;
    report->freq_ppm = state.frequency * 1e6;
    report->wander_ppm = state.wander * 1e6;
    report->last_update_ago = ns_difference(engine_monotonic(engine), engine->smoothing.planned);
    report->remaining_time = state.remaining;
    return CONTROL_SUCCESS;
}

enum control_status action_smoothtime(struct engine *engine, const union control_payload *arguments,
                                      union control_payload *results) {
    (void)results;
    if (!is_configured(engine))
        return CONTROL_NOT_ENABLED;
    switch (arguments->as_int.value) {
    case CONTROL_SMOOTHTIME_RESET:
        reset(engine);
        return CONTROL_SUCCESS;
    case CONTROL_SMOOTHTIME_ACTIVATE:
        if (!engine->smoothing.active)
            activate(engine);
        return CONTROL_SUCCESS;
    default:
        return CONTROL_INVALID;
    }
}
