/* The production host: the world of one engine, as a value. host.c ties the rooms of this folder to
 * struct host, loop.c lets the engine live in it. */
#ifndef CHRONOBOX_LINUX_HOST_H
#define CHRONOBOX_LINUX_HOST_H

#include <signal.h>

#include "core/engine/engine.h"
#include "core/linux/batch.h"
#include "core/linux/log_files.h"
#include "core/linux/names.h"
#include "core/linux/socket.h"
#include "core/linux/workers.h"

/* What signal handlers write; they belong to the program, which is the only thing a signal knows.
 */
struct linux_signals {
    volatile sig_atomic_t stop;  /* the signal that ends us, 0 = none */
    volatile sig_atomic_t child; /* a child ended: process 1 buries it */
};

struct linux_host {
    struct host host; /* what the engine sees; its context is this struct */
    struct engine *engine;
    struct linux_signals *signals;
    struct linux_sockets sockets;
    struct batch batch;
    struct workers *workers; /* NULL: there are none */
    struct names names;
    struct log_files log_files;
    void (*ready)(void *owner); /* NULL = nobody waits, or was told */
    void (*mail_change)(void *owner, double offset);
    void *owner;
    char *secret; /* the key file as root has read it, until the engine takes it */
    bool stopped;
    int status;
};

struct linux_options {
    struct log log;
    struct linux_signals *signals;
    bool control_clock;  /* the clock may be steered: no -x; the kernel has the last word */
    const char *log_dir; /* NULL = none; must outlive the host */
    int workers;         /* threads that answer clients */
    int inherited;       /* so many descriptors from 3 on are the service manager's sockets */
    void (*ready)(void *owner); /* called once when the engine is ready; NULL = not at all */
    void (*mail_change)(void *owner, double offset); /* see struct host; NULL = no mail */
    void *owner;
};

/* A zeroed struct becomes a host that must stay where it is. Takes control of the clock, or says
 * why not. */
void linux_host_init(struct linux_host *host, const struct linux_options *options);

/* Runs the engine until it stops, a signal says so, or nothing can ever happen again; the exit
 * status. */
int linux_host_run(struct linux_host *host, struct engine *engine);

/* Closes what is open. The engine must be gone. */
void linux_host_close(struct linux_host *host);

#endif
