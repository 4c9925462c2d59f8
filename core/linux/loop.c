/* The loop around poll(2) (host.h). poll and nothing newer: it is the one call that clock
 * simulators know. They report one ready socket at a time and keep one queue for all of them, so
 * each report is answered by one receive; a socket with more to say is reported again.
 *
 * Signals set a flag (struct linux_signals) and interrupt poll. A signal between the last look at
 * the flag and poll would sleep with it: therefore the handler of a terminating signal also calls
 * alarm(1), and SIGALRM, a second later, ends that poll. No descriptor is spent on it, and none
 * that a simulator does not know gets into the set. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/wait.h>
#include <unistd.h>

#include "core/linux/clock.h"
#include "core/linux/host.h"

#define NS_PER_MS    (NS_PER_S / 1000)
#define MAX_SLEEP_MS (3600 * 1000) /* with nothing due at all */

static int sleep_milliseconds(ns_t next, ns_t now) {
    if (next <= now)
        return 0;
    if (next - now >= MAX_SLEEP_MS * NS_PER_MS)
        return MAX_SLEEP_MS;
    return (int)((next - now + NS_PER_MS - 1) / NS_PER_MS);
}

/* Process 1 inherits every orphan; a child that nobody waits for stays for ever. */
static void bury_children(struct linux_signals *signals) {
    signals->child = 0;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

/* One batch, so that the other sockets get their turn however many requests wait. */
static void take_requests(struct linux_host *host, int handle, int fd) {
    struct batch *batch = &host->batch;
    int count = batch_receive(batch, fd);

    if (engine_requests(host->engine, batch->requests, count, &batch->departure) > 0)
        batch_send(batch, fd, count);
    for (int i = 0; i < count; i++) {
        struct packet packet;

        if (batch->requests[i].fate != REQUEST_LEFT)
            continue;
        batch_packet(batch, i, handle, &packet);
        engine_packet(host->engine, &packet);
    }
}

static void take_event(struct linux_host *host, int handle, int fd, short events) {
    struct datagram datagram;

    /* The error queue first: when a request left is needed to understand its response. */
    if (events & (POLLPRI | POLLERR) && socket_receive_sent(&host->sockets, handle, &datagram))
        engine_sent(host->engine, &datagram.packet);
    if (events & POLLIN && host->sockets.slots[handle].serves)
        take_requests(host, handle, fd);
    else if (events & POLLIN &&
             socket_receive(&host->sockets, handle, system_clock_read(), &datagram))
        engine_packet(host->engine, &datagram.packet);
}

/* From the end to the beginning: when the engine closes a socket, the last one moves into its
 * place, and is one that has been seen or that will be met further down. */
static void take_events(struct linux_host *host) {
    struct linux_sockets *sockets = &host->sockets;

    for (int i = sockets->count - 1; i >= 0; i--) {
        short events = i < sockets->count ? sockets->polls[i].revents : 0;

        if (events == 0)
            continue;
        sockets->polls[i].revents = 0;
        take_event(host, sockets->handles[i], sockets->polls[i].fd, events);
    }
}

/* One batch of this too. */
static void take_left(struct linux_host *host) {
    struct datagram datagram;

    for (int i = 0; i < BATCH_SIZE && workers_take_left(host->workers, &datagram); i++)
        engine_packet(host->engine, &datagram.packet);
}

static void take_name(struct linux_host *host) {
    struct names_answer answer;

    if (names_answer(&host->names, &answer))
        engine_resolved(host->engine, answer.id, answer.status, answer.addresses, answer.count);
}

/* Sleeps until something arrives or is due, and passes it on. */
static void wait_for_events(struct linux_host *host) {
    struct linux_sockets *sockets = &host->sockets;
    int names = names_descriptor(&host->names);
    int sleep = sleep_milliseconds(engine_next(host->engine), monotonic_clock_read());
    struct pollfd *more = &sockets->polls[sockets->count];
    nfds_t count = (nfds_t)sockets->count;
    bool named, left;

    if (names >= 0)
        sockets->polls[count++] = (struct pollfd){.fd = names, .events = POLLIN};
    if (host->workers)
        sockets->polls[count++] =
            (struct pollfd){.fd = workers_descriptor(host->workers), .events = POLLIN};
    if (poll(sockets->polls, count, sleep) <= 0)
        return; /* EINTR is no error here */
    named = names >= 0 && more[0].revents != 0;
    left = host->workers && sockets->polls[count - 1].revents != 0;
    take_events(host);
    if (named)
        take_name(host);
    if (left)
        take_left(host);
}

static void say_ready(struct linux_host *host) {
    if (host->ready == NULL || !engine_ready(host->engine))
        return;
    host->ready(host->owner);
    host->ready = NULL;
}

/* No timer and no descriptor: poll would never return. */
static bool has_nothing_to_do(struct linux_host *host) {
    return host->sockets.count == 0 && names_descriptor(&host->names) < 0 &&
           engine_next(host->engine) == NS_NEVER;
}

int linux_host_run(struct linux_host *host, struct engine *engine) {
    host->engine = engine;
    if (host->workers)
        workers_begin(host->workers, engine);
    for (;;) {
        engine_run(engine, monotonic_clock_read());
        if (host->workers)
            workers_publish(host->workers, engine_served(engine));
        say_ready(host);
        if (host->stopped)
            return host->status;
        if (host->signals->stop)
            return 0;
        if (host->signals->child)
            bury_children(host->signals);
        if (has_nothing_to_do(host)) {
            log_fatal(&host->host.log, "Nothing to do");
            return 1;
        }
        wait_for_events(host);
    }
}
