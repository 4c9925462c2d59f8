/* An engine in the production host, for fractions of a second on the loopback. The clock is never
 * steered: control_clock is false throughout. */
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/conf/conf.h"
#include "core/linux/host.h"

static struct linux_signals signals;
static struct config *config;
static struct linux_host *host;
static char said[8192];
static int times_ready;
static bool ready_after_correction; /* initstepslew had its say before */

static void remember(void *context, enum log_level level, const char *message) {
    (void)context;
    (void)level;
    strncat(said, message, sizeof said - strlen(said) - 2);
    strcat(said, "\n");
}

static void count_ready(void *context) {
    ++*(int *)context;
    ready_after_correction = strstr(said, "initstepslew") != NULL;
}

static int set_up(void **state) {
    struct linux_options options = {
        .log = {remember, NULL}, .signals = &signals, .ready = count_ready, .owner = &times_ready};

    (void)state;
    said[0] = '\0';
    times_ready = 0;
    signals.stop = 0;
    config = calloc(1, sizeof *config);
    host = calloc(1, sizeof *host);
    config_set_defaults(config);
    linux_host_init(host, &options);
    assert_false(host->host.clock_control);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    linux_host_close(host);
    config_free(config);
    free(config);
    free(host);
    return 0;
}

static void configure(const char *line) {
    struct conf conf = {.config = config, .log = &host->host.log};

    assert_true(conf_parse_line(&conf, line, NULL, 1));
}

/* Runs for `timeout` seconds at most; the exit status. */
static int run(double timeout) {
    struct engine_options options = {.timeout = timeout};
    struct engine *engine;
    int status;

    configure("cmdport 0");
    configure("bindcmdaddress /");
    engine = engine_new(config, &options, &host->host);
    assert_non_null(engine);
    status = linux_host_run(host, engine);
    engine_free(engine);
    assert_int_equal(host->sockets.count, 0);
    return status;
}

static uint16_t free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void whoever_waits_for_the_start_is_told_once(void **state) {
    (void)state;
    assert_int_equal(run(0.05), 1);
    assert_int_equal(times_ready, 1);
}

/* The name is impossible, so the first correction is given up at its first look. */
static void start_is_over_when_the_first_correction_is(void **state) {
    (void)state;
    configure("initstepslew 1 not..possible");
    assert_int_equal(run(2.0), 1);
    assert_non_null(strstr(said, "No suitable source for initstepslew"));
    assert_int_equal(times_ready, 1);
    assert_true(ready_after_correction);
}

static void daemon_that_can_never_do_anything_ends(void **state) {
    (void)state;
    assert_int_equal(run(0.0), 1);
    assert_non_null(strstr(said, "Nothing to do"));
}

static void signal_ends_the_loop_with_status_0(void **state) {
    (void)state;
    signals.stop = SIGTERM;
    assert_int_equal(run(0.0), 0);
}

static void timeout_without_synchronisation_is_status_1(void **state) {
    (void)state;
    assert_int_equal(run(0.05), 1);
}

static void raise_stop(int number) {
    signals.stop = number;
}

static void signal_during_poll_ends_it(void **state) {
    struct sigaction action = {.sa_handler = raise_stop}, before;

    (void)state;
    sigaction(SIGALRM, &action, &before);
    alarm(1);
    assert_int_equal(run(30.0), 0);
    sigaction(SIGALRM, &before, NULL);
    assert_null(strstr(said, "Timeout reached"));
}

static void local_reference_counts_as_synchronised(void **state) {
    (void)state;
    configure("local stratum 10");
    assert_int_equal(run(0.05), 0);
    assert_non_null(strstr(said, "Timeout reached"));
}

/* Client and server in one: the request leaves by one socket of the loop and comes in by another.
 */
static void request_over_the_loopback_is_answered_and_measured(void **state) {
    char line[128];
    uint16_t port = free_port();

    (void)state;
    snprintf(line, sizeof line, "port %u", port);
    configure(line);
    configure("allow 127.0.0.1");
    configure("local stratum 7");
    configure("bindaddress 127.0.0.1");
    snprintf(line, sizeof line, "server 127.0.0.1 port %u iburst maxsamples 1", port);
    configure(line);
    assert_int_equal(run(0.5), 0);
    /* What it hears is itself, and test D keeps it from following: no selection, no complaint about
     * the packet. */
    assert_null(strstr(said, "Selected source"));
    assert_null(strstr(said, "Could not open"));
}

static void name_is_resolved_while_the_loop_runs(void **state) {
    char line[128];

    (void)state;
    snprintf(line, sizeof line, "server localhost port %u", free_port());
    configure(line);
    configure("server not..possible");
    assert_int_equal(run(0.3), 1);
    assert_non_null(strstr(said, "Invalid host not..possible"));
    assert_null(strstr(said, "Invalid host localhost"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(whoever_waits_for_the_start_is_told_once),
        TEST(start_is_over_when_the_first_correction_is),
        TEST(daemon_that_can_never_do_anything_ends),
        TEST(signal_ends_the_loop_with_status_0),
        TEST(timeout_without_synchronisation_is_status_1),
        TEST(signal_during_poll_ends_it),
        TEST(local_reference_counts_as_synchronised),
        TEST(request_over_the_loopback_is_answered_and_measured),
        TEST(name_is_resolved_while_the_loop_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
