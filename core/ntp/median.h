/* Several measurements of one source become one: those far from the median are dropped, the rest
 * averaged (the option filter of server lines and of refclocks). */
#ifndef CHRONOBOX_NTP_MEDIAN_H
#define CHRONOBOX_NTP_MEDIAN_H

#include <stdbool.h>

#include "core/track/sample.h"

#define MEDIAN_MAX_SAMPLES 256

struct median;

/* Room for `size` samples (1..MEDIAN_MAX_SAMPLES); NULL when there is no memory. */
struct median *median_new(int size);
void median_free(struct median *median);

void median_reset(struct median *median);

/* When it is full the oldest goes. */
void median_add(struct median *median, const struct sample *sample);

int median_count(const struct median *median);

/* Takes the one sample that stands for those held, and forgets them. False: there is none. The
 * dispersion covers how far the averaged ones scatter. */
bool median_take(struct median *median, struct sample *sample);

/* As filter_adjust: the local NTP clock was changed at `when`. */
void median_adjust(struct median *median, ns_t when, double frequency, double offset);

#endif
