/* The parser's world in memory (conf_world.h). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/conf_world.h"

static char *copy(const char *text) {
    char *result = malloc(strlen(text) + 1);

    assert_non_null(result);
    strcpy(result, text);
    return result;
}

static char *read_world_file(void *context, const char *path) {
    struct world *world = context;

    errno = ENOENT;
    for (const char *const *file = world->files; file && *file; file += 2) {
        if (strcmp(*file, path) != 0)
            continue;
        if (strcmp(file[1], WORLD_DIRECTORY) != 0)
            return copy(file[1]);
        errno = EISDIR;
    }
    return NULL;
}

/* Knows patterns of the form DIRECTORY/PREFIX*SUFFIX. */
static char **match_world_files(void *context, const char *pattern, int *count) {
    struct world *world = context;
    const char *star = strchr(pattern, '*'), *slash = strrchr(pattern, '/');
    size_t prefix, suffix, directory;
    char **found;
    bool exists = false;

    *count = 0;
    errno = ENOENT;
    if (!star || !slash)
        return NULL;
    prefix = (size_t)(star - pattern);
    suffix = strlen(star + 1);
    directory = (size_t)(slash - pattern);
    found = calloc(64, sizeof *found);
    assert_non_null(found);
    for (const char *const *file = world->files; file && *file; file += 2) {
        size_t length = strlen(*file);

        exists = exists || (strncmp(*file, pattern, directory) == 0 && (*file)[directory] == '/');
        if (strncmp(*file, pattern, prefix) == 0 && length >= prefix + suffix &&
            strcmp(*file + length - suffix, star + 1) == 0)
            found[(*count)++] = copy(*file);
    }
    if (exists)
        return found;
    free(found);
    errno = ENOENT;
    return NULL;
}

static bool resolve_world_name(void *context, const char *name, struct address *address) {
    (void)context;
    return strcmp(name, "hosts.example") == 0 && address_parse("192.0.2.77", address);
}

static void append(char *to, size_t size, const char *line) {
    size_t used = strlen(to);

    snprintf(to + used, size - used, "%s\n", line);
}

static void log_to_world(void *context, enum log_level level, const char *message) {
    struct world *world = context;

    (void)level;
    append(world->logged, sizeof world->logged, message);
}

static void print_to_world(void *context, const char *line) {
    struct world *world = context;

    append(world->printed, sizeof world->printed, line);
}

struct world *world_new(const char *const *files) {
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    config_set_defaults(&world->config);
    world->files = files;
    world->log = (struct log){log_to_world, world};
    world->reader =
        (struct conf_reader){world, read_world_file, match_world_files, resolve_world_name};
    world->conf =
        (struct conf){.config = &world->config, .reader = &world->reader, .log = &world->log};
    return world;
}

void world_free(struct world *world) {
    config_free(&world->config);
    free(world);
}

void world_prints(struct world *world) {
    world->conf.print_line = print_to_world;
    world->conf.print_context = world;
}

void world_takes(struct world *world, const char *line) {
    if (!conf_parse_line(&world->conf, line, NULL, 1))
        fail_msg("%s: %s", line, world->conf.error);
}

void world_refuses(struct world *world, const char *line, const char *error) {
    assert_false(conf_parse_line(&world->conf, line, NULL, 1));
    assert_string_equal(world->conf.error, error);
}
