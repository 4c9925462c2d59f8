/* Choosing among the sources: their views at this instant go to core/track/select.h, what comes
 * back is said in the log and, when a source that counts brought something new, becomes the
 * reference. */
#include <math.h>

#include "core/engine/records.h"
#include "core/engine/reference.h"
#include "core/engine/selection.h"
#include "core/engine/sources.h"

#define BAD_UPDATES_SAID 4 /* own updates in a bad state before it is said */
#define FULL_HISTORY     8 /* polls after which it is said that a source is of no use */

static void fill_view(const struct source *source, const struct added_options *added, ns_t now,
                      struct select_source *view) {
    const struct association *association = &source->association;
    struct estimate estimate;
    struct sample oldest, newest;
    int count = association->filter != NULL ? filter_count(association->filter) : 0;

    *view = source->view;
    view->is_ntp = true;
    view->options = selection_options(source, added);
    view->leap = association->leap;
    view->stratum = association->stratum;
    view->reachability = association->reachability;
    view->reach_size = association->reach_size;
    view->unreachable_polls = association->unreachable_polls;
    view->max_unreachable = association->config.max_unreach;
    view->reference_id = association_reference_id(&association->remote.address);
    view->has_estimate = count > 0 && filter_predict(association->filter, now, &estimate);
    view->first_sample_ago = view->last_sample_ago = 0.0;
    if (count > 0 && filter_sample(association->filter, count - 1, &oldest) &&
        filter_sample(association->filter, 0, &newest)) {
        view->first_sample_ago = ns_difference(now, oldest.time);
        view->last_sample_ago = ns_difference(now, newest.time);
    }
    if (!view->has_estimate)
        return;
    view->offset = estimate.offset;
    view->deviation = estimate.deviation;
    view->frequency = estimate.frequency;
    view->skew = estimate.skew;
    view->root_delay = estimate.root_delay;
    view->root_distance = 0.5 * estimate.root_delay + estimate.root_dispersion;
}

static void options_fill(struct engine *engine, struct select_options *options) {
    const struct config *config = engine->config;

    *options = (struct select_options){
        .max_distance = config->max_distance,
        .max_jitter = config->max_jitter,
        .reselect_distance = engine->reselect_distance,
        .stratum_weight = config->stratum_weight,
        .combine_limit = config->combine_limit,
        .max_clock_error = config->max_clock_error * 1e-6,
        .min_sources = config->min_sources,
        .min_stratum = config->min_stratum,
        .max_stratum = config->max_stratum,
        .edges = engine->edges,
        .orphan_stratum = engine->local.enabled && engine->local.orphan ? engine->local.stratum : 0,
    };
    if (options->orphan_stratum > 0)
        options->orphan_own_id = selection_orphan_id(engine);
}

static int index_of(const struct engine *engine, const struct source *source) {
    for (int i = 0; i < engine->source_count; i++) {
        if (engine->sources[i] == source)
            return i;
    }
    return -1;
}

/* Why nothing could be chosen, each reason once until something is. Whoever has only just started
 * has nothing to complain of. */
static void say_failure(struct engine *engine, const struct select_result *result, bool had_one) {
    const struct log *log = engine_log(engine);
    unsigned bit = 1U << result->failure;
    bool full_history = false;

    if ((engine->failures_said & bit) != 0)
        return;
    for (int i = 0; i < engine->source_count; i++) {
        const struct association *association = &engine->sources[i]->association;

        full_history = full_history ||
                       (association->reach_size >= FULL_HISTORY &&
                        (association->reachability == 0 || engine->sources[i]->view.has_estimate));
    }
    if (!had_one && result->failure == SELECT_NO_SELECTABLE && !full_history)
        return;
    engine->failures_said |= bit;
    switch (result->failure) {
    case SELECT_NO_SOURCES:
        log_warning(log, "Can't synchronise: no sources");
        break;
    case SELECT_NO_SELECTABLE:
        log_warning(log, "Can't synchronise: no selectable sources (%d unreachable sources)",
                    result->unreachable);
        break;
    case SELECT_NO_MAJORITY:
        if (result->agreeing < 2)
            log_warning(log, "Can't synchronise: no majority (no agreement among %d %ssources)",
                        result->voting, result->trusted_only ? "trusted " : "");
        else
            log_warning(log, "Can't synchronise: no majority (only %d of %d %ssources agree)",
                        result->agreeing, result->voting, result->trusted_only ? "trusted " : "");
        break;
    case SELECT_NOT_ENOUGH:
        log_warning(log, "Can't synchronise: not enough selectable sources");
        break;
    case SELECT_NO_REQUIRED:
        log_warning(log, "Can't synchronise: no required source in selectable sources");
        break;
    default:
        break;
    }
}

/* A falseticker is named once while it stays one; who comes and goes, once for each leader. Without
 * a majority nobody can say who is false. */
static void say_falsetickers(struct engine *engine, bool new_leader) {
    char text[SOURCE_TEXT_SIZE];

    for (int i = 0; i < engine->source_count; i++) {
        struct source *source = engine->sources[i];
        bool is_false = source->view.state == SOURCE_FALSETICKER;

        if (is_false && !source->falseticker_said)
            log_warning(engine_log(engine), "Detected falseticker %s",
                        sources_format(engine, source, text));
        source->falseticker_said = is_false || (source->falseticker_said && !new_leader);
    }
}

static void say_bad_state(struct engine *engine, struct source *source) {
    const struct select_source *view = &source->view;
    const struct config *config = engine->config;
    char text[SOURCE_TEXT_SIZE];

    if (view->bad_updates != BAD_UPDATES_SAID)
        return;
    sources_format(engine, source, text);
    if (view->state == SOURCE_BAD_DISTANCE)
        log_warning(engine_log(engine), "Root distance of %s exceeds maxdistance of %.3f seconds",
                    text, config->max_distance);
    else if (view->state == SOURCE_JITTERY)
        log_warning(engine_log(engine), "Jitter of %s exceeds maxjitter of %.3f seconds", text,
                    config->max_jitter);
    else if (view->state == SOURCE_BAD_STRATUM && view->stratum > config->max_stratum)
        log_warning(engine_log(engine), "Stratum of %s above maxstratum of %d", text,
                    config->max_stratum);
    else if (view->state == SOURCE_BAD_STRATUM)
        log_warning(engine_log(engine), "Stratum of %s below minstratum of %d", text,
                    config->min_stratum);
}

/* More than half of the sources that count must announce a leap second for it to be believed. */
static enum ntp_leap majority_leap(const struct engine *engine) {
    int votes[4] = {0}, voters = 0;

    for (int i = 0; i < engine->source_count; i++) {
        const struct select_source *view = &engine->sources[i]->view;

        if (view->state != SOURCE_SELECTED && view->state != SOURCE_COMBINED)
            continue;
        votes[view->leap & 3]++;
        voters++;
    }
    if (2 * votes[NTP_LEAP_INSERT] > voters)
        return NTP_LEAP_INSERT;
    return 2 * votes[NTP_LEAP_DELETE] > voters ? NTP_LEAP_DELETE : NTP_LEAP_NONE;
}

static void combine_fill(const struct source *source, ns_t now, int sources,
                         struct combine_source *combine) {
    struct estimate estimate = {0};

    filter_predict_shared(source->association.filter, now, sources, &estimate);
    *combine = (struct combine_source){
        .offset = estimate.offset,
        .offset_error = estimate.offset_error,
        .frequency = estimate.frequency,
        .skew = estimate.skew,
        .root_distance = source->view.root_distance,
    };
}

/* Combines what agrees and makes it the reference. */
static void update_reference(struct engine *engine, ns_t now) {
    struct source *leader = engine->sources[engine->selected];
    struct reference_update update = {.source = leader};
    int count = 0, sources = 1;

    for (int i = 0; i < engine->source_count; i++)
        sources += engine->sources[i]->view.state == SOURCE_COMBINED;
    combine_fill(leader, now, sources, &engine->combining[count++]);
    for (int i = 0; i < engine->source_count; i++) {
        if (engine->sources[i]->view.state == SOURCE_COMBINED)
            combine_fill(engine->sources[i], now, sources, &engine->combining[count++]);
    }
    update.combination = combine_sources(engine->combining, count);
    update.source_frequency = leader->view.frequency;
    update.root_delay = leader->view.root_delay;
    update.root_dispersion = fmax(leader->view.root_distance - update.root_delay / 2.0, 0.0);
    update.leap = majority_leap(engine);
    update.stratum = leader->association.stratum;
    update.combined = count;
    reference_apply(engine, &update);
}

void selection_run(struct engine *engine, struct source *updated) {
    ns_t now = engine_ntp(engine);
    int before = engine->selected, update_index = updated != NULL ? index_of(engine, updated) : -1;
    struct added_options added = selection_added_options(engine);
    struct select_options options;
    struct select_result result;
    char text[SOURCE_TEXT_SIZE];

    for (int i = 0; i < engine->source_count; i++) {
        fill_view(engine->sources[i], &added, now, &engine->views[i]);
    }
    options_fill(engine, &options);
    result = select_run(engine->views, engine->source_count, &options, before, update_index);
    for (int i = 0; i < engine->source_count; i++) {
        engine->sources[i]->view = engine->views[i];
        records_selection(engine, engine->sources[i], now);
    }
    engine->selected = result.selected;
    if (result.failure != SELECT_NO_MAJORITY)
        say_falsetickers(engine, result.selected >= 0 && result.selected != before);
    if (updated != NULL)
        say_bad_state(engine, updated);
    if (result.selected < 0) {
        say_failure(engine, &result, before >= 0);
        return;
    }
    engine->failures_said = 0;
    if (result.selected != before && engine->options.mode == ENGINE_DAEMON &&
        !engine->initial.running)
        log_info(engine_log(engine), "Selected source %s",
                 sources_format(engine, engine->sources[result.selected], text));
    if (result.update)
        update_reference(engine, now);
}

void selection_restart(struct engine *engine) {
    engine->selected = -1;
    selection_run(engine, NULL);
}
