/* The addresses of the world: node N is 192.168.123.N, fc00::123:N, or /clknetsim/unix/N:PORT. The
 * environment chooses one IP family for everybody. */
#ifndef CHRONOBOX_TESTS_PRELOAD_PRELOAD_ADDRESS_H
#define CHRONOBOX_TESTS_PRELOAD_PRELOAD_ADDRESS_H

#include <sys/socket.h>

#include "tests/preload/preload.h"

#define ADDRESS_BROADCAST  255
#define ADDRESS_NETWORK    0xc0a87b00u
#define ADDRESS_INTERFACE  1  /* eth0 */
#define ADDRESS_MAX_HEADER 62 /* bytes: Ethernet, IPv6, UDP */

int address_family(void); /* AF_INET or AF_INET6 */

/* Node and port of a peer. False with errno set: no such family here. Another address ends the
 * process, if it is IPv4. */
bool address_to_node(int family, const struct sockaddr *address, int *node, uint16_t *port,
                     const char *what);
/* The port, 0 for any, of an address that the node itself may have. False as above. */
bool address_to_bind(const struct sockaddr *address, uint16_t *port);
/* Its length. */
socklen_t address_of_node(int subnet, int node, uint16_t port, struct sockaddr_storage *address);
/* The control message that says which of our addresses was meant. */
size_t address_info(int *level, int *type, void *info);
/* Ethernet, IP and UDP headers of a sent packet; their length. */
size_t address_headers(const struct world_message *message, uint8_t frame[ADDRESS_MAX_HEADER]);

#endif
