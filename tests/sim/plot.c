/* sim-plot SCENARIO SEED FILE: one run of a scenario as a picture (SVG): the true error of the
 * clock, what the daemon believes it to be, and what each sample said. Above the whole run, below
 * what is left after settling. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/state.h"
#include "tests/sim/scenarios.h"

#define WIDTH       1200.0
#define HEIGHT      820.0
#define LEFT        90.0
#define RIGHT       20.0
#define TOP         60.0
#define PANEL       320.0
#define BELOW       60.0 /* a panel, for its time axis */
#define COLUMNS     1000 /* of a curve: its extremes within each are drawn */
#define MAX_SAMPLES 100000
#define TICKS       8
#define ROOM        1.3 /* of the scale, over the largest value */
#define MIN_SCALE   1e-9

struct run {
    long seconds, size;
    double *error, *estimate, *deviation; /* s, each second */
    struct {
        double time, value; /* s: the error of the clock that the sample tells of */
    } samples[MAX_SAMPLES];
    int sample_count;
    double settling, remaining; /* s; the latter a second ago */
    unsigned seen[ENGINE_MAX_SOURCES];
};

struct panel {
    FILE *file;
    double top, begin, end, low, high;
};

static void note_samples(struct run *run, const struct sim_node *client) {
    const struct engine *engine = client->engine;

    for (int i = 0; i < engine->source_count; i++) {
        const struct association *association = &engine->sources[i]->association;

        if (association->counters.good == run->seen[i] || run->sample_count == MAX_SAMPLES)
            continue;
        run->seen[i] = (unsigned)association->counters.good;
        run->samples[run->sample_count].time = sim_now(client->sim);
        run->samples[run->sample_count++].value =
            -(filter_last_measured(association->filter) + run->remaining);
    }
}

static void observe(void *context, struct sim_node *client) {
    struct run *run = context;
    const struct engine *engine = client->engine;

    if (run->seconds == run->size)
        return;
    note_samples(run, client);
    run->remaining = clock_remaining(&engine->clock, engine_clock(engine));
    run->error[run->seconds] = sim_error(client);
    run->estimate[run->seconds] = -run->remaining;
    run->deviation[run->seconds++] = engine->reference.offset_error;
}

static double x_of(const struct panel *panel, double time) {
    return LEFT + (WIDTH - LEFT - RIGHT) * (time - panel->begin) / (panel->end - panel->begin);
}

static double y_of(const struct panel *panel, double value) {
    double share = (value - panel->low) / (panel->high - panel->low);

    return panel->top + PANEL * (1.0 - fmin(fmax(share, 0.0), 1.0));
}

static double nice_step(double range) {
    double step = pow(10.0, floor(log10(range / TICKS)));
    static const double steps[] = {1.0, 2.0, 5.0, 10.0};

    for (int i = 0; i < 4; i++) {
        if (range / (step * steps[i]) <= TICKS)
            return step * steps[i];
    }
    return step * 10.0;
}

static void show_seconds(FILE *file, double value, double scale) {
    static const struct {
        double unit;
        const char *name;
    } units[] = {{1.0, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}};
    int i = 0;

    while (i < 3 && scale < units[i].unit)
        i++;
    fprintf(file, "%.4g %s", value / units[i].unit, units[i].name);
}

static void draw_axes(const struct panel *panel, const char *title) {
    double step = nice_step(panel->high - panel->low), hours = (panel->end - panel->begin) / 3600.0;
    double hour_step = nice_step(hours);
    FILE *file = panel->file;

    fprintf(file, "<rect x='%g' y='%g' width='%g' height='%g' fill='none' stroke='#888'/>\n", LEFT,
            panel->top, WIDTH - LEFT - RIGHT, PANEL);
    fprintf(file, "<text x='%g' y='%g' font-weight='bold'>%s</text>\n", LEFT, panel->top - 8.0,
            title);
    for (double k = ceil(panel->low / step); k * step <= panel->high; k += 1.0) {
        double y = y_of(panel, k * step);

        fprintf(file, "<path d='M%g %gH%g' stroke='#%s'/>\n", LEFT, y, WIDTH - RIGHT,
                fabs(k) < 0.5 ? "888" : "ddd");
        fprintf(file, "<text x='%g' y='%g' text-anchor='end'>", LEFT - 6.0, y + 4.0);
        show_seconds(file, fabs(k) < 0.5 ? 0.0 : k * step, fmax(panel->high, -panel->low));
        fprintf(file, "</text>\n");
    }
    for (double k = ceil(panel->begin / 3600.0 / hour_step); k * hour_step * 3600.0 <= panel->end;
         k += 1.0) {
        double x = x_of(panel, k * hour_step * 3600.0);

        fprintf(file, "<path d='M%g %gV%g' stroke='#ddd'/>\n", x, panel->top, panel->top + PANEL);
        fprintf(file, "<text x='%g' y='%g' text-anchor='middle'>%g h</text>\n", x,
                panel->top + PANEL + 16.0, k * hour_step);
    }
}

/* A curve, by the extremes of each column. */
static void draw_curve(const struct panel *panel, const double *values, const char *colour) {
    double width = (panel->end - panel->begin) / COLUMNS;
    char command = 'M';

    fprintf(panel->file, "<path fill='none' stroke='%s' d='", colour);
    for (int column = 0; column < COLUMNS; column++) {
        long from = (long)(panel->begin + column * width),
             to = (long)(panel->begin + (column + 1) * width);
        double low = values[from], high = values[from], x = x_of(panel, (double)from);

        for (long i = from; i < to; i++) {
            low = fmin(low, values[i]);
            high = fmax(high, values[i]);
        }
        fprintf(panel->file, "%c%.1f %.1fV%.1f", command, x, y_of(panel, low), y_of(panel, high));
        command = 'L';
    }
    fprintf(panel->file, "'/>\n");
}

/* Two deviations about what is believed. */
static void draw_band(const struct panel *panel, const struct run *run) {
    double width = (panel->end - panel->begin) / COLUMNS;

    fprintf(panel->file, "<path fill='#cde' stroke='none' d='M");
    for (int column = 0; column < 2 * COLUMNS; column++) {
        bool back = column >= COLUMNS;
        long i = (long)(panel->begin + (back ? 2 * COLUMNS - 1 - column : column) * width);
        double side = back ? -2.0 : 2.0;

        fprintf(panel->file, "%.1f %.1f ", x_of(panel, (double)i),
                y_of(panel, run->estimate[i] + side * run->deviation[i]));
    }
    fprintf(panel->file, "Z'/>\n");
}

static void draw_samples(const struct panel *panel, const struct run *run) {
    for (int i = 0; i < run->sample_count; i++) {
        double time = run->samples[i].time, value = run->samples[i].value;
        bool inside = value >= panel->low && value <= panel->high;

        if (time < panel->begin || time > panel->end)
            continue;
        fprintf(panel->file, "<circle cx='%.1f' cy='%.1f' r='%s' fill='#%s'/>\n", x_of(panel, time),
                y_of(panel, value), inside ? "1.6" : "1", inside ? "999" : "ccc");
    }
}

static void draw_panel(FILE *file, const struct run *run, double top, double begin,
                       const char *title) {
    struct panel panel = {.file = file, .top = top, .begin = begin, .end = (double)run->seconds};

    for (long i = (long)begin; i < run->seconds; i++) {
        panel.low = fmin(panel.low, run->error[i]);
        panel.high = fmax(panel.high, run->error[i]);
    }
    panel.low = ROOM * fmin(panel.low, -MIN_SCALE);
    panel.high = ROOM * fmax(panel.high, MIN_SCALE);
    draw_axes(&panel, title);
    draw_band(&panel, run);
    draw_samples(&panel, run);
    draw_curve(&panel, run->estimate, "#06c");
    draw_curve(&panel, run->error, "#c00");
}

static void draw(FILE *file, const struct run *run, const char *name, unsigned long seed) {
    static const char *const legend[][2] = {{"#c00", "true error of the clock"},
                                            {"#06c", "as the daemon believes, ±2 deviations"},
                                            {"#999", "as each sample said (pale: outside)"}};

    static const int at[] = {400, 600, 880};

    fprintf(file,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %g %g' font-family='sans-serif' "
            "font-size='12'>\n<rect width='100%%' height='100%%' fill='white'/>\n",
            WIDTH, HEIGHT);
    fprintf(file, "<text x='%g' y='24' font-size='16'>%s, seed %lu</text>\n", LEFT, name, seed);
    for (int i = 0; i < 3; i++)
        fprintf(file,
                "<rect x='%d' y='14' width='12' height='12' fill='%s'/><text x='%d' "
                "y='24'>%s</text>\n",
                at[i], legend[i][0], at[i] + 18, legend[i][1]);
    draw_panel(file, run, TOP, 0.0, "the whole run");
    draw_panel(file, run, TOP + PANEL + BELOW, run->settling, "after settling");
    fprintf(file, "</svg>\n");
}

static struct run *new_run(const struct scenario *scenario) {
    struct run *run = calloc(1, sizeof(*run));

    if (run == NULL)
        abort();
    run->size = (long)scenario_length(scenario, &run->settling);
    run->error = calloc((size_t)run->size, sizeof(double));
    run->estimate = calloc((size_t)run->size, sizeof(double));
    run->deviation = calloc((size_t)run->size, sizeof(double));
    if (run->error == NULL || run->estimate == NULL || run->deviation == NULL)
        abort();
    return run;
}

int main(int argc, char **argv) {
    const struct scenario *scenario = argc == 4 ? scenario_find(argv[1]) : NULL;
    unsigned long seed = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    struct figures figures;
    struct run *run;
    FILE *file;

    if (scenario == NULL) {
        fprintf(stderr, "usage: sim-plot SCENARIO SEED FILE\n\nscenarios:");
        for (int i = 0; i < scenario_count; i++)
            fprintf(stderr, " %s", scenarios[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    run = new_run(scenario);
    figures = scenario_run(scenario, seed, observe, run);
    file = fopen(argv[3], "w");
    if (file == NULL) {
        perror(argv[3]);
        return 1;
    }
    draw(file, run, scenario->name, seed);
    if (fclose(file) != 0) {
        perror(argv[3]);
        return 1;
    }
    printf("%s: RMS %.2e s, worst %.2e s after settling\n", argv[3], figures.rms_time,
           figures.max_time);
    free(run->error);
    free(run->estimate);
    free(run->deviation);
    free(run);
    return 0;
}
