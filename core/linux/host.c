/* struct host, door by door (host.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/host.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/linux/clock.h"
#include "core/linux/conf_reader.h"
#include "core/linux/files.h"

static ns_t read_clock(void *context) {
    (void)context;
    return system_clock_read();
}

static ns_t read_monotonic(void *context) {
    (void)context;
    return monotonic_clock_read();
}

static ns_t read_oscillator(void *context) {
    (void)context;
    return oscillator_clock_read();
}

/* Early in a boot getrandom() would wait for entropy and old kernels lack it; /dev/urandom always
 * answers. */
static void fill_random(void *context, void *bytes, size_t count) {
    uint8_t *to = bytes;
    int device = -1;

    (void)context;
    while (count > 0) {
        ssize_t length = device < 0 ? getrandom(to, count, GRND_NONBLOCK) : read(device, to, count);

        if (length > 0) {
            to += length;
            count -= (size_t)length;
        } else {
            CHECK(device < 0); /* both sources have failed */
            device = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
            CHECK(device >= 0);
        }
    }
    if (device >= 0)
        close(device);
}

static int open_socket(void *context, const struct socket_request *request) {
    struct linux_host *host = context;

    int handle = socket_open(&host->sockets, request);

    if (handle >= 0 && host->workers && request->kind == SOCKET_SERVER)
        workers_take_socket(host->workers, &host->sockets, handle, request);
    return handle;
}

static void close_socket(void *context, int socket) {
    struct linux_host *host = context;

    if (host->workers && host->sockets.slots[socket].serves)
        workers_leave_socket(host->workers, &host->sockets, socket);
    socket_close(&host->sockets, socket);
}

static void hold_workers(void *context, bool hold) {
    struct linux_host *host = context;

    workers_hold(host->workers, hold);
}

static uint64_t count_drops(void *context) {
    struct linux_host *host = context;

    return sockets_count_drops(&host->sockets);
}

static bool send_packet(void *context, const struct packet *packet) {
    struct linux_host *host = context;

    return socket_send(&host->sockets, packet);
}

static bool resolve_name(void *context, uint32_t id, const char *name, int family) {
    struct linux_host *host = context;

    return names_ask(&host->names, id, name, family);
}

static long read_file(void *context, const char *path, char *buffer, size_t size) {
    struct linux_host *host = context;

    return file_read(&host->host.log, path, buffer, size);
}

static char *read_secret(void *context, const char *path) {
    struct linux_host *host = context;
    char *text = host->secret;

    host->secret = NULL;
    return text ? text : file_read_secret(&host->host.log, path);
}

static bool replace_file(void *context, const char *path, const char *text, int mode) {
    struct linux_host *host = context;

    return file_replace(&host->host.log, path, text, mode);
}

static bool remove_file(void *context, const char *path) {
    struct linux_host *host = context;

    return file_remove(&host->host.log, path);
}

static bool append_log(void *context, const char *name, const char *text) {
    struct linux_host *host = context;

    return log_files_append(&host->log_files, name, text);
}

static void cycle_logs(void *context) {
    struct linux_host *host = context;

    log_files_cycle(&host->log_files);
}

static void mail_change(void *context, double offset) {
    struct linux_host *host = context;

    host->mail_change(host->owner, offset);
}

static void stop(void *context, int status) {
    struct linux_host *host = context;

    host->stopped = true;
    host->status = status;
}

void linux_host_init(struct linux_host *host, const struct linux_options *options) {
    bool kept = false;
    struct workers *workers = workers_new(&host->host.log, options->workers);
    bool controlled = options->control_clock && system_clock_control(&options->log, &kept);

    host->host = (struct host){
        .context = host,
        .log = options->log,
        .read_clock = read_clock,
        .read_monotonic = read_monotonic,
        .read_oscillator = read_oscillator,
        .clock_control = controlled,
        .clock_kept = kept,
        .max_frequency = CLOCK_MAX_FREQUENCY,
        .read_frequency = system_clock_read_frequency,
        .set_frequency = system_clock_set_frequency,
        .step_clock = system_clock_step,
        .set_clock_status = system_clock_set_status,
        .fill_random = fill_random,
        .open_socket = open_socket,
        .close_socket = close_socket,
        .send_packet = send_packet,
        .count_drops = count_drops,
        .hold_workers = workers ? hold_workers : NULL,
        .resolve_name = resolve_name,
        .conf_reader = &linux_conf_reader,
        .read_file = read_file,
        .read_secret = read_secret,
        .replace_file = replace_file,
        .remove_file = remove_file,
        .append_log = append_log,
        .cycle_logs = cycle_logs,
        .mail_change = options->mail_change ? mail_change : NULL,
        .stop = stop,
    };
    host->workers = workers;
    host->signals = options->signals;
    host->ready = options->ready;
    host->mail_change = options->mail_change;
    host->owner = options->owner;
    sockets_init(&host->sockets, &host->host.log);
    host->sockets.inherited = options->inherited;
    batch_init(&host->batch);
    names_init(&host->names);
    log_files_init(&host->log_files, options->log_dir, &host->host.log);
}

void linux_host_close(struct linux_host *host) {
    sockets_close_all(&host->sockets);
    workers_free(host->workers);
    names_close(&host->names);
    log_files_cycle(&host->log_files);
}
