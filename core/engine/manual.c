/* Time entered by a person (manual.h). The last entry sets the clock; a line through all of them
 * sets its rate, once they are so far apart that a hand's unsteadiness does not matter. */
#include "core/engine/manual.h"

#include <math.h>
#include <string.h>

#include "core/engine/handlers.h"
#include "core/engine/reference.h"
#include "core/track/line.h"

#define MIN_INTERVAL NS_PER_S
#define HAND_ERROR   0.5 /* s */

static void forget(struct manual *manual, int index) {
    manual->count--;
    memmove(&manual->samples[index], &manual->samples[index + 1],
            (size_t)(manual->count - index) * sizeof(manual->samples[0]));
}

static struct line fit(struct engine *engine, ns_t now) {
    struct manual *manual = &engine->manual;
    struct manual_sample *samples = manual->samples;
    double times[MANUAL_MAX_SAMPLES], offsets[MANUAL_MAX_SAMPLES];
    struct line line;

    for (int i = 0; i < manual->count; i++) {
        times[i] = ns_difference(samples[i].time, now);
        offsets[i] = samples[i].offset;
    }
    line = line_fit(times, offsets, manual->count, HAND_ERROR);
    if (!(line.slope_error <= engine->max_update_skew * 1e-6))
        line = (struct line){.value = samples[manual->count - 1].offset};
    for (int i = 0; i < manual->count; i++)
        samples[i].residual = offsets[i] - line.value - line.slope * times[i];
    return line;
}

void manual_adjust(struct engine *engine, ns_t when, double frequency, double offset) {
    for (int i = 0; i < engine->manual.count; i++) {
        struct manual_sample *sample = &engine->manual.samples[i];
        double gain = offset + ns_difference(sample->time, when) * frequency;

        sample->time = ns_add_seconds(sample->time, gain);
        sample->offset -= gain;
    }
}

enum control_status action_settime(struct engine *engine, const union control_payload *arguments,
                                   union control_payload *results) {
    struct manual *manual = &engine->manual;
    struct control_manual_timestamp *report = &results->as_manual_timestamp;
    ns_t now = engine_ntp(engine);
    double offset = ns_difference(arguments->as_settime.ts, now);
    struct line line;

    if (!manual->enabled)
        return CONTROL_NOT_ENABLED;
    if (!reference_is_sane(engine, ns_to_seconds(arguments->as_settime.ts)))
        return CONTROL_FAILED;
    if (manual->count > 0 && now - manual->samples[manual->count - 1].time < MIN_INTERVAL)
        return CONTROL_FAILED;
    if (manual->count == MANUAL_MAX_SAMPLES)
        forget(manual, 0);
    manual->samples[manual->count++] = (struct manual_sample){now, offset, offset, 0.0};
    line = fit(engine, now);
    report->offset = 0.0 - line.value;
    report->dfreq_ppm = 0.0 - line.slope * 1e6;
    if (line.slope != 0.0)
        log_info(engine_log(engine), "Making a frequency change of %.3f ppm and a slew of %.6f",
                 report->dfreq_ppm, report->offset);
    else
        log_info(engine_log(engine), "Making a slew of %.6f", report->offset);
    reference_set_manually(engine, line.slope, line.value);
    report->new_afreq_ppm = 0.0 - clock_frequency(&engine->clock) * 1e6;
    return CONTROL_SUCCESS;
}

enum control_status action_manual(struct engine *engine, const union control_payload *arguments,
                                  union control_payload *results) {
    int option = arguments->as_int.value;

    (void)results;
    if (option < CONTROL_MANUAL_OFF || option > CONTROL_MANUAL_RESET)
        return CONTROL_INVALID;
    if (option != CONTROL_MANUAL_RESET)
        engine->manual.enabled = option == CONTROL_MANUAL_ON;
    engine->manual.count = 0;
    return CONTROL_SUCCESS;
}

enum control_status action_manual_delete(struct engine *engine,
                                         const union control_payload *arguments,
                                         union control_payload *results) {
    int index = arguments->as_int.value;

    (void)results;
    if (index < 0 || index >= engine->manual.count)
        return CONTROL_BAD_SAMPLE;
    forget(&engine->manual, index);
    if (engine->manual.count > 0)
        fit(engine, engine_ntp(engine)); /* residuals beside what is left */
    return CONTROL_SUCCESS;
}

enum control_status answer_manual_list(struct engine *engine,
                                       const union control_payload *arguments,
                                       union control_payload *results) {
    struct control_manual_list *list = &results->as_manual_list;

    (void)arguments;
    list->n_samples = (uint32_t)engine->manual.count;
    for (int i = 0; i < engine->manual.count; i++) {
        const struct manual_sample *sample = &engine->manual.samples[i];

        list->samples[i] = (struct control_manual_list_sample){
            sample->time, 0.0 - sample->offset, 0.0 - sample->original, 0.0 - sample->residual};
    }
    return CONTROL_SUCCESS;
}
