/* A stub resolver's packets and sockets (dns.h). One connected socket a server: what comes from
 * elsewhere never arrives, and a server that is not there says so at once. */
#include "core/libc/dns.h"

#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/base/text.h"
#include "core/libc/lines.h"

#define DNS_PORT       53
#define MAX_LABEL      63
#define MAX_TIMEOUT_S  60
#define MAX_ATTEMPTS   10
#define MAX_POINTER    0x3fffu
#define MAX_JUMPS      16
#define RECORD_SIZE    10 /* behind the name, before the data */
#define CLASS_INTERNET 1
#define POINTER        0xc0
#define FLAG_RESPONSE  0x80
#define FLAG_RECURSE   0x01
#define MS_PER_S       1000

socklen_t dns_address_size(const union dns_address *address) {
    return address->any.sa_family == AF_INET ? sizeof(address->ipv4) : sizeof(address->ipv6);
}

socklen_t dns_parse_address(const char *text, uint16_t port, union dns_address *to) {
    char numbers[ADDRESS_TEXT_SIZE];
    struct address address;
    size_t length = strcspn(text, "%");

    snprintf(numbers, sizeof(numbers), "%.*s", (int)length, text);
    memset(to, 0, sizeof(*to));
    if (length >= sizeof(numbers) || !address_parse(numbers, &address))
        return 0;
    /* The port is at the same place in both. */
    to->ipv4.sin_family = AF_INET;
    to->ipv4.sin_port = htons(port);
    memcpy(&to->ipv4.sin_addr, address.bytes, sizeof(to->ipv4.sin_addr));
    if (address.family == ADDRESS_IPV6) {
        to->ipv6.sin6_family = AF_INET6;
        memcpy(&to->ipv6.sin6_addr, address.bytes, sizeof(to->ipv6.sin6_addr));
        to->ipv6.sin6_flowinfo = 0;
        if (text[length] == '%') {
            to->ipv6.sin6_scope_id = if_nametoindex(text + length + 1);
            if (to->ipv6.sin6_scope_id == 0)
                to->ipv6.sin6_scope_id = (uint32_t)atoi(text + length + 1);
        }
    }
    return dns_address_size(to);
}

/* "ndots:2" */
static void read_option(const char *word, const char *name, int most, int *value) {
    size_t length = strlen(name);
    int number;

    if (strncmp(word, name, length) != 0 || word[length] != ':')
        return;
    number = atoi(word + length + 1);
    *value = number < 0 ? 0 : number > most ? most : number;
}

static void read_options(struct dns_config *config, char *rest) {
    const char *word;

    while (word = text_take_word(&rest), *word != '\0') {
        read_option(word, "ndots", MAX_LABEL, &config->dots);
        read_option(word, "timeout", MAX_TIMEOUT_S, &config->timeout);
        read_option(word, "attempts", MAX_ATTEMPTS, &config->attempts);
    }
}

void dns_read_config(struct dns_config *config) {
    struct lines lines;
    char *line;

    *config = (struct dns_config){.dots = 1, .timeout = 5, .attempts = 2};
    lines_open(&lines, "/etc/resolv.conf");
    while ((line = lines_next(&lines)) != NULL) {
        const char *word = text_take_word(&line);

        if (strcmp(word, "options") == 0)
            read_options(config, line);
        else if (strcmp(word, "search") == 0 || strcmp(word, "domain") == 0)
            snprintf(config->search, sizeof(config->search), "%s", line);
        else if (strcmp(word, "nameserver") == 0 && config->server_count < DNS_MAX_SERVERS)
            config->server_count += dns_parse_address(text_take_word(&line), DNS_PORT,
                                                      &config->servers[config->server_count]) > 0;
    }
    if (config->server_count == 0)
        config->server_count = dns_parse_address("127.0.0.1", DNS_PORT, config->servers) > 0;
    if (config->attempts < 1)
        config->attempts = 1;
}

bool dns_write_query(struct dns_exchange *exchange, const char *name, enum dns_type type) {
    uint8_t *at = exchange->query + DNS_HEADER_SIZE, *label = at++;

    memset(exchange, 0, sizeof(*exchange));
    if (getrandom(exchange->query, 2, 0) != 2)
        return false;
    exchange->query[2] = FLAG_RECURSE;
    exchange->query[5] = 1; /* question */
    for (;; name++) {
        if (*name != '.' && *name != '\0') {
            if (at - exchange->query >= DNS_HEADER_SIZE + DNS_MAX_NAME - 1)
                return false;
            *at++ = (uint8_t)*name;
            continue;
        }
        if (at - label - 1 > MAX_LABEL || at - label == 1)
            return false;
        *label = (uint8_t)(at - label - 1);
        label = at++;
        if (*name == '\0' || name[1] == '\0')
            break;
    }
    put_be16(at, (uint16_t)type);
    put_be16(at + 2, CLASS_INTERNET);
    exchange->query_length = (size_t)(at + 4 - exchange->query);
    return true;
}

static long long now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

enum dns_code dns_code(const struct dns_exchange *exchange) {
    return exchange->answer_length > 0 ? exchange->answer[3] & 0xf : DNS_NO_ANSWER;
}

/* The answer to the same question, with the same number: yes, or "no such name". Everything else
 * is a refusal. */
static void take_answer(struct dns_exchange *exchange, int server, const uint8_t *packet,
                        size_t length) {
    const uint8_t *query = exchange->query;

    if (exchange->answer_length > 0)
        return;
    if (length < exchange->query_length || memcmp(packet, query, 2) != 0 ||
        (packet[2] & FLAG_RESPONSE) == 0 ||
        memcmp(packet + DNS_HEADER_SIZE, query + DNS_HEADER_SIZE,
               exchange->query_length - DNS_HEADER_SIZE) != 0)
        return;
    memcpy(exchange->answer, packet, length);
    exchange->answer_length = length;
    if (dns_code(exchange) != DNS_OK && dns_code(exchange) != DNS_NO_SUCH_NAME) {
        exchange->answer_length = 0;
        exchange->refused |= 1u << server;
    }
}

static bool is_pending(const struct dns_exchange *exchange, int servers) {
    return exchange->answer_length == 0 && exchange->refused != (1u << servers) - 1;
}

static bool any_pending(const struct dns_exchange *exchanges, int count, int servers) {
    while (count > 0 && !is_pending(&exchanges[count - 1], servers))
        count--;
    return count > 0;
}

/* An error is one for all: the system tells of it once. */
static void refuse(int server, struct dns_exchange *exchanges, int count) {
    for (int i = 0; i < count; i++)
        exchanges[i].refused |= 1u << server;
}

static void receive(int file, int server, struct dns_exchange *exchanges, int count) {
    uint8_t packet[DNS_PACKET_SIZE];
    ssize_t length = recv(file, packet, sizeof(packet), MSG_DONTWAIT);

    if (length < 0)
        refuse(server, exchanges, count);
    for (int i = 0; i < count && length >= 0; i++)
        take_answer(&exchanges[i], server, packet, (size_t)length);
}

void dns_ask(const struct dns_config *config, struct dns_exchange *exchanges, int count) {
    struct pollfd sockets[DNS_MAX_SERVERS] = {{0}};
    int servers = config->server_count;

    for (int i = 0; i < servers; i++) {
        const union dns_address *server = &config->servers[i];

        sockets[i].events = POLLIN;
        sockets[i].fd = socket(server->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        /* A server that cannot be reached refuses to send, below. */
        (void)!connect(sockets[i].fd, &server->any, dns_address_size(server));
    }
    for (int attempt = 0; attempt < config->attempts; attempt++) {
        long long end = now_ms() + config->timeout * MS_PER_S / config->attempts, left;

        for (int i = 0; i < servers * count; i++) {
            struct dns_exchange *exchange = &exchanges[i % count];

            if (is_pending(exchange, servers) && send(sockets[i / count].fd, exchange->query,
                                                      exchange->query_length, MSG_NOSIGNAL) < 0)
                refuse(i / count, exchanges, count);
        }
        while (any_pending(exchanges, count, servers) && (left = end - now_ms()) > 0) {
            if (poll(sockets, (nfds_t)servers, (int)left) <= 0)
                continue;
            for (int i = 0; i < servers; i++)
                if (sockets[i].revents != 0)
                    receive(sockets[i].fd, i, exchanges, count);
        }
    }
    for (int i = 0; i < servers; i++)
        close(sockets[i].fd);
}

static const uint8_t *skip_name(const uint8_t *at, const uint8_t *end) {
    while (at < end && *at != 0) {
        if (*at >= POINTER)
            return at + 2;
        at += *at + 1;
    }
    return at + 1;
}

struct dns_cursor dns_records(const struct dns_exchange *exchange) {
    return (struct dns_cursor){.at = exchange->answer + exchange->query_length,
                               .end = exchange->answer + exchange->answer_length,
                               .left = exchange->answer[6] << 8 | exchange->answer[7]};
}

const uint8_t *dns_next(struct dns_cursor *cursor, enum dns_type type, size_t *length) {
    while (cursor->left-- > 0) {
        const uint8_t *record = skip_name(cursor->at, cursor->end), *data = record + RECORD_SIZE;

        if (data > cursor->end)
            break;
        *length = get_be16(record + 8);
        if (*length > (size_t)(cursor->end - data))
            break;
        cursor->at = data + *length;
        if (get_be16(record) == type && get_be16(record + 2) == CLASS_INTERNET)
            return data;
    }
    return NULL;
}

bool dns_read_name(const struct dns_exchange *exchange, const uint8_t *at, char *name,
                   size_t size) {
    const uint8_t *end = exchange->answer + exchange->answer_length;
    struct text text;

    text_init(&text, name, size);
    for (int jumps = 0; at < end && *at != 0 && jumps < MAX_JUMPS;) {
        if (*at >= POINTER) {
            size_t target = at + 1 < end ? get_be16(at) & MAX_POINTER : SIZE_MAX;

            if (target >= exchange->answer_length)
                return false;
            at = exchange->answer + target;
            jumps++;
            continue;
        }
        if (*at >= end - at)
            return false;
        text_printf(&text, "%s%.*s", text.length > 0 ? "." : "", *at, (const char *)at + 1);
        at += *at + 1;
    }
    return at < end && *at == 0 && text.length > 0 && !text.cut;
}
