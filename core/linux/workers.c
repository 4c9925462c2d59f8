/* Serving threads (workers.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/linux/clock.h"
#include "core/linux/thread.h"

#define FAMILIES     2
#define SERVED_WORDS (sizeof(struct served) / sizeof(uint64_t))
_Static_assert(sizeof(struct served) % sizeof(uint64_t) == 0, "it is copied in words");

/* What is served, under a sequence lock: odd while it is being written. */
struct shared_served {
    _Atomic uint32_t version;
    _Atomic uint64_t words[SERVED_WORDS];
};

struct worker {
    struct workers *workers;
    struct server *server;
    int handles[FAMILIES], fds[FAMILIES]; /* of its sockets, -1 = none */
    struct batch batch;
};

struct workers {
    const struct log *log;
    struct engine *engine;
    int count;
    int holds;          /* > 0: no thread runs */
    atomic_int running; /* threads that may still touch something */
    int wake[2];        /* a pipe; a byte in it ends the threads */
    int left[2];        /* a pipe of struct left */
    struct shared_served shared;
    struct worker each[];
};

/* What is passed on, all of one length: so many bytes a pipe takes as a whole or not at all. */
struct left {
    struct packet packet; /* its pointer means nothing */
    uint8_t bytes[NTP_PACKET_MAX_SIZE];
};
_Static_assert(sizeof(struct left) <= PIPE_BUF, "a pipe takes it as a whole");

/* --- the sequence lock ----------------------------------------------------------------------- */

/* Stores in this order for everyone, and loads likewise: each is a release, or an acquisition. */
void workers_publish(struct workers *workers, const struct served *served) {
    struct shared_served *shared = &workers->shared;
    uint32_t version = atomic_load_explicit(&shared->version, memory_order_relaxed);
    uint64_t words[SERVED_WORDS];

    memcpy(words, served, sizeof words);
    atomic_store_explicit(&shared->version, version + 1, memory_order_relaxed);
    for (size_t i = 0; i < SERVED_WORDS; i++)
        atomic_store_explicit(&shared->words[i], words[i], memory_order_release);
    atomic_store_explicit(&shared->version, version + 2, memory_order_release);
}

static void read_shared(struct shared_served *shared, struct served *served) {
    uint64_t words[SERVED_WORDS];
    uint32_t before, after;

    do {
        before = atomic_load_explicit(&shared->version, memory_order_acquire);
        for (size_t i = 0; i < SERVED_WORDS; i++)
            words[i] = atomic_load_explicit(&shared->words[i], memory_order_acquire);
        after = atomic_load_explicit(&shared->version, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
    memcpy(served, words, sizeof words);
}

/* --- a thread -------------------------------------------------------------------------------- */

/* The main loop may be behind: then it is lost, as in a full socket. */
static void pass_on(struct worker *worker, int i, int handle) {
    const struct request *request = &worker->batch.requests[i];
    struct left left;

    if (request->length > sizeof left.bytes)
        return;
    batch_packet(&worker->batch, i, handle, &left.packet);
    memcpy(left.bytes, request->bytes, request->length);
    if (write(worker->workers->left[1], &left, sizeof left) < 0)
        worker->server->counters.ntp_drops++;
}

static void serve(struct worker *worker, int family) {
    struct batch *batch = &worker->batch;
    int fd = worker->fds[family], count = batch_receive(batch, fd);
    struct served served;

    read_shared(&worker->workers->shared, &served);
    if (server_admit(worker->server, &served, batch->requests, count) > 0) {
        batch->departure.begin = system_clock_read();
        server_answer(worker->server, &served, &batch->departure, batch->requests, count);
        batch_send(batch, fd, count);
    }
    for (int i = 0; i < count; i++)
        if (batch->requests[i].fate == REQUEST_LEFT)
            pass_on(worker, i, worker->workers->each[0].handles[family]);
}

static void *run(void *argument) {
    struct worker *worker = argument;
    struct pollfd polls[FAMILIES + 1] = {
        {.fd = worker->fds[0], .events = POLLIN},
        {.fd = worker->fds[1], .events = POLLIN},
        {.fd = worker->workers->wake[0], .events = POLLIN},
    };

    while (polls[FAMILIES].revents == 0) {
        if (poll(polls, FAMILIES + 1, -1) <= 0)
            continue;
        for (int i = 0; i < FAMILIES; i++)
            if (polls[i].revents & POLLIN)
                serve(worker, i);
    }
    atomic_fetch_sub_explicit(&worker->workers->running, 1, memory_order_release);
    return NULL;
}

/* --- beginning and ending -------------------------------------------------------------------- */

static void start(struct workers *workers) {
    for (int i = 0; i < workers->count; i++) {
        struct worker *worker = &workers->each[i];

        if (worker->fds[0] < 0 && worker->fds[1] < 0)
            continue;
        worker->server = engine_server(workers->engine, i + 1);
        atomic_fetch_add_explicit(&workers->running, 1, memory_order_relaxed);
        if (thread_start(run, worker))
            continue;
        atomic_fetch_sub_explicit(&workers->running, 1, memory_order_relaxed);
        log_error(workers->log, "Could not start worker thread");
    }
}

/* The byte stays in the pipe until all have seen it, which is after a batch at most. */
static void stop(struct workers *workers) {
    char byte = 0;
    bool woken = write(workers->wake[1], &byte, 1) == 1;

    CHECK(woken);
    while (atomic_load_explicit(&workers->running, memory_order_acquire) > 0)
        sched_yield();
    woken = read(workers->wake[0], &byte, 1) == 1;
    CHECK(woken);
}

void workers_hold(struct workers *workers, bool hold) {
    if (hold && workers->holds++ == 0)
        stop(workers);
    else if (!hold && --workers->holds == 0)
        start(workers);
}

struct workers *workers_new(const struct log *log, int count) {
    struct workers *workers;

    if (count == 0)
        return NULL;
    workers = calloc(1, sizeof *workers + (size_t)count * sizeof workers->each[0]);
    if (!workers || pipe2(workers->wake, O_CLOEXEC) < 0 ||
        pipe2(workers->left, O_CLOEXEC | O_NONBLOCK) < 0) {
        log_error(log, "No worker threads : %s : serving from the main loop", strerror(errno));
        free(workers);
        return NULL;
    }
    workers->log = log;
    workers->count = count;
    workers->holds = 1;
    for (int i = 0; i < count; i++) {
        struct worker *worker = &workers->each[i];

        worker->workers = workers;
        batch_init(&worker->batch);
        for (int family = 0; family < FAMILIES; family++)
            worker->handles[family] = worker->fds[family] = -1;
    }
    return workers;
}

void workers_free(struct workers *workers) {
    if (!workers)
        return;
    for (int i = 0; i < 2; i++) {
        close(workers->wake[i]);
        close(workers->left[i]);
    }
    free(workers);
}

void workers_begin(struct workers *workers, struct engine *engine) {
    workers->engine = engine;
    workers_hold(workers, false);
}

/* --- sockets --------------------------------------------------------------------------------- */

void workers_take_socket(struct workers *workers, struct linux_sockets *sockets, int handle,
                         const struct socket_request *request) {
    int family = request->family - ADDRESS_IPV4;

    workers_hold(workers, true);
    for (int i = 0; i < workers->count; i++) {
        struct worker *worker = &workers->each[i];

        worker->handles[family] = i == 0 ? handle : socket_open(sockets, request);
        if (worker->handles[family] >= 0)
            worker->fds[family] = socket_give_away(sockets, worker->handles[family]);
    }
    workers_hold(workers, false);
}

void workers_leave_socket(struct workers *workers, struct linux_sockets *sockets, int handle) {
    int family = workers->each[0].handles[1] == handle;

    workers_hold(workers, true);
    for (int i = 0; i < workers->count; i++) {
        struct worker *worker = &workers->each[i];

        if (i > 0 && worker->handles[family] >= 0)
            socket_close(sockets, worker->handles[family]);
        worker->handles[family] = worker->fds[family] = -1;
    }
    workers_hold(workers, false);
}

/* --- what is passed on ----------------------------------------------------------------------- */

int workers_descriptor(const struct workers *workers) {
    return workers->left[0];
}

bool workers_take_left(struct workers *workers, struct datagram *datagram) {
    struct left left;

    if (read(workers->left[0], &left, sizeof left) != sizeof left)
        return false;
    datagram->packet = left.packet;
    datagram->packet.bytes = memcpy(datagram->bytes, left.bytes, sizeof left.bytes);
    return true;
}
