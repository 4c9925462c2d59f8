/* The rate of a clock as a function of its temperature. */
#ifndef CHRONOBOX_TRACK_COMPENSATION_H
#define CHRONOBOX_TRACK_COMPENSATION_H

#define COMPENSATION_MAX_POINTS 64

struct compensation_point {
    double temperature, ppm;
};

/* Straight lines through count >= 2 points in order of temperature, the outer ones prolonged. */
double compensation_by_points(const struct compensation_point *points, int count,
                              double temperature);

#endif
