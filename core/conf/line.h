/* One directive on its way through its parser. Private to this room. */
#ifndef CHRONOBOX_CONF_LINE_H
#define CHRONOBOX_CONF_LINE_H

#include "core/conf/table.h"

/* How it ended; the texts are in conf.c. */
enum line_result {
    LINE_OK,
    LINE_MISSING,
    LINE_EXTRA,
    LINE_PARSE,
    LINE_OPTION,
    LINE_VALUE,
    LINE_SYNTAX,
    LINE_LOG_WORD,
    LINE_LIMIT, /* more of them than struct config holds */
    LINE_MEMORY,
    LINE_UNKNOWN,
    LINE_TOO_LONG,
    LINE_RANGE,
    LINE_SAID, /* conf->error is set already */
};

struct line {
    struct conf *conf;
    const struct conf_row *row;
    const char *name; /* the keyword as typed */
    char *arguments;  /* words, one space between them; the parser may cut them up */
    int64_t value;    /* what was LINE_RANGE */
};

typedef enum line_result line_parser(struct line *line);

/* Has the parser of the row's shape take the arguments. */
line_parser line_parse;

/* conf.c: a line of length bytes, its newline included if it has one. */
bool line_parse_bytes(struct conf *conf, const char *text, size_t length, const char *file,
                      int number);

/* directives.c: what more than one file needs. */
line_parser parse_address;
int words_in(const char *string);
enum line_result line_of_options(enum conf_source_result result);
/* Whether the line has exactly count words: LINE_OK, LINE_MISSING or LINE_EXTRA. */
enum line_result line_count_words(const struct line *line, int count);

/* sources.c: what brings time. */
line_parser parse_source, parse_refclock, parse_initstepslew, parse_broadcast;
void clamp_int(int *value, int min, int max);
void clamp_float(double *value, double min, double max);

/* rules.c: who may ask, and where. */
line_parser parse_ntp_access, parse_command_access, parse_command_address;

/* files.c */
line_parser parse_include, parse_confdir;

#endif
