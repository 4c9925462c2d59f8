/* A message is formatted here, once; where it goes is the business of the one who made the struct
 * log. */
#include "core/base/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_message(const struct log *log, enum log_level level, const char *format, ...) {
    char message[LOG_MESSAGE_SIZE];
    va_list arguments;

    if (log->write == NULL)
        return;
    va_start(arguments, format);
    if (vsnprintf(message, sizeof(message), format, arguments) < 0)
        message[0] = '\0';
    va_end(arguments);
    log->write(log->context, level, message);
}
