/* Whole files and directories (files.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/address.h"

#define PARENT_MODE  0755
#define OTHERS_MODE  0007 /* no such bit in the directory of a command socket */
#define FIRST_BUFFER 4096

static ssize_t read_some(int fd, char *buffer, size_t size) {
    ssize_t length;

    do
        length = read(fd, buffer, size);
    while (length < 0 && errno == EINTR);
    return length;
}

long file_read(const struct log *log, const char *path, char *buffer, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t length = -1;

    if (fd >= 0) {
        while (used < size - 1 && (length = read_some(fd, buffer + used, size - 1 - used)) > 0)
            used += (size_t)length;
    }
    if (length < 0 && errno != ENOENT)
        log_error(log, "Could not open %s : %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (length < 0)
        return -1;
    buffer[used] = '\0';
    return (long)used;
}

/* A NUL ends its line, as for whoever reads line by line; what is behind it on the line is dropped.
 */
static void cut_lines_at_nul(char *text, size_t length) {
    char *to = text;
    bool cut = false;

    for (const char *from = text; from < text + length; from++) {
        cut = *from != '\n' && (cut || *from == '\0');
        if (!cut)
            *to++ = *from;
    }
    *to = '\0';
}

/* Reads to the end, doubling; NULL with errno set. */
static char *read_all(int fd) {
    size_t size = FIRST_BUFFER, used = 0;
    char *text = malloc(size);
    ssize_t length = -1;

    while (text && (length = read_some(fd, text + used, size - 1 - used)) > 0) {
        char *bigger;

        used += (size_t)length;
        if (used < size - 1)
            continue;
        size *= 2;
        errno = EFBIG;
        bigger = size <= FILE_MAX_TEXT ? realloc(text, size) : NULL;
        if (!bigger) {
            length = -1;
            break;
        }
        text = bigger;
    }
    if (length < 0) {
        free(text);
        return NULL;
    }
    cut_lines_at_nul(text, used);
    return text;
}

char *file_read_text(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text;
    int error;

    if (fd < 0)
        return NULL;
    text = read_all(fd);
    error = errno;
    close(fd);
    errno = error;
    return text;
}

char *file_read_secret(const struct log *log, const char *path) {
    struct stat status;

    if (stat(path, &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        log_warning(log, "World-%s permissions on %s",
                    status.st_mode & S_IWOTH ? "writable" : "readable", path);
    return file_read_text(path);
}

void file_check_secret(const struct log *log, const char *path) {
    if (access(path, R_OK) < 0)
        log_warning(log, "Missing read access to %s : %s", path, strerror(errno));
    if (access(path, W_OK) == 0)
        log_warning(log, "Having write access to %s", path);
}

bool file_write(int fd, const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return true;
}

bool file_replace(const struct log *log, const char *path, const char *text, int mode) {
    char temporary[FILE_MAX_PATH];
    bool written;
    int fd;

    if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
        return false;
    unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0) {
        log_error(log, "Could not open %s : %s", temporary, strerror(errno));
        return false;
    }
    written = file_write(fd, text, strlen(text));
    written = close(fd) == 0 && written;
    if (written && rename(temporary, path) == 0)
        return true;
    log_error(log, "Could not replace %s with %s : %s", path, temporary, strerror(errno));
    unlink(temporary);
    return false;
}

ns_t file_modified(const char *path) {
    struct stat status;

    if (stat(path, &status) < 0)
        return NS_UNKNOWN;
    return (ns_t)status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec;
}

bool file_remove(const struct log *log, const char *path) {
    if (unlink(path) == 0 || errno == ENOENT)
        return true;
    log_error(log, "Could not remove %s : %s", path, strerror(errno));
    return false;
}

/* The name is cut for a moment. */
static bool is_dump(char *name) {
    char *suffix = strrchr(name, '.');
    struct address address;
    bool known;

    if (suffix == NULL || strcmp(suffix, ".dat") != 0)
        return false;
    *suffix = '\0';
    known = strncmp(name, "refid:", 6) == 0 || address_parse(name, &address);
    *suffix = '.';
    return known;
}

void directory_forget_dumps(const struct log *log, const char *path) {
    DIR *directory = opendir(path);
    struct dirent *entry;
    char file[FILE_MAX_PATH];

    while (directory && (entry = readdir(directory)) != NULL) {
        if (is_dump(entry->d_name) &&
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name) < (int)sizeof file)
            file_remove(log, file);
    }
    if (directory)
        closedir(directory);
}

/* One directory, its parent being there. */
static bool make_one(const struct log *log, const char *path, mode_t mode, uid_t uid, gid_t gid) {
    struct stat status;

    if (stat(path, &status) == 0) {
        if (!S_ISDIR(status.st_mode))
            log_error(log, "%s is not directory", path);
        return S_ISDIR(status.st_mode);
    }
    if (errno != ENOENT) {
        log_error(log, "Could not access %s : %s", path, strerror(errno));
        return false;
    }
    if (mkdir(path, mode) < 0) {
        log_error(log, "Could not create directory %s : %s", path, strerror(errno));
        return false;
    }
    if ((uid != geteuid() || gid != getegid()) && chown(path, uid, gid) < 0) {
        log_error(log, "Could not change ownership of %s : %s", path, strerror(errno));
        return false;
    }
    return true;
}

bool directory_make(const struct log *log, const char *path, mode_t mode, uid_t uid, gid_t gid) {
    char parent[FILE_MAX_PATH];

    for (const char *slash = path; (slash = strchr(slash + 1, '/')) != NULL && slash[1];) {
        size_t length = (size_t)(slash - path);

        if (length >= sizeof parent)
            return false;
        memcpy(parent, path, length);
        parent[length] = '\0';
        if (!make_one(log, parent, PARENT_MODE, geteuid(), getegid()))
            return false;
    }
    return make_one(log, path, mode, uid, gid);
}

/* "/a/b/c" to "/a/b"; false when there is nothing before the last slash. */
static bool parent_of(const char *path, char parent[FILE_MAX_PATH]) {
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    if (length == 0 || length >= FILE_MAX_PATH)
        return false;
    memcpy(parent, path, length);
    parent[length] = '\0';
    return true;
}

bool directory_make_parent(const struct log *log, const char *path, mode_t mode, uid_t uid,
                           gid_t gid) {
    char parent[FILE_MAX_PATH];

    return !parent_of(path, parent) || directory_make(log, parent, mode, uid, gid);
}

bool directory_is_private(const struct log *log, const char *socket_path, uid_t uid, gid_t gid) {
    char parent[FILE_MAX_PATH];
    struct stat status;

    if (!parent_of(socket_path, parent) || stat(parent, &status) < 0)
        return false; /* the message came when it could not be made */
    if (!S_ISDIR(status.st_mode))
        log_error(log, "%s is not directory", parent);
    else if (status.st_mode & OTHERS_MODE)
        log_error(log, "Wrong permissions on %s", parent);
    else if (status.st_uid != uid)
        log_error(log, "Wrong owner of %s (UID != %u)", parent, (unsigned)uid);
    else if (status.st_gid != gid)
        log_error(log, "Wrong owner of %s (GID != %u)", parent, (unsigned)gid);
    else
        return true;
    return false;
}

bool directory_is_writable(const char *file) {
    char parent[FILE_MAX_PATH];

    return parent_of(file, parent) && access(parent, W_OK | X_OK) == 0;
}
