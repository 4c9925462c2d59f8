/* Many datagrams at once, in with one system call and out with another: what stands at a server's
 * port. Answers are written over requests and leave from where those came in, so that nothing is
 * copied. */
#ifndef CHRONOBOX_LINUX_BATCH_H
#define CHRONOBOX_LINUX_BATCH_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/ntp/server.h"

/* The most that is done for one socket before the others get their turn. */
#define BATCH_SIZE    64
#define BATCH_CONTROL 256 /* ancillary data of a datagram; clock simulators want as much */

struct batch_message {
    struct sockaddr_storage name;
    struct cmsghdr *source; /* within control: the address that was asked; NULL = not known */
    union {
        struct cmsghdr first;
        uint8_t bytes[BATCH_CONTROL];
    } control;
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 4]; /* one that is longer is seen to be */
};

/* All zero is empty. No more messages are written to than there were ever datagrams at once. */
struct batch {
    int stale;                  /* so many headers are not in order for receiving */
    bool singly_in, singly_out; /* the calls for many are not to be had here */
    struct departure departure; /* the interval is what sending has taken lately */
    struct mmsghdr in[BATCH_SIZE], out[BATCH_SIZE];
    struct iovec parts[BATCH_SIZE];
    struct request requests[BATCH_SIZE];
    struct batch_message messages[BATCH_SIZE];
};

void batch_init(struct batch *batch);

/* What waits at the socket, as batch->requests; how many. */
int batch_receive(struct batch *batch, int fd);

/* Request i as a packet, which points into the batch. */
void batch_packet(struct batch *batch, int i, int socket, struct packet *packet);

/* Sends the requests that were REQUEST_ANSWERED, of the first `count`. */
void batch_send(struct batch *batch, int fd, int count);

#endif
