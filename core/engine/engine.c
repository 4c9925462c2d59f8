/* The daemon as a value (engine.h): it is put together here, and what happens is handed to the room
 * that knows. */
#include "core/engine/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/authentication.h"
#include "core/engine/broadcast.h"
#include "core/engine/control.h"
#include "core/engine/dump.h"
#include "core/engine/reference.h"
#include "core/engine/reload.h"
#include "core/engine/serve.h"
#include "core/engine/sources.h"

#define LOWEST_PRECISION  (-30)
#define DEFAULT_PRECISION 1e-7       /* s */
#define SQRT_HALF         0.70710678 /* where log2 rounds the other way */
#define SILENT_REQUESTS   6          /* as many as chrony sends */
#define STEP_NOTICED      1e-3
#define TIME_JUMP         10.0 /* s, of the system clock against the monotonic one */

bool engine_own_socket(struct engine *engine, int socket, enum socket_owner owner,
                       struct source *source) {
    if (socket < 0)
        return false;
    if (socket >= ENGINE_MAX_SOCKETS) {
        engine->host->close_socket(engine->host->context, socket);
        return false;
    }
    engine->sockets[socket].owner = (uint8_t)owner;
    engine->sockets[socket].source = source;
    return true;
}

void engine_close_socket(struct engine *engine, int *socket) {
    if (*socket < 0)
        return;
    engine->sockets[*socket].owner = OWNER_NONE;
    engine->sockets[*socket].source = NULL;
    engine->host->close_socket(engine->host->context, *socket);
    *socket = -1;
}

void engine_finish(struct engine *engine, int status) {
    engine->finished = true;
    engine->host->stop(engine->host->context, status);
}

static void set_precision(struct engine *engine) {
    double seconds = engine->config->clock_precision;

    if (seconds <= 0.0)
        seconds = engine->options.initial_precision > 0.0 ? engine->options.initial_precision
                                                          : DEFAULT_PRECISION;
    seconds = fmin(fmax(seconds, 1e-9), 1.0);
    if (frexp(seconds, &engine->precision) < SQRT_HALF)
        engine->precision--;
    if (engine->precision < LOWEST_PRECISION)
        engine->precision = LOWEST_PRECISION;
    engine->precision_seconds = seconds;
}

static bool set_rules(struct access *access, const struct access_rule *rules, int count) {
    if (access == NULL)
        return false;
    for (int i = 0; i < count; i++) {
        if (!access_set(access, &rules[i].subnet, rules[i].bits, rules[i].allow, rules[i].all))
            return false;
    }
    return true;
}

static bool make_tables(struct engine *engine) {
    const struct config *config = engine->config;
    struct rate_limit limits[SERVICE_COUNT] = {
        [SERVICE_NTP] = config->ntp_rate_limit,
        [SERVICE_NTSKE] = config->nts_rate_limit,
        [SERVICE_COMMAND] = config->command_rate_limit,
    };

    engine->ntp_access = access_new();
    engine->command_access = access_new();
    return serve_init(engine, limits) &&
           set_rules(engine->ntp_access, config->ntp_rules, config->ntp_rule_count) &&
           set_rules(engine->command_access, config->command_rules, config->command_rule_count);
}

/* Whoever may ask from one port alone, which is not to be had, would be silent for ever. */
static bool may_ask(struct engine *engine) {
    const struct config *config = engine->config;
    const struct host *host = engine->host;

    for (int family = ADDRESS_IPV4; config->acquisition_port > 0; family = ADDRESS_IPV6) {
        struct socket_request request = {
            .kind = SOCKET_CLIENT,
            .family = family,
            .local = family == ADDRESS_IPV4 ? config->bind_acquisition_address4
                                            : config->bind_acquisition_address6,
            .port = config->acquisition_port,
            .device = config->bind_acquisition_device,
        };
        int socket = engine->options.family == ADDRESS_NONE || engine->options.family == family
                         ? host->open_socket(host->context, &request)
                         : -1;

        if (socket >= 0) {
            host->close_socket(host->context, socket);
            break;
        }
        if (family == ADDRESS_IPV6) {
            log_fatal(engine_log(engine), "Could not open NTP sockets");
            return false;
        }
    }
    return true;
}

static void start_clock(struct engine *engine) {
    struct discipline_options options = {
        .max_slew_rate = engine->config->max_slew_rate * 1e-6,
        .correction_ratio = engine->config->corr_time_ratio,
        .max_frequency = engine->host->clock_control ? engine->host->max_frequency : 0.1,
    };

    clock_init(&engine->clock, engine->host, &options);
}

static void start_features(struct engine *engine) {
    leap_init(engine);
    smoothing_init(engine);
    fallback_init(engine);
    engine->manual.enabled = engine->config->manual;
    authentication_load(engine);
    broadcast_init(engine);
    serve_run(engine, engine->started);
}

void engine_add_sources(struct engine *engine) {
    for (int i = 0; i < engine->config->source_count; i++) {
        const struct source_config *source = &engine->config->sources[i];

        if (sources_add(engine, source) != ADD_OK)
            log_error(engine_log(engine), "Could not add source %s", source->name);
    }
    reload_sources(engine);
}

struct engine *engine_new(const struct config *config, const struct engine_options *options,
                          const struct host *host) {
    struct engine *engine = calloc(1, sizeof(*engine));

    if (engine == NULL)
        return NULL;
    engine->config = config;
    engine->options = *options;
    engine->host = host;
    engine->selected = -1;
    engine->touched = true;
    engine->started = engine_monotonic(engine);
    engine->last_transmit = engine->started - NS_PER_S;
    for (int i = 0; i < 2; i++)
        engine->server_sockets[i] = -1;
    for (int i = 0; i < 3; i++)
        engine->control_sockets[i] = -1;
    random_init(&engine->random, host->fill_random, host->context);
    set_precision(engine);
    if (!make_tables(engine)) {
        log_fatal(engine_log(engine), "Could not set up the access rules");
        engine_free(engine);
        return NULL;
    }
    for (int i = 0; i < TIMER_COUNT; i++)
        engine->timers[i] = NS_NEVER;
    if (!temperature_init(engine) || !may_ask(engine)) {
        engine_free(engine);
        return NULL;
    }
    start_clock(engine);
    start_features(engine);
    control_open(engine);
    serve_update_sockets(engine);
    reference_init(engine);
    if (!initial_start(engine))
        engine_add_sources(engine);
    return engine;
}

bool engine_is_deaf(const struct engine *engine) {
    return engine->server_sockets[0] < 0 && engine->server_sockets[1] < 0 &&
           engine->config->port > 0 && engine->options.mode == ENGINE_DAEMON &&
           (access_any_allowed(engine->ntp_access, ADDRESS_IPV4) ||
            access_any_allowed(engine->ntp_access, ADDRESS_IPV6));
}

void engine_free(struct engine *engine) {
    if (engine == NULL)
        return;
    if (engine->clock.host != NULL) {
        dump_leave(engine);
        clock_stop(&engine->clock);
        if (engine->reference.synchronised)
            reference_tell_kernel(engine);
        if (engine->options.mode == ENGINE_DAEMON)
            reference_write_drift(engine);
    }
    sources_free(engine);
    for (int i = 0; i < 2; i++)
        engine_close_socket(engine, &engine->server_sockets[i]);
    for (int i = 0; i < 3; i++)
        engine_close_socket(engine, &engine->control_sockets[i]);
    serve_free(engine);
    access_free(engine->ntp_access);
    access_free(engine->command_access);
    leap_free(engine);
    keys_free(&engine->keys);
    free(engine);
}

/* Before anything is converted to NTP time. */
void engine_watch_clock(struct engine *engine) {
    if (clock_watch(&engine->clock))
        reference_tell_kernel(engine);
}

void engine_packet(struct engine *engine, const struct packet *packet) {
    if (packet->socket < 0 || packet->socket >= ENGINE_MAX_SOCKETS || engine->finished)
        return;
    if (engine->sockets[packet->socket].owner == OWNER_SERVER) {
        serve_packet(engine, packet);
        return;
    }
    engine_watch_clock(engine);
    engine_touch(engine);
    switch (engine->sockets[packet->socket].owner) {
    case OWNER_CONTROL:
        control_packet(engine, packet);
        break;
    case OWNER_SOURCE:
        sources_packet(engine, engine->sockets[packet->socket].source, packet);
        break;
    default:
        break;
    }
}

int engine_requests(struct engine *engine, struct request *requests, int count,
                    struct departure *departure) {
    return engine->finished || count == 0 ? 0 : serve_requests(engine, requests, count, departure);
}

const struct served *engine_served(struct engine *engine) {
    return serve_snapshot(engine);
}

struct server *engine_server(struct engine *engine, int i) {
    return &engine->servers[i];
}

void engine_sent(struct engine *engine, const struct packet *packet) {
    if (packet->socket < 0 || packet->socket >= ENGINE_MAX_SOCKETS)
        return;
    engine_touch(engine);
    if (engine->sockets[packet->socket].owner == OWNER_SERVER)
        serve_sent(engine, packet);
    else if (engine->sockets[packet->socket].owner == OWNER_SOURCE)
        sources_sent(engine, engine->sockets[packet->socket].source, packet);
}

void engine_resolved(struct engine *engine, uint32_t id, enum resolve_status status,
                     const struct address *addresses, int count) {
    engine_touch(engine);
    sources_resolved(engine, (int)id, status, addresses, count);
}

/* Someone else set the clock by a lot, or the machine slept: what was measured before means nothing
 * now. */
static void watch_time_jump(struct engine *engine) {
    double jump = clock_take_jump(&engine->clock);

    if (fabs(jump) <= STEP_NOTICED || leap_explains(engine, jump))
        return;
    if (fabs(jump) <= TIME_JUMP) {
        clock_absorb_jump(&engine->clock);
        if (engine->reference.synchronised)
            reference_tell_kernel(engine);
        return;
    }
    clock_forget_slew(&engine->clock);
    log_warning(engine_log(engine), "%s time jump detected!", jump > 0.0 ? "Forward" : "Backward");
    engine->phase_epoch = 0;
    sources_reset(engine);
    reference_lose(engine);
}

/* -q and -Q: silent through six requests, or through its burst without being good enough. */
static bool has_failed(const struct engine *engine, const struct source *source) {
    const struct association *association = &source->association;

    if (!source->resolved)
        return engine->initial.running &&
               (engine->groups[source->group].failed || engine->groups[source->group].retries > 0);
    if (association->counters.valid == 0 && association->counters.transmitted >= SILENT_REQUESTS)
        return true;
    return association->burst_total_left == 0 && association->reach_size > 0 && source->socket < 0;
}

bool engine_sources_failed(const struct engine *engine) {
    for (int i = 0; i < engine->source_count; i++) {
        if (!has_failed(engine, engine->sources[i]))
            return false;
    }
    return true;
}

static void watch_end(struct engine *engine, ns_t now) {
    if (engine->options.mode != ENGINE_DAEMON && !engine->finished &&
        engine_sources_failed(engine)) {
        log_warning(engine_log(engine), "No suitable source for synchronisation");
        engine_finish(engine, 1);
    }
    if (!engine->finished && engine->options.timeout > 0.0 &&
        ns_difference(now, engine->started) >= engine->options.timeout) {
        log_info(engine_log(engine), "Timeout reached");
        engine_finish(engine, engine_synchronised(engine) ? 0 : 1);
    }
}

static void (*const timer_handlers[TIMER_COUNT])(struct engine *engine, ns_t now) = {
    [TIMER_INITIAL] = initial_run,     [TIMER_TEMPERATURE] = temperature_run,
    [TIMER_FALLBACK] = fallback_run,   [TIMER_LEAP] = leap_run,
    [TIMER_BROADCAST] = broadcast_run, [TIMER_WORKERS] = serve_run,
};

/* A handler sets its timer anew, or it stays silent. */
static void run_timers(struct engine *engine, ns_t now) {
    for (int i = 0; i < TIMER_COUNT; i++) {
        if (engine->timers[i] > now)
            continue;
        engine->timers[i] = NS_NEVER;
        timer_handlers[i](engine, now);
    }
}

static ns_t find_next(const struct engine *engine) {
    ns_t next = sources_next(engine), end;

    if (engine->clock.slew_end_monotonic < next)
        next = engine->clock.slew_end_monotonic;
    for (int i = 0; i < TIMER_COUNT; i++)
        next = engine->timers[i] < next ? engine->timers[i] : next;
    if (engine->options.timeout > 0.0) {
        end = ns_add_seconds(engine->started, engine->options.timeout);
        next = end < next ? end : next;
    }
    return next;
}

void engine_run(struct engine *engine, ns_t now) {
    bool idle = !engine->touched && now < engine->due && now < engine->ran + ENGINE_REST_NS;

    if (engine->finished || idle)
        return;
    engine_watch_clock(engine);
    watch_time_jump(engine);
    clock_run(&engine->clock, now);
    run_timers(engine, now);
    sources_run(engine, now);
    watch_end(engine, now);
    engine_touch(engine);
    engine->ran = now;
    engine->due = find_next(engine);
    engine->touched = false;
}

ns_t engine_next(const struct engine *engine) {
    return engine->touched ? find_next(engine) : engine->due;
}

bool engine_ready(const struct engine *engine) {
    return !engine->initial.running;
}

bool engine_synchronised(const struct engine *engine) {
    struct served_reference served;

    reference_serve(engine, engine_ntp(engine), &served);
    return served.leap != NTP_LEAP_UNSYNCHRONISED;
}
