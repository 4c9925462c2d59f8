/* ntpdate against servers that lie, refuse and forge, on loopback; its choice among servers; the
 * option loops. What the small applets print is in tests/tools/run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applets/ntpdate/ntpdate.h"
#include "core/linux/clock.h"

/* --- a server as told
 * ------------------------------------------------------------------------------------------ */

struct fake {
    double offset; /* s, that its clock is ahead */
    int stratum, leap;
    uint32_t reference_id;
    int forgeries;        /* answers to another question, in front of each right one */
    bool answers_nothing; /* forgeries apart */
    int answers;          /* then silence; 0 = for ever */
};

struct fake_server {
    pid_t process;
    int port;
};

static ntp_time_t fake_now(const struct fake *fake) {
    return ntp_time_from_ns(ns_add_seconds(system_clock_read(), fake->offset));
}

static void answer_request(const struct fake *fake, int socket_fd) {
    uint8_t bytes[NTP_HEADER_SIZE];
    struct ntp_header header;
    struct sockaddr_in client;
    socklen_t length = sizeof client;

    if (recvfrom(socket_fd, bytes, sizeof bytes, 0, (struct sockaddr *)&client, &length) !=
        sizeof bytes)
        return;
    ntp_header_decode(bytes, &header);
    header.origin_time = header.transmit_time;
    header.receive_time = fake_now(fake);
    header.mode = NTP_MODE_SERVER;
    header.leap = (uint8_t)fake->leap;
    header.stratum = (uint8_t)fake->stratum;
    header.reference_id = fake->reference_id;
    header.precision = -20;
    header.root_dispersion = 0.001;
    for (int i = fake->forgeries; i >= (fake->answers_nothing ? 1 : 0); i--) {
        header.origin_time ^= (ntp_time_t)(i > 0);
        header.transmit_time = fake_now(fake);
        header.reference_time = header.transmit_time - (INT64_C(5) << 32);
        ntp_header_encode(&header, bytes);
        header.origin_time ^= (ntp_time_t)(i > 0);
        sendto(socket_fd, bytes, sizeof bytes, 0, (struct sockaddr *)&client, length);
    }
}

static struct fake_server start_server(const struct fake *fake) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct fake_server server;

    assert_int_equal(bind(socket_fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(socket_fd, (struct sockaddr *)&address, &length), 0);
    server.port = ntohs(address.sin_port);
    server.process = fork();
    if (server.process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; fake->answers == 0 || i < fake->answers; i++)
            answer_request(fake, socket_fd);
        for (;;)
            pause();
    }
    close(socket_fd);
    return server;
}

static void stop_server(const struct fake_server *server) {
    kill(server->process, SIGKILL);
    waitpid(server->process, NULL, 0);
}

static struct ntpdate_server server_at(int port) {
    struct ntpdate_server server = {.port = port, .text = "127.0.0.1", .socket = -1};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};

    memcpy(&server.address, &address, sizeof address);
    server.address_length = sizeof address;
    return server;
}

static struct ntpdate new_ntpdate(int samples) {
    return (struct ntpdate){.settings = {.samples = samples, .timeout = 0.3, .version = 4},
                            .deadline = NS_NEVER,
                            .pipe = {-1, -1}};
}

/* Asks one server for so many samples; true: it is one to follow. */
static bool ask(const struct fake *fake, int samples, struct ntpdate_server *server) {
    struct ntpdate ntpdate = new_ntpdate(samples);
    struct fake_server running = start_server(fake);
    int chosen;

    ntpdate.servers[0] = server_at(running.port);
    ntpdate.count = 1;
    ntpdate_exchange(&ntpdate, true);
    chosen = ntpdate_choose(ntpdate.servers, 1).chosen;
    stop_server(&running);
    *server = ntpdate.servers[0];
    return chosen == 0;
}

/* --- the exchange
 * ---------------------------------------------------------------------------------------------- */

static void offset_of_a_server_is_measured(void **state) {
    const struct fake fake = {.offset = 12.5, .stratum = 2};
    struct ntpdate_server server;

    (void)state;
    assert_true(ask(&fake, 4, &server));
    assert_int_equal(server.answered, 4);
    assert_true(fabs(server.samples[server.best].offset - 12.5) < 0.01);
    assert_true(server.samples[server.best].delay < 0.1);
}

static void four_samples_take_no_pause(void **state) {
    const struct fake fake = {.stratum = 2};
    struct ntpdate_server server;
    ns_t begin = monotonic_clock_read();

    (void)state;
    assert_true(ask(&fake, 4, &server));
    assert_true(monotonic_clock_read() - begin < NS_PER_S / 2);
}

static void fifth_request_waits_until_a_second_has_passed(void **state) {
    const struct fake fake = {.stratum = 2};
    struct ntpdate_server server;

    (void)state;
    assert_true(ask(&fake, 5, &server));
    assert_int_equal(server.sent, 5);
    assert_true(server.sent_times[4] - server.sent_times[0] >= NS_PER_S);
}

static void server_in_the_next_era_is_decades_ahead(void **state) {
    const struct fake fake = {.offset = 6e8, .stratum = 1};
    struct ntpdate_server server;

    (void)state;
    assert_true(ask(&fake, 1, &server));
    assert_true(fabs(server.samples[0].offset - 6e8) < 0.01);
}

static void forged_answers_are_ignored(void **state) {
    const struct fake fake = {.offset = 3, .stratum = 2, .forgeries = 3};
    struct ntpdate_server server;

    (void)state;
    assert_true(ask(&fake, 2, &server));
    assert_int_equal(server.answered, 2);
    assert_int_equal(server.sent, 2);
}

static void server_that_only_forges_has_no_data(void **state) {
    const struct fake fake = {.stratum = 2, .forgeries = 1, .answers_nothing = true};
    struct ntpdate_server server;

    (void)state;
    assert_false(ask(&fake, 1, &server));
    assert_string_equal(server.fault, "no data");
}

static void lost_answers_are_not_waited_for_longer_than_asked(void **state) {
    const struct fake fake = {.offset = 1, .stratum = 2, .answers = 2};
    struct ntpdate_server server;

    (void)state;
    assert_true(ask(&fake, 4, &server));
    assert_int_equal(server.sent, 4);
    assert_int_equal(server.answered, 2);
}

static void kiss_of_death_ends_the_questions(void **state) {
    const struct fake fake = {.stratum = 0, .leap = 3, .reference_id = 0x44454e59 /* DENY */};
    struct ntpdate_server server;

    (void)state;
    assert_false(ask(&fake, 4, &server));
    assert_int_equal(server.sent, 1);
    assert_non_null(server.fault);
}

/* Two rounds against a server that answers once, with this kiss; how often it was asked. */
static int requests_to_kissing_server(uint32_t code, bool *limited) {
    const struct fake fake = {.stratum = 0, .leap = 3, .reference_id = code};
    struct fake_server running = start_server(&fake);
    struct ntpdate ntpdate = new_ntpdate(1);

    ntpdate.servers[0] = server_at(running.port);
    ntpdate.count = 1;
    ntpdate_exchange(&ntpdate, true);
    *limited = ntpdate.limited;
    ntpdate.servers[0].sent_times[0] = 0;
    ntpdate_exchange(&ntpdate, false);
    stop_server(&running);
    return 1 + (ntpdate.servers[0].sent_times[0] != 0);
}

static void server_that_denies_is_not_asked_again(void **state) {
    bool limited;

    (void)state;
    assert_int_equal(requests_to_kissing_server(0x44454e59 /* DENY */, &limited), 1);
    assert_false(limited);
}

static void server_that_limits_may_be_asked_later(void **state) {
    bool limited;

    (void)state;
    assert_int_equal(requests_to_kissing_server(0x52415445 /* RATE */, &limited), 2);
    assert_true(limited);
}

static void deadline_ends_the_waiting_and_keeps_what_came(void **state) {
    const struct fake fake = {.offset = 1, .stratum = 2, .answers = 2};
    struct fake_server running = start_server(&fake);
    struct ntpdate ntpdate = new_ntpdate(4);
    ns_t begin = monotonic_clock_read();

    (void)state;
    ntpdate.settings.timeout = 60;
    ntpdate.deadline = begin + NS_PER_S / 2;
    ntpdate.servers[0] = server_at(running.port);
    ntpdate.count = 1;
    ntpdate_exchange(&ntpdate, true);
    stop_server(&running);
    assert_true(monotonic_clock_read() - begin < 10 * NS_PER_S);
    assert_int_equal(ntpdate.servers[0].answered, 2);
    assert_int_equal(ntpdate_choose(ntpdate.servers, 1).chosen, 0);
}

static void closed_port_is_given_up_at_once(void **state) {
    struct fake_server gone = start_server(&(struct fake){.stratum = 2});
    struct ntpdate ntpdate = new_ntpdate(4);
    ns_t begin = monotonic_clock_read();

    (void)state;
    stop_server(&gone);
    ntpdate.settings.timeout = 5;
    ntpdate.servers[0] = server_at(gone.port);
    ntpdate.count = 1;
    ntpdate_exchange(&ntpdate, true);
    assert_true(monotonic_clock_read() - begin < NS_PER_S);
    assert_int_equal(ntpdate_choose(ntpdate.servers, 1).chosen, -1);
    assert_string_equal(ntpdate.servers[0].fault, strerror(ECONNREFUSED));
}

/* --- the choice
 * ------------------------------------------------------------------------------------------------
 */

static struct ntpdate_server answered(double offset, double delay) {
    struct ntpdate_server server = {.answered = 1, .samples = {{offset, delay}}};

    server.header = (struct ntp_header){.stratum = 2,
                                        .precision = -20,
                                        .root_dispersion = 0.001,
                                        .reference_time = UINT64_C(100) << 32,
                                        .transmit_time = UINT64_C(200) << 32};
    return server;
}

static void majority_outvotes_a_falseticker(void **state) {
    struct ntpdate_server servers[] = {answered(100, 0.0001), answered(0.011, 0.01),
                                       answered(0.012, 0.02)};

    (void)state;
    assert_int_equal(ntpdate_choose(servers, 3).chosen, 1);
    assert_string_equal(servers[0].fault, "falseticker");
    assert_null(servers[1].fault);
    assert_null(servers[2].fault);
}

static void two_servers_that_disagree_leave_none(void **state) {
    struct ntpdate_server servers[] = {answered(1, 0.01), answered(2, 0.01)};

    (void)state;
    assert_int_equal(ntpdate_choose(servers, 2).chosen, -1);
}

static void nearer_server_leads(void **state) {
    struct ntpdate_server servers[] = {answered(0.01, 0.1), answered(0.011, 0.01)};

    (void)state;
    assert_int_equal(ntpdate_choose(servers, 2).chosen, 1);
}

static void servers_that_agree_are_combined(void **state) {
    struct ntpdate_server servers[] = {answered(0.010, 0.01), answered(0.012, 0.01)};
    struct ntpdate_result result = ntpdate_choose(servers, 2);

    (void)state;
    assert_true(result.chosen >= 0);
    assert_true(fabs(result.offset - 0.011) < 1e-6);
}

static void falseticker_has_no_part_in_the_combination(void **state) {
    struct ntpdate_server servers[] = {answered(100, 0.0001), answered(0.010, 0.01),
                                       answered(0.012, 0.01)};

    (void)state;
    assert_true(fabs(ntpdate_choose(servers, 3).offset - 0.011) < 1e-6);
}

static void silent_servers_have_no_vote(void **state) {
    struct ntpdate_server servers[] = {{.answered = 0}, {.answered = 0}, answered(1, 0.01)};

    (void)state;
    assert_int_equal(ntpdate_choose(servers, 3).chosen, 2);
    assert_string_equal(servers[0].fault, "no data");
}

static void server_that_is_not_synchronised_is_refused(void **state) {
    struct ntpdate_server server = answered(1, 0.01);

    (void)state;
    server.header.leap = NTP_LEAP_UNSYNCHRONISED;
    assert_int_equal(ntpdate_choose(&server, 1).chosen, -1);
}

static void stratum_0_and_16_are_refused(void **state) {
    (void)state;
    for (uint8_t stratum = 0; stratum <= NTP_MAX_STRATUM; stratum++) {
        struct ntpdate_server server = answered(1, 0.01);

        server.header.stratum = stratum;
        assert_int_equal(ntpdate_choose(&server, 1).chosen,
                         stratum == 0 || stratum == NTP_MAX_STRATUM ? -1 : 0);
    }
}

static void server_without_sync_for_a_day_is_refused(void **state) {
    struct ntpdate_server server = answered(1, 0.01);

    (void)state;
    server.header.transmit_time = server.header.reference_time + (UINT64_C(86500) << 32);
    assert_int_equal(ntpdate_choose(&server, 1).chosen, -1);
}

static void reference_in_the_future_is_refused(void **state) {
    struct ntpdate_server server = answered(1, 0.01);

    (void)state;
    server.header.reference_time = server.header.transmit_time + (UINT64_C(2) << 32);
    assert_int_equal(ntpdate_choose(&server, 1).chosen, -1);
}

static void far_server_is_refused(void **state) {
    struct ntpdate_server server = answered(1, 0.01);

    (void)state;
    server.header.root_dispersion = 20;
    assert_int_equal(ntpdate_choose(&server, 1).chosen, -1);
}

/* --- options
 * ---------------------------------------------------------------------------------------------------
 */

static void options_of_ntpdate_may_stand_anywhere(void **state) {
    char *words[] = {"ntpdate", "-qp2", "first", "-t", "0.5",     "--port",
                     "1123",    "-b",   "-B",    "--", "-second", NULL};
    struct ntpdate_settings settings = {.port = 123, .timeout = 1};
    char **hosts = ntpdate_parse_options(words, &settings);

    (void)state;
    assert_int_equal(settings.query, 1);
    assert_int_equal(settings.samples, 2);
    assert_int_equal(settings.port, 1123);
    assert_int_equal(settings.way, NTPDATE_SLEW);
    assert_true(settings.timeout == 0.5);
    assert_string_equal(hosts[0], "first");
    assert_string_equal(hosts[1], "-second");
    assert_null(hosts[2]);
}

static int status_of_options(char *option, char *value) {
    int status;
    pid_t child = fork();

    if (child == 0) {
        char *words[] = {"ntpdate", option, value, NULL};
        struct ntpdate_settings settings = {.port = 123};

        fclose(stderr);
        ntpdate_parse_options(words, &settings);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static void wrong_options_of_ntpdate_have_status_2(void **state) {
    (void)state;
    assert_int_equal(status_of_options(NULL, NULL), 2);
    assert_int_equal(status_of_options("-p", "0"), 2);
    assert_int_equal(status_of_options("-p", "9"), 2);
    assert_int_equal(status_of_options("-p", "2.5"), 2);
    assert_int_equal(status_of_options("-p", NULL), 2);
    assert_int_equal(status_of_options("-t", "nan"), 2);
    assert_int_equal(status_of_options("--port", "65536"), 2);
    assert_int_equal(status_of_options("--por", "1"), 2);
    assert_int_equal(status_of_options("-x", NULL), 2);
    assert_int_equal(status_of_options("-o", "0"), 2);
    assert_int_equal(status_of_options("-o", "5"), 2);
    assert_int_equal(status_of_options("-o", "4"), 0);
    assert_int_equal(status_of_options("-e", "1"), 2);
    assert_int_equal(status_of_options("-e", "0.002"), 0);
    assert_int_equal(status_of_options("-a", "0"), 2);
    assert_int_equal(status_of_options("-a", "1"), 0);
    assert_int_equal(status_of_options("-k", NULL), 2);
    assert_int_equal(status_of_options("--deadline", "0"), 2);
    assert_int_equal(status_of_options("--max-step", "-1"), 2);
    assert_int_equal(status_of_options("--retry", NULL), 0);
    assert_int_equal(status_of_options("-p", "8"), 0);
}

static void tool_options_leave_the_operands_in_order(void **state) {
    char *words[] = {"tool", "one", "-av1", "two", "-o", "-", "-v", "2", "--", "-a", NULL};
    struct tool tool = tool_begin(words, "tool", "tool\n");

    (void)state;
    assert_int_equal(tool_option(&tool, "av:o::"), 'a');
    assert_int_equal(tool_option(&tool, "av:o::"), 'v');
    assert_string_equal(tool.value, "1");
    assert_int_equal(tool_option(&tool, "av:o::"), 'o');
    assert_null(tool.value);
    assert_int_equal(tool_option(&tool, "av:o::"), 'v');
    assert_true(tool_number(&tool, 0, 10) == 2);
    assert_int_equal(tool_option(&tool, "av:o::"), 0);
    assert_int_equal(tool.operand_count, 4);
    assert_string_equal(tool.operands[0], "one");
    assert_string_equal(tool.operands[1], "two");
    assert_string_equal(tool.operands[2], "-");
    assert_string_equal(tool.operands[3], "-a");
    assert_null(tool.operands[4]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offset_of_a_server_is_measured),
        cmocka_unit_test(four_samples_take_no_pause),
        cmocka_unit_test(fifth_request_waits_until_a_second_has_passed),
        cmocka_unit_test(server_in_the_next_era_is_decades_ahead),
        cmocka_unit_test(forged_answers_are_ignored),
        cmocka_unit_test(server_that_only_forges_has_no_data),
        cmocka_unit_test(lost_answers_are_not_waited_for_longer_than_asked),
        cmocka_unit_test(kiss_of_death_ends_the_questions),
        cmocka_unit_test(server_that_denies_is_not_asked_again),
        cmocka_unit_test(server_that_limits_may_be_asked_later),
        cmocka_unit_test(deadline_ends_the_waiting_and_keeps_what_came),
        cmocka_unit_test(closed_port_is_given_up_at_once),
        cmocka_unit_test(majority_outvotes_a_falseticker),
        cmocka_unit_test(two_servers_that_disagree_leave_none),
        cmocka_unit_test(nearer_server_leads),
        cmocka_unit_test(servers_that_agree_are_combined),
        cmocka_unit_test(falseticker_has_no_part_in_the_combination),
        cmocka_unit_test(silent_servers_have_no_vote),
        cmocka_unit_test(server_that_is_not_synchronised_is_refused),
        cmocka_unit_test(stratum_0_and_16_are_refused),
        cmocka_unit_test(server_without_sync_for_a_day_is_refused),
        cmocka_unit_test(reference_in_the_future_is_refused),
        cmocka_unit_test(far_server_is_refused),
        cmocka_unit_test(options_of_ntpdate_may_stand_anywhere),
        cmocka_unit_test(wrong_options_of_ntpdate_have_status_2),
        cmocka_unit_test(tool_options_leave_the_operands_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
