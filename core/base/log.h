/* Messages, by value: whoever may log holds a struct log, and where the words go is its maker's
 * business. */
#ifndef CHRONOBOX_BASE_LOG_H
#define CHRONOBOX_BASE_LOG_H

enum log_level {
    LOG_DEBUG_LEVEL = -1,
    LOG_INFO_LEVEL,
    LOG_WARNING_LEVEL,
    LOG_ERROR_LEVEL,
    LOG_FATAL_LEVEL
};

#define LOG_MESSAGE_SIZE 2048

struct log {
    void (*write)(void *context, enum log_level level, const char *message);
    void *context;
};

/* Formats (at most LOG_MESSAGE_SIZE - 1 bytes, then cut) and hands on; a NULL write drops it. No
 * trailing newline. */
void log_message(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_info(log, ...)    log_message(log, LOG_INFO_LEVEL, __VA_ARGS__)
#define log_warning(log, ...) log_message(log, LOG_WARNING_LEVEL, __VA_ARGS__)
#define log_error(log, ...)   log_message(log, LOG_ERROR_LEVEL, __VA_ARGS__)
#define log_fatal(log, ...)   log_message(log, LOG_FATAL_LEVEL, __VA_ARGS__)

#endif
