/* The daemon's record files (log_files.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/log_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/linux/files.h"

void log_files_init(struct log_files *files, const char *directory, const struct log *log) {
    *files = (struct log_files){.log = log, .directory = directory};
}

static struct log_file_slot *find_slot(struct log_files *files, const char *name) {
    struct log_file_slot *slot;

    for (int i = 0; i < files->count; i++)
        if (strcmp(files->slots[i].name, name) == 0)
            return &files->slots[i];
    if (files->count >= LOG_FILE_COUNT || strlen(name) >= sizeof slot->name)
        return NULL;
    slot = &files->slots[files->count++];
    strcpy(slot->name, name);
    slot->fd = -1;
    return slot;
}

bool log_files_append(struct log_files *files, const char *name, const char *text) {
    struct log_file_slot *slot = files->directory ? find_slot(files, name) : NULL;
    char path[FILE_MAX_PATH];

    if (!slot || slot->failed)
        return false;
    snprintf(path, sizeof path, "%s/%s.log", files->directory, name);
    if (slot->fd < 0)
        slot->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (slot->fd < 0)
        log_error(files->log, "Could not open %s : %s", path, strerror(errno));
    else if (file_write(slot->fd, text, strlen(text)))
        return true;
    else
        log_error(files->log, "Could not write to %s : %s", path, strerror(errno));
    slot->failed = true;
    return false;
}

void log_files_cycle(struct log_files *files) {
    for (int i = 0; i < files->count; i++) {
        if (files->slots[i].fd >= 0)
            close(files->slots[i].fd);
        files->slots[i].fd = -1;
        files->slots[i].failed = false;
    }
}
