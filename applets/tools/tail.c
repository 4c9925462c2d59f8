/* tail: prints the end of files and, if asked, what is appended to them. As process 1 of a
 * container `tail -f /dev/null` is what keeps it up: it sleeps, and ends when told to. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/tools/tool.h"

static const char usage[] =
    "tail [-f | -F] [-q] [-n [+]LINES | -LINES] [FILE]...\n"
    "Print the last 10 lines of each FILE; without any, or where it is -, of standard input.\n"
    "  -n  so many lines; with +, everything from that line on\n"
    "  -f  then what is appended\n"
    "  -F  the same, by name: waits for the file, reopens it when it is replaced\n"
    "  -q  no headings when there are several files\n";

#define BLOCK_SIZE     4096
#define LOOK_EVERY_MS  1000
#define LINES_MOST     1e9
#define PIPE_FIRST_MEM ((size_t)65536)

struct tail {
    struct tool tool;
    long lines;
    bool from_start, by_name, headings;
    const char *headed; /* the file that the output is in */
};

struct file {
    const char *name;
    int descriptor; /* -1: not there */
};

static void print_heading(struct tail *tail, const struct file *file) {
    if (tail->headings && tail->headed != file->name)
        dprintf(STDOUT_FILENO, "%s==> %s <==\n", tail->headed == NULL ? "" : "\n", file->name);
    tail->headed = file->name;
}

static void print(struct tail *tail, const struct file *file, const char *bytes, size_t count) {
    if (count == 0)
        return;
    print_heading(tail, file);
    if (!tool_write(STDOUT_FILENO, bytes, count))
        exit(tool_failed(&tail->tool, "can't print", file->name));
}

/* Prints from where the descriptor stands to the end; false when it cannot be read. */
static bool print_rest(struct tail *tail, const struct file *file) {
    char block[BLOCK_SIZE];
    ssize_t count;

    while ((count = read(file->descriptor, block, sizeof block)) > 0)
        print(tail, file, block, (size_t)count);
    return count == 0;
}

/* -n +N: prints all but the first N - 1 lines. */
static bool print_from_line(struct tail *tail, const struct file *file) {
    char block[BLOCK_SIZE];
    ssize_t count;
    long skip = tail->lines - 1;

    while (skip > 0 && (count = read(file->descriptor, block, sizeof block)) > 0) {
        const char *from = block, *end = block + count;

        for (const char *newline; skip > 0 && from < end; skip -= newline != NULL) {
            newline = memchr(from, '\n', (size_t)(end - from));
            from = newline == NULL ? end : newline + 1;
        }
        print(tail, file, from, (size_t)(end - from));
    }
    return print_rest(tail, file);
}

/* Where the last `lines` lines of the bytes begin; *lines is what is missing when all of them are
 * not enough. A newline at the very end (`at_end`) ends the last line and begins none. */
static size_t find_last_lines(const char *bytes, size_t count, bool at_end, long *lines) {
    for (size_t i = count; i-- > 0;) {
        if (bytes[i] == '\n' && !(at_end && i == count - 1) && --*lines == 0)
            return i + 1;
    }
    return 0;
}

/* A file that can be read backwards. */
static bool print_last_of_file(struct tail *tail, const struct file *file, off_t size) {
    char block[BLOCK_SIZE];
    off_t from = size;
    long lines = tail->lines;

    while (from > 0 && lines > 0) {
        size_t want = from < BLOCK_SIZE ? (size_t)from : BLOCK_SIZE;

        from -= (off_t)want;
        if (pread(file->descriptor, block, want, from) != (ssize_t)want)
            return false;
        size_t found = find_last_lines(block, want, from + (off_t)want == size, &lines);

        if (lines == 0)
            from += (off_t)found;
    }
    return lseek(file->descriptor, from, SEEK_SET) >= 0 && print_rest(tail, file);
}

/* A pipe: keeps what may still be needed, in memory that grows only when the wanted lines are
 * longer than it. */
static bool print_last_of_pipe(struct tail *tail, const struct file *file) {
    size_t size = PIPE_FIRST_MEM, used = 0;
    char *kept = malloc(size);
    ssize_t count;

    while (kept != NULL && (count = read(file->descriptor, kept + used, size - used)) > 0) {
        used += (size_t)count;
        if (used < size)
            continue;
        long lines = tail->lines;
        size_t from = find_last_lines(kept, used, true, &lines);

        used -= from;
        memmove(kept, kept + from, used);
        if (used > size / 2) {
            char *more = realloc(kept, size * 2);

            if (more == NULL)
                free(kept);
            kept = more;
            size *= 2;
        }
    }
    if (kept == NULL)
        return false;
    long lines = tail->lines;
    size_t from = find_last_lines(kept, used, true, &lines);

    print(tail, file, kept + from, used - from);
    free(kept);
    return count == 0;
}

static bool print_end(struct tail *tail, const struct file *file) {
    struct stat status;

    print_heading(tail, file);
    if (fstat(file->descriptor, &status) != 0)
        return false;
    if (tail->from_start)
        return print_from_line(tail, file);
    /* The kernel's files under /proc say that they are empty. */
    if (S_ISREG(status.st_mode) && status.st_size > 0)
        return print_last_of_file(tail, file, status.st_size);
    return tail->lines == 0 || print_last_of_pipe(tail, file);
}

/* -F: another file has taken the name, or there is one at last. */
static void reopen(struct tail *tail, struct file *file) {
    struct stat named, held;

    if (stat(file->name, &named) != 0)
        return;
    if (file->descriptor >= 0) {
        if (fstat(file->descriptor, &held) == 0 && held.st_ino == named.st_ino &&
            held.st_dev == named.st_dev)
            return;
        close(file->descriptor);
    }
    file->descriptor = open(file->name, O_RDONLY | O_CLOEXEC);
    if (file->descriptor >= 0)
        tool_error(&tail->tool, "%s: following the new file", file->name);
}

static void follow(struct tail *tail, struct file *file) {
    struct stat status;

    if (tail->by_name && strcmp(file->name, "-") != 0)
        reopen(tail, file);
    if (file->descriptor < 0)
        return;
    if (fstat(file->descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
        lseek(file->descriptor, 0, SEEK_CUR) > status.st_size) {
        tool_error(&tail->tool, "%s: file truncated", file->name);
        lseek(file->descriptor, 0, SEEK_SET);
    }
    print_rest(tail, file);
}

static bool parse_options(struct tail *tail) {
    bool follows = false, quiet = false;

    for (int option; (option = tool_option(&tail->tool, "fFqn:0123456789")) != 0;) {
        switch (option) {
        case 'F':
            tail->by_name = true;
            /* fall through */
        case 'f':
            follows = true;
            break;
        case 'q':
            quiet = true;
            break;
        case 'n':
            tail->from_start = tail->tool.value[0] == '+';
            tail->lines = (long)tool_number(&tail->tool, -LINES_MOST, LINES_MOST);
            tail->lines = labs(tail->lines);
            break;
        default: /* -LINES: the letter and what stands behind it */
            tail->tool.value = tail->tool.cluster - 1;
            tail->lines = (long)tool_number(&tail->tool, 0, LINES_MOST);
            tail->tool.cluster = NULL;
        }
    }
    tail->headings = !quiet;
    return follows;
}

int tail_main(int argc, char **argv) {
    struct tail tail = {.tool = tool_begin(argv, "tail", usage), .lines = 10};
    bool follows = parse_options(&tail);
    int count = tail.tool.operand_count, opened = 0, status = 0;
    struct file *files = calloc((size_t)count + 1, sizeof *files),
                *end = files + (count > 0 ? count : 1);

    (void)argc;
    if (files == NULL)
        return 1;
    tool_end_on_signals();
    for (struct file *file = files; file < end; file++) {
        file->name = count > 0 ? tail.tool.operands[file - files] : "-";
        file->descriptor =
            strcmp(file->name, "-") == 0 ? STDIN_FILENO : open(file->name, O_RDONLY | O_CLOEXEC);
        opened += file->descriptor >= 0;
        if (file->descriptor < 0)
            status = tool_failed(&tail.tool, "can't open", file->name);
    }
    if (opened == 0 && !tail.by_name) {
        tool_error(&tail.tool, "no files");
        end = files;
        follows = false;
    }
    tail.headings = tail.headings && (tail.by_name ? count : opened) > 1;
    for (struct file *file = files; file < end; file++) {
        if (file->descriptor >= 0 && !print_end(&tail, file))
            status = tool_failed(&tail.tool, "read error", NULL);
    }
    while (follows) {
        poll(NULL, 0, LOOK_EVERY_MS);
        for (struct file *file = files; file < end; file++)
            follow(&tail, file);
    }
    free(files);
    return status;
}
