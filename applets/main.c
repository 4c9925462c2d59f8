/* chronobox: one binary, many commands. The name it is called by, or its first argument, says
 * which; everything it knows about them is the table in applets.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "applets/applets.h"

#define SELF          "chronobox"
#define NOT_FOUND     127
#define MAX_PATH_SIZE 4096

static const struct applet {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *summary;
} applets[] = {
#define APPLET_ROW(name, function, summary) {#name, function, summary},
    APPLETS(APPLET_ROW)
#undef APPLET_ROW
};

#define APPLET_COUNT (sizeof applets / sizeof applets[0])

static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static const struct applet *find_applet(const char *name) {
    for (size_t i = 0; i < APPLET_COUNT; i++)
        if (strcmp(applets[i].name, name) == 0)
            return &applets[i];
    return NULL;
}

static int refuse(const char *name) {
    fprintf(stderr, "%s: no applet %s; there are:", SELF, name);
    for (size_t i = 0; i < APPLET_COUNT; i++)
        fprintf(stderr, " %s", applets[i].name);
    fputc('\n', stderr);
    return NOT_FOUND;
}

static int print_list(void) {
    for (size_t i = 0; i < APPLET_COUNT; i++)
        puts(applets[i].name);
    return 0;
}

static int print_help(void) {
    puts("Usage: chronobox APPLET [ARGUMENT]...\n"
         "       APPLET [ARGUMENT]...          through a link of that name\n"
         "       chronobox --list | --help | --version\n"
         "       chronobox --install DIR       make the links\n");
    for (size_t i = 0; i < APPLET_COUNT; i++)
        printf("  %-12s %s\n", applets[i].name, applets[i].summary);
    return 0;
}

/* The path of this binary, cut into directory (the root is "") and name. */
static bool find_self(char path[MAX_PATH_SIZE], const char *called, const char **name) {
    ssize_t length = readlink("/proc/self/exe", path, MAX_PATH_SIZE - 1);
    char *slash;

    if (length < 0) {
        length = (ssize_t)strlen(called);
        if (called[0] != '/' || length >= MAX_PATH_SIZE)
            return false; /* no /proc, and no way to know where we are */
        memcpy(path, called, (size_t)length);
    }
    path[length] = '\0';
    slash = strrchr(path, '/');
    *slash = '\0';
    *name = slash + 1;
    return true;
}

static bool same_directory(const char *a, const char *b) {
    struct stat first, second;

    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Links that lie beside the binary are relative: they survive when both are moved or mounted
 * elsewhere. */
static int install(const char *directory, const char *called) {
    char self[MAX_PATH_SIZE], target[MAX_PATH_SIZE + 1], link[MAX_PATH_SIZE];
    const char *name;
    int status = 0;

    if (!find_self(self, called, &name)) {
        fprintf(stderr, "%s: call it by its full path: there is no /proc\n", SELF);
        return 1;
    }
    if (same_directory(directory, self[0] ? self : "/"))
        snprintf(target, sizeof target, "%s", name);
    else
        snprintf(target, sizeof target, "%s/%s", self, name);
    for (size_t i = 0; i < APPLET_COUNT; i++) {
        snprintf(link, sizeof link, "%s/%s", directory, applets[i].name);
        if (symlink(target, link) < 0 && errno != EEXIST) {
            fprintf(stderr, "%s: %s: %s\n", SELF, link, strerror(errno));
            status = 1;
        }
    }
    return status;
}

/* Called by its own name. */
static int run_by_argument(int argc, char **argv) {
    const struct applet *applet;

    if (argc < 2 || strcmp(argv[1], "--help") == 0)
        return print_help();
    if (strcmp(argv[1], "--list") == 0)
        return print_list();
    if (strcmp(argv[1], "--version") == 0) {
        puts(SELF " " CHRONOBOX_VERSION " (chrony " CHRONY_VERSION ")");
        return 0;
    }
    if (strcmp(argv[1], "--install") == 0 && argc == 3)
        return install(argv[2], argv[0]);
    applet = find_applet(last_component(argv[1]));
    return applet ? applet->main(argc - 1, argv + 1) : refuse(argv[1]);
}

int main(int argc, char **argv) {
    const struct applet *applet;
    const char *name = argc > 0 ? last_component(argv[0]) : "";

    if (strcmp(name, SELF) == 0)
        return run_by_argument(argc, argv);
    applet = find_applet(name);
    return applet ? applet->main(argc, argv) : refuse(name);
}
