/* Which server to follow: each one's sample of lowest delay, with the distance within which the
 * truth must lie, goes through the engine's own selection (RFC 5905 section 11.2.1): a majority
 * outvotes falsetickers, and those that agree are combined. The engine's filter has no part in it:
 * of four samples within milliseconds its estimate is half as good as the one of lowest delay. */
#include <math.h>

#include "applets/ntpdate/ntpdate.h"
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

static double root_distance(const struct ntpdate_server *server) {
    return server->header.root_delay / 2 + server->header.root_dispersion +
           server->samples[server->best].delay / 2 + ldexp(1, server->header.precision) +
           CLOCK_READING;
}

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
    if (root_distance(server) > MAX_DISTANCE)
        return "server is very far away";
    return NULL;
}

/* s, how far the samples are from the best one. */
static double deviation(const struct ntpdate_server *server) {
    double sum = 0;

    for (int i = 0; i < server->answered; i++) {
        double apart = server->samples[i].offset - server->samples[server->best].offset;

        sum += apart * apart;
    }
    return sqrt(sum / server->answered);
}

/* The offsets of the leader and of those that agree with it, weighted by their errors. */
static double combine(const struct select_source *sources, int count, int leader) {
    static struct combine_source agreeing[NTPDATE_MAX_SERVERS];
    int used = 0;

    for (int i = leader; i < leader + count; i++) {
        const struct select_source *source = &sources[i % count];

        if (source->state == SOURCE_SELECTED || source->state == SOURCE_COMBINED)
            agreeing[used++] = (struct combine_source){.offset = source->offset,
                                                       .offset_error = source->deviation,
                                                       .root_distance = source->root_distance};
    }
    return combine_sources(agreeing, used).offset;
}

struct ntpdate_result ntpdate_choose(struct ntpdate_server *servers, int count) {
    static struct select_source sources[NTPDATE_MAX_SERVERS];
    struct ntpdate_result result = {.chosen = -1};

    for (int i = 0; i < count; i++) {
        const struct ntpdate_server *server = &servers[i];

        servers[i].fault = find_fault(server);
        sources[i] = (struct select_source){.is_ntp = true, .leap = NTP_LEAP_UNSYNCHRONISED};
        if (server->fault != NULL)
            continue;
        sources[i].has_estimate = sources[i].updated = true;
        sources[i].reachability = 1;
        sources[i].leap = server->header.leap;
        sources[i].stratum = server->header.stratum;
        sources[i].offset = server->samples[server->best].offset;
        sources[i].deviation = deviation(server);
        sources[i].root_distance = root_distance(server);
    }
    result.chosen = select_run(sources, count, &options, -1, -1).selected;
    for (int i = 0; i < count; i++) {
        if (sources[i].state == SOURCE_FALSETICKER)
            servers[i].fault = "falseticker";
    }
    if (result.chosen >= 0) {
        result.offset = combine(sources, count, result.chosen);
        result.distance = sources[result.chosen].root_distance;
    }
    return result;
}
