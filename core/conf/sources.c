/* Lines that bring time: server, pool, peer, refclock, initstepslew, broadcast. */
#include <string.h>

#include "core/base/text.h"
#include "core/conf/line.h"

/* Copies a host name; false when it is missing or too long to be one. */
static bool copy_name(char name[CONFIG_MAX_NAME], const char *word) {
    size_t length = strlen(word);

    if (length == 0 || length >= CONFIG_MAX_NAME)
        return false;
    memcpy(name, word, length + 1);
    return true;
}

void source_config_set_defaults(struct source_config *source, enum source_type type) {
    memset(source, 0, sizeof *source);
    source->type = type;
    conf_set_defaults(FAMILY_SOURCE, source);
}

static enum conf_source_result take_source(char *words, struct source_config *source,
                                           struct conf *conf, const char *directive) {
    if (!copy_name(source->name, text_take_word(&words)))
        return CONF_BAD_SYNTAX;
    return conf_take_options(FAMILY_SOURCE, source, words, conf, directive);
}

enum conf_source_result conf_parse_source(char *words, struct source_config *source) {
    return take_source(words, source, NULL, NULL);
}

void clamp_int(int *value, int min, int max) {
    *value = *value < min ? min : *value > max ? max : *value;
}

void clamp_float(double *value, double min, double max) {
    *value = *value < min ? min : *value > max ? max : *value;
}

/* log2 s; nobody polls an NTP server 128 times a second, or twice a year. */
#define POLL_MIN (-7)
#define POLL_MAX 24

void source_config_clamp(struct source_config *source) {
    if (source->minpoll < POLL_MIN)
        source->minpoll = 6;
    if (source->maxpoll < POLL_MIN)
        source->maxpoll = 10;
    clamp_int(&source->minpoll, POLL_MIN, POLL_MAX);
    clamp_int(&source->maxpoll, source->minpoll, POLL_MAX);
    clamp_int(&source->max_sources, 1, CONFIG_MAX_POOL);
    clamp_int(&source->min_stratum, 0, 15);
    clamp_int(&source->filter, 0, 256);
    clamp_int(&source->max_nts_retry, 6, 24);
    clamp_float(&source->max_delay, 0, 1e3);
    clamp_float(&source->max_delay_ratio, 0, 1e6);
    clamp_float(&source->max_delay_dev_ratio, 0, 1e6);
    if (source->max_delay_ratio < 1)
        source->max_delay_ratio = 0;
    if (source->max_delay_quant > 0)
        clamp_float(&source->max_delay_quant, 0.05, 0.95);
}

enum line_result parse_source(struct line *line) {
    struct config *config = line->conf->config;
    struct source_config *source = &config->sources[config->source_count];
    enum conf_source_result result;

    if (config->source_count == CONFIG_MAX_SOURCES)
        return LINE_LIMIT;
    source_config_set_defaults(source, (enum source_type)line->row->max);
    result = take_source(line->arguments, source, line->conf, line->name);
    source_config_clamp(source);
    config->source_count += result == CONF_SOURCE_OK;
    return line_of_options(result);
}

enum line_result parse_refclock(struct line *line) {
    struct config *config = line->conf->config;
    struct refclock_config *refclock = &config->refclocks[config->refclock_count];
    const char *driver = text_take_word(&line->arguments);
    enum conf_source_result result;

    if (config->refclock_count == CONFIG_MAX_REFCLOCKS)
        return LINE_LIMIT;
    memset(refclock, 0, sizeof *refclock);
    conf_set_defaults(FAMILY_REFCLOCK, refclock);
    if (strlen(driver) >= sizeof refclock->driver ||
        !copy_name(refclock->parameter, text_take_word(&line->arguments)))
        return LINE_PARSE;
    memcpy(refclock->driver, driver, strlen(driver));
    result = conf_take_options(FAMILY_REFCLOCK, refclock, line->arguments, line->conf, line->name);
    config->refclock_count += result == CONF_SOURCE_OK;
    return line_of_options(result);
}

/* The names are looked up when the engine needs them, not here: a missing DNS server must not stop
 * a start. */
enum line_result parse_initstepslew(struct line *line) {
    struct config *config = line->conf->config;
    char *threshold = text_take_word(&line->arguments);
    const char *name;

    if (!conf_take_float(&threshold, &config->init_step_slew_threshold))
        return LINE_PARSE;
    config->init_step_slew_count = 0;
    while (*(name = text_take_word(&line->arguments))) {
        if (config->init_step_slew_count == CONFIG_MAX_POOL)
            return LINE_LIMIT;
        if (!copy_name(config->init_step_slew_names[config->init_step_slew_count++], name))
            return LINE_PARSE;
    }
    return LINE_OK;
}

#define NTP_SERVER_PORT        123
#define BROADCAST_MAX_INTERVAL (1 << 24) /* s */

enum line_result parse_broadcast(struct line *line) {
    struct config *config = line->conf->config;
    struct broadcast_config *broadcast = &config->broadcasts[config->broadcast_count];
    int words = words_in(line->arguments);
    char *number = text_take_word(&line->arguments);
    struct address address;
    int64_t interval, port = NTP_SERVER_PORT;

    if (words < 2 || words > 3 || !conf_take_int(&number, &interval) ||
        !address_parse(text_take_word(&line->arguments), &address))
        return LINE_PARSE;
    if (words == 3 && (!conf_take_int(&line->arguments, &port) || port < 0 || port > UINT16_MAX))
        return LINE_PARSE;
    if (config->broadcast_count == CONFIG_MAX_BROADCASTS)
        return LINE_LIMIT;
    broadcast->interval = interval < 1                        ? 1
                          : interval > BROADCAST_MAX_INTERVAL ? BROADCAST_MAX_INTERVAL
                                                              : (int)interval;
    broadcast->destination = (struct endpoint){address, (uint16_t)port};
    config->broadcast_count++;
    return LINE_OK;
}
