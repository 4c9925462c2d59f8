/* The system call filter of -F: a process that was taken over can do no more than time keeping
 * needs. */
#ifndef CHRONOBOX_LINUX_SECCOMP_H
#define CHRONOBOX_LINUX_SECCOMP_H

#include <stdbool.h>

#include "core/base/log.h"

#define SECCOMP_MAX_LEVEL 2

/* From here on, for every thread and for good: level 1 allows what the daemon does and nothing
 * else, level 2 forbids what no daemon of this kind does; what is forbidden ends the process. A
 * negative level raises SIGSYS instead, 0 is no filter. False: logged as fatal. Directories of
 * others, other accounts and other programs are out of reach afterwards: everything that start-up
 * does must be done. */
bool seccomp_load(const struct log *log, int level);

#endif
