/* The rest of what the simulator answers: files, names, identities, random bytes; and, with a note,
 * the calls that pass it by and that do not mean there what they mean elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "tests/preload/preload_address.h"

#define UNIX_DIRECTORY "/clknetsim/unix"
#define MAX_ADDRESSES  16

static int fail(int error) {
    errno = error;
    return -1;
}

/* ---- files ---- */

static bool is_unix_path(const char *path) {
    return strncmp(path, "/clknetsim", strlen("/clknetsim")) == 0;
}

EXPORT int open(const char *path, int flags, ...) {
    va_list arguments;
    int fd, mode;

    va_start(arguments, flags);
    mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    if (strcmp(path, "/dev/urandom") == 0)
        return URANDOM_FD;
    fd = REAL(open)(path, flags, mode);
    if (fd >= FIRST_SOCKET)
        node_abort("open: %s has become descriptor %d", path, fd);
    return fd;
}

EXPORT int __open_2(const char *path, int flags);
EXPORT int __open_2(const char *path, int flags) {
    return open(path, flags);
}

static void fill_random(void *bytes, size_t count) {
    uint8_t *to = bytes;

    for (size_t i = 0; i < count; i++)
        to[i] = (uint8_t)(random() >> 8);
}

EXPORT ssize_t read(int fd, void *bytes, size_t size) {
    static ssize_t (*real_read)(int, void *, size_t);

    if (fd == URANDOM_FD) {
        fill_random(bytes, size);
        return (ssize_t)size;
    }
    if (fd_is_fake(fd)) {
        node_note("read from descriptor %d: EBADF", fd);
        return fail(EBADF);
    }
    if (real_read == NULL)
        real_read = REAL(read);
    return real_read(fd, bytes, size);
}

EXPORT ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room);
EXPORT ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room) {
    (void)room;
    return read(fd, bytes, size);
}

EXPORT int close(int fd) {
    if (fd >= WORLD_CONNECTION && fd <= WORLD_NOTES)
        return fail(EBADF);
    if (socket_close(fd) || fd == URANDOM_FD || fd == FAKE_EVENT)
        return 0;
    if (fd_is_fake(fd)) {
        node_note("close of descriptor %d, which is not open", fd);
        return fail(EBADF);
    }
    return REAL(close)(fd);
}

EXPORT int fcntl(int fd, int command, ...) {
    va_list arguments;
    long argument;

    va_start(arguments, command);
    argument = va_arg(arguments, long);
    va_end(arguments);
    if (fd_is_fake(fd))
        return 0;
    if (command == F_DUPFD || command == F_GETFL || command == F_SETFL)
        return REAL(fcntl)(fd, command, argument);
    if (command != F_SETFD)
        node_note("fcntl %d of descriptor %d: 0, without effect", command, fd);
    return 0;
}

EXPORT int stat(const char *restrict path, struct stat *restrict status) {
    if (!is_unix_path(path))
        return REAL(stat)(path, status);
    if (strcmp(path, "/clknetsim") != 0 && strcmp(path, UNIX_DIRECTORY) != 0)
        return fail(ENOENT);
    memset(status, 0, sizeof *status);
    status->st_mode = S_IFDIR | 0750;
    return 0;
}

EXPORT int mkdir(const char *path, mode_t mode) {
    return is_unix_path(path) ? 0 : REAL(mkdir)(path, mode);
}

EXPORT int chmod(const char *path, mode_t mode) {
    (void)path;
    (void)mode;
    return 0;
}

EXPORT int fchmod(int fd, mode_t mode) {
    (void)fd;
    (void)mode;
    return 0;
}

EXPORT int ioctl(int fd, unsigned long request, ...) {
    struct ifreq *interface;
    va_list arguments;

    va_start(arguments, request);
    interface = va_arg(arguments, struct ifreq *);
    va_end(arguments);
    if (request != SIOCGIFINDEX || !socket_is(fd))
        return fail(EINVAL);
    if (strcmp(interface->ifr_name, "eth0") != 0 && strcmp(interface->ifr_name, "lo") != 0)
        return fail(ENODEV);
    interface->ifr_ifindex = interface->ifr_name[0] == 'e';
    return 0;
}

EXPORT int eventfd(unsigned value, int flags) {
    (void)value;
    (void)flags;
    node_note("eventfd: it will never fire");
    return FAKE_EVENT;
}

EXPORT int timerfd_create(clockid_t id, int flags) {
    (void)id;
    node_abort("timerfd_create with flags %#x: this world has none", (unsigned)flags);
}

EXPORT int timer_create(clockid_t id, struct sigevent *restrict event, timer_t *restrict timer) {
    (void)id;
    (void)event;
    (void)timer;
    node_abort("timer_create: this world has none");
}

EXPORT int setitimer(__itimer_which_t which, const struct itimerval *restrict value,
                     struct itimerval *restrict old) {
    (void)value;
    (void)old;
    node_abort("setitimer %d: this world has none", (int)which);
}

/* ---- names ---- */

static int parse_numbers(const char *text, int numbers[MAX_ADDRESSES]) {
    int count = 0;

    do {
        char *end;

        text++;
        numbers[count++] = (int)strtol(text, &end, 10);
        text = end;
    } while (*text == '-' && count < MAX_ADDRESSES);
    return strncmp(text, ".net", 4) == 0 ? count : 0;
}

/* The nodes that a name means: an IPv4 address, nodeN.net1.clk or nodes-A-B.net1.clk. */
static int resolve(const char *name, uint32_t addresses[MAX_ADDRESSES]) {
    int numbers[MAX_ADDRESSES], count = 0;
    unsigned a, b, c, d;
    char rest;

    if (sscanf(name, "%u.%u.%u.%u%c", &a, &b, &c, &d, &rest) == 4) {
        addresses[0] = a << 24 | b << 16 | c << 8 | d;
        return 1;
    }
    if (strncmp(name, "nodes-", 6) == 0)
        count = parse_numbers(name + 5, numbers);
    else if (strncmp(name, "node", 4) == 0)
        count = parse_numbers(name + 3, numbers);
    for (int i = 0; i < count; i++)
        addresses[i] = ADDRESS_NETWORK | (uint32_t)numbers[i];
    return count;
}

static struct addrinfo *new_entry(uint32_t ip, uint16_t port, const struct addrinfo *hints) {
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } *entry = calloc(1, sizeof *entry);

    if (entry == NULL)
        node_abort("no memory");
    entry->address.sin_family = AF_INET;
    entry->address.sin_port = htons(port);
    entry->address.sin_addr.s_addr = htonl(ip);
    entry->info.ai_family = AF_INET;
    entry->info.ai_socktype = hints != NULL && hints->ai_socktype ? hints->ai_socktype : SOCK_DGRAM;
    entry->info.ai_addrlen = sizeof entry->address;
    entry->info.ai_addr = (struct sockaddr *)&entry->address;
    return &entry->info;
}

EXPORT int getaddrinfo(const char *restrict name, const char *restrict service,
                       const struct addrinfo *restrict hints, struct addrinfo **restrict list) {
    uint32_t addresses[MAX_ADDRESSES];
    int count = name != NULL ? resolve(name, addresses) : 0;
    uint16_t port = 0;

    if (service != NULL)
        port = strcmp(service, "ntp") == 0 ? 123 : (uint16_t)strtol(service, NULL, 10);
    *list = NULL;
    if (count == 0 || (hints != NULL && hints->ai_family == AF_INET6))
        return EAI_NONAME;
    for (int i = 0; i < count; i++) { /* the last one comes first */
        struct addrinfo *entry = new_entry(addresses[i], port, hints);

        entry->ai_next = *list;
        *list = entry;
    }
    return 0;
}

EXPORT void freeaddrinfo(struct addrinfo *list) {
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list);
        list = next;
    }
}

EXPORT int getnameinfo(const struct sockaddr *restrict address, socklen_t length,
                       char *restrict host, socklen_t host_size, char *restrict service,
                       socklen_t service_size, int flags) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    uint32_t ip = ntohl(in->sin_addr.s_addr);

    (void)length;
    if (address->sa_family != AF_INET)
        return EAI_NONAME;
    if (flags & NI_NOFQDN)
        node_abort("getnameinfo: NI_NOFQDN");
    if (host != NULL && !(flags & NI_NUMERICHOST) && (ip & 0xffffff00u) == ADDRESS_NETWORK)
        snprintf(host, host_size, "node%u.net1.clk", ip & 255);
    else if (host != NULL)
        snprintf(host, host_size, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
    if (service != NULL)
        snprintf(service, service_size, "%u", ntohs(in->sin_port));
    return 0;
}

EXPORT int gethostname(char *name, size_t size) {
    snprintf(name, size, "clknetsim-node%d", node_self()->number);
    return 0;
}

EXPORT int uname(struct utsname *name) {
    memset(name, 0, sizeof *name);
    snprintf(name->sysname, sizeof name->sysname, "Linux (clknetsim)");
    snprintf(name->release, sizeof name->release, "4.19");
    return gethostname(name->nodename, sizeof name->nodename);
}

/* ---- random bytes: seeded ---- */

EXPORT ssize_t getrandom(void *bytes, size_t count, unsigned flags) {
    (void)flags;
    node_self();
    fill_random(bytes, count);
    return (ssize_t)count;
}

EXPORT void srandom(unsigned seed) {
    (void)seed;
}

/* ---- identities: root, whatever is asked for ---- */

EXPORT uid_t getuid(void) {
    return 0;
}

EXPORT uid_t geteuid(void) {
    return 0;
}

EXPORT gid_t getgid(void) {
    return 0;
}

EXPORT gid_t getegid(void) {
    return 0;
}

EXPORT int setuid(uid_t uid) {
    (void)uid;
    return 0;
}

EXPORT int setgid(gid_t gid) {
    (void)gid;
    return 0;
}

EXPORT int setgroups(size_t count, const gid_t *groups) {
    (void)count;
    (void)groups;
    return 0;
}

EXPORT struct passwd *getpwnam(const char *name) {
    static char text[] = "root";
    static struct passwd root;

    (void)name;
    root = (struct passwd){.pw_name = text, .pw_passwd = text, .pw_dir = text, .pw_shell = text};
    return &root;
}

EXPORT int cap_set_proc(void *capabilities);
EXPORT int cap_set_proc(void *capabilities) {
    (void)capabilities;
    return 0;
}

/* ---- the log ---- */

EXPORT void openlog(const char *name, int options, int facility) {
    (void)name;
    (void)options;
    (void)facility;
}

EXPORT void closelog(void) {
}

EXPORT void syslog(int priority, const char *format, ...) {
    va_list arguments;

    (void)priority;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* ---- raw system calls ---- */

EXPORT long syscall(long number, ...) {
    va_list arguments;
    long a[6];

    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_getrandom)
        return getrandom((void *)a[0], (size_t)a[1], (unsigned)a[2]);
    if (number == SYS_clock_adjtime)
        return clock_adjtime((clockid_t)a[0], (struct timex *)a[1]);
    if (number != SYS_futex && number != SYS_gettid)
        node_abort("syscall %ld", number);
    return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- what passes the simulator by ---- */

EXPORT unsigned sleep(unsigned seconds) {
    node_abort("sleep %u: it would be real time", seconds);
}

EXPORT unsigned alarm(unsigned seconds) {
    if (!node_self()->ending)
        node_note("alarm %u: it is real time", seconds);
    return REAL(alarm)(seconds);
}

EXPORT pid_t fork(void) {
    node_note("fork");
    return REAL(fork)();
}

EXPORT int execve(const char *path, char *const arguments[], char *const environment[]) {
    (void)arguments;
    (void)environment;
    node_note("execve %s: it would wait for the simulator and fail", path);
    return fail(EACCES);
}

/* The kernel knows none of our descriptors. */
#define PASSES_BY(type, name, parameters, values)                                                  \
    EXPORT type name parameters {                                                                  \
        if (fd_is_fake(fd)) {                                                                      \
            node_note(#name " of descriptor %d: EBADF", fd);                                       \
            return (type)fail(EBADF);                                                              \
        }                                                                                          \
        return REAL(name) values;                                                                  \
    }

PASSES_BY(int, dup, (int fd), (fd))
PASSES_BY(int, dup2, (int fd, int to), (fd, to))
PASSES_BY(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
PASSES_BY(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
PASSES_BY(ssize_t, readv, (int fd, const struct iovec *parts, int count), (fd, parts, count))
PASSES_BY(int, fstat, (int fd, struct stat *status), (fd, status))
PASSES_BY(int, getpeername, (int fd, __SOCKADDR_ARG name, socklen_t *restrict length),
          (fd, name, length))
PASSES_BY(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags),
          (fd, messages, count, flags))

EXPORT int ppoll(struct pollfd *polls, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask) {
    (void)polls;
    (void)timeout;
    (void)mask;
    node_abort("ppoll of %lu descriptors: it does not know them", (unsigned long)count);
}

EXPORT int epoll_create1(int flags);
EXPORT int epoll_create1(int flags) {
    node_abort("epoll_create1 %d: it does not know our descriptors", flags);
}

EXPORT int signalfd(int fd, const sigset_t *mask, int flags);
EXPORT int signalfd(int fd, const sigset_t *mask, int flags) {
    (void)mask;
    (void)flags;
    node_abort("signalfd %d: always readable, for ever", fd);
}

EXPORT int clock_getres(clockid_t id, struct timespec *resolution) {
    node_note("clock_getres: real");
    return REAL(clock_getres)(id, resolution);
}

EXPORT int timespec_get(struct timespec *now, int base) {
    (void)now;
    node_abort("timespec_get %d: real time", base);
}

EXPORT int getentropy(void *bytes, size_t count) {
    node_note("getentropy: not reproducible");
    return REAL(getentropy)(bytes, count);
}
