/* Selection: who is believed, who leads, who is averaged, and why nobody is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/track/select.h"

static double edges[2 * 16];

static const struct select_options defaults = {
    .max_distance = 3.0,
    .max_jitter = 1.0,
    .reselect_distance = 1e-4,
    .stratum_weight = 1e-3,
    .combine_limit = 3.0,
    .max_clock_error = 1e-6,
    .min_sources = 1,
    .max_stratum = 15,
    .edges = edges,
};

static struct select_source make_source(double offset, double distance) {
    return (struct select_source){
        .is_ntp = true,
        .has_estimate = true,
        .stratum = 2,
        .reachability = 0xff,
        .reach_size = 8,
        .max_unreachable = 100000,
        .first_sample_ago = 500.0,
        .last_sample_ago = 10.0,
        .offset = offset,
        .root_distance = distance,
        .deviation = distance / 10.0,
        .skew = 1e-7,
        .score = 1.0,
    };
}

/* A first choice, everyone having brought something new. */
static struct select_result run_with(struct select_source *sources, int count,
                                     const struct select_options *options) {
    for (int i = 0; i < count; i++)
        sources[i].updated = true;
    return select_run(sources, count, options, -1, 0);
}

static struct select_result run(struct select_source *sources, int count) {
    return run_with(sources, count, &defaults);
}

static void nothing_configured_is_said(void **state) {
    struct select_result result = select_run(NULL, 0, &defaults, -1, -1);

    (void)state;
    assert_int_equal(result.failure, SELECT_NO_SOURCES);
    assert_int_equal(result.selected, -1);
}

static void nearest_of_agreeing_sources_leads_and_the_rest_is_combined(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.02), make_source(1e-3, 0.01),
                                      make_source(-1e-3, 0.015)};
    struct select_result result = run(sources, 3);

    (void)state;
    assert_int_equal(result.failure, SELECT_OK);
    assert_int_equal(result.selected, 1);
    assert_int_equal(result.combined, 3);
    assert_int_equal(sources[1].state, SOURCE_SELECTED);
    assert_int_equal(sources[0].state, SOURCE_COMBINED);
    assert_int_equal(sources[2].state, SOURCE_COMBINED);
    assert_true(sources[0].low == -0.02 && sources[0].high == 0.02);
}

static void first_failed_test_gives_the_letter(void **state) {
    struct select_source sources[8];
    const enum source_state expected[] = {
        SOURCE_NOSELECT,     SOURCE_MISSING_SAMPLES, SOURCE_UNSYNCHRONISED, SOURCE_BAD_STRATUM,
        SOURCE_BAD_DISTANCE, SOURCE_BAD_DISTANCE,    SOURCE_JITTERY,        SOURCE_SELECTED};

    (void)state;
    for (int i = 0; i < 8; i++)
        sources[i] = make_source(0.0, 0.01);
    sources[0].options = SELECT_OPTION_NOSELECT;
    sources[1].has_estimate = false;
    sources[2].leap = 3;
    sources[3].stratum = 16;
    sources[4].root_distance = 3.5;
    sources[5].root_distance = NAN;
    sources[6].deviation = 1.5;
    assert_int_equal(select_run(sources, 8, &defaults, 7, 7).selected, 7);
    for (int i = 0; i < 8; i++)
        assert_int_equal(sources[i].state, expected[i]);
}

static void minority_is_called_falsetickers(void **state) {
    (void)state;
    for (int falses = 1; falses <= 4; falses++) {
        struct select_source sources[9];
        int count = 2 * falses + 1;
        struct select_result result;

        for (int i = 0; i < count; i++)
            sources[i] = make_source(i < falses ? 0.5 + i : 1e-3 * i, 0.02);
        result = run(sources, count);
        assert_int_equal(result.failure, SELECT_OK);
        assert_int_equal(result.combined, falses + 1);
        for (int i = 0; i < falses; i++)
            assert_int_equal(sources[i].state, SOURCE_FALSETICKER);
        assert_true(result.selected >= falses);
    }
}

static void two_equal_camps_are_no_majority(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(1e-3, 0.01),
                                      make_source(1.0, 0.01), make_source(1.001, 0.01)};
    struct select_result result = run(sources, 4);

    (void)state;
    assert_int_equal(result.failure, SELECT_NO_MAJORITY);
    assert_int_equal(result.agreeing, 2);
    assert_int_equal(result.voting, 4);
    assert_int_equal(result.selected, -1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(sources[i].state, SOURCE_FALSETICKER);
}

static void two_that_disagree_are_no_agreement(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(1.0, 0.01)};
    struct select_result result = run(sources, 2);

    (void)state;
    assert_int_equal(result.failure, SELECT_NO_MAJORITY);
    assert_int_equal(result.agreeing, 1);
    assert_int_equal(result.voting, 2);
}

static void trusted_sources_overrule_the_majority(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(1.0, 0.01),
                                      make_source(1.0, 0.01), make_source(0.0, 0.015),
                                      make_source(0.0, 0.005)};
    struct select_result result;

    (void)state;
    sources[0].options = SELECT_OPTION_TRUST;
    result = run(sources, 5);
    assert_true(result.trusted_only);
    assert_int_equal(result.voting, 1);
    assert_int_equal(sources[0].state, SOURCE_COMBINED);
    assert_int_equal(sources[1].state, SOURCE_FALSETICKER);
    assert_int_equal(sources[2].state, SOURCE_FALSETICKER);
    assert_int_equal(sources[3].state, SOURCE_UNTRUSTED);
    assert_int_equal(sources[4].state, SOURCE_SELECTED);
}

static void preferred_source_leads_alone(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.1)};

    (void)state;
    sources[1].options = SELECT_OPTION_PREFER;
    assert_int_equal(run(sources, 2).selected, 1);
    assert_int_equal(sources[0].state, SOURCE_NONPREFERRED);
}

static void missing_required_source_stops_selection(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.1)};

    (void)state;
    sources[1].options = SELECT_OPTION_REQUIRE;
    assert_int_equal(run(sources, 2).failure, SELECT_OK);
    sources[1].leap = 3;
    assert_int_equal(run(sources, 2).failure, SELECT_NO_REQUIRED);
    assert_int_equal(sources[0].state, SOURCE_WAITS_SOURCES);
}

static void fewer_than_minsources_stop_selection(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.01)};
    struct select_options options = defaults;

    (void)state;
    options.min_sources = 3;
    assert_int_equal(run_with(sources, 2, &options).failure, SELECT_NOT_ENOUGH);
    assert_int_equal(sources[1].state, SOURCE_WAITS_SOURCES);
}

static void start_waits_for_who_is_one_poll_behind(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.01)};

    (void)state;
    sources[0].reach_size = 3;
    sources[1].has_estimate = false;
    sources[1].reach_size = 2;
    sources[1].reachability = 3;
    assert_int_equal(run(sources, 2).failure, SELECT_WAITING);
    assert_int_equal(sources[0].state, SOURCE_WAITS_SAMPLES);
    assert_int_equal(sources[1].state, SOURCE_MISSING_SAMPLES);
    assert_int_equal(select_run(sources, 2, &defaults, 0, 0).failure, SELECT_OK);
    sources[1].reachability = 0;
    assert_int_equal(run(sources, 2).failure, SELECT_OK);
    sources[1].reachability = 1;
    sources[1].reach_size = 1;
    assert_int_equal(run(sources, 2).failure, SELECT_OK);
    sources[1].reachability = 7;
    sources[1].reach_size = 3;
    assert_int_equal(run(sources, 2).failure, SELECT_OK);
}

static void who_is_to_lead_brings_a_new_sample_first(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.03), make_source(0.0, 0.01),
                                      make_source(0.0, 0.02)};

    (void)state;
    assert_int_equal(run(sources, 3).selected, 1);
    /* Everyone's samples are used: who leads on needs none. */
    assert_int_equal(select_run(sources, 3, &defaults, 1, -1).selected, 1);
    sources[1].options = SELECT_OPTION_NOSELECT;
    for (int i = 0; i < 2; i++) {
        struct select_result result = select_run(sources, 3, &defaults, i == 0 ? 1 : -1, i - 1);

        assert_int_equal(result.failure, SELECT_WAITING);
        assert_int_equal(result.selected, -1);
        assert_int_equal(sources[0].state, SOURCE_WAITS_UPDATE);
        assert_int_equal(sources[1].state, SOURCE_NOSELECT);
        assert_int_equal(sources[2].state, SOURCE_WAITS_UPDATE);
    }
    assert_int_equal(select_run(sources, 3, &defaults, -1, 2).selected, 2);
    assert_int_equal(sources[0].state, SOURCE_COMBINED);
}

static void unreachable_source_goes_stale_when_others_have_moved_on(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.02)};

    (void)state;
    sources[0].reachability = 0;
    sources[0].unreachable_polls = 8;
    sources[0].last_sample_ago = 400.0;
    assert_int_equal(run(sources, 2).selected, 0);
    sources[0].last_sample_ago = 600.0;
    assert_int_equal(run(sources, 2).selected, 1);
    assert_int_equal(sources[0].state, SOURCE_STALE);
    sources[0].last_sample_ago = 10.0;
    sources[0].max_unreachable = 7;
    assert_int_equal(run(sources, 2).selected, 1);
    assert_int_equal(run(sources, 1).failure, SELECT_NO_SELECTABLE);
    assert_int_equal(run(sources, 1).unreachable, 1);
}

static void equals_do_not_take_turns(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.01)};
    int selected = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        sources[0].root_distance = 0.01 + 5e-5 * sin(i);
        sources[1].root_distance = 0.01 + 5e-5 * cos(i);
        selected = select_run(sources, 2, &defaults, selected, i % 2).selected;
        assert_int_equal(selected, 0);
    }
}

static void much_nearer_source_takes_the_lead_after_some_updates(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.02), make_source(0.0, 0.01)};
    int selected = 0, updates = 0;

    (void)state;
    while (selected == 0 && updates < 100)
        selected = select_run(sources, 2, &defaults, selected, (updates++, 1)).selected;
    assert_int_equal(selected, 1);
    assert_in_range(updates, 3, 5);
    assert_true(sources[0].score == 1.0 && sources[1].score == 1.0);
}

static int updates_out_of_the_combination(int reach_size) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.05)};
    int updates = 0;

    sources[1].reach_size = reach_size;
    assert_int_equal(run(sources, 2).combined, 1);
    assert_int_equal(sources[1].state, SOURCE_DISTANT);
    sources[1].root_distance = 0.012;
    do {
        select_run(sources, 2, &defaults, 0, 1);
        updates++;
    } while (sources[1].state == SOURCE_DISTANT && updates < 100);
    assert_int_equal(sources[1].state, SOURCE_COMBINED);
    return updates;
}

static void distant_source_stays_out_for_32_updates(void **state) {
    (void)state;
    assert_int_equal(updates_out_of_the_combination(8), 32);
    assert_int_equal(updates_out_of_the_combination(7), 1);
}

static void combinelimit_bounds_distance_and_frequency(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.012)};
    struct select_options options = defaults;
    /* skews of 1e-7 each and maxclockerror of 1e-6 */
    static const double frequencies[] = {3.5e-6, -3.5e-6, 3.7e-6, -3.7e-6};

    (void)state;
    for (int i = 0; i < 4; i++) {
        sources[1].frequency = frequencies[i];
        sources[1].distant_left = 0;
        run(sources, 2);
        assert_int_equal(sources[1].state, i < 2 ? SOURCE_COMBINED : SOURCE_DISTANT);
    }
    sources[1].frequency = 0.0;
    for (int i = 0; i < 2; i++) {
        sources[1].root_distance = i == 0 ? 0.0302 : 0.0304;
        sources[1].distant_left = 0;
        run(sources, 2);
        assert_int_equal(sources[1].state, i == 0 ? SOURCE_COMBINED : SOURCE_DISTANT);
    }
    options.combine_limit = 0.0;
    sources[1] = make_source(0.0, 0.01);
    assert_int_equal(select_run(sources, 2, &options, 0, 0).combined, 1);
}

static void stratum_is_worth_its_weight(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.0104)};
    struct select_options options = defaults;

    (void)state;
    sources[0].stratum = 3;
    assert_int_equal(run(sources, 2).selected, 1);
    options.stratum_weight = 1e-4;
    assert_int_equal(run_with(sources, 2, &options).selected, 0);
}

static void strata_out_of_range_are_not_used(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.02),
                                      make_source(0.0, 0.03)};
    struct select_options options = defaults;

    (void)state;
    options.min_stratum = 2;
    options.max_stratum = 4;
    sources[0].stratum = 1;
    sources[1].stratum = 5;
    sources[2].stratum = 4;
    assert_int_equal(select_run(sources, 3, &options, -1, 2).selected, 2);
    assert_int_equal(sources[0].state, SOURCE_BAD_STRATUM);
    assert_int_equal(sources[1].state, SOURCE_BAD_STRATUM);
}

/* Liars that agree with one of the honest as well: whoever agrees with everyone is believed. */
static void ambiguous_votes_leave_who_agrees_with_all(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.5e-3), make_source(1e-4, 0.5e-3),
                                      make_source(4e-4, 1e-3), make_source(1.2e-3, 0.5e-3),
                                      make_source(1.3e-3, 0.5e-3)};
    struct select_result result = run(sources, 5);

    (void)state;
    assert_int_equal(result.selected, 2);
    assert_int_equal(result.agreeing, 3);
    assert_int_equal(result.combined, 1);
}

static void orphan_with_the_smallest_id_leads_only_the_larger_ones(void **state) {
    struct select_source sources[] = {make_source(0.0, 0.01), make_source(0.0, 0.01),
                                      make_source(0.0, 0.01)};
    struct select_options options = defaults;

    (void)state;
    options.orphan_stratum = 10;
    for (int i = 0; i < 3; i++) {
        sources[i].stratum = i == 2 ? 11 : 10;
        sources[i].reference_id = (uint32_t)(30 - i * 10);
    }
    options.orphan_own_id = 25;
    assert_int_equal(run_with(sources, 3, &options).selected, 1);
    assert_int_equal(sources[0].state, SOURCE_ORPHAN);
    assert_int_equal(sources[2].state, SOURCE_ORPHAN);
    options.orphan_own_id = 15;
    assert_int_equal(run_with(sources, 3, &options).failure, SELECT_NO_SELECTABLE);
    sources[0].stratum = 3;
    assert_int_equal(run_with(sources, 3, &options).selected, 0);
}

static void bad_updates_are_counted_in_a_row(void **state) {
    struct select_source sources[] = {make_source(0.0, 5.0), make_source(0.0, 0.01)};

    (void)state;
    for (int i = 1; i <= 4; i++) {
        select_run(sources, 2, &defaults, -1, 0);
        select_run(sources, 2, &defaults, -1, 1);
        assert_int_equal(sources[0].bad_updates, i);
    }
    sources[0].root_distance = 0.01;
    select_run(sources, 2, &defaults, -1, 0);
    assert_int_equal(sources[0].bad_updates, 0);
}

static void combination_favours_the_precise_and_says_how_sure_it_is(void **state) {
    struct combine_source sources[] = {{.offset = 0.0,
                                        .offset_error = 1e-5,
                                        .frequency = 0.0,
                                        .skew = 1e-7,
                                        .root_distance = 1e-4},
                                       {.offset = 3e-5,
                                        .offset_error = 2e-5,
                                        .frequency = 4e-8,
                                        .skew = 1e-7,
                                        .root_distance = 1e-4}};
    struct select_combination one = combine_sources(sources, 1), two = combine_sources(sources, 2);

    (void)state;
    assert_true(one.offset == 0.0 && fabs(one.offset_error - 1e-5) < 1e-12);
    assert_true(two.offset > 4e-6 && two.offset < 8e-6);
    assert_true(fabs(two.frequency - 2e-8) < 1e-12);
    assert_true(two.skew < one.skew);
    sources[1].offset = 1e-3;
    assert_true(combine_sources(sources, 2).offset_error > 1e-4);
}

static void combination_is_finite_for_zero_and_infinite_errors(void **state) {
    struct combine_source sources[] = {
        {.offset = 1e-3}, {.offset = 2e-3, .offset_error = INFINITY, .skew = INFINITY}};
    struct select_combination both = combine_sources(sources, 2);

    (void)state;
    assert_true(isfinite(both.offset) && fabs(both.offset - 1e-3) < 1e-9);
    assert_true(isfinite(both.frequency) && both.frequency == 0.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_configured_is_said),
        cmocka_unit_test(nearest_of_agreeing_sources_leads_and_the_rest_is_combined),
        cmocka_unit_test(first_failed_test_gives_the_letter),
        cmocka_unit_test(minority_is_called_falsetickers),
        cmocka_unit_test(two_equal_camps_are_no_majority),
        cmocka_unit_test(two_that_disagree_are_no_agreement),
        cmocka_unit_test(trusted_sources_overrule_the_majority),
        cmocka_unit_test(preferred_source_leads_alone),
        cmocka_unit_test(missing_required_source_stops_selection),
        cmocka_unit_test(fewer_than_minsources_stop_selection),
        cmocka_unit_test(start_waits_for_who_is_one_poll_behind),
        cmocka_unit_test(who_is_to_lead_brings_a_new_sample_first),
        cmocka_unit_test(unreachable_source_goes_stale_when_others_have_moved_on),
        cmocka_unit_test(equals_do_not_take_turns),
        cmocka_unit_test(much_nearer_source_takes_the_lead_after_some_updates),
        cmocka_unit_test(distant_source_stays_out_for_32_updates),
        cmocka_unit_test(combinelimit_bounds_distance_and_frequency),
        cmocka_unit_test(stratum_is_worth_its_weight),
        cmocka_unit_test(strata_out_of_range_are_not_used),
        cmocka_unit_test(ambiguous_votes_leave_who_agrees_with_all),
        cmocka_unit_test(orphan_with_the_smallest_id_leads_only_the_larger_ones),
        cmocka_unit_test(bad_updates_are_counted_in_a_row),
        cmocka_unit_test(combination_favours_the_precise_and_says_how_sure_it_is),
        cmocka_unit_test(combination_is_finite_for_zero_and_infinite_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
