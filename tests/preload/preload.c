/* The node's process in the world (preload.h): its connection to the coordinator, the clock calls
 * and all calls that wait. Time stands still except in these. */
#include "tests/preload/preload.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define READING_STEP  101 /* ns */
#define READING_STEPS 4
#define READING_UNTIL (WORLD_SECOND / 10)
#define SHORTEST_WAIT 1000    /* ns: who polls with no timeout until something is due gets there */
#define MAX_STILL     1000000 /* calls while time stands still */
#define LINE_SIZE     512

static struct node self;
static const struct pollfd *watched; /* the sets of the poll() under way */
static nfds_t watched_count;
static int64_t extra;       /* ns that readings have taken so far */
static unsigned long still; /* calls since time moved */

/* ---- the process ---- */

static void print(int fd, const char *prefix, const char *format, va_list arguments) {
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof line, "%s", prefix);

    length += vsnprintf(line + length, sizeof line - (size_t)length - 1, format, arguments);
    if (length > (int)sizeof line - 2)
        length = (int)sizeof line - 2;
    line[length++] = '\n';
    if (REAL(write)(fd, line, (size_t)length) < 0)
        return;
}

void node_abort(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    print(STDERR_FILENO, "preload: aborted: ", format, arguments);
    va_end(arguments);
    abort();
}

void node_note(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    print(WORLD_NOTES, "", format, arguments);
    va_end(arguments);
}

static void start_node(void) {
    const char *number = getenv(WORLD_NODE);
    void *shared;

    if (number == NULL)
        node_abort("this library is for programs that a world starts");
    self.number = (int)strtol(number, NULL, 10);
    unsetenv("LD_PRELOAD"); /* what is started from here is not of this world */
    shared = mmap(NULL, sizeof *self.shared, PROT_READ | PROT_WRITE, MAP_SHARED, WORLD_SHARED, 0);
    if (shared == MAP_FAILED)
        node_abort("no world here");
    self.shared = shared;
    self.clock = &self.shared->clocks[self.number];
    REAL(srandom)((unsigned)self.number);
}

struct node *node_self(void) {
    if (self.shared == NULL)
        start_node();
    return &self;
}

__attribute__((constructor)) static void enter(void) {
    node_self();
}

__attribute__((destructor)) static void leave(void) {
    struct world_message bye = {.kind = WORLD_BYE};

    node_tell(&bye);
}

void node_tell(const struct world_message *message) {
    size_t size = offsetof(struct world_message, bytes) + message->length;
    static ssize_t (*real_send)(int, const void *, size_t, int);
    ssize_t sent;

    if (real_send == NULL)
        real_send = REAL(send);
    do
        sent = real_send(WORLD_CONNECTION, message, size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent != (ssize_t)size)
        _exit(EXIT_FAILURE); /* the coordinator is gone */
}

bool node_wait(int64_t deadline) {
    struct world_message message = {.kind = WORLD_WAIT, .deadline = deadline};
    static ssize_t (*real_recv)(int, void *, size_t, int);

    if (real_recv == NULL)
        real_recv = REAL(recv);
    node_tell(&message);
    for (;;) {
        ssize_t length = real_recv(WORLD_CONNECTION, &message, sizeof message, 0);

        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            _exit(EXIT_FAILURE);
        self.moved = true;
        still = 0;
        if (message.kind == WORLD_PACKET)
            socket_deliver(&message, watched, watched_count);
        else
            self.ending = message.kind == WORLD_END;
        if (message.kind != WORLD_PACKET)
            return !self.ending;
    }
}

static void count_still(const char *what) {
    if (++still > MAX_STILL)
        node_abort("%s again and again while time stands still", what);
}

/* ---- clocks ---- */

static struct kernel_clock *advanced_clock(void) {
    struct node *node = node_self();

    kernel_clock_advance(node->clock, node->shared->now_ns);
    return node->clock;
}

int64_t node_monotonic(void) {
    return advanced_clock()->monotonic_ns;
}

int64_t node_real(void) {
    return advanced_clock()->real_ns;
}

/* For those who measure how fine the clock is: at first each reading takes a little time. */
static int64_t reading_time(void) {
    static unsigned readings;

    count_still("the clock is read");
    if (self.moved || self.clock->monotonic_ns > READING_UNTIL)
        return 0;
    extra += READING_STEP * (int64_t)(1 + readings++ % READING_STEPS);
    return extra;
}

static struct timespec to_timespec(int64_t ns) {
    return (struct timespec){.tv_sec = ns / WORLD_SECOND, .tv_nsec = ns % WORLD_SECOND};
}

EXPORT int clock_gettime(clockid_t id, struct timespec *now) {
    struct kernel_clock *clock = advanced_clock();
    int64_t reading;

    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        reading = clock->real_ns;
        break;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
        reading = clock->monotonic_ns;
        break;
    case CLOCK_MONOTONIC_RAW:
        reading = clock->raw_ns;
        break;
    default:
        errno = EINVAL;
        return -1;
    }
    *now = to_timespec(reading + reading_time());
    return 0;
}

EXPORT int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int64_t reading = node_real() + reading_time();

    (void)zone;
    *now = (struct timeval){.tv_sec = reading / WORLD_SECOND,
                            .tv_usec = reading % WORLD_SECOND / 1000};
    return 0;
}

EXPORT time_t time(time_t *now) {
    time_t seconds = (node_real() + reading_time()) / WORLD_SECOND;

    if (now != NULL)
        *now = seconds;
    return seconds;
}

EXPORT int clock_settime(clockid_t id, const struct timespec *when) {
    if (id != CLOCK_REALTIME) {
        errno = EINVAL;
        return -1;
    }
    kernel_clock_set(advanced_clock(), when->tv_sec * WORLD_SECOND + when->tv_nsec);
    return 0;
}

EXPORT int settimeofday(const struct timeval *when, const struct timezone *zone) {
    struct timespec to = {0};

    (void)zone;
    if (when == NULL)
        return 0;
    to.tv_sec = when->tv_sec;
    to.tv_nsec = when->tv_usec * 1000;
    return clock_settime(CLOCK_REALTIME, &to);
}

EXPORT int adjtimex(struct timex *change) {
    return kernel_clock_adjust(advanced_clock(), change);
}

EXPORT int ntp_adjtime(struct timex *change) {
    return adjtimex(change);
}

EXPORT int clock_adjtime(clockid_t id, struct timex *change) {
    if (id != CLOCK_REALTIME) {
        errno = EINVAL;
        return -1;
    }
    return adjtimex(change);
}

EXPORT int adjtime(const struct timeval *change, struct timeval *left) {
    struct timex timex = {.modes = change != NULL ? ADJ_OFFSET_SINGLESHOT : ADJ_OFFSET_SS_READ};

    if (change != NULL)
        timex.offset = change->tv_sec * 1000000 + change->tv_usec;
    adjtimex(&timex);
    if (left != NULL)
        *left = (struct timeval){timex.offset / 1000000, timex.offset % 1000000};
    return 0;
}

/* ---- waiting ---- */

/* One report; everything else is cleared. */
static int report_one(struct pollfd *polls, nfds_t count, nfds_t which, short events) {
    for (nfds_t i = 0; i < count; i++)
        polls[i].revents = i == which ? events : 0;
    self.moved = true;
    return 1;
}

/* What can be had without time going on: 1, or 0. */
static int poll_now(struct pollfd *polls, nfds_t count) {
    int chosen = socket_choose(polls, count);

    for (nfds_t i = 0; i < count; i++) {
        short events = 0;

        if (polls[i].fd < 0)
            continue;
        if (socket_is(polls[i].fd))
            events = socket_ready(polls[i].fd, polls[i].events);
        else if (!fd_is_fake(polls[i].fd))
            events = polls[i].events & POLLIN; /* unknown: always readable */
        else if (polls[i].fd != FAKE_EVENT)
            node_abort("poll of descriptor %d, which is not open", polls[i].fd);
        if (events == 0 && polls[i].fd == chosen)
            events = POLLIN;
        if (events != 0)
            return report_one(polls, count, i, events);
    }
    return 0;
}

static bool has_socket(const struct pollfd *polls, nfds_t count) {
    for (nfds_t i = 0; i < count; i++)
        if (polls[i].fd >= 0 && socket_is(polls[i].fd))
            return true;
    return false;
}

int node_poll(struct pollfd *polls, nfds_t count, int64_t timeout) {
    int64_t wait = timeout < SHORTEST_WAIT ? SHORTEST_WAIT : timeout;
    int64_t deadline = timeout < 0 ? WORLD_NEVER : node_monotonic() + wait;

    count_still("poll");
    node_self();
    watched = polls;
    watched_count = count;
    while (!self.ending) {
        if (poll_now(polls, count) > 0)
            return 1;
        if (node_monotonic() >= deadline) {
            for (nfds_t i = 0; i < count; i++)
                polls[i].revents = 0;
            return 0;
        }
        if (deadline == WORLD_NEVER && !has_socket(polls, count))
            node_abort("poll without a timeout, a timer or a socket");
        node_wait(deadline);
    }
    watched_count = 0;
    kill(getpid(), SIGTERM);
    errno = EINTR;
    return -1;
}

EXPORT int poll(struct pollfd *polls, nfds_t count, int timeout) {
    for (nfds_t i = 0; i < count; i++) {
        if (polls[i].events & ~(POLLIN | POLLOUT | POLLPRI))
            node_note("poll: events %#x of descriptor %d", (unsigned)polls[i].events, polls[i].fd);
    }
    return node_poll(polls, count, timeout < 0 ? -1 : timeout * (WORLD_SECOND / 1000));
}

EXPORT int __poll_chk(struct pollfd *polls, nfds_t count, int timeout, size_t size);
EXPORT int __poll_chk(struct pollfd *polls, nfds_t count, int timeout, size_t size) {
    (void)size;
    return poll(polls, count, timeout);
}

static bool is_set(int fd, const fd_set *set) {
    return set != NULL && FD_ISSET(fd, set);
}

static void clear(fd_set *set) {
    if (set != NULL)
        FD_ZERO(set);
}

EXPORT int select(int limit, fd_set *restrict readable, fd_set *restrict writable,
                  fd_set *restrict exceptional, struct timeval *restrict timeout) {
    struct pollfd polls[FD_SETSIZE];
    nfds_t count = 0;
    int ready;

    for (int fd = 0; fd < limit; fd++) {
        short events = 0;

        events = (short)(events | (is_set(fd, readable) ? POLLIN : 0));
        events = (short)(events | (is_set(fd, writable) ? POLLOUT : 0));
        events = (short)(events | (is_set(fd, exceptional) ? POLLPRI : 0));
        if (events != 0)
            polls[count++] = (struct pollfd){.fd = fd, .events = events};
    }
    ready =
        node_poll(polls, count,
                  timeout == NULL ? -1 : timeout->tv_sec * WORLD_SECOND + timeout->tv_usec * 1000);
    if (ready < 0)
        return ready;
    clear(readable);
    clear(writable);
    clear(exceptional);
    for (nfds_t i = 0; i < count; i++) {
        if (polls[i].revents & POLLIN)
            FD_SET(polls[i].fd, readable);
        if (polls[i].revents & POLLOUT)
            FD_SET(polls[i].fd, writable);
        if (polls[i].revents & POLLPRI)
            FD_SET(polls[i].fd, exceptional);
    }
    return ready;
}

static int sleep_for(int64_t ns) {
    return node_poll(NULL, 0, ns < 0 ? 0 : ns);
}

EXPORT int usleep(useconds_t us) {
    return sleep_for((int64_t)us * 1000);
}

EXPORT int nanosleep(const struct timespec *request, struct timespec *left) {
    if (left != NULL)
        *left = (struct timespec){0};
    return sleep_for(request->tv_sec * WORLD_SECOND + request->tv_nsec);
}

EXPORT int clock_nanosleep(clockid_t id, int flags, const struct timespec *request,
                           struct timespec *left) {
    (void)id;
    if (flags != 0)
        node_note("clock_nanosleep: an absolute time is taken for a relative one");
    return nanosleep(request, left) < 0 ? EINTR : 0;
}
