/* Time that is served smoothly: a difference from the local NTP clock that takes up what the clock
 * is corrected by, and fades under limits of its own. */
#ifndef CHRONOBOX_TRACK_SMOOTH_H
#define CHRONOBOX_TRACK_SMOOTH_H

#define SMOOTH_STAGES 3

struct smooth_profile {
    /* the limits: s/s, s/s^2; both > 0 */
    double max_frequency, max_wander;
    /* at the start of the profile */
    double offset;    /* s, served time minus NTP time */
    double frequency; /* s/s, d(offset)/dt */
    /* wander (s/s^2) of each stage, and how long it lasts (s) */
    double wanders[SMOOTH_STAGES], lengths[SMOOTH_STAGES];
};

struct smooth_state {
    double offset, frequency, wander;
    double remaining; /* s, until offset and frequency are zero */
};

/* Makes the quickest profile from (offset, frequency) to zero. */
void smooth_plan(struct smooth_profile *profile, double offset, double frequency);

/* Where the profile is `elapsed` s (>= 0) after its start. */
struct smooth_state smooth_at(const struct smooth_profile *profile, double elapsed);

#endif
