/* Offsets of one source over time: those that a daemon holds, or those that were seen here. */
#ifndef CHRONOBOX_APPLETS_CHRONYC_HISTORY_H
#define CHRONOBOX_APPLETS_CHRONYC_HISTORY_H

#include "applets/chronyc/chronyc.h"

#define HISTORY_SAMPLES 64 /* as many as a daemon holds of a source */

struct history {
    struct address address; /* of the source; of a reference clock its ID as IPv4 */
    double last_measured;   /* what the newest sample was when it came */
    int count;
    struct control_history_sample samples[HISTORY_SAMPLES]; /* the newest one is the last */
};

/* All that the daemon holds of the source with this index. False: answer says why, or answered is
 * false. */
bool history_ask(struct control_client *client, uint32_t index, struct history *history,
                 struct control_answer *answer, bool *answered);

/* Takes what SOURCE_DATA says for a sample, if it is a new one; true: it is of another source than
 * what was seen before. */
bool history_see(struct history *history, const struct control_source_data *source, ns_t now);

/* The offset of a sample or, for `delay`, its peer delay, in s; and the limits of them all. */
double history_value(const struct history *history, int i, bool delay);
void history_limits(const struct history *history, bool delay, double *lowest, double *highest);

#endif
