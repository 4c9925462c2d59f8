/* The lines of a file of the system, for the resolver. Private to core/libc. */
#ifndef CHRONOBOX_LIBC_LINES_H
#define CHRONOBOX_LIBC_LINES_H

#include "core/libc/stream.h"

#define LINES_SIZE 512

struct lines {
    STREAM stream;
    char buffer[LINES_SIZE], line[LINES_SIZE];
};

/* A file that cannot be opened has no lines. */
void lines_open(struct lines *lines, const char *path);

/* The next line, without comments and the end of the line; NULL behind the last, which closes the
 * file: all lines are to be read. A longer one comes in pieces. */
char *lines_next(struct lines *lines);

#endif
