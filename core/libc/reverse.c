/* getnameinfo: the name of an address, by /etc/hosts and the name servers. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/bytes.h"
#include "core/base/text.h"
#include "core/libc/compact.h"
#include "core/libc/dns.h"
#include "core/libc/lines.h"

static bool address_of(const union dns_address *from, struct address *address) {
    *address = (struct address){.family = ADDRESS_NONE};
    if (from->any.sa_family == AF_INET) {
        address->family = ADDRESS_IPV4;
        memcpy(address->bytes, &from->ipv4.sin_addr, sizeof(from->ipv4.sin_addr));
    } else if (from->any.sa_family == AF_INET6) {
        address->family = ADDRESS_IPV6;
        memcpy(address->bytes, &from->ipv6.sin6_addr, sizeof(from->ipv6.sin6_addr));
    }
    return address->family != ADDRESS_NONE;
}

static bool find_in_hosts(const struct address *address, struct text *name) {
    struct lines lines;
    char *line;

    lines_open(&lines, "/etc/hosts");
    while ((line = lines_next(&lines)) != NULL) {
        struct address listed;

        if (name->length == 0 && address_parse(text_take_word(&line), &listed) &&
            address_equal(&listed, address))
            text_append(name, text_take_word(&line));
    }
    return name->length > 0 && !name->cut;
}

/* RFC 1035 section 3.5 and RFC 3596 section 2.5 */
static void format_pointer(const struct address *address, struct text *text) {
    if (address->family == ADDRESS_IPV4) {
        for (int i = 3; i >= 0; i--)
            text_printf(text, "%d.", address->bytes[i]);
        text_append(text, "in-addr.arpa");
    } else {
        for (int i = 15; i >= 0; i--)
            text_printf(text, "%x.%x.", address->bytes[i] & 0xf, address->bytes[i] >> 4);
        text_append(text, "ip6.arpa");
    }
}

static bool ask_servers(const struct address *address, char *name, size_t size) {
    char pointer[DNS_MAX_NAME + 1];
    struct dns_exchange exchange;
    struct dns_config config;
    struct dns_cursor cursor;
    const uint8_t *data;
    struct text text;
    size_t length;

    text_init(&text, pointer, sizeof(pointer));
    format_pointer(address, &text);
    if (!dns_write_query(&exchange, pointer, DNS_POINTER))
        return false;
    dns_read_config(&config);
    dns_ask(&config, &exchange, 1);
    cursor = dns_records(&exchange);
    data = dns_next(&cursor, DNS_POINTER, &length);
    return data != NULL && dns_read_name(&exchange, data, name, size);
}

int COMPACT(getnameinfo)(const struct sockaddr *socket_address, socklen_t length, char *host,
                         socklen_t host_size, char *service, socklen_t service_size, int flags) {
    union dns_address copy = {.any.sa_family = AF_UNSPEC};
    struct address address;
    struct text text;

    (void)service;
    (void)service_size;
    if (length <= sizeof(copy))
        memcpy(&copy, socket_address, length);
    if (!address_of(&copy, &address))
        return EAI_FAMILY;
    text_init(&text, host, host_size);
    if (find_in_hosts(&address, &text) || ask_servers(&address, host, host_size))
        return 0;
    if (flags & NI_NAMEREQD)
        return EAI_NONAME;
    snprintf(host, host_size, "%s", address_format(&address, (char[ADDRESS_TEXT_SIZE]){0}));
    return 0;
}
