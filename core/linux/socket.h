/* The datagram sockets of the daemon: a table of them in the shape poll(2) wants, opened as struct
 * socket_request says, and datagrams in and out with the address they were sent to and the kernel's
 * timestamps. */
#ifndef CHRONOBOX_LINUX_SOCKET_H
#define CHRONOBOX_LINUX_SOCKET_H

#include <poll.h>
#include <sys/socket.h>

#include "core/engine/host.h"

#define LINUX_MAX_SOCKETS 1024 /* handles are below this, as the engine wants them */
#define DATAGRAM_MAX_SIZE                                                                          \
    2048 /* longer ones are cut; every protocol here drops them for their length */
#define SOCKET_FIRST_INHERITED 3   /* as service managers do it */
#define SOCKET_PATH_SIZE       109 /* sun_path and a NUL */
#define CONTROL_BUFFER_SIZE    512 /* ancillary data of one datagram */

struct linux_socket {
    bool used;
    bool connected;
    bool reports;           /* transmit stamps can be had */
    bool serves;            /* a server's */
    uint16_t position;      /* in polls */
    int family;             /* enum address_family; ADDRESS_NONE = Unix */
    struct endpoint remote; /* connected to; family NONE otherwise */
    char *path;             /* a bound Unix socket's, removed when it is closed */
};

/* All zero is empty, except keeper = -1. The polls are dense: closing moves the last one into the
 * gap. */
struct linux_sockets {
    const struct log *log;
    int inherited; /* so many descriptors from SOCKET_FIRST_INHERITED on may be sockets of the
                      service manager */
    int keeper;    /* timestamp_open_keeper() */
    bool keeper_tried;
    int server_error; /* errno of the last SOCKET_SERVER that could not be opened */
    int count;
    /* Two more than sockets: the resolver's pipe, and what workers pass on. */
    struct pollfd polls[LINUX_MAX_SOCKETS + 2];
    uint16_t handles[LINUX_MAX_SOCKETS]; /* of polls[i] */
    struct linux_socket slots[LINUX_MAX_SOCKETS];
};

void sockets_init(struct linux_sockets *sockets, const struct log *log);
void sockets_close_all(struct linux_sockets *sockets);

/* A non-blocking datagram socket of family AF_*, closed on exec, or -1 with errno set. */
int socket_new(int family);

/* Takes a copy of the service manager's socket when one is bound to that address or path. A handle,
 * or -1 (said at debug level). */
int socket_open(struct linux_sockets *sockets, const struct socket_request *request);
void socket_close(struct linux_sockets *sockets, int handle);

/* The descriptor of a socket from which someone else receives from now on. */
int socket_give_away(struct linux_sockets *sockets, int handle);

int socket_descriptor(const struct linux_sockets *sockets, int handle);

/* How many datagrams have found no room in the servers' sockets; 0 where the kernel does not tell.
 */
uint64_t sockets_count_drops(const struct linux_sockets *sockets);

/* Room for one datagram. */
struct datagram {
    struct packet packet; /* points into the rest */
    uint8_t bytes[DATAGRAM_MAX_SIZE];
    char path[SOCKET_PATH_SIZE];
};

/* One waiting datagram, received at `now` at the latest. False: there was none after all, or none
 * that could be answered. */
bool socket_receive(struct linux_sockets *sockets, int handle, ns_t now, struct datagram *datagram);

/* One transmit timestamp from the error queue: the datagram as it was sent. False when none was
 * waiting; a pending socket error (a refused connection) is cleared then. */
bool socket_receive_sent(struct linux_sockets *sockets, int handle, struct datagram *datagram);

/* Of ancillary data: the message that says where the datagram was sent to, NULL = none does; and
 * the kernel's stamp, false = there is none. */
bool socket_take_control(struct msghdr *header, struct cmsghdr **source, ns_t *stamp);
/* What that message says. */
void socket_take_destination(struct cmsghdr *source, struct packet *packet);
bool socket_is_link_local(const struct address *address);

bool socket_send(struct linux_sockets *sockets, const struct packet *packet);

/* core/base addresses as the kernel's, and back. The length of what was written, 0 for a family
 * that has none. */
socklen_t socket_address_from_endpoint(const struct endpoint *endpoint, int interface,
                                       struct sockaddr_storage *address);
bool socket_address_to_endpoint(const struct sockaddr_storage *address, struct endpoint *endpoint);

#endif
