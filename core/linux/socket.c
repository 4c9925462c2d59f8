/* Opening, closing and remembering sockets (socket.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/address.h"
#include "core/base/check.h"
#include "core/linux/kernel.h"
#include "core/linux/screen.h"
#include "core/linux/timestamp.h"

/* Room for bursts. More would only be answered so late that nobody waits any more; most kernels
 * give less (net.core.rmem_max). */
#define SERVER_BUFFER (1 << 20)

/* The options a new socket gets, by what it is for. None is vital: a kernel without one still
 * carries datagrams.
 *
 * An answer is never sent in pieces, whatever somebody says of the path (IP_PMTUDISC_PROBE): it is
 * no longer than the request that came that way, pieces can be forged from elsewhere (Malhotra et
 * al., "Attacking the Network Time Protocol", 2016), and what is whole needs no identification
 * (RFC 6864), whose making costs a fiftieth of an answer. */
#define FOR_ONE_ADDRESS 0x80 /* a server's that is bound to one */
#define FOR_SERVER      (1 << SOCKET_SERVER | FOR_ONE_ADDRESS)
#define FOR_CLIENT      (1 << SOCKET_CLIENT)
#define FOR_CONTROL     (1 << SOCKET_CONTROL)
#define FOR_ALL         (FOR_SERVER | FOR_CLIENT | FOR_CONTROL)

static const struct option_row {
    uint8_t kinds;
    uint8_t family; /* enum address_family, ADDRESS_NONE = both */
    uint16_t level, name;
    int value;
} option_rows[] = {
    {FOR_SERVER, ADDRESS_NONE, SOL_SOCKET, SO_REUSEADDR, 1},
    {FOR_SERVER, ADDRESS_NONE, SOL_SOCKET, SO_REUSEPORT, 1}, /* two daemons may share a port */
    {FOR_SERVER, ADDRESS_NONE, SOL_SOCKET, SO_RCVBUF, SERVER_BUFFER},
    {FOR_SERVER, ADDRESS_IPV4, SOL_SOCKET, SO_BROADCAST, 1},
    {FOR_SERVER, ADDRESS_IPV4, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE},
    {FOR_SERVER | FOR_CONTROL, ADDRESS_NONE, IPPROTO_IP, IP_FREEBIND, 1}, /* it may come later */
    {FOR_ALL & ~FOR_ONE_ADDRESS, ADDRESS_IPV4, IPPROTO_IP, IP_PKTINFO, 1},
    {FOR_ALL, ADDRESS_IPV6, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
    {FOR_ALL, ADDRESS_IPV6, IPPROTO_IPV6, IPV6_V6ONLY, 1},
};

void sockets_init(struct linux_sockets *sockets, const struct log *log) {
    sockets->log = log;
    sockets->keeper = -1;
}

void sockets_close_all(struct linux_sockets *sockets) {
    while (sockets->count > 0)
        socket_close(sockets, sockets->handles[sockets->count - 1]);
    if (sockets->keeper >= 0)
        close(sockets->keeper);
    sockets->keeper = -1;
}

int socket_new(int family) {
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 && errno == EINVAL) {
        fd = socket(family, SOCK_DGRAM, 0);
        if (fd >= 0) {
            fcntl(fd, F_SETFD, FD_CLOEXEC);
            fcntl(fd, F_SETFL, O_NONBLOCK);
        }
    }
    return fd;
}

socklen_t socket_address_from_endpoint(const struct endpoint *endpoint, int interface,
                                       struct sockaddr_storage *address) {
    memset(address, 0, sizeof *address);
    if (endpoint->address.family == ADDRESS_IPV4) {
        struct sockaddr_in *in = (struct sockaddr_in *)address;

        in->sin_family = AF_INET;
        in->sin_port = htons(endpoint->port);
        memcpy(&in->sin_addr, endpoint->address.bytes, sizeof in->sin_addr);
        return sizeof *in;
    }
    if (endpoint->address.family == ADDRESS_IPV6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(endpoint->port);
        in6->sin6_scope_id = (uint32_t)interface;
        memcpy(&in6->sin6_addr, endpoint->address.bytes, sizeof in6->sin6_addr);
        return sizeof *in6;
    }
    return 0;
}

bool socket_address_to_endpoint(const struct sockaddr_storage *address, struct endpoint *endpoint) {
    memset(endpoint, 0, sizeof *endpoint);
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;

        endpoint->address.family = ADDRESS_IPV4;
        endpoint->port = ntohs(in->sin_port);
        memcpy(endpoint->address.bytes, &in->sin_addr, sizeof in->sin_addr);
        return true;
    }
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

        endpoint->address.family = ADDRESS_IPV6;
        endpoint->port = ntohs(in6->sin6_port);
        memcpy(endpoint->address.bytes, &in6->sin6_addr, sizeof in6->sin6_addr);
        return true;
    }
    return false;
}

/* From a socket of one address the kernel answers as from there: that costs less than to be told
 * the address with each datagram, and to tell it back. A link is known only with the address. */
static bool has_one_address(const struct socket_request *request) {
    return request->kind == SOCKET_SERVER && request->local.family == ADDRESS_IPV4 &&
           address_to_ipv4(&request->local) != 0 && !socket_is_link_local(&request->local);
}

static void set_options(int fd, const struct socket_request *request) {
    int one = 1, traffic_class = request->dscp << 2;
    int kind = has_one_address(request) ? FOR_ONE_ADDRESS : 1 << request->kind;
    bool is_ipv4 = request->family == ADDRESS_IPV4;

    for (size_t i = 0; i < sizeof option_rows / sizeof option_rows[0]; i++) {
        const struct option_row *row = &option_rows[i];

        if ((row->kinds & kind) && (!row->family || row->family == request->family))
            setsockopt(fd, row->level, row->name, &row->value, sizeof row->value);
    }
    if (request->kind == SOCKET_SERVER)
        screen_attach(fd);
    /* Requests to several servers from one port: connected, each gets its own answer. */
    if (request->kind == SOCKET_CLIENT && request->port > 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (request->dscp > 0)
        setsockopt(fd, is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6, is_ipv4 ? IP_TOS : IPV6_TCLASS,
                   &traffic_class, sizeof traffic_class);
}

/* What to bind to; its length, 0 = the kernel chooses address and port when the socket is first
 * used. */
static socklen_t find_local(const struct socket_request *request,
                            struct sockaddr_storage *address) {
    struct endpoint local = {.address = request->local, .port = (uint16_t)request->port};

    if (request->family == ADDRESS_NONE) {
        struct sockaddr_un *name = (struct sockaddr_un *)address;

        memset(address, 0, sizeof *address);
        name->sun_family = AF_UNIX;
        strncpy(name->sun_path, request->path, sizeof name->sun_path - 1);
        return sizeof *name;
    }
    if (local.address.family == ADDRESS_NONE) {
        if (local.port == 0)
            return 0;
        local.address.family = (uint16_t)request->family;
    }
    return socket_address_from_endpoint(&local, 0, address);
}

/* A copy, for closing a socket must not close the service manager's; -1 = none is bound there. */
static int copy_inherited(const struct linux_sockets *sockets,
                          const struct sockaddr_storage *wanted, socklen_t length) {
    for (int fd = SOCKET_FIRST_INHERITED; fd < SOCKET_FIRST_INHERITED + sockets->inherited; fd++) {
        struct sockaddr_storage bound = {.ss_family = AF_UNSPEC};
        socklen_t size = sizeof bound;

        if (length > 0 && getsockname(fd, (struct sockaddr *)&bound, &size) == 0 &&
            memcmp(&bound, wanted, length) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
            return fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    return -1;
}

static bool set_up(int fd, const struct socket_request *request,
                   const struct sockaddr_storage *local, socklen_t local_length) {
    struct sockaddr_storage address;
    socklen_t length;

    if (request->family != ADDRESS_NONE)
        set_options(fd, request);
    else if (local_length > 0)
        unlink(request->path); /* left behind by a daemon that was killed */
    if (request->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, request->device,
                                      (socklen_t)strlen(request->device) + 1) < 0)
        return false;
    if (local_length > 0 && bind(fd, (const struct sockaddr *)local, local_length) < 0)
        return false;
    length = socket_address_from_endpoint(&request->remote, 0, &address);
    return length == 0 || connect(fd, (struct sockaddr *)&address, length) == 0;
}

/* The lowest free one, so that the table's memory is touched no further than needed. */
static int find_free_slot(const struct linux_sockets *sockets) {
    for (int i = 0; i < LINUX_MAX_SOCKETS; i++)
        if (!sockets->slots[i].used)
            return i;
    return -1;
}

static short enable_timestamps(struct linux_sockets *sockets, int fd,
                               const struct socket_request *request) {
    bool client = request->kind == SOCKET_CLIENT;

    if (request->family == ADDRESS_NONE || request->kind == SOCKET_CONTROL)
        return POLLIN;
    if (client && !sockets->keeper_tried) {
        sockets->keeper = timestamp_open_keeper();
        sockets->keeper_tried = true;
    }
    return timestamp_enable(fd, client) ? POLLIN | POLLPRI : POLLIN;
}

static int remember(struct linux_sockets *sockets, int fd, short events,
                    const struct socket_request *request) {
    int handle = find_free_slot(sockets);
    struct linux_socket *slot;

    if (handle < 0)
        return -1;
    slot = &sockets->slots[handle];
    *slot = (struct linux_socket){
        .used = true,
        .reports = (events & POLLPRI) != 0,
        .serves = request->kind == SOCKET_SERVER,
        .connected = request->remote.address.family != ADDRESS_NONE,
        .position = (uint16_t)sockets->count,
        .family = request->family,
        .remote = request->remote,
        .path = request->family == ADDRESS_NONE ? strdup(request->path) : NULL,
    };
    sockets->polls[sockets->count] = (struct pollfd){.fd = fd, .events = events};
    sockets->handles[sockets->count] = (uint16_t)handle;
    sockets->count++;
    return handle;
}

uint64_t sockets_count_drops(const struct linux_sockets *sockets) {
    uint64_t drops = 0;

    for (int i = 0; i < sockets->count; i++) {
        uint32_t memory[MEMORY_VALUES] = {0};
        socklen_t size = sizeof memory;

        if (sockets->slots[sockets->handles[i]].serves)
            getsockopt(sockets->polls[i].fd, SOL_SOCKET, SOCKET_MEMORY, memory, &size);
        drops += memory[MEMORY_DROPS];
    }
    return drops;
}

/* Nothing but errors is polled for: those come anyway, and with them transmit stamps. */
int socket_give_away(struct linux_sockets *sockets, int handle) {
    struct pollfd *polled = &sockets->polls[sockets->slots[handle].position];

    polled->events = 0;
    return polled->fd;
}

int socket_open(struct linux_sockets *sockets, const struct socket_request *request) {
    static const int families[] = {
        [ADDRESS_NONE] = AF_UNIX, [ADDRESS_IPV4] = AF_INET, [ADDRESS_IPV6] = AF_INET6};
    struct sockaddr_storage local;
    socklen_t length;
    int handle = -1, fd = -1;
    bool bound;

    if (request->family == ADDRESS_NONE && strlen(request->path) >= SOCKET_PATH_SIZE - 1)
        return -1;
    length = find_local(request, &local);
    if (request->kind != SOCKET_CLIENT)
        fd = copy_inherited(sockets, &local, length);
    bound = fd >= 0;
    if (!bound)
        fd = socket_new(families[request->family]);
    if (fd >= 0 && set_up(fd, request, &local, bound ? 0 : length))
        handle = remember(sockets, fd, enable_timestamps(sockets, fd, request), request);
    if (handle >= 0 && bound) {
        free(sockets->slots[handle].path); /* not ours to remove */
        sockets->slots[handle].path = NULL;
    }
    if (handle < 0) {
        if (request->kind == SOCKET_SERVER)
            sockets->server_error = errno;
        log_message(sockets->log, LOG_DEBUG_LEVEL, "Could not open a socket : %s", strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    return handle;
}

void socket_close(struct linux_sockets *sockets, int handle) {
    struct linux_socket *slot;
    int position, last = sockets->count - 1;

    CHECK(handle >= 0 && handle < LINUX_MAX_SOCKETS && sockets->slots[handle].used);
    slot = &sockets->slots[handle];
    position = slot->position;
    close(sockets->polls[position].fd);
    if (slot->path)
        unlink(slot->path);
    free(slot->path);
    slot->used = false;
    sockets->polls[position] = sockets->polls[last];
    sockets->handles[position] = sockets->handles[last];
    sockets->slots[sockets->handles[position]].position = (uint16_t)position;
    sockets->count = last;
}
