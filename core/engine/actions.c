/* Commands of the control protocol that change something; each says so in the log, in chrony's
 * words. */
#include <stdio.h>
#include <string.h>

#include "core/conf/conf.h"
#include "core/conf/source_request.h"
#include "core/engine/handlers.h"
#include "core/engine/names.h"
#include "core/engine/reference.h"
#include "core/engine/serve.h"
#include "core/engine/sources.h"

#define LOWEST_POLL  (-7)
#define HIGHEST_POLL 24
#define MAX_DELAY    1e3 /* s */
#define MAX_RATIO    1e6
#define NO_OPTION    0

static double clamp(double value, double low, double high) {
    return value >= low ? (value <= high ? value : high) : low;
}

/* The address of a source as its log lines have it. */
static const char *name_of(const struct source *source, char *text) {
    return address_format(&source->association.remote.address, text);
}

/* Family NONE matches every source; masks of another family than the address are ignored. */
static bool matches(const struct address *address, const struct address *mask,
                    const struct address *wanted) {
    if (wanted->family == ADDRESS_NONE)
        return true;
    if (address->family != wanted->family)
        return false;
    if (mask->family != wanted->family)
        return address_equal(address, wanted);
    for (size_t i = 0; i < sizeof(address->bytes); i++) {
        if ((address->bytes[i] & mask->bytes[i]) != (wanted->bytes[i] & mask->bytes[i]))
            return false;
    }
    return true;
}

static enum control_status set_online(struct engine *engine,
                                      const struct control_address_mask *which, bool online) {
    bool found = false;

    for (int i = 0; i < engine->source_count; i++) {
        struct source *source = engine->sources[i];

        if (!matches(&source->association.remote.address, &which->mask, &which->address))
            continue;
        found = true;
        sources_set_online(engine, source, online);
        engine->groups[source->group].online = online;
    }
    if (online)
        sources_resolve_now(engine);
    return found ? CONTROL_SUCCESS : CONTROL_NO_SUCH_SOURCE;
}

enum control_status action_online(struct engine *engine, const union control_payload *arguments,
                                  union control_payload *results) {
    (void)results;
    return set_online(engine, &arguments->as_address_mask, true);
}

enum control_status action_offline(struct engine *engine, const union control_payload *arguments,
                                   union control_payload *results) {
    (void)results;
    return set_online(engine, &arguments->as_address_mask, false);
}

enum control_status action_burst(struct engine *engine, const union control_payload *arguments,
                                 union control_payload *results) {
    const struct control_burst *burst = &arguments->as_burst;
    bool found = false;

    (void)results;
    for (int i = 0; i < engine->source_count; i++) {
        struct source *source = engine->sources[i];

        if (!matches(&source->association.remote.address, &burst->mask, &burst->address))
            continue;
        found = true;
        if (source->resolved && source->association.config.type != SOURCE_PEER)
            association_burst(&source->association, burst->n_good_samples, burst->n_total_samples,
                              engine_monotonic(engine));
    }
    return found ? CONTROL_SUCCESS : CONTROL_NO_SUCH_SOURCE;
}

static void log_new_number(struct engine *engine, const struct source *source, const char *word,
                           int value) {
    char text[ADDRESS_TEXT_SIZE];

    log_info(engine_log(engine), "Source %s new %s %d", name_of(source, text), word, value);
}

/* One of the two limits; the other one gives way. */
static enum control_status modify_poll(struct engine *engine,
                                       const struct control_modify_int *modify, bool upper) {
    static const char *const words[] = {"minpoll", "maxpoll"};
    struct source *source = sources_find(engine, &modify->address);
    int poll = modify->new_value, *limits[2];
    struct source_config *config;

    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    if (poll < LOWEST_POLL || poll > HIGHEST_POLL)
        return CONTROL_SUCCESS;
    config = &source->association.config;
    limits[0] = &config->minpoll;
    limits[1] = &config->maxpoll;
    *limits[upper] = poll;
    log_new_number(engine, source, words[upper], poll);
    if (config->minpoll > config->maxpoll) {
        *limits[!upper] = poll;
        log_new_number(engine, source, words[!upper], poll);
    }
    return CONTROL_SUCCESS;
}

enum control_status action_modify_minpoll(struct engine *engine,
                                          const union control_payload *arguments,
                                          union control_payload *results) {
    (void)results;
    return modify_poll(engine, &arguments->as_modify_int, false);
}

enum control_status action_modify_maxpoll(struct engine *engine,
                                          const union control_payload *arguments,
                                          union control_payload *results) {
    (void)results;
    return modify_poll(engine, &arguments->as_modify_int, true);
}

enum control_status action_modify_minstratum(struct engine *engine,
                                             const union control_payload *arguments,
                                             union control_payload *results) {
    struct source *source = sources_find(engine, &arguments->as_modify_int.address);
    int stratum = arguments->as_modify_int.new_value;

    (void)results;
    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    source->association.config.min_stratum = stratum;
    log_new_number(engine, source, "minstratum", stratum);
    return CONTROL_SUCCESS;
}

enum control_status action_modify_polltarget(struct engine *engine,
                                             const union control_payload *arguments,
                                             union control_payload *results) {
    struct source *source = sources_find(engine, &arguments->as_modify_int.address);
    int target = arguments->as_modify_int.new_value;

    (void)results;
    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    if (target < 1)
        target = 1;
    source->association.config.poll_target = target;
    log_new_number(engine, source, "polltarget", target);
    return CONTROL_SUCCESS;
}

/* The three delay limits differ in their member, their range and their word. */
static enum control_status modify_limit(struct engine *engine,
                                        const struct control_modify_float *modify, size_t member,
                                        double most, const char *word) {
    struct source *source = sources_find(engine, &modify->address);
    char text[ADDRESS_TEXT_SIZE];
    double value = clamp(modify->new_value, 0.0, most);

    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    memcpy((char *)&source->association.config + member, &value, sizeof(value));
    log_info(engine_log(engine), "Source %s new %s %f", name_of(source, text), word, value);
    return CONTROL_SUCCESS;
}

enum control_status action_modify_maxdelay(struct engine *engine,
                                           const union control_payload *arguments,
                                           union control_payload *results) {
    (void)results;
    return modify_limit(engine, &arguments->as_modify_float,
                        offsetof(struct source_config, max_delay), MAX_DELAY, "maxdelay");
}

enum control_status action_modify_maxdelayratio(struct engine *engine,
                                                const union control_payload *arguments,
                                                union control_payload *results) {
    (void)results;
    return modify_limit(engine, &arguments->as_modify_float,
                        offsetof(struct source_config, max_delay_ratio), MAX_RATIO,
                        "maxdelayratio");
}

enum control_status action_modify_maxdelaydevratio(struct engine *engine,
                                                   const union control_payload *arguments,
                                                   union control_payload *results) {
    (void)results;
    return modify_limit(engine, &arguments->as_modify_float,
                        offsetof(struct source_config, max_delay_dev_ratio), MAX_RATIO,
                        "maxdelaydevratio");
}

enum control_status action_makestep(struct engine *engine, const union control_payload *arguments,
                                    union control_payload *results) {
    double remaining = clock_remaining(&engine->clock, engine_clock(engine));

    (void)arguments;
    (void)results;
    if (!clock_step_remaining(&engine->clock)) {
        log_error(engine_log(engine), "Could not step system clock");
        return CONTROL_FAILED;
    }
    smoothing_reset(engine);
    log_warning(engine_log(engine), "System clock was stepped by %.6f seconds", remaining);
    return CONTROL_SUCCESS;
}

enum control_status action_modify_makestep(struct engine *engine,
                                           const union control_payload *arguments,
                                           union control_payload *results) {
    (void)results;
    engine->make_step_threshold = arguments->as_makestep.threshold;
    engine->reference.steps_left = arguments->as_makestep.limit;
    log_info(engine_log(engine), "New makestep %f %d", arguments->as_makestep.threshold,
             (int)arguments->as_makestep.limit);
    return CONTROL_SUCCESS;
}

enum control_status action_reselect(struct engine *engine, const union control_payload *arguments,
                                    union control_payload *results) {
    (void)arguments;
    (void)results;
    selection_restart(engine);
    return CONTROL_SUCCESS;
}

enum control_status action_refresh(struct engine *engine, const union control_payload *arguments,
                                   union control_payload *results) {
    (void)arguments;
    (void)results;
    sources_refresh(engine);
    return CONTROL_SUCCESS;
}

enum control_status action_reset_sources(struct engine *engine,
                                         const union control_payload *arguments,
                                         union control_payload *results) {
    (void)arguments;
    (void)results;
    sources_reset(engine);
    reference_lose(engine);
    log_info(engine_log(engine), "Reset all sources");
    return CONTROL_SUCCESS;
}

enum control_status action_shutdown(struct engine *engine, const union control_payload *arguments,
                                    union control_payload *results) {
    (void)arguments;
    (void)results;
    log_info(engine_log(engine), "Received shutdown command");
    engine_finish(engine, 0);
    return CONTROL_SUCCESS;
}

enum control_status action_cyclelogs(struct engine *engine, const union control_payload *arguments,
                                     union control_payload *results) {
    (void)arguments;
    (void)results;
    memset(engine->log_rows, 0, sizeof(engine->log_rows));
    engine->host->cycle_logs(engine->host->context);
    return CONTROL_SUCCESS;
}

/* ADD_SOURCE's flags that are one bool or one option bit each. */
struct add_flag {
    uint32_t flag;
    uint16_t member; /* of struct source_config, a bool; used when select is NO_OPTION */
    uint8_t select;
};

static const struct add_flag add_flags[] = {
    {0x0001, offsetof(struct source_config, online), NO_OPTION},
    {0x0002, offsetof(struct source_config, auto_offline), NO_OPTION},
    {0x0004, offsetof(struct source_config, iburst), NO_OPTION},
    {0x0008, 0, SELECT_OPTION_PREFER},
    {0x0010, 0, SELECT_OPTION_NOSELECT},
    {0x0020, 0, SELECT_OPTION_TRUST},
    {0x0040, 0, SELECT_OPTION_REQUIRE},
    {0x0080, offsetof(struct source_config, xleave), NO_OPTION},
    {0x0100, offsetof(struct source_config, burst), NO_OPTION},
    {0x0200, offsetof(struct source_config, nts), NO_OPTION},
    {0x0400, offsetof(struct source_config, copy), NO_OPTION},
};

#define ADD_F323        0x0800
#define ADD_F324        0x1000
#define ADD_IPV4        0x2000
#define ADD_IPV6        0x4000
#define DEFAULT_UNREACH 100000 /* clients before 4.8 send 0, which nobody means */

static void apply_add_flags(uint32_t flags, struct source_config *config) {
    config->online = false;
    for (size_t i = 0; i < sizeof(add_flags) / sizeof(add_flags[0]); i++) {
        bool on = (flags & add_flags[i].flag) != 0;

        if (add_flags[i].select != NO_OPTION)
            config->select_options |= on ? add_flags[i].select : 0u;
        else
            memcpy((char *)config + add_flags[i].member, &on, sizeof(on));
    }
    config->extensions = (flags & ADD_F323 ? EXTENSION_EXPERIMENTAL_F323 : 0u) |
                         (flags & ADD_F324 ? EXTENSION_NETWORK_CORRECTION : 0u);
    config->family = flags & ADD_IPV4   ? ADDRESS_IPV4
                     : flags & ADD_IPV6 ? ADDRESS_IPV6
                                        : ADDRESS_NONE;
}

static bool config_from_request(const struct control_add_source *add, uint32_t flags,
                                struct source_config *config) {
    if (add->type < SOURCE_SERVER || add->type > SOURCE_POOL)
        return false;
    memset(config, 0, sizeof(*config));
    source_request_to_config(add, config);
    if (config->max_unreach <= 0)
        config->max_unreach = DEFAULT_UNREACH;
    memcpy(config->name, add->name, sizeof(config->name));
    apply_add_flags(flags, config);
    source_config_clamp(config);
    return true;
}

static enum control_status add_source(struct engine *engine, const struct control_add_source *add,
                                      uint32_t flags) {
    struct source_config config;

    if (add->name[sizeof(add->name) - 1] != '\0')
        return CONTROL_INVALID_NAME;
    if (!config_from_request(add, flags, &config))
        return CONTROL_INVALID;
    switch (sources_add(engine, &config)) {
    case ADD_OK:
        sources_log(engine, "Added", engine->sources[engine->source_count - 1]);
        return CONTROL_SUCCESS;
    case ADD_IN_USE:
        return CONTROL_SOURCE_KNOWN;
    case ADD_INVALID_FAMILY:
        return CONTROL_INVALID_FAMILY;
    case ADD_INVALID_NAME:
        return CONTROL_INVALID_NAME;
    default:
        return CONTROL_TOO_MANY_SOURCES;
    }
}

enum control_status action_add_source(struct engine *engine, const union control_payload *arguments,
                                      union control_payload *results) {
    const struct control_add_source *add = &arguments->as_add_source;

    (void)results;
    return add_source(engine, add, add->flags);
}

enum control_status action_add_source2(struct engine *engine,
                                       const union control_payload *arguments,
                                       union control_payload *results) {
    const struct control_add_source *add = &arguments->as_add_source;

    (void)results;
    return add_source(engine, add, control_add_flags_narrow(add->flags));
}

enum control_status action_delete_source(struct engine *engine,
                                         const union control_payload *arguments,
                                         union control_payload *results) {
    char text[SOURCE_TEXT_SIZE];

    (void)results;
    for (int i = 0; i < engine->source_count; i++) {
        if (!address_equal(&engine->sources[i]->association.remote.address,
                           &arguments->as_address.ip_addr))
            continue;
        log_info(engine_log(engine), "Removed source %s",
                 sources_format(engine, engine->sources[i], text));
        names_forget(engine, engine->sources[i]->group);
        sources_remove(engine, i);
        selection_run(engine, NULL);
        return CONTROL_SUCCESS;
    }
    return CONTROL_NO_SUCH_SOURCE;
}

enum control_status action_local(struct engine *engine, const union control_payload *arguments,
                                 union control_payload *results) {
    const struct control_local *local = &arguments->as_local;

    (void)results;
    engine->local = (struct local_config){
        .enabled = local->on_off != 0,
        .orphan = local->orphan != 0,
        .stratum = local->stratum < 1    ? 1
                   : local->stratum > 15 ? 15
                                         : local->stratum,
        .distance = local->distance,
        .activate = local->activate,
        .wait_synced = local->wait_synced,
        .wait_unsynced = local->wait_unsynced,
    };
    log_info(engine_log(engine), "%s local reference mode",
             engine->local.enabled ? "Enabled" : "Disabled");
    return CONTROL_SUCCESS;
}

static enum control_status set_access(struct engine *engine, struct access *access,
                                      const char *word, const struct control_subnet *subnet,
                                      bool allow, bool all) {
    char text[ADDRESS_TEXT_SIZE];
    bool everything = subnet->ip.family == ADDRESS_NONE, set;

    serve_hold(engine, true);
    set = !(everything && subnet->subnet_bits != 0) &&
          access_set(access, &subnet->ip, subnet->subnet_bits, allow, all);
    serve_hold(engine, false);
    if (!set)
        return CONTROL_BAD_SUBNET;
    if (everything)
        log_info(engine_log(engine), "%s%s %s access from ANY", allow ? "Allowed" : "Denied",
                 all ? " all" : "", word);
    else
        log_info(engine_log(engine), "%s%s %s access from %s/%d", allow ? "Allowed" : "Denied",
                 all ? " all" : "", word, address_format(&subnet->ip, text),
                 (int)subnet->subnet_bits);
    serve_update_sockets(engine);
    return CONTROL_SUCCESS;
}

#define ACCESS_ACTION(name, tree, word, allow, all)                                                \
    enum control_status name(struct engine *engine, const union control_payload *arguments,        \
                             union control_payload *results) {                                     \
        (void)results;                                                                             \
        return set_access(engine, engine->tree, word, &arguments->as_subnet, allow, all);          \
    }

ACCESS_ACTION(action_allow, ntp_access, "NTP", true, false)
ACCESS_ACTION(action_allow_all, ntp_access, "NTP", true, true)
ACCESS_ACTION(action_deny, ntp_access, "NTP", false, false)
ACCESS_ACTION(action_deny_all, ntp_access, "NTP", false, true)
ACCESS_ACTION(action_command_allow, command_access, "command", true, false)
ACCESS_ACTION(action_command_allow_all, command_access, "command", true, true)
ACCESS_ACTION(action_command_deny, command_access, "command", false, false)
ACCESS_ACTION(action_command_deny_all, command_access, "command", false, true)

enum control_status action_check_access(struct engine *engine,
                                        const union control_payload *arguments,
                                        union control_payload *results) {
    (void)results;
    return access_allowed(engine->ntp_access, &arguments->as_address.ip_addr)
               ? CONTROL_ACCESS_ALLOWED
               : CONTROL_ACCESS_DENIED;
}

enum control_status action_check_command_access(struct engine *engine,
                                                const union control_payload *arguments,
                                                union control_payload *results) {
    (void)results;
    return access_allowed(engine->command_access, &arguments->as_address.ip_addr)
               ? CONTROL_ACCESS_ALLOWED
               : CONTROL_ACCESS_DENIED;
}
