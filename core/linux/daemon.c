/* Being a daemon (daemon.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/linux/files.h"
#include "core/linux/socket.h"

#define COMMAND_SIZE 32 /* of /proc/PID/comm */

/* Through the pipe comes nothing but this byte, or the text of a fatal error. */
#define STARTED '\0'

static int wait_for_child(int pipe_end) {
    char bytes[256];
    ssize_t length;

    while ((length = read(pipe_end, bytes, sizeof bytes)) != 0) {
        if (length < 0 && errno != EINTR)
            break;
        if (length > 0 && bytes[0] == STARTED)
            return 0;
        if (length > 0)
            file_write(STDERR_FILENO, bytes, (size_t)length);
    }
    return 1; /* it ended without a word, or with its last one */
}

bool daemon_start(int *launcher, int *status) {
    int ends[2];
    pid_t child;

    *status = 1;
    /* Without a second thread there is nothing that fork() would have to lock. */
    if (pipe2(ends, O_CLOEXEC) < 0 || (child = _Fork()) < 0) {
        static const char words[] = "chronyd: cannot fork into the background\n";

        file_write(STDERR_FILENO, words, sizeof words - 1);
        return false;
    }
    if (child > 0) {
        close(ends[1]);
        *status = wait_for_child(ends[0]);
        return false;
    }
    close(ends[0]);
    *launcher = ends[1];
    setsid();
    if (chdir("/") < 0)
        errno = 0; /* it only keeps a file system in use */
    return true;
}

void daemon_started(int *launcher) {
    const char word = STARTED;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
    file_write(*launcher, &word, 1);
    close(*launcher);
    *launcher = -1;
}

void daemon_forget_start(void) {
    extern const uint8_t __executable_start[], etext[];

    madvise((void *)(uintptr_t)__executable_start, (size_t)(etext - __executable_start),
            MADV_DONTNEED);
}

/* The command name of a process, or "" when it is hidden from us. */
static void read_command(pid_t pid, char command[COMMAND_SIZE]) {
    static const struct log silent = {NULL, NULL};
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    if (file_read(&silent, path, command, COMMAND_SIZE) < 0)
        command[0] = '\0';
    command[strcspn(command, "\n")] = '\0';
}

pid_t pidfile_owner(const char *path) {
    static const struct log silent = {NULL, NULL};
    char text[32], command[COMMAND_SIZE];
    pid_t pid;

    if (file_read(&silent, path, text, sizeof text) < 0)
        return 0;
    pid = (pid_t)strtol(text, NULL, 10);
    if (pid <= 0 || pid == getpid() || (kill(pid, 0) < 0 && errno == ESRCH))
        return 0;
    read_command(pid, command);
    if (command[0] != '\0' && strcmp(command, "chronyd") != 0)
        return 0;
    return pid;
}

bool pidfile_write(const char *path) {
    char text[16];
    int length = snprintf(text, sizeof text, "%d\n", (int)getpid());
    bool written;
    int fd;

    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    written = file_write(fd, text, (size_t)length);
    return close(fd) == 0 && written;
}

bool service_notify(const struct log *log, const char *state) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *path = getenv("NOTIFY_SOCKET");
    ssize_t sent = -1;
    int fd;

    if (!path || !*path)
        return true;
    if (path[0] != '/' || strlen(path) >= sizeof address.sun_path) {
        log_fatal(log, "Unsupported notification socket");
        *path = '\0'; /* said once: the end is not told either */
        return false;
    }
    strcpy(address.sun_path, path);
    fd = socket_new(AF_UNIX);
    if (fd >= 0) {
        sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                      sizeof address);
        close(fd);
    }
    if (sent < 0) {
        log_fatal(log, "Could not send notification to $NOTIFY_SOCKET");
        *path = '\0';
    }
    return sent >= 0;
}

int service_sockets(void) {
    const char *text = getenv("LISTEN_FDS");
    int64_t announced;
    int count = 0;

    if (!text || !text_parse_int(text, &announced))
        return 0;
    while (count < announced && fcntl(SOCKET_FIRST_INHERITED + count, F_SETFD, FD_CLOEXEC) == 0)
        count++;
    return count;
}

bool process_in_container(void) {
    char command[COMMAND_SIZE];

    if (getpid() == 1 || getenv(DAEMON_IN_CONTAINER))
        return true;
    read_command(1, command);
    return strcmp(command, "entrypoint") == 0 || strcmp(command, "chronobox") == 0;
}
