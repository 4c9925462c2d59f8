/* chronyd's command line, by one table. getopt() of musl stops at the first argument that is no
 * option; what is written for chrony relies on glibc's, which goes on. */
#include "applets/chronyd/options.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"

enum option_kind { OPTION_FLAG, OPTION_COUNT, OPTION_TEXT, OPTION_NUMBER };

static const struct option_row {
    char letter;
    uint8_t kind; /* enum option_kind */
    uint8_t member;
} rows[] = {
#define ROW(letter, kind, member)                                                                  \
    { letter, kind, offsetof(struct chronyd_options, member) }
    ROW('4', OPTION_FLAG, ipv4),
    ROW('6', OPTION_FLAG, ipv6),
    ROW('d', OPTION_COUNT, debug),
    ROW('f', OPTION_TEXT, config_file),
    ROW('F', OPTION_NUMBER, filter_level),
    ROW('h', OPTION_FLAG, help),
    ROW('l', OPTION_TEXT, log_file),
    ROW('L', OPTION_NUMBER, log_level),
    ROW('m', OPTION_FLAG, lock_memory),
    ROW('n', OPTION_FLAG, syslog_foreground),
    ROW('N', OPTION_NUMBER, ready_descriptor),
    ROW('p', OPTION_FLAG, print_config),
    ROW('P', OPTION_NUMBER, priority),
    ROW('q', OPTION_FLAG, set_once),
    ROW('Q', OPTION_FLAG, print_once),
    ROW('r', OPTION_FLAG, reload_dumps),
    ROW('R', OPTION_FLAG, restarted),
    ROW('s', OPTION_FLAG, set_from_rtc),
    ROW('t', OPTION_NUMBER, timeout),
    ROW('u', OPTION_TEXT, user),
    ROW('U', OPTION_FLAG, any_user),
    ROW('v', OPTION_FLAG, version),
    ROW('x', OPTION_FLAG, no_clock_control),
#undef ROW
};

static const struct option_row *find_row(char letter) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

/* Leading digits are enough. */
static bool parse_number(const char *text, int *number) {
    char *end;
    long value = strtol(text, &end, 10);

    *number = (int)value;
    return end != text;
}

/* One option with its value (NULL for flags). */
static bool set_option(struct chronyd_options *options, const struct option_row *row,
                       const char *value) {
    void *member = (char *)options + row->member;

    switch (row->kind) {
    case OPTION_FLAG:
        if (row->letter == '4' || row->letter == '6')
            options->ipv4 = options->ipv6 = false; /* the last one wins */
        *(bool *)member = true;
        return true;
    case OPTION_COUNT:
        ++*(int *)member;
        return true;
    case OPTION_TEXT:
        *(const char **)member = value;
        return true;
    default:
        return value && parse_number(value, member);
    }
}

/* A bundle like "-dxf"; *next is the argument behind it, moved on when it is taken as a value. */
static enum options_result parse_bundle(struct chronyd_options *options, const char *letters,
                                        char ***next, const char **culprit) {
    for (; *letters; letters++) {
        const struct option_row *row = find_row(*letters);
        const char *value = NULL;

        *culprit = letters;
        if (!row)
            return OPTIONS_UNKNOWN;
        if (row->kind == OPTION_TEXT || row->kind == OPTION_NUMBER) {
            value = letters[1] ? letters + 1 : **next;
            if (!value)
                return OPTIONS_NO_VALUE;
            if (!letters[1])
                ++*next;
        }
        if (!set_option(options, row, value)) {
            *culprit = value;
            return OPTIONS_BAD_NUMBER;
        }
        if (value)
            break;
    }
    return OPTIONS_OK;
}

enum options_result options_parse(struct chronyd_options *options, int argc, char **argv,
                                  const char **culprit) {
    bool ended = false;

    *options = (struct chronyd_options){.ready_descriptor = -1,
                                        .log_level = LOG_INFO_LEVEL,
                                        .timeout = -1,
                                        .lines = argv + (argc > 0 ? 1 : 0)};
    for (int i = 1; i < argc; i++) {
        options->help = options->help || strcmp(argv[i], "--help") == 0;
        options->version = options->version || strcmp(argv[i], "--version") == 0;
    }
    if (options->help || options->version)
        return OPTIONS_OK;
    for (char **next = options->lines; *next;) {
        char *word = *next++;
        enum options_result result;

        if (ended || word[0] != '-' || word[1] == '\0') {
            options->lines[options->line_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            ended = true;
        } else {
            result = parse_bundle(options, word + 1, &next, culprit);
            if (result != OPTIONS_OK)
                return result;
        }
    }
    return OPTIONS_OK;
}
