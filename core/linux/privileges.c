/* Who the daemon is (privileges.h). Capabilities by the raw system calls: the library for them
 * would cost more than the rest of this folder. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/privileges.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/linux/files.h"
#include "core/linux/kernel.h"

/* Digits up to `end`; false when there are none or anything else. */
static bool parse_id(const char *text, char end, unsigned *id, const char **rest) {
    char *behind;
    unsigned long value = strtoul(text, &behind, 10);

    if (text[0] < '0' || text[0] > '9' || (*behind != end && *behind != '\0') ||
        value > UINT32_MAX - 1)
        return false;
    *id = (unsigned)value;
    *rest = behind;
    return true;
}

static bool parse_numeric(const char *name, struct account *account) {
    unsigned uid, gid;
    const char *rest;

    if (!parse_id(name, ':', &uid, &rest))
        return false;
    gid = uid;
    if (*rest == ':' && (!parse_id(rest + 1, '\0', &gid, &rest)))
        return false;
    *account = (struct account){uid, gid};
    return true;
}

/* name:password:UID:GID:... */
static bool parse_passwd(const char *text, const char *name, struct account *account) {
    size_t length = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *field;
        unsigned uid, gid;

        if (strncmp(line, name, length) != 0 || line[length] != ':')
            continue;
        field = line + length + 1;
        field += strcspn(field, ":\n");
        if (*field == ':' && parse_id(field + 1, ':', &uid, &field) && *field == ':' &&
            parse_id(field + 1, ':', &gid, &field)) {
            *account = (struct account){uid, gid};
            return true;
        }
    }
    return false;
}

bool account_find(const char *name, struct account *account) {
    char *text = file_read_text("/etc/passwd");
    bool found = (text && parse_passwd(text, name, account)) || parse_numeric(name, account);

    free(text);
    if (!found && strcmp(name, "root") == 0) {
        *account = (struct account){0, 0};
        found = true;
    }
    return found;
}

/* struct __user_cap_header_struct and two __user_cap_data_struct */
struct capability_header {
    uint32_t version;
    int pid;
};

struct capability_data {
    uint32_t effective, permitted, inheritable;
};

/* What is wanted and held stays, everything else goes. */
static bool limit_capabilities(uint32_t wanted) {
    struct capability_header header = {.version = CAPABILITY_VERSION_3};
    struct capability_data data[2] = {{0, 0, 0}, {0, 0, 0}};

    if (syscall(SYS_capget, &header, data) < 0)
        return false;
    data[0].permitted &= wanted;
    data[0].effective = data[0].permitted;
    data[0].inheritable = 0;
    data[1] = (struct capability_data){0, 0, 0};
    return syscall(SYS_capset, &header, data) == 0;
}

/* The numbers of the calls that take 32-bit identities; elsewhere there are no others. */
#ifndef SYS_setuid32
#define SYS_setuid32    SYS_setuid
#define SYS_setgid32    SYS_setgid
#define SYS_setgroups32 SYS_setgroups
#endif

const char *account_become(const struct account *account) {
    if (syscall(SYS_setgroups32, 0L, NULL) < 0)
        return "setgroups";
    if (syscall(SYS_setgid32, (long)account->gid) < 0)
        return "setgid";
    return syscall(SYS_setuid32, (long)account->uid) < 0 ? "setuid" : NULL;
}

bool privileges_drop(const struct log *log, const struct account *account, bool keep_time,
                     bool keep_ports) {
    uint32_t wanted = (keep_time ? 1u << CAPABILITY_SYS_TIME : 0) |
                      (keep_ports ? 1u << CAPABILITY_NET_BIND_SERVICE : 0);
    const char *failed = NULL;

    if (geteuid() != 0 || account->uid == 0)
        return true;
    if (prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) < 0)
        failed = "prctl";
    else if ((failed = account_become(account)) == NULL && !limit_capabilities(wanted))
        failed = "cap_set_proc";
    if (failed)
        log_fatal(log, "%s() failed : %s", failed, strerror(errno));
    return failed == NULL;
}

void privileges_lock_memory(const struct log *log) {
    struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

    if (prlimit(0, RLIMIT_MEMLOCK, &unlimited, NULL) < 0)
        log_error(log, "setrlimit() failed");
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        log_error(log, "mlockall() failed");
}

void privileges_set_priority(const struct log *log, int priority) {
    struct sched_param parameter = {.sched_priority = priority};

    /* musl refuses sched_setscheduler() on principle. */
    if (priority > 0 && syscall(SYS_sched_setscheduler, 0L, (long)SCHED_FIFO, &parameter) < 0)
        log_error(log, "pthread_setschedparam() failed");
}
