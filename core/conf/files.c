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

static bool parse_lines(struct conf *conf, char *text, const char *path) {
    for (int number = 1; *text; number++) {
        char *end = text + strcspn(text, "\n");
        bool last = *end == '\0';

        *end = '\0';
        if (!conf_parse_line(conf, text, path, number))
            return false;
        if (last)
            break;
        text = end + 1;
    }
    return true;
}

bool conf_parse_file(struct conf *conf, const char *path) {
    char *text;
    bool good;

    if (conf->depth >= CONF_MAX_DEPTH)
        return fail(conf, "Maximum include level reached", "", "", "");
    text = conf->reader->read_file(conf->reader->context, path);
    if (!text)
        return fail(conf, "Could not open ", path, " : ", strerror(errno));
    conf->depth++;
    good = parse_lines(conf, text, path);
    conf->depth--;
    free(text);
    return good;
}

static char **match_files(const struct conf *conf, const char *pattern) {
    const struct conf_reader *reader = conf->reader;
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
    files = match_files(conf, line->arguments);
    if (!files) {
        fail(conf, "Could not search for files matching ", line->arguments, "", "");
        return LINE_SAID;
    }
    for (char **file = files; good && *file; file++)
        good = conf_parse_file(conf, *file);
    free_matches(files);
    return good ? LINE_OK : LINE_SAID;
}

static char **match_directory(const struct conf *conf, const char *directory) {
    static const char suffix[] = "/*.conf";
    char pattern[CONF_MAX_LINE + sizeof suffix];
    struct text text;

    text_init(&text, pattern, sizeof pattern);
    text_append(&text, directory);
    text_append(&text, suffix);
    return match_files(conf, pattern);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The next file of sorted lists: the smallest base name, of the earliest list that has it. The
 * others' files of that name are passed over. NULL when all lists are at their end. */
static const char *next_file(char **next[], int count) {
    const char *best = NULL;

    for (int i = 0; i < count; i++)
        if (next[i] && *next[i] && (!best || strcmp(base_name(*next[i]), base_name(best)) < 0))
            best = *next[i];
    for (int i = 0; best && i < count; i++)
        if (next[i] && *next[i] && strcmp(base_name(*next[i]), base_name(best)) == 0)
            next[i]++;
    return best;
}

enum line_result parse_confdir(struct line *line) {
    struct conf *conf = line->conf;
    int count = words_in(line->arguments);
    char **files[CONFIG_MAX_DIRECTORIES], **next[CONFIG_MAX_DIRECTORIES];
    const char *path;
    bool good = true;

    if (count < 1 || count > CONFIG_MAX_DIRECTORIES)
        return LINE_PARSE;
    for (int i = 0; i < count; i++)
        files[i] = next[i] = match_directory(conf, text_take_word(&line->arguments));
    while (good && (path = next_file(next, count)))
        good = conf_parse_file(conf, path);
    for (int i = 0; i < count; i++)
        free_matches(files[i]);
    return good ? LINE_OK : LINE_SAID;
}
