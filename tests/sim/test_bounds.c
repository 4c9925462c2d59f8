/* The bounds that are told must hold: the true error of what is served lies within the root
 * distance always, and the estimate's within two of its deviations 95 % of the time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/engine/reference.h"
#include "core/engine/state.h"
#include "tests/sim/scenarios.h"

#define SETTLED        600.0 /* s */
#define LOOK_INTERVAL  17.0  /* s */
#define COVERAGE       0.95
#define LEAST_COVERAGE 0.85 /* of one run: its errors hang together */

struct bounds {
    long seconds, outside, within;
};

/* The NTP clock against true time, s. */
static double ntp_error(struct sim_node *node) {
    const struct clock *clock = &node->engine->clock;

    return sim_error(node) + clock_remaining(clock, engine_clock(node->engine));
}

static void judge(void *context, struct sim_node *client) {
    struct bounds *bounds = context;
    struct engine *engine = client->engine;
    struct served_reference served;
    ns_t now = engine_ntp(engine);
    double error = ntp_error(client);
    struct estimate estimate;

    reference_serve(engine, now, &served);
    if (served.leap == NTP_LEAP_UNSYNCHRONISED)
        return;
    bounds->outside += fabs(error) > served.root_delay / 2.0 + served.root_dispersion;
    if (sim_now(client->sim) < SETTLED || fmod(sim_now(client->sim), LOOK_INTERVAL) != 0.0 ||
        engine->selected < 0 ||
        !filter_predict(engine->sources[engine->selected]->association.filter, now, &estimate))
        return;
    bounds->seconds++;
    bounds->within += fabs(error + estimate.offset) <= 2.0 * estimate.offset_error;
}

/* All scenarios, once. */
static int run_scenarios(void **state) {
    struct bounds *bounds = calloc((size_t)scenario_count, sizeof(*bounds));

    if (bounds == NULL)
        return -1;
    for (int i = 0; i < scenario_count; i++)
        scenario_run(&scenarios[i], 1, judge, &bounds[i]);
    *state = bounds;
    return 0;
}

static int free_bounds(void **state) {
    free(*state);
    return 0;
}

static double coverage(const struct bounds *bounds) {
    return (double)bounds->within / (double)bounds->seconds;
}

static void true_error_is_within_root_distance_always(void **state) {
    const struct bounds *bounds = *state;
    long outside = 0;

    for (int i = 0; i < scenario_count; i++) {
        if (bounds[i].outside > 0)
            print_error("%s: %ld s outside\n", scenarios[i].name, bounds[i].outside);
        outside += bounds[i].outside;
    }
    assert_int_equal(outside, 0);
}

/* When one way alone becomes longer, nobody can tell it from a step of the clock. */
static bool is_knowable(const struct scenario *scenario) {
    return scenario->base_up == scenario->base_down;
}

static void estimate_is_within_two_deviations_mostly(void **state) {
    const struct bounds *bounds = *state;
    double sum = 0.0;
    int knowable = 0, bad = 0;

    for (int i = 0; i < scenario_count; i++) {
        if (!is_knowable(&scenarios[i]))
            continue;
        knowable++;
        sum += coverage(&bounds[i]);
        if (coverage(&bounds[i]) >= LEAST_COVERAGE)
            continue;
        print_error("%s: %.3f\n", scenarios[i].name, coverage(&bounds[i]));
        bad++;
    }
    assert_int_equal(bad, 0);
    assert_true(sum >= COVERAGE * knowable);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(true_error_is_within_root_distance_always),
        cmocka_unit_test(estimate_is_within_two_deviations_mostly),
    };

    return cmocka_run_group_tests(tests, run_scenarios, free_bounds);
}
