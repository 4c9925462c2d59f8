/* When an association asks, and how it takes silence. Private to core/ntp: the association's own
 * functions. */
#ifndef CHRONOBOX_NTP_POLLING_H
#define CHRONOBOX_NTP_POLLING_H

#include "core/ntp/association.h"

/* Brings the poll between its limits. Polls of less than a second are for a reachable source close
 * by; for others the poll is held at 0. */
void polling_clamp(struct association *association);

/* A request is about to be sent: takes account of the last one, says what kind the new one is. */
void polling_begin(struct association *association, bool selected);

/* It was written: sets the timer for the one after it. */
void polling_schedule(struct association *association, ns_t now, struct random *random);

/* The burst got what it wanted, or is given up. */
void polling_end_burst(struct association *association, struct random *random);

/* Nothing is sent any more, and the register of reachability is empty. */
void polling_stop(struct association *association);

/* One bit into the register of reachability. */
void polling_record_reach(struct association *association, bool reached);

/* Moves the poll score; whole numbers of it move the poll. */
void polling_score(struct association *association, double change);

/* The timer of a poll that changed while it ran. */
void polling_reschedule(struct association *association, struct random *random);

/* The server asked for less: no burst, and four more intervals of silence. */
void polling_hold_off(struct association *association, struct random *random);

#endif
