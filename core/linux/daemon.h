/* Being a daemon: the background, and the file that says who is running. */
#ifndef CHRONOBOX_LINUX_DAEMON_H
#define CHRONOBOX_LINUX_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/log.h"

/* Goes to the background. In the process that was started: waits until the child has said how its
 * start went, prints what it wrote, sets *status and returns false. In the child: true, *launcher
 * is the pipe to say it through, the directory is /. Must come before any thread. */
bool daemon_start(int *launcher, int *status);

/* The child's word that it runs: its standard streams go to /dev/null, *launcher becomes -1. */
void daemon_started(int *launcher);

/* Gives the pages of the program's code back to the page cache, from where those that the daily
 * work needs come again: most were for the start only. */
void daemon_forget_start(void);

/* The process that runs by this pidfile: another one that is alive and a chronyd. Its pid; 0 =
 * none, and the file is no obstacle: our own pid, a dead one, one that was given to another program
 * since, or no number at all. */
pid_t pidfile_owner(const char *path);

bool pidfile_write(const char *path); /* false with errno set */

/* What a service manager asks for by $NOTIFY_SOCKET is told: "READY=1", "STOPPING=1". True also
 * when nobody asks; false: logged as fatal. */
bool service_notify(const struct log *log, const char *state);

/* How many descriptors, from SOCKET_FIRST_INHERITED on, the service manager has handed over by
 * $LISTEN_FDS; to be asked before we open any. They are closed in programs that we start. */
int service_sockets(void);

/* Whether we, or the program that started us, are process 1 of a container and not an init system.
 * The variable is for those who start us otherwise. */
#define DAEMON_IN_CONTAINER "CHRONOBOX_CONTAINER"
bool process_in_container(void);

#endif
