/* The kernel's screen of a server's socket: everything that is a request gets through, hardly
 * anything else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/linux/screen.h"
#include "core/ntp/respond.h"

#define TRIES 50000

/* xorshift64*, the same bytes every time. */
static uint64_t seed;

static uint32_t next(void) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

static int server = -1, client = -1;

static int open_sockets(void **state) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);

    (void)state;
    server = socket(AF_INET, SOCK_DGRAM, 0);
    client = socket(AF_INET, SOCK_DGRAM, 0);
    screen_attach(server);
    return bind(server, (struct sockaddr *)&address, length) |
           getsockname(server, (struct sockaddr *)&address, &length) |
           connect(client, (struct sockaddr *)&address, length);
}

static int close_sockets(void **state) {
    (void)state;
    return close(server) | close(client);
}

/* The loopback delivers before send() returns. */
static bool passes(const uint8_t *bytes, size_t length) {
    uint8_t heard[2048];

    assert_int_equal(send(client, bytes, length, 0), length);
    return recv(server, heard, sizeof(heard), MSG_DONTWAIT) == (ssize_t)length;
}

static bool is_request(const uint8_t *bytes, size_t length) {
    struct ntp_layout layout;
    enum request_kind kind = respond_classify(bytes, length, 9999, &layout);

    return kind != REQUEST_INVALID;
}

static void every_version_mode_and_length_of_a_request_passes(void **state) {
    (void)state;
    for (unsigned flags = 0; flags < 256; flags++) {
        for (size_t length = 1; length < 200; length++) {
            uint8_t bytes[200] = {(uint8_t)flags};

            put_be16(bytes + NTP_HEADER_SIZE + 2, (uint16_t)(flags % 64));
            if (is_request(bytes, length))
                assert_true(passes(bytes, length));
        }
    }
}

/* Extension fields and codes of all lengths: what can be split can come in. */
static void requests_with_tails_pass(void **state) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE + 100] = {4 << 3 | 3};
    int requests = 0;

    (void)state;
    seed = 1;
    for (int i = 0; i < TRIES; i++) {
        size_t length = NTP_HEADER_SIZE + next() % (sizeof(bytes) - NTP_HEADER_SIZE);

        length &= ~(size_t)3;
        bytes[0] = (uint8_t)((1 + i % 4) << 3 | 3);
        put_be16(bytes + NTP_HEADER_SIZE, (uint16_t)next());
        put_be16(bytes + NTP_HEADER_SIZE + 2,
                 (uint16_t)(length - NTP_HEADER_SIZE - (size_t)(i % 8) * 4));
        if (!is_request(bytes, length))
            continue;
        assert_true(passes(bytes, length));
        requests++;
    }
    assert_true(requests > TRIES / 100);
}

static void peers_pass(void **state) {
    uint8_t active[NTP_HEADER_SIZE] = {4 << 3 | 1}, passive[NTP_HEADER_SIZE] = {3 << 3 | 2};

    (void)state;
    assert_true(passes(active, sizeof(active)));
    assert_true(passes(passive, sizeof(passive)));
}

static void garbage_stays_outside(void **state) {
    static const uint8_t monlist[48] = {0x17, 0x00, 0x03, 0x2a}, readvar[48] = {0x16, 0x02};
    int passed = 0;

    (void)state;
    seed = 2;
    for (int i = 0; i < TRIES; i++) {
        uint8_t bytes[1500];
        size_t length = 1 + next() % sizeof(bytes);

        for (size_t k = 0; k < length; k++)
            bytes[k] = (uint8_t)next();
        passed += passes(bytes, length);
    }
    assert_true(passed < TRIES / 100);
    assert_false(passes(monlist, sizeof(monlist)));
    assert_false(passes(readvar, sizeof(readvar)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_mode_and_length_of_a_request_passes),
        cmocka_unit_test(requests_with_tails_pass),
        cmocka_unit_test(peers_pass),
        cmocka_unit_test(garbage_stays_outside),
    };

    return cmocka_run_group_tests(tests, open_sockets, close_sockets);
}
