/* A ring of samples and the trimmed mean around their median. */
#include "core/ntp/median.h"

#include <math.h>
#include <stdlib.h>

struct median {
    int size, count, next;
    struct sample samples[];
};

struct median *median_new(int size) {
    struct median *median;

    if (size < 1 || size > MEDIAN_MAX_SAMPLES)
        return NULL;
    median = calloc(1, sizeof(*median) + (size_t)size * sizeof(median->samples[0]));
    if (median != NULL)
        median->size = size;
    return median;
}

void median_free(struct median *median) {
    free(median);
}

void median_reset(struct median *median) {
    median->count = median->next = 0;
}

void median_add(struct median *median, const struct sample *sample) {
    median->samples[median->next] = *sample;
    median->next = (median->next + 1) % median->size;
    if (median->count < median->size)
        median->count++;
}

int median_count(const struct median *median) {
    return median->count;
}

static void sort_by_offset(struct sample *samples, int count) {
    for (int i = 1; i < count; i++) {
        struct sample sample = samples[i];
        int place = i;

        for (; place > 0 && samples[place - 1].offset > sample.offset; place--)
            samples[place] = samples[place - 1];
        samples[place] = sample;
    }
}

static double deviation(const struct sample *samples, int count, double mean) {
    double sum = 0.0;

    for (int i = 0; i < count; i++)
        sum += (samples[i].offset - mean) * (samples[i].offset - mean);
    return sqrt(sum / count);
}

static struct sample mean_sample(const struct sample *samples, int count) {
    struct sample mean = {.time = samples[0].time};
    double time = 0.0, scatter;

    for (int i = 0; i < count; i++) {
        time += ns_difference(samples[i].time, samples[0].time) / count;
        mean.offset += samples[i].offset / count;
        mean.delay += samples[i].delay / count;
        mean.dispersion += samples[i].dispersion / count;
        mean.root_delay += samples[i].root_delay / count;
        mean.root_dispersion += samples[i].root_dispersion / count;
    }
    mean.time = ns_add_seconds(mean.time, time);
    scatter = deviation(samples, count, mean.offset);
    if (scatter > mean.dispersion) {
        mean.root_dispersion += scatter - mean.dispersion;
        mean.dispersion = scatter;
    }
    return mean;
}

/* The middle three fifths; of three the one between. */
bool median_take(struct median *median, struct sample *sample) {
    int cut = median->count < 3 ? 0 : (median->count + 2) / 5;

    if (median->count == 0)
        return false;
    sort_by_offset(median->samples, median->count);
    *sample = mean_sample(&median->samples[cut], median->count - 2 * cut);
    median_reset(median);
    return true;
}

void median_adjust(struct median *median, ns_t when, double frequency, double offset) {
    for (int i = 0; i < median->count; i++) {
        struct sample *sample = &median->samples[i];
        double change = offset - ns_difference(when, sample->time) * frequency;

        sample->time = ns_add_seconds(sample->time, change);
        sample->offset -= change;
    }
}
