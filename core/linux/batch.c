/* Batches of datagrams (batch.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/batch.h"

#include <errno.h>
#include <string.h>
#ifdef COMPACT_LIBC
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "core/linux/clock.h"
#include "core/linux/socket.h"
#include "core/linux/timestamp.h"

/* musl goes through all headers before it receives, and sends them one by one, for the sake of
 * padding that here is zero. */
#ifdef COMPACT_LIBC
#define recvmmsg(...) (int)syscall(SYS_recvmmsg, __VA_ARGS__)
#define sendmmsg(...) (int)syscall(SYS_sendmmsg, __VA_ARGS__)
#endif

void batch_init(struct batch *batch) {
    batch->stale = BATCH_SIZE;
}

/* Everything that receiving and answering has changed is put in order again. */
static void prepare(struct batch *batch) {
    for (int i = 0; i < batch->stale; i++) {
        struct batch_message *message = &batch->messages[i];
        struct msghdr *header = &batch->in[i].msg_hdr;

        batch->parts[i] = (struct iovec){message->bytes, sizeof message->bytes};
        header->msg_name = &message->name;
        header->msg_namelen = sizeof message->name;
        header->msg_iov = &batch->parts[i];
        header->msg_iovlen = 1;
        header->msg_control = message->control.bytes;
        header->msg_controllen = sizeof message->control.bytes;
    }
    batch->stale = 0;
}

/* A call that an old kernel, a sandbox or a simulator does not have. */
static bool is_missing(int error) {
    return error == ENOSYS || error == EPERM || error == EBADF;
}

static int receive(struct batch *batch, int fd) {
    int count = -1;

    if (!batch->singly_in) {
        count = recvmmsg(fd, batch->in, BATCH_SIZE, 0, NULL);
        if (count < 0 && is_missing(errno))
            batch->singly_in = true;
    }
    if (batch->singly_in) {
        ssize_t length = recvmsg(fd, &batch->in[0].msg_hdr, 0);

        count = length < 0 ? -1 : 1;
        batch->in[0].msg_len = (unsigned)length;
    }
    return count;
}

/* Network order: the bytes are the address, whatever is before them. False: of no family that
 * could be answered. */
static bool take_name(const struct batch_message *message, struct endpoint *remote) {
    const struct sockaddr_in6 *in6 = &message->name;
    const struct sockaddr_in *in = (const struct sockaddr_in *)in6;

    memset(remote, 0, sizeof *remote);
    if (in6->sin6_family == AF_INET) {
        remote->address.family = ADDRESS_IPV4;
        memcpy(remote->address.bytes, &in->sin_addr, sizeof in->sin_addr);
    } else if (in6->sin6_family == AF_INET6) {
        remote->address.family = ADDRESS_IPV6;
        memcpy(remote->address.bytes, &in6->sin6_addr, sizeof in6->sin6_addr);
    } else {
        return false;
    }
    remote->port = ntohs(in6->sin6_port); /* where sin_port is too */
    return true;
}

static bool is_source(const struct cmsghdr *control) {
    return (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) ||
           (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO);
}

/* False: the kernel has not stamped it. */
static bool take_control(struct msghdr *header, struct batch_message *message,
                         struct timestamp *received) {
    struct cmsghdr *control = &message->control.first;
    size_t left = header->msg_controllen;
    bool stamped = false;

    message->source = NULL;
    while (left >= sizeof *control && control->cmsg_len >= sizeof *control) {
        size_t space = CMSG_ALIGN(control->cmsg_len);

        if (is_source(control))
            message->source = control;
        else if (timestamp_from_message(control, &received->time))
            stamped = true;
        if (space >= left)
            break;
        left -= space;
        control = (struct cmsghdr *)(void *)((uint8_t *)control + space);
    }
    received->source = TIMESTAMP_KERNEL;
    return stamped;
}

int batch_receive(struct batch *batch, int fd) {
    ns_t now = 0;
    int count;

    prepare(batch);
    count = receive(batch, fd);
    if (count <= 0)
        return 0;
    batch->stale = count;
    for (int i = 0; i < count; i++) {
        struct batch_message *message = &batch->messages[i];
        struct request *request = &batch->requests[i];

        request->bytes = message->bytes;
        request->length = take_name(message, &request->remote) ? batch->in[i].msg_len : 0;
        if (take_control(&batch->in[i].msg_hdr, message, &request->received))
            continue;
        if (now == 0)
            now = system_clock_read();
        request->received = (struct timestamp){now, TIMESTAMP_DAEMON};
    }
    return count;
}

void batch_packet(struct batch *batch, int i, int socket, struct packet *packet) {
    const struct request *request = &batch->requests[i];

    *packet = (struct packet){
        .socket = socket,
        .remote = request->remote,
        .bytes = request->bytes,
        .length = request->length,
        .received = request->received,
    };
    if (batch->messages[i].source != NULL)
        socket_take_destination(batch->messages[i].source, packet);
}

/* The address that was asked, as the kernel has told it. Routing chooses the interface, except
 * where only the interface says which link is meant. */
static void put_source(struct msghdr *header, struct cmsghdr *source,
                       const struct address *remote) {
    int none = 0;

    header->msg_control = source;
    header->msg_controllen = CMSG_ALIGN(source->cmsg_len);
    if (socket_is_link_local(remote))
        return;
    if (source->cmsg_level == IPPROTO_IP)
        memcpy(CMSG_DATA(source) + offsetof(struct in_pktinfo, ipi_ifindex), &none, sizeof none);
    else
        memcpy(CMSG_DATA(source) + offsetof(struct in6_pktinfo, ipi6_ifindex), &none, sizeof none);
}

static int gather(struct batch *batch, int count) {
    int answers = 0;

    for (int i = 0; i < count; i++) {
        struct cmsghdr *source = batch->messages[i].source;
        struct msghdr *header = &batch->out[answers].msg_hdr;

        if (batch->requests[i].fate != REQUEST_ANSWERED)
            continue;
        *header = batch->in[i].msg_hdr;
        header->msg_control = NULL;
        header->msg_controllen = 0;
        if (source != NULL)
            put_source(header, source, &batch->requests[i].remote.address);
        batch->parts[i].iov_len = NTP_HEADER_SIZE;
        answers++;
    }
    return answers;
}

/* What cannot be sent is lost, as it may be anywhere on its way. */
void batch_send(struct batch *batch, int fd, int count) {
    int answers = gather(batch, count), sent = 0;

    while (sent < answers) {
        bool singly = batch->singly_out || answers - sent == 1;
        int done = -1;

        if (!singly)
            done = sendmmsg(fd, &batch->out[sent], (unsigned)(answers - sent), 0);
        if (!singly && done < 0 && is_missing(errno))
            batch->singly_out = singly = true;
        if (singly)
            sendmsg(fd, &batch->out[sent].msg_hdr, 0);
        sent += done > 0 ? done : 1;
    }
}
