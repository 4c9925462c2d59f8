/* Smoothing (smooth.h).
 *
 * Model. The served time differs from the NTP clock by s; clients see its rate f = ds/dt, |f| <= F,
 * and the change of that, |df/dt| <= w. The quickest way from (s, f) to (0, 0) under both limits is
 * bang-bang: accelerate at w towards zero for t1, coast at F for t2, brake at w for t3. With D the
 * way to go and v the speed, both counted in the direction of the first stage, and p the highest
 * speed,
 *
 *     D = (p^2 - v^2) / 2w + F t2 + p^2 / 2w
 *     p = min(F, sqrt(w D + v^2 / 2)),   t1 = (p - v) / w,   t3 = p / w
 *
 * and t2 what is left of D when p = F, else 0. The direction is the one in which the way still to
 * go lies after braking at once, f |f| / 2w farther. A speed beyond F (the clock's own rate was
 * changed by more) is braked first: t1 is then a braking too. */
#include "core/track/smooth.h"

#include <math.h>

void smooth_plan(struct smooth_profile *profile, double offset, double frequency) {
    double limit = profile->max_frequency, wander = profile->max_wander;
    double side = offset + frequency * fabs(frequency) / (2.0 * wander) > 0.0 ? -1.0 : 1.0;
    double way = -side * offset, speed = side * frequency;
    double peak = fmin(limit, sqrt(fmax(wander * way + speed * speed / 2.0, 0.0)));
    double first = copysign(wander, peak - speed);
    double covered = (peak * peak - speed * speed) / (2.0 * first) + peak * peak / (2.0 * wander);

    profile->offset = offset;
    profile->frequency = frequency;
    profile->wanders[0] = first * side;
    profile->wanders[1] = 0.0;
    profile->wanders[2] = -wander * side;
    profile->lengths[0] = fabs(peak - speed) / wander;
    profile->lengths[1] = peak > 0.0 ? fmax((way - covered) / peak, 0.0) : 0.0;
    profile->lengths[2] = peak / wander;
}

struct smooth_state smooth_at(const struct smooth_profile *profile, double elapsed) {
    struct smooth_state state = {profile->offset, profile->frequency, 0.0, 0.0};
    double left = elapsed;

    for (int i = 0; i < SMOOTH_STAGES; i++) {
        double wander = profile->wanders[i], length = fmin(left, profile->lengths[i]);

        state.offset += (state.frequency + wander * length / 2.0) * length;
        state.frequency += wander * length;
        left -= length;
        if (length < profile->lengths[i] && state.remaining == 0.0)
            state.wander = wander;
        state.remaining += profile->lengths[i] - length;
    }
    /* Rounding leaves a crumb. */
    if (state.remaining <= 0.0)
        state = (struct smooth_state){0.0, 0.0, 0.0, 0.0};
    return state;
}
