/* The processes of a world (processes.h). */
#include "tests/preload/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_SECONDS 20  /* of real time, that a node may run on */
#define MAX_REFUSALS   100 /* times that a node waits although it is to end */
#define PATH_SIZE      512

void process_share(struct coordinator *world) {
    world->shared_fd = memfd_create("world", MFD_CLOEXEC);
    if (world->shared_fd < 0 || ftruncate(world->shared_fd, sizeof *world->shared) < 0)
        abort();
    world->shared =
        mmap(NULL, sizeof *world->shared, PROT_READ | PROT_WRITE, MAP_SHARED, world->shared_fd, 0);
    if (world->shared == MAP_FAILED)
        abort();
}

void process_unshare(struct coordinator *world) {
    munmap(world->shared, sizeof *world->shared);
    close(world->shared_fd);
}

static int open_output(const struct coordinator *world, const char *name, int number) {
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s.%d", world->directory, name, number);
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
}

/* In the child: its descriptors, its place, its environment, its program. */
static _Noreturn void become_node(const struct coordinator *world, int number, int connection) {
    int log = open_output(world, "log", number), notes = open_output(world, "notes", number);
    int null = open("/dev/null", O_RDONLY);
    char text[16];

    if (dup2(connection, WORLD_CONNECTION) < 0 || dup2(world->shared_fd, WORLD_SHARED) < 0 ||
        dup2(notes, WORLD_NOTES) < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0 || chdir(world->directory) < 0)
        _exit(EXIT_FAILURE);
    for (int fd = STDERR_FILENO + 1; fd < WORLD_CONNECTION; fd++)
        close(fd);
    snprintf(text, sizeof text, "%d", number);
    setenv(WORLD_NODE, text, 1);
    setenv("LD_PRELOAD", world->library, 1);
    setenv("TZ", "UTC", 1);
    execv(world->nodes[number].command[0], world->nodes[number].command);
    perror(world->nodes[number].command[0]);
    _exit(EXIT_FAILURE);
}

static void bury(const struct coordinator *world, struct world_node *node) {
    node->left_at = (double)world->shared->now_ns * 1e-9;
    close(node->fd);
    node->fd = -1;
    node->running = false;
    while (waitpid(node->pid, &node->status, 0) < 0 && errno == EINTR)
        ;
}

/* Takes what the running node says, until it waits or is gone. */
static void listen_to(struct coordinator *world, int number) {
    struct world_node *node = &world->nodes[number];
    struct world_message message;

    for (;;) {
        ssize_t length = recv(node->fd, &message, sizeof message, 0);

        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0) { /* it runs for ever: real sleep, or a loop */
            fprintf(stderr, "node %d does not come back\n", number);
            kill(node->pid, SIGKILL);
        }
        if (length <= 0) {
            bury(world, node);
            return;
        }
        message.from = number;
        if (message.kind == WORLD_BYE)
            node->left = true;
        if (message.kind == WORLD_PACKET)
            world_take_packet(world, &message);
        node->deadline = message.deadline;
        if (message.kind == WORLD_WAIT) {
            node->waits++;
            return;
        }
    }
}

void process_start(struct coordinator *world, int number) {
    struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    struct world_node *node = &world->nodes[number];
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        abort();
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    node->pid = fork();
    if (node->pid < 0)
        abort();
    if (node->pid == 0)
        become_node(world, number, ends[1]);
    close(ends[1]);
    node->fd = ends[0];
    node->running = true;
    listen_to(world, number);
}

void process_tell(struct world_node *node, const struct world_message *message) {
    size_t size = offsetof(struct world_message, bytes) + message->length;

    if (send(node->fd, message, size, MSG_NOSIGNAL) < 0 && errno != EPIPE)
        abort();
}

void process_resume(struct coordinator *world, int number, enum world_message_kind kind) {
    struct world_message message = {.kind = kind};

    process_tell(&world->nodes[number], &message);
    listen_to(world, number);
}

void process_end(struct coordinator *world, int number, bool gently) {
    struct world_node *node = &world->nodes[number];

    for (int i = 0; gently && node->running && i < MAX_REFUSALS; i++)
        process_resume(world, number, WORLD_END);
    if (node->running) {
        if (gently)
            fprintf(stderr, "node %d does not end\n", number);
        kill(node->pid, SIGKILL);
        bury(world, node);
    }
}

bool process_failed(struct coordinator *world, int number) {
    const struct world_node *node = &world->nodes[number];

    if (node->pid == 0 || node->running || (node->left && WIFEXITED(node->status)))
        return false;
    fprintf(stderr, "node %d left without exit(): status %#x; see %s/log.%d\n", number,
            (unsigned)node->status, world->directory, number);
    return true;
}
