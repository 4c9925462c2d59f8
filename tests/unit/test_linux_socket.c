/* Datagram sockets on the loopback: addresses, replies, timestamps, refused connections, and the
 * table's bookkeeping. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/address.h"
#include "core/linux/clock.h"
#include "core/linux/socket.h"
#include "core/linux/timestamp.h"

#define WAIT_MS 2000

static const struct log silent = {NULL, NULL};
static struct linux_sockets *sockets;
static struct datagram datagram;

static int set_up(void **state) {
    (void)state;
    sockets = calloc(1, sizeof *sockets);
    sockets_init(sockets, &silent);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sockets_close_all(sockets);
    free(sockets);
    return 0;
}

static struct address address_of(const char *text) {
    struct address address;

    assert_true(address_parse(text, &address));
    return address;
}

static int fd_of(int handle) {
    return sockets->polls[sockets->slots[handle].position].fd;
}

static uint16_t port_of(int handle) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    struct endpoint endpoint;

    assert_int_equal(getsockname(fd_of(handle), (struct sockaddr *)&name, &length), 0);
    assert_true(socket_address_to_endpoint(&name, &endpoint));
    return endpoint.port;
}

static bool wait_for(int handle, short events) {
    struct pollfd poll_one = {.fd = fd_of(handle), .events = events};

    return poll(&poll_one, 1, WAIT_MS) == 1 && (poll_one.revents & (events | POLLERR));
}

/* A server on a free port of 0.0.0.0 or ::. */
static int open_server(int family) {
    struct socket_request request = {.kind = SOCKET_SERVER, .family = family, .port = 0};
    struct endpoint any = {.address = {.family = (uint16_t)family}};

    request.local = any.address;
    return socket_open(sockets, &request);
}

static int open_client(const char *remote, uint16_t port) {
    struct socket_request request = {.kind = SOCKET_CLIENT};

    request.remote = (struct endpoint){address_of(remote), port};
    request.family = request.remote.address.family;
    return socket_open(sockets, &request);
}

/* What a server's socket lets in (screen.h): version 4, mode 3. */
#define QUESTION        "# as long as an NTP header, and begins like one."
#define QUESTION_LENGTH 48

static bool send_text(int socket, const char *text) {
    struct packet packet = {
        .socket = socket, .bytes = (const uint8_t *)text, .length = strlen(text)};

    return socket_send(sockets, &packet);
}

static void exchange(int family, const char *remote) {
    int server = open_server(family), client;
    ns_t before = system_clock_read();

    if (server < 0 && family == ADDRESS_IPV6)
        skip(); /* a machine without IPv6 */
    assert_true(server >= 0);
    client = open_client(remote, port_of(server));
    assert_true(client >= 0);
    assert_true(send_text(client, QUESTION));
    assert_true(wait_for(server, POLLIN));
    assert_true(socket_receive(sockets, server, system_clock_read(), &datagram));
    assert_int_equal(datagram.packet.socket, server);
    assert_int_equal(datagram.packet.length, QUESTION_LENGTH);
    assert_memory_equal(datagram.packet.bytes, QUESTION, QUESTION_LENGTH);
    assert_int_equal(datagram.packet.remote.port, port_of(client));
    struct address asked = address_of(remote);
    assert_true(address_equal(&datagram.packet.local, &asked));
    assert_true(datagram.packet.received.time >= before &&
                datagram.packet.received.time <= system_clock_read());

    datagram.packet.bytes = (const uint8_t *)"answer";
    datagram.packet.length = 6;
    assert_true(socket_send(sockets, &datagram.packet));
    assert_true(wait_for(client, POLLIN));
    assert_true(socket_receive(sockets, client, system_clock_read(), &datagram));
    assert_memory_equal(datagram.packet.bytes, "answer", 6);
    assert_true(address_equal(&datagram.packet.remote.address, &asked));
}

static void reply_comes_from_the_address_that_was_asked(void **state) {
    (void)state;
    exchange(ADDRESS_IPV4, "127.0.0.1");
    exchange(ADDRESS_IPV4, "127.0.0.77"); /* not what the kernel would choose */
}

static void ipv6_works_the_same(void **state) {
    (void)state;
    exchange(ADDRESS_IPV6, "::1");
}

static void transmit_timestamp_comes_with_what_was_sent(void **state) {
    int server = open_server(ADDRESS_IPV4), client = open_client("127.0.0.1", port_of(server));
    ns_t before = system_clock_read();

    (void)state;
    if (!(sockets->polls[sockets->slots[client].position].events & POLLPRI))
        skip(); /* a sandbox without SO_TIMESTAMPING */
    assert_true(send_text(client, "when did this leave?"));
    assert_true(wait_for(client, POLLPRI));
    assert_true(socket_receive_sent(sockets, client, &datagram));
    assert_int_equal(datagram.packet.socket, client);
    assert_int_equal(datagram.packet.length, 20);
    assert_memory_equal(datagram.packet.bytes, "when did this leave?", 20);
    assert_int_equal(datagram.packet.received.source, TIMESTAMP_KERNEL);
    assert_true(datagram.packet.received.time >= before &&
                datagram.packet.received.time <= system_clock_read());
    assert_int_equal(datagram.packet.remote.port, port_of(server));
    assert_false(socket_receive_sent(sockets, client, &datagram));
}

static void servers_datagram_is_stamped_when_that_is_wanted(void **state) {
    int server = open_server(ADDRESS_IPV4), client = open_client("127.0.0.1", port_of(server));

    (void)state;
    if (!sockets->slots[server].reports)
        skip(); /* a sandbox without SO_TIMESTAMPING */
    assert_true(send_text(client, QUESTION));
    assert_true(wait_for(server, POLLIN));
    assert_true(socket_receive(sockets, server, 0, &datagram));
    assert_true(socket_send(sockets, &datagram.packet));
    assert_false(socket_receive_sent(sockets, server, &datagram));
    assert_true(send_text(client, QUESTION));
    assert_true(wait_for(server, POLLIN));
    assert_true(socket_receive(sockets, server, 0, &datagram));
    datagram.packet.report_sent = true;
    assert_true(socket_send(sockets, &datagram.packet));
    assert_true(wait_for(server, POLLPRI));
    assert_true(socket_receive_sent(sockets, server, &datagram));
    assert_int_equal(datagram.packet.socket, server);
    assert_int_equal(datagram.packet.length, QUESTION_LENGTH);
    assert_memory_equal(datagram.packet.bytes, QUESTION, QUESTION_LENGTH);
    assert_int_equal(datagram.packet.received.source, TIMESTAMP_KERNEL);
}

static void refused_connection_is_drained(void **state) {
    int server = open_server(ADDRESS_IPV4), client;
    struct pollfd poll_one;

    (void)state;
    client = open_client("127.0.0.1", port_of(server));
    socket_close(sockets, server);
    assert_true(send_text(client, "anybody?"));
    assert_true(wait_for(client, POLLIN));
    for (int i = 0; i < 3; i++)
        socket_receive_sent(sockets, client, &datagram);
    poll_one = (struct pollfd){.fd = fd_of(client), .events = POLLIN | POLLPRI};
    assert_int_equal(poll(&poll_one, 1, 0), 0);
}

static void make_private_directory(char *path, size_t size) {
    snprintf(path, size, "/tmp/test_linux_socket.XXXXXX");
    assert_non_null(mkdtemp(path));
}

static void unix_socket_answers_the_path_it_was_asked_from(void **state) {
    struct socket_request request = {.kind = SOCKET_CONTROL, .family = ADDRESS_NONE};
    struct sockaddr_un client_name = {.sun_family = AF_UNIX}, server_name = {.sun_family = AF_UNIX};
    char directory[64], answer[16];
    struct stat status;
    int server, client;

    (void)state;
    make_private_directory(directory, sizeof directory);
    snprintf(server_name.sun_path, sizeof server_name.sun_path, "%s/server", directory);
    snprintf(client_name.sun_path, sizeof client_name.sun_path, "%s/client", directory);
    request.path = server_name.sun_path;
    server = socket_open(sockets, &request);
    assert_true(server >= 0);
    client = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(sendto(client, "x", 1, 0, (struct sockaddr *)&server_name, sizeof server_name),
                     1);
    assert_false(socket_receive(sockets, server, 0, &datagram)); /* nobody to answer */

    assert_int_equal(bind(client, (struct sockaddr *)&client_name, sizeof client_name), 0);
    assert_int_equal(
        sendto(client, "hello", 5, 0, (struct sockaddr *)&server_name, sizeof server_name), 5);
    assert_true(socket_receive(sockets, server, 0, &datagram));
    assert_int_equal(datagram.packet.length, 5);
    assert_int_equal(datagram.packet.remote.address.family, ADDRESS_NONE);
    assert_string_equal(datagram.packet.path, client_name.sun_path);
    assert_true(socket_send(sockets, &datagram.packet));
    assert_int_equal(recv(client, answer, sizeof answer, 0), 5);

    close(client);
    unlink(client_name.sun_path);
    socket_close(sockets, server);
    assert_int_equal(stat(server_name.sun_path, &status), -1);
    rmdir(directory);
}

static void stale_unix_socket_is_replaced(void **state) {
    struct socket_request request = {.kind = SOCKET_CONTROL, .family = ADDRESS_NONE};
    char directory[64], path[80];
    FILE *stale;

    (void)state;
    make_private_directory(directory, sizeof directory);
    snprintf(path, sizeof path, "%s/server", directory);
    stale = fopen(path, "w");
    assert_non_null(stale);
    fclose(stale);
    request.path = path;
    assert_true(socket_open(sockets, &request) >= 0);
    sockets_close_all(sockets);
    rmdir(directory);
}

static void overlong_path_is_refused(void **state) {
    struct socket_request request = {.kind = SOCKET_CONTROL, .family = ADDRESS_NONE};
    char path[200];

    (void)state;
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    request.path = path;
    assert_int_equal(socket_open(sockets, &request), -1);
}

static void closing_keeps_the_table_dense(void **state) {
    int handles[8];

    (void)state;
    for (int i = 0; i < 8; i++)
        handles[i] = open_client("127.0.0.1", 9);
    socket_close(sockets, handles[0]);
    socket_close(sockets, handles[3]);
    socket_close(sockets, handles[7]);
    assert_int_equal(sockets->count, 5);
    for (int i = 0; i < sockets->count; i++) {
        assert_int_equal(sockets->slots[sockets->handles[i]].position, i);
        assert_true(sockets->slots[sockets->handles[i]].used);
    }
    assert_int_equal(open_client("127.0.0.1", 9), handles[0]);
}

/* Ethernet, 802.1Q, IPv4 or IPv6, UDP, "data". */
static size_t make_frame(uint8_t *frame, bool ethernet, int tags, int version) {
    size_t length = 0;

    if (ethernet) {
        memset(frame, 0x45, 12); /* addresses that look like an IPv4 header */
        length = 12;
        for (int i = 0; i < tags; i++) {
            memcpy(frame + length, "\x81\x00\x00\x05", 4);
            length += 4;
        }
        memcpy(frame + length, version == 4 ? "\x08\x00" : "\x86\xdd", 2);
        length += 2;
    }
    memset(frame + length, 0, 40);
    frame[length] = version == 4 ? 0x46 : 0x60; /* with four bytes of options */
    frame[length + (version == 4 ? 9 : 6)] = 17;
    length += version == 4 ? 24 : 40;
    memset(frame + length, 0, 8);
    length += 8;
    memcpy(frame + length, "data", 4);
    return length + 4;
}

static void payload_is_found_in_every_kind_of_frame(void **state) {
    uint8_t frame[256];

    (void)state;
    for (int version = 4; version <= 6; version += 2) {
        for (int kind = 0; kind < 4; kind++) {
            size_t length = make_frame(frame, kind > 0, kind - 1, version), payload_length;
            const uint8_t *payload = timestamp_find_payload(frame, length, &payload_length);

            assert_non_null(payload);
            assert_int_equal(payload_length, 4);
            assert_memory_equal(payload, "data", 4);
        }
    }
}

static void frame_without_udp_has_no_payload(void **state) {
    uint8_t frame[256];
    size_t length = make_frame(frame, true, 0, 4), payload_length;

    (void)state;
    for (size_t cut = 0; cut < length - 4; cut++)
        assert_null(timestamp_find_payload(frame, cut, &payload_length));
    frame[14 + 9] = 6; /* TCP */
    assert_null(timestamp_find_payload(frame, length, &payload_length));
    memset(frame, 0xff, sizeof frame);
    assert_null(timestamp_find_payload(frame, sizeof frame, &payload_length));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reply_comes_from_the_address_that_was_asked, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(ipv6_works_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(transmit_timestamp_comes_with_what_was_sent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(servers_datagram_is_stamped_when_that_is_wanted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refused_connection_is_drained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unix_socket_answers_the_path_it_was_asked_from, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(stale_unix_socket_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(overlong_path_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closing_keeps_the_table_dense, set_up, tear_down),
        cmocka_unit_test(payload_is_found_in_every_kind_of_frame),
        cmocka_unit_test(frame_without_udp_has_no_payload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
