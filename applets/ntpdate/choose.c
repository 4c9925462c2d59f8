/* Which server to follow: each one's samples go through the engine's own filter, and what that
 * says, with the distance within which the truth must lie, through its selection (RFC 5905 section
 * 11.2.1): a majority outvotes falsetickers, and those that agree are combined. */
#include <math.h>
#include <stdlib.h>

#include "applets/ntpdate/ntpdate.h"
#include "core/track/filter.h"
#include "core/track/select.h"

#define MAX_DISTANCE      16.0  /* s */
#define REFERENCE_AGE_MAX 86400 /* s, since the server was last set right */
#define CLOCK_READING     1e-6  /* s, what a timestamp of ours may be wrong by */

static double edges[2 * NTPDATE_MAX_SERVERS];

static const struct select_options options = {
    .max_distance = MAX_DISTANCE,
    .max_jitter = MAX_DISTANCE,
    .reselect_distance = 1e-4,
    .stratum_weight = 1e-3,
    .combine_limit = 3,
    .max_clock_error = 1e-6,
    .min_sources = 1,
    .min_stratum = 1,
    .max_stratum = NTP_MAX_STRATUM - 1,
    .edges = edges,
};

/* What a server's own header says against it; NULL when nothing does. */
static const char *find_fault(const struct ntpdate_server *server) {
    int64_t age = (int64_t)(server->header.transmit_time - server->header.reference_time) /
                  (INT64_C(1) << 32);

    if (server->fault != NULL)
        return server->fault;
    if (server->answered == 0)
        return "no data";
    if (server->header.leap == NTP_LEAP_UNSYNCHRONISED)
        return "Leap not in sync";
    if (server->header.stratum == 0 || server->header.stratum >= NTP_MAX_STRATUM)
        return "strata too high";
    if (age < 0 || age > REFERENCE_AGE_MAX)
        return "server has gone too long without sync";
    return NULL;
}

/* False: there was no sample that could be used. */
static bool estimate_offset(const struct ntpdate_server *server, struct filter *filter,
                            struct estimate *estimate) {
    struct filter_options filtering = {.max_samples = server->answered,
                                       .max_clock_error = options.max_clock_error,
                                       .precision = CLOCK_READING,
                                       .asymmetry = 1.0};
    double dispersion = ldexp(1, server->header.precision) + CLOCK_READING;

    filter_init(filter, &filtering);
    for (int i = 0; i < server->answered; i++) {
        const struct ntpdate_sample *taken = &server->samples[i];
        struct sample sample = {
            .time = taken->time,
            .offset = taken->offset,
            .delay = taken->delay,
            .dispersion = dispersion,
            .root_delay = taken->delay + server->header.root_delay,
            .root_dispersion = dispersion + server->header.root_dispersion,
        };

        filter_add_sample(filter, &sample);
    }
    return filter_estimate(filter, estimate);
}

/* What selection looks at; false, and why in `fault`: the server is not to be believed. */
static bool fill_source(struct ntpdate_server *server, struct filter *filter,
                        struct select_source *source, struct combine_source *combining) {
    struct estimate estimate;

    *source = (struct select_source){.is_ntp = true, .leap = NTP_LEAP_UNSYNCHRONISED};
    server->fault = find_fault(server);
    if (server->fault == NULL && !estimate_offset(server, filter, &estimate))
        server->fault = "no data";
    if (server->fault != NULL)
        return false;
    source->updated = true;
    source->reachability = 1;
    source->leap = server->header.leap;
    source->stratum = server->header.stratum;
    source->offset = estimate.offset;
    source->deviation = estimate.deviation;
    source->root_distance = 0.5 * estimate.root_delay + estimate.root_dispersion;
    if (source->root_distance > MAX_DISTANCE)
        server->fault = "server is very far away";
    *combining = (struct combine_source){.offset = estimate.offset,
                                         .offset_error = estimate.offset_error,
                                         .root_distance = source->root_distance};
    return server->fault == NULL;
}

/* The offsets of the leader and of those that agree with it, weighted by their errors. */
static double combine(const struct select_source *sources, const struct combine_source *combining,
                      int count, int leader) {
    static struct combine_source agreeing[NTPDATE_MAX_SERVERS];
    int used = 0;

    for (int i = leader; i < leader + count; i++) {
        const struct select_source *source = &sources[i % count];

        if (source->state == SOURCE_SELECTED || source->state == SOURCE_COMBINED)
            agreeing[used++] = combining[i % count];
    }
    return combine_sources(agreeing, used).offset;
}

struct ntpdate_result ntpdate_choose(struct ntpdate_server *servers, int count) {
    static struct select_source sources[NTPDATE_MAX_SERVERS];
    static struct combine_source combining[NTPDATE_MAX_SERVERS];
    struct ntpdate_result result = {.chosen = -1};
    struct filter *filter = malloc(filter_size());

    for (int i = 0; filter != NULL && i < count; i++)
        sources[i].has_estimate = fill_source(&servers[i], filter, &sources[i], &combining[i]);
    free(filter);
    result.chosen = select_run(sources, count, &options, -1, -1).selected;
    for (int i = 0; i < count; i++) {
        if (sources[i].state == SOURCE_FALSETICKER)
            servers[i].fault = "falseticker";
    }
    if (result.chosen >= 0) {
        result.offset = combine(sources, combining, count, result.chosen);
        result.distance = sources[result.chosen].root_distance;
    }
    return result;
}
