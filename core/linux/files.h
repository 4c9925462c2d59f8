/* Whole files and directories, read and replaced as a daemon must: never half written, never
 * through a symbolic link that someone laid there, and a failure is a line in the log and not an
 * end. */
#ifndef CHRONOBOX_LINUX_FILES_H
#define CHRONOBOX_LINUX_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/log.h"
#include "core/base/time.h"

#define FILE_MAX_PATH 4096

/* At most size - 1 bytes and a NUL; the bytes read, or -1. A file that does not exist is not worth
 * a message. */
long file_read(const struct log *log, const char *path, char *buffer, size_t size);

/* The whole file, NUL-terminated, from malloc; NULL with errno set (EFBIG beyond FILE_MAX_TEXT). A
 * NUL in the file ends its line. */
#define FILE_MAX_TEXT (16 << 20)
char *file_read_text(const char *path);

/* The same of a file that nobody but its owner and group should see: warns when others may read or
 * write it. */
char *file_read_secret(const struct log *log, const char *path);

/* After root is gone: warns when we can no longer read such a file, or can change it. */
void file_check_secret(const struct log *log, const char *path);

/* PATH.tmp is written and renamed to PATH. */
bool file_replace(const struct log *log, const char *path, const char *text, int mode);

/* When it was last written; NS_UNKNOWN when there is none. */
ns_t file_modified(const char *path);

/* True when it is gone, also when it never was. */
bool file_remove(const struct log *log, const char *path);

/* Removes the dump files of a directory, whosever they are: ADDRESS.dat and refid:XXXXXXXX.dat. */
void directory_forget_dumps(const struct log *log, const char *path);

/* Writes all of it; false with errno set. */
bool file_write(int fd, const char *text, size_t length);

/* Makes a directory of this mode and owner where there is none, parents (0755) too. False: it is
 * not there and could not be made (logged). */
bool directory_make(const struct log *log, const char *path, mode_t mode, uid_t uid, gid_t gid);

/* Makes the directory that `path` is in. */
bool directory_make_parent(const struct log *log, const char *path, mode_t mode, uid_t uid,
                           gid_t gid);

/* Whether the directory of a command socket lets nobody in but uid and gid (logged when not). */
bool directory_is_private(const struct log *log, const char *socket_path, uid_t uid, gid_t gid);

/* Whether we can make files beside this one. */
bool directory_is_writable(const char *file);

#endif
