/* Leap seconds: which are believed, and how the clock makes them. */
#ifndef CHRONOBOX_ENGINE_LEAP_H
#define CHRONOBOX_ENGINE_LEAP_H

#include "core/engine/host.h"
#include "core/wire/leap_list.h"
#include "core/wire/ntp.h"

struct engine;

struct leap {
    enum leap_second_mode mode; /* in effect */
    struct leap_list *list;     /* NULL = none */
    ns_t list_read;             /* monotonic */
    enum ntp_leap coming;       /* or under way */
    ns_t instant;               /* NTP time at which it begins */
    ns_t began;                 /* monotonic; NS_NEVER = not yet, or over */
    bool made;                  /* the NTP clock has made it */
    enum ntp_leap told;         /* to the kernel */
    int told_tai;               /* s, the same */
};

void leap_init(struct engine *engine);
void leap_free(struct engine *engine);
void leap_run(struct engine *engine, ns_t now);

/* The sources say `announced` at NTP time `now`: what is believed of it and of the list.
 * NTP_LEAP_UNSYNCHRONISED: the time is not known any more, nothing is. */
enum ntp_leap leap_update(struct engine *engine, enum ntp_leap announced, ns_t now);

/* Fills in what the kernel has to know; changes are logged. */
void leap_fill_status(struct engine *engine, struct clock_status *status);

/* The leap indicator to serve instead of the announced one. */
enum ntp_leap leap_served(const struct engine *engine, enum ntp_leap announced);

/* Within seconds of a leap second: no measurement can be trusted. */
bool leap_is_close(const struct engine *engine);

/* The system clock was moved by `jump` s from outside: true when that was the leap second. */
bool leap_explains(struct engine *engine, double jump);

#endif
