/* Lines of files, on a stream that lives where the caller puts it. */
#include "core/libc/lines.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void lines_open(struct lines *lines, const char *path) {
    lines->stream = (STREAM){.buffer = lines->buffer, .size = LINES_SIZE};
    lines->stream.fd = open(path, O_RDONLY | O_CLOEXEC);
}

char *lines_next(struct lines *lines) {
    char *line = COMPACT(fgets)(lines->line, LINES_SIZE, &lines->stream);

    if (line == NULL)
        close(lines->stream.fd);
    else
        line[strcspn(line, "#\n")] = '\0';
    return line;
}
