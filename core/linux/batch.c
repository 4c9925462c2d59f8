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

#define MAX_INTERVAL_NS 20000
#define INTERVAL_WEIGHT 8

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
        request->length = batch->in[i].msg_len;
        if (!socket_address_to_endpoint(&message->name, &request->remote))
            request->length = 0; /* nobody could be answered */
        request->received.source = TIMESTAMP_KERNEL;
        if (socket_take_control(&batch->in[i].msg_hdr, &message->source, &request->received.time))
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

/* A running mean. What took longer was an interruption, which nobody can foresee. */
static void learn_interval(struct departure *departure, int answers) {
    ns_t interval = (system_clock_read() - departure->begin) / answers;

    if (interval > 0 && interval <= MAX_INTERVAL_NS)
        departure->interval += (interval - departure->interval) / INTERVAL_WEIGHT;
}

/* What cannot be sent is lost, as it may be anywhere on its way. */
void batch_send(struct batch *batch, int fd, int count) {
    int answers = gather(batch, count), sent = 0;

    while (sent < answers) {
        bool singly = batch->singly_out || answers - sent == 1;
        int done = -1;

        if (!singly)
            done = sendmmsg(fd, &batch->out[sent], (unsigned)(answers - sent), 0);
        if (done == answers)
            learn_interval(&batch->departure, answers);
        if (!singly && done < 0 && is_missing(errno))
            batch->singly_out = singly = true;
        if (singly)
            sendmsg(fd, &batch->out[sent].msg_hdr, 0);
        sent += done > 0 ? done : 1;
    }
}
