/* What the configuration parser asks of the world (conf_reader.h). The C library's glob() would do,
 * at several times the size, and musl's says nothing about a file that is not there. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/conf_reader.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/linux/files.h"
#include "core/linux/names.h"

#define MAX_MATCHES 4096
#define WILD_CARDS  "*?["

/* The set that opens at pattern ('['): whether c is in it. *behind: the byte after its ']', or NULL
 * when it never closes. */
static bool set_contains(const char *pattern, char c, const char **behind) {
    const char *p = pattern + 1;
    bool inverted = *p == '!' || *p == '^', found = false;

    if (inverted)
        p++;
    for (const char *first = p; *p && (*p != ']' || p == first); p++) {
        if (p[1] == '-' && p[2] && p[2] != ']') {
            found = found || (c >= p[0] && c <= p[2]);
            p += 2;
        } else {
            found = found || c == *p;
        }
    }
    *behind = *p == ']' ? p + 1 : NULL;
    return found != inverted;
}

/* The pattern behind one matched byte, NULL when it does not match. */
static const char *match_one(const char *pattern, char c) {
    const char *behind;

    if (*pattern == '?')
        return pattern + 1;
    if (*pattern == '[') {
        bool found = set_contains(pattern, c, &behind);

        if (behind)
            return found ? behind : NULL;
    } else if (*pattern == '\\' && pattern[1]) {
        pattern++;
    }
    return *pattern == c ? pattern + 1 : NULL;
}

bool pattern_match(const char *pattern, const char *name) {
    const char *star = NULL, *retry = NULL;

    while (*name) {
        const char *next = *pattern && *pattern != '*' ? match_one(pattern, *name) : NULL;

        if (next) {
            pattern = next;
            name++;
        } else if (*pattern == '*') {
            star = ++pattern;
            retry = name;
        } else if (star) {
            pattern = star;
            name = ++retry; /* the last star takes one byte more */
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

struct matches {
    char **paths;
    int count;
    int wild;  /* components above that a pattern has found */
    int error; /* errno of a directory that could not be read */
};

static void add_match(struct matches *matches, const char *path) {
    if (matches->count < MAX_MATCHES && (matches->paths[matches->count] = strdup(path)) != NULL)
        matches->count++;
}

static void find_component(struct matches *matches, const char *base, const char *pattern);

/* base and one more component that is known; then the rest of the pattern. */
static void descend(struct matches *matches, const char *base, const char *name, size_t length,
                    const char *rest) {
    char path[FILE_MAX_PATH];
    size_t used = strlen(base);

    if (used + length + 2 > sizeof path)
        return;
    memcpy(path, base, used);
    memcpy(path + used, name, length);
    used += length;
    if (*rest == '/')
        path[used++] = '/';
    path[used] = '\0';
    if (*rest == '/')
        find_component(matches, path, rest + 1);
    else if (access(path, F_OK) == 0)
        add_match(matches, path);
}

/* base ends in '/' or is empty; pattern is relative to it. */
static void find_component(struct matches *matches, const char *base, const char *pattern) {
    size_t length = strcspn(pattern, "/");
    const char *rest = pattern + length;
    char component[256];
    struct dirent *entry;
    DIR *directory;

    if (length >= sizeof component)
        return;
    memcpy(component, pattern, length);
    component[length] = '\0';
    if (!strpbrk(component, WILD_CARDS)) {
        descend(matches, base, component, length, rest);
        return;
    }
    directory = opendir(*base ? base : ".");
    if (!directory) {
        /* What a pattern found need not be a directory, nor have one of that name. */
        if (errno != ENOTDIR && (errno != ENOENT || matches->wild == 0))
            matches->error = errno;
        return;
    }
    matches->wild++;
    while ((entry = readdir(directory)) != NULL)
        if ((entry->d_name[0] != '.' || component[0] == '.') &&
            pattern_match(component, entry->d_name))
            descend(matches, base, entry->d_name, strlen(entry->d_name), rest);
    matches->wild--;
    closedir(directory);
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **pattern_find_files(void *context, const char *pattern, int *count) {
    struct matches matches = {.paths = malloc((MAX_MATCHES + 1) * sizeof(char *))};

    (void)context;
    *count = 0;
    if (!matches.paths)
        return NULL;
    if (strpbrk(pattern, WILD_CARDS))
        find_component(&matches, "", pattern);
    else
        add_match(&matches, pattern); /* whoever opens it says that it is missing */
    if (matches.error) {
        while (matches.count > 0)
            free(matches.paths[--matches.count]);
        free(matches.paths);
        errno = matches.error;
        return NULL;
    }
    qsort(matches.paths, (size_t)matches.count, sizeof(char *), compare_paths);
    matches.paths[matches.count] = NULL;
    *count = matches.count;
    return matches.paths;
}

static char *read_file(void *context, const char *path) {
    (void)context;
    return file_read_text(path);
}

static bool resolve(void *context, const char *name, struct address *address) {
    int count;

    (void)context;
    return names_resolve(name, ADDRESS_NONE, address, 1, &count) == RESOLVE_OK;
}

const struct conf_reader linux_conf_reader = {
    .read_file = read_file,
    .match_files = pattern_find_files,
    .resolve = resolve,
};
