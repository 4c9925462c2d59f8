/* What we are synchronised to, what is done to the clock when that is updated, and what is served.
 */
#ifndef CHRONOBOX_ENGINE_REFERENCE_H
#define CHRONOBOX_ENGINE_REFERENCE_H

#include "core/engine/state.h"

void reference_init(struct engine *engine);

/* The newest truth: a combination of sources led by `source`. */
struct reference_update {
    const struct source *source;
    struct select_combination combination;
    double source_frequency;            /* s/s, the leader's own */
    double root_delay, root_dispersion; /* s, of the leader, now */
    enum ntp_leap leap;
    int stratum; /* the leader's */
    int combined;
};

/* Applies an update: clock, makestep, statistics, driftfile, tracking.log. */
void reference_apply(struct engine *engine, const struct reference_update *update);

/* Whether a time (s since 1970) can be today's. No clock is right that says less than when the
 * program was made (engine_options.earliest), and nobody means one behind the first era of 32-bit
 * clocks. */
bool reference_is_sane(const struct engine *engine, double time);

/* Whether the time is sane after a correction by `offset` (s); if not, it is said. */
bool reference_can_change(const struct engine *engine, double offset);

/* Corrects the clock by frequency (s/s) and offset (s); histories are carried over. */
void reference_change(struct engine *engine, double frequency, double offset);

/* The same because a person said so: it is logged as an update. */
void reference_set_manually(struct engine *engine, double frequency, double offset);

/* The kernel is told about the quality of its clock, and of leap seconds. */
void reference_tell_kernel(struct engine *engine);

/* Loses synchronisation (the clock moved by an unknown amount). */
void reference_lose(struct engine *engine);

/* What is served at NTP time `now`. */
void reference_serve(const struct engine *engine, ns_t now, struct served_reference *served);

/* Whether the local reference is what is served. */
bool reference_is_local(const struct engine *engine, ns_t now);

/* s, root dispersion of our own clock at NTP time `now`. */
double reference_dispersion(const struct engine *engine, ns_t now);

void reference_write_drift(struct engine *engine);

#endif
