/* The environment as configuration (environment.h): a row for each variable, whose value becomes
 * lines of configuration. */
#include "applets/chronyd/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/address.h"
#include "core/base/text.h"
#include "core/linux/kernel.h"
#include "core/linux/privileges.h"

#define ACCOUNT    "chrony"
#define LINE_SIZE  (CONF_MAX_LINE + 1) /* cut there, a line is too long all the same */
#define SEPARATORS ", \t\n"

/* So many letters in a row may differ for a name to be taken for a slip of the pen. */
#define MAX_SLIP     2
#define MIN_SLIPPERY 8 /* shorter names have too many neighbours */

struct reading {
    struct conf *conf;
    struct chronyd_options *options;
    const char *name; /* of the variable that is being read */
    int line;         /* of it, from 1 */
    bool has_servers, no_client_log;
    bool failed; /* nothing more is read */
};

static void refuse(struct reading *reading, const char *value, const char *reason) {
    char error[LOG_MESSAGE_SIZE];

    snprintf(error, sizeof error, "%s: %s%s", reading->name, value, reason);
    strcpy(reading->conf->error, error);
    reading->failed = true;
}

static void add_line(struct reading *reading, const char *start, const char *rest) {
    char line[LINE_SIZE];

    snprintf(line, sizeof line, "%s%s", start, rest);
    if (!reading->failed)
        reading->failed = !conf_parse_line(reading->conf, line, reading->name, ++reading->line);
}

/* Cuts the first of a list's words off; NULL: there are no more. */
static char *take_word(char **list, const char *separators) {
    char *word = *list + strspn(*list, separators);
    size_t length = strcspn(word, separators);

    *list = word + length + (word[length] != '\0');
    word[length] = '\0';
    return length > 0 ? word : NULL;
}

/* In all the spellings that other images have. */
static bool is_true(struct reading *reading, const char *value) {
    static const char words[][6] = {"true", "false", "yes", "no", "on", "off", "1", "0", "y", "n"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (text_equal_nocase(value, words[i]))
            return i % 2 == 0;
    refuse(reading, value, " is no boolean");
    return false;
}

/* --- the variables, each with its value --- */

static void read_log_level(struct reading *reading, char *value) {
    if (value[0] < '0' || value[0] > '3' || value[1] != '\0')
        refuse(reading, value, " is not 0 to 3");
    else if (reading->options->log_level == LOG_INFO_LEVEL)
        reading->options->log_level = value[0] - '0';
}

static void read_clock(struct reading *reading, char *value) {
    if (is_true(reading, value))
        return;
    reading->options->no_clock_control = true;
    if (reading->conf->print_line)
        reading->conf->print_line(reading->conf->print_context, "# chronyd -x");
    if (prctl(PR_CAPBSET_READ, (long)CAPABILITY_SYS_TIME, 0L, 0L, 0L) == 1)
        log_info(reading->conf->log, "ENABLE_SYSCLK=true would steer the clock");
}

static void read_nts(struct reading *reading, char *value) {
    if (is_true(reading, value))
        refuse(reading, "this build has no NTS", "");
}

/* An address of the loopback means: there is no server, serve what the clock says. */
static void read_servers(struct reading *reading, char *value) {
    for (char *word; (word = take_word(&value, SEPARATORS)) != NULL;) {
        char server[LINE_SIZE];
        struct address address;

        snprintf(server, sizeof server, "server %s", word);
        if (strncmp(word, "127.", 4) == 0)
            add_line(reading, "local stratum 10", "");
        else if (strpbrk(word, ":;/|=[]") && !address_parse(word, &address))
            refuse(reading, word, " is no host");
        else
            add_line(reading, server, " iburst");
    }
    reading->has_servers = true;
}

static void read_client_log(struct reading *reading, char *value) {
    reading->no_client_log = is_true(reading, value);
    if (reading->no_client_log)
        add_line(reading, "noclientlog", "");
}

/* Lines are parted by newlines, real ones or written \n; without any, by commas. */
static void read_directives(struct reading *reading, char *value) {
    const char *separator;

    for (char *escape = value; (escape = strstr(escape, "\\n")) != NULL;)
        memcpy(escape, "\n ", 2);
    separator = strchr(value, '\n') ? "\n" : ",";
    for (char *line; (line = take_word(&value, separator)) != NULL;) {
        line += strspn(line, " ");
        /* Limits need the log that NOCLIENTLOG turns off. */
        if (!reading->no_client_log || strncmp(line, "ratelimit", 9) != 0)
            add_line(reading, line, "");
    }
}

static void read_subnets(struct reading *reading, char *value) {
    bool commands = reading->name[0] == 'C';

    if (commands) {
        add_line(reading, "bindcmdaddress 0.0.0.0", "");
        add_line(reading, "bindcmdaddress ::", "");
    }
    for (char *word; (word = take_word(&value, SEPARATORS)) != NULL;)
        add_line(reading, commands ? "cmdallow " : "allow ", word);
}

/* In the order of the lines. */
static const struct row {
    char name[15];         /* "": there is no such variable */
    const char *otherwise; /* what is read when it is not set; NULL: nothing */
    void (*read)(struct reading *reading, char *value);
} rows[] = {
    {"LOG_LEVEL", NULL, read_log_level},
    {"ENABLE_SYSCLK", "no", read_clock},
    {"ENABLE_NTS", NULL, read_nts},
    {"NTP_SERVER", NULL, read_servers},
    {"NTP_SERVERS", "0.pool.ntp.org,1.pool.ntp.org,2.pool.ntp.org,3.pool.ntp.org", read_servers},
    {"", "driftfile /var/lib/chrony/chrony.drift,makestep 0.1 3", read_directives},
    {"NOCLIENTLOG", NULL, read_client_log},
    {"NTP_DIRECTIVES", "ratelimit,rtcsync", read_directives},
    {"ALLOW_CIDR", "all", read_subnets},
    {"CMD_CIDR", NULL, read_subnets},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* A copy without the quotes that some ways of writing a compose file leave in it; NULL when nothing
 * is left: an empty variable is one that is not set. */
static char *copy_value(const char *from) {
    char *value = from ? strdup(from) : NULL, *to = value;

    for (const char *at = value; at && *at; at++)
        if (*at != '"' && *at != '\'')
            *to++ = *at;
    if (to)
        *to = '\0';
    if (!to || value[strspn(value, " \t\n")])
        return value;
    free(value);
    return NULL;
}

static void read_row(struct reading *reading, const struct row *row) {
    char *value = copy_value(getenv(row->name));

    reading->name = row->name;
    reading->line = 0;
    if (!value && !(row->read == read_servers && reading->has_servers))
        value = copy_value(row->otherwise);
    if (value)
        row->read(reading, value);
    free(value);
    if (!reading->failed && !conf_check(reading->conf))
        refuse(reading, reading->conf->error, "");
}

/* --- names that are nearly right --- */

/* How many letters are left between the equal beginnings and the equal ends of two names. */
static size_t count_different(const char *a, size_t a_length, const char *b) {
    size_t b_length = strlen(b), start = 0, end = 0;
    size_t shorter = a_length < b_length ? a_length : b_length;

    while (start < shorter && a[start] == b[start])
        start++;
    while (end < shorter - start && a[a_length - end - 1] == b[b_length - end - 1])
        end++;
    return a_length + b_length - shorter - start - end;
}

/* Another program's variables are not our business, but what only looks like ours would be passed
 * over. */
static void check_name(struct reading *reading, const char *variable) {
    size_t length = strcspn(variable, "=");
    const char *meant = NULL;

    for (size_t i = 0; i < ROW_COUNT; i++) {
        size_t different = count_different(variable, length, rows[i].name);

        if (different == 0)
            return;
        if (different <= MAX_SLIP && length >= MIN_SLIPPERY)
            meant = rows[i].name;
    }
    reading->name = meant;
    if (meant)
        refuse(reading, variable, " is unknown");
}

/* As in the images whose variables these are, chronyd is not root where it need not be: with a file
 * it is for the file to say. Whether capabilities and user namespace allow it, only trying tells.
 */
static void choose_account(struct chronyd_options *options) {
    struct account account;
    int wait_status = 1;
    pid_t child;

    if (geteuid() != 0 || options->user || !account_find(ACCOUNT, &account))
        return;
    child = _Fork();
    if (child == 0)
        _exit(account_become(&account) != NULL);
    if (child > 0 && waitpid(child, &wait_status, 0) == child && wait_status == 0)
        options->user = ACCOUNT;
}

bool environment_read(struct conf *conf, struct chronyd_options *options) {
    struct reading reading = {.conf = conf, .options = options};

    for (char **variable = environ; *variable && !reading.failed; variable++)
        check_name(&reading, *variable);
    for (size_t i = 0; i < ROW_COUNT && !reading.failed; i++)
        read_row(&reading, &rows[i]);
    choose_account(options);
    /* Where the kernel has none, its sockets would fail one by one. */
    if (access("/proc/net/dev", F_OK) == 0 && access("/proc/net/if_inet6", F_OK) < 0)
        options->ipv4 = !options->ipv6;
    return !reading.failed;
}
