/* spawn TIMES PROGRAM [ARGUMENT...]: how long a program takes as a whole process, from its creation
 * to its end, and what is resident when it ends. Its output goes nowhere. */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 100000

static double now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* ms; -1: it did not start. */
static double take_time(char **words, int *status) {
    posix_spawn_file_actions_t actions;
    double start;
    pid_t child = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    start = now();
    if (posix_spawn(&child, words[0], &actions, NULL, words, environ) == 0)
        waitpid(child, status, 0);
    posix_spawn_file_actions_destroy(&actions);
    return child > 0 ? now() - start : -1.0;
}

/* KB, held up at its end. The kernel's own maximum would count this process too, from before the
 * child became another. */
static long take_memory(char **words) {
    pid_t child = fork();
    char path[64], line[128];
    long resident = -1;
    int status;
    FILE *file;

    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);

        dup2(nowhere, 1);
        dup2(nowhere, 2);
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execv(words[0], words);
        _exit(127);
    }
    waitpid(child, &status, 0); /* it is another now */
    ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACEEXIT);
    do
        ptrace(PTRACE_CONT, child, NULL, NULL);
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
           status >> 8 != (SIGTRAP | PTRACE_EVENT_EXIT << 8));
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)child);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "Rss: %ld", &resident) == 1)
            break;
    if (file != NULL)
        fclose(file);
    ptrace(PTRACE_CONT, child, NULL, NULL);
    waitpid(child, &status, 0);
    return resident;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    static double times[MOST];
    int count = argc > 2 ? atoi(argv[1]) : 0, status = 0;

    if (count < 1 || count > MOST) {
        fputs("usage: spawn TIMES PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    for (int i = 0; i < count; i++) {
        times[i] = take_time(argv + 2, &status);
        if (times[i] < 0.0) {
            fprintf(stderr, "%s did not start\n", argv[2]);
            return 1;
        }
    }
    qsort(times, (size_t)count, sizeof(times[0]), compare);
    printf("%8.3f ms median %8.3f ms fastest %6ld KB resident, status %d\n", times[count / 2],
           times[0], take_memory(argv + 2), WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return 0;
}
