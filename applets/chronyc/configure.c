/* Commands that say what a line of the configuration says too (add, allow, deny, local): the
 * configuration's own parser reads them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"
#include "core/base/text.h"
#include "core/conf/conf.h"
#include "core/conf/source_request.h"
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

/* False: the daemon does not know this command. Those before 4.6 and 4.9 know older forms of two.
 */
static bool try_newer(struct chronyc *session, enum control_command command, const void *request,
                      bool *success) {
    struct control_answer answer;
    bool answered = control_client_ask(&session->client, command, request, &answer);
    if (answered && answer.status == CONTROL_INVALID)
        return false;
    *success = chronyc_tell(session, command, answered ? &answer : NULL, true);
    return true;
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
    bool success;
    return try_newer(session, command->request, &request, &success)
               ? success
               : chronyc_do(session, CONTROL_REQ_LOCAL2, &request);
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

/* Switches of struct source_config. */
static const struct {
    uint16_t member;
    uint16_t flag;
} switches[] = {
    {offsetof(struct source_config, online), CONTROL_ADD_ONLINE},
    {offsetof(struct source_config, auto_offline), CONTROL_ADD_AUTO_OFFLINE},
    {offsetof(struct source_config, iburst), CONTROL_ADD_IBURST},
    {offsetof(struct source_config, burst), CONTROL_ADD_BURST},
    {offsetof(struct source_config, xleave), CONTROL_ADD_INTERLEAVED},
    {offsetof(struct source_config, nts), CONTROL_ADD_NTS},
    {offsetof(struct source_config, copy), CONTROL_ADD_COPY},
};

static uint32_t add_flags(const struct source_config *source) {
    uint32_t flags = chronyc_option_flags(source->select_options);
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
        if (*((const bool *)source + switches[i].member))
            flags |= switches[i].flag;
    if (source->extensions & EXTENSION_EXPERIMENTAL_F323)
        flags |= CONTROL_ADD_EXTFIELD_F323;
    if (source->extensions & EXTENSION_NETWORK_CORRECTION)
        flags |= CONTROL_ADD_EXTFIELD_F324;
    if (source->family)
        flags |= source->family == ADDRESS_IPV4 ? CONTROL_ADD_IPV4 : CONTROL_ADD_IPV6;
    return flags;
}

static void fill_add_request(struct control_add_source *request,
                             const struct source_config *source) {
    memset(request, 0, sizeof(*request));
    source_request_from_config(request, source);
    request->flags = add_flags(source);
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
        chronyc_complain(session, "%s", complaint);
        return CHRONYC_FAILED;
    }
    struct control_add_source request;
    bool success;
    fill_add_request(&request, &source);
    uint32_t flags = request.flags;
    request.flags = control_add_flags_widen(flags);
    if (!try_newer(session, command->request, &request, &success)) {
        request.flags = flags;
        success = chronyc_do(session, CONTROL_REQ_ADD_SOURCE, &request);
    }
    return success;
}
