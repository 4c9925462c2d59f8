/* Compensation of temperature (compensation.h): between points i and i + 1,
 *
 *     ppm = ppm_i + (T - T_i) (ppm_{i+1} - ppm_i) / (T_{i+1} - T_i) */
#include "core/track/compensation.h"

double compensation_by_points(const struct compensation_point *points, int count,
                              double temperature) {
    const struct compensation_point *a = points;
    double width;

    while (a + 2 < points + count && temperature > a[1].temperature)
        a++;
    width = a[1].temperature - a[0].temperature;
    return width != 0.0
               ? a[0].ppm + (temperature - a[0].temperature) * (a[1].ppm - a[0].ppm) / width
               : a[0].ppm;
}
