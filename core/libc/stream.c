/* stdin, stdout and stderr: a buffer and a descriptor each. stdout is written when a line ends on a
 * terminal, else when the buffer is full, and at exit; stderr at the end of each call. */
#include "core/libc/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define UNDECIDED (-1) /* until the first character */

static char input_buffer[BUFSIZ], output_buffer[BUFSIZ], error_buffer[BUFSIZ];
static STREAM input = {.buffer = input_buffer, .size = sizeof(input_buffer)};
static STREAM output = {
    .buffer = output_buffer, .size = sizeof(output_buffer), .fd = STDOUT_FILENO, .mode = UNDECIDED};
static STREAM errors = {
    .buffer = error_buffer, .size = sizeof(error_buffer), .fd = STDERR_FILENO, .mode = _IONBF};

STREAM *const COMPACT(stdin) = &input;
STREAM *const COMPACT(stdout) = &output;
STREAM *const COMPACT(stderr) = &errors;

int COMPACT(fflush)(STREAM *stream) {
    size_t done = 0;

    if (stream == NULL)
        stream = &output;
    while (done < stream->used) {
        ssize_t written = write(stream->fd, stream->buffer + done, stream->used - done);

        if (written < 0 && errno != EINTR) {
            stream->used = 0;
            stream->error = true;
            return EOF;
        }
        if (written > 0)
            done += (size_t)written;
    }
    stream->used = 0;
    return 0;
}

void compact_put(STREAM *stream, char c) {
    if (stream->mode == UNDECIDED)
        stream->mode = isatty(stream->fd) ? _IOLBF : _IOFBF;
    if (stream->fd >= 0 && stream->used == stream->size)
        COMPACT(fflush)(stream);
    if (stream->used < stream->size)
        stream->buffer[stream->used++] = c;
    stream->passed++;
    if (c == '\n' && stream->mode == _IOLBF)
        COMPACT(fflush)(stream);
}

int compact_settle(STREAM *stream) {
    if (stream->mode == _IONBF)
        COMPACT(fflush)(stream);
    return stream->error ? EOF : 0;
}

size_t COMPACT(fwrite)(const void *from, size_t size, size_t count, STREAM *stream) {
    for (size_t i = 0; i < size * count; i++)
        compact_put(stream, ((const char *)from)[i]);
    return compact_settle(stream) == 0 ? count : 0;
}

int COMPACT(fputs)(const char *string, STREAM *stream) {
    return COMPACT(fwrite)(string, strlen(string), 1, stream) == 1 ? 0 : EOF;
}

int COMPACT(puts)(const char *string) {
    COMPACT(fputs)(string, &output);
    return COMPACT(putchar)('\n') == EOF ? EOF : 0;
}

int COMPACT(fputc)(int c, STREAM *stream) {
    compact_put(stream, (char)c);
    return compact_settle(stream) == 0 ? (unsigned char)c : EOF;
}

int COMPACT(putchar)(int c) {
    return COMPACT(fputc)(c, &output);
}

char *COMPACT(fgets)(char *to, int size, STREAM *stream) {
    int length = 0;

    while (length < size - 1 && (length == 0 || to[length - 1] != '\n')) {
        if (stream->taken == stream->used) {
            ssize_t got = read(stream->fd, stream->buffer, stream->size);

            stream->taken = stream->used = 0;
            stream->error |= got < 0;
            if (got <= 0)
                break;
            stream->used = (size_t)got;
        }
        to[length++] = stream->buffer[stream->taken++];
    }
    to[length] = '\0';
    return length > 0 ? to : NULL;
}

int COMPACT(ferror)(STREAM *stream) {
    return stream->error;
}

/* The buffer stays the stream's own. */
int COMPACT(setvbuf)(STREAM *stream, char *buffer, int mode, size_t size) {
    (void)buffer;
    (void)size;
    stream->mode = mode;
    return 0;
}

#ifdef COMPACT_LIBC
/* What musl's exit() calls last. */
void __stdio_exit(void);
void __stdio_exit(void) {
    fflush(stdout);
}
#endif
