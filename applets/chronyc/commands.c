/* The command table, and what happens to a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"
#include "core/base/text.h"

#define MIN_TIMEOUT 100 /* ms */
#define MAX_RETRIES 30

/* ---- commands that change the session ---- */

static enum chronyc_outcome change_lookups(struct chronyc *session,
                                           const struct chronyc_command *command, char *arguments) {
    (void)command;
    if (strcmp(arguments, "-n") == 0)
        session->numeric = true;
    else if (strcmp(arguments, "+n") == 0)
        session->numeric = false;
    else if (strcmp(arguments, "-4") == 0)
        session->family = ADDRESS_IPV4;
    else if (strcmp(arguments, "-6") == 0)
        session->family = ADDRESS_IPV6;
    else if (strcmp(arguments, "-46") == 0)
        session->family = ADDRESS_NONE;
    else
        return CHRONYC_MISUSED;
    return CHRONYC_DONE;
}

static enum chronyc_outcome change_timeout(struct chronyc *session,
                                           const struct chronyc_command *command, char *arguments) {
    (void)command;
    int timeout = (int)strtol(arguments, NULL, 10);
    if (timeout < MIN_TIMEOUT) {
        fprintf(stderr, "Timeout %d is too short\n", timeout);
        return CHRONYC_FAILED;
    }
    session->client.timeout = timeout;
    return CHRONYC_DONE;
}

static enum chronyc_outcome change_retries(struct chronyc *session,
                                           const struct chronyc_command *command, char *arguments) {
    (void)command;
    long retries = strtol(arguments, NULL, 10);
    if (retries < 0 || retries > MAX_RETRIES)
        return CHRONYC_MISUSED;
    session->client.retries = (int)retries;
    return CHRONYC_DONE;
}

static enum chronyc_outcome leave(struct chronyc *session, const struct chronyc_command *command,
                                  char *arguments) {
    (void)command;
    (void)arguments;
    session->quit = true;
    return CHRONYC_DONE;
}

static enum chronyc_outcome obsolete(struct chronyc *session, const struct chronyc_command *command,
                                     char *arguments) {
    (void)session;
    (void)arguments;
    fprintf(stderr, "%s\n", command->complaint);
    return CHRONYC_DONE;
}

/* ---- the table ---- */

static const char bad_address[] = "Could not read address";
static const char bad_value[] = "Invalid value";
static const char no_host[] = "Could not get address for hostname";
static const char no_number[] = "Invalid syntax for address value";
static const char no_authentication[] = "Authentication is no longer supported";

#define REQ(name) CONTROL_REQ_##name

static const struct chronyc_command commands[] = {
    {"tracking", chronyc_report, REQ(TRACKING), NULL},
    {"sources", chronyc_listing, REQ(SOURCE_DATA), NULL},
    {"sourcestats", chronyc_listing, REQ(SOURCESTATS), NULL},
    {"selectdata", chronyc_listing, REQ(SELECT_DATA), NULL},
    {"authdata", chronyc_listing, REQ(AUTH_DATA), NULL},
    {"ntpdata", chronyc_ntpdata, REQ(NTP_DATA), no_host},
    {"activity", chronyc_report, REQ(ACTIVITY), NULL},
    {"serverstats", chronyc_report, REQ(SERVER_STATS), NULL},
    {"smoothing", chronyc_report, REQ(SMOOTHING), NULL},
    {"rtcdata", chronyc_report, REQ(RTCREPORT), NULL},
    {"clients", chronyc_clients, REQ(CLIENT_ACCESSES_BY_INDEX3),
     "Invalid syntax for clients command"},
    {"sourcename", chronyc_sourcename, REQ(NTP_SOURCE_NAME), bad_address},
    {"waitsync", chronyc_waitsync, REQ(TRACKING), NULL},
    {"manual", chronyc_manual, REQ(MANUAL), "Invalid syntax for manual command"},
    {"settime", chronyc_settime, REQ(SETTIME), NULL},

    {"cyclelogs", chronyc_plain, REQ(CYCLELOGS), NULL},
    {"dump", chronyc_plain, REQ(DUMP), NULL},
    {"onoffline", chronyc_plain, REQ(ONOFFLINE), NULL},
    {"refresh", chronyc_plain, REQ(REFRESH), NULL},
    {"rekey", chronyc_plain, REQ(REKEY), NULL},
    {"reselect", chronyc_plain, REQ(RESELECT), NULL},
    {"shutdown", chronyc_plain, REQ(SHUTDOWN), NULL},
    {"trimrtc", chronyc_plain, REQ(TRIMRTC), NULL},
    {"writertc", chronyc_plain, REQ(WRITERTC), NULL},
    {"dfreq", chronyc_float, REQ(DFREQ), bad_value},
    {"doffset", chronyc_float, REQ(DOFFSET2), bad_value},
    {"maxupdateskew", chronyc_float, REQ(MODIFY_MAXUPDATESKEW), NULL},
    {"reselectdist", chronyc_float, REQ(RESELECTDISTANCE), NULL},
    {"makestep", chronyc_makestep, REQ(MODIFY_MAKESTEP), "Bad syntax for makestep command"},
    {"smoothtime", chronyc_smoothtime, REQ(SMOOTHTIME), "Invalid syntax for smoothtime command"},
    {"reload", chronyc_only_sources, REQ(RELOAD_SOURCES), "Invalid syntax for reload command"},
    {"reset", chronyc_only_sources, REQ(RESET_SOURCES), "Invalid syntax for reset command"},

    {"burst", chronyc_masked, REQ(BURST), "Invalid syntax for burst command"},
    {"online", chronyc_masked, REQ(ONLINE), NULL},
    {"offline", chronyc_masked, REQ(OFFLINE), NULL},
    {"maxdelay", chronyc_modify, REQ(MODIFY_MAXDELAY), no_number},
    {"maxdelayratio", chronyc_modify, REQ(MODIFY_MAXDELAYRATIO), no_number},
    {"maxdelaydevratio", chronyc_modify, REQ(MODIFY_MAXDELAYDEVRATIO), no_number},
    {"minpoll", chronyc_modify, REQ(MODIFY_MINPOLL), no_number},
    {"maxpoll", chronyc_modify, REQ(MODIFY_MAXPOLL), no_number},
    {"minstratum", chronyc_modify, REQ(MODIFY_MINSTRATUM), no_number},
    {"polltarget", chronyc_modify, REQ(MODIFY_POLLTARGET), no_number},
    {"offset", chronyc_offset, REQ(MODIFY_OFFSET), "Invalid syntax for offset command"},
    {"selectopts", chronyc_selectopts, REQ(MODIFY_SELECTOPTS),
     "Invalid syntax for selectopts command"},
    {"add", chronyc_add, REQ(ADD_SOURCE), "Invalid syntax for add command"},
    {"delete", chronyc_delete, REQ(DEL_SOURCE), "Invalid syntax for address"},
    {"local", chronyc_local, REQ(LOCAL3), "Invalid syntax for local command"},

    {"accheck", chronyc_check, REQ(ACCHECK), bad_address},
    {"cmdaccheck", chronyc_check, REQ(CMDACCHECK), bad_address},
    {"allow", chronyc_access, REQ(ALLOW), bad_address},
    {"deny", chronyc_access, REQ(DENY), bad_address},
    {"cmdallow", chronyc_access, REQ(CMDALLOW), bad_address},
    {"cmddeny", chronyc_access, REQ(CMDDENY), bad_address},

    {"dns", change_lookups, 0, "Unrecognized dns command"},
    {"timeout", change_timeout, 0, NULL},
    {"retries", change_retries, 0, "Invalid maximum number of retries"},
    {"keygen", chronyc_keygen, 0, "Invalid syntax for keygen command"},
    {"help", chronyc_help, 0, NULL},
    {"exit", leave, 0, NULL},
    {"quit", leave, 0, NULL},
    {"authhash", obsolete, 0, no_authentication},
    {"password", obsolete, 0, no_authentication},
};

/* ---- lines ---- */

void chronyc_init(struct chronyc *session, const volatile sig_atomic_t *stop) {
    *session = (struct chronyc){.family = ADDRESS_NONE};
    control_client_init(&session->client, stop);
}

bool chronyc_open(struct chronyc *session) {
    if (control_client_open(&session->client))
        return true;
    fputs("Could not open connection to daemon\n", stderr);
    return false;
}

static enum chronyc_outcome run(struct chronyc *session, char *line) {
    const char *word = text_take_word(&line);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        const struct chronyc_command *command = &commands[i];
        if (strcmp(word, command->word) != 0)
            continue;
        enum chronyc_outcome outcome = command->handler(session, command, line);
        if (outcome == CHRONYC_MISUSED && command->complaint)
            fprintf(stderr, "%s\n", command->complaint);
        return outcome;
    }
    fputs("Unrecognized command\n", stderr);
    return CHRONYC_FAILED;
}

bool chronyc_execute(struct chronyc *session, char *line) {
    text_normalise_line(line);
    if (!*line)
        return true;
    session->lookups_hang = false;
    bool done = run(session, line) == CHRONYC_DONE;
    if (session->end_dot)
        puts(".");
    if (fflush(stdout) == 0 && !ferror(stdout))
        return done;
    fputs("Could not write to stdout\n", stderr);
    return false;
}
