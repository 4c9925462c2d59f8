/* world LIBRARY DIRECTORY FILE: runs the world that FILE describes and prints its figures, a line
 * each: `NODE KEY VALUE`. Lines of FILE (numbers are s and s/s; `*` stands for every node):
 *
 *   seed N | start UNIX-TIME | length S | settling S | limits TIME FREQUENCY
 *   link FROM TO base S jitter S loss P
 *   clock NODE offset S frequency F wander F sine AMPLITUDE PERIOD
 *   run NODE AT COMMAND [ARGUMENT]...     words; 'quotes keep blanks'
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/preload/coordinator.h"

#define MAX_WORDS 64
#define LINE_SIZE 4096

static int split(char *line, char **words) {
    int count = 0;

    while (count < MAX_WORDS - 1) {
        char end = ' ';

        line += strspn(line, " \t\n");
        if (*line == '\0' || *line == '#')
            break;
        if (*line == '\'')
            end = *line++;
        words[count++] = line;
        line += strcspn(line, end == '\'' ? "'\n" : " \t\n");
        if (*line != '\0')
            *line++ = '\0';
    }
    words[count] = NULL;
    return count;
}

static _Noreturn void refuse(const char *why, const char *word) {
    fprintf(stderr, "world: %s: %s\n", why, word);
    exit(2);
}

static double number(const char *word) {
    char *end;
    double value = word != NULL ? strtod(word, &end) : 0.0;

    if (word == NULL || *end != '\0')
        refuse("not a number", word != NULL ? word : "nothing");
    return value;
}

static int node_number(struct coordinator *world, const char *word) {
    int node = (int)number(word);

    if (node < 1 || node > WORLD_MAX_NODES)
        refuse("not a node", word);
    if (node > world->count)
        world->count = node;
    return node;
}

static void set_link(struct sim_link *link, char **words) {
    for (; *words != NULL; words += 2) {
        if (strcmp(words[0], "base") == 0)
            link->base = number(words[1]);
        else if (strcmp(words[0], "jitter") == 0)
            link->jitter = number(words[1]);
        else if (strcmp(words[0], "loss") == 0)
            link->loss = number(words[1]);
        else
            refuse("link", words[0]);
    }
}

static bool means(const char *word, int node) {
    return strcmp(word, "*") == 0 || (int)number(word) == node;
}

static void set_links(struct coordinator *world, char **words) {
    for (int from = 1; from <= WORLD_MAX_NODES; from++)
        for (int to = 1; to <= WORLD_MAX_NODES; to++)
            if (means(words[1], from) && means(words[2], to))
                set_link(&world->links[from][to], words + 3);
}

static void set_clock(struct world_node *node, char **words) {
    for (; *words != NULL; words += 2) {
        if (strcmp(words[0], "offset") == 0) {
            node->offset = number(words[1]);
        } else if (strcmp(words[0], "frequency") == 0) {
            node->frequency = number(words[1]);
        } else if (strcmp(words[0], "wander") == 0) {
            node->wander = number(words[1]);
        } else if (strcmp(words[0], "sine") == 0) {
            node->sine_amplitude = number(words[1]);
            node->sine_period = number(words++[2]);
        } else {
            refuse("clock", words[0]);
        }
    }
}

static void set_command(struct world_node *node, char **words, int count) {
    node->start = number(words[2]);
    node->command = calloc((size_t)count, sizeof *node->command);
    for (int i = 3; node->command != NULL && i < count; i++)
        node->command[i - 3] = strdup(words[i]);
}

static void take_line(struct coordinator *world, char **words, int count) {
    if (strcmp(words[0], "seed") == 0)
        sim_random_seed(&world->random, (uint64_t)number(words[1]));
    else if (strcmp(words[0], "start") == 0)
        world->start_unix = (int64_t)number(words[1]);
    else if (strcmp(words[0], "length") == 0)
        world->length = number(words[1]);
    else if (strcmp(words[0], "settling") == 0)
        world->settling = number(words[1]);
    else if (strcmp(words[0], "limits") == 0 && count == 3) {
        world->time_limit = number(words[1]);
        world->frequency_limit = number(words[2]);
    } else if (strcmp(words[0], "link") == 0 && count > 3)
        set_links(world, words);
    else if (strcmp(words[0], "clock") == 0 && count > 2)
        set_clock(&world->nodes[node_number(world, words[1])], words + 2);
    else if (strcmp(words[0], "run") == 0 && count > 3)
        set_command(&world->nodes[node_number(world, words[1])], words, count);
    else
        refuse("line", words[0]);
}

static void read_file(struct coordinator *world, const char *path) {
    FILE *file = fopen(path, "r");
    char line[LINE_SIZE], *words[MAX_WORDS];

    if (file == NULL)
        refuse("cannot read", path);
    while (fgets(line, sizeof line, file) != NULL) {
        int count = split(line, words);

        if (count > 0)
            take_line(world, words, count);
    }
    fclose(file);
}

static void print_figures(const struct coordinator *world, int node) {
    const struct node_figures *figures = &world->nodes[node].figures;
    const struct kernel_clock *clock = &world->shared->clocks[node];
    const struct {
        const char *key;
        double value;
    } rows[] = {
        {"rms_time", figures->rms_time},
        {"max_time", figures->max_time},
        {"rms_freq", figures->rms_frequency},
        {"max_freq", figures->max_frequency},
        {"sync", figures->sync},
        {"packets_in", figures->packets_in},
        {"packets_out", figures->packets_out},
        {"mean_in", figures->mean_in},
        {"mean_out", figures->mean_out},
        {"min_out", figures->min_out},
        {"adjustments", clock->adjustments},
        {"steps", clock->steps},
        {"waits", world->nodes[node].waits},
        {"left", world->nodes[node].left_at},
        {"status", WEXITSTATUS(world->nodes[node].status)},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf("%d %s %.7g\n", node, rows[i].key, rows[i].value);
}

int main(int argc, char **argv) {
    static struct coordinator world;
    bool good;

    if (argc != 4)
        refuse("usage", "world LIBRARY DIRECTORY FILE");
    world.library = argv[1];
    world.directory = argv[2];
    world.logs = true;
    world.length = 10000.0;
    world.settling = 2000.0;
    world.time_limit = 1e-3;
    world.frequency_limit = 5e-4;
    sim_random_seed(&world.random, 1);
    read_file(&world, argv[3]);
    good = world_run(&world);
    for (int i = 1; i <= world.count; i++)
        print_figures(&world, i);
    return good ? 0 : 1;
}
