/* A configuration: as a file that includes itself, line by line, and as a file of sources. */
#include <errno.h>

#include "core/conf/conf.h"
#include "tests/fuzz/fuzz.h"

#define MAX_READS 24 /* of one input: a file may include itself many times over */

struct files {
    const char *text;
    int reads;
};

static char *read_file(void *context, const char *path) {
    struct files *files = context;

    (void)path;
    errno = ENOENT;
    return files->reads++ < MAX_READS ? strdup(files->text) : NULL;
}

static char **match_files(void *context, const char *pattern, int *count) {
    char **list = calloc(3, sizeof(*list));

    (void)context;
    if (list == NULL)
        abort();
    list[0] = strdup(pattern);
    list[1] = strdup("/d/b.conf");
    *count = 2;
    return list;
}

static bool resolve(void *context, const char *name, struct address *address) {
    (void)context;
    *address = address_ipv4(0xc0000201);
    return strlen(name) % 2 == 0;
}

static void ignore_line(void *context, const char *line) {
    (void)context;
    (void)line;
}

static void ignore_source(void *context, const struct source_config *source) {
    (void)context;
    (void)source;
}

static void parse_lines(struct conf *conf, char *text) {
    int number = 1;

    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        conf_parse_line(conf, line, number % 2 == 0 ? "/a" : NULL, number++);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct log silent = {0};
    struct input input = {data, size};
    uint8_t flags = input_byte(&input);
    char *text = input_text(input.at, input.left);
    struct files files = {text, 0};
    const struct conf_reader reader = {&files, read_file, match_files, resolve};
    struct config *config = calloc(1, sizeof(*config));
    struct conf conf = {.config = config,
                        .reader = &reader,
                        .log = &silent,
                        .print_line = (flags & 1) != 0 ? ignore_line : NULL};

    if (config == NULL)
        abort();
    config_set_defaults(config);
    if ((flags & 2) != 0)
        conf_parse_file(&conf, "/a");
    conf_read_sources(&reader, "/d /e", ignore_source, NULL);
    parse_lines(&conf, text);
    conf_check(&conf);
    config_free(config);
    free(config);
    free(text);
    return 0;
}
