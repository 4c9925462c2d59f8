/* The server's side of a daemon: keys, interleaved mode, rate limits, broadcasts, and when its
 * sockets are open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/ntp/keys.h"
#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define AT_POLL     2
#define AT_ORIGIN   24
#define AT_RECEIVE  32
#define AT_TRANSMIT 40

#define KEYS "1 MD5 HEX:00112233445566778899AABBCCDDEEFF\n7 SHA256 ASCII:longsecret\n"

/* One daemon that has run for a second. NULL ends the lines. */
static struct sim *server(const char *const *lines) {
    struct sim *sim = sim_new(1, 1);
    struct sim_node *node = sim_node(sim, 0);

    sim_configure(node, "local stratum 1");
    for (; *lines != NULL; lines++)
        sim_configure(node, *lines);
    sim_write(node, "/keys", KEYS, strlen(KEYS));
    sim_match(node, "Loaded 2 symmetric keys");
    sim_match(node, "Could not open keyfile /keys");
    sim_run(sim, 1.0);
    return sim;
}

static void make_request(unsigned version, unsigned mode, uint8_t *bytes) {
    memset(bytes, 0, NTP_PACKET_MAX_SIZE);
    bytes[0] = (uint8_t)(version << 3 | mode);
    bytes[AT_POLL] = 6;
    put_be64(bytes + AT_TRANSMIT, UINT64_C(0x1122334455667788));
}

static void no_log(void *context, enum log_level level, const char *message) {
    (void)context;
    (void)level;
    (void)message;
}

static struct keys load_keys(const char *text) {
    const struct log log = {no_log, NULL};
    struct keys keys = {0};

    assert_true(keys_load(&keys, text, strlen(text), "keys", &log));
    return keys;
}

/* The answer's length to a request with a MAC by that key. */
static size_t ask_with(struct sim_node *node, const struct keys *keys, uint32_t id,
                       unsigned version) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE];
    size_t length;

    make_request(version, NTP_MODE_CLIENT, bytes);
    length = keys_append_mac(keys_find(keys, id), (int)version, bytes, NTP_HEADER_SIZE);
    return probe_send(node, bytes, length);
}

static struct control_server_stats stats_of(struct sim_node *node) {
    struct control_server_stats stats;

    assert_int_equal(probe_command(node, CONTROL_REQ_SERVER_STATS, NULL, &stats), CONTROL_SUCCESS);
    return stats;
}

static void answer_carries_the_requests_key(void **state) {
    static const struct {
        uint32_t id;
        unsigned version;
        size_t length;
    } rows[] = {{1, 1, 20}, {1, 4, 20}, {7, 2, 36}, {7, 3, 36}, {7, 4, 24}};
    struct sim *sim = server((const char *const[]){"allow", "keyfile /keys", NULL});
    struct sim_node *node = sim_node(sim, 0);
    struct keys keys = load_keys(KEYS);

    (void)state;
    assert_int_equal(sim_matched(node, "Loaded 2 symmetric keys"), 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ask_with(node, &keys, rows[i].id, rows[i].version),
                         NTP_HEADER_SIZE + rows[i].length);
        assert_ptr_equal(keys_verify(&keys, (int)rows[i].version, node->reply, node->reply_length,
                                     rows[i].length),
                         keys_find(&keys, rows[i].id));
    }
    assert_int_equal(stats_of(node).ntp_auth_hits, 5);
    keys_free(&keys);
    sim_free(sim);
}

static void wrong_authentication_gets_silence_and_is_no_authenticated_hit(void **state) {
    struct sim *sim = server((const char *const[]){"allow", "keyfile /keys", NULL});
    struct sim_node *node = sim_node(sim, 0);
    struct keys wrong = load_keys("1 MD5 HEX:01112233445566778899AABBCCDDEEFF\n2 MD5 other\n");
    uint8_t bytes[NTP_PACKET_MAX_SIZE];

    (void)state;
    assert_int_equal(ask_with(node, &wrong, 1, 4), 0);
    assert_int_equal(ask_with(node, &wrong, 2, 4), 0);
    make_request(4, NTP_MODE_CLIENT, bytes);
    assert_int_equal(probe_send(node, bytes, NTP_HEADER_SIZE), NTP_HEADER_SIZE);
    assert_int_equal(stats_of(node).ntp_auth_hits, 0);
    assert_int_equal(stats_of(node).ntp_hits, 3);
    keys_free(&wrong);
    sim_free(sim);
}

static void rekey_reads_the_file_again(void **state) {
    struct sim *sim = server((const char *const[]){"allow", "keyfile /keys", NULL});
    struct sim_node *node = sim_node(sim, 0);
    struct keys keys = load_keys(KEYS "9 SHA1 newcomer\n");

    (void)state;
    assert_int_equal(ask_with(node, &keys, 9, 4), 0);
    sim_write(node, "/keys", KEYS "9 SHA1 newcomer\n", strlen(KEYS) + 16);
    assert_int_equal(probe_command(node, CONTROL_REQ_REKEY, NULL, NULL), CONTROL_SUCCESS);
    assert_int_equal(ask_with(node, &keys, 9, 4), NTP_HEADER_SIZE + 24);
    sim_write(node, "/keys", NULL, 0);
    assert_int_equal(probe_command(node, CONTROL_REQ_REKEY, NULL, NULL), CONTROL_SUCCESS);
    assert_int_equal(sim_matched(node, "Could not open keyfile /keys"), 1);
    assert_int_equal(ask_with(node, &keys, 1, 4), 0);
    keys_free(&keys);
    sim_free(sim);
}

static void authdata_tells_of_the_sources_key(void **state) {
    static const struct {
        const char *address;
        uint16_t mode, type, length;
        uint32_t id;
    } rows[] = {{"10.0.0.1", 1, 3, 80, 7}, {"10.0.0.2", 1, 0, 0, 99}, {"10.0.0.3", 0, 0, 0, 0}};
    struct sim *sim =
        server((const char *const[]){"keyfile /keys", "server 10.0.0.1 key 7",
                                     "server 10.0.0.2 key 99", "server 10.0.0.3", NULL});

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct control_address request;
        struct control_auth_data data;

        assert_true(address_parse(rows[i].address, &request.ip_addr));
        assert_int_equal(probe_command(sim_node(sim, 0), CONTROL_REQ_AUTH_DATA, &request, &data),
                         CONTROL_SUCCESS);
        assert_int_equal(data.mode, rows[i].mode);
        assert_int_equal(data.key_type, rows[i].type);
        assert_int_equal(data.key_id, rows[i].id);
        assert_int_equal(data.key_length, rows[i].length);
        assert_int_equal(data.last_ke_ago, CONTROL_NEVER);
    }
    sim_free(sim);
}

/* Asks as an interleaved client does, naming the receive stamp of the last answer; true when the
 * answer is interleaved. */
static bool ask_interleaved(struct sim_node *node, unsigned version, unsigned mode) {
    uint8_t bytes[NTP_PACKET_MAX_SIZE];

    make_request(version, mode, bytes);
    memcpy(bytes + AT_ORIGIN, node->reply + AT_RECEIVE, 8);
    put_be64(bytes + AT_RECEIVE, 0x2222);
    assert_int_equal(probe_send(node, bytes, NTP_HEADER_SIZE), NTP_HEADER_SIZE);
    return get_be64(node->reply + AT_ORIGIN) == 0x2222;
}

static void third_answer_to_an_interleaved_client_is_interleaved(void **state) {
    struct sim *sim = server((const char *const[]){"allow", NULL});
    struct sim_node *node = sim_node(sim, 0);
    struct control_server_stats stats;
    uint8_t bytes[NTP_PACKET_MAX_SIZE];

    (void)state;
    for (unsigned mode = NTP_MODE_ACTIVE; mode <= NTP_MODE_CLIENT; mode += 2) {
        make_request(4, mode, bytes);
        probe_send(node, bytes, NTP_HEADER_SIZE);
        assert_false(ask_interleaved(node, 4, mode));
        sim_run(sim, sim_now(sim) + 1.0);
        assert_true(ask_interleaved(node, 4, mode));
        /* When the answer before this one left, a second ago. */
        assert_in_range(get_be64(node->reply + AT_RECEIVE) - get_be64(node->reply + AT_TRANSMIT),
                        UINT64_C(0xf0000000), UINT64_C(0x110000000));
    }
    stats = stats_of(node);
    assert_int_equal(stats.ntp_interleaved_hits, 2);
    assert_int_equal(stats.ntp_timestamps, 4);
    sim_free(sim);
}

static void only_version_4_and_a_client_log_make_answers_interleaved(void **state) {
    struct sim *sim = server((const char *const[]){"allow", NULL});
    struct sim_node *node = sim_node(sim, 0);
    uint8_t bytes[NTP_PACKET_MAX_SIZE];

    (void)state;
    make_request(3, NTP_MODE_CLIENT, bytes);
    probe_send(node, bytes, NTP_HEADER_SIZE);
    for (int i = 0; i < 3; i++)
        assert_false(ask_interleaved(node, 3, NTP_MODE_CLIENT));
    sim_free(sim);
    sim = server((const char *const[]){"allow", "noclientlog", NULL});
    node = sim_node(sim, 0);
    make_request(4, NTP_MODE_CLIENT, bytes);
    probe_send(node, bytes, NTP_HEADER_SIZE);
    for (int i = 0; i < 3; i++)
        assert_false(ask_interleaved(node, 4, NTP_MODE_CLIENT));
    assert_int_equal(stats_of(node).ntp_interleaved_hits, 0);
    sim_free(sim);
}

static void limited_client_gets_kisses_of_death_and_silence(void **state) {
    struct sim *sim = server((const char *const[]){
        "allow", "keyfile /keys", "ratelimit interval 10 burst 3 leak 4 kod 2", NULL});
    struct sim_node *node = sim_node(sim, 0);
    struct keys keys = load_keys(KEYS);
    int answers = 0, kisses = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask_with(node, &keys, 1, 4), NTP_HEADER_SIZE + 20);
    assert_int_equal(node->reply[AT_POLL], 10);
    for (int i = 0; i < 1000; i++) {
        if (ask_with(node, &keys, 1, 4) == 0)
            continue;
        assert_non_null(keys_verify(&keys, 4, node->reply, node->reply_length, 20));
        if (memcmp(node->reply + 12, "RATE", 4) == 0) {
            assert_int_equal(node->reply[0], 0xe4);
            assert_int_equal(node->reply[1], 0);
            assert_int_equal(node->reply[AT_POLL], 10);
            kisses++;
        } else {
            answers++;
        }
    }
    /* 1 in 16 and, of the others, 1 in 4: five deviations to either side. */
    assert_in_range(answers, 62 - 38, 62 + 38);
    assert_in_range(kisses, 234 - 67, 234 + 67);
    assert_int_equal(stats_of(node).ntp_drops, 1000 - answers - kisses);
    keys_free(&keys);
    sim_free(sim);
}

/* A request with a row of extension fields of every kind, now and then damaged. */
static size_t random_request(struct sim_random *random, uint8_t *bytes) {
    static const uint16_t types[] = {0xf323, 0x010a, 0x1234, 0xf323};
    size_t length = NTP_HEADER_SIZE;

    make_request(sim_random_u64(random) % 3 == 0 ? 3 : 4,
                 sim_random_u64(random) % 4 == 0 ? NTP_MODE_ACTIVE : NTP_MODE_CLIENT, bytes);
    put_be64(bytes + AT_ORIGIN, sim_random_u64(random));
    while (sim_random_u64(random) % 2 == 0 && length < 400) {
        uint16_t field = sim_random_u64(random) % 4 > 0 ? 28 : 32;

        put_be16(bytes + length, types[sim_random_u64(random) % 4]);
        put_be16(bytes + length + 2, field);
        put_be32(bytes + length + 4, 0xf5bedd9a);
        length += field;
    }
    if (sim_random_u64(random) % 8 == 0)
        bytes[sim_random_u64(random) % length] = (uint8_t)sim_random_u64(random);
    return length;
}

static void no_answer_is_longer_than_its_request(void **state) {
    struct sim *sim = server((const char *const[]){"allow", "keyfile /keys", NULL});
    struct sim_node *node = sim_node(sim, 0);
    struct keys keys = load_keys(KEYS);
    struct sim_random random;
    int answers = 0;

    (void)state;
    sim_random_seed(&random, 1);
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[NTP_PACKET_MAX_SIZE];
        size_t length = random_request(&random, bytes);

        if (sim_random_u64(&random) % 2 == 0)
            length = keys_append_mac(keys_find(&keys, sim_random_u64(&random) % 2 == 0 ? 1 : 7),
                                     bytes[0] >> 3 & 7, bytes, length);
        assert_true(probe_send(node, bytes, length) <= length);
        answers += node->reply_length > 0;
    }
    assert_in_range(answers, 10000, 20000);
    keys_free(&keys);
    sim_free(sim);
}

static bool serves(struct sim_node *node) {
    struct ntp_header answer;

    return probe_ask(node, &answer, NULL);
}

static void server_socket_is_open_while_a_rule_allows_someone(void **state) {
    struct sim *sim = server((const char *const[]){"allow 192.168.0.0/16", NULL});
    struct sim_node *node = sim_node(sim, 0);
    struct control_subnet subnet = {.ip = address_ipv4(0xc0a80000), .subnet_bits = 16};
    int sockets[2];

    (void)state;
    assert_true(serves(node));
    assert_int_equal(probe_command(node, CONTROL_REQ_DENY, &subnet, NULL), CONTROL_SUCCESS);
    for (int on = 0; on < 2; on++) {
        sockets[on] = 0;
        for (int i = 0; i < SIM_MAX_SOCKETS; i++)
            sockets[on] += node->sockets[i].used && node->sockets[i].kind == SOCKET_SERVER ? 1 : 0;
        if (on == 0)
            assert_int_equal(probe_command(node, CONTROL_REQ_ALLOW, &subnet, NULL),
                             CONTROL_SUCCESS);
    }
    assert_int_equal(sockets[0], 0);
    assert_int_equal(sockets[1], 1);
    assert_true(serves(node));
    sim_free(sim);
}

/* The probe's port keeps what is sent there. */
static void broadcast_is_sent_every_interval_also_unsynchronised(void **state) {
    struct sim *sim = sim_new(1, 1);
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    sim_configure(node, "server 10.0.0.1");
    sim_configure(node, "broadcast 100 192.168.1.255 9999");
    sim_run(sim, 99.0);
    assert_int_equal(node->reply_length, 0);
    for (int i = 1; i < 5; i++) {
        sim_run(sim, 100.0 * i + 1.0);
        assert_int_equal(node->reply_length, NTP_HEADER_SIZE);
        assert_int_equal(node->reply[0], 0xe5);
        assert_int_equal(node->reply[AT_POLL], 7);
        assert_true(get_be64(node->reply + AT_ORIGIN) == 0);
        assert_true(get_be64(node->reply + AT_RECEIVE) == 0);
        node->reply_length = 0;
    }
    assert_false(serves(node)); /* nobody is allowed to ask */
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_carries_the_requests_key),
        cmocka_unit_test(wrong_authentication_gets_silence_and_is_no_authenticated_hit),
        cmocka_unit_test(rekey_reads_the_file_again),
        cmocka_unit_test(authdata_tells_of_the_sources_key),
        cmocka_unit_test(third_answer_to_an_interleaved_client_is_interleaved),
        cmocka_unit_test(only_version_4_and_a_client_log_make_answers_interleaved),
        cmocka_unit_test(limited_client_gets_kisses_of_death_and_silence),
        cmocka_unit_test(no_answer_is_longer_than_its_request),
        cmocka_unit_test(server_socket_is_open_while_a_rule_allows_someone),
        cmocka_unit_test(broadcast_is_sent_every_interval_also_unsynchronised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
