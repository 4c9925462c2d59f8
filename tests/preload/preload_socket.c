/* The sockets of a node (preload.h): twenty, datagrams only, one queue of packets for all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tests/preload/preload_address.h"

#define MAX_QUEUE      64
#define EPHEMERAL_PORT 60000

struct fake_socket {
    bool used, connected, packet_info;
    int family;
    uint16_t port;
    int remote; /* node, when connected */
    uint16_t remote_port;
    int stamping; /* SOF_TIMESTAMPING_* */
    uint32_t sent_id;
    bool sent_waits; /* a transmit timestamp */
    int64_t sent_at;
    uint32_t sent_frame_id, sent_length;
    uint8_t sent_frame[ADDRESS_MAX_HEADER + WORLD_MAX_PAYLOAD];
};

struct waiting_packet {
    int fd;
    int64_t received;
    struct world_message message;
};

static struct fake_socket sockets[MAX_SOCKETS];
static struct waiting_packet queue[MAX_QUEUE]; /* oldest first */
static int queued;
static uint16_t unix_ports;

static int fail(int error) {
    errno = error;
    return -1;
}

static struct fake_socket *find(int fd) {
    struct fake_socket *socket =
        fd >= FIRST_SOCKET && fd < FIRST_SOCKET + MAX_SOCKETS ? &sockets[fd - FIRST_SOCKET] : NULL;

    return socket != NULL && socket->used ? socket : NULL;
}

bool socket_is(int fd) {
    return find(fd) != NULL;
}

bool fd_is_fake(int fd) {
    return (fd >= FIRST_SOCKET && fd < WORLD_CONNECTION) || (fd >= 1000 && fd <= 1011);
}

/* ---- the queue ---- */

static void drop_packet(int at) {
    memmove(&queue[at], &queue[at + 1], (size_t)(--queued - at) * sizeof *queue);
}

bool socket_close(int fd) {
    if (!socket_is(fd))
        return false;
    for (int i = queued - 1; i >= 0; i--)
        if (queue[i].fd == fd)
            drop_packet(i);
    find(fd)->used = false;
    return true;
}

static bool takes(const struct fake_socket *socket, const struct world_message *message) {
    bool unix_packet = message->subnet == WORLD_UNIX;

    if (!socket->used || (socket->family == AF_UNIX) != unix_packet ||
        socket->port != message->to_port)
        return false;
    return !socket->connected ||
           (socket->remote == message->from && socket->remote_port == message->from_port);
}

static int receiver(const struct world_message *message) {
    int found = -1;

    for (int i = 0; i < MAX_SOCKETS; i++)
        if (takes(&sockets[i], message) && (found < 0 || sockets[i].connected))
            found = i;
    return found < 0 ? -1 : FIRST_SOCKET + found;
}

static bool is_watched(int fd, const struct pollfd *polls, nfds_t count) {
    for (nfds_t i = 0; i < count; i++)
        if (polls[i].fd == fd && polls[i].events & POLLIN)
            return true;
    return false;
}

static bool is_queued(int fd) {
    for (int i = 0; i < queued; i++)
        if (queue[i].fd == fd)
            return true;
    return false;
}

/* A socket that nobody waits for keeps one packet. */
void socket_deliver(const struct world_message *message, const struct pollfd *polls, nfds_t count) {
    int fd = receiver(message);

    if (fd < 0)
        return;
    if (queued == MAX_QUEUE || (is_queued(fd) && !is_watched(fd, polls, count))) {
        fprintf(stderr, "preload: dropped packet of type 1\n");
        return;
    }
    queue[queued++] = (struct waiting_packet){fd, node_real(), *message};
}

int socket_choose(const struct pollfd *polls, nfds_t count) {
    for (int i = 0; i < queued; i++) {
        struct waiting_packet packet = queue[i];

        if (!is_watched(packet.fd, polls, count))
            continue;
        memmove(&queue[1], &queue[0], (size_t)i * sizeof *queue);
        queue[0] = packet;
        return packet.fd;
    }
    return -1;
}

short socket_ready(int fd, short events) {
    if (events & POLLPRI && find(fd)->sent_waits)
        return POLLPRI;
    return events & POLLOUT;
}

/* ---- opening ---- */

EXPORT int socket(int family, int type, int protocol) {
    const char *unix_subnet = getenv("CLKNETSIM_UNIX_SUBNET");

    (void)protocol;
    node_self();
    if (type != SOCK_DGRAM && type != SOCK_STREAM)
        return fail(EINVAL);
    if (family != address_family() && (family != AF_UNIX || unix_subnet == NULL))
        return fail(EINVAL);
    if (type == SOCK_STREAM)
        node_abort("socket: this world has no TCP");
    for (int i = 0; i < MAX_SOCKETS; i++) {
        if (sockets[i].used)
            continue;
        sockets[i] = (struct fake_socket){.used = true, .family = family};
        return FIRST_SOCKET + i;
    }
    return fail(ENOMEM);
}

static uint16_t ephemeral_port(const struct fake_socket *socket) {
    return (uint16_t)(EPHEMERAL_PORT + (socket - sockets));
}

EXPORT int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t length) {
    struct fake_socket *socket = find(fd);

    (void)length;
    if (socket == NULL)
        node_abort("bind: descriptor %d is no socket of this world", fd);
    if (socket->family == AF_UNIX)
        socket->port = ++unix_ports;
    else if (!address_to_bind(address.__sockaddr__, &socket->port))
        return -1;
    if (socket->port == 0)
        socket->port = ephemeral_port(socket);
    return 0;
}

EXPORT int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t length) {
    struct fake_socket *socket = find(fd);

    (void)length;
    if (socket == NULL)
        node_abort("connect: descriptor %d is no socket of this world", fd);
    if (!address_to_node(socket->family, address.__sockaddr__, &socket->remote,
                         &socket->remote_port, "connect"))
        return -1;
    socket->connected = true;
    if (socket->port == 0 && socket->family != AF_UNIX)
        socket->port = ephemeral_port(socket);
    return 0;
}

EXPORT int getsockname(int fd, __SOCKADDR_ARG address, socklen_t *restrict length) {
    struct fake_socket *socket = find(fd);
    struct sockaddr_storage name;
    socklen_t size;

    if (socket == NULL)
        return fail(EBADF);
    if (socket->family == AF_UNIX)
        return fail(EINVAL);
    size = address_of_node(WORLD_IP, node_self()->number, socket->port, &name);
    memcpy(address.__sockaddr__, &name, size < *length ? size : *length);
    *length = size;
    return 0;
}

EXPORT int getsockopt(int fd, int level, int name, void *restrict value,
                      socklen_t *restrict length) {
    struct fake_socket *socket = find(fd);

    if (socket == NULL)
        return fail(EBADF);
    if (socket->family == AF_UNIX || level != SOL_SOCKET || name != SO_ERROR ||
        *length < sizeof(int))
        return fail(EINVAL);
    memset(value, 0, sizeof(int));
    *length = sizeof(int);
    return 0;
}

static int set_stamping(struct fake_socket *socket, const void *value) {
    const char *mode = getenv("CLKNETSIM_TIMESTAMPING");

    if (mode != NULL && mode[0] == '0')
        return fail(EINVAL);
    memcpy(&socket->stamping, value, sizeof socket->stamping);
    if (socket->stamping & SOF_TIMESTAMPING_OPT_ID)
        socket->sent_id = 1;
    return 0;
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
    struct fake_socket *socket = find(fd);

    if (socket == NULL)
        return fail(EBADF);
    if (socket->family == AF_UNIX)
        return fail(EINVAL);
    if (level == SOL_SOCKET && name == SO_BINDTODEVICE)
        return strncmp(value, "lo", length) == 0 || strncmp(value, "eth0", length) == 0
                   ? 0
                   : fail(EINVAL);
    if ((level == IPPROTO_IP && name == IP_PKTINFO) ||
        (level == IPPROTO_IPV6 && name == IPV6_RECVPKTINFO))
        socket->packet_info = true;
    if (level == SOL_SOCKET && name == SO_TIMESTAMPING && length >= sizeof(int))
        return set_stamping(socket, value);
    return 0;
}

/* ---- sending ---- */

/* The frame as the network saw it, for the error queue. */
static void keep_sent(struct fake_socket *socket, const struct world_message *message, int flags) {
    size_t headers = address_headers(message, socket->sent_frame);

    if (!(flags & (SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_HARDWARE)))
        return;
    memcpy(socket->sent_frame + headers, message->bytes, message->length);
    socket->sent_length = (uint32_t)headers + message->length;
    socket->sent_at = node_real();
    socket->sent_frame_id = socket->stamping & SOF_TIMESTAMPING_OPT_ID ? socket->sent_id++ : 0;
    socket->sent_waits = true;
}

static ssize_t send_packet(struct fake_socket *socket, const void *bytes, size_t length,
                           const struct sockaddr *to, int stamping) {
    struct world_message message = {
        .kind = WORLD_PACKET,
        .subnet = socket->family == AF_UNIX ? WORLD_UNIX : WORLD_IP,
        .from = node_self()->number,
        .to = socket->remote,
        .to_port = socket->remote_port,
        .length = (uint32_t)length,
    };

    if (length > WORLD_MAX_PAYLOAD)
        node_abort("send: %zu bytes", length);
    if (to != NULL && socket->connected)
        return fail(EISCONN);
    if (to == NULL && !socket->connected)
        return fail(EDESTADDRREQ);
    if (to != NULL && !address_to_node(socket->family, to, &message.to, &message.to_port, "send"))
        return -1;
    if (socket->port == 0 && socket->family != AF_UNIX)
        socket->port = ephemeral_port(socket);
    message.from_port = socket->port;
    memcpy(message.bytes, bytes, length);
    node_tell(&message);
    keep_sent(socket, &message, stamping);
    return (ssize_t)length;
}

static struct fake_socket *expect_socket(int fd, const char *what) {
    struct fake_socket *socket = find(fd);

    if (socket == NULL)
        node_abort("%s: descriptor %d is no socket of this world", what, fd);
    return socket;
}

/* A control message may choose the stamps of this packet. */
static int wanted_stamps(const struct fake_socket *socket, const struct msghdr *message) {
    int stamping = socket->stamping;

    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL;
         control = CMSG_NXTHDR((struct msghdr *)(uintptr_t)message, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPING)
            memcpy(&stamping, CMSG_DATA(control), sizeof stamping);
    }
    return stamping;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    struct fake_socket *socket = expect_socket(fd, "sendmsg");

    (void)flags;
    if (message->msg_iovlen != 1)
        node_abort("sendmsg: %zu parts", (size_t)message->msg_iovlen);
    return send_packet(socket, message->msg_iov->iov_base, message->msg_iov->iov_len,
                       message->msg_namelen > 0 ? message->msg_name : NULL,
                       wanted_stamps(socket, message));
}

EXPORT ssize_t sendto(int fd, const void *bytes, size_t length, int flags, __CONST_SOCKADDR_ARG to,
                      socklen_t to_length) {
    struct fake_socket *socket = expect_socket(fd, "sendto");

    (void)flags;
    return send_packet(socket, bytes, length, to_length > 0 ? to.__sockaddr__ : NULL,
                       socket->stamping);
}

EXPORT ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    struct fake_socket *socket = expect_socket(fd, "send");

    (void)flags;
    return send_packet(socket, bytes, length, NULL, socket->stamping);
}

/* ---- receiving ---- */

static void put_control(struct msghdr *message, size_t *used, int level, int type, const void *data,
                        size_t size) {
    struct cmsghdr *control = (struct cmsghdr *)(void *)((uint8_t *)message->msg_control + *used);

    if (message->msg_control == NULL || *used + CMSG_SPACE(size) > message->msg_controllen)
        node_abort("recvmsg: %zu bytes are too few for control messages",
                   (size_t)message->msg_controllen);
    memset(control, 0, CMSG_SPACE(size));
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(control), data, size);
    *used += CMSG_SPACE(size);
}

static void put_stamps(struct msghdr *message, size_t *used, int stamping, int64_t at) {
    struct timespec stamps[3] = {{0}}, stamp = {at / WORLD_SECOND, at % WORLD_SECOND};

    if (stamping & SOF_TIMESTAMPING_SOFTWARE)
        stamps[0] = stamp;
    if (stamping & SOF_TIMESTAMPING_RAW_HARDWARE)
        stamps[2] = stamp;
    put_control(message, used, SOL_SOCKET, SCM_TIMESTAMPING, stamps, sizeof stamps);
}

static void put_packet_info(struct msghdr *message, size_t *used) {
    uint8_t info[64];
    int level, type;
    size_t size = address_info(&level, &type, info);

    put_control(message, used, level, type, info, size);
}

static void put_name(struct msghdr *message, int subnet, int node, uint16_t port) {
    struct sockaddr_storage name;
    socklen_t length = address_of_node(subnet, node, port, &name);

    if (message->msg_name == NULL)
        return;
    memcpy(message->msg_name, &name, length < message->msg_namelen ? length : message->msg_namelen);
    message->msg_namelen = length;
}

static ssize_t put_bytes(struct msghdr *message, const void *bytes, size_t length) {
    struct iovec *part = message->msg_iov;

    if (message->msg_iovlen != 1)
        node_abort("recvmsg: %zu parts", (size_t)message->msg_iovlen);
    if (length > part->iov_len)
        length = part->iov_len;
    memcpy(part->iov_base, bytes, length);
    return (ssize_t)length;
}

/* From the error queue: the frame, its stamp and its number. */
static ssize_t receive_sent(struct fake_socket *socket, struct msghdr *message) {
    struct {
        struct sock_extended_err error;
        struct sockaddr_in6 offender; /* room for both */
    } looped = {{.ee_errno = ENOMSG, .ee_origin = SO_EE_ORIGIN_TIMESTAMPING}, {0}};
    bool six = socket->family == AF_INET6;
    size_t used = 0;

    looped.error.ee_data = socket->sent_frame_id;
    if (socket->packet_info)
        put_packet_info(message, &used);
    put_stamps(message, &used, socket->stamping, socket->sent_at);
    put_control(message, &used, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVERR : IP_RECVERR,
                &looped, sizeof looped);
    message->msg_controllen = used;
    put_name(message, WORLD_IP, socket->remote, socket->remote_port);
    message->msg_flags = MSG_ERRQUEUE;
    socket->sent_waits = false;
    return put_bytes(message, socket->sent_frame, socket->sent_length);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    struct fake_socket *socket = expect_socket(fd, "recvmsg");
    bool stamped = socket->stamping & (SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_RX_HARDWARE);
    const struct waiting_packet *packet = &queue[0];
    size_t used = 0;
    ssize_t length;

    if (flags & MSG_ERRQUEUE && socket->sent_waits)
        return receive_sent(socket, message);
    if (queued == 0)
        return fail(EAGAIN);
    if (flags & MSG_ERRQUEUE)
        node_note("recvmsg: MSG_ERRQUEUE without a stamp takes a packet");
    if (flags & (MSG_PEEK | MSG_TRUNC))
        node_note("recvmsg: flags %#x are not known", (unsigned)flags);
    if (packet->fd != fd)
        node_abort("recvmsg from %d: the next packet is for %d; receive once for each report", fd,
                   packet->fd);
    put_name(message, packet->message.subnet, packet->message.from, packet->message.from_port);
    if (socket->packet_info)
        put_packet_info(message, &used);
    if (stamped)
        put_stamps(message, &used, socket->stamping, packet->received);
    if (stamped && socket->stamping & SOF_TIMESTAMPING_OPT_PKTINFO) {
        struct scm_ts_pktinfo info = {.if_index = ADDRESS_INTERFACE,
                                      .pkt_length = packet->message.length};

        put_control(message, &used, SOL_SOCKET, SCM_TIMESTAMPING_PKTINFO, &info, sizeof info);
    }
    message->msg_controllen = used;
    length = put_bytes(message, packet->message.bytes, packet->message.length);
    drop_packet(0);
    return length;
}

EXPORT ssize_t recvfrom(int fd, void *restrict bytes, size_t size, int flags, __SOCKADDR_ARG from,
                        socklen_t *restrict from_length) {
    struct iovec part = {bytes, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    uint8_t control[512];
    ssize_t length;

    if (from_length == NULL)
        node_abort("recvfrom: no length of the address");
    message.msg_name = from.__sockaddr__;
    message.msg_namelen = *from_length;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    length = recvmsg(fd, &message, flags);
    *from_length = message.msg_namelen;
    return length;
}

EXPORT ssize_t recv(int fd, void *bytes, size_t size, int flags) {
    struct sockaddr_storage from;
    socklen_t length = sizeof from;

    return recvfrom(fd, bytes, size, flags, (struct sockaddr *)&from, &length);
}

EXPORT ssize_t __recv_chk(int fd, void *bytes, size_t size, size_t room, int flags);
EXPORT ssize_t __recv_chk(int fd, void *bytes, size_t size, size_t room, int flags) {
    (void)room;
    return recv(fd, bytes, size, flags);
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
    ssize_t length;

    (void)timeout;
    if (count == 0)
        return 0;
    length = recvmsg(fd, &messages[0].msg_hdr, flags);
    if (length < 0)
        return -1;
    messages[0].msg_len = (unsigned)length;
    return 1;
}

EXPORT int listen(int fd, int backlog) {
    (void)backlog;
    node_abort("listen on %d: this world has no TCP", fd);
}

EXPORT int accept(int fd, __SOCKADDR_ARG address, socklen_t *restrict length) {
    (void)address;
    (void)length;
    node_abort("accept on %d: this world has no TCP", fd);
}

EXPORT int shutdown(int fd, int how) {
    (void)how;
    node_abort("shutdown of %d: not TCP", fd);
}
