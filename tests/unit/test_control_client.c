/* The control protocol's client against a daemon that is a thread with a script: what it takes for
 * an answer, when it asks again or elsewhere, and what it leaves in the file system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/linux/clock.h"
#include "core/linux/control_client.h"

#define MAX_REQUESTS 4
#define BUFFER       1024

/* How a request is answered. */
enum script {
    ANSWER,
    ANSWER_WRONG_SEQUENCE, /* and then right */
    ANSWER_CUT,
    ANSWER_VERSION_5, /* "bad version" */
    ANSWER_NOT,
};

struct daemon {
    int fd;
    uint16_t port;
    uint16_t reply_type;
    int count; /* requests to take */
    enum script scripts[MAX_REQUESTS];
    uint8_t requests[MAX_REQUESTS][BUFFER];
    size_t lengths[MAX_REQUESTS];
    pthread_t thread;
};

static void reply(const struct daemon *daemon, int index, const struct sockaddr *to,
                  socklen_t to_length) {
    enum script script = daemon->scripts[index];
    uint8_t bytes[BUFFER] = {0};
    struct control_reply header = {
        .version = CONTROL_VERSION,
        .type = 2,
        .command = get_be16(daemon->requests[index] + 4),
        .reply = daemon->reply_type,
        .sequence = get_be32(daemon->requests[index] + 8),
    };
    size_t length = CONTROL_REPLY_HEADER + control_reply_layout(daemon->reply_type)->length;
    if (script == ANSWER_NOT)
        return;
    if (script == ANSWER_VERSION_5) {
        header.version = 5;
        header.status = CONTROL_BAD_VERSION;
    }
    bytes[CONTROL_REPLY_HEADER + 3] = 7;
    if (script == ANSWER_WRONG_SEQUENCE) {
        header.sequence++;
        control_reply_encode(&header, bytes);
        sendto(daemon->fd, bytes, length, 0, to, to_length);
        header.sequence--;
        bytes[CONTROL_REPLY_HEADER + 3] = 8;
    }
    control_reply_encode(&header, bytes);
    sendto(daemon->fd, bytes, script == ANSWER_CUT ? length - 1 : length, 0, to, to_length);
}

static void *serve(void *argument) {
    struct daemon *daemon = argument;
    for (int i = 0; i < daemon->count; i++) {
        struct sockaddr_storage from;
        socklen_t from_length = sizeof from;
        ssize_t length = recvfrom(daemon->fd, daemon->requests[i], BUFFER, 0,
                                  (struct sockaddr *)&from, &from_length);
        if (length < 0)
            break;
        daemon->lengths[i] = (size_t)length;
        reply(daemon, i, (struct sockaddr *)&from, from_length);
    }
    return NULL;
}

static void start(struct daemon *daemon) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    daemon->fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(daemon->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(daemon->fd, (struct sockaddr *)&address, &length), 0);
    daemon->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&daemon->thread, NULL, serve, daemon), 0);
}

static void finish(struct daemon *daemon) {
    pthread_join(daemon->thread, NULL);
    close(daemon->fd);
}

static void connect_to(struct control_client *client, const struct daemon *daemon) {
    control_client_init(client, NULL);
    control_client_add_servers(client, "127.0.0.1", daemon->port, ADDRESS_NONE, false);
    assert_int_equal(client->count, 1);
}

/* ---- answers ---- */

static void a_request_is_padded_to_its_reply(void **state) {
    struct daemon daemon = {.reply_type = CONTROL_RPY_N_SOURCES, .count = 1};
    struct control_client client;
    struct control_answer answer;
    (void)state;
    start(&daemon);
    connect_to(&client, &daemon);
    assert_true(control_client_ask(&client, CONTROL_REQ_N_SOURCES, NULL, &answer));
    control_client_close(&client);
    finish(&daemon);
    assert_int_equal(answer.n_sources.n_sources, 7);
    assert_int_equal(daemon.lengths[0], 32);
}

static void the_older_form_of_ntpdata_is_taken(void **state) {
    struct daemon daemon = {.reply_type = CONTROL_RPY_NTP_DATA, .count = 1};
    struct control_client client;
    struct control_answer answer;
    struct control_address request = {.ip_addr = address_ipv4(0x7f00000b)};
    (void)state;
    start(&daemon);
    connect_to(&client, &daemon);
    assert_true(control_client_ask(&client, CONTROL_REQ_NTP_DATA, &request, &answer));
    control_client_close(&client);
    finish(&daemon);
    assert_int_equal(daemon.lengths[0], 172);
    assert_int_equal(get_be32(daemon.requests[0] + CONTROL_REQUEST_HEADER), 0x7f00000b);
    assert_int_equal(answer.type, CONTROL_RPY_NTP_DATA);
    assert_ptr_equal(answer.layout, &control_layout_ntp_data);
}

static void an_answer_to_another_question_is_ignored(void **state) {
    struct daemon daemon = {
        .reply_type = CONTROL_RPY_N_SOURCES, .count = 1, .scripts = {ANSWER_WRONG_SEQUENCE}};
    struct control_client client;
    struct control_answer answer;
    (void)state;
    start(&daemon);
    connect_to(&client, &daemon);
    assert_true(control_client_ask(&client, CONTROL_REQ_N_SOURCES, NULL, &answer));
    control_client_close(&client);
    finish(&daemon);
    assert_int_equal(answer.n_sources.n_sources, 8);
}

static void a_cut_answer_is_asked_for_again_at_once(void **state) {
    struct daemon daemon = {
        .reply_type = CONTROL_RPY_N_SOURCES, .count = 2, .scripts = {ANSWER_CUT, ANSWER}};
    struct control_client client;
    struct control_answer answer;
    (void)state;
    start(&daemon);
    connect_to(&client, &daemon);
    client.timeout = 1000000;
    assert_true(control_client_ask(&client, CONTROL_REQ_N_SOURCES, NULL, &answer));
    control_client_close(&client);
    finish(&daemon);
    assert_int_equal(get_be16(daemon.requests[0] + 6), 0);
    assert_int_equal(get_be16(daemon.requests[1] + 6), 1);
    assert_int_not_equal(get_be32(daemon.requests[0] + 8), get_be32(daemon.requests[1] + 8));
}

static void an_ancient_daemon_is_asked_in_its_version_without_padding(void **state) {
    struct daemon daemon = {.reply_type = CONTROL_RPY_NULL,
                            .count = 2,
                            .scripts = {ANSWER_VERSION_5, ANSWER_VERSION_5}};
    struct control_client client;
    struct control_answer answer;
    (void)state;
    start(&daemon);
    connect_to(&client, &daemon);
    assert_true(control_client_ask(&client, CONTROL_REQ_TRACKING, NULL, &answer));
    control_client_close(&client);
    finish(&daemon);
    assert_int_equal(daemon.requests[0][0], 6);
    assert_int_equal(daemon.requests[1][0], 5);
    assert_int_equal(daemon.lengths[1], CONTROL_REQUEST_HEADER);
    assert_int_equal(answer.status, CONTROL_BAD_VERSION);
}

/* ---- servers ---- */

static void a_closed_port_hands_over_to_the_next_server(void **state) {
    struct daemon daemon = {.reply_type = CONTROL_RPY_N_SOURCES, .count = 2};
    struct control_client client;
    struct control_answer answer;
    (void)state;
    start(&daemon);
    control_client_init(&client, NULL);
    control_client_add_servers(&client, "/nonexistent/chronyd.sock,,127.0.0.1", 1, ADDRESS_NONE,
                               false);
    control_client_add_servers(&client, "127.0.0.1", daemon.port, ADDRESS_NONE, false);
    assert_int_equal(client.count, 3);
    assert_true(control_client_ask(&client, CONTROL_REQ_N_SOURCES, NULL, &answer));
    assert_int_equal(client.current, 2);
    /* And stays there. */
    assert_true(control_client_ask(&client, CONTROL_REQ_N_SOURCES, NULL, &answer));
    control_client_close(&client);
    finish(&daemon);
}

static void silence_ends_at_the_deadline(void **state) {
    struct daemon daemon = {
        .reply_type = CONTROL_RPY_N_SOURCES, .count = 1, .scripts = {ANSWER_NOT}};
    struct control_client client;
    struct control_answer answer;
    (void)state;
    start(&daemon);
    connect_to(&client, &daemon);
    client.deadline = monotonic_clock_read() + NS_PER_S / 50;
    assert_false(control_client_ask(&client, CONTROL_REQ_N_SOURCES, NULL, &answer));
    assert_true(monotonic_clock_read() < client.deadline + NS_PER_S / 2);
    assert_int_equal(client.fd, -1);
    finish(&daemon);
}

static void a_stopped_client_does_not_wait(void **state) {
    static const volatile sig_atomic_t stop = 1;
    struct control_client client;
    struct control_answer answer;
    (void)state;
    control_client_init(&client, &stop);
    control_client_add_servers(&client, "127.0.0.1,::1", 1, ADDRESS_NONE, false);
    assert_false(control_client_ask(&client, CONTROL_REQ_N_SOURCES, NULL, &answer));
}

static void lists_are_bounded_and_names_optional(void **state) {
    struct control_client client;
    char path[200];
    (void)state;
    control_client_init(&client, NULL);
    control_client_add_servers(&client, "localhost,127.0.0.1x,relative/path", 323, ADDRESS_NONE,
                               false);
    assert_int_equal(client.count, 0);
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    control_client_add_servers(&client, path, 323, ADDRESS_NONE, false);
    assert_int_equal(client.count, 0);
    for (int i = 0; i < 2 * CONTROL_CLIENT_MAX_SERVERS; i++)
        control_client_add_servers(&client, "192.0.2.1,2001:db8::1", 323, ADDRESS_NONE, true);
    assert_int_equal(client.count, CONTROL_CLIENT_MAX_SERVERS);
    assert_int_equal(client.servers[1].endpoint.address.family, ADDRESS_IPV6);
    assert_int_equal(client.servers[1].endpoint.port, 323);
}

/* ---- the Unix socket ---- */

static void start_unix(struct daemon *daemon, char directory[], char path[]) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(directory, "/tmp/chronobox-test-XXXXXX");
    assert_non_null(mkdtemp(directory));
    sprintf(path, "%s/chronyd.sock", directory);
    strcpy(address.sun_path, path);
    daemon->fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(daemon->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(pthread_create(&daemon->thread, NULL, serve, daemon), 0);
}

static int entries(const char *directory) {
    DIR *stream = opendir(directory);
    int count = -2; /* . and .. */
    assert_non_null(stream);
    while (readdir(stream))
        count++;
    closedir(stream);
    return count;
}

static int mode_of(const char *path) {
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return (int)(status.st_mode & 07777);
}

static void the_own_socket_lies_in_a_private_directory_and_is_removed(void **state) {
    struct daemon daemon = {.reply_type = CONTROL_RPY_N_SOURCES, .count = 1};
    struct control_client client;
    struct control_answer answer;
    char directory[64], path[100], expected[100];
    (void)state;
    start_unix(&daemon, directory, path);
    control_client_init(&client, NULL);
    control_client_add_servers(&client, path, 0, ADDRESS_NONE, false);
    mode_t mask = umask(077);
    assert_true(control_client_ask(&client, CONTROL_REQ_N_SOURCES, NULL, &answer));
    assert_int_equal(umask(mask), 077);
    sprintf(expected, "%s/chronyc.%d/", directory, (int)getpid());
    assert_memory_equal(client.socket_path, expected, strlen(expected));
    assert_int_equal(strlen(client.socket_path), strlen(expected) + 16 + strlen("/sock"));
    assert_int_equal(mode_of(client.socket_path), 0666);
    char folder[CONTROL_CLIENT_PATH_SIZE];
    strcpy(folder, client.socket_path);
    for (int i = 0; i < 2; i++) {
        *strrchr(folder, '/') = '\0';
        assert_int_equal(mode_of(folder), 0711);
    }
    control_client_close(&client);
    assert_int_equal(entries(directory), 1);
    finish(&daemon);
    unlink(path);
    rmdir(directory);
}

static void someone_elses_directory_is_not_used(void **state) {
    struct daemon daemon = {.reply_type = CONTROL_RPY_N_SOURCES, .count = 0};
    struct control_client client;
    char directory[64], path[100], trap[100];
    (void)state;
    start_unix(&daemon, directory, path);
    sprintf(trap, "%s/chronyc.%d", directory, (int)getpid());
    assert_int_equal(symlink("/tmp", trap), 0);
    control_client_init(&client, NULL);
    control_client_add_servers(&client, path, 0, ADDRESS_NONE, false);
    assert_false(control_client_open(&client));
    assert_int_equal(entries(directory), 2);
    control_client_close(&client);
    assert_int_equal(entries(directory), 2);
    finish(&daemon);
    unlink(trap);
    unlink(path);
    rmdir(directory);
}

static void numeric_addresses_are_of_the_family_that_is_asked_for(void **state) {
    struct address address;
    (void)state;
    assert_int_equal(control_client_resolve("::1", ADDRESS_NONE, &address, 1), 1);
    assert_int_equal(control_client_resolve("::1", ADDRESS_IPV6, &address, 1), 1);
    assert_int_equal(control_client_resolve("::1", ADDRESS_IPV4, &address, 1), 0);
    assert_int_equal(control_client_resolve("127.0.0.1", ADDRESS_IPV6, &address, 1), 0);
}

static void nothing_is_made_beside_a_socket_that_nobody_listens_to(void **state) {
    struct daemon daemon = {.reply_type = CONTROL_RPY_N_SOURCES, .count = 0};
    struct control_client client;
    char directory[64], path[100];
    (void)state;
    start_unix(&daemon, directory, path);
    finish(&daemon);
    control_client_init(&client, NULL);
    control_client_add_servers(&client, path, 0, ADDRESS_NONE, false);
    assert_false(control_client_open(&client));
    assert_int_equal(entries(directory), 1);
    unlink(path);
    rmdir(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_padded_to_its_reply),
        cmocka_unit_test(the_older_form_of_ntpdata_is_taken),
        cmocka_unit_test(an_answer_to_another_question_is_ignored),
        cmocka_unit_test(a_cut_answer_is_asked_for_again_at_once),
        cmocka_unit_test(an_ancient_daemon_is_asked_in_its_version_without_padding),
        cmocka_unit_test(a_closed_port_hands_over_to_the_next_server),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(a_stopped_client_does_not_wait),
        cmocka_unit_test(lists_are_bounded_and_names_optional),
        cmocka_unit_test(the_own_socket_lies_in_a_private_directory_and_is_removed),
        cmocka_unit_test(someone_elses_directory_is_not_used),
        cmocka_unit_test(numeric_addresses_are_of_the_family_that_is_asked_for),
        cmocka_unit_test(nothing_is_made_beside_a_socket_that_nobody_listens_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
