/* Kernel timestamps of datagrams (timestamp.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/timestamp.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/linux/kernel.h"
#include "core/linux/socket.h"

static bool set_option(int fd, int option, int value) {
    return setsockopt(fd, SOL_SOCKET, option, &value, sizeof value) == 0;
}

/* Clock simulators take every option, and do nothing about most. */
static bool has_option(int fd, int option) {
    int value = 0;
    socklen_t size = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value != 0;
}

/* SO_TIMESTAMPNS brings one time with a datagram where SO_TIMESTAMPING brings three, two of them
 * empty: 4 % of what an answer costs. Transmit stamps come either way. */
bool timestamp_enable(int fd, bool transmit) {
    bool queue = set_option(fd, SO_SELECT_ERR_QUEUE, 1);
    bool single = !transmit && set_option(fd, SO_TIMESTAMPNS, 1) && has_option(fd, SO_TIMESTAMPNS);
    int flags = STAMP_OPT_CMSG;
    bool stamping;

    if (!single)
        flags |= STAMP_SOFTWARE | STAMP_RX_SOFTWARE;
    if (transmit && queue)
        flags |= STAMP_TX_SOFTWARE;
    stamping = set_option(fd, SO_TIMESTAMPING, flags);
    if (!stamping && !single && !set_option(fd, SO_TIMESTAMPNS, 1))
        set_option(fd, SO_TIMESTAMP, 1);
    return queue && stamping;
}

void timestamp_request(struct cmsghdr *message) {
    uint32_t flags = STAMP_TX_SOFTWARE;

    message->cmsg_level = SOL_SOCKET;
    message->cmsg_type = SO_TIMESTAMPING;
    message->cmsg_len = CMSG_LEN(sizeof flags);
    memcpy(CMSG_DATA(message), &flags, sizeof flags);
}

int timestamp_open_keeper(void) {
    int fd = socket_new(AF_INET);

    if (fd < 0)
        fd = socket_new(AF_INET6);
    if (fd >= 0 && !set_option(fd, SO_TIMESTAMPING, STAMP_SOFTWARE | STAMP_RX_SOFTWARE)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool timestamp_from_message(struct cmsghdr *message, ns_t *time) {
    struct timespec stamp = {0, 0};

    if (message->cmsg_level != SOL_SOCKET)
        return false;
    if (message->cmsg_type == SCM_TIMESTAMPING || message->cmsg_type == SCM_TIMESTAMPNS) {
        memcpy(&stamp, CMSG_DATA(message),
               sizeof stamp); /* the first of three is the software stamp */
    } else if (message->cmsg_type == SCM_TIMESTAMP) {
        struct timeval coarse;

        memcpy(&coarse, CMSG_DATA(message), sizeof coarse);
        stamp = (struct timespec){coarse.tv_sec, (long)coarse.tv_usec * 1000};
    }
    *time = (ns_t)stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
    return *time != 0;
}

/* Bytes of IP and UDP header at ip, 0 when it is not UDP in an unfragmented packet. */
static size_t udp_headers_length(const uint8_t *ip, size_t length) {
    enum { IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8 };
    size_t headers = 0;

    if (length >= IPV4_HEADER && ip[0] >> 4 == 4 && ip[9] == IPPROTO_UDP)
        headers = (size_t)(ip[0] & 0xf) * 4 + UDP_HEADER;
    else if (length >= IPV6_HEADER && ip[0] >> 4 == 6 && ip[6] == IPPROTO_UDP)
        headers = IPV6_HEADER + UDP_HEADER;
    return headers <= length ? headers : 0;
}

const uint8_t *timestamp_find_payload(const uint8_t *frame, size_t length, size_t *payload_length) {
    enum { ADDRESSES = 12, TYPE = 2, TAG = 4, TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd };
    size_t at = ADDRESSES, headers = 0;

    while (at + TAG <= length && (get_be16(frame + at) == 0x8100 || get_be16(frame + at) == 0x88a8))
        at += TAG;
    if (at + TYPE <= length &&
        (get_be16(frame + at) == TYPE_IPV4 || get_be16(frame + at) == TYPE_IPV6))
        headers = udp_headers_length(frame + at + TYPE, length - at - TYPE);
    if (headers > 0)
        headers += at + TYPE;
    else
        headers = udp_headers_length(frame, length); /* tunnels have no link layer */
    if (headers == 0)
        return NULL;
    *payload_length = length - headers;
    return frame + headers;
}
