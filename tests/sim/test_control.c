/* The daemon's side of the control protocol, datagram by datagram: who is answered, in which order
 * that is decided, in which form, and what is said in the log about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>

#include "tests/sim/probe.h"
#include "tests/sim/sim.h"

#define SILENCE     (-1) /* instead of a status */
#define LONGEST     520  /* what monitoring libraries send for everything */
#define BEYOND_LAST 80   /* command numbers end before it */

/* Flags of ADD_SOURCE */
#define ADD_ONLINE 0x0001
#define ADD_IBURST 0x0004
#define ADD_IPV4   0x2000
#define ADD_IPV6   0x4000

static const struct address loopback = {.bytes = {127, 0, 0, 1}, .family = ADDRESS_IPV4};
static const struct address other_loopback = {.bytes = {127, 0, 0, 2}, .family = ADDRESS_IPV4};
static const struct address loopback6 = {.bytes = {[15] = 1}, .family = ADDRESS_IPV6};
static const struct address outside = {.bytes = {192, 168, 0, 254}, .family = ADDRESS_IPV4};
#define OVER_UNIX NULL

/* A node that runs with these lines, up to the first NULL. */
static struct sim *daemon_with(const char *const *lines) {
    struct sim *sim = sim_new(1, 1);

    for (; *lines != NULL; lines++)
        sim_configure(sim_node(sim, 0), *lines);
    sim_run(sim, 1.0);
    return sim;
}
#define DAEMON(...) daemon_with((const char *const[]){__VA_ARGS__, NULL})

/* The status of the answer to an otherwise empty request, or SILENCE. */
static int ask(struct sim *sim, const struct address *from, unsigned command, size_t length) {
    struct control_request request = {
        .version = CONTROL_VERSION, .type = CONTROL_TYPE_REQUEST, .command = (uint16_t)command};
    uint8_t bytes[2 * CONTROL_MAX_REQUEST] = {0};
    struct sim_node *node = sim_node(sim, 0);
    struct control_reply reply;

    control_request_encode(&request, bytes);
    if (probe_control(node, from, bytes, length) == 0)
        return SILENCE;
    assert_true(control_reply_decode(node->reply, node->reply_length, &reply));
    assert_int_equal(reply.command, command);
    return reply.status;
}

static unsigned reply_type(const struct sim_node *node) {
    struct control_reply reply;

    assert_true(control_reply_decode(node->reply, node->reply_length, &reply));
    return reply.reply;
}

static struct control_server_stats stats_of(struct sim *sim) {
    struct control_server_stats stats = {0};

    assert_int_equal(probe_command(sim_node(sim, 0), CONTROL_REQ_SERVER_STATS, NULL, &stats),
                     CONTROL_SUCCESS);
    return stats;
}

static void length_of_a_request_tells_the_form_of_its_answer(void **state) {
    static const struct {
        unsigned command;
        size_t length;
        int status;
        unsigned reply;
        size_t reply_length;
    } rows[] = {
        {54, 71, CONTROL_BAD_LENGTH, CONTROL_RPY_NULL, 28},
        {54, 72, CONTROL_SUCCESS, CONTROL_RPY_SERVER_STATS3, 72},
        {54, 195, CONTROL_SUCCESS, CONTROL_RPY_SERVER_STATS3, 72},
        {54, 196, CONTROL_SUCCESS, CONTROL_RPY_SERVER_STATS4, 196},
        {54, LONGEST, CONTROL_SUCCESS, CONTROL_RPY_SERVER_STATS4, 196},
        {57, 151, CONTROL_BAD_LENGTH, CONTROL_RPY_NULL, 28},
        {57, 152, CONTROL_SUCCESS, CONTROL_RPY_NTP_DATA, 152},
        {57, 171, CONTROL_SUCCESS, CONTROL_RPY_NTP_DATA, 152},
        {57, 172, CONTROL_SUCCESS, CONTROL_RPY_NTP_DATA2, 172},
        {57, LONGEST, CONTROL_SUCCESS, CONTROL_RPY_NTP_DATA2, 172},
    };
    struct sim *sim = DAEMON("server 192.168.7.7");
    struct sim_node *node = sim_node(sim, 0);
    struct control_address which = {.ip_addr = {.bytes = {192, 168, 7, 7}, .family = ADDRESS_IPV4}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct control_request request = {.version = CONTROL_VERSION,
                                          .type = CONTROL_TYPE_REQUEST,
                                          .command = (uint16_t)rows[i].command};
        uint8_t bytes[CONTROL_MAX_REQUEST] = {0};
        struct control_reply reply;

        control_request_encode(&request, bytes);
        control_encode(control_layout(CONTROL_LAYOUT_address), &which,
                       bytes + CONTROL_REQUEST_HEADER);
        assert_int_equal(probe_control(node, OVER_UNIX, bytes, rows[i].length),
                         rows[i].reply_length);
        control_reply_decode(node->reply, node->reply_length, &reply);
        assert_int_equal(reply.status, rows[i].status);
        assert_int_equal(reply.reply, rows[i].reply);
    }
    sim_free(sim);
}

/* A 4.3 client's counters are 32 bits of the same numbers. */
static void old_form_of_serverstats_has_the_same_numbers(void **state) {
    struct sim *sim = DAEMON("allow");
    struct sim_node *node = sim_node(sim, 0);
    uint64_t commands = stats_of(sim).cmd_hits;

    (void)state;
    assert_int_equal(ask(sim, OVER_UNIX, CONTROL_REQ_SERVER_STATS, 72), CONTROL_SUCCESS);
    assert_int_equal(reply_type(node), CONTROL_RPY_SERVER_STATS3);
    assert_int_equal(node->reply[39], commands + 1); /* low byte of cmd_hits, the third u32 */
    sim_free(sim);
}

static void local_is_understood_in_both_forms(void **state) {
    struct sim *sim = DAEMON("port 0");
    struct sim_node *node = sim_node(sim, 0);
    struct control_local local = {.on_off = 1, .stratum = 7, .distance = 1.0, .wait_unsynced = 300};
    struct control_tracking tracking;

    (void)state;
    assert_int_equal(probe_command(node, CONTROL_REQ_LOCAL2, &local, NULL), CONTROL_SUCCESS);
    probe_command(node, CONTROL_REQ_TRACKING, NULL, &tracking);
    assert_int_equal(tracking.stratum, 7);
    local.stratum = 99; /* the daemon knows better */
    assert_int_equal(probe_command(node, CONTROL_REQ_LOCAL3, &local, NULL), CONTROL_SUCCESS);
    probe_command(node, CONTROL_REQ_TRACKING, NULL, &tracking);
    assert_int_equal(tracking.leap_status, 3); /* for 300 s */
    local.wait_unsynced = 0.0;
    assert_int_equal(probe_command(node, CONTROL_REQ_LOCAL3, &local, NULL), CONTROL_SUCCESS);
    probe_command(node, CONTROL_REQ_TRACKING, NULL, &tracking);
    assert_int_equal(tracking.stratum, 15);
    sim_free(sim);
}

/* Whatever is asked in whatever length; only the command that ends the daemon is left out. */
static void no_answer_is_longer_than_its_question(void **state) {
    struct sim *sim = DAEMON("allow", "manual", "smoothtime 400 0.01", "server 192.168.7.7");
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    for (unsigned command = 0; command < BEYOND_LAST; command++) {
        for (size_t length = 1; length <= CONTROL_MAX_REQUEST + 10; length++) {
            if (command == CONTROL_REQ_SHUTDOWN)
                continue;
            if (length < CONTROL_REPLY_HEADER || length > CONTROL_MAX_REQUEST) {
                assert_int_equal(ask(sim, OVER_UNIX, command, length), SILENCE);
                continue;
            }
            assert_int_not_equal(ask(sim, OVER_UNIX, command, length), SILENCE);
            assert_true(node->reply_length <= length);
        }
    }
    sim_free(sim);
}

static void over_long_requests_are_answered(void **state) {
    struct sim *sim = DAEMON("manual", "smoothtime 400 0.01", "server 192.168.7.7");

    (void)state;
    for (unsigned command = 1; command < BEYOND_LAST; command++) {
        if (command == CONTROL_REQ_SHUTDOWN || control_command(command) == NULL)
            continue;
        for (size_t length = 416; length <= LONGEST; length += 52) {
            if (length < control_command(command)->min_length)
                continue;
            assert_int_not_equal(ask(sim, OVER_UNIX, command, length), CONTROL_BAD_LENGTH);
        }
    }
    sim_free(sim);
}

/* Each row breaks one thing more than the one below it. */
static void checks_come_in_their_order(void **state) {
    static const struct {
        const struct address *from;
        uint8_t version, type, reserved;
        unsigned command;
        size_t length;
        int status;
        int counted;
    } rows[] = {
        {&outside, 6, 1, 0, 33, 104, SILENCE, 0},
        {&other_loopback, 6, 1, 0, 33, 104, SILENCE, 0},
        {&loopback, 3, 2, 1, 99, 27, SILENCE, 0},
        {&loopback, 3, 2, 1, 99, 861, SILENCE, 0},
        {&loopback, 3, 2, 1, 99, 28, SILENCE, 0},
        {&loopback, 3, 1, 1, 99, 28, SILENCE, 0},
        {&loopback, 3, 1, 0, 99, 28, SILENCE, 1},
        {&loopback, 5, 1, 0, 99, 28, CONTROL_BAD_VERSION, 1},
        {&loopback, 7, 1, 0, 99, 28, CONTROL_BAD_VERSION, 1},
        {&loopback, 6, 1, 0, 99, 28, CONTROL_INVALID, 1},
        {&loopback, 6, 1, 0, 1, 28, CONTROL_BAD_LENGTH, 1},
        {&loopback, 6, 1, 0, 1, 60, CONTROL_UNAUTHORISED, 1},
        {OVER_UNIX, 6, 1, 0, 1, 60, CONTROL_NO_SUCH_SOURCE, 1},
        {&loopback6, 6, 1, 0, 33, 104, CONTROL_SUCCESS, 1},
    };
    struct sim *sim = DAEMON("cmddeny all");
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[CONTROL_MAX_REQUEST + 1] = {rows[i].version, rows[i].type, rows[i].reserved};
        uint64_t before = stats_of(sim).cmd_hits;
        struct control_reply reply;
        size_t length;

        bytes[5] = (uint8_t)rows[i].command;
        length = probe_control(node, rows[i].from, bytes, rows[i].length);
        if (rows[i].status == SILENCE) {
            assert_int_equal(length, 0);
        } else {
            assert_true(control_reply_decode(node->reply, length, &reply));
            assert_int_equal(reply.version, CONTROL_VERSION);
            assert_int_equal(reply.status, rows[i].status);
        }
        assert_int_equal(stats_of(sim).cmd_hits, before + 1 + (unsigned)rows[i].counted);
    }
    sim_free(sim);
}

/* The commands of the list, and no others, get past the check of access over UDP. */
static void assert_open(struct sim *sim, const unsigned *open, size_t count) {
    for (unsigned command = 0; command < BEYOND_LAST; command++) {
        bool is_open = false;
        int status = ask(sim, &loopback, command, LONGEST);

        for (size_t i = 0; i < count; i++)
            is_open = is_open || open[i] == command;
        if (control_command(command) == NULL)
            assert_int_equal(status, CONTROL_INVALID);
        else if (is_open)
            assert_int_not_equal(status, CONTROL_UNAUTHORISED);
        else
            assert_int_equal(status, CONTROL_UNAUTHORISED);
    }
}

static void over_udp_only_open_commands_are_done(void **state) {
    static const unsigned usual[] = {14, 15, 33, 34, 35, 41, 44, 51, 65};
    static const unsigned chosen[] = {33, 14, 57, 54, 68, 69};
    static const unsigned others[] = {14, 67, 44, 35};
    struct sim *sim = DAEMON("port 0");

    (void)state;
    assert_open(sim, usual, sizeof(usual) / sizeof(usual[0]));
    sim_free(sim);
    sim = DAEMON("opencommands tracking ntpdata clients serverstats selectdata");
    assert_open(sim, chosen, sizeof(chosen) / sizeof(chosen[0]));
    sim_free(sim);
    sim = DAEMON("opencommands tracking", "opencommands authdata activity rtcdata");
    assert_open(sim, others, sizeof(others) / sizeof(others[0]));
    sim_free(sim);
    sim = DAEMON("opencommands");
    assert_open(sim, NULL, 0);
    sim_free(sim);
}

static void cmdallow_says_who_is_answered_and_loopback_always_is(void **state) {
    struct sim *sim = DAEMON("cmdallow 192.168.0.0/24", "cmddeny 192.168.0.128/26", "cmddeny ::/0");
    struct address allowed = {.bytes = {192, 168, 0, 7}, .family = ADDRESS_IPV4};
    struct address denied = {.bytes = {192, 168, 0, 130}, .family = ADDRESS_IPV4};
    struct control_subnet all = {0};

    (void)state;
    assert_int_equal(ask(sim, &allowed, 33, 104), CONTROL_SUCCESS);
    assert_int_equal(ask(sim, &outside, 33, 104), CONTROL_SUCCESS);
    assert_int_equal(ask(sim, &denied, 33, 104), SILENCE);
    assert_int_equal(ask(sim, &other_loopback, 33, 104), SILENCE);
    probe_command(sim_node(sim, 0), CONTROL_REQ_CMDDENYALL, &all, NULL);
    assert_int_equal(ask(sim, &allowed, 33, 104), SILENCE);
    assert_int_equal(ask(sim, &loopback, 33, 104), CONTROL_SUCCESS);
    assert_int_equal(ask(sim, &loopback6, 33, 104), CONTROL_SUCCESS);
    probe_command(sim_node(sim, 0), CONTROL_REQ_CMDALLOW, &all, NULL);
    assert_int_equal(ask(sim, &denied, 33, 104), CONTROL_SUCCESS);
    assert_int_equal(ask(sim, &allowed, 1, 60), CONTROL_UNAUTHORISED);
    sim_free(sim);
}

/* How many of so many questions at one moment are answered. */
static int count_answers(struct sim *sim, const struct address *from, int questions) {
    int answers = 0;

    for (int i = 0; i < questions; i++)
        answers += ask(sim, from, CONTROL_REQ_ACTIVITY, 48) != SILENCE;
    return answers;
}

static void rate_of_answers_is_limited_for_others_than_loopback(void **state) {
    struct sim *sim = DAEMON("cmdallow", "cmdratelimit interval 0 burst 4 leak 4");
    int answers;

    (void)state;
    assert_int_equal(count_answers(sim, &loopback, 1000), 1000);
    assert_int_equal(stats_of(sim).cmd_drops, 0);
    answers = count_answers(sim, &outside, 1600); /* one in 2^4 leaks through */
    assert_in_range(answers, 60, 150);
    assert_int_equal(stats_of(sim).cmd_drops, 1600 - answers);
    sim_free(sim);
    sim = DAEMON("cmdallow");
    assert_int_equal(count_answers(sim, &outside, 1000), 1000);
    sim_free(sim);
}

static struct control_client_accesses clients_of(struct sim *sim, enum control_status wanted) {
    struct control_client_accesses_request request = {.n_clients = 8};
    struct control_client_accesses clients = {0};

    assert_int_equal(
        probe_command(sim_node(sim, 0), CONTROL_REQ_CLIENT_ACCESSES_BY_INDEX3, &request, &clients),
        wanted);
    return clients;
}

static void udp_requests_are_recorded_and_noclientlog_keeps_the_totals(void **state) {
    struct sim *sim = DAEMON("cmdallow 192.168.0.0/24");
    struct control_client_accesses clients;

    (void)state;
    count_answers(sim, &loopback, 3);
    count_answers(sim, &outside, 5);
    count_answers(sim, &other_loopback, 7);
    clients = clients_of(sim, CONTROL_SUCCESS);
    assert_int_equal(clients.n_clients, 2);
    assert_int_equal(clients.clients[0].cmd_hits + clients.clients[1].cmd_hits, 8);
    sim_free(sim);
    sim = DAEMON("noclientlog");
    count_answers(sim, &loopback, 3);
    clients_of(sim, CONTROL_INACTIVE);
    assert_int_equal(stats_of(sim).cmd_hits, 5);
    sim_free(sim);
}

/* As a client before 4.8 sends it: max_unreach is 0. */
static enum control_status add_by(unsigned command, struct sim *sim, int node, uint32_t type,
                                  const char *name, uint32_t flags) {
    struct control_add_source source = {.type = type,
                                        .port = 123,
                                        .minpoll = 4,
                                        .maxpoll = 4,
                                        .presend_minpoll = 100,
                                        .poll_target = 8,
                                        .max_sources = 4,
                                        .min_samples = -1,
                                        .max_samples = -1,
                                        .nts_port = 4460,
                                        .max_delay = 3.0,
                                        .max_delay_dev_ratio = 10.0,
                                        .asymmetry = 1.0,
                                        .flags = ADD_ONLINE | flags};

    memset(source.name, 0, sizeof(source.name));
    memcpy(source.name, name,
           strlen(name) < sizeof(source.name) ? strlen(name) : sizeof(source.name));
    return probe_command(sim_node(sim, node), command, &source, NULL);
}

static enum control_status add(struct sim *sim, int node, uint32_t type, const char *name,
                               uint32_t flags) {
    return add_by(CONTROL_REQ_ADD_SOURCE, sim, node, type, name, flags);
}

static void sources_are_added_with_the_flags_of_both_forms(void **state) {
    static const struct {
        unsigned command;
        uint32_t ipv4, ipv6;
    } forms[] = {{CONTROL_REQ_ADD_SOURCE, ADD_IPV4, ADD_IPV6},
                 {CONTROL_REQ_ADD_SOURCE2, 0x0800, 0x1000}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sim *sim = DAEMON("port 0");
        unsigned command = forms[i].command;

        assert_int_equal(add_by(command, sim, 0, 1, "192.168.7.8", forms[i].ipv6),
                         CONTROL_INVALID_FAMILY);
        assert_int_equal(add_by(command, sim, 0, 1, "fd00::1", forms[i].ipv4),
                         CONTROL_INVALID_FAMILY);
        assert_int_equal(add_by(command, sim, 0, 1, "192.168.7.8", forms[i].ipv4), CONTROL_SUCCESS);
        assert_int_equal(add_by(command, sim, 0, 1, "fd00::1", forms[i].ipv6), CONTROL_SUCCESS);
        sim_free(sim);
    }
}

static void what_cannot_be_added_is_refused_with_its_reason(void **state) {
    struct sim *sim = DAEMON("port 0");
    char long_name[300];
    enum control_status status = CONTROL_SUCCESS;

    (void)state;
    memset(long_name, 'a', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    assert_int_equal(add(sim, 0, 0, "192.168.7.7", 0), CONTROL_INVALID);
    assert_int_equal(add(sim, 0, 4, "192.168.7.7", 0), CONTROL_INVALID);
    assert_int_equal(add(sim, 0, 1, "192.168.7.7", 0), CONTROL_SUCCESS);
    assert_int_equal(add(sim, 0, 2, "192.168.7.7", 0), CONTROL_SOURCE_KNOWN);
    assert_int_equal(add(sim, 0, 1, "192.168.7.8", ADD_IPV6), CONTROL_INVALID_FAMILY);
    assert_int_equal(add(sim, 0, 1, "fd00::1", ADD_IPV4), CONTROL_INVALID_FAMILY);
    assert_int_equal(add(sim, 0, 1, "fd00::1", ADD_IPV6), CONTROL_SUCCESS);
    assert_int_equal(add(sim, 0, 1, long_name, 0), CONTROL_INVALID_NAME);
    assert_int_equal(add(sim, 0, 1, "a\tb", 0), CONTROL_INVALID_NAME);
    assert_int_equal(add(sim, 0, 3, "unknown.example", 0), CONTROL_SUCCESS);
    for (int i = 0; i < 2000 && status == CONTROL_SUCCESS; i++) {
        char name[32];

        snprintf(name, sizeof(name), "10.0.%d.%d", i / 100, i % 100 + 1);
        status = add(sim, 0, 1, name, 0);
    }
    assert_int_equal(status, CONTROL_TOO_MANY_SOURCES);
    sim_free(sim);
}

/* A client before 4.8 sends 0 where max_unreach is now, and does not mean it: a source that is not
 * reached any more is still good as long as its samples are. */
static void source_of_an_old_client_does_not_go_stale_at_once(void **state) {
    struct sim *sim = sim_new(1, 3);
    struct sim_node *client = sim_node(sim, 2);
    struct address server = sim_address(1);
    struct control_select_data data;
    char text[ADDRESS_TEXT_SIZE];

    (void)state;
    for (int i = 0; i < 2; i++) {
        sim_configure(sim_node(sim, i), "local stratum 1");
        sim_configure(sim_node(sim, i), "allow");
    }
    sim_configure(client, "server %0 iburst minpoll 4 maxpoll 4");
    sim_run(sim, 1.0);
    assert_int_equal(add(sim, 2, 1, address_format(&server, text), ADD_IBURST), CONTROL_SUCCESS);
    sim_run(sim, 600.0);
    sim_node(sim, 1)->deaf = true;
    sim_run(sim, 800.0); /* twelve polls */
    probe_command(client, CONTROL_REQ_SELECT_DATA, &(struct control_index){1}, &data);
    assert_true(address_equal(&data.ip_addr, &server));
    assert_true(data.last_sample_ago > 150);
    assert_int_not_equal(data.state_char, 'S');
    sim_free(sim);
}

static void numbers_of_other_releases_are_invalid(void **state) {
    static const unsigned numbers[] = {0,  10, 12, 27, 28, 32, 38,  39,  40,   55,
                                       58, 59, 60, 61, 76, 77, 255, 256, 65535};
    struct sim *sim = DAEMON("port 0");

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_int_equal(ask(sim, OVER_UNIX, numbers[i], LONGEST), CONTROL_INVALID);
        assert_int_equal(ask(sim, &loopback, numbers[i], 28), CONTROL_INVALID);
    }
    sim_free(sim);
}

/* The clock chip is the kernel's. */
static void without_a_driver_the_clock_chip_is_not_running(void **state) {
    struct sim *sim = DAEMON("port 0");

    (void)state;
    assert_int_equal(ask(sim, OVER_UNIX, CONTROL_REQ_WRITERTC, 28), CONTROL_NO_RTC);
    assert_int_equal(ask(sim, OVER_UNIX, CONTROL_REQ_TRIMRTC, 28), CONTROL_NO_RTC);
    assert_int_equal(ask(sim, &loopback, CONTROL_REQ_RTCREPORT, 56), CONTROL_NO_RTC);
    sim_free(sim);
}

static void times_that_cannot_be_are_refused(void **state) {
    struct sim *sim = DAEMON("manual");
    struct sim_node *node = sim_node(sim, 0);
    const ns_t second = NS_PER_S;
    struct control_settime before = {-second}, beyond = {(INT64_C(1) << 32) * second};
    struct control_float far = {1e12}, near = {0.25};

    (void)state;
    sim_match(node, "Adjustment of -999999995904.0 seconds is invalid");
    assert_int_equal(probe_command(node, CONTROL_REQ_SETTIME, &before, NULL), CONTROL_FAILED);
    assert_int_equal(probe_command(node, CONTROL_REQ_SETTIME, &beyond, NULL), CONTROL_FAILED);
    assert_int_equal(probe_command(node, CONTROL_REQ_DOFFSET2, &far, NULL), CONTROL_FAILED);
    assert_int_equal(sim_matched(node, "Adjustment of -999999995904.0 seconds is invalid"), 1);
    assert_int_equal(probe_command(node, CONTROL_REQ_DOFFSET2, &near, NULL), CONTROL_SUCCESS);
    sim_free(sim);
}

/* One row a command that changes something: what it says, in chrony's words. */
static void changes_are_said_in_the_log(void **state) {
    static const struct address server = {.bytes = {192, 168, 7, 7}, .family = ADDRESS_IPV4};
    static const struct address net = {.bytes = {10, 1, 0, 0}, .family = ADDRESS_IPV4};
    const struct {
        unsigned command;
        const char *line;
        union {
            struct control_address_mask mask;
            struct control_modify_int number;
            struct control_modify_float real;
            struct control_float value;
            struct control_makestep makestep;
            struct control_local local;
            struct control_subnet subnet;
            struct control_address address;
            struct control_modify_offset offset;
            struct control_selectopts options;
        } as;
    } rows[] = {
        {CONTROL_REQ_OFFLINE, "Source 192.168.7.7 offline", {.mask = {.address = server}}},
        {CONTROL_REQ_ONLINE, "Source 192.168.7.7 online", {.mask = {.address = server}}},
        {CONTROL_REQ_MODIFY_MINPOLL, "Source 192.168.7.7 new minpoll 5", {.number = {server, 5}}},
        {CONTROL_REQ_MODIFY_MAXPOLL, "Source 192.168.7.7 new minpoll 4", {.number = {server, 4}}},
        {CONTROL_REQ_MODIFY_MAXDELAY,
         "Source 192.168.7.7 new maxdelay 0.500000",
         {.real = {server, 0.5}}},
        {CONTROL_REQ_MODIFY_MAXDELAYRATIO,
         "Source 192.168.7.7 new maxdelayratio 3.000000",
         {.real = {server, 3.0}}},
        {CONTROL_REQ_MODIFY_MAXDELAYDEVRATIO,
         "Source 192.168.7.7 new maxdelaydevratio 2.000000",
         {.real = {server, 2.0}}},
        {CONTROL_REQ_MODIFY_MINSTRATUM,
         "Source 192.168.7.7 new minstratum 2",
         {.number = {server, 2}}},
        {CONTROL_REQ_MODIFY_POLLTARGET,
         "Source 192.168.7.7 new polltarget 12",
         {.number = {server, 12}}},
        {CONTROL_REQ_MODIFY_OFFSET,
         "Source 192.168.7.7 new offset 0.250000",
         {.offset = {.address = server, .new_offset = 0.25}}},
        {CONTROL_REQ_MODIFY_SELECTOPTS,
         "Source 192.168.7.7 selection options modified",
         {.options = {.address = server, .mask = 1, .options = 0x10}}},
        {CONTROL_REQ_MODIFY_MAXUPDATESKEW, "New maxupdateskew 5.000000 ppm", {.value = {5.0}}},
        {CONTROL_REQ_RESELECTDISTANCE, "New reselect distance 0.500000", {.value = {0.5}}},
        {CONTROL_REQ_MODIFY_MAKESTEP, "New makestep 0.125000 3", {.makestep = {3, 0.125}}},
        {CONTROL_REQ_LOCAL3, "Enabled local reference mode", {.local = {.on_off = 1}}},
        {CONTROL_REQ_LOCAL2, "Disabled local reference mode", {.local = {.on_off = 0}}},
        {CONTROL_REQ_ALLOW, "Allowed NTP access from 10.1.0.0/16", {.subnet = {net, 16}}},
        {CONTROL_REQ_ALLOWALL, "Allowed all NTP access from ANY", {.subnet = {{{0}, 0}, 0}}},
        {CONTROL_REQ_DENY, "Denied NTP access from 10.1.0.0/16", {.subnet = {net, 16}}},
        {CONTROL_REQ_DENYALL, "Denied all NTP access from 10.1.0.0/16", {.subnet = {net, 16}}},
        {CONTROL_REQ_CMDALLOW, "Allowed command access from ANY", {.subnet = {{{0}, 0}, 0}}},
        {CONTROL_REQ_CMDALLOWALL,
         "Allowed all command access from 10.1.0.0/16",
         {.subnet = {net, 16}}},
        {CONTROL_REQ_CMDDENY, "Denied command access from 10.1.0.0/16", {.subnet = {net, 16}}},
        {CONTROL_REQ_CMDDENYALL,
         "Denied all command access from 10.1.0.0/16",
         {.subnet = {net, 16}}},
        {CONTROL_REQ_DFREQ, "Accumulated delta freq of 0.000ppm", {.value = {0.0}}},
        {CONTROL_REQ_DOFFSET2, "Accumulated delta offset of 0.000000 seconds", {.value = {0.0}}},
        {CONTROL_REQ_RESET_SOURCES, "Reset all sources", {.value = {0.0}}},
        {CONTROL_REQ_DEL_SOURCE, "Removed source 192.168.7.7", {.address = {server}}},
        {CONTROL_REQ_SHUTDOWN, "Received shutdown command", {.value = {0.0}}},
    };
    struct sim *sim = DAEMON("server 192.168.7.7");
    struct sim_node *node = sim_node(sim, 0);

    (void)state;
    sim_match(node, "Added source 192.168.7.8");
    assert_int_equal(add(sim, 0, 1, "192.168.7.8", 0), CONTROL_SUCCESS);
    assert_int_equal(sim_matched(node, "Added source 192.168.7.8"), 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        node->match_count = 0; /* there is room for a few at a time */
        sim_match(node, rows[i].line);
        assert_int_equal(probe_command(node, rows[i].command, &rows[i].as, NULL), CONTROL_SUCCESS);
        if (sim_matched(node, rows[i].line) != 1)
            fail_msg("not said: %s", rows[i].line);
    }
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(length_of_a_request_tells_the_form_of_its_answer),
        cmocka_unit_test(old_form_of_serverstats_has_the_same_numbers),
        cmocka_unit_test(local_is_understood_in_both_forms),
        cmocka_unit_test(no_answer_is_longer_than_its_question),
        cmocka_unit_test(over_long_requests_are_answered),
        cmocka_unit_test(checks_come_in_their_order),
        cmocka_unit_test(over_udp_only_open_commands_are_done),
        cmocka_unit_test(cmdallow_says_who_is_answered_and_loopback_always_is),
        cmocka_unit_test(rate_of_answers_is_limited_for_others_than_loopback),
        cmocka_unit_test(udp_requests_are_recorded_and_noclientlog_keeps_the_totals),
        cmocka_unit_test(sources_are_added_with_the_flags_of_both_forms),
        cmocka_unit_test(what_cannot_be_added_is_refused_with_its_reason),
        cmocka_unit_test(source_of_an_old_client_does_not_go_stale_at_once),
        cmocka_unit_test(numbers_of_other_releases_are_invalid),
        cmocka_unit_test(without_a_driver_the_clock_chip_is_not_running),
        cmocka_unit_test(times_that_cannot_be_are_refused),
        cmocka_unit_test(changes_are_said_in_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
