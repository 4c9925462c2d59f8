/* Sockets, retries and clean-up of the control protocol's client. One datagram asks, one answers;
 * every attempt has its own random sequence number, so a late answer to an earlier one is not taken
 * for it. */
#include "core/linux/control_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/linux/clock.h"
#include "core/linux/names.h"
#include "core/linux/socket.h"

#define PACKET_REQUEST   1
#define PACKET_REPLY     2
#define REPLY_BUFFER     1024
#define HOST_NAME_SIZE   256
#define RANDOM_NAME      16
#define DIRECTORY_MODE   0711 /* the daemon's user must get through to the socket */
#define SOCKET_UMASK     0111 /* and write to it */
#define OLD_VERSION      5    /* the last one whose requests had no padding */
#define MIN_SANE_VERSION 4
#define NS_PER_MS        1000000
#define MAX_WAIT         1000000000 /* ms of one attempt */

_Static_assert(CONTROL_CLIENT_PATH_SIZE == sizeof(((struct sockaddr_un *)0)->sun_path), "sun_path");

void control_client_init(struct control_client *client, const volatile sig_atomic_t *stop) {
    memset(client, 0, sizeof(*client));
    client->fd = -1;
    client->retries = CONTROL_CLIENT_RETRIES;
    client->timeout = CONTROL_CLIENT_TIMEOUT;
    client->deadline = NS_NEVER;
    client->version = CONTROL_VERSION;
    client->stop = stop;
}

/* ---- names ---- */

int control_client_resolve(const char *name, int family, struct address *addresses, int max) {
    int count;
    if (address_parse(name, addresses))
        return family == ADDRESS_NONE || family == addresses->family;
    names_resolve(name, family, addresses, max, &count);
    return count;
}

static void add_server(struct control_client *client, const char *name, uint16_t port, int family,
                       bool names) {
    if (client->count == CONTROL_CLIENT_MAX_SERVERS)
        return;
    struct control_server *server = &client->servers[client->count];
    if (*name == '/') {
        if (strlen(name) >= sizeof(server->path))
            return;
        strcpy(server->path, name);
        client->count++;
        return;
    }

    struct address found[CONTROL_CLIENT_MAX_NAMES];
    int count = names ? control_client_resolve(name, family, found, CONTROL_CLIENT_MAX_NAMES)
                      : address_parse(name, found);
    for (int i = 0; i < count && client->count < CONTROL_CLIENT_MAX_SERVERS; i++)
        client->servers[client->count++].endpoint = (struct endpoint){found[i], port};
}

void control_client_add_servers(struct control_client *client, const char *list, uint16_t port,
                                int family, bool names) {
    while (*list) {
        size_t length = strcspn(list, ",");
        char name[HOST_NAME_SIZE];
        if (length > 0 && length < sizeof(name)) {
            memcpy(name, list, length);
            name[length] = '\0';
            add_server(client, name, port, family, names);
        }
        list += length + (list[length] == ',');
    }
}

/* ---- connections ---- */

/* The socket, and both directories that it is in. */
static void remove_files(struct control_client *client) {
    char *path = client->socket_path;
    if (!*path)
        return;
    unlink(path);
    for (int i = 0; i < 2; i++) {
        *strrchr(path, '/') = '\0';
        rmdir(path);
    }
    *path = '\0';
}

static void disconnect(struct control_client *client) {
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    remove_files(client);
}

void control_client_close(struct control_client *client) {
    disconnect(client);
    client->current = 0;
}

static bool connect_path(int fd, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool bind_path(int fd, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    mode_t mask = umask(SOCKET_UMASK);
    bool bound = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    umask(mask);
    return bound;
}

/* An empty directory of the same process ID may be left over; it must be nobody else's. */
static bool make_outer_directory(const char *path) {
    if (mkdir(path, DIRECTORY_MODE) == 0)
        return true;
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & 07777 & ~(mode_t)DIRECTORY_MODE) == 0;
}

static void random_name(char name[RANDOM_NAME + 1]) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    uint8_t bytes[RANDOM_NAME] = {0};
    if (getrandom(bytes, sizeof(bytes), 0) < 0)
        bytes[0] = (uint8_t)monotonic_clock_read();
    for (int i = 0; i < RANDOM_NAME; i++)
        name[i] = letters[bytes[i] % (sizeof(letters) - 1)];
    name[RANDOM_NAME] = '\0';
}

/* DIRECTORY/chronyc.PID/RANDOM/sock, as chrony 4.8 has it: a name that nobody could have put there
 * before. */
static bool bind_own_socket(struct control_client *client, int fd, const char *server_path) {
    char name[RANDOM_NAME + 1], *path = client->socket_path;
    random_name(name);
    int directory = (int)(strrchr(server_path, '/') - server_path);
    if (snprintf(path, CONTROL_CLIENT_PATH_SIZE, "%.*s/chronyc.%d/%s/sock", directory, server_path,
                 (int)getpid(), name) >= CONTROL_CLIENT_PATH_SIZE) {
        *path = '\0';
        return false;
    }
    char *inner = strrchr(path, '/'), *outer = inner - RANDOM_NAME - 1;
    mode_t mask = umask(0);
    *outer = *inner = '\0';
    bool made = make_outer_directory(path);
    *outer = '/';
    /* From here on there is something of ours to be removed. */
    bool inside = made && mkdir(path, DIRECTORY_MODE) == 0;
    *inner = '/';
    umask(mask);
    if (!made)
        *path = '\0';
    return inside && bind_path(fd, path);
}

static bool connect_unix(struct control_client *client, const char *path) {
    /* Nothing is made in the directory of a daemon that is not there. */
    int probe = socket_new(AF_UNIX);
    if (probe < 0)
        return false;
    bool alive = connect_path(probe, path);
    close(probe);
    if (!alive)
        return false;

    client->fd = socket_new(AF_UNIX);
    return client->fd >= 0 && bind_own_socket(client, client->fd, path) &&
           connect_path(client->fd, path);
}

static bool connect_udp(struct control_client *client, const struct endpoint *endpoint) {
    struct sockaddr_storage address;
    socklen_t length = socket_address_from_endpoint(endpoint, 0, &address);
    client->fd = socket_new(address.ss_family);
    return client->fd >= 0 && connect(client->fd, (struct sockaddr *)&address, length) == 0;
}

/* /run and /var/run are one directory on most systems: no use in asking the same socket twice. */
static bool same_as_previous(const struct control_client *client, int index) {
    struct stat this, previous;
    return index > 0 && *client->servers[index - 1].path &&
           stat(client->servers[index].path, &this) == 0 &&
           stat(client->servers[index - 1].path, &previous) == 0 &&
           this.st_dev == previous.st_dev && this.st_ino == previous.st_ino;
}

bool control_client_open(struct control_client *client) {
    for (; client->fd < 0 && client->current < client->count; client->current++) {
        const struct control_server *server = &client->servers[client->current];
        bool connected = !*server->path ? connect_udp(client, &server->endpoint)
                                        : !same_as_previous(client, client->current) &&
                                              connect_unix(client, server->path);
        if (connected)
            return true;
        disconnect(client);
    }
    return client->fd >= 0;
}

/* ---- questions ---- */

static bool stopped(const struct control_client *client) {
    return (client->stop && *client->stop) || monotonic_clock_read() >= client->deadline;
}

/* Waits for a datagram until `until` (monotonic). */
static bool wait_readable(const struct control_client *client, ns_t until) {
    while (!stopped(client)) {
        ns_t left = until - monotonic_clock_read();
        if (left <= 0)
            return false;
        ns_t milliseconds = (left + NS_PER_MS - 1) / NS_PER_MS;
        struct pollfd entry = {.fd = client->fd, .events = POLLIN};
        int ready = poll(&entry, 1, milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds);
        if (ready > 0)
            return true;
    }
    return false;
}

enum verdict { VERDICT_TAKEN, VERDICT_FOREIGN, VERDICT_RETRY };

static enum verdict judge_reply(struct control_client *client,
                                const struct control_request *request, const uint8_t *bytes,
                                size_t length, struct control_answer *answer) {
    struct control_reply reply;
    if (!control_reply_decode(bytes, length, &reply) || reply.type != PACKET_REPLY ||
        reply.command != request->command || reply.sequence != request->sequence)
        return VERDICT_FOREIGN;
    if (reply.version != client->version &&
        !(reply.version >= MIN_SANE_VERSION && reply.status == CONTROL_BAD_VERSION))
        return VERDICT_FOREIGN;
    if (reply.version == OLD_VERSION && client->version != OLD_VERSION) {
        client->version = OLD_VERSION;
        return VERDICT_RETRY;
    }

    const struct control_layout *layout = control_reply_layout(reply.reply);
    if (layout && length < CONTROL_REPLY_HEADER + (size_t)layout->length)
        return VERDICT_RETRY;
    memset(answer, 0, sizeof(*answer));
    answer->status = reply.status;
    answer->type = reply.reply;
    answer->layout = layout;
    if (layout)
        control_decode(layout, bytes + CONTROL_REPLY_HEADER, &answer->n_sources);
    return VERDICT_TAKEN;
}

/* One transmission and the wait for its answer. */
static bool attempt(struct control_client *client, struct control_request *request, uint8_t *bytes,
                    size_t length, struct control_answer *answer) {
    if (getrandom(&request->sequence, sizeof(request->sequence), 0) < 0)
        request->sequence++;
    request->version = client->version;
    control_request_encode(request, bytes);
    /* A full queue of a stuck daemon must not hold us: it counts as a lost datagram. */
    if (send(client->fd, bytes, length, 0) < 0 && errno != EAGAIN)
        return false;

    ns_t wait = (ns_t)client->timeout << request->attempt;
    ns_t until = monotonic_clock_read() + (wait < MAX_WAIT ? wait : MAX_WAIT) * NS_PER_MS;
    if (until > client->deadline)
        until = client->deadline;
    while (wait_readable(client, until)) {
        uint8_t reply[REPLY_BUFFER];
        ssize_t received = recv(client->fd, reply, sizeof(reply), 0);
        if (received < 0)
            return false;
        enum verdict verdict = judge_reply(client, request, reply, (size_t)received, answer);
        if (verdict != VERDICT_FOREIGN)
            return verdict == VERDICT_TAKEN;
    }
    return false;
}

bool control_client_ask(struct control_client *client, enum control_command command,
                        const void *payload, struct control_answer *answer) {
    const struct control_command_info *info = control_command(command);
    const struct control_layout *layout = control_layout(info->request);
    uint8_t bytes[CONTROL_MAX_REQUEST] = {0};
    control_encode(layout, payload, bytes + CONTROL_REQUEST_HEADER);
    struct control_request request = {.type = PACKET_REQUEST, .command = (uint16_t)command};

    while (control_client_open(client)) {
        for (request.attempt = 0; request.attempt <= client->retries && !stopped(client);
             request.attempt++) {
            size_t length = client->version == OLD_VERSION
                                ? CONTROL_REQUEST_HEADER + (size_t)layout->length
                                : info->min_length;
            if (attempt(client, &request, bytes, length, answer))
                return true;
        }
        disconnect(client);
        client->current++;
        if (stopped(client))
            break;
    }
    client->current = 0;
    return false;
}
