/* A straight line through few points, by least squares. */
#ifndef CHRONOBOX_TRACK_LINE_H
#define CHRONOBOX_TRACK_LINE_H

struct line {
    double value, slope; /* at time 0 */
    double slope_error;  /* one deviation */
};

/* The line through count >= 1 points; error: least deviation of a value (> 0). Slope 0 and an
 * infinite error of it for one point, or for points of one time. */
struct line line_fit(const double *times, const double *values, int count, double error);

#endif
