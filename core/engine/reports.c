/* Reports of the control protocol: state into the payloads of core/wire/control_fields.h. Here the
 * core's one sign (a correction) is turned to the sign each field has. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/engine/handlers.h"
#include "core/engine/reference.h"
#include "core/engine/selection.h"
#include "core/engine/serve.h"
#include "core/engine/sources.h"

#define UNKNOWN_DEVIATION 4.0 /* s, chrony's word for "no idea" */
#define UNKNOWN_SKEW_PPM  2000.0

static uint32_t whole_seconds(double seconds) {
    return seconds <= 0.0 ? 0 : seconds >= 4294967294.0 ? CONTROL_NEVER - 1 : (uint32_t)seconds;
}

static struct source *by_index(struct engine *engine, uint32_t index) {
    return index < (uint32_t)engine->source_count ? engine->sources[index] : NULL;
}

static int sample_count(const struct source *source) {
    return source->association.filter != NULL ? filter_count(source->association.filter) : 0;
}

enum control_status answer_n_sources(struct engine *engine, const union control_payload *arguments,
                                     union control_payload *results) {
    (void)arguments;
    results->as_n_sources.n_sources = (uint32_t)engine->source_count;
    return CONTROL_SUCCESS;
}

/* The states of SOURCE_DATA: 0 selected, 1 not selectable, 2 falseticker, 3 jittery, 4 combined, 5
 * not used. */
static uint16_t state_number(enum source_state state) {
    switch (state) {
    case SOURCE_SELECTED:
        return 0;
    case SOURCE_FALSETICKER:
        return 2;
    case SOURCE_JITTERY:
        return 3;
    case SOURCE_COMBINED:
        return 4;
    case SOURCE_WAITS_SOURCES:
    case SOURCE_NONPREFERRED:
    case SOURCE_WAITS_UPDATE:
    case SOURCE_DISTANT:
        return 5;
    default:
        return 1;
    }
}

enum control_status answer_source_data(struct engine *engine,
                                       const union control_payload *arguments,
                                       union control_payload *results) {
    struct source *source = by_index(engine, arguments->as_index.index);
    struct control_source_data *data = &results->as_source_data;
    const struct association *association;
    struct sample newest;

    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    association = &source->association;
    data->ip_addr = association->remote.address;
    data->poll = (int16_t)association->poll;
    data->state = state_number(source->view.state);
    data->mode = association->config.type == SOURCE_PEER ? 1 : 0;
    data->reachability = association->reachability;
    data->since_sample = CONTROL_NEVER;
    if (sample_count(source) == 0 || !filter_sample(association->filter, 0, &newest))
        return CONTROL_SUCCESS;
    data->stratum = (uint16_t)association->stratum;
    data->since_sample = whole_seconds(ns_difference(engine_ntp(engine), newest.time));
    data->orig_latest_meas = -filter_last_measured(association->filter);
    data->latest_meas = -newest.offset;
    data->latest_meas_err = newest.root_delay / 2.0 + newest.root_dispersion;
    return CONTROL_SUCCESS;
}

enum control_status answer_tracking(struct engine *engine, const union control_payload *arguments,
                                    union control_payload *results) {
    const struct reference *reference = &engine->reference;
    struct control_tracking *tracking = &results->as_tracking;
    struct served_reference served;
    ns_t now = engine_ntp(engine);

    (void)arguments;
    reference_serve(engine, now, &served);
    tracking->ref_id = served.reference_id;
    if (served.leap != NTP_LEAP_UNSYNCHRONISED && !reference_is_local(engine, now)) {
        tracking->ip_addr = reference->address;
        tracking->resid_freq_ppm = -reference->residual_frequency * 1e6;
        tracking->skew_ppm = reference->skew * 1e6;
    }
    tracking->stratum = (uint16_t)served.stratum;
    tracking->leap_status = (uint16_t)served.leap;
    tracking->ref_time = served.reference_time;
    tracking->current_correction = clock_remaining(&engine->clock, engine_clock(engine));
    tracking->last_offset = 0.0 - reference->last_offset;
    tracking->rms_offset = sqrt(reference->square_offset);
    tracking->freq_ppm = 0.0 - clock_frequency(&engine->clock) * 1e6;
    tracking->root_delay = served.root_delay;
    tracking->root_dispersion = served.root_dispersion;
    tracking->last_update_interval = reference->update_interval;
    return CONTROL_SUCCESS;
}

enum control_status answer_sourcestats(struct engine *engine,
                                       const union control_payload *arguments,
                                       union control_payload *results) {
    struct source *source = by_index(engine, arguments->as_index.index);
    struct control_sourcestats *stats = &results->as_sourcestats;
    struct estimate newest, estimate;
    struct sample last, first;

    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    stats->ip_addr = source->association.remote.address;
    stats->ref_id = association_reference_id(&stats->ip_addr);
    stats->sd = UNKNOWN_DEVIATION;
    stats->skew_ppm = UNKNOWN_SKEW_PPM;
    stats->n_samples = (uint32_t)sample_count(source);
    if (stats->n_samples == 0)
        return CONTROL_SUCCESS;
    if (!filter_estimate(source->association.filter, &newest) ||
        !filter_predict(source->association.filter, engine_ntp(engine), &estimate)) {
        filter_sample(source->association.filter, 0, &last);
        filter_sample(source->association.filter, (int)stats->n_samples - 1, &first);
        stats->est_offset = 0.0 - last.offset;
        stats->span_seconds = whole_seconds(ns_difference(last.time, first.time) + 0.5);
        return CONTROL_SUCCESS;
    }
    stats->n_samples = (uint32_t)estimate.samples;
    stats->n_runs = (uint32_t)estimate.runs;
    stats->span_seconds = whole_seconds(estimate.span + 0.5);
    stats->sd = estimate.deviation;
    stats->resid_freq_ppm = -estimate.frequency * 1e6;
    stats->skew_ppm = newest.skew * 1e6; /* only the offset is carried forward to now */
    stats->est_offset = -estimate.offset;
    stats->est_offset_err = estimate.offset_error;
    return CONTROL_SUCCESS;
}

enum control_status answer_activity(struct engine *engine, const union control_payload *arguments,
                                    union control_payload *results) {
    struct control_activity *activity = &results->as_activity;

    (void)arguments;
    for (int i = 0; i < engine->source_count; i++) {
        const struct source *source = engine->sources[i];
        const struct association *association = &source->association;

        if (!source->resolved)
            activity->unresolved++;
        else if (association->burst_total_left > 0)
            (*(association->burst_returns_offline ? &activity->burst_offline
                                                  : &activity->burst_online))++;
        else
            (*(association->online ? &activity->online : &activity->offline))++;
    }
    return CONTROL_SUCCESS;
}

static void add_server(const struct server *server, struct control_server_stats *stats) {
    const struct server_counters *counters = &server->counters;

    if (server->client_log != NULL)
        stats->log_drops += client_log_dropped(server->client_log);
    stats->ntp_hits += counters->ntp_hits;
    stats->ntp_drops += counters->ntp_drops;
    stats->ntp_auth_hits += counters->auth_hits;
    stats->ntp_interleaved_hits += counters->interleaved_hits;
    stats->ntp_daemon_rx_timestamps += counters->daemon_receive;
    stats->ntp_daemon_tx_timestamps += counters->daemon_transmit;
    stats->ntp_kernel_rx_timestamps += counters->kernel_receive;
    stats->ntp_kernel_tx_timestamps += counters->kernel_transmit;
    stats->ntp_hw_rx_timestamps += counters->hw_receive;
    stats->ntp_hw_tx_timestamps += counters->hw_transmit;
}

enum control_status answer_server_stats(struct engine *engine,
                                        const union control_payload *arguments,
                                        union control_payload *results) {
    struct control_server_stats *stats = &results->as_server_stats;
    uint32_t held = 0, span = 0;

    (void)arguments;
    serve_hold(engine, true);
    for (int i = 0; i < engine->server_count; i++)
        add_server(&engine->servers[i], stats);
    serve_hold(engine, false);
    if (engine->host->count_drops != NULL)
        stats->ntp_drops += engine->host->count_drops(engine->host->context);
    if (engine->client_log != NULL)
        client_log_timestamp_span(engine->client_log, &held, &span);
    stats->ntp_timestamps = held;
    stats->ntp_span_seconds = span;
    stats->cmd_hits = engine->counters.command_hits;
    stats->cmd_drops = engine->counters.command_drops;
    return CONTROL_SUCCESS;
}

static void fill_response(const struct response_report *report, struct control_ntp_data *data) {
    data->local_addr = report->local;
    data->leap = report->header.leap;
    data->version = report->header.version;
    data->mode = report->header.mode;
    data->stratum = report->header.stratum;
    data->poll = report->header.poll;
    data->precision = report->header.precision;
    data->root_delay = report->header.root_delay;
    data->root_dispersion = report->header.root_dispersion;
    data->ref_id = report->header.reference_id;
    data->ref_time = report->reference_time;
    data->offset = report->offset;
    data->peer_delay = report->delay;
    data->peer_dispersion = report->dispersion;
    data->response_time = report->response_time;
    data->jitter_asymmetry = 0.0 - report->jitter_asymmetry;
    data->flags = (uint16_t)(report->tests | (report->interleaved ? 0x4000u : 0) |
                             (report->authenticated ? 0x8000u : 0));
    data->tx_tss_char = (char)report->transmit_source;
    data->rx_tss_char = (char)report->receive_source;
}

enum control_status answer_ntp_data(struct engine *engine, const union control_payload *arguments,
                                    union control_payload *results) {
    const struct source *source = sources_find(engine, &arguments->as_address.ip_addr);
    struct control_ntp_data *data = &results->as_ntp_data;
    const struct association_counters *counters;

    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    counters = &source->association.counters;
    data->remote_addr = source->association.remote.address;
    data->remote_port = (uint16_t)engine->groups[source->group].config.port;
    if (counters->valid > 0)
        fill_response(&source->association.report, data);
    data->total_tx_count = counters->transmitted;
    data->total_rx_count = counters->received;
    data->total_valid_count = counters->valid;
    data->total_good_count = counters->good;
    data->total_kernel_tx_ts = counters->kernel_transmitted;
    data->total_kernel_rx_ts = counters->kernel_received;
    data->total_hw_tx_ts = counters->hw_transmitted;
    data->total_hw_rx_ts = counters->hw_received;
    return CONTROL_SUCCESS;
}

enum control_status answer_source_name(struct engine *engine,
                                       const union control_payload *arguments,
                                       union control_payload *results) {
    const struct source *source = sources_find(engine, &arguments->as_address.ip_addr);

    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    snprintf(results->as_ntp_source_name.name, sizeof(results->as_ntp_source_name.name), "%s",
             engine->groups[source->group].config.name);
    return CONTROL_SUCCESS;
}

enum control_status answer_select_data(struct engine *engine,
                                       const union control_payload *arguments,
                                       union control_payload *results) {
    struct source *source = by_index(engine, arguments->as_index.index);
    struct control_select_data *data = &results->as_select_data;
    struct added_options added = selection_added_options(engine);

    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    data->ip_addr = source->association.remote.address;
    data->ref_id = association_reference_id(&data->ip_addr);
    data->state_char = (char)source->view.state;
    data->leap = (uint8_t)source->association.leap;
    data->conf_options = (uint16_t)source->association.config.select_options;
    data->eff_options = (uint16_t)selection_options(source, &added);
    data->authentication = selection_is_authenticated(source);
    data->last_sample_ago = whole_seconds(source->view.last_sample_ago);
    data->score = source->view.score;
    data->lo_limit = 0.0 - source->view.high;
    data->hi_limit = 0.0 - source->view.low;
    return CONTROL_SUCCESS;
}

enum control_status answer_history(struct engine *engine, const union control_payload *arguments,
                                   union control_payload *results) {
    const struct control_history_request *wanted = &arguments->as_history_request;
    struct source *source = by_index(engine, wanted->index);
    struct control_history *history = &results->as_history;

    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    history->ip_addr = source->association.remote.address;
    history->ref_id = association_reference_id(&history->ip_addr);
    history->n_samples = (uint32_t)sample_count(source);
    for (uint32_t i = wanted->first; i < history->n_samples && history->n < CONTROL_MAX_HISTORY;
         i++) {
        struct sample sample;

        filter_sample(source->association.filter, (int)i, &sample);
        history->samples[history->n++] = (struct control_history_sample){
            .when = sample.time,
            .offset = 0.0 - sample.offset,
            .peer_delay = sample.delay,
            .error = sample.root_delay / 2.0 + sample.root_dispersion,
        };
    }
    return CONTROL_SUCCESS;
}

static void fill_client(const struct client_report *report, struct control_client_access *client) {
    client->ip = report->address;
    client->ntp_hits = report->hits[SERVICE_NTP];
    client->nke_hits = report->hits[SERVICE_NTSKE];
    client->cmd_hits = report->hits[SERVICE_COMMAND];
    client->ntp_drops = report->drops[SERVICE_NTP];
    client->nke_drops = report->drops[SERVICE_NTSKE];
    client->cmd_drops = report->drops[SERVICE_COMMAND];
    client->ntp_interval = report->interval[SERVICE_NTP];
    client->nke_interval = report->interval[SERVICE_NTSKE];
    client->cmd_interval = report->interval[SERVICE_COMMAND];
    client->ntp_timeout_interval = report->timeout_interval;
    client->last_ntp_hit_ago = report->last_hit_ago[SERVICE_NTP];
    client->last_nke_hit_ago = report->last_hit_ago[SERVICE_NTSKE];
    client->last_cmd_hit_ago = report->last_hit_ago[SERVICE_COMMAND];
}

static bool enough_hits(const struct client_report *report, uint32_t least) {
    return report->hits[SERVICE_NTP] >= least || report->hits[SERVICE_NTSKE] >= least ||
           report->hits[SERVICE_COMMAND] >= least;
}

/* The servers' logs stand one behind the other; a client of several is told of at the first. */
static bool report_client(struct engine *engine, uint32_t slot, ns_t now, bool reset,
                          struct client_report *report) {
    struct server *server = engine->servers, *end = server + engine->server_count;
    struct address client;

    for (; slot >= (uint32_t)client_log_slots(server->client_log); server++)
        slot -= (uint32_t)client_log_slots(server->client_log);
    if (!client_log_client(server->client_log, (int)slot, &client))
        return false;
    client_report_init(report, &client);
    for (struct server *earlier = engine->servers; earlier < server; earlier++) {
        if (client_log_add(earlier->client_log, now, false, report))
            return false;
    }
    for (; server < end; server++)
        client_log_add(server->client_log, now, reset, report);
    return true;
}

static void fill_clients(struct engine *engine,
                         const struct control_client_accesses_request *wanted,
                         struct control_client_accesses *accesses) {
    uint32_t most =
        wanted->n_clients < CONTROL_MAX_CLIENTS ? wanted->n_clients : CONTROL_MAX_CLIENTS;
    ns_t now = engine_monotonic(engine);
    uint32_t slot;

    for (int i = 0; i < engine->server_count; i++)
        accesses->n_indices += (uint32_t)client_log_slots(engine->servers[i].client_log);
    for (slot = wanted->first_index; slot < accesses->n_indices && accesses->n_clients < most;
         slot++) {
        struct client_report report;

        if (report_client(engine, slot, now, wanted->reset != 0, &report) &&
            enough_hits(&report, wanted->min_hits))
            fill_client(&report, &accesses->clients[accesses->n_clients++]);
    }
    accesses->next_index = slot;
}

enum control_status answer_client_accesses(struct engine *engine,
                                           const union control_payload *arguments,
                                           union control_payload *results) {
    if (engine->client_log == NULL)
        return CONTROL_INACTIVE;
    serve_hold(engine, true);
    fill_clients(engine, &arguments->as_client_accesses_request, &results->as_client_accesses);
    serve_hold(engine, false);
    return CONTROL_SUCCESS;
}
