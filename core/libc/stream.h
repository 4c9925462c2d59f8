/* What a stream is, for stream.c and format.c. Private to core/libc. */
#ifndef CHRONOBOX_LIBC_STREAM_H
#define CHRONOBOX_LIBC_STREAM_H

#include <stdbool.h>

#include "core/libc/compact.h"

/* A file's text waits in the buffer. Text for the caller's memory has fd -1: what does not fit is
 * only counted. */
STREAM {
    char *buffer;
    size_t size, used;
    size_t taken;  /* of what was read */
    size_t passed; /* all that was ever put */
    int fd, mode;  /* mode: when the buffer is written, as setvbuf() has it */
    bool error;
};

void compact_put(STREAM *stream, char c);

/* At the end of a call: stderr is written. 0, or EOF if writing has failed. */
int compact_settle(STREAM *stream);

#endif
