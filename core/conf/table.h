/* The rows of directives.def and options.def as the parser sees them, and what can be done with a
 * row without knowing which directive it is. Private to this room. */
#ifndef CHRONOBOX_CONF_TABLE_H
#define CHRONOBOX_CONF_TABLE_H

#include "core/conf/conf.h"

/* What the words of a row look like. The first block are single values, of directives, arguments
 * and options alike; the second are whole lines, each with its parser in directives.c. */
enum conf_shape {
    SHAPE_END,       /* behind the last row of a family */
    SHAPE_INT,       /* int */
    SHAPE_KEY,       /* uint32_t; -1 is 4294967295 */
    SHAPE_BYTES,     /* uint64_t */
    SHAPE_FLOAT,     /* double */
    SHAPE_FLAG,      /* bool, set to max */
    SHAPE_SET,       /* int, set to max */
    SHAPE_BIT,       /* unsigned, min is or'ed */
    SHAPE_CHARS,     /* char[max + 1] */
    SHAPE_STRING,    /* char *, allocated */
    SHAPE_CHOICE,    /* an enum, by the list of words number min */
    SHAPE_EXTENSION, /* unsigned, EXTENSION_* or'ed */
    SHAPE_LAST_VALUE = SHAPE_EXTENSION,

    SHAPE_TUPLE, /* the ARGUMENT rows behind it, all of them */
    SHAPE_ADDRESS,
    SHAPE_COMMAND_ADDRESS,
    SHAPE_LIST, /* char *[], max lines; min 1: one word a line */
    SHAPE_OPEN_COMMANDS,
    SHAPE_LOG,
    SHAPE_IGNORED,
    SHAPE_OBSOLETE,
    SHAPE_INCLUDE,
    SHAPE_CONFDIR,
    SHAPE_SOURCE,
    SHAPE_NTP_ACCESS,
    SHAPE_COMMAND_ACCESS,
    SHAPE_LOCAL,
    SHAPE_RATE_LIMIT,
    SHAPE_DRIFTFILE,
    SHAPE_REFCLOCK,
    SHAPE_HW_TIMESTAMP,
    SHAPE_INITSTEPSLEW,
    SHAPE_BROADCAST,
    SHAPE_TEMPCOMP,
    SHAPE_SMOOTHTIME,
    SHAPE_AEADS,
    SHAPE_TRUSTED_CERTS,
    SHAPE_COUNT
};

/* The lists of words: position in the list is the value, or the number of the bit. */
enum conf_list { LIST_AUTH_SELECT, LIST_LEAP, LIST_RECEIVE_FILTER, LIST_OPEN_COMMANDS, LIST_LOG };

enum conf_effect { EFFECT_LATER, EFFECT_WORKS };

/* name: where it is in the names; 0 for an argument of the directive above, and for the end of a
 * family. What does not fit, the compiler refuses. */
struct conf_row {
    unsigned name : 12;
    unsigned effect : 1;
    unsigned offset : 13; /* of the member */
    unsigned shape : 6;
    int32_t min, max;
};

/* Numbers of the rows; ROWS_X is the end of family X. */
enum conf_row_number {
    ROWS_BEGIN = -1,
#define BEGIN(family, type)
#define DIRECTIVE(name, shape, member, min, max, fallback, effect, arguments, summary) ROW_##name,
#define WORD(name, shape, value, effect, arguments, summary)                           ROW_##name,
#define ARGUMENT(of, name, shape, member, min, max, fallback)                          ROW_##of##_##name,
#define OPTION(family, name, shape, member, min, max, fallback, effect, value, summary)            \
    ROW_##family##_##name,
#define END(family) ROWS_##family,
#include "core/conf/rows.h"
    ROWS_END
};

/* First row of each family. */
enum conf_family {
    FAMILY_DIRECTIVES = ROWS_BEGIN + 1,
    FAMILY_SOURCE = ROWS_DIRECTIVES + 1,
    FAMILY_REFCLOCK = ROWS_SOURCE + 1,
    FAMILY_LOCAL = ROWS_REFCLOCK + 1,
    FAMILY_RATE_LIMIT = ROWS_LOCAL + 1,
    FAMILY_HW_TIMESTAMP = ROWS_RATE_LIMIT + 1,
};

_Static_assert(ROWS_END <= CONF_MAX_ROWS, "conf.warned has a bit for each row");

/* The row of that name, in any case; NULL. With conf: a row without effect is logged, once, and for
 * a word that is a slip of the pen from a known one that is logged. directive: the line's keyword,
 * NULL when it is what is looked for. */
const struct conf_row *conf_find(enum conf_family family, const char *word, struct conf *conf,
                                 const char *directive);

/* Stores the defaults of a family's rows into a zeroed structure. */
void conf_set_defaults(enum conf_family family, void *structure);

/* Frees what a family's STRING rows hold. */
void conf_free_strings(enum conf_family family, void *structure);

/* Takes a single value (shapes up to SHAPE_LAST_VALUE) from the front of *at, numbers by their
 * longest prefix, and stores it. False: nothing there, or not in range. */
bool conf_take_value(const struct conf_row *row, void *structure, char **at);

/* All options in words; what is in front of an error is stored. conf: see conf_find(). */
enum conf_source_result conf_take_options(enum conf_family family, void *structure, char *words,
                                          struct conf *conf, const char *directive);

/* Numbers from the front of *at: false when there is none. */
bool conf_take_int(char **at, int64_t *value);
bool conf_take_float(char **at, double *value);

/* Position of a word in a list, -1 when it is not there. */
int conf_list_find(enum conf_list list, const char *word, bool any_case);

/* Copies a word into a member; false when there is no memory. */
bool conf_set_string(char **member, const char *word);

#endif
