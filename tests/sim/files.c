/* The simulated files of a node, and its log. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

void sim_write(struct sim_node *node, const char *path, const void *bytes, size_t length) {
    int slot = -1;

    for (int i = 0; i < SIM_MAX_FILES; i++) {
        if (node->files[i].bytes != NULL && strcmp(node->files[i].path, path) == 0) {
            free(node->files[i].bytes);
            node->files[i].bytes = NULL;
        }
        if (node->files[i].bytes == NULL)
            slot = i;
    }
    if (bytes == NULL)
        return;
    if (slot < 0 || (node->files[slot].bytes = malloc(length + 1)) == NULL)
        abort();
    snprintf(node->files[slot].path, sizeof(node->files[slot].path), "%s", path);
    memcpy(node->files[slot].bytes, bytes, length);
    node->files[slot].bytes[length] = '\0';
    node->files[slot].length = length;
}

const char *sim_read(const struct sim_node *node, const char *path) {
    for (int i = 0; i < SIM_MAX_FILES; i++) {
        if (node->files[i].bytes != NULL && strcmp(node->files[i].path, path) == 0)
            return (const char *)node->files[i].bytes;
    }
    return NULL;
}

static long read_file(void *context, const char *path, char *buffer, size_t size) {
    struct sim_node *node = context;

    for (int i = 0; i < SIM_MAX_FILES; i++) {
        if (node->files[i].bytes == NULL || strcmp(node->files[i].path, path) != 0)
            continue;
        if (node->files[i].length >= size)
            return -1;
        memcpy(buffer, node->files[i].bytes, node->files[i].length + 1);
        return (long)node->files[i].length;
    }
    if (!node->has_drift || node->config.drift_file == NULL ||
        strcmp(path, node->config.drift_file) != 0)
        return -1;
    return snprintf(buffer, size, "%s", node->drift);
}

static char *read_secret(void *context, const char *path) {
    const char *text = sim_read(context, path);

    return text != NULL ? strdup(text) : NULL;
}

static char *read_config_file(void *context, const char *path) {
    errno = ENOENT;
    return read_secret(context, path);
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One star, not in the folder. */
static char **match_files(void *context, const char *pattern, int *count) {
    const struct sim_node *node = context;
    const char *star = strchr(pattern, '*'), *suffix = star + 1;
    size_t head = (size_t)(star - pattern);
    char **found = calloc(SIM_MAX_FILES + 1, sizeof(*found));

    *count = 0;
    for (int i = 0; i < SIM_MAX_FILES && found != NULL; i++) {
        const char *path = node->files[i].path;
        size_t length = strlen(path);

        if (node->files[i].bytes != NULL && strncmp(path, pattern, head) == 0 &&
            length >= head + strlen(suffix) && strcmp(path + length - strlen(suffix), suffix) == 0)
            found[(*count)++] = strdup(path);
    }
    if (found != NULL)
        qsort(found, (size_t)*count, sizeof(*found), compare_paths);
    return found;
}

static bool replace_file(void *context, const char *path, const char *text, int mode) {
    struct sim_node *node = context;

    (void)mode;
    if (node->config.drift_file == NULL || strcmp(path, node->config.drift_file) != 0) {
        sim_write(node, path, text, strlen(text));
        return true;
    }
    snprintf(node->drift, sizeof(node->drift), "%s", text);
    node->has_drift = true;
    return true;
}

static bool remove_file(void *context, const char *path) {
    sim_write(context, path, NULL, 0);
    return true;
}

static void count_matches(struct sim_node *node, const char *text) {
    for (int i = 0; i < node->match_count; i++)
        node->matches[i].count += strstr(text, node->matches[i].needle) != NULL;
}

static bool append_log(void *context, const char *name, const char *text) {
    (void)name;
    count_matches(context, text);
    return true;
}

static void cycle_logs(void *context) {
    (void)context;
}

static void write_message(void *context, enum log_level level, const char *message) {
    struct sim_node *node = context;

    if (node->echo_log && level >= LOG_INFO_LEVEL)
        fprintf(stderr, "%12.6f node %d: %s\n", sim_now(node->sim), node->index, message);
    count_matches(node, message);
}

void sim_match(struct sim_node *node, const char *needle) {
    if (node->match_count == SIM_MAX_MATCHES)
        abort();
    node->matches[node->match_count].needle = needle;
    node->matches[node->match_count++].count = 0;
}

int sim_matched(const struct sim_node *node, const char *needle) {
    for (int i = 0; i < node->match_count; i++) {
        if (strcmp(node->matches[i].needle, needle) == 0)
            return node->matches[i].count;
    }
    return -1;
}

void world_fill_files(struct sim_node *node, struct host *host) {
    host->log = (struct log){write_message, node};
    node->conf_reader = (struct conf_reader){
        .context = node, .read_file = read_config_file, .match_files = match_files};
    host->conf_reader = &node->conf_reader;
    host->read_file = read_file;
    host->read_secret = read_secret;
    host->replace_file = replace_file;
    host->remove_file = remove_file;
    host->append_log = append_log;
    host->cycle_logs = cycle_logs;
}
