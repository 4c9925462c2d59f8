/* core/libc's resolver: questions and answers against a name server made up here, on loopback; and
 * what getaddrinfo does without any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/libc/compact.h"
#include "core/libc/dns.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How the server behaves, and the requests after which it stops. */
enum manner { ANSWERS, REFUSES, KNOWS_NOTHING, IS_DEAF_AT_FIRST, LIES_FIRST };

struct server {
    enum manner manner;
    int file, requests;
    uint16_t port;
    pthread_t thread;
};

/* A record whose name points to the question's. */
static uint8_t *put_record(uint8_t *at, uint16_t type, const void *data, uint16_t length) {
    put_be16(at, 0xc00c);
    put_be16(at + 2, type);
    put_be16(at + 4, 1);
    put_be32(at + 6, 300);
    put_be16(at + 10, length);
    memcpy(at + 12, data, length);
    return at + 12 + length;
}

/* An alias, then two addresses of the type asked for; a pointer says host.example. */
static size_t make_answer(uint8_t *packet, size_t length) {
    static const uint8_t alias[] = "\5alias\0", ipv6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1},
                         pointer[] = "\4host\7example";
    uint16_t type = get_be16(packet + length - 4);
    uint8_t *at = packet + length;

    packet[2] |= 0x80;
    packet[3] = 0x80;
    if (type == DNS_POINTER) {
        at = put_record(at, DNS_POINTER, pointer, sizeof(pointer));
        put_be16(packet + 6, 1);
        return (size_t)(at - packet);
    }
    at = put_record(at, 5, alias, sizeof(alias) - 1);
    if (type == DNS_IPV4) {
        at = put_record(at, type, "\300\0\2\1", 4);
        at = put_record(at, type, "\300\0\2\2", 4);
    } else {
        at = put_record(at, type, ipv6, 16);
        at = put_record(at, type, ipv6, 16);
    }
    put_be16(packet + 6, 3);
    return (size_t)(at - packet);
}

static void reply(const struct server *server, uint8_t *packet, size_t length,
                  const struct sockaddr_in *to) {
    if (server->manner == LIES_FIRST) {
        uint8_t lie[DNS_PACKET_SIZE];

        /* A wrong number, another question, and what is no answer at all. */
        memcpy(lie, packet, length);
        lie[0] ^= 1;
        lie[2] |= 0x80;
        lie[3] = 3;
        sendto(server->file, lie, length, 0, (const struct sockaddr *)to, sizeof(*to));
        lie[0] ^= 1;
        lie[13] ^= 1;
        sendto(server->file, lie, length, 0, (const struct sockaddr *)to, sizeof(*to));
        sendto(server->file, packet, length, 0, (const struct sockaddr *)to, sizeof(*to));
        sendto(server->file, lie, 5, 0, (const struct sockaddr *)to, sizeof(*to));
    }
    if (server->manner == REFUSES || server->manner == KNOWS_NOTHING) {
        packet[2] |= 0x80;
        packet[3] = server->manner == REFUSES ? 2 : DNS_NO_SUCH_NAME;
    } else {
        length = make_answer(packet, length);
    }
    sendto(server->file, packet, length, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void *serve(void *argument) {
    struct server *server = argument;

    for (int i = 0; i < server->requests; i++) {
        uint8_t packet[DNS_PACKET_SIZE];
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        ssize_t length =
            recvfrom(server->file, packet, sizeof(packet), 0, (struct sockaddr *)&from, &size);

        if (length > 16 && (server->manner != IS_DEAF_AT_FIRST || i * 2 >= server->requests))
            reply(server, packet, (size_t)length, &from);
    }
    return NULL;
}

static void start_server(struct server *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 5};
    socklen_t size = sizeof(address);

    server->file = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(server->file, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(server->file, (struct sockaddr *)&address, &size), 0);
    setsockopt(server->file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop_server(struct server *server) {
    pthread_join(server->thread, NULL);
    close(server->file);
}

static struct dns_config config_for(const struct server *server) {
    struct dns_config config = {.server_count = 1, .timeout = 4, .attempts = 2};

    assert_true(dns_parse_address("127.0.0.1", server->port, &config.servers[0]) > 0);
    return config;
}

static double seconds(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void ask_both(const struct dns_config *config, struct dns_exchange exchanges[2]) {
    assert_true(dns_write_query(&exchanges[0], "time.example.org", DNS_IPV6));
    assert_true(dns_write_query(&exchanges[1], "time.example.org.", DNS_IPV4));
    dns_ask(config, exchanges, 2);
}

static void assert_addresses(struct dns_exchange exchanges[2]) {
    struct dns_cursor cursor = dns_records(&exchanges[1]);
    const uint8_t *data;
    size_t length = 0;

    assert_int_equal(dns_code(&exchanges[0]), DNS_OK);
    assert_int_equal(dns_code(&exchanges[1]), DNS_OK);
    for (int i = 1; i <= 2; i++) {
        data = dns_next(&cursor, DNS_IPV4, &length);
        assert_non_null(data);
        assert_int_equal(length, 4);
        assert_int_equal(get_be32(data), 0xc0000200 + (unsigned)i);
    }
    assert_null(dns_next(&cursor, DNS_IPV4, &length));
    cursor = dns_records(&exchanges[0]);
    assert_non_null(dns_next(&cursor, DNS_IPV6, &length));
    assert_int_equal(length, 16);
    assert_non_null(dns_next(&cursor, DNS_IPV6, &length));
    assert_null(dns_next(&cursor, DNS_IPV6, &length));
}

static void both_families_are_asked_for_at_once(void **state) {
    struct server server = {.manner = ANSWERS, .requests = 2};
    struct dns_exchange exchanges[2];
    struct dns_config config;

    (void)state;
    start_server(&server);
    config = config_for(&server);
    ask_both(&config, exchanges);
    stop_server(&server);
    assert_addresses(exchanges);
}

static void answers_to_other_questions_are_passed_over(void **state) {
    struct server server = {.manner = LIES_FIRST, .requests = 2};
    struct dns_exchange exchanges[2];
    struct dns_config config;

    (void)state;
    start_server(&server);
    config = config_for(&server);
    ask_both(&config, exchanges);
    stop_server(&server);
    assert_addresses(exchanges);
}

static void a_lost_question_is_asked_again(void **state) {
    struct server server = {.manner = IS_DEAF_AT_FIRST, .requests = 4};
    struct dns_exchange exchanges[2];
    struct dns_config config;

    (void)state;
    start_server(&server);
    config = config_for(&server);
    config.timeout = 1;
    ask_both(&config, exchanges);
    stop_server(&server);
    assert_addresses(exchanges);
}

static void a_refusal_by_all_ends_the_wait(void **state) {
    struct server server = {.manner = REFUSES, .requests = 2}, absent = {.manner = ANSWERS};
    struct dns_exchange exchanges[2];
    struct dns_config config;
    double start = seconds();

    (void)state;
    start_server(&absent); /* its port is closed when it is asked */
    stop_server(&absent);
    start_server(&server);
    config = config_for(&server);
    dns_parse_address("127.0.0.1", absent.port, &config.servers[1]);
    config.server_count = 2;
    ask_both(&config, exchanges);
    stop_server(&server);
    assert_int_equal(dns_code(&exchanges[0]), DNS_NO_ANSWER);
    assert_int_equal(dns_code(&exchanges[1]), DNS_NO_ANSWER);
    assert_true(seconds() - start < 1.5);
}

static void one_server_of_three_is_enough(void **state) {
    struct server absent = {.manner = ANSWERS}, refusing = {.manner = REFUSES, .requests = 2},
                  server = {.manner = ANSWERS, .requests = 2};
    struct dns_exchange exchanges[2];
    struct dns_config config;
    double start = seconds();

    (void)state;
    start_server(&absent);
    stop_server(&absent);
    start_server(&refusing);
    start_server(&server);
    config = config_for(&absent);
    dns_parse_address("127.0.0.1", refusing.port, &config.servers[1]);
    dns_parse_address("127.0.0.1", server.port, &config.servers[2]);
    config.server_count = 3;
    ask_both(&config, exchanges);
    stop_server(&server);
    stop_server(&refusing);
    assert_addresses(exchanges);
    assert_true(seconds() - start < 1.5);
}

static void no_such_name_is_an_answer(void **state) {
    struct server server = {.manner = KNOWS_NOTHING, .requests = 2};
    struct dns_exchange exchanges[2];
    struct dns_config config;

    (void)state;
    start_server(&server);
    config = config_for(&server);
    ask_both(&config, exchanges);
    stop_server(&server);
    assert_int_equal(dns_code(&exchanges[0]), DNS_NO_SUCH_NAME);
    assert_int_equal(dns_code(&exchanges[1]), DNS_NO_SUCH_NAME);
}

static void an_address_has_a_name(void **state) {
    struct server server = {.manner = ANSWERS, .requests = 1};
    struct dns_exchange exchange;
    struct dns_config config;
    struct dns_cursor cursor;
    const uint8_t *data;
    char name[64];
    size_t length;

    (void)state;
    start_server(&server);
    config = config_for(&server);
    assert_true(dns_write_query(&exchange, "1.2.0.192.in-addr.arpa", DNS_POINTER));
    dns_ask(&config, &exchange, 1);
    stop_server(&server);
    cursor = dns_records(&exchange);
    data = dns_next(&cursor, DNS_POINTER, &length);
    assert_non_null(data);
    assert_true(dns_read_name(&exchange, data, name, sizeof(name)));
    assert_string_equal(name, "host.example");
    assert_false(dns_read_name(&exchange, data, name, 8));
    /* The record's own name is a pointer to the question's. */
    assert_true(dns_read_name(&exchange, data - 12, name, sizeof(name)));
    assert_string_equal(name, "1.2.0.192.in-addr.arpa");
}

static void questions_are_written_as_rfc_1035_says(void **state) {
    static const uint8_t rest[] = {1, 0,   0, 1,   0,   0, 0, 0,  0, 0,
                                   1, 'a', 2, 'b', 'c', 0, 0, 28, 0, 1};
    static const char *const wrong[] = {"", ".", "a..b", ".a", "a.."};
    char label[70], name[300];
    struct dns_exchange exchange;

    (void)state;
    assert_true(dns_write_query(&exchange, "a.bc", DNS_IPV6));
    assert_int_equal(exchange.query_length, 2 + sizeof(rest));
    assert_memory_equal(exchange.query + 2, rest, sizeof(rest));
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(dns_write_query(&exchange, wrong[i], DNS_IPV4));
    memset(label, 'x', sizeof(label));
    label[63] = '\0';
    assert_true(dns_write_query(&exchange, label, DNS_IPV4));
    label[63] = 'x';
    label[64] = '\0';
    assert_false(dns_write_query(&exchange, label, DNS_IPV4));
    for (size_t length = 1; length < sizeof(name); length++) {
        for (size_t i = 0; i < length; i++)
            name[i] = i % 10 == 9 ? '.' : 'y';
        name[length] = '\0';
        /* 255 bytes with the lengths of the labels and the root's. */
        assert_int_equal(dns_write_query(&exchange, name, DNS_IPV4),
                         length + (length % 10 != 0) <= 254);
    }
}

/* Every byte of an answer spoilt, at every length. Nothing is read beyond it (the sanitizer looks).
 */
static void a_damaged_answer_does_no_harm(void **state) {
    struct dns_exchange whole, exchange;
    size_t length;

    (void)state;
    assert_true(dns_write_query(&whole, "4.3.2.1.in-addr.arpa", DNS_POINTER));
    memcpy(whole.answer, whole.query, whole.query_length);
    whole.answer_length = make_answer(whole.answer, whole.query_length);
    for (size_t spoilt = 0; spoilt < whole.answer_length; spoilt++) {
        for (int value = 0; value < 256; value += value < 4 || value > 250 ? 1 : 41) {
            for (size_t cut = 0; cut < 30; cut++) {
                struct dns_cursor cursor;
                const uint8_t *data;
                char name[64];

                exchange = whole;
                exchange.answer[spoilt] = (uint8_t)value;
                exchange.answer_length -= cut;
                cursor = dns_records(&exchange);
                while ((data = dns_next(&cursor, DNS_POINTER, &length)) != NULL) {
                    assert_true(data + length <= exchange.answer + exchange.answer_length);
                    dns_read_name(&exchange, data, name, sizeof(name));
                    assert_true(strlen(name) < sizeof(name));
                }
            }
        }
    }
}

static void a_name_that_points_to_itself_ends(void **state) {
    struct dns_exchange exchange = {.query_length = 20, .answer_length = 40};
    char name[64];

    (void)state;
    put_be16(exchange.answer + 20, 0xc014);
    assert_false(dns_read_name(&exchange, exchange.answer + 20, name, sizeof(name)));
    put_be16(exchange.answer + 38, 0xffff);
    assert_false(dns_read_name(&exchange, exchange.answer + 38, name, sizeof(name)));
}

static void addresses_in_numbers_need_no_server(void **state) {
    static const struct {
        const char *text;
        int family, wanted, error;
    } cases[] = {
        {"192.0.2.7", AF_UNSPEC, AF_INET, 0},    {"192.0.2.7", AF_INET, AF_INET, 0},
        {"2001:db8::7", AF_UNSPEC, AF_INET6, 0}, {"2001:db8::7", AF_INET6, AF_INET6, 0},
        {"fe80::1%lo", AF_UNSPEC, AF_INET6, 0},  {"2001:db8::7", AF_INET, 0, EAI_NODATA},
        {"192.0.2.7", AF_INET6, 0, EAI_NODATA},  {"", AF_UNSPEC, 0, EAI_NONAME},
        {"a..b", AF_UNSPEC, 0, EAI_NONAME},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addrinfo hints = {.ai_family = cases[i].family, .ai_socktype = SOCK_DGRAM}, *list;

        assert_int_equal(compact_getaddrinfo(cases[i].text, "123", &hints, &list), cases[i].error);
        if (cases[i].error != 0) {
            assert_null(list);
            assert_true(strlen(compact_gai_strerror(cases[i].error)) > 10);
            continue;
        }
        assert_null(list->ai_next);
        assert_int_equal(list->ai_family, cases[i].wanted);
        assert_int_equal(list->ai_addr->sa_family, cases[i].wanted);
        assert_int_equal(list->ai_socktype, SOCK_DGRAM);
        assert_int_equal(((struct sockaddr_in *)(void *)list->ai_addr)->sin_port, htons(123));
        compact_freeaddrinfo(list);
    }
}

static void services_are_port_numbers(void **state) {
    static const char *const wrong[] = {"", "ntp", "12x", "65536", "-1"};
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(compact_getaddrinfo("192.0.2.7", wrong[i], &hints, &list), EAI_SERVICE);
    assert_int_equal(compact_getaddrinfo("192.0.2.7", NULL, &hints, &list), 0);
    compact_freeaddrinfo(list);
}

/* This host's own /etc/hosts has the name, as every system's does. */
static void the_hosts_file_is_read_first(void **state) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *list;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char name[64];

    (void)state;
    assert_int_equal(compact_getaddrinfo("LocalHost", NULL, &hints, &list), 0);
    assert_memory_equal(&((struct sockaddr_in *)(void *)list->ai_addr)->sin_addr, "\177\0\0\1", 4);
    compact_freeaddrinfo(list);
    assert_int_equal(compact_getnameinfo((struct sockaddr *)&address, sizeof(address), name,
                                         sizeof(name), NULL, 0, NI_NAMEREQD),
                     0);
    assert_string_equal(name, "localhost");
    address.sin_family = AF_UNIX;
    assert_int_equal(compact_getnameinfo((struct sockaddr *)&address, sizeof(address), name,
                                         sizeof(name), NULL, 0, NI_NAMEREQD),
                     EAI_FAMILY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families_are_asked_for_at_once),
        cmocka_unit_test(answers_to_other_questions_are_passed_over),
        cmocka_unit_test(a_lost_question_is_asked_again),
        cmocka_unit_test(a_refusal_by_all_ends_the_wait),
        cmocka_unit_test(one_server_of_three_is_enough),
        cmocka_unit_test(no_such_name_is_an_answer),
        cmocka_unit_test(an_address_has_a_name),
        cmocka_unit_test(questions_are_written_as_rfc_1035_says),
        cmocka_unit_test(a_damaged_answer_does_no_harm),
        cmocka_unit_test(a_name_that_points_to_itself_ends),
        cmocka_unit_test(addresses_in_numbers_need_no_server),
        cmocka_unit_test(services_are_port_numbers),
        cmocka_unit_test(the_hosts_file_is_read_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
