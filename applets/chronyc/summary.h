/* How a daemon is doing, in one question round and one line: for healthcheck and synctest. */
#ifndef CHRONOBOX_APPLETS_CHRONYC_SUMMARY_H
#define CHRONOBOX_APPLETS_CHRONYC_SUMMARY_H

#include "core/base/text.h"
#include "core/linux/control_client.h"

struct summary {
    bool answered;     /* a tracking report came; what follows is set then */
    bool synchronised; /* to anything: leap status and stratum say so */
    bool local;        /* to the local reference (`local stratum N`), not to a source */
    unsigned stratum;
    struct address source; /* family NONE: a reference clock, or none */
    double offset;         /* s the clock is fast */
    double distance;       /* s, root distance: half the root delay and the root dispersion */
    double age; /* s since the last update; 0 with the local reference, which needs none */
    int sources, reachable, unresolved;
};

/* sources, reachable and unresolved are counted when it is not synchronised, or by the second one.
 * Reachable: one of the last three polls was answered. */
void summary_take(struct control_client *client, struct summary *summary);
void summary_count_sources(struct control_client *client, struct summary *summary);

/* "stratum 3, offset +0.000012 s, root distance 0.004 s, last update 12 s ago", or what is amiss.
 */
void summary_print(const struct summary *summary, struct text *text);

#endif
