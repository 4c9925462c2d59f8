/* The rooms of the preloaded library: what one node's process is, and what its calls turn into. The
 * library answers with the semantics and the strictness of the clock simulator that independent
 * tests use, and with a readable line where that one would abort. */
#ifndef CHRONOBOX_TESTS_PRELOAD_PRELOAD_H
#define CHRONOBOX_TESTS_PRELOAD_PRELOAD_H

#include <dlfcn.h>
#include <poll.h>
#include <stddef.h>

#include "tests/preload/world.h"

#define EXPORT __attribute__((visibility("default")))

/* The C library's own function, of the same type as the one that stands in for it. */
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

#define FIRST_SOCKET 100
#define MAX_SOCKETS  20
#define URANDOM_FD   1010
#define FAKE_EVENT   279 /* what eventfd() gives: it never fires */

struct node {
    int number;
    struct world_shared *shared;
    struct kernel_clock *clock;
    bool ending;
    bool moved; /* a packet or a timer has come: reading the clock takes no time any more */
};

/* This process; the first call makes it. */
struct node *node_self(void);

/* Says what was wrong and ends the process with SIGABRT. */
_Noreturn void node_abort(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Into notes.N: calls that the simulator does not know. */
void node_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

void node_tell(const struct world_message *message);
/* Sleeps until a packet or the deadline (monotonic ns); packets go to socket_deliver(). False: the
 * world ends. */
bool node_wait(int64_t deadline);

int64_t node_monotonic(void);
int64_t node_real(void);

/* poll() for all who wait: timeout in ns, negative = none. */
int node_poll(struct pollfd *polls, nfds_t count, int64_t timeout);

bool socket_is(int fd); /* one of ours, open */
bool fd_is_fake(int fd);
bool socket_close(int fd);
void socket_deliver(const struct world_message *message, const struct pollfd *polls, nfds_t count);
/* What is to be reported of that socket now, of the events asked for; 0 = nothing. */
short socket_ready(int fd, short events);
/* Moves the oldest packet that one of the polls can take to the head: its socket, or -1. */
int socket_choose(const struct pollfd *polls, nfds_t count);

#endif
