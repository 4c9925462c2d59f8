/* Selection (select.h).
 *
 * Model. Source i claims that the correction lies in [offset_i - distance_i, offset_i +
 * distance_i], its root distance being a bound and not a deviation (RFC 5905 section 11.2.1). Among
 * n voters a point that more than n/2 intervals share is believed; the sources whose interval
 * misses the best shared region are falsetickers. The region is the hull of all points of greatest
 * depth: an interval that misses part of it contradicts someone in the majority. Trusted sources,
 * if there are any, vote alone.
 *
 * Each source passes the tests in the order of enum source_state and keeps the letter of the first
 * it fails. On start whoever is ready waits for those that are one poll behind, or the liars among
 * the first would be a majority.
 *
 * Leadership has inertia: the product of distance(leader) / distance(source), taken when either of
 * the two has a new sample and never below 1, must reach a threshold before the source takes over.
 * That both count keeps the ages of the samples out of the comparison: a source is never nearer
 * than just after its own sample. Distances of the scores carry a handicap per stratum and, for NTP
 * sources that do not lead, reselect_distance and the jitter, within which distances are equal: so
 * equals do not take turns. A new leader starts with a new sample, and until it has one nobody
 * leads: what is older has been used.
 *
 * Combined with the leader is whoever is not combine_limit times farther and whose frequency
 * differs by no more than combine_limit times what the two do not know of it. */
#include "core/track/select.h"

#include <math.h>
#include <stdlib.h>

#include "core/base/check.h"

#define SCORE_LIMIT     10.0 /* to take over the lead */
#define DISTANT_UPDATES 32   /* own updates before a distant source is combined again ... */
#define FULL_REACH      8    /* ... once it has been polled this often; before, one */
#define MIN_DISTANCE    1e-9 /* s; keeps ratios finite */
#define SOURCE_CANDIDATE                                                                           \
    SOURCE_COMBINED /* still in the running, until a later test writes another letter */

struct selection {
    struct select_source *sources;
    int count;
    const struct select_options *options;
    struct select_result result;
};

static bool is_candidate(const struct select_source *source) {
    return source->state == SOURCE_CANDIDATE;
}

static bool has_option(const struct select_source *source, unsigned option) {
    return (source->options & option) != 0;
}

static int count_candidates(const struct selection *selection) {
    int n = 0;

    for (int i = 0; i < selection->count; i++)
        n += is_candidate(&selection->sources[i]);
    return n;
}

static void mark_candidates(struct selection *selection, enum source_state state) {
    for (int i = 0; i < selection->count; i++)
        if (is_candidate(&selection->sources[i]))
            selection->sources[i].state = state;
}

/* The tests that look at one source alone. */
static enum source_state test_alone(const struct select_source *source,
                                    const struct select_options *options) {
    if (has_option(source, SELECT_OPTION_NOSELECT))
        return SOURCE_NOSELECT;
    if (!source->has_estimate)
        return SOURCE_MISSING_SAMPLES;
    if (source->leap == 3)
        return SOURCE_UNSYNCHRONISED;
    if (source->stratum < options->min_stratum || source->stratum > options->max_stratum)
        return SOURCE_BAD_STRATUM;
    if (!isfinite(source->offset) || !(source->root_distance >= 0.0) ||
        !(source->root_distance <= options->max_distance))
        return SOURCE_BAD_DISTANCE;
    if (!(source->deviation <= options->max_jitter))
        return SOURCE_JITTERY;
    return SOURCE_CANDIDATE;
}

static void test_each(struct selection *selection) {
    for (int i = 0; i < selection->count; i++) {
        struct select_source *source = &selection->sources[i];

        source->state = test_alone(source, selection->options);
        source->low = source->high = 0.0;
        if (source->has_estimate && isfinite(source->offset) && isfinite(source->root_distance)) {
            source->low = source->offset - source->root_distance;
            source->high = source->offset + source->root_distance;
        }
        selection->result.unreachable += source->reachability == 0;
    }
}

/* On start whoever is ready waits for those that are only one poll behind. */
static bool must_wait(const struct selection *selection, int previous) {
    int most = 0;

    for (int i = 0; i < selection->count; i++)
        if (is_candidate(&selection->sources[i]) && selection->sources[i].reach_size > most)
            most = selection->sources[i].reach_size;
    for (int i = 0; previous < 0 && i < selection->count; i++) {
        const struct select_source *source = &selection->sources[i];

        if (source->state == SOURCE_MISSING_SAMPLES && source->reachability != 0 &&
            source->reach_size + 1 == most)
            return true;
    }
    return false;
}

static void mark_stale(struct selection *selection) {
    double oldest = 0.0;

    for (int i = 0; i < selection->count; i++) {
        const struct select_source *source = &selection->sources[i];

        if (is_candidate(source) && source->reachability != 0 && source->first_sample_ago > oldest)
            oldest = source->first_sample_ago;
    }
    for (int i = 0; i < selection->count; i++) {
        struct select_source *source = &selection->sources[i];

        if (!is_candidate(source) || source->reachability != 0)
            continue;
        if (source->last_sample_ago > oldest || source->unreachable_polls > source->max_unreachable)
            source->state = SOURCE_STALE;
    }
}

/* Orphans of our own stratum are kept aside; of those the one with the smallest reference ID leads
 * when nobody else can, unless ours is smaller: then we are the one, and the others follow us. */
static void mark_orphans(struct selection *selection) {
    int stratum = selection->options->orphan_stratum;

    for (int i = 0; stratum > 0 && i < selection->count; i++) {
        struct select_source *source = &selection->sources[i];

        if (is_candidate(source) && source->is_ntp && source->stratum >= stratum)
            source->state = SOURCE_ORPHAN;
    }
}

static void choose_orphan(struct selection *selection) {
    const struct select_options *options = selection->options;
    int best = -1;

    for (int i = 0; i < selection->count; i++) {
        const struct select_source *source = &selection->sources[i];

        if (source->state == SOURCE_ORPHAN && source->stratum == options->orphan_stratum &&
            source->reachability != 0 &&
            (best < 0 || source->reference_id < selection->sources[best].reference_id))
            best = i;
    }
    if (best >= 0 && selection->sources[best].reference_id < options->orphan_own_id)
        selection->sources[best].state = SOURCE_CANDIDATE;
}

static bool is_voter(const struct select_source *source, bool trusted_only) {
    return is_candidate(source) && (!trusted_only || has_option(source, SELECT_OPTION_TRUST));
}

struct region {
    double low, high;
    int depth;
};

static int compare_edges(const void *a, const void *b) {
    double first = *(const double *)a, second = *(const double *)b;

    return (first > second) - (first < second);
}

/* From the left to the right over where intervals begin and end: a region of greatest depth begins
 * where one begins and ends where the next one ends, with no other beginning between. In the order
 * of n log n, for there may be a thousand sources. */
static struct region find_region(const struct selection *selection, bool trusted_only) {
    struct region best = {0.0, 0.0, 0};
    double *lows = selection->options->edges, *highs = lows + selection->count;
    int count = 0, ended = 0;

    for (int i = 0; i < selection->count; i++) {
        if (!is_voter(&selection->sources[i], trusted_only))
            continue;
        lows[count] = selection->sources[i].low;
        highs[count++] = selection->sources[i].high;
    }
    qsort(lows, (size_t)count, sizeof(*lows), compare_edges);
    qsort(highs, (size_t)count, sizeof(*highs), compare_edges);
    for (int i = 0; i < count; i++) {
        while (highs[ended] < lows[i])
            ended++;
        if (i + 1 < count && lows[i + 1] <= highs[ended])
            continue;
        if (i + 1 - ended > best.depth)
            best = (struct region){lows[i], highs[ended], i + 1 - ended};
        else if (i + 1 - ended == best.depth)
            best.high = highs[ended];
    }
    return best;
}

/* Votes, and marks the losers. False: no majority. */
static bool vote(struct selection *selection) {
    struct select_result *result = &selection->result;
    struct region best;

    for (int i = 0; i < selection->count; i++)
        result->trusted_only |= is_voter(&selection->sources[i], true);
    for (int i = 0; i < selection->count; i++)
        result->voting += is_voter(&selection->sources[i], result->trusted_only);
    best = find_region(selection, result->trusted_only);
    result->agreeing = best.depth;
    if (best.depth * 2 <= result->voting) {
        mark_candidates(selection, SOURCE_FALSETICKER);
        return false;
    }
    for (int i = 0; i < selection->count; i++) {
        struct select_source *source = &selection->sources[i];

        if (!is_candidate(source))
            continue;
        if (is_voter(source, result->trusted_only)) {
            if (source->low > best.low || source->high < best.high)
                source->state = SOURCE_FALSETICKER;
        } else if (source->low > best.high || source->high < best.low) {
            source->state = SOURCE_FALSETICKER;
        } else if (source->low < best.low || source->high > best.high) {
            source->state = SOURCE_UNTRUSTED;
        }
    }
    return true;
}

/* minsources and require: enough of the survivors, and one of those that must be there. */
static enum select_failure test_enough(struct selection *selection) {
    bool wanted = false, found = false;
    enum select_failure failure = SELECT_OK;

    for (int i = 0; i < selection->count; i++) {
        const struct select_source *source = &selection->sources[i];

        if (!has_option(source, SELECT_OPTION_REQUIRE))
            continue;
        wanted = true;
        found |= is_candidate(source);
    }
    if (count_candidates(selection) < selection->options->min_sources)
        failure = SELECT_NOT_ENOUGH;
    else if (wanted && !found)
        failure = SELECT_NO_REQUIRED;
    if (failure != SELECT_OK)
        mark_candidates(selection, SOURCE_WAITS_SOURCES);
    return failure;
}

static void keep_preferred(struct selection *selection) {
    bool any = false;

    for (int i = 0; i < selection->count; i++)
        any |= is_candidate(&selection->sources[i]) &&
               has_option(&selection->sources[i], SELECT_OPTION_PREFER);
    for (int i = 0; any && i < selection->count; i++)
        if (is_candidate(&selection->sources[i]) &&
            !has_option(&selection->sources[i], SELECT_OPTION_PREFER))
            selection->sources[i].state = SOURCE_NONPREFERRED;
}

static int lowest_stratum(const struct selection *selection) {
    int lowest = INT32_MAX;

    for (int i = 0; i < selection->count; i++)
        if (is_candidate(&selection->sources[i]) && selection->sources[i].stratum < lowest)
            lowest = selection->sources[i].stratum;
    return lowest;
}

/* The distance by which sources compete. */
static double score_distance(const struct selection *selection, int i, int leader, int stratum) {
    const struct select_source *source = &selection->sources[i];
    double distance =
        source->root_distance + selection->options->stratum_weight * (source->stratum - stratum);

    if (source->is_ntp && i != leader)
        distance += selection->options->reselect_distance + source->deviation;
    return fmax(distance, MIN_DISTANCE);
}

static int nearest_candidate(const struct selection *selection, int stratum) {
    int nearest = -1;
    double shortest = INFINITY;

    for (int i = 0; i < selection->count; i++) {
        double distance;

        if (!is_candidate(&selection->sources[i]))
            continue;
        distance = score_distance(selection, i, -1, stratum);
        if (distance < shortest) {
            nearest = i;
            shortest = distance;
        }
    }
    return nearest;
}

/* The candidate whose score has grown past the limit, or the leader itself. */
static int challenge(const struct selection *selection, int leader, int updated, int stratum) {
    double distance = score_distance(selection, leader, leader, stratum), highest = SCORE_LIMIT;
    int best = leader;

    for (int i = 0; i < selection->count; i++) {
        struct select_source *source = &selection->sources[i];

        if (!is_candidate(source) || i == leader || !(source->score >= 1.0))
            source->score = 1.0;
        else if (i == updated || leader == updated)
            source->score =
                fmax(source->score * distance / score_distance(selection, i, leader, stratum), 1.0);
        if (source->score > highest && source->updated) {
            highest = source->score;
            best = i;
        }
    }
    return best;
}

static int choose_leader(const struct selection *selection, int previous, int updated) {
    int stratum = lowest_stratum(selection), leader;

    if (previous >= 0 && is_candidate(&selection->sources[previous]))
        leader = challenge(selection, previous, updated, stratum);
    else
        leader = nearest_candidate(selection, stratum);
    for (int i = 0; leader != previous && i < selection->count; i++)
        selection->sources[i].score = 1.0;
    return leader;
}

/* Who is averaged with the leader: sources not much farther than it, whose frequency agrees with
 * its. */
static void mark_combined(struct selection *selection, int updated) {
    const struct select_options *options = selection->options;
    const struct select_source *leader = &selection->sources[selection->result.selected];
    double limit = options->combine_limit * (leader->root_distance + options->reselect_distance);

    for (int i = 0; i < selection->count; i++) {
        struct select_source *source = &selection->sources[i];

        if (!is_candidate(source) || source == leader)
            continue;
        if (source->root_distance > limit ||
            fabs(source->frequency - leader->frequency) >
                options->combine_limit * (source->skew + leader->skew + options->max_clock_error))
            source->distant_left = source->reach_size < FULL_REACH ? 1 : DISTANT_UPDATES;
        else if (source->distant_left > 0 && i == updated)
            source->distant_left--;
        if (source->distant_left > 0)
            source->state = SOURCE_DISTANT;
    }
    selection->result.combined = count_candidates(selection);
    selection->sources[selection->result.selected].state = SOURCE_SELECTED;
    selection->sources[selection->result.selected].distant_left = 0;
}

static bool is_bad(enum source_state state) {
    return state == SOURCE_FALSETICKER || state == SOURCE_BAD_DISTANCE || state == SOURCE_JITTERY ||
           state == SOURCE_BAD_STRATUM;
}

static bool is_used(const struct select_source *source) {
    return source->state == SOURCE_SELECTED || source->state == SOURCE_COMBINED;
}

static enum select_failure run(struct selection *selection, int previous, int updated) {
    enum select_failure failure;
    int leader;

    if (selection->count == 0)
        return SELECT_NO_SOURCES;
    test_each(selection);
    if (must_wait(selection, previous) && count_candidates(selection) > 0) {
        mark_candidates(selection, SOURCE_WAITS_SAMPLES);
        return SELECT_WAITING;
    }
    mark_stale(selection);
    mark_orphans(selection);
    if (count_candidates(selection) == 0)
        choose_orphan(selection);
    if (count_candidates(selection) == 0)
        return SELECT_NO_SELECTABLE;
    if (!vote(selection))
        return SELECT_NO_MAJORITY;
    failure = test_enough(selection);
    if (failure != SELECT_OK)
        return failure;
    keep_preferred(selection);
    leader = choose_leader(selection, previous, updated);
    if (leader != previous && !selection->sources[leader].updated) {
        mark_candidates(selection, SOURCE_WAITS_UPDATE);
        return SELECT_WAITING;
    }
    selection->result.selected = leader;
    mark_combined(selection, updated);
    return SELECT_OK;
}

struct select_result select_run(struct select_source *sources, int count,
                                const struct select_options *options, int previous, int updated) {
    struct selection selection = {sources, count, options, {.selected = -1}};

    CHECK(count >= 0 && count <= SELECT_MAX_SOURCES);
    CHECK(previous < count && updated < count);
    if (updated >= 0)
        sources[updated].updated = true;
    selection.result.failure = run(&selection, previous, updated);
    for (int i = 0; selection.result.failure != SELECT_OK && i < count; i++)
        sources[i].score = 1.0;
    if (updated >= 0)
        sources[updated].bad_updates =
            is_bad(sources[updated].state) ? sources[updated].bad_updates + 1 : 0;
    selection.result.update =
        selection.result.selected >= 0 &&
        (selection.result.selected != previous || (updated >= 0 && is_used(&sources[updated])));
    for (int i = 0; selection.result.update && i < count; i++)
        sources[i].updated = false;
    return selection.result;
}
