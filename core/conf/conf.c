/* The front of the room: a configuration's defaults and end, one line with chrony's error texts,
 * and what can only be said when all lines are read. */
#include "core/conf/conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/line.h"

void config_set_defaults(struct config *config) {
    conf_set_defaults(FAMILY_DIRECTIVES, config);
    conf_set_defaults(FAMILY_LOCAL, &config->local);
    config->local.wait_unsynced = 0;
    config->nts_aeads[0] = 30;
    config->nts_aeads[1] = 15;
    config->nts_aead_count = 2;
}

static void free_list(char **list) {
    for (; *list; list++) {
        free(*list);
        *list = NULL;
    }
}

void config_free(struct config *config) {
    conf_free_strings(FAMILY_DIRECTIVES, config);
    free_list(config->sourcedirs);
    free_list(config->nts_server_certs);
    free_list(config->nts_server_keys);
    while (config->nts_trusted_cert_count > 0)
        free(config->nts_trusted_certs[--config->nts_trusted_cert_count].path);
}

static const char *const error_formats[] = {
    [LINE_MISSING] = "Missing arguments for %s directive",
    [LINE_EXTRA] = "Too many arguments for %s directive",
    [LINE_PARSE] = "Could not parse %s directive",
    [LINE_OPTION] = "Invalid option in %s directive",
    [LINE_VALUE] = "Invalid value in %s directive",
    [LINE_SYNTAX] = "Invalid syntax for %s directive",
    [LINE_LOG_WORD] = "Invalid log parameter",
    [LINE_LIMIT] = "Too many %s directives",
    [LINE_MEMORY] = "Not enough memory for %s directive",
    [LINE_UNKNOWN] = "Invalid directive %s",
    [LINE_TOO_LONG] = "String too long",
};

static bool fail(struct line *line, enum line_result result, const char *file, int number) {
    struct text text;

    if (result == LINE_SAID)
        return false;
    text_init(&text, line->conf->error, sizeof line->conf->error);
    if (result == LINE_RANGE)
        text_printf(&text,
                    "Invalid value %" PRId64 " in %s directive (min %" PRId32 ", max %" PRId32 ")",
                    line->value, line->name, line->row->min, line->row->max);
    else
        text_printf(&text, error_formats[result], line->name);
    text_printf(&text, " at line %d", number);
    if (file)
        text_printf(&text, " in file %s", file);
    return false;
}

/* Shows the line that name and arguments were cut from. */
static void print(const struct line *line, char *name) {
    char *gap = name + strlen(name);
    uint8_t shape = line->row ? line->row->shape : SHAPE_END;

    if (!line->conf->print_line || shape == SHAPE_INCLUDE || shape == SHAPE_CONFDIR)
        return;
    if (*line->arguments)
        *gap = ' ';
    line->conf->print_line(line->conf->print_context, name);
    *gap = '\0';
}

bool line_parse_bytes(struct conf *conf, const char *text, size_t length, const char *file,
                      int number) {
    char buffer[CONF_MAX_LINE];
    struct line line = {.conf = conf};
    enum line_result result;
    char *name;

    if (length > CONF_MAX_LINE - 1)
        return fail(&line, LINE_TOO_LONG, file, number);
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    text_normalise_line(buffer);
    if (!*buffer)
        return true;
    line.arguments = buffer;
    line.name = name = text_take_word(&line.arguments);
    line.row = conf_find(FAMILY_DIRECTIVES, name, conf, NULL);
    print(&line, name);
    result = line.row ? line_parse(&line) : LINE_UNKNOWN;
    return result == LINE_OK || fail(&line, result, file, number);
}

bool conf_parse_line(struct conf *conf, const char *line, const char *file, int number) {
    return line_parse_bytes(conf, line, strlen(line), file, number);
}

static bool refuse(struct conf *conf, const char *text, const char *word) {
    struct text error;

    text_init(&error, conf->error, sizeof conf->error);
    text_append(&error, text);
    text_append(&error, word);
    return false;
}

static int count_strings(char *const *list) {
    int count = 0;

    while (list[count])
        count++;
    return count;
}

static bool check_rules(struct conf *conf, const struct access_rule *rules, int count) {
    char subnet[ADDRESS_TEXT_SIZE];
    struct text error;

    for (const struct access_rule *rule = rules; rule < rules + count; rule++) {
        if (rule->bits <= (rule->subnet.family == ADDRESS_IPV4 ? 32 : 128))
            continue;
        text_init(&error, conf->error, sizeof conf->error);
        text_printf(&error, "Bad subnet in %s/%d", address_format(&rule->subnet, subnet),
                    rule->bits);
        return false;
    }
    return true;
}

/* Each driver, and behind it the options that its parameter may have behind colons. No word of a
 * line has a space in it. */
static const char *const refclock_drivers[] = {
    "PPS clear ", "SHM perm ", "SOCK ", "PHC nocrossts extpps pin channel clear ", "RTC utc ",
};

/* Behind the driver's name in its list; NULL when there is no such driver. */
static const char *driver_options(const char *driver) {
    size_t length = strlen(driver);

    for (size_t i = 0; i < sizeof refclock_drivers / sizeof *refclock_drivers; i++)
        if (strncmp(refclock_drivers[i], driver, length) == 0 && refclock_drivers[i][length] == ' ')
            return refclock_drivers[i] + length;
    return NULL;
}

static bool check_driver(struct conf *conf, const struct refclock_config *refclock) {
    const char *known = driver_options(refclock->driver), *option = refclock->parameter;
    char word[CONFIG_MAX_NAME + 2];

    if (!known)
        return refuse(conf, "unknown refclock driver ", refclock->driver);
    while ((option = strchr(option, ':')) && *++option) {
        snprintf(word, sizeof word, " %.*s ", (int)strcspn(option, ":="), option);
        if (strstr(known, word))
            continue;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(option, ":"), option);
        return refuse(conf, "Invalid refclock driver option ", word);
    }
    return true;
}

static bool check_refclocks(struct conf *conf) {
    struct config *config = conf->config;

    for (int i = 0; i < config->refclock_count; i++) {
        if (!check_driver(conf, &config->refclocks[i]))
            return false;
        if (config->refclocks[i].tai && !config->leap_seconds_list &&
            !config->leap_seconds_timezone)
            return refuse(conf, "refclock tai option requires leapseclist or leapsectz", "");
        clamp_int(&config->refclocks[i].filter, 1, 256);
    }
    return true;
}

static void clamp_rate_limit(struct rate_limit *limit) {
    clamp_int(&limit->interval, -19, 12);
    clamp_int(&limit->burst, 1, 255);
    clamp_int(&limit->leak, 1, 4);
    clamp_int(&limit->kod, 0, 4);
}

static void clamp_values(struct config *config) {
    clamp_rate_limit(&config->ntp_rate_limit);
    clamp_rate_limit(&config->command_rate_limit);
    clamp_rate_limit(&config->nts_rate_limit);
    clamp_float(&config->max_drift, 0, 1e5);
    if (config->clock_precision != 0)
        clamp_float(&config->clock_precision, 1e-9, 1);
    if (config->temp_comp_interval <= 0)
        config->temp_comp_interval = 1;
    for (int i = 0; i < config->hw_timestamp_count; i++) {
        struct hw_timestamp_config *entry = &config->hw_timestamps[i];

        clamp_int(&entry->minpoll, -6, 20);
        clamp_int(&entry->maxpoll, entry->minpoll, 20);
        clamp_int(&entry->min_samples, 2, 64);
        clamp_int(&entry->max_samples, entry->min_samples, 64);
    }
}

bool conf_check(struct conf *conf) {
    struct config *config = conf->config;

    if (config->no_client_log &&
        (config->ntp_rate_limit.enabled || config->command_rate_limit.enabled ||
         config->nts_rate_limit.enabled))
        return refuse(conf, "Rate limiting cannot be enabled with noclientlog", "");
    if (count_strings(config->nts_server_certs) != count_strings(config->nts_server_keys))
        return refuse(conf, "Uneven number of NTS certs and keys", "");
    if (config->rtc_file && config->rtc_sync)
        return refuse(conf, "rtcfile directive cannot be used with rtcsync", "");
    if (!check_rules(conf, config->ntp_rules, config->ntp_rule_count) ||
        !check_rules(conf, config->command_rules, config->command_rule_count) ||
        !check_refclocks(conf))
        return false;
    if (config->log_files && !config->log_dir) {
        log_warning(conf->log, "logdir not specified");
        config->log_files = 0;
    }
    clamp_values(config);
    return true;
}
