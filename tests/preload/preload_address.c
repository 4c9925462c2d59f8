/* The addresses of the world (preload_address.h). */
#include "tests/preload/preload_address.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define IPV6_NETWORK                                                                               \
    { 0xfc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x23, 0, 0 }
#define ETHERNET  14
#define IPV4      20
#define IPV6      40
#define UDP       8
#define UNIX_NAME 64 /* more than "/clknetsim/unix/255:65535" */

int address_family(void) {
    const char *family = getenv("CLKNETSIM_IP_FAMILY");

    return family != NULL && family[0] == '6' ? AF_INET6 : AF_INET;
}

static struct in6_addr ipv6_of_node(int node) {
    struct in6_addr address = {{IPV6_NETWORK}};

    /* Read as digits: fc00::123:10 is node 10. */
    address.s6_addr[14] = (uint8_t)(node / 100);
    address.s6_addr[15] = (uint8_t)(node / 10 % 10 << 4 | node % 10);
    return address;
}

static int node_of_ipv6(const struct in6_addr *address) {
    for (int node = 1; node <= WORLD_MAX_NODES; node++) {
        struct in6_addr own = ipv6_of_node(node);

        if (memcmp(&own, address, sizeof own) == 0)
            return node;
    }
    return 0;
}

static bool from_unix(const struct sockaddr *address, int *node, uint16_t *port) {
    const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)address;
    unsigned number, k;

    errno = ENOENT;
    if (un->sun_family != AF_UNIX ||
        sscanf(un->sun_path, "/clknetsim/unix/%u:%u", &number, &k) != 2)
        return false;
    *node = (int)number;
    *port = (uint16_t)k;
    return true;
}

bool address_to_node(int family, const struct sockaddr *address, int *node, uint16_t *port,
                     const char *what) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
    uint32_t ip = ntohl(in->sin_addr.s_addr);

    if (family == AF_UNIX)
        return from_unix(address, node, port);
    errno = EINVAL;
    if (in->sin_family != address_family())
        return false;
    *port = ntohs(in->sin_port); /* in the same place in both */
    if (in->sin_family == AF_INET6) {
        *node = node_of_ipv6(&in6->sin6_addr);
        return *node > 0;
    }
    if ((ip & 0xffffff00u) != ADDRESS_NETWORK)
        node_abort("%s: %u.%u.%u.%u is not of this world", what, ip >> 24, ip >> 16 & 255,
                   ip >> 8 & 255, ip & 255);
    *node = (int)(ip & 255);
    return true;
}

bool address_to_bind(const struct sockaddr *address, uint16_t *port) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
    uint32_t ip = ntohl(in->sin_addr.s_addr), own = (uint32_t)node_self()->number;
    bool good;

    errno = EINVAL;
    if (in->sin_family != address_family())
        return false;
    *port = ntohs(in->sin_port);
    if (in->sin_family == AF_INET6)
        good = IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr) || IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
               node_of_ipv6(&in6->sin6_addr) == node_self()->number;
    else
        good = ip == INADDR_ANY || ip == INADDR_LOOPBACK || ip == (ADDRESS_NETWORK | own) ||
               ip == (ADDRESS_NETWORK | ADDRESS_BROADCAST);
    if (!good)
        node_abort("bind: the address (%08x if it is IPv4) is not this node's", ip);
    return true;
}

socklen_t address_of_node(int subnet, int node, uint16_t port, struct sockaddr_storage *address) {
    struct sockaddr_un *un = (struct sockaddr_un *)address;
    struct sockaddr_in *in = (struct sockaddr_in *)address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

    memset(address, 0, sizeof *address);
    if (subnet == WORLD_UNIX) {
        un->sun_family = AF_UNIX;
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) +
               (socklen_t)snprintf(un->sun_path, UNIX_NAME, "/clknetsim/unix/%d:%d", node, port);
    }
    in->sin_family = (sa_family_t)address_family();
    in->sin_port = htons(port);
    if (in->sin_family == AF_INET6) {
        in6->sin6_addr = ipv6_of_node(node);
        return sizeof *in6;
    }
    in->sin_addr.s_addr = htonl(ADDRESS_NETWORK | (uint32_t)node);
    return sizeof *in;
}

size_t address_info(int *level, int *type, void *info) {
    uint32_t own = htonl(ADDRESS_NETWORK | (uint32_t)node_self()->number);
    struct in_pktinfo four = {ADDRESS_INTERFACE, {own}, {own}};
    struct in6_pktinfo six = {ipv6_of_node(node_self()->number), ADDRESS_INTERFACE};

    if (address_family() == AF_INET6) {
        *level = IPPROTO_IPV6;
        *type = IPV6_PKTINFO;
        memcpy(info, &six, sizeof six);
        return sizeof six;
    }
    *level = IPPROTO_IP;
    *type = IP_PKTINFO;
    memcpy(info, &four, sizeof four);
    return sizeof four;
}

static void put_number(uint8_t *to, uint32_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        to[i] = (uint8_t)value;
}

static size_t put_ipv4(const struct world_message *message, uint8_t *ip) {
    ip[0] = 0x45;
    put_number(ip + 2, IPV4 + UDP + message->length, 2);
    ip[8] = 64;
    ip[9] = IPPROTO_UDP;
    put_number(ip + 12, ADDRESS_NETWORK | (uint32_t)message->from, 4);
    put_number(ip + 16, ADDRESS_NETWORK | (uint32_t)message->to, 4);
    return IPV4;
}

static size_t put_ipv6(const struct world_message *message, uint8_t *ip) {
    struct in6_addr from = ipv6_of_node(message->from), to = ipv6_of_node(message->to);

    ip[0] = 0x60;
    put_number(ip + 4, UDP + message->length, 2);
    ip[6] = IPPROTO_UDP;
    ip[7] = 64;
    memcpy(ip + 8, &from, sizeof from);
    memcpy(ip + 24, &to, sizeof to);
    return IPV6;
}

size_t address_headers(const struct world_message *message, uint8_t frame[ADDRESS_MAX_HEADER]) {
    bool six = address_family() == AF_INET6;
    size_t length;

    memset(frame, 0, ADDRESS_MAX_HEADER);
    put_number(frame + 12, six ? 0x86dd : 0x0800, 2);
    length = ETHERNET + (six ? put_ipv6 : put_ipv4)(message, frame + ETHERNET);
    put_number(frame + length, message->from_port, 2);
    put_number(frame + length + 2, message->to_port, 2);
    put_number(frame + length + 4, UDP + message->length, 2);
    return length + UDP;
}
