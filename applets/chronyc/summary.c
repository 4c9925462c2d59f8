/* One round of questions, judged and put into one line. */
#include "applets/chronyc/summary.h"

#include <math.h>

#include "applets/chronyc/chronyc.h"
#include "core/linux/clock.h"

#define LEAP_UNSYNCHRONISED 3
#define RECENT_POLLS        7 /* bits of the last three in the reachability register */
#define MAX_STRATUM         15

void summary_count_sources(struct control_client *client, struct summary *summary) {
    struct control_answer answer;
    if (!control_client_ask(client, CONTROL_REQ_N_SOURCES, NULL, &answer) ||
        answer.type != CONTROL_RPY_N_SOURCES)
        return;
    uint32_t count = answer.n_sources.n_sources;
    for (struct control_index request = {0}; request.index < count; request.index++) {
        if (!control_client_ask(client, CONTROL_REQ_SOURCE_DATA, &request, &answer) ||
            answer.type != CONTROL_RPY_SOURCE_DATA)
            return;
        summary->sources++;
        summary->reachable += (answer.source_data.reachability & RECENT_POLLS) != 0;
        summary->unresolved += answer.source_data.ip_addr.family == ADDRESS_ID;
    }
}

void summary_take(struct control_client *client, struct summary *summary) {
    *summary = (struct summary){.answered = false};
    struct control_answer answer;
    if (!control_client_ask(client, CONTROL_REQ_TRACKING, NULL, &answer) ||
        answer.type != CONTROL_RPY_TRACKING)
        return;
    const struct control_tracking *tracking = &answer.tracking;
    summary->answered = true;
    summary->synchronised = tracking->leap_status < LEAP_UNSYNCHRONISED && tracking->stratum >= 1 &&
                            tracking->stratum <= MAX_STRATUM;
    summary->local = summary->synchronised && !chronyc_has_real_source(tracking);
    summary->stratum = tracking->stratum;
    summary->source = tracking->ip_addr;
    summary->offset = 0.0 - tracking->current_correction; /* no negative zero */
    summary->distance = tracking->root_delay / 2.0 + tracking->root_dispersion;
    if (tracking->ref_time && !summary->local)
        summary->age = fmax(ns_difference(system_clock_read(), tracking->ref_time), 0.0);
    if (!summary->synchronised)
        summary_count_sources(client, summary);
}

void summary_print(const struct summary *summary, struct text *text) {
    if (!summary->answered) {
        text_append(text, "chronyd does not answer");
    } else if (!summary->synchronised) {
        text_printf(text, "not synchronised: %d sources, %d reachable, %d without an address yet",
                    summary->sources, summary->reachable, summary->unresolved);
    } else {
        text_printf(text, "stratum %u%s, offset %+.6f s, root distance %.3f s", summary->stratum,
                    summary->local ? " (local reference)" : "", summary->offset, summary->distance);
        if (!summary->local)
            text_printf(text, ", last update %.0f s ago", summary->age);
    }
}
