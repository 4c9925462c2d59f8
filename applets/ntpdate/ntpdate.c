/* From names to a clock that is right (ntpdate.h). Exit status: 0 = a usable answer, and the clock
 * set when that was asked for; 1 = not; 2 = usage. */
#include "applets/ntpdate/ntpdate.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "applets/applets.h"
#include "core/linux/clock.h"
#include "core/linux/files.h"

#define STEP_THRESHOLD 0.5    /* s */
#define SLEW_MAX       1000.0 /* s; at the kernel's 500 ppm that takes three weeks */
#define PAUSE_MIN      1.0    /* s between the rounds of --retry; doubled each time */
#define PAUSE_MAX      16.0

/* adjtime(3) in the kernel's terms: leaves the frequency alone. */
static bool slew_clock(double offset) {
    struct timex slew = {.modes = ADJ_OFFSET_SINGLESHOT, .offset = lround(offset * 1e6)};

    if (fabs(offset) <= SLEW_MAX)
        return adjtimex(&slew) >= 0;
    errno = ERANGE;
    return false;
}

/* Sets the clock, or with -q and -d says what would be done. */
static bool follow(const struct ntpdate_server *server, double offset,
                   const struct ntpdate_settings *settings) {
    bool step = settings->way == NTPDATE_STEP ||
                (settings->way == NTPDATE_BY_SIZE && fabs(offset) >= STEP_THRESHOLD);
    const char *way = step ? "step" : "adjust";

    if (!settings->query) {
        bool too_far = settings->max_step > 0 && fabs(offset) > settings->max_step;

        if (too_far || !(step ? system_clock_step(NULL, offset) : slew_clock(offset))) {
            ntpdate_log(true, "can't %s the clock by %+.6f s: %s%s", way, offset,
                        too_far ? "beyond --max-step" : strerror(errno),
                        !too_far && errno == EPERM ? "; add --cap-add SYS_TIME" : "");
            return false;
        }
    }
    ntpdate_log(false, "%s time server %s offset %+.6f sec", way, server->text, offset);
    return true;
}

/* Whether there is anyone left to ask, and time for it. */
static bool is_worth_another_round(const struct ntpdate *ntpdate) {
    bool anyone = false;

    for (int i = 0; i < ntpdate->host_count; i++)
        anyone = anyone || ntpdate->hosts[i].error != 0;
    for (int i = 0; i < ntpdate->count; i++)
        anyone = anyone || !ntpdate->servers[i].refuses;
    return ntpdate->settings.retry && anyone && monotonic_clock_read() < ntpdate->deadline;
}

/* Rounds of questions, more than one with --retry. */
static struct ntpdate_result ask(struct ntpdate *ntpdate) {
    double pause = PAUSE_MIN;

    for (bool first = true;; first = false) {
        struct ntpdate_result result;

        ntpdate_exchange(ntpdate, first);
        result = ntpdate_choose(ntpdate->servers, ntpdate->count);
        if (result.chosen >= 0 || !is_worth_another_round(ntpdate))
            return result;
        if (first)
            ntpdate_log(true, "no server suitable yet, trying again");
        if (ntpdate->limited)
            pause = PAUSE_MAX;
        ns_t until = ns_add_seconds(monotonic_clock_read(), pause);

        until = until < ntpdate->deadline ? until : ntpdate->deadline;
        while (poll(NULL, 0, tool_poll_timeout(until)) < 0)
            ;
        pause = fmin(pause * 2, PAUSE_MAX);
    }
}

/* In the order in which they were named, not that in which their names were found. */
static void print_servers(const struct ntpdate *ntpdate) {
    for (int host = 0; host < ntpdate->host_count; host++) {
        for (int i = 0; i < ntpdate->count; i++) {
            if (ntpdate->servers[i].host == ntpdate->hosts[host].name)
                ntpdate_print_server(&ntpdate->servers[i], ntpdate->settings.debug);
        }
    }
}

/* The server that leads, or NULL. */
static const struct ntpdate_server *find_time(struct ntpdate *ntpdate,
                                              struct ntpdate_result *result) {
    const struct ntpdate_settings *settings = &ntpdate->settings;

    *result = ask(ntpdate);
    if (settings->query && !settings->json)
        print_servers(ntpdate);
    for (int i = 0; i < ntpdate->count; i++) {
        const struct ntpdate_server *server = &ntpdate->servers[i];

        if (server->fault != NULL && (result->chosen < 0 || settings->debug))
            ntpdate_log(true, "%s: Server dropped: %s", server->text, server->fault);
    }
    if (result->chosen >= 0)
        return &ntpdate->servers[result->chosen];
    ntpdate_log(true, ntpdate->count == 0 ? "no servers can be used, exiting"
                                          : "no server suitable for synchronization found");
    return NULL;
}

static void log_key_trouble(void *context, enum log_level level, const char *message) {
    (void)context;
    if (level >= LOG_WARNING_LEVEL)
        ntpdate_log(true, "%s", message);
}

static bool load_key(struct ntpdate *ntpdate) {
    const struct log log = {.write = log_key_trouble};
    const char *path = ntpdate->settings.key_file;
    uint32_t id = (uint32_t)ntpdate->settings.key_id;
    char *text;

    if (id == 0)
        return true;
    text = file_read_secret(&log, path);
    if (text == NULL) {
        ntpdate_log(true, "can't read the keys in %s: %s", path, strerror(errno));
        return false;
    }
    if (keys_load(&ntpdate->keys, text, strlen(text), path, &log))
        ntpdate->key = keys_find(&ntpdate->keys, id);
    free(text);
    if (ntpdate->key == NULL)
        ntpdate_log(true, "there is no key %u in %s", id, path);
    return ntpdate->key != NULL;
}

static int run(struct ntpdate *ntpdate, char **hosts) {
    const struct ntpdate_settings *settings = &ntpdate->settings;
    const struct ntpdate_server *server = NULL;
    struct ntpdate_result result;
    bool done = false;

    snprintf(ntpdate->port, sizeof ntpdate->port, "%d", settings->port);
    if (load_key(ntpdate)) {
        for (; *hosts != NULL; hosts++)
            ntpdate_add_host(ntpdate, *hosts);
        server = find_time(ntpdate, &result);
    }
    if (server != NULL)
        done = follow(server, result.offset, settings);
    if (settings->json)
        ntpdate_print_json(server, &result, done && !settings->query, !done);
    return !done;
}

int ntpdate_main(int argc, char **argv) {
    const struct ntpdate_settings defaults = {.family = AF_UNSPEC,
                                              .port = NTP_PORT,
                                              .version = 4,
                                              .key_file = "/etc/ntp.keys",
                                              .timeout = 1};
    static struct ntpdate all; /* most of it stays untouched, and so takes no memory */
    struct ntpdate *ntpdate = &all;
    char **hosts;
    int status;

    (void)argc;
    ntpdate->settings = defaults;
    struct ntpdate_settings *settings = &ntpdate->settings;

    hosts = ntpdate_parse_options(argv, settings);
    tool_end_on_signals();
    if (settings->samples == 0)
        settings->samples = settings->query && !settings->debug ? 1 : 4;
    settings->query = settings->query || settings->debug;
    settings->debug = settings->debug && !settings->json;
    ntpdate->deadline = settings->deadline > 0
                            ? ns_add_seconds(monotonic_clock_read(), settings->deadline)
                            : NS_NEVER;
    ntpdate_log_open(settings);
    if (settings->verbose)
        ntpdate_log(false, "ntpdate chronobox-" CHRONOBOX_VERSION);
    status = pipe2(ntpdate->pipe, O_CLOEXEC) == 0 ? run(ntpdate, hosts) : 1;
    /* Threads of lookups that were given up still have what is theirs: nothing is freed. */
    return fflush(stdout) == 0 ? status : 1;
}
