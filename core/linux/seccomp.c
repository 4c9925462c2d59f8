/* The filter (seccomp.h): three tables, and the program for the kernel's classic BPF that is made
 * of them. Numbers and layouts are the kernel's promise to user space (linux/seccomp.h,
 * linux/filter.h, linux/audit.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/seccomp.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/linux/kernel.h"

/* Level 1 allows these whatever their arguments; the frequent ones first. A row stands under
 * #ifdef where some architecture has no such call, or has another with 64-bit time beside it. */
static const uint16_t allowed[] = {
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_ppoll
    SYS_ppoll,
#endif
#ifdef SYS_ppoll_time64
    SYS_ppoll_time64,
#endif
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_sendmmsg,
#ifdef SYS_recvmmsg
    SYS_recvmmsg,
#endif
#ifdef SYS_recvmmsg_time64
    SYS_recvmmsg_time64,
#endif
#ifdef SYS_clock_gettime
    SYS_clock_gettime,
#endif
#ifdef SYS_clock_gettime64
    SYS_clock_gettime64,
#endif
#ifdef SYS_clock_gettime32
    SYS_clock_gettime32,
#endif
#ifdef SYS_gettimeofday
    SYS_gettimeofday,
#endif
    SYS_restart_syscall,
    SYS_rt_sigreturn,
#ifdef SYS_sigreturn
    SYS_sigreturn,
#endif

    /* the clock */
    SYS_adjtimex,
    SYS_clock_adjtime,
#ifdef SYS_clock_adjtime64
    SYS_clock_adjtime64,
#endif
#ifdef SYS_clock_settime
    SYS_clock_settime,
#endif
#ifdef SYS_clock_settime64
    SYS_clock_settime64,
#endif
#ifdef SYS_clock_settime32
    SYS_clock_settime32,
#endif
#ifdef SYS_settimeofday
    SYS_settimeofday,
#endif

    /* sockets; the names of hosts */
    SYS_bind,
    SYS_connect,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_sendto,
    SYS_recvfrom,
    SYS_pipe2,
#ifdef SYS_socketcall
    SYS_socketcall, /* of i386: its arguments are behind a pointer */
#endif

    /* files */
    SYS_openat,
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_close,
    SYS_lseek,
    SYS_fcntl,
    SYS_fstat,
    SYS_getdents64,
    SYS_unlinkat,
    SYS_faccessat,
    SYS_dup,
    SYS_dup3,
    SYS_chdir,
#ifdef SYS_open
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_unlink,
    SYS_rename,
    SYS_dup2,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
#ifdef SYS_renameat2
    SYS_renameat2,
#endif
#ifdef SYS_newfstatat
    SYS_newfstatat,
#endif
#ifdef SYS_fstatat64
    SYS_fstatat64,
#endif
#ifdef SYS_stat64
    SYS_stat64,
    SYS_lstat64,
#endif
#ifdef SYS_fstat64
    SYS_fstat64,
#endif
#ifdef SYS_fcntl64
    SYS_fcntl64,
#endif
#ifdef SYS__llseek
    SYS__llseek,
#endif
#ifdef SYS_statx
    SYS_statx,
#endif

    /* memory and threads */
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_futex,
    SYS_rt_sigprocmask,
    SYS_rt_sigaction,
    SYS_set_tid_address,
    SYS_set_robust_list,
    SYS_sched_yield,
    SYS_exit,
    SYS_exit_group,
    SYS_wait4,
#ifdef SYS_futex_time64
    SYS_futex_time64,
#endif
#ifdef SYS_rseq
    SYS_rseq,
#endif

    /* and what is left */
    SYS_setitimer,
    SYS_getpid,
    SYS_gettid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getrandom,
    SYS_uname,
#ifdef SYS_geteuid32
    SYS_getuid32,
    SYS_geteuid32,
    SYS_getgid32,
    SYS_getegid32,
#endif
};

#ifdef SYS_mmap2
#define MMAP SYS_mmap2
#else
#define MMAP SYS_mmap
#endif

#define GET_INTERFACE_INDEX 0x8933 /* SIOCGIFINDEX, of fe80::1%eth0 in resolv.conf */
#define ALL_BITS            UINT32_MAX

/* Both levels allow these where argument & mask == value. */
static const struct condition {
    uint16_t call;
    uint8_t argument;
    uint32_t mask, value;
} conditions[] = {
    {SYS_clone, 0, CLONE_THREAD, CLONE_THREAD},
    {SYS_socket, 0, ALL_BITS, AF_UNIX},
    {SYS_socket, 0, ALL_BITS, AF_INET},
    {SYS_socket, 0, ALL_BITS, AF_INET6},
    {SYS_ioctl, 1, ALL_BITS, GET_INTERFACE_INDEX},
    {MMAP, 2, PROT_EXEC, 0},
    {SYS_mprotect, 2, PROT_EXEC, 0},
};

/* Level 2 forbids these. */
static const uint16_t forbidden[] = {
    SYS_clone,  SYS_execve,       SYS_execveat, SYS_ptrace, SYS_process_vm_writev,
    SYS_chroot, SYS_mount,        SYS_unshare,  SYS_setns,  SYS_init_module,
    SYS_bpf,    SYS_finit_module,
#ifdef SYS_fork
    SYS_fork,   SYS_vfork,
#endif
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* struct sock_filter and struct sock_fprog */
struct instruction {
    uint16_t code;
    uint8_t if_true, if_false; /* instructions to skip */
    uint32_t value;
};

struct program {
    unsigned short length;
    struct instruction *instructions;
};

enum { LOAD = 0x20, AND = 0x54, SKIP_EQUAL = 0x15, SKIP_NOT_BELOW = 0x35, RETURN = 0x06 };

/* struct seccomp_data; of the 64-bit arguments the low half. */
enum { OF_CALL = 0, OF_ARCHITECTURE = 4, OF_ARGUMENTS = 16, ARGUMENT_SIZE = 8 };
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW_HALF 4
#else
#define LOW_HALF 0
#endif

#define RETURN_KILL  0x80000000
#define RETURN_TRAP  0x00030000
#define RETURN_ERROR 0x00050000
#define RETURN_ALLOW 0x7fff0000

#define X32_CALLS 0x40000000 /* the calls of another architecture under the name of x86_64 */

/* EM_... of elf.h with __AUDIT_ARCH_64BIT and __AUDIT_ARCH_LE. */
#if defined(__x86_64__)
#define ARCHITECTURE 0xc000003e
#elif defined(__aarch64__)
#define ARCHITECTURE 0xc00000b7
#elif defined(__i386__)
#define ARCHITECTURE 0x40000003
#elif defined(__arm__)
#define ARCHITECTURE 0x40000028
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE 0xc00000f3
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE 0xc0000015
#elif defined(__s390x__)
#define ARCHITECTURE 0x80000016
#endif

#define HEAD_LENGTH      5
#define CONDITION_LENGTH 6
#define TAIL_LENGTH      3
#define MAX_LENGTH                                                                                 \
    (HEAD_LENGTH + 2 * COUNT(allowed) + CONDITION_LENGTH * COUNT(conditions) + TAIL_LENGTH)
_Static_assert(COUNT(forbidden) <= COUNT(allowed), "MAX_LENGTH counts the longer list");

static void put(struct program *program, int code, uint32_t value, int if_true, int if_false) {
    program->instructions[program->length++] =
        (struct instruction){(uint16_t)code, (uint8_t)if_true, (uint8_t)if_false, value};
}

static void put_calls(struct program *program, const uint16_t *calls, size_t count,
                      uint32_t verdict) {
    for (size_t i = 0; i < count; i++) {
        put(program, SKIP_EQUAL, calls[i], 0, 1);
        put(program, RETURN, verdict, 0, 0);
    }
}

static void put_condition(struct program *program, const struct condition *row) {
    put(program, SKIP_EQUAL, row->call, 0, 5);
    put(program, LOAD, OF_ARGUMENTS + ARGUMENT_SIZE * (uint32_t)row->argument + LOW_HALF, 0, 0);
    put(program, AND, row->mask, 0, 0);
    put(program, SKIP_EQUAL, row->value, 0, 1);
    put(program, RETURN, RETURN_ALLOW, 0, 0);
    put(program, LOAD, OF_CALL, 0, 0);
}

#ifdef ARCHITECTURE
static void put_filter(struct program *program, int level, uint32_t verdict) {
    put(program, LOAD, OF_ARCHITECTURE, 0, 0);
    put(program, SKIP_EQUAL, ARCHITECTURE, 0, 2);
    put(program, LOAD, OF_CALL, 0, 0);
    put(program, SKIP_NOT_BELOW, X32_CALLS, 0, 1);
    put(program, RETURN, verdict, 0, 0);
    if (level == 1)
        put_calls(program, allowed, COUNT(allowed), RETURN_ALLOW);
    for (size_t i = 0; i < COUNT(conditions); i++)
        put_condition(program, &conditions[i]);
    if (level > 1)
        put_calls(program, forbidden, COUNT(forbidden), verdict);
#ifdef SYS_clone3
    /* Its flags are behind a pointer; glibc then takes clone. */
    put(program, SKIP_EQUAL, SYS_clone3, 0, 1);
    put(program, RETURN, RETURN_ERROR | ENOSYS, 0, 0);
#endif
    put(program, RETURN, level == 1 ? verdict : RETURN_ALLOW, 0, 0);
}

bool seccomp_load(const struct log *log, int level) {
    struct instruction instructions[MAX_LENGTH];
    struct program program = {.instructions = instructions};

    if (level == 0)
        return true;
    if (abs(level) > SECCOMP_MAX_LEVEL) {
        log_fatal(log, "Unsupported filter level");
        return false;
    }
    put_filter(&program, abs(level), level < 0 ? RETURN_TRAP : RETURN_KILL);
    CHECK(program.length <= MAX_LENGTH);
    /* Without CAP_SYS_ADMIN only those may load a filter who can gain nothing by execve. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0 ||
        syscall(SYS_seccomp, (long)SECCOMP_FILTER, (long)SECCOMP_ALL_THREADS, &program) != 0) {
        log_fatal(log, "Could not load seccomp filter : %s", strerror(errno));
        return false;
    }
    log_info(log, "Loaded seccomp filter (level %d)", abs(level));
    return true;
}
#else
bool seccomp_load(const struct log *log, int level) {
    if (level != 0)
        log_fatal(log, "system call filter not supported");
    return level == 0;
}
#endif
