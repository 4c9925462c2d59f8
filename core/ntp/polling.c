/* Poll intervals and their adaptation. The poll score gathers what was heard and what was not; at 1
 * the interval is doubled, below 0 halved, so that the filter works with about `polltarget`
 * samples. */
#include "core/ntp/polling.h"

#include <math.h>

#define TIMER_SPREAD        0.02 /* of an interval, random, so that clients do not fall into step */
#define BURST_MAX_INTERVAL  2.0  /* s */
#define BURST_DIVISOR       4.0  /* of the poll interval */
#define OPTION_BURST_GOOD   1
#define OPTION_BURST_TOTAL  4
#define PRESEND_INTERVAL    2.0  /* s before the request proper */
#define SUBSECOND_MAX_DELAY 0.01 /* s */
#define HOLD_OFF_INTERVALS  4
#define FOLLOWED_PACE       1.1
#define SCORE_LOST          0.25
#define SCORE_LOST_SELECTED 0.1
#define REACH_BITS          8

/* Two peers poll at the shorter one of their intervals. The one that the other follows comes a
 * little later, as if it answered. */
static double poll_interval(const struct association *association) {
    int poll = association->poll, other = association->report.header.poll;

    if (association->config.type != SOURCE_PEER || association->reachability == 0)
        return ldexp(1.0, poll);
    if (other < poll)
        poll = other > association->config.minpoll ? other : association->config.minpoll;
    return ldexp(association->peer_follows ? FOLLOWED_PACE : 1.0, poll);
}

/* Only delays that were measured count as near. */
static bool is_near(const struct association *association) {
    double delay = filter_min_delay(association->filter);

    return association->reachability != 0 && delay > 0.0 && delay <= SUBSECOND_MAX_DELAY;
}

void polling_clamp(struct association *association) {
    const struct source_config *config = &association->config;

    if (association->poll < config->minpoll) {
        association->poll = config->minpoll;
        association->poll_score = 0.0;
    }
    if (association->poll > config->maxpoll)
        association->poll = config->maxpoll;
    if (association->poll < 0 && !is_near(association))
        association->poll = 0;
}

void polling_score(struct association *association, double change) {
    double score = association->poll_score + change;
    double steps = floor(score);

    association->poll_score = score - steps;
    association->poll += (int)fmax(fmin(steps, 64.0), -64.0);
    polling_clamp(association);
}

void polling_record_reach(struct association *association, bool reached) {
    association->reachability = (uint8_t)(association->reachability << 1 | reached);
    if (association->reach_size < REACH_BITS)
        association->reach_size++;
    association->unreachable_polls = reached ? 0 : association->unreachable_polls + 1;
}

/* A presend is expected to be lost; a burst is over before a slower poll could help. */
static void record_loss(struct association *association, bool selected) {
    if (association->kind == EXCHANGE_PRESEND)
        return;
    polling_record_reach(association, false);
    if (association->kind == EXCHANGE_POLL)
        polling_score(association, selected ? SCORE_LOST_SELECTED : SCORE_LOST);
    else
        polling_clamp(association);
}

/* How many requests go ahead of one at this poll. */
static int presends(const struct association *association) {
    const struct source_config *config = &association->config;

    if (config->presend >= PRESEND_OFF || association->poll < config->presend)
        return 0;
    return config->xleave ? 2 : 1;
}

static void start_option_burst(struct association *association) {
    int above = association->poll - association->config.minpoll;

    if (!association->config.burst || above <= 0)
        return;
    association->burst_good_left = OPTION_BURST_GOOD;
    association->burst_total_left = above < 2 ? 1 << above : OPTION_BURST_TOTAL;
}

void polling_begin(struct association *association, bool selected) {
    if (association->response_pending)
        record_loss(association, selected);
    association->kind = EXCHANGE_POLL;
    if (association->burst_total_left == 0) {
        if (association->presends_done < presends(association)) {
            association->presends_done++;
            association->kind = EXCHANGE_PRESEND;
            return;
        }
        association->presends_done = 0;
        association->median_polls++;
        start_option_burst(association);
    }
    if (association->burst_total_left > 0) {
        association->burst_total_left--;
        association->kind = EXCHANGE_BURST;
    }
}

static ns_t after(ns_t start, double interval, struct random *random) {
    return ns_add_seconds(start, interval * (1.0 + TIMER_SPREAD * random_uniform(random)));
}

/* From one request proper to what comes before the next. */
static double quiet_interval(const struct association *association) {
    double interval = poll_interval(association);

    return fmax(interval - PRESEND_INTERVAL * presends(association), interval / 2.0);
}

void polling_stop(struct association *association) {
    association->next_transmit = NS_NEVER;
    association->reachability = 0;
    association->reach_size = 0;
}

static void leave_burst(struct association *association, ns_t start, double delay,
                        struct random *random) {
    if (association->burst_returns_offline) {
        association->burst_returns_offline = false;
        polling_stop(association);
    } else {
        association->next_transmit = after(start, quiet_interval(association) + delay, random);
    }
}

void polling_schedule(struct association *association, ns_t now, struct random *random) {
    association->transmitted_at = now;
    if (association->burst_total_left > 0) {
        double interval = fmin(BURST_MAX_INTERVAL, poll_interval(association) / BURST_DIVISOR);

        association->next_transmit = after(now, interval, random);
    } else if (association->kind == EXCHANGE_PRESEND) {
        association->next_transmit = after(now, PRESEND_INTERVAL, random);
    } else {
        leave_burst(association, now, 0.0, random);
    }
}

void polling_end_burst(struct association *association, struct random *random) {
    if (association->burst_total_left == 0)
        return;
    association->burst_total_left = 0;
    association->burst_good_left = 0;
    leave_burst(association, association->transmitted_at, 0.0, random);
}

void polling_reschedule(struct association *association, struct random *random) {
    if (association->next_transmit != NS_NEVER && association->burst_total_left == 0 &&
        association->kind != EXCHANGE_PRESEND)
        leave_burst(association, association->transmitted_at, 0.0, random);
}

void polling_hold_off(struct association *association, struct random *random) {
    association->burst_total_left = 0;
    association->presends_done = 0;
    if (association->next_transmit != NS_NEVER)
        leave_burst(association, association->transmitted_at,
                    HOLD_OFF_INTERVALS * poll_interval(association), random);
}
