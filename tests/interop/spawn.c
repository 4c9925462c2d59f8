/* spawn N PROGRAM WORD...: runs it N times, one after the other, and prints what one took: wall
 * time (median, best) and the largest resident set. Small and static itself: until exec a child has
 * its parent's memory, which ru_maxrss counts. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { MOST = 10000 };

static double now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
    static double times[MOST];
    int count = argc > 2 ? atoi(argv[1]) : 0, status = 0;
    posix_spawn_file_actions_t quiet;
    struct rusage usage;

    if (count < 1 || count > MOST)
        return 2;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
    for (int i = 0; i < count; i++) {
        pid_t child;

        times[i] = now();
        if (posix_spawn(&child, argv[2], &quiet, NULL, argv + 2, NULL) != 0)
            return 2;
        waitpid(child, &status, 0);
        times[i] = now() - times[i];
    }
    qsort(times, (size_t)count, sizeof times[0], compare);
    getrusage(RUSAGE_CHILDREN, &usage);
    printf("median %.2f ms, best %.2f ms, %ld kB resident, status %d\n", times[count / 2], times[0],
           usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
