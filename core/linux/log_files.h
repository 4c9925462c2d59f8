/* The daemon's record files, LOGDIR/NAME.log: opened on the first row, appended to, closed to be
 * rotated. One that cannot be written is said once and left alone until the next rotation: a full
 * disk never stops the time service. */
#ifndef CHRONOBOX_LINUX_LOG_FILES_H
#define CHRONOBOX_LINUX_LOG_FILES_H

#include <stdbool.h>

#include "core/base/log.h"
#include "core/conf/config.h"

struct log_files {
    const struct log *log;
    const char *directory; /* NULL = none: every row is refused */
    int count;
    struct log_file_slot {
        char name[16];
        int fd; /* -1 = closed */
        bool failed;
    } slots[LOG_FILE_COUNT];
};

void log_files_init(struct log_files *files, const char *directory, const struct log *log);
bool log_files_append(struct log_files *files, const char *name, const char *text);
void log_files_cycle(struct log_files *files);

#endif
