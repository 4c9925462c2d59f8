/* Files: a configuration read line by line, and the files that it includes in place. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/line.h"

static bool fail(struct conf *conf, const char *what, const char *path, const char *colon,
                 const char *reason) {
    struct text text;

    text_init(&text, conf->error, sizeof conf->error);
    text_append(&text, what);
    text_append(&text, path);
    text_append(&text, colon);
    text_append(&text, reason);
    return false;
}

/* Bytes of the first line, with its newline if it has one. */
static size_t line_length(const char *text) {
    size_t length = strcspn(text, "\n");

    return length + (text[length] == '\n');
}

static bool parse_lines(struct conf *conf, const char *text, const char *path) {
    for (int number = 1; *text; number++) {
        size_t length = line_length(text);

        if (!line_parse_bytes(conf, text, length, path, number))
            return false;
        text += length;
    }
    return true;
}

bool conf_parse_file(struct conf *conf, const char *path) {
    char *text;
    bool good;

    if (conf->depth >= CONF_MAX_DEPTH)
        return fail(conf, "Maximum include level reached", "", "", "");
    text = conf->reader->read_file(conf->reader->context, path);
    if (!text && errno == EISDIR) {
        log_warning(conf->log, "%s is a directory, not read", path);
        return true;
    }
    if (!text)
        return fail(conf, "Could not open ", path, " : ", strerror(errno));
    conf->depth++;
    good = parse_lines(conf, text, path);
    conf->depth--;
    free(text);
    return good;
}

static char **match_files(const struct conf_reader *reader, const char *pattern) {
    int count = 0;

    return reader && reader->match_files ? reader->match_files(reader->context, pattern, &count)
                                         : NULL;
}

static void free_matches(char **files) {
    for (char **file = files; file && *file; file++)
        free(*file);
    free(files);
}

enum line_result parse_include(struct line *line) {
    struct conf *conf = line->conf;
    enum line_result result = line_count_words(line, 1);
    char **files;
    bool good = true;

    if (result != LINE_OK)
        return result;
    if (!strpbrk(line->arguments, "*?["))
        return conf_parse_file(conf, line->arguments) ? LINE_OK : LINE_SAID;
    files = match_files(conf->reader, line->arguments);
    if (!files) {
        fail(conf, "Could not search for files matching ", line->arguments, "", "");
        return LINE_SAID;
    }
    for (char **file = files; good && *file; file++)
        good = conf_parse_file(conf, *file);
    free_matches(files);
    return good ? LINE_OK : LINE_SAID;
}

static char **match_directory(const struct conf_reader *reader, const char *directory,
                              const char *suffix) {
    char pattern[CONF_MAX_LINE + sizeof "/*.sources"];
    struct text text;

    text_init(&text, pattern, sizeof pattern);
    text_append(&text, directory);
    text_append(&text, suffix);
    return match_files(reader, pattern);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The files of up to CONFIG_MAX_DIRECTORIES directories, one at a time. */
struct directories {
    char **files[CONFIG_MAX_DIRECTORIES], **next[CONFIG_MAX_DIRECTORIES];
    int count;
};

/* words: the directories, cut up. */
static void open_directories(struct directories *directories, const struct conf_reader *reader,
                             char *words, const char *suffix) {
    directories->count = 0;
    for (int i = 0; i < CONFIG_MAX_DIRECTORIES && *words; i++, directories->count++)
        directories->files[i] = directories->next[i] =
            match_directory(reader, text_take_word(&words), suffix);
}

static void close_directories(struct directories *directories) {
    for (int i = 0; i < directories->count; i++)
        free_matches(directories->files[i]);
}

/* The smallest base name that is left, of the earliest directory that has it. The others' files of
 * that name are passed over. NULL when all are at their end. */
static const char *next_file(struct directories *directories) {
    char ***next = directories->next;
    const char *best = NULL;

    for (int i = 0; i < directories->count; i++)
        if (next[i] && *next[i] && (!best || strcmp(base_name(*next[i]), base_name(best)) < 0))
            best = *next[i];
    for (int i = 0; best && i < directories->count; i++)
        if (next[i] && *next[i] && strcmp(base_name(*next[i]), base_name(best)) == 0)
            next[i]++;
    return best;
}

enum line_result parse_confdir(struct line *line) {
    struct conf *conf = line->conf;
    int count = words_in(line->arguments);
    struct directories directories;
    const char *path;
    bool good = true;

    if (count < 1 || count > CONFIG_MAX_DIRECTORIES)
        return LINE_PARSE;
    open_directories(&directories, conf->reader, line->arguments, "/*.conf");
    while (good && (path = next_file(&directories)))
        good = conf_parse_file(conf, path);
    close_directories(&directories);
    return good ? LINE_OK : LINE_SAID;
}

/* A line of a *.sources file: false when it is no source, or not a good one. */
static bool take_source_line(const char *text, size_t length, struct source_config *source) {
    char buffer[CONF_MAX_LINE + 1], *words = buffer;
    const struct conf_row *row;

    memcpy(buffer, text, length);
    buffer[length] = '\0';
    text_normalise_line(buffer);
    row = conf_find(FAMILY_DIRECTIVES, text_take_word(&words), NULL, NULL);
    if (!row || row->shape != SHAPE_SOURCE)
        return false;
    source_config_set_defaults(source, (enum source_type)row->max);
    if (conf_parse_source(words, source) != CONF_SOURCE_OK)
        return false;
    source_config_clamp(source);
    return true;
}

/* Whoever writes such a file may be in the middle of it: a line without its newline, like one that
 * is too long, ends it. */
static void take_sources(const char *text, conf_source_taker *take, void *context) {
    struct source_config source;

    for (;;) {
        size_t length = line_length(text);

        if (length == 0 || length > CONF_MAX_LINE || text[length - 1] != '\n')
            break;
        if (take_source_line(text, length, &source))
            take(context, &source);
        text += length;
    }
}

void conf_read_sources(const struct conf_reader *reader, const char *sourcedir,
                       conf_source_taker *take, void *context) {
    char words[CONF_MAX_LINE];
    struct directories directories;
    struct text text;
    const char *path;

    if (words_in(sourcedir) > CONFIG_MAX_DIRECTORIES)
        return;
    text_init(&text, words, sizeof words);
    text_append(&text, sourcedir);
    open_directories(&directories, reader, words, "/*.sources");
    while ((path = next_file(&directories))) {
        char *sources = reader->read_file(reader->context, path);

        if (sources)
            take_sources(sources, take, context);
        free(sources);
    }
    close_directories(&directories);
}
