/* Where messages go: standard error, a file, or syslog. Every message is one write. */
#ifndef CHRONOBOX_LINUX_LOG_SINK_H
#define CHRONOBOX_LINUX_LOG_SINK_H

#include <stdbool.h>

#include "core/base/log.h"

/* What is fatal is the last word: it also goes, without the time, to the launcher or to standard
 * error, unless it is seen there already. */
struct log_sink {
    enum log_level threshold; /* below it nothing is said */
    int fd;                   /* of the file or of standard error; the fallback of syslog */
    bool is_stderr;           /* fd is standard error, or was when it was copied */
    int syslog;               /* -1 = messages go to fd */
    const char *program;      /* its name in syslog */
    int launcher;             /* pipe of the process that waits for us to start, -1 = none */
};

/* Messages of level info and above to standard error. */
void log_sink_init(struct log_sink *sink);

/* Appends to a file (0640, created; no symbolic links, except /dev/stdout, /dev/stderr and
 * /proc/self/fd/N, which stand for what is open already). False with errno set. */
bool log_sink_open_file(struct log_sink *sink, const char *path);

/* False: there is no /dev/log, and standard error it is. */
bool log_sink_open_syslog(struct log_sink *sink);

/* Stays on the standard error of now when descriptor 2 becomes something else. */
void log_sink_keep_stderr(struct log_sink *sink);

/* The sink as a struct log; the sink must stay where it is. */
struct log log_sink_log(struct log_sink *sink);

#endif
