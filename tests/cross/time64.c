/* The clock under a filter that knows no 64-bit time: each call that core/libc/time64.c stands in
 * for, on a clock that the vDSO does not answer for. Prints what failed; status 0: nothing. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int failures;

static void expect(const char *what, int good) {
    if (good)
        return;
    printf("%s\n", what);
    failures++;
}

int main(void) {
    struct timespec now = {0}, moment = {.tv_nsec = 1000000}, never = {.tv_nsec = -1};
    struct timex state = {.modes = 0};
    sigset_t set;

#ifdef SYS_clock_gettime64
    long long words[2];

    expect("the filter is not there",
           syscall(SYS_clock_gettime64, CLOCK_REALTIME, words) < 0 && errno == EPERM);
#endif
    expect("clock_gettime", clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0 &&
                                now.tv_sec * 1000000000LL + now.tv_nsec > 0);
    expect("clock_settime", clock_settime(CLOCK_REALTIME, &never) < 0 && errno == EINVAL);
    expect("nanosleep", nanosleep(&moment, NULL) == 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    expect("sigtimedwait", sigtimedwait(&set, NULL, &moment) < 0 && errno == EAGAIN);
    expect("adjtimex", adjtimex(&state) >= 0);
    expect("adjtimex: tick", state.tick >= 9000 && state.tick <= 11000);
    expect("adjtimex: time",
           state.time.tv_sec - time(NULL) <= 1 && time(NULL) - state.time.tv_sec <= 1);
    expect("adjtimex: tai", state.tai >= 0 && state.tai < 100);
    return failures;
}
