/* The watch over the way to a source: what a measurement is worth before it is believed. Private to
 * core/track. */
#ifndef CHRONOBOX_TRACK_ROUTE_H
#define CHRONOBOX_TRACK_ROUTE_H

#include "core/track/bank.h"

enum verdict {
    VERDICT_ORDINARY, /* to be added */
    VERDICT_DOUBTFUL, /* slow or quick beyond reason, says nothing that is not known better: to be
                         left out */
    VERDICT_STEP, /* neither queues nor routes explain it: a clock was stepped, or it is an error */
};

/* Judges the next measurement, once, before it is added or left out. Changes of the route are
 * noticed here and brought into the bank. */
enum verdict route_judge(struct bank *bank, const struct measurement *next);

/* Opens offset and frequency so far that the next measurement is no contradiction; what is known of
 * the way is kept. */
void route_accept_step(struct bank *bank, const struct measurement *next);

#endif
