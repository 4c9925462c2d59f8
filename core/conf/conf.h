/* Text to struct config, by one table of rows (directives.def, options.def). */
#ifndef CHRONOBOX_CONF_CONF_H
#define CHRONOBOX_CONF_CONF_H

#include <stddef.h>

#include "core/base/log.h"
#include "core/conf/config.h"

/* What the parser asks of the world: it opens nothing itself. Any member but read_file may be NULL:
 * it then fails. */
struct conf_reader {
    void *context;
    /* The whole file, NUL-terminated, allocated with malloc; NULL with errno set. A NUL in the file
     * ends its line; EISDIR is a warning. */
    char *(*read_file)(void *context, const char *path);
    /* Paths matching a shell pattern, sorted, NULL-terminated, one malloc'd block per path and one
     * for the list; *count 0 when none; returns NULL with errno set when a directory cannot be
     * read. */
    char **(*match_files)(void *context, const char *pattern, int *count);
    /* First address of a name; false when it does not resolve. For allow/deny host names. */
    bool (*resolve)(void *context, const char *name, struct address *address);
};

#define CONF_MAX_LINE  2048 /* with the NUL and the newline, if there is one */
#define CONF_MAX_DEPTH 10   /* files, the first one included */
#define CONF_MAX_ROWS  256

/* One reading of a configuration. Zeroed by its maker but for the first members; any number of
 * files and lines, then conf_check() once. */
struct conf {
    struct config *config; /* after config_set_defaults() */
    const struct conf_reader *reader;
    const struct log *log;
    /* chronyd -p: called with every directive line, white space collapsed, before it is parsed;
     * include and confdir lines are not shown, what they include is. NULL = no. With it, "has no
     * effect yet" is not logged. */
    void (*print_line)(void *context, const char *line);
    void *print_context;
    int depth;
    uint8_t warned[CONF_MAX_ROWS / 8]; /* rows that have been logged as having no effect */
    /* filled when a call returns false: the text behind "Fatal error : " */
    char error[LOG_MESSAGE_SIZE];
};

/* config must be zeroed (calloc): its big arrays are not touched, so that their memory is never
 * taken. */
void config_set_defaults(struct config *config);
/* Frees the strings; the struct itself is the caller's. */
void config_free(struct config *config);

/* One line; file may be NULL (arguments on the command line, numbered from 1). False: conf->error
 * is set. */
bool conf_parse_line(struct conf *conf, const char *line, const char *file, int number);

/* A file, with its includes. */
bool conf_parse_file(struct conf *conf, const char *path);

/* What can only be said at the end: noclientlog with rate limits, prefixes too long, rtcfile with
 * rtcsync, unknown refclock drivers, `log` without logdir (logged, and log_files cleared); brings
 * values into the ranges that are in effect. Not for chronyd -p, which looks at the syntax only. */
bool conf_check(struct conf *conf);

/* The words behind `server`, `pool` or `peer`, the name first, for the control protocol and
 * .sources files too. words is cut up. Prepare with source_config_set_defaults(); values are as
 * written until source_config_clamp(). */
enum conf_source_result { CONF_SOURCE_OK, CONF_BAD_SYNTAX, CONF_BAD_OPTION, CONF_BAD_VALUE };
void source_config_set_defaults(struct source_config *source, enum source_type type);
enum conf_source_result conf_parse_source(char *words, struct source_config *source);

/* The sources of one sourcedir line (config.sourcedirs): the *.sources files of its up to
 * CONFIG_MAX_DIRECTORIES directories (of more: none), sorted by name, of equal names the first
 * directory's. take gets each source that is written
 * right, in order, clamped; other lines are passed over in silence, as are files that cannot be
 * read, and a line without newline ends its file. Nothing is kept: whoever reloads compares. */
typedef void conf_source_taker(void *context, const struct source_config *source);
void conf_read_sources(const struct conf_reader *reader, const char *sourcedir,
                       conf_source_taker *take, void *context);

/* Brings a source's values into the ranges that are in effect (lines of a file: done by the
 * parser). */
void source_config_clamp(struct source_config *source);

#endif
