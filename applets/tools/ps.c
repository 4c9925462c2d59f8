/* ps: the processes, out of /proc (proc(5)). "ps" has busybox's columns, "ps aux" those of procps.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/tools/tool.h"
#include "core/linux/files.h"

static const char usage[] = "ps [aux]\n"
                            "List all processes; aux: with memory, state, terminal and start.\n";

#define NAME_SIZE    33
#define COMMAND_SIZE 4096

/* The words of /proc/PID/stat behind the command's name that are used, by their place there: 0 is
 * the state. */
enum stat_field {
    STAT_STATE = 0,
    STAT_GROUP = 2,
    STAT_SESSION = 3,
    STAT_TERMINAL = 4,
    STAT_FOREGROUND = 5,
    STAT_USER_TICKS = 11,
    STAT_SYSTEM_TICKS = 12,
    STAT_NICE = 16,
    STAT_THREADS = 17,
    STAT_START_TICKS = 19, /* since boot */
    STAT_VIRTUAL = 20,     /* bytes */
    STAT_RESIDENT = 21,    /* pages */
    STAT_FIELDS = 22,
};

struct process {
    long long pid;
    uid_t user;
    long long field[STAT_FIELDS]; /* [0]: the letter */
    char command[COMMAND_SIZE];
};

struct machine {
    long long ticks_per_second, page_kb, memory_kb;
    double uptime; /* s */
};

/* A small file as a string; its length, or -1. */
static ssize_t read_file(const char *name, char *text, size_t size) {
    int file = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t length;

    if (file < 0)
        return -1;
    length = read(file, text, size - 1);
    close(file);
    text[length < 0 ? 0 : length] = '\0';
    return length;
}

/* The user's name by /etc/passwd ("name:password:uid:..."), or the number: an image need not have
 * the file. */
static void find_user_name(uid_t user, char name[NAME_SIZE]) {
    char *users = file_read_text("/etc/passwd");

    snprintf(name, NAME_SIZE, "%u", user);
    for (char *line = users, *next; line != NULL; line = next) {
        char *end, *number;

        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        end = strchr(line, ':');
        number = end == NULL ? NULL : strchr(end + 1, ':');
        if (number != NULL && isdigit((unsigned char)number[1]) &&
            strtoul(number + 1, NULL, 10) == user) {
            snprintf(name, NAME_SIZE, "%.*s", (int)(end - line), line);
            break;
        }
    }
    free(users);
}

/* The command line with spaces for its NULs, or [name] of one that has none: kernel threads and
 * zombies. */
static void set_command(struct process *process, const char *directory, const char *name,
                        int name_length) {
    char path[64];
    ssize_t length;

    snprintf(path, sizeof path, "%s/cmdline", directory);
    length = read_file(path, process->command, sizeof process->command);
    while (length > 0 && process->command[length - 1] == '\0')
        length--;
    if (length <= 0) {
        length = snprintf(process->command, sizeof process->command, "[%.*s]%s", name_length, name,
                          process->field[STAT_STATE] == 'Z' ? " <defunct>" : "");
    }
    for (char *c = process->command; c < process->command + length; c++) {
        if (*c == '\0')
            *c = ' ';
        else if ((unsigned char)*c < ' ' || *c == '\177') /* no escape sequences to the terminal */
            *c = '?';
    }
}

/* False when the process is gone. */
static bool read_process(struct process *process, const char *pid) {
    char directory[32], path[64], text[1024];
    struct stat status;

    snprintf(directory, sizeof directory, "/proc/%.16s", pid);
    snprintf(path, sizeof path, "%s/stat", directory);
    if (stat(directory, &status) != 0 || read_file(path, text, sizeof text) <= 0)
        return false;

    /* The name is in parentheses, and may contain some. */
    char *name = strchr(text, '('), *word = strrchr(text, ')');

    if (name == NULL || word == NULL || strlen(word) < 3)
        return false;
    int name_length = (int)(word - name) - 1;

    process->pid = strtoll(pid, NULL, 10);
    process->user = status.st_uid;
    process->field[STAT_STATE] = word[2];
    word += 3;
    for (int i = 1; i < STAT_FIELDS; i++)
        process->field[i] = strtoll(word, &word, 10);
    set_command(process, directory, name + 1, name_length);
    return true;
}

static struct machine read_machine(void) {
    struct machine machine = {.ticks_per_second = (long long)getauxval(AT_CLKTCK),
                              .page_kb = (long long)getauxval(AT_PAGESZ) / 1024};
    char text[128];

    if (read_file("/proc/meminfo", text, sizeof text) > 0)
        machine.memory_kb =
            strtoll(text + strcspn(text, "0123456789"), NULL, 10); /* its first line is MemTotal */
    if (read_file("/proc/uptime", text, sizeof text) > 0)
        machine.uptime = strtod(text, NULL);
    return machine;
}

/* "pts/0", "tty1", "ttyS0", "?" by the kernel's device number. */
static void format_terminal(long long device, char text[NAME_SIZE]) {
    unsigned major = (unsigned)device >> 8 & 0xfff,
             minor = (unsigned)(device & 0xff) | ((unsigned)device >> 12 & 0xfff00);

    if (major >= 136 && major <= 143)
        snprintf(text, NAME_SIZE, "pts/%u", (major - 136) * 256 + minor);
    else if (major == 4)
        snprintf(text, NAME_SIZE, minor < 64 ? "tty%u" : "ttyS%u", minor < 64 ? minor : minor - 64);
    else
        snprintf(text, NAME_SIZE, "%s", device == 0 ? "?" : major == 5 ? "console" : "tty");
}

static void format_state(const struct process *process, char text[NAME_SIZE]) {
    const long long *field = process->field;
    char *end = text;

    *end++ = (char)field[STAT_STATE];
    if (field[STAT_NICE] != 0)
        *end++ = field[STAT_NICE] < 0 ? '<' : 'N';
    if (field[STAT_SESSION] == process->pid)
        *end++ = 's';
    if (field[STAT_THREADS] > 1)
        *end++ = 'l';
    if (field[STAT_FOREGROUND] == field[STAT_GROUP])
        *end++ = '+';
    *end = '\0';
}

/* The time of day for what started within a day, otherwise month and day. */
static void print_start(double age) {
    struct timespec start = {.tv_sec = time(NULL) - (time_t)age};

    tool_print_time(stdout, age < 86400 ? "%H:%M" : "%b%d", &start);
}

static void print_long(const struct process *process, const struct machine *machine,
                       const char *user) {
    const long long *field = process->field;
    long long cpu = (field[STAT_USER_TICKS] + field[STAT_SYSTEM_TICKS]) / machine->ticks_per_second;
    double age =
        machine->uptime - (double)field[STAT_START_TICKS] / (double)machine->ticks_per_second;
    long long resident = field[STAT_RESIDENT] * machine->page_kb;
    char terminal[NAME_SIZE], state[NAME_SIZE];

    format_terminal(field[STAT_TERMINAL], terminal);
    format_state(process, state);
    printf("%-8.8s %5lld %4.1f %4.1f %6lld %5lld %-8s %-4s ", user, process->pid,
           age < 1 ? 0 : (double)cpu * 100 / age,
           machine->memory_kb == 0 ? 0 : (double)resident * 100 / (double)machine->memory_kb,
           field[STAT_VIRTUAL] / 1024, resident, terminal, state);
    print_start(age < 0 ? 0 : age);
    printf(" %3lld:%02lld %s\n", cpu / 60, cpu % 60, process->command);
}

static void print_short(const struct process *process, const struct machine *machine,
                        const char *user) {
    long long cpu = (process->field[STAT_USER_TICKS] + process->field[STAT_SYSTEM_TICKS]) /
                    machine->ticks_per_second;

    printf("%5lld %-8.8s %2lld:%02lld %s\n", process->pid, user, cpu / 60, cpu % 60,
           process->command);
}

int ps_main(int argc, char **argv) {
    struct tool tool = tool_begin(argv, "ps", usage);
    struct machine machine = read_machine();
    bool is_long = false;
    DIR *directory = opendir("/proc");

    (void)argc;
    /* BSD's spelling has no dash; what only asks for more processes is the default here. */
    while (tool_option(&tool, "auxwef") != 0)
        ;
    for (char **word = tool.operands; *word != NULL; word++)
        is_long = is_long || strchr(*word, 'u') != NULL;

    if (directory == NULL)
        return tool_failed(&tool, "can't read", "/proc");
    puts(is_long ? "USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND"
                 : "PID   USER     TIME  COMMAND");
    /* The kernel lists them in order. */
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        struct process process;
        char user[NAME_SIZE];

        if (!isdigit((unsigned char)entry->d_name[0]) || !read_process(&process, entry->d_name))
            continue;
        find_user_name(process.user, user);
        (is_long ? print_long : print_short)(&process, &machine, user);
    }
    closedir(directory);
    return tool_finish(&tool, 0);
}
