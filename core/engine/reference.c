/* What we are synchronised to (reference.h). Error bounds age as RFC 5905 section 11.3 says:
 * dispersion grows with the skew of our own frequency plus the wander assumed of any clock
 * (maxclockerror). */
#include "core/engine/reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/records.h"
#include "core/engine/sources.h"

#define REFERENCE_ID_LOCAL 0x7f7f0101u /* 127.127.1.1 */
#define INITIAL_SKEW       1.0         /* s/s: nothing is known */
#define LOCAL_REFRESH      64          /* s between changes of the local reference's time */
#define LOCAL_MIX          UINT64_C(0x9E3779B97F4A7C15)
#define RMS_WEIGHT         0.1 /* of a new offset in the running mean of squares */
#define DRIFT_TEXT_SIZE    64
#define KERNEL_MAX_ERROR   16.0         /* s, the kernel's own limit (RFC 5905 MAXDISP) */
#define TIME_END           4294967296.0 /* s since 1970: in 2106 */

static double ppm(double frequency) {
    return frequency * 1e6;
}

static void read_drift(struct engine *engine) {
    const char *path = engine->config->drift_file;
    char text[DRIFT_TEXT_SIZE];
    char *end;
    double frequency, skew;

    if (path == NULL ||
        engine->host->read_file(engine->host->context, path, text, sizeof(text)) < 0)
        return;
    frequency = strtod(text, &end);
    skew = strtod(end, NULL);
    if (!(skew > 0.0) || !isfinite(frequency) || !isfinite(skew)) {
        log_warning(engine_log(engine), "Could not read valid frequency and skew from driftfile %s",
                    path);
        return;
    }
    log_info(engine_log(engine), "Frequency %.3f +/- %.3f ppm read from %s", frequency, skew, path);
    /* Zero stands for "unknown" there: the kernel's own value is better. */
    if (frequency != 0.0)
        clock_set_frequency(&engine->clock, -frequency * 1e-6);
    engine->reference.skew = fmin(skew * 1e-6, INITIAL_SKEW);
}

void reference_init(struct engine *engine) {
    struct reference *reference = &engine->reference;
    double initial = ppm(0.0 - clock_frequency(&engine->clock));

    *reference = (struct reference){
        .leap = NTP_LEAP_UNSYNCHRONISED,
        .updated = NS_UNKNOWN,
        .root_delay = 1.0,
        .root_dispersion = 1.0,
        .skew = INITIAL_SKEW,
        .steps_left = engine->config->make_step_limit,
        .unsynchronised_since = engine->started,
        .local_seed = random_u64(&engine->random),
    };
    engine->make_step_threshold = engine->config->make_step_threshold;
    engine->reselect_distance = engine->config->reselect_distance;
    engine->max_update_skew = engine->config->max_update_skew;
    engine->local = engine->config->local;
    if (engine->options.restarted && reference->steps_left > 0)
        reference->steps_left = 0;
    read_drift(engine);
    if (engine->config->drift_file == NULL && initial != 0.0)
        log_info(engine_log(engine), "Initial frequency %.3f ppm", initial);
    records_tracking(engine, engine_ntp(engine), 0.0, 1.5);
}

void reference_write_drift(struct engine *engine) {
    const char *path = engine->config->drift_file;
    char text[DRIFT_TEXT_SIZE];

    if (path == NULL)
        return;
    snprintf(text, sizeof(text), "%20.6f %20.6f\n", ppm(0.0 - clock_frequency(&engine->clock)),
             ppm(engine->reference.skew));
    engine->host->replace_file(engine->host->context, path, text, 0644);
    engine->reference.drift_age = 0.0;
}

double reference_dispersion(const struct engine *engine, ns_t now) {
    const struct reference *reference = &engine->reference;
    double elapsed = reference->synchronised ? fmax(ns_difference(now, reference->time), 0.0) : 0.0;

    return reference->root_dispersion +
           elapsed * (reference->skew + engine->config->max_clock_error * 1e-6) +
           engine->precision_seconds;
}

static double own_distance(const struct engine *engine, ns_t now) {
    return engine->reference.root_delay / 2.0 + reference_dispersion(engine, now);
}

/* The system clock, not the NTP clock, is what maxerror is about: what remains to be slewed counts
 * in full. */
static double system_clock_error(const struct engine *engine, ns_t now) {
    return fabs(clock_remaining(&engine->clock, engine_clock(engine))) +
           engine->reference.root_delay / 2.0 + reference_dispersion(engine, now);
}

void reference_tell_kernel(struct engine *engine) {
    struct clock_status status = {
        .synchronised = engine->config->rtc_sync && engine->reference.synchronised,
        .estimated_error = engine->clock.distance,
        .maximum_error = fmin(system_clock_error(engine, engine_ntp(engine)), KERNEL_MAX_ERROR),
    };

    if (!engine->host->clock_control)
        return;
    leap_fill_status(engine, &status);
    clock_tell(&engine->clock, &status);
}

bool reference_is_sane(const struct engine *engine, double time) {
    return time >= ns_to_seconds(engine->options.earliest) && time < TIME_END;
}

bool reference_can_change(const struct engine *engine, double offset) {
    if (reference_is_sane(engine, ns_to_seconds(engine_ntp(engine)) + offset))
        return true;
    log_warning(engine_log(engine), "Adjustment of %.1f seconds is invalid", offset);
    return false;
}

/* maxchange: true when the update must not be applied. */
static bool change_refused(struct engine *engine, double offset) {
    const struct config *config = engine->config;
    struct reference *reference = &engine->reference;

    if (config->max_change_offset <= 0.0 || reference->updates < config->max_change_start ||
        fabs(offset) <= config->max_change_offset)
        return false;
    bool ignored =
        config->max_change_ignore < 0 || reference->changes_ignored < config->max_change_ignore;
    log_warning(engine_log(engine),
                "Adjustment of %.3f seconds exceeds the allowed maximum of %.3f seconds (%s) ",
                offset, config->max_change_offset, ignored ? "ignored" : "exiting");
    reference->changes_ignored++;
    if (!ignored)
        engine_finish(engine, 1);
    return true;
}

static void step_if_wanted(struct engine *engine) {
    struct reference *reference = &engine->reference;
    double remaining = clock_remaining(&engine->clock, engine_clock(engine));

    if (reference->steps_left == 0)
        return;
    if (reference->steps_left > 0)
        reference->steps_left--;
    if (fabs(remaining) <= engine->make_step_threshold)
        return;
    smoothing_reset(engine);
    if (clock_step_remaining(&engine->clock))
        log_warning(engine_log(engine), "System clock was stepped by %.6f seconds", remaining);
    else
        log_error(engine_log(engine), "Could not step system clock");
}

void reference_change(struct engine *engine, double frequency, double offset) {
    sources_adjust(engine, engine_ntp(engine), frequency, offset);
    clock_adjust(&engine->clock, frequency, offset, 0.0, 1.0);
}

/* -q and -Q: the first update is the last. */
static void finish_once(struct engine *engine, double offset) {
    bool set = engine->options.mode == ENGINE_SET_ONCE;

    log_info(engine_log(engine), "System clock wrong by %.6f seconds (%s)", offset,
             set ? "step" : "ignored");
    if (set) {
        clock_adjust(&engine->clock, 0.0, offset, 0.0, 1.0);
        if (!clock_step_remaining(&engine->clock))
            log_error(engine_log(engine), "Could not step system clock");
    }
    engine_finish(engine, 0);
}

/* A frequency far less certain than maxupdateskew would do harm; the offset is corrected all the
 * same. What the clock cannot take is not told to the filters either. */
static double frequency_change(const struct engine *engine, const struct reference_update *update,
                               double elapsed, double *skew) {
    const struct clock *clock = &engine->clock;
    struct frequency_update change = discipline_update_frequency(
        engine->reference.skew, elapsed, engine->config->max_clock_error * 1e-6,
        update->combination.frequency, update->combination.skew, engine->max_update_skew * 1e-6);
    double limit = engine->config->max_drift * 1e-6;
    double wanted = clock->base_frequency + change.change;

    *skew = change.skew;
    if (fabs(wanted) > limit)
        log_warning(engine_log(engine), "Frequency %.1f ppm exceeds allowed maximum", ppm(-wanted));
    limit = fmin(limit, clock->options.max_frequency);
    if (fabs(wanted) <= limit)
        return change.change;
    return (copysign(limit, wanted) - clock->base_frequency) / (1.0 + clock->base_frequency);
}

/* While offsets shrink, the clock is still being set: the mean begins with the first that does not.
 */
static void keep_statistics(struct engine *engine, double offset, double elapsed) {
    struct reference *reference = &engine->reference;
    double square = offset * offset;

    if (reference->averaging) {
        reference->square_offset += (square - reference->square_offset) * RMS_WEIGHT;
    } else {
        reference->averaging = reference->updates > 0 && square > reference->square_offset;
        reference->square_offset = square;
    }
    reference->last_offset = offset;
    reference->update_interval = elapsed;
    reference->updates++;
    reference->drift_age += elapsed;
}

static void tell_change(const struct engine *engine, double offset) {
    const struct config *config = engine->config;
    const struct host *host = engine->host;

    if (fabs(offset) > config->log_change)
        log_warning(engine_log(engine), "System clock wrong by %.6f seconds", offset);
    if (config->mail_on_change_address && fabs(offset) > config->mail_on_change_threshold &&
        host->mail_change)
        host->mail_change(host->context, offset);
}

void reference_set_manually(struct engine *engine, double frequency, double offset) {
    tell_change(engine, offset);
    reference_change(engine, frequency, offset);
    keep_statistics(engine, offset, 0.0);
    step_if_wanted(engine);
    engine->manual.applying = true;
    records_tracking(engine, engine_ntp(engine), offset, fabs(offset));
    engine->manual.applying = false;
}

static void take_over(struct engine *engine, const struct reference_update *update, ns_t now) {
    struct reference *reference = &engine->reference;
    const struct association *association = &update->source->association;

    reference->synchronised = true;
    reference->leap = leap_update(engine, update->leap, now);
    reference->stratum = update->stratum + 1;
    reference->reference_id = association->config.copy
                                  ? association->report.header.reference_id
                                  : association_reference_id(&association->remote.address);
    reference->address = association->remote.address;
    reference->root_delay = update->root_delay;
    reference->root_dispersion = update->root_dispersion;
    reference->time = now;
    reference->served_time = ns_add_seconds(now, -random_uniform(&engine->random));
    reference->updated = engine_monotonic(engine);
    reference->offset_error = update->combination.offset_error;
    reference->combined = update->combined;
}

/* Not below what the source says of itself now: a follower must not seem nearer to the truth than
 * the one that it follows, also when an old sample of it bounds the error better (clock.h). */
static double told_distance(const struct reference_update *update) {
    const struct ntp_header *header = &update->source->association.report.header;

    return fmax(update->root_delay / 2.0 + update->root_dispersion,
                header->root_delay / 2.0 + header->root_dispersion);
}

void reference_apply(struct engine *engine, const struct reference_update *update) {
    struct reference *reference = &engine->reference;
    double offset = update->combination.offset;
    ns_t now = engine_ntp(engine);
    ns_t monotonic = engine_monotonic(engine);
    double elapsed =
        reference->updated == NS_UNKNOWN ? 0.0 : ns_difference(monotonic, reference->updated);
    double skew, change, max_error;

    if (!isfinite(offset) || engine->finished || change_refused(engine, offset))
        return;
    if ((engine->initial.running || engine->options.mode == ENGINE_SET_ONCE) &&
        !reference_can_change(engine, offset)) {
        if (!engine->initial.running)
            engine_finish(engine, 1);
        return;
    }
    if (engine->initial.running) {
        initial_measured(engine, offset);
        return;
    }
    if (engine->options.mode != ENGINE_DAEMON) {
        finish_once(engine, offset);
        return;
    }
    tell_change(engine, offset);
    if (!reference_can_change(engine, offset))
        return;
    max_error = fabs(offset) + system_clock_error(engine, now);

    change = frequency_change(engine, update, elapsed, &skew);
    sources_adjust(engine, now, change, offset);
    if (reference->updated == NS_UNKNOWN)
        reference->begun = monotonic;
    engine->clock.options.skew = skew;
    engine->clock.options.age = ns_difference(monotonic, reference->begun);
    engine->clock.distance = told_distance(update);
    clock_adjust(&engine->clock, change, offset, update->combination.offset_error, elapsed);
    reference->skew = skew;
    reference->residual_frequency = update->source_frequency - change;
    now = engine_ntp(engine);
    take_over(engine, update, now);
    keep_statistics(engine, offset, elapsed);
    step_if_wanted(engine);
    reference->local_was_near |= own_distance(engine, now) < engine->local.activate;
    reference_tell_kernel(engine);
    smoothing_unlock(engine);
    fallback_update(engine, elapsed);
    records_tracking(engine, now, offset, max_error);
    if (reference->drift_age >= engine->config->drift_file_interval)
        reference_write_drift(engine);
}

void reference_lose(struct engine *engine) {
    struct reference *reference = &engine->reference;

    if (!reference->synchronised)
        return;
    reference->synchronised = false;
    engine->clock.distance = CLOCK_NO_ERROR;
    reference->leap = NTP_LEAP_UNSYNCHRONISED;
    reference->stratum = 0;
    reference->reference_id = 0;
    reference->address = (struct address){0};
    reference->time = 0;
    reference->root_delay = reference->root_dispersion = 1.0;
    reference->unsynchronised_since = engine_monotonic(engine);
    leap_update(engine, NTP_LEAP_UNSYNCHRONISED, engine_ntp(engine));
    reference_tell_kernel(engine);
    records_tracking(engine, engine_ntp(engine), 0.0, 0.0);
}

/* The rules of `local`: unsynchronised for long enough, or so far from the truth that our own word
 * is as good. */
bool reference_is_local(const struct engine *engine, ns_t now) {
    const struct local_config *local = &engine->local;
    const struct reference *reference = &engine->reference;
    ns_t monotonic = engine_monotonic(engine);

    if (!local->enabled)
        return false;
    if (local->activate > 0.0 && !reference->local_was_near)
        return false;
    if (reference->synchronised)
        return own_distance(engine, now) > local->distance &&
               ns_difference(monotonic, reference->updated) >= local->wait_synced;
    return ns_difference(monotonic, reference->unsynchronised_since) >= local->wait_unsynced;
}

/* Refreshed every 64 s and always 1 to 2 s old, with a fraction of our own: two local servers must
 * not look like one (packet test D). */
static ns_t local_reference_time(const struct engine *engine, ns_t now) {
    int64_t second = ns_floor_seconds(now) - 1, block = second - second % LOCAL_REFRESH;
    uint64_t mixed = (engine->reference.local_seed ^ (uint64_t)block) * LOCAL_MIX;

    return block * NS_PER_S + (ns_t)((mixed >> 32) % (uint64_t)NS_PER_S);
}

void reference_serve(const struct engine *engine, ns_t now, struct served_reference *served) {
    const struct reference *reference = &engine->reference;
    bool possible = now >= engine->options.earliest;

    *served = (struct served_reference){.precision = engine->precision};
    if (possible && reference_is_local(engine, now)) {
        served->stratum = engine->local.stratum;
        served->reference_id = REFERENCE_ID_LOCAL;
        served->reference_time = local_reference_time(engine, now);
    } else if (possible && reference->synchronised && reference->stratum < NTP_MAX_STRATUM) {
        served->leap = leap_served(engine, reference->leap);
        served->stratum = reference->stratum;
        served->reference_id = reference->reference_id;
        served->reference_time = reference->served_time;
        served->root_delay = reference->root_delay;
        served->root_dispersion = reference_dispersion(engine, now);
    } else {
        served->leap = NTP_LEAP_UNSYNCHRONISED;
        served->root_delay = served->root_dispersion = 1.0;
    }
}
