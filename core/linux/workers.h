/* Threads that answer clients (directive workers): each with sockets of its own at the server's
 * port, among which the kernel deals out the clients, and with client records and counters of its
 * own, which are the engine's. All that they share is what is served, read through a sequence lock.
 * What is more than a question for the time they pass on to the main loop.
 *
 * Nobody else touches what a worker has: for that the workers are held, which means that their
 * threads end, and begin again afterwards; what comes in between waits in the sockets. */
#ifndef CHRONOBOX_LINUX_WORKERS_H
#define CHRONOBOX_LINUX_WORKERS_H

#include "core/engine/engine.h"
#include "core/linux/batch.h"
#include "core/linux/socket.h"

struct workers;

/* NULL: there shall be none, or there cannot be any (said in the log). */
struct workers *workers_new(const struct log *log, int count);

/* From now on they serve what `engine` has for them. */
void workers_begin(struct workers *workers, struct engine *engine);

/* The engine's socket of that handle is the first worker's from now on, the others get ones like
 * it; or it is about to be closed. */
void workers_take_socket(struct workers *workers, struct linux_sockets *sockets, int handle,
                         const struct socket_request *request);
void workers_leave_socket(struct workers *workers, struct linux_sockets *sockets, int handle);

void workers_hold(struct workers *workers, bool hold);

/* The newest of what is served. */
void workers_publish(struct workers *workers, const struct served *served);

/* Readable when something was passed on; takes one of these. False: there is no more. */
int workers_descriptor(const struct workers *workers);
bool workers_take_left(struct workers *workers, struct datagram *datagram);

/* The sockets must have been left. */
void workers_free(struct workers *workers);

#endif
