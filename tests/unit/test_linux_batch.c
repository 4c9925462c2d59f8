/* Batches of requests on the loopback: many at once, from the address that was asked, with stamps,
 * and where the system calls for many are missing. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/address.h"
#include "core/linux/batch.h"
#include "core/linux/clock.h"
#include "core/linux/socket.h"

#define WAIT_MS  2000
#define QUESTION 0x23 /* a client's, of version 4 */

static const struct log silent = {NULL, NULL};
static struct linux_sockets *sockets;
static struct batch *batch;

static int set_up(void **state) {
    (void)state;
    sockets = calloc(1, sizeof *sockets);
    batch = calloc(1, sizeof *batch);
    sockets_init(sockets, &silent);
    batch_init(batch);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sockets_close_all(sockets);
    free(sockets);
    free(batch);
    return 0;
}

static int open_server(int family) {
    struct socket_request request = {.kind = SOCKET_SERVER, .family = family};

    request.local.family = (uint16_t)family;
    int handle = socket_open(sockets, &request);
    return handle < 0 ? -1 : socket_descriptor(sockets, handle);
}

/* A socket connected to the server's port at the address of loopback. */
static int open_client(int server, const char *remote) {
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof name;
    struct endpoint to;
    int fd;

    assert_int_equal(getsockname(server, (struct sockaddr *)&name, &length), 0);
    assert_true(socket_address_to_endpoint(&name, &to));
    assert_true(address_parse(remote, &to.address));
    fd = socket(name.ss_family, SOCK_DGRAM, 0);
    length = socket_address_from_endpoint(&to, 0, &name);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, length), 0);
    return fd;
}

static bool wait_for(int fd) {
    struct pollfd poll_one = {.fd = fd, .events = POLLIN};

    return poll(&poll_one, 1, WAIT_MS) == 1;
}

static void ask(int client, int first, int count) {
    for (int i = first; i < first + count; i++) {
        uint8_t bytes[NTP_HEADER_SIZE] = {QUESTION, (uint8_t)i};

        assert_int_equal(send(client, bytes, sizeof bytes, 0), (int)sizeof bytes);
    }
}

/* Answers everything that waits with its own bytes, the second of them more by 100. */
static int answer(int server) {
    int count = batch_receive(batch, server);

    for (int i = 0; i < count; i++) {
        batch->requests[i].bytes[1] = (uint8_t)(batch->requests[i].bytes[1] + 100);
        batch->requests[i].fate = REQUEST_ANSWERED;
    }
    batch_send(batch, server, count);
    return count;
}

static void expect_answers(int client, int first, int count) {
    for (int i = first; i < first + count; i++) {
        uint8_t bytes[NTP_HEADER_SIZE + 1];

        assert_true(wait_for(client));
        assert_int_equal(recv(client, bytes, sizeof bytes, 0), NTP_HEADER_SIZE);
        assert_int_equal(bytes[1], i + 100);
    }
}

static void burst(int family, const char *remote) {
    int server = open_server(family), client;
    ns_t before = system_clock_read();

    if (server < 0 && family == ADDRESS_IPV6)
        skip(); /* a machine without IPv6 */
    client = open_client(server, remote);
    ask(client, 0, 16);
    assert_true(wait_for(server));
    assert_int_equal(answer(server), 16);
    for (int i = 0; i < 16; i++) {
        assert_true(batch->requests[i].received.time >= before);
        assert_true(batch->requests[i].received.time <= system_clock_read());
    }
    /* The client is connected: it hears nobody but the address that it asked. */
    expect_answers(client, 0, 16);
    close(client);
}

static void burst_is_one_batch_and_answered_from_the_address_asked(void **state) {
    (void)state;
    burst(ADDRESS_IPV4, "127.0.0.3");
}

static void ipv6_is_answered_the_same(void **state) {
    (void)state;
    burst(ADDRESS_IPV6, "::1");
}

/* A socket of one address is not told with each datagram what it knows. */
static void socket_of_one_address_answers_from_there_without_being_told(void **state) {
    struct socket_request request = {.kind = SOCKET_SERVER, .family = ADDRESS_IPV4};
    int server, client;

    (void)state;
    assert_true(address_parse("127.0.0.3", &request.local));
    server = socket_descriptor(sockets, socket_open(sockets, &request));
    client = open_client(server, "127.0.0.3");
    ask(client, 0, 2);
    assert_true(wait_for(server));
    assert_int_equal(answer(server), 2);
    for (int i = 0; i < 2; i++) {
        assert_null(batch->messages[i].source);
        assert_int_equal(batch->requests[i].received.source, TIMESTAMP_KERNEL);
    }
    expect_answers(client, 0, 2);
    close(client);
}

static void batch_ends_so_that_others_get_their_turn(void **state) {
    int server = open_server(ADDRESS_IPV4), client = open_client(server, "127.0.0.1");

    (void)state;
    ask(client, 0, BATCH_SIZE + 2);
    assert_true(wait_for(server));
    assert_int_equal(answer(server), BATCH_SIZE);
    assert_int_equal(answer(server), 2);
    assert_int_equal(answer(server), 0);
    expect_answers(client, 0, BATCH_SIZE + 2);
    close(client);
}

static void silent_and_left_requests_get_no_answer(void **state) {
    int server = open_server(ADDRESS_IPV4), client = open_client(server, "127.0.0.1");
    static const enum request_fate fates[] = {REQUEST_SILENT, REQUEST_ANSWERED, REQUEST_LEFT,
                                              REQUEST_ANSWERED};
    struct packet packet;
    uint8_t bytes[NTP_HEADER_SIZE];

    (void)state;
    ask(client, 0, 4);
    assert_true(wait_for(server));
    assert_int_equal(batch_receive(batch, server), 4);
    for (int i = 0; i < 4; i++)
        batch->requests[i].fate = fates[i];
    batch_packet(batch, 2, 7, &packet);
    assert_int_equal(packet.socket, 7);
    assert_int_equal(packet.length, NTP_HEADER_SIZE);
    assert_int_equal(packet.bytes[1], 2);
    assert_int_equal(address_to_ipv4(&packet.local), 0x7f000001);
    batch_send(batch, server, 4);
    assert_true(wait_for(client));
    assert_int_equal(recv(client, bytes, sizeof bytes, 0), NTP_HEADER_SIZE);
    assert_int_equal(bytes[1], 1);
    assert_true(wait_for(client));
    assert_int_equal(recv(client, bytes, sizeof bytes, 0), NTP_HEADER_SIZE);
    assert_int_equal(bytes[1], 3);
    assert_int_equal(recv(client, bytes, sizeof bytes, MSG_DONTWAIT), -1);
    close(client);
}

static void longer_datagram_is_seen_to_be(void **state) {
    int server = open_server(ADDRESS_IPV4), client = open_client(server, "127.0.0.1");
    static const uint8_t bytes[NTP_PACKET_MAX_SIZE + 500];

    (void)state;
    /* Without the kernel's screen, as in a sandbox. */
    setsockopt(server, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int));
    assert_int_equal(send(client, bytes, sizeof bytes, 0), (int)sizeof bytes);
    assert_true(wait_for(server));
    assert_int_equal(batch_receive(batch, server), 1);
    assert_true(batch->requests[0].length > NTP_PACKET_MAX_SIZE);
    close(client);
}

static void overflowing_socket_counts_what_found_no_room(void **state) {
    int server = open_server(ADDRESS_IPV4), client = open_client(server, "127.0.0.1");
    int small = 4096, waiting = 0, count;

    (void)state;
    setsockopt(server, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal((int)sockets_count_drops(sockets), 0);
    ask(client, 0, 100);
    assert_true(wait_for(server));
    while ((count = batch_receive(batch, server)) > 0)
        waiting += count;
    assert_true(waiting < 100);
    if (sockets_count_drops(sockets) == 0)
        skip(); /* a kernel that does not tell */
    assert_int_equal((int)sockets_count_drops(sockets), 100 - waiting);
    close(client);
}

/* The calls for many fail like that from now on. */
static bool forbid_batches(int error) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_recvmmsg, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmmsg, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* In a child, which the filter stays with. Sending many first is tried with two that are forged. */
static int serve_without_batches(int error) {
    int server = open_server(ADDRESS_IPV4), client = open_client(server, "127.0.0.1");

    ask(client, 0, 4);
    if (!wait_for(server) || batch_receive(batch, server) != 4)
        return 1;
    if (!forbid_batches(error))
        return 77;
    for (int i = 0; i < 4; i++) {
        batch->requests[i].bytes[1] = (uint8_t)(batch->requests[i].bytes[1] + 100);
        batch->requests[i].fate = REQUEST_ANSWERED;
    }
    batch_send(batch, server, 4);
    expect_answers(client, 0, 4);
    ask(client, 10, 3);
    for (int i = 0; i < 3; i++)
        if (answer(server) != 1)
            return 2;
    expect_answers(client, 10, 3);
    return batch->singly_in && batch->singly_out ? 0 : 3;
}

static void without_calls_for_many_they_are_served_one_by_one(void **state) {
    static const int errors[] = {ENOSYS, EPERM};

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        pid_t child = fork();
        int status;

        if (child == 0)
            _exit(serve_without_batches(errors[i]));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
            skip(); /* a sandbox without filters */
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(burst_is_one_batch_and_answered_from_the_address_asked,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(ipv6_is_answered_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(socket_of_one_address_answers_from_there_without_being_told,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(batch_ends_so_that_others_get_their_turn, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(silent_and_left_requests_get_no_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(longer_datagram_is_seen_to_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(overflowing_socket_counts_what_found_no_room, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_calls_for_many_they_are_served_one_by_one, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
