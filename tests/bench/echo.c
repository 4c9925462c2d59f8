/* The limit that sockets allow: what comes goes back as it is, 64 datagrams at a time, with nothing
 * done to it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define BATCH 64
#define SIZE  1140

int main(int argc, char **argv) {
    static struct mmsghdr headers[BATCH];
    static struct iovec parts[BATCH];
    static struct sockaddr_in names[BATCH];
    static uint8_t bytes[BATCH][SIZE];
    struct sockaddr_in local = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "123"))};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 1 << 20, count;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0) {
        perror("bind");
        return 1;
    }
    for (int i = 0; i < BATCH; i++) {
        parts[i].iov_base = bytes[i];
        headers[i].msg_hdr.msg_iov = &parts[i];
        headers[i].msg_hdr.msg_iovlen = 1;
        headers[i].msg_hdr.msg_name = &names[i];
    }
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            parts[i].iov_len = SIZE;
            headers[i].msg_hdr.msg_namelen = sizeof names[i];
        }
        count = recvmmsg(fd, headers, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < count; i++)
            parts[i].iov_len = headers[i].msg_len;
        if (count > 0)
            sendmmsg(fd, headers, (unsigned)count, 0);
    }
}
