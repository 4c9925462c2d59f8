/* 64-bit time on 32-bit machines whose container engine is older than it. Such an engine's filter
 * answers EPERM to the system calls that it does not know. For these the C library goes back to the
 * older ones, good until 2038, on ENOSYS alone; what it sets or waits for it tries with the older
 * ones first. */
#include "core/libc/compact.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#if defined(COMPACT_LIBC) && defined(SYS_clock_gettime32)

/* The older struct timespec. */
struct old_time {
    long seconds, nanoseconds;
};

int __clock_gettime(clockid_t id, struct timespec *now); /* musl's, with the vDSO */

int clock_gettime(clockid_t id, struct timespec *now) {
    struct old_time old;

    if (__clock_gettime(id, now) == 0)
        return 0;
    if (errno != EPERM || syscall(SYS_clock_gettime32, id, &old) < 0)
        return -1;
    *now = (struct timespec){.tv_sec = old.seconds, .tv_nsec = old.nanoseconds};
    return 0;
}

time_t time(time_t *seconds) {
    struct timespec now = {.tv_sec = 0};

    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds)
        *seconds = now.tv_sec;
    return now.tv_sec;
}

/* The kernel's struct timex before 64-bit time: what musl's has in its order, seconds apart. */
struct old_timex {
    unsigned modes;
    long offset, freq, maxerror, esterror;
    int status;
    long constant, precision, tolerance;
    struct old_time time;
    long tick, ppsfreq, jitter;
    int shift;
    long stabil, jitcnt, calcnt, errcnt, stbcnt;
    int tai;
    int padding[11];
};

/* From one member to the end of another, both structures having all between in one order. */
#define COPY(to, from, first, last)                                                                \
    memcpy(&(to)->first, &(from)->first, (size_t)((char *)(&(to)->last + 1) - (char *)&(to)->first))

int adjtimex(struct timex *state) {
    struct old_timex old = {.modes = state->modes};
    int result = clock_adjtime(CLOCK_REALTIME, state);

    if (result >= 0 || errno != EPERM)
        return result;
    COPY(&old, state, offset, tolerance);
    old.time = (struct old_time){(long)state->time.tv_sec, (long)state->time.tv_usec};
    COPY(&old, state, tick, tai);
    result = (int)syscall(SYS_adjtimex, &old);
    if (result < 0)
        return result;
    COPY(state, &old, offset, tolerance);
    state->time = (struct timeval){.tv_sec = old.time.seconds, .tv_usec = old.time.nanoseconds};
    COPY(state, &old, tick, tai);
    return result;
}

#endif
