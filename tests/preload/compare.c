/* compare SEEDS LIBRARY DIRECTORY OURS THEIRS [SCENARIO]...: the scenarios of tests/sim, each with
 * two chronyds as they are, medians side by side. The servers run the same program as the client.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/preload/coordinator.h"
#include "tests/sim/scenarios.h"

#define MAX_SEEDS 51
#define PATH_SIZE 512

enum { OURS, THEIRS, PROGRAMS };

struct job {
    const char *library, *directory, *program;
    uint64_t seed;
};

/* ---- a scenario becomes a world ---- */

static FILE *open_config(const char *directory, int node) {
    char path[PATH_SIZE];
    FILE *file;

    snprintf(path, sizeof path, "%s/conf.%d", directory, node);
    file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    fprintf(file, "pidfile %s/pid.%d\nbindcmdaddress /\ncmdport 0\nuser root\n", directory, node);
    return file;
}

static void write_configs(const char *directory, const struct scenario *scenario) {
    FILE *client = open_config(directory, scenario->servers + 1);

    for (int i = 1; i <= scenario->servers; i++) {
        FILE *server = open_config(directory, i);

        fprintf(server, "allow\nlocal stratum 1\n");
        fclose(server);
        fprintf(client, "server 192.168.123.%d minpoll %d maxpoll %d %s\n", i, scenario->minpoll,
                scenario->maxpoll, scenario->options);
    }
    if (scenario->line != NULL)
        fprintf(client, "%s\n", scenario->line);
    fclose(client);
}

static void set_network(struct coordinator *world, const struct scenario *scenario) {
    struct sim_link up = {.base = scenario->base,
                          .jitter = scenario->jitter_up,
                          .delay = scenario->shape,
                          .loss = scenario->loss};
    struct sim_link down = up;

    down.jitter = scenario->jitter_down;
    for (int i = 1; i < world->count; i++) {
        world->links[world->count][i] = up;
        world->links[i][world->count] = down;
    }
}

static void set_nodes(struct coordinator *world, const struct scenario *scenario) {
    struct world_node *node = &world->nodes[world->count];

    for (int i = 1; i <= scenario->false_servers; i++)
        world->nodes[i].offset = SCENARIO_LIE;
    node->offset = scenario->offset;
    node->frequency = scenario->frequency;
    node->wander = scenario->wander;
    node->sine_amplitude = scenario->sine_amplitude;
    node->sine_period = scenario->sine_period;
}

static void make_event(struct coordinator *world, void *context) {
    const struct scenario *scenario = context;

    for (int i = 1; i < world->count; i++) {
        world->links[world->count][i].base += scenario->base_up;
        world->links[i][world->count].base += scenario->base_down;
        world->links[world->count][i].down = scenario->silence > 0.0;
    }
    world->nodes[world->count].frequency += scenario->frequency_jump;
}

static void end_silence(struct coordinator *world, void *context) {
    (void)context;
    for (int i = 1; i < world->count; i++)
        world->links[world->count][i].down = false;
}

static void set_events(struct coordinator *world, struct scenario *scenario) {
    if (scenario->event > 0.0)
        world->events[world->event_count++] =
            (struct world_event){scenario->event, make_event, scenario};
    if (scenario->silence > 0.0)
        world->events[world->event_count++] =
            (struct world_event){scenario->event + scenario->silence, end_silence, NULL};
}

/* program -d -f conf.N */
struct command {
    char *words[5];
    char debug[3], file[3], name[16];
};

static void set_command(struct world_node *node, struct command *command, const char *program,
                        int number) {
    *command = (struct command){.debug = "-d", .file = "-f"};
    snprintf(command->name, sizeof command->name, "conf.%d", number);
    command->words[0] = (char *)(uintptr_t)program;
    command->words[1] = command->debug;
    command->words[2] = command->file;
    command->words[3] = command->name;
    node->command = command->words;
}

static struct node_figures run_world(const struct job *job, const struct scenario *row) {
    static struct coordinator world;
    struct scenario scenario = scenario_completed(row);
    struct command commands[WORLD_MAX_NODES + 1];
    bool good;

    memset(&world, 0, sizeof world);
    write_configs(job->directory, &scenario);
    world.library = job->library;
    world.directory = job->directory;
    world.length = scenario.length;
    world.settling = scenario.settling;
    world.time_limit = scenario.limit > 0.0 ? scenario.limit : 1.0;
    world.frequency_limit = 1.0;
    world.count = scenario.servers + 1;
    sim_random_seed(&world.random, job->seed);
    set_network(&world, &scenario);
    set_nodes(&world, &scenario);
    set_events(&world, &scenario);
    for (int i = 1; i <= world.count; i++)
        set_command(&world.nodes[i], &commands[i], job->program, i);
    good = world_run(&world);
    for (int i = 1; i <= world.count; i++)
        good = good && world.nodes[i].status == 0;
    if (!good) {
        fprintf(stderr, "compare: %s with %s, seed %d failed\n", row->name, job->program,
                (int)job->seed);
        exit(1);
    }
    world_free(&world);
    return world.nodes[world.count].figures;
}

/* ---- medians ---- */

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2.0;
}

static struct figures run_seeds(struct job *job, const struct scenario *row, int seeds) {
    double values[4][MAX_SEEDS];

    for (int i = 0; i < seeds; i++) {
        struct node_figures figures;

        job->seed = (uint64_t)i + 1;
        figures = run_world(job, row);
        values[0][i] = figures.rms_time;
        values[1][i] = figures.rms_frequency;
        values[2][i] = figures.max_time;
        values[3][i] = figures.sync;
    }
    return (struct figures){.rms_time = median(values[0], seeds),
                            .rms_frequency = median(values[1], seeds),
                            .max_time = median(values[2], seeds),
                            .sync = median(values[3], seeds)};
}

/* ---- the table ---- */

struct ratios {
    double worst, logarithms;
    int count;
};

static double gather(struct ratios *ratios, double ours, double theirs) {
    double ratio = ours / theirs;

    ratios->worst = fmax(ratios->worst, ratio);
    ratios->logarithms += log(ratio);
    ratios->count++;
    return ratio;
}

static void print_row(const struct scenario *row, const struct figures *ours,
                      const struct figures *theirs, struct ratios ratios[3]) {
    printf("%-17s %9.2e %9.2e %5.2f  %8.1e %8.1e %5.2f  %8.1e %8.1e %5.2f  ", row->name,
           ours->rms_time, theirs->rms_time, gather(&ratios[0], ours->rms_time, theirs->rms_time),
           ours->rms_frequency, theirs->rms_frequency,
           gather(&ratios[1], ours->rms_frequency, theirs->rms_frequency), ours->max_time,
           theirs->max_time, gather(&ratios[2], ours->max_time, theirs->max_time));
    if (row->limit > 0.0)
        printf("%6.0f %6.0f %9.2e %5.2f\n", ours->sync, theirs->sync, row->chrony.rms_time,
               theirs->rms_time / row->chrony.rms_time);
    else
        printf("\n");
    fflush(stdout);
}

static void print_ratios(struct ratios ratios[3], const char *of) {
    static const char *const names[] = {"RMS time", "RMS frequency", "max time"};

    for (int i = 0; i < 3 && ratios[0].count > 0; i++)
        printf("# %s, %-13s geometric mean %.3f, worst %.2f\n", of, names[i],
               exp(ratios[i].logarithms / ratios[i].count), ratios[i].worst);
}

static bool is_wanted(const struct scenario *row, char **names, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], row->name) == 0)
            return true;
    return count == 0;
}

int main(int argc, char **argv) {
    struct ratios published[3] = {{0}}, others[3] = {{0}};
    int seeds = argc > 5 ? (int)strtol(argv[1], NULL, 10) : 0;
    struct job jobs[PROGRAMS];

    if (seeds < 1 || seeds > MAX_SEEDS) {
        fprintf(stderr, "usage: compare SEEDS LIBRARY DIRECTORY OURS THEIRS [SCENARIO]...\n");
        return 2;
    }
    for (int i = 0; i < PROGRAMS; i++)
        jobs[i] = (struct job){argv[2], argv[3], argv[4 + i], 0};
    printf("# medians of %d seeds: ours, theirs, ratio; published: chrony's figure, theirs to it\n"
           "%-17s %25s  %23s  %23s  %13s %s\n",
           seeds, "# scenario", "RMS time s         ", "RMS frequency      ", "max time s       ",
           "sync s    ", "published");
    for (int i = 0; i < scenario_count; i++) {
        struct figures figures[PROGRAMS];

        if (!is_wanted(&scenarios[i], argv + 6, argc - 6))
            continue;
        for (int program = 0; program < PROGRAMS; program++)
            figures[program] = run_seeds(&jobs[program], &scenarios[i], seeds);
        print_row(&scenarios[i], &figures[OURS], &figures[THEIRS],
                  i < scenario_published ? published : others);
    }
    print_ratios(published, "published scenarios");
    print_ratios(others, "others");
    return 0;
}
