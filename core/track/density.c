/* Laws of measurement error (density.h).
 *
 * Model. Queues add to a way's delay, never take: queueing is exponential, and with normal noise of
 * variance S^2 (the belief's uncertainty and the clock reading's) the error e follows the
 * exponentially modified normal law
 *
 *     p(e) = 1/L exp(S^2 / (2 L^2) - e/L) Phi(r),   r = e/S - S/L (Grushka 1972)
 *
 * Its derivatives need the hazard phi(r) / Phi(r) of the normal distribution alone. Accidents
 * (bursts, flapping routes) come on top with density proportional to L / (L + S + e)^2: so heavy a
 * tail makes an outlier's pull fade instead of grow with its size. Times in s. */
#include "core/track/density.h"

#include <math.h>
#include <stddef.h>

#define HALF_LOG_2PI 0.9189385332046727
#define DENSITY_0    0.3989422804014327 /* 1 / sqrt(2 pi) */
#define NORMAL_LIMIT 20.0  /* noise over mean queueing beyond which the queueing cannot be seen */
#define ASYMPTOTIC   40.0  /* deviations beyond which the asymptotic form is better than the fit */
#define TAIL_SHARE   0.05  /* of the exchanges, that are accidents */
#define TAIL_LIMIT   200.0 /* natural logarithms; keeps exp() finite */
#define NEGLIGIBLE   12.0  /* natural logarithms */

/* (1 - Phi(r)) / phi(r) of the normal distribution for r >= 0: sqrt(pi/2) times the scaled
 * complementary error function in Chebyshev form (Press et al., Numerical Recipes, 6.2), relative
 * error below 1.2e-7. */
static double normal_tail(double r) {
    static const double c[] = {0.17087277,  -0.82215223, 1.48851587, -1.13520398, 0.27886807,
                               -0.18628806, 0.09678418,  0.37409196, 1.00002368,  -1.26551223};
    double t = 1.0 / (1.0 + r * 0.35355339059327373), sum = 0.0;

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
        sum = sum * t + c[i];
    return 1.2533141373155003 * t * exp(sum);
}

/* The share of accidents, for an error away from zero. */
static void add_accidents(struct density *density, double error, double deviation, double scale) {
    double reach = scale + fabs(error) + deviation;
    double odds = log(TAIL_SHARE * scale / (reach * reach)) - density->logarithm, share;

    if (odds < -NEGLIGIBLE)
        return;
    odds = exp(fmin(odds, TAIL_LIMIT));
    share = odds / (1.0 + odds);
    density->logarithm += log(1.0 + odds);
    density->slope += share * (copysign(-2.0 / reach, error) - density->slope);
    density->curvature *= 1.0 - share;
}

static struct density normal(double error, double total) {
    return (struct density){-HALF_LOG_2PI - 0.5 * (log(total) + error * error / total),
                            -error / total, 1.0 / total, 0.0};
}

struct density density_queue(double error, double total, double scale) {
    double deviation = sqrt(total), r = error / deviation - deviation / scale, hazard;
    struct density density;

    if (deviation > NORMAL_LIMIT * scale) {
        /* The queueing drowns in the noise; the general form would cancel. */
        density = normal(error - scale, total + scale * scale);
        density.lesson = scale;
        return density;
    }
    if (r < 0.0) {
        hazard = r > -ASYMPTOTIC ? 1.0 / normal_tail(-r) : -r - 1.0 / r;
        density.logarithm = -HALF_LOG_2PI - error * error / (2.0 * total) - log(hazard * scale);
    } else {
        double height = DENSITY_0 * exp(-0.5 * r * r), cdf = 1.0 - height * normal_tail(r);

        hazard = height / cdf;
        density.logarithm = log(cdf / scale) + total / (2.0 * scale * scale) - error / scale;
    }
    density.slope = hazard / deviation - 1.0 / scale;
    density.curvature = fmin(hazard * (hazard + r), 1.0) / total;
    density.lesson = deviation * (hazard + r);
    if (error > 0.0)
        add_accidents(&density, error, deviation, scale);
    return density;
}

struct density density_noise(double error, double total, double own) {
    struct density density = normal(error, total);
    double share = own / total;

    density.lesson = share * (share * error * error + total - own);
    add_accidents(&density, error, sqrt(total), sqrt(own));
    return density;
}
