/* Who may ask: allow, deny, cmdallow, cmddeny; and where: bindcmdaddress. */
#include <limits.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/line.h"

/* One to three decimal numbers up to 255 with dots between them, the front of an IPv4 address. */
static bool parse_short_ipv4(const char *text, struct access_rule *rule) {
    uint32_t host = 0;
    int count = 0;

    for (;;) {
        unsigned number = 0;
        const char *start = text;

        while (*text >= '0' && *text <= '9' && number <= 255)
            number = number * 10 + (unsigned)(*text++ - '0');
        if (text == start || number > 255 || ++count > 3)
            return false;
        host = host << 8 | number;
        if (*text == '\0')
            break;
        if (*text++ != '.')
            return false;
    }
    rule->subnet = address_ipv4(host << (32 - 8 * count));
    rule->bits = 8 * count;
    return true;
}

static bool resolve(const struct conf_reader *reader, const char *name, struct address *address) {
    /* Digits and dots that are not an address are a mistake, whatever a resolver makes of them. */
    if (name[strspn(name, "0123456789.")] == '\0')
        return false;
    return reader && reader->resolve && reader->resolve(reader->context, name, address);
}

static bool parse_subnet(const struct conf *conf, char *text, struct access_rule *rule) {
    char *slash = strchr(text, '/');
    int64_t bits;

    if (slash)
        *slash = '\0';
    if (!parse_short_ipv4(text, rule)) {
        if (!address_parse(text, &rule->subnet) &&
            (slash || !resolve(conf->reader, text, &rule->subnet)))
            return false;
        rule->bits = rule->subnet.family == ADDRESS_IPV4 ? 32 : 128;
    }
    if (!slash)
        return true;
    if (!text_parse_int(slash + 1, &bits) || bits < 0 || bits > INT_MAX)
        return false;
    rule->bits = (int)bits;
    return true;
}

static enum line_result parse_access(struct line *line, struct access_rule *rules, int *count) {
    struct access_rule rule = {.allow = line->row->max != 0};
    char *word = text_take_word(&line->arguments);

    if (strcmp(word, "all") == 0) {
        rule.all = true;
        word = text_take_word(&line->arguments);
    }
    if (*line->arguments || (*word && !parse_subnet(line->conf, word, &rule)))
        return LINE_PARSE;
    if (*count == CONFIG_MAX_RULES)
        return LINE_LIMIT;
    rules[(*count)++] = rule;
    return LINE_OK;
}

enum line_result parse_ntp_access(struct line *line) {
    struct config *config = line->conf->config;

    return parse_access(line, config->ntp_rules, &config->ntp_rule_count);
}

enum line_result parse_command_access(struct line *line) {
    struct config *config = line->conf->config;

    return parse_access(line, config->command_rules, &config->command_rule_count);
}

enum line_result parse_command_address(struct line *line) {
    if (*line->arguments != '/')
        return parse_address(line);
    if (words_in(line->arguments) > 1)
        return LINE_EXTRA;
    return conf_set_string(&line->conf->config->bind_command_path, line->arguments) ? LINE_OK
                                                                                    : LINE_MEMORY;
}
