/* A world for the configuration parser: a few files, one name, and a log that can be read. */
#ifndef CHRONOBOX_TESTS_CONF_WORLD_H
#define CHRONOBOX_TESTS_CONF_WORLD_H

#include "core/conf/conf.h"

/* The text of a path that cannot be read because it is a directory. */
#define WORLD_DIRECTORY "a directory"

struct world {
    struct config config;
    struct conf conf;
    struct log log;
    struct conf_reader reader;
    const char *const *files; /* path, text, path, text, ..., NULL; sorted by path */
    char logged[4096];        /* messages, a line each */
    char printed[4096];       /* by print_line once world_prints() was called */
};

/* Only hosts.example resolves, to 192.0.2.77. files may be NULL. */
struct world *world_new(const char *const *files);
void world_free(struct world *world);
void world_prints(struct world *world);

/* One line, number 1 of no file, that must be good, or bad with this error. */
void world_takes(struct world *world, const char *line);
void world_refuses(struct world *world, const char *line, const char *error);

#endif
