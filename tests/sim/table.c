/* sim-table [SEEDS [FILE]]: runs every scenario with each seed, prints the medians beside what
 * chrony reaches, then the cases of sanity.h, and fails when the bar is missed. With FILE, what is
 * printed replaces the block between the marks in it (docs/accuracy.md). */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/track/filter.h"
#include "tests/sim/sanity.h"
#include "tests/sim/scenarios.h"

#define MAX_SEEDS     100
#define DEFAULT_SEEDS 31
#define MAX_TEXT      65536
#define BLOCK_BEGIN   "<!-- sim-table: begin -->\n"
#define BLOCK_END     "<!-- sim-table: end -->\n"
#define SPEED_SECONDS 2000000.0
#define SPEED_LEAST   20000.0 /* simulated seconds a second */
#define COST_SAMPLES  20000

/* The bar: ratios to chrony. */
#define TIME_MEAN       0.60
#define TIME_WORST      1.00
#define FREQUENCY_MEAN  0.80
#define FREQUENCY_WORST 1.00
#define MAX_WORST       1.00

struct text {
    char bytes[MAX_TEXT];
    size_t length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...) {
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->bytes + text->length, MAX_TEXT - text->length, format, arguments);
    va_end(arguments);
    if (length < 0 || text->length + (size_t)length >= MAX_TEXT)
        abort();
    fputs(text->bytes + text->length, stdout);
    fflush(stdout);
    text->length += (size_t)length;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof(*values), compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2.0;
}

static struct figures run_seeds(const struct scenario *scenario, int seeds) {
    double rms_time[MAX_SEEDS], rms_frequency[MAX_SEEDS], max_time[MAX_SEEDS], sync[MAX_SEEDS];

    for (int i = 0; i < seeds; i++) {
        struct figures figures = scenario_run(scenario, (uint64_t)i + 1, NULL, NULL);

        rms_time[i] = figures.rms_time;
        rms_frequency[i] = figures.rms_frequency;
        max_time[i] = figures.max_time;
        sync[i] = figures.sync;
    }
    return (struct figures){
        .rms_time = median(rms_time, seeds),
        .rms_frequency = median(rms_frequency, seeds),
        .max_time = median(max_time, seeds),
        .sync = median(sync, seeds),
    };
}

/* Ratios to chrony, gathered. */
struct ratios {
    double worst, logarithms;
};

static double gather(struct ratios *ratios, double ours, double chrony) {
    double ratio = ours / chrony;

    ratios->worst = fmax(ratios->worst, ratio);
    ratios->logarithms += log(ratio);
    return ratio;
}

static double mean(const struct ratios *ratios, int count) {
    return exp(ratios->logarithms / count);
}

/* The scenarios that chrony's figures are known of. False: the bar is missed. */
static bool compare_published(struct text *text, int seeds) {
    struct ratios time = {0}, frequency = {0}, max = {0};
    bool reached;

    add(text,
        "| %-16s | RMS time s | chrony  | ratio | RMS freq | chrony  | ratio | max time s | "
        "chrony  | ratio | sync s | chrony |\n",
        "scenario");
    add(text, "|%s|---|---|---|---|---|---|---|---|---|---|---|\n", "---");
    for (int i = 0; i < scenario_published; i++) {
        const struct figures ours = run_seeds(&scenarios[i], seeds), *chrony = &scenarios[i].chrony;

        add(text,
            "| %-16s | %10.2e | %.2e | %5.2f | %8.1e | %7.1e | %5.2f | %10.1e | %7.1e | %5.2f | "
            "%6.0f | %6.0f |\n",
            scenarios[i].name, ours.rms_time, chrony->rms_time,
            gather(&time, ours.rms_time, chrony->rms_time), ours.rms_frequency,
            chrony->rms_frequency, gather(&frequency, ours.rms_frequency, chrony->rms_frequency),
            ours.max_time, chrony->max_time, gather(&max, ours.max_time, chrony->max_time),
            ours.sync, chrony->sync);
    }
    reached = mean(&time, scenario_published) <= TIME_MEAN && time.worst <= TIME_WORST &&
              mean(&frequency, scenario_published) <= FREQUENCY_MEAN &&
              frequency.worst <= FREQUENCY_WORST && max.worst <= MAX_WORST;
    add(text, "\n| ratio to chrony | geometric mean | at most | worst | at most |\n"
              "|---|---|---|---|---|\n");
    add(text, "| RMS time        | %.3f | %.2f | %.2f | %.2f |\n", mean(&time, scenario_published),
        TIME_MEAN, time.worst, TIME_WORST);
    add(text, "| RMS frequency   | %.3f | %.2f | %.2f | %.2f |\n",
        mean(&frequency, scenario_published), FREQUENCY_MEAN, frequency.worst, FREQUENCY_WORST);
    add(text, "| max time        | %.3f |      | %.2f | %.2f |\n", mean(&max, scenario_published),
        max.worst, MAX_WORST);
    return reached;
}

/* Other shapes and events. False: chrony holds the clock better in one. */
static bool compare_others(struct text *text, int seeds) {
    struct ratios time = {0}, frequency = {0}, max = {0};
    int count = scenario_count - scenario_published;

    add(text,
        "\n| %-16s | RMS time s | chronyd 4.3 | ratio | RMS freq | chronyd 4.3 | ratio | max time "
        "s | "
        "chronyd 4.3 | ratio |\n|---|---|---|---|---|---|---|---|---|---|\n",
        "scenario");
    for (int i = scenario_published; i < scenario_count; i++) {
        const struct figures ours = run_seeds(&scenarios[i], seeds), *chrony = &scenarios[i].chrony;

        add(text,
            "| %-16s | %10.2e | %11.2e | %5.2f | %8.1e | %11.1e | %5.2f | %10.1e | %11.1e | "
            "%5.2f |\n",
            scenarios[i].name, ours.rms_time, chrony->rms_time,
            gather(&time, ours.rms_time, chrony->rms_time), ours.rms_frequency,
            chrony->rms_frequency, gather(&frequency, ours.rms_frequency, chrony->rms_frequency),
            ours.max_time, chrony->max_time, gather(&max, ours.max_time, chrony->max_time));
    }
    add(text, "\n| ratio to chronyd 4.3 | geometric mean | worst | at most |\n|---|---|---|---|\n");
    add(text, "| RMS time        | %.3f | %.2f | %.2f |\n", mean(&time, count), time.worst,
        TIME_WORST);
    add(text, "| RMS frequency   | %.3f | %.2f |      |\n", mean(&frequency, count),
        frequency.worst);
    add(text, "| max time        | %.3f | %.2f |      |\n", mean(&max, count), max.worst);
    return time.worst <= TIME_WORST;
}

/* What must hold of any daemon. False: something did not. */
static bool check_sanity(struct text *text, int seeds) {
    int failed = 0;

    add(text, "\n| %-38s | worst error s | at most | of %d seeds |\n|---|---|---|---|\n", "case",
        seeds);
    for (int i = 0; i < sanity_count; i++) {
        const struct sanity *row = &sanities[i];
        double worst = 0.0;
        int held = 0;

        for (int k = 0; k < seeds; k++) {
            struct sanity_result result = sanity_run(row, (uint64_t)k + 1);

            worst = fmax(worst, result.worst);
            held += result.holds;
        }
        if (row->limit > 0.0)
            add(text, "| %-38s | %13.1e | %7.0e | %10d |\n", row->name, worst, row->limit, held);
        else
            add(text, "| %-38s | %13s | %7s | %10d |\n", row->name, "not set", "", held);
        failed += held < seeds;
    }
    return failed == 0;
}

static double wall_clock(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* One client, one server, poll 64 s, as fast as it goes. */
static bool measure_speed(void) {
    struct sim *sim = sim_new(1, 2);
    double start, speed;

    sim_configure(sim_node(sim, 0), "allow");
    sim_configure(sim_node(sim, 0), "local stratum 1");
    sim_configure(sim_node(sim, 1), "server %0 minpoll 6 maxpoll 6");
    sim_node(sim, 1)->own_clock.wander = 1e-9;
    start = wall_clock();
    sim_run(sim, SPEED_SECONDS);
    speed = SPEED_SECONDS / (wall_clock() - start);
    sim_free(sim);
    printf("\n%.0f simulated seconds a second (one client, one server, poll 64 s; at least %.0f)\n",
           speed, SPEED_LEAST);
    return speed >= SPEED_LEAST;
}

/* What the estimator takes for one sample. */
static void measure_estimator(void) {
    const struct filter_options options = {.min_samples = 6,
                                           .max_samples = 64,
                                           .max_clock_error = 1e-6,
                                           .precision = 1e-7,
                                           .asymmetry = 1};
    struct filter *filter = calloc(1, filter_size());
    struct estimate estimate = {0};
    struct sim_random random;
    double start;

    if (filter == NULL)
        abort();
    sim_random_seed(&random, 1);
    filter_init(filter, &options);
    start = wall_clock();
    for (int i = 1; i <= COST_SAMPLES; i++) {
        double up = 1e-4 * sim_exponential(&random), down = 1e-4 * sim_exponential(&random);
        struct sample sample = {.time = (ns_t)i * 64 * NS_PER_S,
                                .offset = (up - down) / 2.0,
                                .delay = 1e-3 + up + down,
                                .dispersion = 1e-6,
                                .root_delay = 1e-3 + up + down,
                                .root_dispersion = 1e-6};

        if (!filter_add_sample(filter, &sample))
            abort();
        filter_estimate(filter, &estimate);
    }
    printf("%.1f us a sample in the estimator\n", (wall_clock() - start) / COST_SAMPLES * 1e6);
    free(filter);
}

/* Puts the text between the marks. */
static bool replace_block(const char *path, const struct text *text) {
    static char old[MAX_TEXT];
    FILE *file = fopen(path, "r");
    size_t length = file != NULL ? fread(old, 1, sizeof(old) - 1, file) : 0;
    char *begin, *end;
    bool written;

    if (file != NULL)
        fclose(file);
    old[length] = '\0';
    begin = strstr(old, BLOCK_BEGIN);
    end = strstr(old, BLOCK_END);
    if (begin == NULL || end == NULL || (file = fopen(path, "w")) == NULL)
        return false;
    begin += strlen(BLOCK_BEGIN);
    written = fprintf(file, "%.*s\n%s\n%s", (int)(begin - old), old, text->bytes, end) > 0;
    return fclose(file) == 0 && written;
}

int main(int argc, char **argv) {
    static struct text text;
    int seeds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : DEFAULT_SEEDS;
    bool reached, fast;

    if (seeds < 1 || seeds > MAX_SEEDS) {
        fprintf(stderr, "sim-table: seeds: 1 to %d\n", MAX_SEEDS);
        return 2;
    }
    reached = compare_published(&text, seeds);
    reached = compare_others(&text, seeds) && reached;
    reached = check_sanity(&text, seeds) && reached;
    fast = measure_speed();
    measure_estimator();
    if (argc > 2 && !replace_block(argv[2], &text)) {
        fprintf(stderr, "sim-table: %s: no marks to write between\n", argv[2]);
        return 2;
    }
    if (!reached)
        printf("the bar is missed\n");
    return reached && fast ? 0 : 1;
}
