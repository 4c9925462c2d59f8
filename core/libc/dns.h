/* Questions to the name servers (RFC 1035), for resolver.c. Private to core/libc. */
#ifndef CHRONOBOX_LIBC_DNS_H
#define CHRONOBOX_LIBC_DNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"

#define DNS_MAX_SERVERS 3
#define DNS_MAX_NAME    255
#define DNS_PACKET_SIZE 512
#define DNS_HEADER_SIZE 12

enum dns_type { DNS_IPV4 = 1, DNS_POINTER = 12, DNS_IPV6 = 28 };
enum dns_code { DNS_OK = 0, DNS_NO_SUCH_NAME = 3, DNS_NO_ANSWER = 16 };

/* A socket address of either family. */
union dns_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

struct dns_config {
    union dns_address servers[DNS_MAX_SERVERS];
    int server_count;
    int dots;         /* a name with as many is not searched for */
    int timeout;      /* s, of all attempts */
    int attempts;     /* at least 1 */
    char search[256]; /* domains */
};

struct dns_exchange {
    uint8_t query[DNS_HEADER_SIZE + DNS_MAX_NAME + 4];
    uint8_t answer[DNS_PACKET_SIZE];
    size_t query_length, answer_length; /* 0: none yet */
    unsigned refused;                   /* a bit for each server */
};

/* The records of an answer. */
struct dns_cursor {
    const uint8_t *at, *end;
    int left;
};

/* What /etc/resolv.conf says; without it, a server on this host. */
void dns_read_config(struct dns_config *config);

/* The socket address for an address in numbers, perhaps with %interface; its length, 0 if it is
 * none. */
socklen_t dns_parse_address(const char *text, uint16_t port, union dns_address *to);

/* The length of the socket address. */
socklen_t dns_address_size(const union dns_address *address);

/* Prepares the question; false: it is no name. */
bool dns_write_query(struct dns_exchange *exchange, const char *name, enum dns_type type);

/* Asks all servers at once, again as often as the configuration says, until every exchange has an
 * answer or has been refused by all. */
void dns_ask(const struct dns_config *config, struct dns_exchange *exchanges, int count);

enum dns_code dns_code(const struct dns_exchange *exchange);

/* The next record's data of this type and its length; NULL behind the last. */
struct dns_cursor dns_records(const struct dns_exchange *exchange);
const uint8_t *dns_next(struct dns_cursor *cursor, enum dns_type type, size_t *length);

/* A name in an answer, to text. */
bool dns_read_name(const struct dns_exchange *exchange, const uint8_t *at, char *name, size_t size);

#endif
