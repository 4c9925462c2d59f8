/* Network addresses as values, with no system header behind them. */
#ifndef CHRONOBOX_BASE_ADDRESS_H
#define CHRONOBOX_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are those of the control protocol. */
enum address_family {
    ADDRESS_NONE = 0,
    ADDRESS_IPV4 = 1,
    ADDRESS_IPV6 = 2,
    ADDRESS_ID = 3, /* stands for a source whose name is not resolved yet */
};

/* bytes: network order; IPv4 and ID use the first 4, the rest is zero, so that equal addresses are
 * equal bytes. */
struct address {
    uint8_t bytes[16];
    uint16_t family;
};

struct endpoint {
    struct address address;
    uint16_t port; /* host order */
};

#define ADDRESS_TEXT_SIZE 64

struct address address_ipv4(uint32_t host_order);
struct address address_from_id(uint32_t id);
uint32_t address_to_ipv4(const struct address *address); /* host order; family must be IPv4 */
uint32_t address_to_id(const struct address *address);
bool address_equal(const struct address *a, const struct address *b);

/* "192.0.2.1", "2001:db8::1", "ID#0000000005", "[UNSPEC]" into text (ADDRESS_TEXT_SIZE bytes);
 * returns text. */
const char *address_format(const struct address *address, char *text);

/* "192.0.2.1:123", "[2001:db8::1]:123" into text (ADDRESS_TEXT_SIZE bytes); returns text. */
const char *endpoint_format(const struct endpoint *endpoint, char *text);

/* A full numeric IPv4 (four dotted decimals) or IPv6 address, nothing before or behind it. */
bool address_parse(const char *text, struct address *address);

/* "ID#" and a decimal number. */
bool address_parse_id(const char *text, struct address *address);

/* Whether the first `bits` bits of both are equal (same family; 0 <= bits <= 32 or 128). */
bool address_in_prefix(const struct address *address, const struct address *prefix, int bits);

/* 127.0.0.1 or ::1, exactly. */
bool address_is_loopback_host(const struct address *address);

#endif
