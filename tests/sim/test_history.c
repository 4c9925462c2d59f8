/* The request of chronobox's own: what a daemon tells of the samples that it holds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/lan.h"
#include "tests/sim/probe.h"

#define MAX_HELD 64

static struct sim *lan_after(double seconds, const char *options) {
    struct sim *sim = lan_new(21, 1, options);

    lan_client(sim)->own_clock.frequency = 10e-6;
    sim_run(sim, seconds);
    return sim;
}

static struct control_history page_of(struct sim *sim, uint32_t first) {
    struct control_history_request request = {.first = first};
    struct control_history page;

    assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_HISTORY, &request, &page),
                     CONTROL_SUCCESS);
    return page;
}

static void samples_are_told_in_pages_from_the_newest_to_the_oldest(void **state) {
    struct sim *sim = lan_after(3000.0, "iburst minpoll 4 maxpoll 4");
    ns_t last = INT64_MAX;
    uint32_t count = 0;

    (void)state;
    for (;;) {
        struct control_history page = page_of(sim, count);
        if (page.n == 0)
            break;
        assert_int_equal(page.n_samples, MAX_HELD);
        assert_int_equal(page.n, CONTROL_MAX_HISTORY);
        assert_true(page.ip_addr.family == ADDRESS_IPV4);
        for (uint32_t i = 0; i < page.n; i++) {
            const struct control_history_sample *sample = &page.samples[i];
            assert_true(sample->when < last);
            assert_true(fabs(sample->offset) < 1e-3);
            assert_true(sample->peer_delay > 0.0 && sample->error >= sample->peer_delay / 2.0);
            last = sample->when;
        }
        count += page.n;
    }
    assert_int_equal(count, MAX_HELD);
    sim_free(sim);
}

static void newest_sample_is_that_of_source_data(void **state) {
    struct sim *sim = lan_after(500.0, "iburst offset 0.25 noselect");
    struct control_index index = {0};
    struct control_source_data data;
    struct control_history page = page_of(sim, 0);

    (void)state;
    assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_SOURCE_DATA, &index, &data),
                     CONTROL_SUCCESS);
    assert_true(page.samples[0].offset == data.latest_meas && fabs(data.latest_meas) > 0.2);
    assert_true(page.samples[0].error == data.latest_meas_err);
    sim_free(sim);
}

static void source_without_samples_has_an_empty_history_and_no_source_has_none(void **state) {
    struct sim *sim = lan_after(100.0, "offline");
    struct control_history_request request = {.index = 1};
    struct control_history page = page_of(sim, 0);

    (void)state;
    assert_int_equal(page.n_samples, 0);
    assert_int_equal(page.n, 0);
    assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_HISTORY, &request, NULL),
                     CONTROL_NO_SUCH_SOURCE);
    request = (struct control_history_request){.first = UINT32_MAX};
    assert_int_equal(probe_command(lan_client(sim), CONTROL_REQ_HISTORY, &request, &page),
                     CONTROL_SUCCESS);
    assert_int_equal(page.n, 0);
    sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_told_in_pages_from_the_newest_to_the_oldest),
        cmocka_unit_test(newest_sample_is_that_of_source_data),
        cmocka_unit_test(source_without_samples_has_an_empty_history_and_no_source_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
