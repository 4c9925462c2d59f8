/* Least squares (line.h).
 *
 *     slope = sum (t - t') (v - v') / sum (t - t')^2,   value = v' - slope t'
 *
 * with t' and v' the means. The deviation of a value is that of the residuals, n - 2 of them being
 * free, but at least `error`; the slope's is that over the root of sum (t - t')^2. */
#include "core/track/line.h"

#include <math.h>

struct line line_fit(const double *times, const double *values, int count, double error) {
    struct line line = {0.0, 0.0, INFINITY};
    double time = 0.0, spread = 0.0, product = 0.0, squares = 0.0;

    for (int i = 0; i < count; i++) {
        time += times[i] / count;
        line.value += values[i] / count;
    }
    for (int i = 0; i < count; i++) {
        spread += (times[i] - time) * (times[i] - time);
        product += (times[i] - time) * (values[i] - line.value);
    }
    if (!(spread > 0.0))
        return line;
    line.slope = product / spread;
    line.value -= line.slope * time;
    for (int i = 0; i < count; i++) {
        double residual = values[i] - line.value - line.slope * times[i];

        squares += residual * residual;
    }
    line.slope_error = fmax(sqrt(squares / (count > 2 ? count - 2 : 1)), error) / sqrt(spread);
    return line;
}
