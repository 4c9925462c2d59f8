/* deny NAMES PROGRAM ARGUMENT...: runs a program on a kernel that does not know some socket
 * options. NAMES: letters, t = SO_TIMESTAMPING, n = SO_TIMESTAMPNS, m = SO_TIMESTAMP; each in the
 * numbers of both layouts of time_t. setsockopt() of them fails with ENOPROTOOPT. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_ROWS = 16 };

static struct sock_filter rows[MAX_ROWS];
static unsigned short count;

static void add(struct sock_filter row) {
    rows[count++] = row;
}

static void deny(unsigned option) {
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, option, 0, 1));
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT));
}

int main(int argc, char **argv) {
    static const struct {
        char letter;
        unsigned options[2];
    } names[] = {{'t', {37, 65}}, {'n', {35, 64}}, {'m', {29, 63}}};
    struct sock_fprog program = {0, rows};

    if (argc < 3)
        return 2;
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 1, 0));
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    /* The name of an option: the third argument, its low half on a little-endian machine. */
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                     offsetof(struct seccomp_data, args[2])));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strchr(argv[1], names[i].letter) != NULL) {
            deny(names[i].options[0]);
            deny(names[i].options[1]);
        }
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    program.len = count;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("seccomp");
        return 1;
    }
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    return 1;
}
