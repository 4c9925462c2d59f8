/* Kernel timestamps of datagrams: asking for them, and finding them and the datagram in what comes
 * back. */
#ifndef CHRONOBOX_LINUX_TIMESTAMP_H
#define CHRONOBOX_LINUX_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/time.h"

/* Asks for receive stamps, and for transmit stamps through the error queue: with `transmit` of
 * every datagram, else of those that timestamp_request() is used for. Falls back to the older
 * receive-only options where the kernel or a sandbox refuses. True: transmit stamps will come, as
 * POLLPRI. */
bool timestamp_enable(int fd, bool transmit);

/* Writes the control message that asks for the transmit stamp of the datagram that it is sent with;
 * room for TIMESTAMP_REQUEST_SIZE bytes. */
#define TIMESTAMP_REQUEST_SIZE CMSG_SPACE(sizeof(uint32_t))
void timestamp_request(struct cmsghdr *message);

/* A socket whose only work is to keep the kernel stamping between the short lives of client
 * sockets: switching it on takes longer than a response on a local network. -1 when there is no
 * SO_TIMESTAMPING. */
int timestamp_open_keeper(void);

/* The kernel's stamp in a control message; false when it is another message or has no stamp. */
bool timestamp_from_message(struct cmsghdr *message, ns_t *time);

/* The UDP payload in a frame that the error queue looped back: Ethernet (802.1Q tags too) or bare
 * IP, IPv4 or IPv6. NULL when it is none of these. *payload_length: bytes from there to the end of
 * the frame. */
const uint8_t *timestamp_find_payload(const uint8_t *frame, size_t length, size_t *payload_length);

#endif
