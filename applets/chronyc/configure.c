/* Commands that say what a line of the configuration says too (add, allow, deny, local): the
 * configuration's own parser reads them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"
#include "core/base/text.h"
#include "core/conf/conf.h"
#include "core/track/select.h"

static const struct log silent_log;

static bool resolve(void *context, const char *name, struct address *address) {
    return chronyc_find_address(context, name, address);
}

/* A whole configuration, of which one line is read. */
struct reading {
    struct config config;
    struct conf conf;
    struct conf_reader reader;
};

/* NULL: not a valid line. */
static struct reading *read_line(struct chronyc *session, const char *directive,
                                 const char *arguments) {
    struct reading *reading = calloc(1, sizeof(*reading));
    char line[CHRONYC_LINE_SIZE + 16];
    if (!reading)
        return NULL;
    config_set_defaults(&reading->config);
    reading->reader = (struct conf_reader){.context = session, .resolve = resolve};
    reading->conf =
        (struct conf){.config = &reading->config, .reader = &reading->reader, .log = &silent_log};
    snprintf(line, sizeof(line), "%s %s", directive, arguments);
    if (conf_parse_line(&reading->conf, line, NULL, 1))
        return reading;
    config_free(&reading->config);
    free(reading);
    return NULL;
}

static void drop(struct reading *reading) {
    config_free(&reading->config);
    free(reading);
}

/* request is that of the plain form; `all` has the next number. */
enum chronyc_outcome chronyc_access(struct chronyc *session, const struct chronyc_command *command,
                                    char *arguments) {
    struct reading *reading = read_line(session, command->word, arguments);
    if (!reading)
        return CHRONYC_MISUSED;
    struct access_rule rule = reading->config.ntp_rule_count ? reading->config.ntp_rules[0]
                                                             : reading->config.command_rules[0];
    drop(reading);
    struct control_subnet request = {.ip = rule.subnet, .subnet_bits = rule.bits};
    return chronyc_do(session, command->request + (unsigned)rule.all, &request);
}

/* Daemons before 4.6 know the shorter form only. */
static bool send_local(struct chronyc *session, const struct control_local *request) {
    struct control_answer answer;
    bool answered = control_client_ask(&session->client, CONTROL_REQ_LOCAL3, request, &answer);
    if (answered && answer.status == CONTROL_INVALID)
        return chronyc_do(session, CONTROL_REQ_LOCAL2, request);
    return chronyc_tell(CONTROL_REQ_LOCAL3, answered ? &answer : NULL, true);
}

enum chronyc_outcome chronyc_local(struct chronyc *session, const struct chronyc_command *command,
                                   char *arguments) {
    (void)command;
    struct control_local request = {0};
    if (strcmp(arguments, "off") != 0) {
        struct reading *reading = read_line(session, "local", arguments);
        if (!reading)
            return CHRONYC_MISUSED;
        const struct local_config *local = &reading->config.local;
        request = (struct control_local){
            .on_off = 1,
            .stratum = local->stratum,
            .distance = local->distance,
            .orphan = local->orphan,
            .activate = local->activate,
            .wait_synced = local->wait_synced,
            .wait_unsynced = local->wait_unsynced,
        };
        drop(reading);
    }
    return send_local(session, &request);
}

uint32_t chronyc_option_flags(unsigned select_options) {
    static const uint16_t flags[] = {CONTROL_ADD_NOSELECT, CONTROL_ADD_PREFER, CONTROL_ADD_TRUST,
                                     CONTROL_ADD_REQUIRE};
    uint32_t result = 0;
    for (unsigned i = 0; i < 4; i++)
        if (select_options >> i & 1)
            result |= flags[i];
    return result;
}

static uint32_t add_flags(const struct source_config *source) {
    uint32_t flags = chronyc_option_flags(source->select_options);
    flags |= source->online ? CONTROL_ADD_ONLINE : 0;
    flags |= source->auto_offline ? CONTROL_ADD_AUTO_OFFLINE : 0;
    flags |= source->iburst ? CONTROL_ADD_IBURST : 0;
    flags |= source->burst ? CONTROL_ADD_BURST : 0;
    flags |= source->xleave ? CONTROL_ADD_INTERLEAVED : 0;
    flags |= source->nts ? CONTROL_ADD_NTS : 0;
    flags |= source->copy ? CONTROL_ADD_COPY : 0;
    flags |= source->extensions & EXTENSION_EXPERIMENTAL_F323 ? CONTROL_ADD_EXTFIELD_F323 : 0;
    flags |= source->extensions & EXTENSION_NETWORK_CORRECTION ? CONTROL_ADD_EXTFIELD_F324 : 0;
    flags |= source->family == ADDRESS_IPV4 ? CONTROL_ADD_IPV4 : 0;
    flags |= source->family == ADDRESS_IPV6 ? CONTROL_ADD_IPV6 : 0;
    return flags;
}

static void fill_add_request(struct control_add_source *request,
                             const struct source_config *source) {
    *request = (struct control_add_source){
        .type = source->type,
        .port = (uint32_t)source->port,
        .minpoll = source->minpoll,
        .maxpoll = source->maxpoll,
        .presend_minpoll = source->presend,
        .min_stratum = (uint32_t)source->min_stratum,
        .poll_target = (uint32_t)source->poll_target,
        .version = (uint32_t)source->version,
        .max_sources = (uint32_t)source->max_sources,
        .min_samples = source->min_samples,
        .max_samples = source->max_samples,
        .authkey = source->key,
        .nts_port = (uint32_t)source->nts_port,
        .max_delay = source->max_delay,
        .max_delay_ratio = source->max_delay_ratio,
        .max_delay_dev_ratio = source->max_delay_dev_ratio,
        .min_delay = source->min_delay,
        .asymmetry = source->asymmetry,
        .offset = source->offset,
        .flags = add_flags(source),
        .filter_length = source->filter,
        .cert_set = source->certset,
        .max_delay_quant = source->max_delay_quant,
        .max_unreach = source->max_unreach,
    };
    strcpy(request->name, source->name);
}

static enum source_type add_type(const char *word) {
    return text_equal_nocase(word, "server") ? SOURCE_SERVER
           : text_equal_nocase(word, "peer") ? SOURCE_PEER
           : text_equal_nocase(word, "pool") ? SOURCE_POOL
                                             : 0;
}

enum chronyc_outcome chronyc_add(struct chronyc *session, const struct chronyc_command *command,
                                 char *arguments) {
    enum source_type type = add_type(text_take_word(&arguments));
    struct source_config source;
    enum conf_source_result result = CONF_BAD_SYNTAX;
    if (type) {
        source_config_set_defaults(&source, type);
        result = conf_parse_source(arguments, &source);
    }
    if (result == CONF_BAD_SYNTAX)
        return CHRONYC_MISUSED;
    struct address address;
    const char *complaint = result == CONF_BAD_OPTION  ? "Invalid option in add command\n"
                            : result == CONF_BAD_VALUE ? "Invalid value in add command\n"
                            : !chronyc_find_address(session, source.name, &address)
                                ? "Invalid host/IP address\n"
                                : NULL;
    if (complaint) {
        fputs(complaint, stderr);
        return CHRONYC_FAILED;
    }
    struct control_add_source request;
    fill_add_request(&request, &source);
    return chronyc_do(session, command->request, &request);
}
