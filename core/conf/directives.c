/* A line: its keyword is looked up, the parser of its row's shape takes the rest, and what went
 * wrong is put in the words that chrony uses. The parsers here store values and lists; sources,
 * rules and files have files of their own. */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/line.h"

int words_in(const char *string) {
    int count = *string != '\0';

    for (; *string; string++)
        count += *string == ' ';
    return count;
}

enum line_result line_count_words(const struct line *line, int count) {
    int words = words_in(line->arguments);

    return words < count ? LINE_MISSING : words > count ? LINE_EXTRA : LINE_OK;
}

enum line_result line_of_options(enum conf_source_result result) {
    static const uint8_t results[] = {[CONF_SOURCE_OK] = LINE_OK,
                                      [CONF_BAD_SYNTAX] = LINE_SYNTAX,
                                      [CONF_BAD_OPTION] = LINE_OPTION,
                                      [CONF_BAD_VALUE] = LINE_VALUE};

    return (enum line_result)results[result];
}

/* A directive's integer must be the whole word, unlike an option's. */
static enum line_result parse_int(struct line *line) {
    enum line_result result = line_count_words(line, 1);

    if (result != LINE_OK)
        return result;
    if (!text_parse_int(line->arguments, &line->value))
        return LINE_PARSE;
    if (line->value < line->row->min || line->value > line->row->max)
        return LINE_RANGE;
    conf_take_value(line->row, line->conf->config, &line->arguments);
    return LINE_OK;
}

static enum line_result parse_value(struct line *line) {
    enum line_result result = line_count_words(line, line->row->shape == SHAPE_FLAG ? 0 : 1);

    if (result != LINE_OK)
        return result;
    return conf_take_value(line->row, line->conf->config, &line->arguments) ? LINE_OK : LINE_PARSE;
}

static enum line_result parse_choice(struct line *line) {
    if (words_in(line->arguments) != 1)
        return LINE_PARSE;
    return parse_value(line);
}

/* Values one behind the other, a number by its longest prefix: what is left of its word begins the
 * next value. */
static enum line_result take_arguments(struct line *line, int count) {
    const struct conf_row *argument = line->row + 1;

    for (int i = 0; i < count; i++)
        if (!conf_take_value(&argument[i], line->conf->config, &line->arguments))
            return LINE_PARSE;
    return LINE_OK;
}

static enum line_result parse_tuple(struct line *line) {
    int count = 0;
    enum line_result result;

    for (const struct conf_row *row = line->row + 1; !row->name && row->shape != SHAPE_END; row++)
        count++;
    result = line_count_words(line, count);
    return result == LINE_OK ? take_arguments(line, count) : result;
}

static enum line_result parse_smoothtime(struct line *line) {
    int words = words_in(line->arguments);
    enum line_result result;

    if (words < 2 || words > 3)
        return words < 2 ? LINE_MISSING : LINE_EXTRA;
    line->conf->config->smooth_leap_only = words == 3;
    result = take_arguments(line, 2);
    if (result == LINE_OK && words == 3 &&
        !text_equal_nocase(text_take_word(&line->arguments), "leaponly"))
        return LINE_PARSE;
    return result;
}

#define TEMPCOMP_VALUES 6

static enum line_result parse_tempcomp(struct line *line) {
    struct config *config = line->conf->config;
    enum line_result result;
    char *interval;

    if (words_in(line->arguments) != 3) {
        result = line_count_words(line, TEMPCOMP_VALUES);
        return result == LINE_OK ? take_arguments(line, TEMPCOMP_VALUES) : result;
    }
    if (!conf_set_string(&config->temp_comp_file, text_take_word(&line->arguments)))
        return LINE_MEMORY;
    interval = text_take_word(&line->arguments);
    if (!conf_take_float(&interval, &config->temp_comp_interval))
        return LINE_PARSE;
    return conf_set_string(&config->temp_comp_points_file, line->arguments) ? LINE_OK : LINE_MEMORY;
}

enum line_result parse_address(struct line *line) {
    enum line_result result = line_count_words(line, 1);
    struct address address;
    struct address *members;

    if (result != LINE_OK)
        return result;
    if (!address_parse(line->arguments, &address))
        return LINE_PARSE;
    members = (struct address *)(void *)((char *)line->conf->config + line->row->offset);
    members[address.family == ADDRESS_IPV6] = address;
    return LINE_OK;
}

static enum line_result parse_list(struct line *line) {
    char **list = (char **)(void *)((char *)line->conf->config + line->row->offset);
    int32_t used = 0;
    enum line_result result = line->row->min ? line_count_words(line, 1) : LINE_OK;

    if (result != LINE_OK || !*line->arguments)
        return result;
    while (list[used])
        used++;
    if (used == line->row->max)
        return LINE_LIMIT;
    return conf_set_string(&list[used], line->arguments) ? LINE_OK : LINE_MEMORY;
}

static bool take_bits(struct line *line, enum conf_list list, bool any_case, unsigned *bits) {
    const char *word;

    while (*(word = text_take_word(&line->arguments))) {
        int position = conf_list_find(list, word, any_case);

        if (position < 0)
            return false;
        *bits |= 1u << position;
    }
    return true;
}

static enum line_result parse_open_commands(struct line *line) {
    line->conf->config->open_commands = 0;
    return take_bits(line, LIST_OPEN_COMMANDS, true, &line->conf->config->open_commands)
               ? LINE_OK
               : LINE_PARSE;
}

static enum line_result parse_log(struct line *line) {
    return take_bits(line, LIST_LOG, false, &line->conf->config->log_files) ? LINE_OK
                                                                            : LINE_LOG_WORD;
}

static enum line_result parse_local(struct line *line) {
    struct local_config *local = &line->conf->config->local;
    enum line_result result;

    memset(local, 0, sizeof *local);
    conf_set_defaults(FAMILY_LOCAL, local);
    result = line_of_options(
        conf_take_options(FAMILY_LOCAL, local, line->arguments, line->conf, line->name));
    if (local->wait_unsynced < 0)
        local->wait_unsynced = local->orphan ? 300 : 0;
    local->enabled = true;
    return result;
}

/* A later line changes only what it mentions. Kisses of death belong to NTP. */
static enum line_result parse_rate_limit(struct line *line) {
    struct rate_limit *limit =
        (struct rate_limit *)(void *)((char *)line->conf->config + line->row->offset);

    limit->enabled = true;
    if (conf_take_options(FAMILY_RATE_LIMIT, limit, line->arguments, line->conf, line->name) ||
        (limit->kod && limit != &line->conf->config->ntp_rate_limit))
        return LINE_PARSE;
    return LINE_OK;
}

static enum line_result parse_driftfile(struct line *line) {
    int words = words_in(line->arguments);

    if ((words != 1 && words != 3) || take_arguments(line, 1) != LINE_OK)
        return LINE_PARSE;
    if (words == 3 && (!text_equal_nocase(text_take_word(&line->arguments), "interval") ||
                       !conf_take_value(line->row + 2, line->conf->config, &line->arguments)))
        return LINE_PARSE;
    return LINE_OK;
}

static enum line_result parse_hw_timestamp(struct line *line) {
    struct config *config = line->conf->config;
    struct hw_timestamp_config *entry = &config->hw_timestamps[config->hw_timestamp_count];
    const char *interface = text_take_word(&line->arguments);

    if (!*interface || strlen(interface) >= sizeof entry->interface)
        return LINE_PARSE;
    if (config->hw_timestamp_count == CONFIG_MAX_INTERFACES)
        return LINE_LIMIT;
    memset(entry, 0, sizeof *entry);
    memcpy(entry->interface, interface, strlen(interface));
    conf_set_defaults(FAMILY_HW_TIMESTAMP, entry);
    if (conf_take_options(FAMILY_HW_TIMESTAMP, entry, line->arguments, line->conf, line->name))
        return LINE_PARSE;
    if (entry->maxpoll == INT_MIN)
        entry->maxpoll = entry->minpoll + 1;
    config->hw_timestamp_count++;
    return LINE_OK;
}

/* AES-SIV-CMAC-256 and AES-128-GCM-SIV are what there is; other numbers are let pass. */
static enum line_result parse_aeads(struct line *line) {
    struct config *config = line->conf->config;
    const char *word;

    config->nts_aead_count = 0;
    while (*(word = text_take_word(&line->arguments))) {
        if (!text_parse_int(word, &line->value))
            return LINE_PARSE;
        if (line->value < line->row->min || line->value > line->row->max)
            return LINE_RANGE;
        if ((line->value == 15 || line->value == 30) && config->nts_aead_count < CONFIG_MAX_AEADS)
            config->nts_aeads[config->nts_aead_count++] = (int)line->value;
    }
    return LINE_OK;
}

static enum line_result parse_trusted_certs(struct line *line) {
    struct config *config = line->conf->config;
    struct trusted_certs *entry = &config->nts_trusted_certs[config->nts_trusted_cert_count];
    int words = words_in(line->arguments);
    char *set;
    int64_t number = 0;

    if (words < 1 || words > 2)
        return words < 1 ? LINE_MISSING : LINE_EXTRA;
    if (words == 2) {
        set = text_take_word(&line->arguments);
        if (!conf_take_int(&set, &number))
            return LINE_PARSE;
    }
    if (config->nts_trusted_cert_count == CONFIG_MAX_CERTIFICATES)
        return LINE_LIMIT;
    if (!conf_set_string(&entry->path, line->arguments))
        return LINE_MEMORY;
    entry->set = (uint32_t)number;
    config->nts_trusted_cert_count++;
    return LINE_OK;
}

static enum line_result parse_ignored(struct line *line) {
    (void)line;
    return LINE_OK;
}

static enum line_result parse_obsolete(struct line *line) {
    log_warning(line->conf->log, "%s directive is no longer supported", line->name);
    return LINE_OK;
}

static line_parser *const parsers[SHAPE_COUNT] = {
    [SHAPE_INT] = parse_int,
    [SHAPE_BYTES] = parse_value,
    [SHAPE_FLOAT] = parse_value,
    [SHAPE_FLAG] = parse_value,
    [SHAPE_STRING] = parse_value,
    [SHAPE_CHOICE] = parse_choice,
    [SHAPE_TUPLE] = parse_tuple,
    [SHAPE_ADDRESS] = parse_address,
    [SHAPE_COMMAND_ADDRESS] = parse_command_address,
    [SHAPE_LIST] = parse_list,
    [SHAPE_OPEN_COMMANDS] = parse_open_commands,
    [SHAPE_LOG] = parse_log,
    [SHAPE_IGNORED] = parse_ignored,
    [SHAPE_OBSOLETE] = parse_obsolete,
    [SHAPE_INCLUDE] = parse_include,
    [SHAPE_CONFDIR] = parse_confdir,
    [SHAPE_SOURCE] = parse_source,
    [SHAPE_NTP_ACCESS] = parse_ntp_access,
    [SHAPE_COMMAND_ACCESS] = parse_command_access,
    [SHAPE_LOCAL] = parse_local,
    [SHAPE_RATE_LIMIT] = parse_rate_limit,
    [SHAPE_DRIFTFILE] = parse_driftfile,
    [SHAPE_REFCLOCK] = parse_refclock,
    [SHAPE_HW_TIMESTAMP] = parse_hw_timestamp,
    [SHAPE_INITSTEPSLEW] = parse_initstepslew,
    [SHAPE_BROADCAST] = parse_broadcast,
    [SHAPE_TEMPCOMP] = parse_tempcomp,
    [SHAPE_SMOOTHTIME] = parse_smoothtime,
    [SHAPE_AEADS] = parse_aeads,
    [SHAPE_TRUSTED_CERTS] = parse_trusted_certs,
};

enum line_result line_parse(struct line *line) {
    return parsers[line->row->shape](line);
}
