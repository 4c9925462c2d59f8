/* Who the daemon is: finding the account it shall run as, with or without /etc/passwd, and becoming
 * it while keeping the two powers a time server needs. */
#ifndef CHRONOBOX_LINUX_PRIVILEGES_H
#define CHRONOBOX_LINUX_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/log.h"

struct account {
    uid_t uid;
    gid_t gid;
};

/* "name" of /etc/passwd, "uid" or "uid:gid". "root" needs no passwd file. False: no such name. */
bool account_find(const char *name, struct account *account);

/* Changes groups (to none), group and user. NULL, or the name of the system call that failed (errno
 * set). Only before there is a second thread: the C library's functions would change every thread,
 * with 2 KB of machinery. */
const char *account_become(const struct account *account);

/* Gives up root for good; of its powers SYS_TIME and NET_BIND_SERVICE stay where they are held and
 * wanted. False: logged as fatal. Nothing to do, and true, when we are not root or the account is
 * root. */
bool privileges_drop(const struct log *log, const struct account *account, bool keep_time,
                     bool keep_ports);

/* mlockall and SCHED_FIFO; failures are logged, and that is all. priority 0 = leave. */
void privileges_lock_memory(const struct log *log);
void privileges_set_priority(const struct log *log, int priority);

#endif
