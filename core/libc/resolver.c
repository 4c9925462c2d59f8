/* getaddrinfo and getnameinfo: the order in which names are looked for, and the lists. The
 * questions themselves are dns.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/libc/compact.h"
#include "core/libc/dns.h"
#include "core/libc/lines.h"

#define HOSTS         "/etc/hosts"
#define MAX_ADDRESSES 48
#define FAMILIES      2
#define TEST_PORT     65535 /* nothing is sent there */

/* One above the last of the prefixes that are routed everywhere (RFC 4291: fc00::/7 unique local,
 * fe80::/10 link-local). */
#define FIRST_LOCAL_BYTE 0xfc

struct found {
    union dns_address addresses[MAX_ADDRESSES];
    int count, family; /* family: AF_UNSPEC is both */
};

static void add(struct found *found, const union dns_address *address) {
    if (found->count < MAX_ADDRESSES &&
        (found->family == AF_UNSPEC || found->family == address->any.sa_family))
        found->addresses[found->count++] = *address;
}

/* Whether the file has the name at all; then nobody else is asked. */
static bool find_in_hosts(const char *name, struct found *found) {
    struct lines lines;
    bool listed = false;
    char *line;

    lines_open(&lines, HOSTS);
    while ((line = lines_next(&lines)) != NULL) {
        union dns_address address;
        const char *word = text_take_word(&line);

        if (dns_parse_address(word, 0, &address) == 0)
            continue;
        while (word = text_take_word(&line), *word != '\0') {
            if (text_equal_nocase(word, name)) {
                listed = true;
                add(found, &address);
                break;
            }
        }
    }
    return listed;
}

/* Both families are asked for at once; that one stays without an answer does not spoil the other.
 * 0 or EAI_. */
static int ask_servers(const struct dns_config *config, const char *name, struct found *found) {
    static const struct {
        int family;
        enum dns_type type;
        size_t offset, size; /* of the address in the socket address, and in the record */
    } kinds[] = {
        {AF_INET6, DNS_IPV6, offsetof(struct sockaddr_in6, sin6_addr), sizeof(struct in6_addr)},
        {AF_INET, DNS_IPV4, offsetof(struct sockaddr_in, sin_addr), sizeof(struct in_addr)}};
    struct dns_exchange exchanges[FAMILIES];
    int first = found->family == AF_INET, last = found->family != AF_INET6, error = EAI_NODATA;

    for (int i = first; i <= last; i++)
        if (!dns_write_query(&exchanges[i], name, kinds[i].type))
            return EAI_NONAME;
    dns_ask(config, exchanges + first, last - first + 1);
    for (int i = first; i <= last; i++) {
        struct dns_cursor cursor = dns_records(&exchanges[i]);
        union dns_address address = {.any.sa_family = (sa_family_t)kinds[i].family};
        const uint8_t *data;
        size_t length;

        if (dns_code(&exchanges[i]) == DNS_NO_ANSWER)
            error = EAI_AGAIN;
        else if (dns_code(&exchanges[i]) == DNS_NO_SUCH_NAME && error == EAI_NODATA)
            error = EAI_NONAME;
        while ((data = dns_next(&cursor, kinds[i].type, &length)) != NULL) {
            if (length == kinds[i].size) {
                memcpy((char *)&address + kinds[i].offset, data, length);
                add(found, &address);
            }
        }
    }
    return found->count > 0 ? 0 : error;
}

/* A name with fewer dots than usual is first looked for in the domains of this place. */
static int find_by_servers(const char *name, struct found *found) {
    struct dns_config config;
    char *rest = config.search;
    const char *domain;
    int dots = 0;

    dns_read_config(&config);
    for (const char *at = name; *at != '\0'; at++)
        dots += *at == '.';
    if (dots >= config.dots || name[strlen(name) - 1] == '.')
        *rest = '\0';
    while (domain = text_take_word(&rest), *domain != '\0') {
        char full[DNS_MAX_NAME + 1];
        int error;

        if (snprintf(full, sizeof(full), "%s.%s", name, domain) >= (int)sizeof(full))
            continue;
        error = ask_servers(&config, full, found);
        if (error != EAI_NONAME && error != EAI_NODATA)
            return error;
    }
    return ask_servers(&config, name, found);
}

/* 0 an IPv6 and 1 an IPv4 address that can be reached from here, else 2. A source address of local
 * meaning does not reach the world. */
static int rank_of(const union dns_address *address) {
    union dns_address to = *address, from = {{0}};
    socklen_t size = sizeof(from);
    int file = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), rank = 2;

    to.ipv4.sin_port = TEST_PORT;
    if (connect(file, &to.any, dns_address_size(&to)) == 0 &&
        getsockname(file, &from.any, &size) == 0) {
        if (address->any.sa_family == AF_INET)
            rank = 1;
        else if (from.ipv6.sin6_addr.s6_addr[0] < FIRST_LOCAL_BYTE ||
                 to.ipv6.sin6_addr.s6_addr[0] >= FIRST_LOCAL_BYTE)
            rank = 0;
    }
    if (file >= 0)
        close(file);
    return rank;
}

static int add_to_list(const union dns_address *address, const struct addrinfo *hints,
                       uint16_t port, struct addrinfo ***end) {
    struct {
        struct addrinfo info;
        union dns_address address;
    } *entry = calloc(1, sizeof(*entry));

    if (entry == NULL)
        return EAI_MEMORY;
    entry->address = *address;
    entry->address.ipv4.sin_port = htons(port);
    entry->info = (struct addrinfo){.ai_family = address->any.sa_family,
                                    .ai_socktype = hints->ai_socktype,
                                    .ai_protocol = hints->ai_protocol,
                                    .ai_addr = &entry->address.any,
                                    .ai_addrlen = dns_address_size(address)};
    **end = &entry->info;
    *end = &entry->info.ai_next;
    return 0;
}

void COMPACT(freeaddrinfo)(struct addrinfo *list) {
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list);
        list = next;
    }
}

int COMPACT(getaddrinfo)(const char *host, const char *service, const struct addrinfo *hints,
                         struct addrinfo **list) {
    struct found found = {.family = hints->ai_family};
    union dns_address address;
    struct addrinfo **end = list;
    int error = 0, ranks[MAX_ADDRESSES];
    char *rest = NULL;
    long port = service == NULL ? 0 : strtol(service, &rest, 10);

    *list = NULL;
    if ((rest != NULL && (rest == service || *rest != '\0')) || port < 0 || port > UINT16_MAX)
        return EAI_SERVICE;
    if (*host == '\0')
        return EAI_NONAME;
    if (dns_parse_address(host, 0, &address) > 0)
        add(&found, &address);
    else if (!find_in_hosts(host, &found))
        error = find_by_servers(host, &found);
    if (error == 0 && found.count == 0)
        error = EAI_NODATA;
    for (int i = 0; i < found.count; i++)
        ranks[i] = found.count > 1 ? rank_of(&found.addresses[i]) : 0;
    for (int rank = 0; rank <= 2; rank++)
        for (int i = 0; i < found.count && error == 0; i++)
            if (ranks[i] == rank)
                error = add_to_list(&found.addresses[i], hints, (uint16_t)port, &end);
    if (error != 0) {
        COMPACT(freeaddrinfo)(*list);
        *list = NULL;
    }
    return error;
}

const char *COMPACT(gai_strerror)(int error) {
    switch (error) {
    case EAI_AGAIN:
        return "Temporary failure in name resolution";
    case EAI_NODATA:
        return "No address associated with hostname";
    case EAI_SERVICE:
        return "Service not supported";
    case EAI_MEMORY:
        return "Memory allocation failure";
    default:
        return "Name or service not known";
    }
}
