/* Names to addresses without stopping the loop: a helper thread calls getaddrinfo() for one name at
 * a time, and its answer comes through a pipe. Nothing is shared with the thread but that pipe and
 * the request it was given. */
#ifndef CHRONOBOX_LINUX_NAMES_H
#define CHRONOBOX_LINUX_NAMES_H

#include "core/engine/engine.h"

/* Names waiting; the engine asks for at most one of each configured line. */
#define NAMES_MAX_WAITING CONFIG_MAX_SOURCES

struct lookup;

/* pipe[0] is -1 until the first lookup. */
struct names {
    int pipe[2];
    struct lookup *first, *last; /* the first one is with the thread */
    int waiting;
};

/* One answer, as it travels through the pipe (less than PIPE_BUF: written and read whole). */
struct names_answer {
    uint32_t id;
    enum resolve_status status;
    int count;
    struct address addresses[CONFIG_MAX_POOL];
};

void names_init(struct names *names);

/* Queues a lookup; false: too many, or no thread to be had now. family: enum address_family,
 * ADDRESS_NONE = both. */
bool names_ask(struct names *names, uint32_t id, const char *name, int family);

/* The descriptor to wait for, -1 when nothing is under way. It may be read blockingly as soon as a
 * lookup is. */
int names_descriptor(const struct names *names);

/* Reads the answer to the oldest lookup (blocks until it is there) and starts the next. */
bool names_answer(struct names *names, struct names_answer *answer);

void names_close(struct names *names);

/* The same on the spot, for start-up: at most `size` addresses, in the order of the resolver. */
enum resolve_status names_resolve(const char *name, int family, struct address *addresses, int size,
                                  int *count);

/* Whether a name could exist at all: printable labels of 1 to 63 bytes, 253 in all. What could
 * exist is asked for again and again, since a container's DNS may come up late. */
bool names_possible(const char *name);

#endif
