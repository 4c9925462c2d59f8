/* Datagrams in and out (socket.h): one system call each. Requests to a server have batch.c. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "core/linux/socket.h"
#include "core/linux/timestamp.h"

/* Everything recvmsg or sendmsg needs for one datagram. */
struct message {
    struct msghdr header;
    struct iovec part;
    struct sockaddr_storage name;
    union {
        struct cmsghdr first;
        uint8_t bytes[CONTROL_BUFFER_SIZE];
    } control;
};

int socket_descriptor(const struct linux_sockets *sockets, int handle) {
    return sockets->polls[sockets->slots[handle].position].fd;
}

/* The kernel writes the name's and the control data's lengths; simulators may not write msg_flags.
 */
static ssize_t read_message(int fd, struct message *message, struct datagram *datagram, int flags) {
    message->part = (struct iovec){.iov_base = datagram->bytes, .iov_len = sizeof datagram->bytes};
    message->name.ss_family = AF_UNSPEC;
    message->header = (struct msghdr){
        .msg_name = &message->name,
        .msg_namelen = sizeof message->name,
        .msg_iov = &message->part,
        .msg_iovlen = 1,
        .msg_control = message->control.bytes,
        .msg_controllen = sizeof message->control.bytes,
    };
    return recvmsg(fd, &message->header, flags);
}

static bool is_source(const struct cmsghdr *control) {
    return (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) ||
           (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO);
}

/* The macro aligns with signed arithmetic in musl, and in both it is long. */
static struct cmsghdr *next_control(const struct msghdr *header, struct cmsghdr *control) {
    uint8_t *next = (uint8_t *)control + CMSG_ALIGN(control->cmsg_len);
    uint8_t *end = (uint8_t *)header->msg_control + header->msg_controllen;

    return control->cmsg_len > 0 && next + sizeof *control <= end ? (struct cmsghdr *)(void *)next
                                                                  : NULL;
}

bool socket_take_control(struct msghdr *header, struct cmsghdr **source, ns_t *stamp) {
    struct cmsghdr *control;
    bool stamped = false;

    *source = NULL;
    for (control = CMSG_FIRSTHDR(header); control; control = next_control(header, control)) {
        if (is_source(control))
            *source = control;
        else
            stamped |= timestamp_from_message(control, stamp);
    }
    return stamped;
}

/* ipi_spec_dst is what a reply can be sent from, also when the request was a broadcast. */
void socket_take_destination(struct cmsghdr *source, struct packet *packet) {
    if (source && source->cmsg_level == IPPROTO_IP) {
        struct in_pktinfo info;

        memcpy(&info, CMSG_DATA(source), sizeof info);
        packet->local.family = ADDRESS_IPV4;
        memcpy(packet->local.bytes, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
        packet->interface = info.ipi_ifindex;
    } else if (source) {
        struct in6_pktinfo info;

        memcpy(&info, CMSG_DATA(source), sizeof info);
        packet->local.family = ADDRESS_IPV6;
        memcpy(packet->local.bytes, &info.ipi6_addr, sizeof info.ipi6_addr);
        packet->interface = (int)info.ipi6_ifindex;
    }
}

/* Stamp and destination from the ancillary data; true when there was a kernel stamp. */
static bool take_control(struct message *message, struct packet *packet) {
    struct cmsghdr *source;
    ns_t stamp;
    bool stamped = socket_take_control(&message->header, &source, &stamp);

    if (stamped)
        packet->received = (struct timestamp){stamp, TIMESTAMP_KERNEL};
    socket_take_destination(source, packet);
    return stamped;
}

/* The sender of a Unix datagram; false when it has no path that could be answered. */
static bool take_path(const struct message *message, struct datagram *datagram) {
    const struct sockaddr_un *name = (const struct sockaddr_un *)&message->name;
    size_t length = message->header.msg_namelen;
    size_t before = offsetof(struct sockaddr_un, sun_path);

    if (length <= before || length - before >= sizeof datagram->path || name->sun_path[0] == '\0')
        return false;
    memcpy(datagram->path, name->sun_path, length - before);
    datagram->path[length - before] = '\0';
    datagram->packet.path = datagram->path;
    return true;
}

bool socket_receive(struct linux_sockets *sockets, int handle, ns_t now,
                    struct datagram *datagram) {
    struct message message;
    ssize_t length = read_message(socket_descriptor(sockets, handle), &message, datagram, 0);

    if (length < 0)
        return false; /* EAGAIN: someone else took it; ECONNREFUSED: the error is cleared by this */
    datagram->packet = (struct packet){
        .socket = handle,
        .bytes = datagram->bytes,
        .length = (size_t)length,
        .received = {now, TIMESTAMP_DAEMON},
    };
    if (sockets->slots[handle].family == ADDRESS_NONE)
        return take_path(&message, datagram);
    take_control(&message, &datagram->packet);
    return socket_address_to_endpoint(&message.name, &datagram->packet.remote);
}

bool socket_receive_sent(struct linux_sockets *sockets, int handle, struct datagram *datagram) {
    int fd = socket_descriptor(sockets, handle);
    struct message message;
    ssize_t length = read_message(fd, &message, datagram, MSG_ERRQUEUE);

    if (length < 0) {
        int error;
        socklen_t size = sizeof error;

        /* Reading it clears it; it would keep poll() from ever sleeping. */
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        return false;
    }
    datagram->packet = (struct packet){.socket = handle, .remote = sockets->slots[handle].remote};
    datagram->packet.bytes =
        timestamp_find_payload(datagram->bytes, (size_t)length, &datagram->packet.length);
    return take_control(&message, &datagram->packet) && datagram->packet.bytes;
}

bool socket_is_link_local(const struct address *address) {
    const uint8_t *bytes = address->bytes;

    if (address->family == ADDRESS_IPV6)
        return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
    return address->family == ADDRESS_IPV4 && bytes[0] == 169 && bytes[1] == 254;
}

/* The reply leaves from the address that was asked. Routing chooses the interface, except where
 * only the interface says which link is meant. */
static void put_source(struct message *message, const struct packet *packet, int interface) {
    struct cmsghdr *control = &message->control.first;
    union {
        struct in_pktinfo ipv4;
        struct in6_pktinfo ipv6;
    } info = {0};
    size_t size;

    memset(control, 0, CMSG_SPACE(sizeof info));
    message->header.msg_control = message->control.bytes;
    if (packet->local.family == ADDRESS_IPV4) {
        memcpy(&info.ipv4.ipi_spec_dst, packet->local.bytes, sizeof info.ipv4.ipi_spec_dst);
        info.ipv4.ipi_ifindex = interface;
        size = sizeof info.ipv4;
        control->cmsg_level = IPPROTO_IP;
        control->cmsg_type = IP_PKTINFO;
    } else {
        memcpy(&info.ipv6.ipi6_addr, packet->local.bytes, sizeof info.ipv6.ipi6_addr);
        info.ipv6.ipi6_ifindex = (unsigned)interface;
        size = sizeof info.ipv6;
        control->cmsg_level = IPPROTO_IPV6;
        control->cmsg_type = IPV6_PKTINFO;
    }
    control->cmsg_len = (socklen_t)CMSG_LEN(size);
    memcpy(CMSG_DATA(control), &info, sizeof info);
    message->header.msg_controllen = (socklen_t)CMSG_SPACE(size);
}

/* Behind what is there already. */
static void put_stamp_request(struct message *message) {
    uint8_t *end = message->control.bytes + message->header.msg_controllen;

    message->header.msg_control = message->control.bytes;
    memset(end, 0, TIMESTAMP_REQUEST_SIZE);
    timestamp_request((struct cmsghdr *)(void *)end);
    message->header.msg_controllen += TIMESTAMP_REQUEST_SIZE;
}

static bool put_path(struct message *message, const char *path) {
    struct sockaddr_un *name = (struct sockaddr_un *)&message->name;

    if (!path || strlen(path) >= sizeof name->sun_path)
        return false;
    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    strcpy(name->sun_path, path);
    message->header.msg_name = name;
    message->header.msg_namelen = sizeof *name;
    return true;
}

bool socket_send(struct linux_sockets *sockets, const struct packet *packet) {
    const struct linux_socket *slot = &sockets->slots[packet->socket];
    struct message message;
    ssize_t sent;

    message.part =
        (struct iovec){.iov_base = (void *)(uintptr_t)packet->bytes, .iov_len = packet->length};
    message.header = (struct msghdr){.msg_iov = &message.part, .msg_iovlen = 1};
    if (slot->family == ADDRESS_NONE) {
        if (!put_path(&message, packet->path))
            return false;
    } else if (!slot->connected) {
        int interface = socket_is_link_local(&packet->remote.address) ? packet->interface : 0;

        message.header.msg_name = &message.name;
        message.header.msg_namelen =
            socket_address_from_endpoint(&packet->remote, interface, &message.name);
        if (packet->local.family != ADDRESS_NONE)
            put_source(&message, packet, interface);
        if (packet->report_sent && slot->reports)
            put_stamp_request(&message);
    }
    do
        sent = sendmsg(socket_descriptor(sockets, packet->socket), &message.header, 0);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}
