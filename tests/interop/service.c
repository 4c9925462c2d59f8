/* service PORT FOLDER PROGRAM ARGUMENT...: a service manager. It binds the NTP port of 127.0.0.1
 * and FOLDER/chronyd.sock, asks for the time before anybody serves it, starts the program with both
 * sockets and a socket to be notified on, and ends it when it was ready and the question was
 * answered. Prints what it sees, a line each; everything has 10 s. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, NTP_HEADER = 48, FIRST = 3, SPARE = 20 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int bind_udp(const char *port, struct sockaddr_in *address) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    inet_pton(AF_INET, "127.0.0.1", &address->sin_addr);
    if (bind(fd, (struct sockaddr *)address, sizeof *address) < 0)
        fail("bind");
    return fd;
}

static int bind_unix(const char *folder, const char *name, struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "%s/%s", folder, name);
    if (bind(fd, (struct sockaddr *)address, sizeof *address) < 0)
        fail(address->sun_path);
    return fd;
}

static void hear(int fd, const char *prefix) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char text[512] = "";

    if (poll(&wait, 1, PATIENCE_MS) <= 0 || recv(fd, text, sizeof text - 1, 0) < 0)
        strcpy(text, "nothing");
    printf("%s%s\n", prefix, prefix[0] == 'n' ? text : (text[0] & 7) == 4 ? "answered" : text);
}

static pid_t start(char **words, int ntp, int control, const char *notify) {
    pid_t child = fork();

    if (child != 0)
        return child;
    ntp = fcntl(ntp, F_DUPFD, SPARE);
    control = fcntl(control, F_DUPFD, SPARE);
    dup2(ntp, FIRST);
    dup2(control, FIRST + 1);
    for (int fd = FIRST + 2; fd < 2 * SPARE; fd++)
        close(fd);
    setenv("LISTEN_FDS", "2", 1);
    setenv("NOTIFY_SOCKET", notify, 1);
    execv(words[0], words);
    fail(words[0]);
    return -1;
}

int main(int argc, char **argv) {
    struct sockaddr_un control_name, notify_name;
    struct sockaddr_in ntp_name;
    char question[NTP_HEADER] = {4 << 3 | 3};
    int ntp, control, notify, client, status;
    pid_t child;

    if (argc < 4)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    ntp = bind_udp(argv[1], &ntp_name);
    control = bind_unix(argv[2], "chronyd.sock", &control_name);
    notify = bind_unix(argv[2], "notify", &notify_name);
    client = socket(AF_INET, SOCK_DGRAM, 0);
    if (connect(client, (struct sockaddr *)&ntp_name, sizeof ntp_name) < 0 ||
        send(client, question, sizeof question, 0) < 0)
        fail("question");
    child = start(argv + 3, ntp, control, notify_name.sun_path);
    hear(notify, "notified: ");
    hear(client, "the early question: ");
    kill(child, SIGTERM);
    hear(notify, "notified: ");
    waitpid(child, &status, 0);
    printf("status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    printf("%s\n", access(control_name.sun_path, F_OK) == 0 ? "its socket is still there"
                                                            : "its socket is gone");
    /* The first may wake an error that the second reports. */
    (void)!send(client, question, sizeof question, 0);
    printf("%s\n", send(client, question, sizeof question, 0) > 0 ? "its port is still open"
                                                                  : "its port is closed");
    return 0;
}
