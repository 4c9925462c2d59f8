/* The table itself, and the values of its rows: finding a row, taking a value off a line, storing
 * it at the row's member, the defaults. One function per shape of value, none per directive. */
#include "core/conf/table.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/track/select.h"

/* The names behind each other; 0 is none. */
static const struct names {
    char none[1];
#define BEGIN(family, type)
#define DIRECTIVE(name, shape, member, min, max, fallback, effect, arguments, summary)             \
    char ROW_##name[sizeof #name];
#define WORD(name, shape, value, effect, arguments, summary) char ROW_##name[sizeof #name];
#define ARGUMENT(of, name, shape, member, min, max, fallback)
#define OPTION(family, name, shape, member, min, max, fallback, effect, value, summary)            \
    char ROW_##family##_##name[sizeof #name];
#define END(family)
#include "core/conf/rows.h"
} names = {
    "",
#define BEGIN(family, type)
#define DIRECTIVE(name, shape, member, min, max, fallback, effect, arguments, summary) #name,
#define WORD(name, shape, value, effect, arguments, summary)                           #name,
#define ARGUMENT(of, name, shape, member, min, max, fallback)
#define OPTION(family, name, shape, member, min, max, fallback, effect, value, summary) #name,
#define END(family)
#include "core/conf/rows.h"
};

#define BEGIN(family, type) typedef type type_##family;
#define DIRECTIVE(name, shape, member, min, max, fallback, effect, arguments, summary)
#define WORD(name, shape, value, effect, arguments, summary)
#define ARGUMENT(of, name, shape, member, min, max, fallback)
#define OPTION(family, name, shape, member, min, max, fallback, effect, value, summary)
#define END(family)
#include "core/conf/rows.h"

#define NAME(row)              offsetof(struct names, row)
#define MEMBER(family, member) offsetof(type_##family, member)

static const struct conf_row rows[] = {
#define BEGIN(family, type)
#define DIRECTIVE(name, shape, member, min, max, fallback, effect, arguments, summary)             \
    {NAME(ROW_##name), EFFECT_##effect, MEMBER(DIRECTIVES, member), SHAPE_##shape, min, max},
#define WORD(name, shape, value, effect, arguments, summary)                                       \
    {NAME(ROW_##name), EFFECT_##effect, 0, SHAPE_##shape, 0, value},
#define ARGUMENT(of, name, shape, member, min, max, fallback)                                      \
    {0, EFFECT_WORKS, MEMBER(DIRECTIVES, member), SHAPE_##shape, min, max},
#define OPTION(family, name, shape, member, min, max, fallback, effect, value, summary)            \
    {NAME(ROW_##family##_##name), EFFECT_##effect, MEMBER(family, member), SHAPE_##shape, min, max},
#define END(family) {0, EFFECT_WORKS, 0, SHAPE_END, 0, 0},
#include "core/conf/rows.h"
};

/* A row writes to its member as its shape says: it had better be of that type. */
#define TYPE_INT             int
#define TYPE_KEY             uint32_t
#define TYPE_BYTES           uint64_t
#define TYPE_FLOAT           double
#define TYPE_FLAG            bool
#define TYPE_SET             int
#define TYPE_BIT             unsigned
#define TYPE_CHARS           char *
#define TYPE_STRING          char *
#define TYPE_CHOICE          unsigned /* an enum without negative values */
#define TYPE_EXTENSION       unsigned
#define TYPE_ADDRESS         struct address
#define TYPE_COMMAND_ADDRESS struct address
#define TYPE_LIST            char **
#define TYPE_OPEN_COMMANDS   unsigned
#define TYPE_LOCAL           struct local_config
#define TYPE_RATE_LIMIT      struct rate_limit
#define TYPE_DRIFTFILE       char *

#define CHECK_TYPE(family, shape, member)                                                          \
    _Static_assert(_Generic(((type_##family *)0)->member, TYPE_##shape : 1, default : 0), #member);
#define BEGIN(family, type)
#define DIRECTIVE(name, shape, member, min, max, fallback, effect, arguments, summary)             \
    CHECK_TYPE(DIRECTIVES, shape, member)
#define WORD(name, shape, value, effect, arguments, summary)
#define ARGUMENT(of, name, shape, member, min, max, fallback) CHECK_TYPE(DIRECTIVES, shape, member)
#define OPTION(family, name, shape, member, min, max, fallback, effect, value, summary)            \
    CHECK_TYPE(family, shape, member)
#define END(family)
#include "core/conf/rows.h"

static const char *name_of(const struct conf_row *row) {
    return (const char *)&names + row->name;
}

/* Each list is one string, its words separated by NULs. */
static const char *const lists[] = {
    [LIST_AUTH_SELECT] = "mix\0ignore\0prefer\0require\0",
    [LIST_LEAP] = "system\0slew\0step\0ignore\0",
    [LIST_RECEIVE_FILTER] = "\1\0none\0ntp\0ptp\0all\0",
    [LIST_OPEN_COMMANDS] =
        "activity\0authdata\0clients\0manual\0ntpdata\0rtcdata\0selectdata\0serverstats\0"
        "smoothing\0sourcename\0sources\0sourcestats\0tracking\0",
    [LIST_LOG] = "measurements\0rawmeasurements\0statistics\0tracking\0selection\0rtc\0refclocks\0t"
                 "empcomp\0",
};

int conf_list_find(enum conf_list list, const char *word, bool any_case) {
    int position = 0;

    for (const char *at = lists[list]; *at; at += strlen(at) + 1, position++)
        if (any_case ? text_equal_nocase(at, word) : strcmp(at, word) == 0)
            return position;
    return -1;
}

/* Whether one slip of the pen makes one word of the other: a letter more, less, another or two
 * swapped. */
static bool is_slip(const char *a, const char *b) {
    size_t length_a, length_b;

    while (*a && (*a | 0x20) == (*b | 0x20)) {
        a++;
        b++;
    }
    length_a = strlen(a);
    length_b = strlen(b);
    if (length_a == length_b)
        return length_a == 0 || text_equal_nocase(a + 1, b + 1) ||
               ((a[0] | 0x20) == (b[1] | 0x20) && (a[1] | 0x20) == (b[0] | 0x20) &&
                text_equal_nocase(a + 2, b + 2));
    return (length_a == length_b + 1 && text_equal_nocase(a + 1, b)) ||
           (length_b == length_a + 1 && text_equal_nocase(a, b + 1));
}

/* Only one word can have been meant. */
static void suggest(enum conf_family family, const char *word, const struct log *log) {
    const char *meant = NULL;

    for (const struct conf_row *row = &rows[family]; row->shape != SHAPE_END; row++) {
        if (!row->name || !is_slip(name_of(row), word))
            continue;
        if (meant)
            return;
        meant = name_of(row);
    }
    if (meant)
        log_error(log, "Unknown word %s: did you mean %s?", word, meant);
}

static void warn_once(struct conf *conf, const struct conf_row *row, const char *directive) {
    size_t number = (size_t)(row - rows);
    uint8_t bit = (uint8_t)(1 << number % 8);

    if (row->effect == EFFECT_WORKS || conf->print_line || (conf->warned[number / 8] & bit))
        return;
    conf->warned[number / 8] |= bit;
    if (directive)
        log_warning(conf->log, "%s option %s has no effect yet", directive, name_of(row));
    else
        log_warning(conf->log, "%s directive has no effect yet", name_of(row));
}

const struct conf_row *conf_find(enum conf_family family, const char *word, struct conf *conf,
                                 const char *directive) {
    for (const struct conf_row *row = &rows[family]; row->shape != SHAPE_END; row++) {
        if (row->name && text_equal_nocase(name_of(row), word)) {
            if (conf)
                warn_once(conf, row, directive);
            return row;
        }
    }
    if (conf)
        suggest(family, word, conf->log);
    return NULL;
}

static void *member_of(const struct conf_row *row, void *structure) {
    return (char *)structure + row->offset;
}

bool conf_set_string(char **member, const char *word) {
    size_t size = strlen(word) + 1;
    char *copy = malloc(size);

    if (!copy)
        return false;
    memcpy(copy, word, size);
    free(*member);
    *member = copy;
    return true;
}

/* What is 0 is there already. */
#define DEFAULT_INT(member, value)                                                                 \
    if ((value) != 0)                                                                              \
        (member) = (value);
#define DEFAULT_BYTES         DEFAULT_INT
#define DEFAULT_FLOAT         DEFAULT_INT
#define DEFAULT_FLAG          DEFAULT_INT
#define DEFAULT_CHOICE        DEFAULT_INT
#define DEFAULT_OPEN_COMMANDS DEFAULT_INT
#define DEFAULT_RATE_LIMIT(member, value)                                                          \
    conf_set_defaults(FAMILY_RATE_LIMIT, &(member));                                               \
    (member).interval = (value);
#define DEFAULT_NONE(member, value)
#define DEFAULT_KEY             DEFAULT_NONE
#define DEFAULT_SET             DEFAULT_NONE
#define DEFAULT_BIT             DEFAULT_NONE
#define DEFAULT_CHARS           DEFAULT_NONE
#define DEFAULT_STRING          DEFAULT_NONE
#define DEFAULT_EXTENSION       DEFAULT_NONE
#define DEFAULT_ADDRESS         DEFAULT_NONE
#define DEFAULT_COMMAND_ADDRESS DEFAULT_NONE
#define DEFAULT_LIST            DEFAULT_NONE
#define DEFAULT_LOCAL           DEFAULT_NONE
#define DEFAULT_DRIFTFILE       DEFAULT_NONE

void conf_set_defaults(enum conf_family family, void *structure) {
    switch (family) {
#define BEGIN(family, type)                                                                        \
    case FAMILY_##family: {                                                                        \
        type *to = structure;
#define DIRECTIVE(name, shape, member, min, max, fallback, effect, arguments, summary)             \
    DEFAULT_##shape(to->member, fallback)
#define WORD(name, shape, value, effect, arguments, summary)
#define ARGUMENT(of, name, shape, member, min, max, fallback) DEFAULT_##shape(to->member, fallback)
#define OPTION(family, name, shape, member, min, max, fallback, effect, value, summary)            \
    DEFAULT_##shape(to->member, fallback)
#define END(family)                                                                                \
    break;                                                                                         \
    }
#include "core/conf/rows.h"
    }
}

void conf_free_strings(enum conf_family family, void *structure) {
    for (const struct conf_row *row = &rows[family]; row->shape != SHAPE_END; row++) {
        if (row->shape == SHAPE_STRING) {
            char **string = member_of(row, structure);

            free(*string);
            *string = NULL;
        }
    }
}

bool conf_take_int(char **at, int64_t *value) {
    char *end;

    *value = strtoll(*at, &end, 10);
    if (end == *at)
        return false;
    *at = end;
    return true;
}

/* NaN and hexadecimal, which chrony takes, are refused: nobody means them. */
bool conf_take_float(char **at, double *value) {
    const char *digits = *at + (**at == '-' || **at == '+');
    char *end;

    *value = strtod(*at, &end);
    if (end == *at || isnan(*value) || (digits[0] == '0' && (digits[1] | 0x20) == 'x'))
        return false;
    *at = end;
    return true;
}

static bool take_int_member(const struct conf_row *row, int *member, char **at) {
    int64_t value;

    if (!conf_take_int(at, &value) || value < row->min || value > row->max)
        return false;
    *member = (int)value;
    return true;
}

static bool take_key(const struct conf_row *row, uint32_t *member, char **at) {
    int64_t value;

    if (!conf_take_int(at, &value) || value > UINT32_MAX || value < -(int64_t)UINT32_MAX)
        return false;
    *member = (uint32_t)value;
    return *member >= (uint32_t)row->min;
}

static bool take_bytes(uint64_t *member, char **at) {
    char *end;
    unsigned long long value = strtoull(*at, &end, 10);

    if (end == *at)
        return false;
    *at = end;
    *member = value;
    return true;
}

static bool take_chars(const struct conf_row *row, char *member, char **at) {
    const char *word = text_take_word(at);
    size_t length = strlen(word);

    if (length == 0 || length > (size_t)row->max)
        return false;
    memcpy(member, word, length + 1);
    return true;
}

static bool take_string(char **member, char **at) {
    const char *word = text_take_word(at);

    return *word && conf_set_string(member, word);
}

static bool take_choice(const struct conf_row *row, int *member, char **at) {
    int position = conf_list_find((enum conf_list)row->min, text_take_word(at), true);

    if (position < 0)
        return false;
    *member = position;
    return true;
}

static bool take_extension(unsigned *member, char **at) {
    char *end;
    unsigned long type = strtoul(*at, &end, 16);

    *at = end;
    if (type == 0xf323)
        *member |= EXTENSION_EXPERIMENTAL_F323;
    else if (type == 0x10a || type == 0xf324)
        *member |= EXTENSION_NETWORK_CORRECTION;
    else
        return false;
    return true;
}

bool conf_take_value(const struct conf_row *row, void *structure, char **at) {
    void *member = member_of(row, structure);

    switch (row->shape) {
    case SHAPE_INT:
        return take_int_member(row, member, at);
    case SHAPE_KEY:
        return take_key(row, member, at);
    case SHAPE_BYTES:
        return take_bytes(member, at);
    case SHAPE_FLOAT:
        return conf_take_float(at, member);
    case SHAPE_FLAG:
        *(bool *)member = row->max != 0;
        return true;
    case SHAPE_SET:
        *(int *)member = row->max;
        return true;
    case SHAPE_BIT:
        *(unsigned *)member |= (unsigned)row->min;
        return true;
    case SHAPE_CHARS:
        return take_chars(row, member, at);
    case SHAPE_STRING:
        return take_string(member, at);
    case SHAPE_CHOICE:
        return take_choice(row, member, at);
    case SHAPE_EXTENSION:
        return take_extension(member, at);
    }
    return false;
}

enum conf_source_result conf_take_options(enum conf_family family, void *structure, char *words,
                                          struct conf *conf, const char *directive) {
    const char *word;

    while (*(word = text_take_word(&words))) {
        const struct conf_row *row = conf_find(family, word, conf, directive);

        if (!row)
            return CONF_BAD_OPTION;
        if (!conf_take_value(row, structure, &words))
            return CONF_BAD_VALUE;
    }
    return CONF_SOURCE_OK;
}
