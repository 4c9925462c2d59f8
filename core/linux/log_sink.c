/* Where messages go (log_sink.h). syslog is written by hand: a datagram to /dev/log, as RFC 3164
 * has it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/linux/clock.h"
#include "core/linux/files.h"
#include "core/linux/socket.h"

#define SYSLOG_PATH     "/dev/log"
#define SYSLOG_FACILITY 3 /* daemon */
#define LINE_SIZE       (LOG_MESSAGE_SIZE + 64)
#define FATAL_PREFIX    "Fatal error : "

void log_sink_init(struct log_sink *sink) {
    *sink = (struct log_sink){.threshold = LOG_INFO_LEVEL,
                              .fd = STDERR_FILENO,
                              .is_stderr = true,
                              .syslog = -1,
                              .program = "chronyd",
                              .launcher = -1};
}

void log_sink_keep_stderr(struct log_sink *sink) {
    int copy = dup(STDERR_FILENO);

    if (copy >= 0)
        sink->fd = copy;
}

/* The number behind /proc/self/fd/ and its aliases; -1 for any other path. */
static int inherited_descriptor(const char *path) {
    static const char prefix[] = "/proc/self/fd/";
    int64_t number;

    if (strcmp(path, "/dev/stdout") == 0)
        return STDOUT_FILENO;
    if (strcmp(path, "/dev/stderr") == 0)
        return STDERR_FILENO;
    if (strncmp(path, prefix, sizeof prefix - 1) == 0 &&
        text_parse_int(path + sizeof prefix - 1, &number) && number >= 0 && number < 1024)
        return (int)number;
    return -1;
}

bool log_sink_open_file(struct log_sink *sink, const char *path) {
    int number = inherited_descriptor(path), fd;

    if (number >= 0)
        fd = dup(number); /* standard error may be sent to /dev/null later */
    else
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return false;
    sink->fd = fd;
    sink->is_stderr = number == STDERR_FILENO;
    return true;
}

bool log_sink_open_syslog(struct log_sink *sink) {
    static const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SYSLOG_PATH};
    int fd = socket_new(AF_UNIX);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        fd = -1;
    }
    sink->syslog = fd;
    return fd >= 0;
}

static bool write_syslog(struct log_sink *sink, enum log_level level, int64_t now,
                         const char *message) {
    static const uint8_t severities[] = {7, 6, 4, 3, 2};
    char buffer[LINE_SIZE], date[TIME_TEXT_SIZE];
    struct text line;
    ssize_t sent;

    time_format_long(now, date);
    text_init(&line, buffer, sizeof buffer);
    /* "Sun Nov 22 10:13:47 2026": the fifteen characters in the middle are syslog's date. */
    text_printf(&line, "<%d>%.15s %s[%d]: %s", SYSLOG_FACILITY << 3 | severities[level + 1],
                date + 4, sink->program, (int)getpid(), message);
    sent = send(sink->syslog, buffer, line.length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        close(sink->syslog); /* its daemon was restarted */
        if (log_sink_open_syslog(sink))
            sent = send(sink->syslog, buffer, line.length, MSG_NOSIGNAL);
    }
    return sent >= 0;
}

static void write_line(int fd, int64_t now, const char *message) {
    char buffer[LINE_SIZE], date[TIME_TEXT_SIZE];
    struct text line;

    text_init(&line, buffer, sizeof buffer - 1);
    text_printf(&line, "%sZ %s", time_format(now, 'T', date), message);
    buffer[line.length] = '\n';
    file_write(fd, buffer, line.length + 1);
}

/* Whoever started us does not look into the log. chrony's launcher takes off the prefix. */
static void write_last_word(const struct log_sink *sink, const char *message) {
    static const char prefix[] = FATAL_PREFIX;
    int fd = sink->launcher >= 0 ? sink->launcher : STDERR_FILENO;

    if (sink->launcher < 0)
        file_write(fd, prefix, sizeof prefix - 1);
    file_write(fd, message, strlen(message));
    file_write(fd, "\n", 1);
}

static void write_message(void *context, enum log_level level, const char *message) {
    struct log_sink *sink = context;
    char fatal[LINE_SIZE];
    const char *line = message;
    int64_t now = ns_floor_seconds(system_clock_read());
    bool seen = sink->is_stderr;

    if (level < sink->threshold)
        return;
    if (level == LOG_FATAL_LEVEL) {
        struct text text;

        text_init(&text, fatal, sizeof fatal);
        text_append(&text, FATAL_PREFIX);
        text_append(&text, message);
        line = fatal;
    }
    if (sink->syslog >= 0 && write_syslog(sink, level, now, line))
        seen = false;
    else
        write_line(sink->fd, now, line);
    if (level == LOG_FATAL_LEVEL && !seen)
        write_last_word(sink, message);
}

struct log log_sink_log(struct log_sink *sink) {
    return (struct log){.write = write_message, .context = sink};
}
