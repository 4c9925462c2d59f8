/* The command table, and what happens to a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"
#include "core/base/text.h"

#define MIN_TIMEOUT 100 /* ms */
#define MAX_RETRIES 30

/* ---- commands that change the session ---- */

static enum chronyc_outcome chronyc_dns(struct chronyc *session,
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

static enum chronyc_outcome
chronyc_timeout(struct chronyc *session, const struct chronyc_command *command, char *arguments) {
    (void)command;
    int timeout = (int)strtol(arguments, NULL, 10);
    if (timeout < MIN_TIMEOUT) {
        chronyc_complain(session, "Timeout %d is too short\n", timeout);
        return CHRONYC_FAILED;
    }
    session->client.timeout = timeout;
    return CHRONYC_DONE;
}

static enum chronyc_outcome
chronyc_retries(struct chronyc *session, const struct chronyc_command *command, char *arguments) {
    (void)command;
    long retries = strtol(arguments, NULL, 10);
    if (retries < 0 || retries > MAX_RETRIES)
        return CHRONYC_MISUSED;
    session->client.retries = (int)retries;
    return CHRONYC_DONE;
}

static enum chronyc_outcome chronyc_leave(struct chronyc *session,
                                          const struct chronyc_command *command, char *arguments) {
    (void)command;
    (void)arguments;
    session->quit = true;
    return CHRONYC_DONE;
}

static enum chronyc_outcome
chronyc_obsolete(struct chronyc *session, const struct chronyc_command *command, char *arguments) {
    (void)command;
    (void)arguments;
    chronyc_complain(session, "Authentication is no longer supported\n");
    return CHRONYC_DONE;
}

/* ---- the table ---- */

#define HANDLERS(H)                                                                                \
    H(report)                                                                                      \
    H(listing)                                                                                     \
    H(ntpdata)                                                                                     \
    H(clients)                                                                                     \
    H(sourcename)                                                                                  \
    H(waitsync)                                                                                    \
    H(manual)                                                                                      \
    H(settime)                                                                                     \
    H(top)                                                                                         \
    H(plot)                                                                                        \
    H(plain)                                                                                       \
    H(float)                                                                                       \
    H(makestep)                                                                                    \
    H(smoothtime)                                                                                  \
    H(only_sources)                                                                                \
    H(masked)                                                                                      \
    H(modify)                                                                                      \
    H(offset)                                                                                      \
    H(selectopts)                                                                                  \
    H(add)                                                                                         \
    H(delete)                                                                                      \
    H(local)                                                                                       \
    H(check)                                                                                       \
    H(access)                                                                                      \
    H(dns)                                                                                         \
    H(timeout)                                                                                     \
    H(retries)                                                                                     \
    H(keygen)                                                                                      \
    H(help)                                                                                        \
    H(leave)                                                                                       \
    H(obsolete)

enum {
#define HANDLER_NUMBER(name) HANDLER_##name,
    HANDLERS(HANDLER_NUMBER)
#undef HANDLER_NUMBER
};

static chronyc_handler *const handlers[] = {
#define HANDLER(name) chronyc_##name,
    HANDLERS(HANDLER)
#undef HANDLER
};

/* What is said of wrong arguments. */
enum complaint {
    NOTHING,
    SYNTAX,
    BAD_SYNTAX,
    ADDRESS,
    NO_ADDRESS,
    HOST,
    NUMBER,
    VALUE,
    DNS,
    RETRIES
};

/* %s: the command. */
static const char *const complaints[] = {
    [SYNTAX] = "Invalid syntax for %s command\n",
    [BAD_SYNTAX] = "Bad syntax for %s command\n",
    [ADDRESS] = "Could not read address\n",
    [NO_ADDRESS] = "Invalid syntax for address\n",
    [HOST] = "Could not get address for hostname\n",
    [NUMBER] = "Invalid syntax for address value\n",
    [VALUE] = "Invalid value\n",
    [DNS] = "Unrecognized dns command\n",
    [RETRIES] = "Invalid maximum number of retries\n",
};

#define REQ(name) CONTROL_REQ_##name

static const struct chronyc_command commands[] = {
    {"tracking", HANDLER_report, REQ(TRACKING), NOTHING},
    {"sources", HANDLER_listing, REQ(SOURCE_DATA), NOTHING},
    {"sourcestats", HANDLER_listing, REQ(SOURCESTATS), NOTHING},
    {"selectdata", HANDLER_listing, REQ(SELECT_DATA), NOTHING},
    {"authdata", HANDLER_listing, REQ(AUTH_DATA), NOTHING},
    {"ntpdata", HANDLER_ntpdata, REQ(NTP_DATA), HOST},
    {"activity", HANDLER_report, REQ(ACTIVITY), NOTHING},
    {"serverstats", HANDLER_report, REQ(SERVER_STATS), NOTHING},
    {"smoothing", HANDLER_report, REQ(SMOOTHING), NOTHING},
    {"rtcdata", HANDLER_report, REQ(RTCREPORT), NOTHING},
    {"clients", HANDLER_clients, REQ(CLIENT_ACCESSES_BY_INDEX3), SYNTAX},
    {"sourcename", HANDLER_sourcename, REQ(NTP_SOURCE_NAME), ADDRESS},
    {"waitsync", HANDLER_waitsync, REQ(TRACKING), NOTHING},
    {"manual", HANDLER_manual, REQ(MANUAL), SYNTAX},
    {"settime", HANDLER_settime, REQ(SETTIME), NOTHING},
    {"top", HANDLER_top, REQ(TRACKING), NOTHING},
    {"plot", HANDLER_plot, 0, SYNTAX},

    {"cyclelogs", HANDLER_plain, REQ(CYCLELOGS), NOTHING},
    {"dump", HANDLER_plain, REQ(DUMP), NOTHING},
    {"onoffline", HANDLER_plain, REQ(ONOFFLINE), NOTHING},
    {"refresh", HANDLER_plain, REQ(REFRESH), NOTHING},
    {"rekey", HANDLER_plain, REQ(REKEY), NOTHING},
    {"reselect", HANDLER_plain, REQ(RESELECT), NOTHING},
    {"shutdown", HANDLER_plain, REQ(SHUTDOWN), NOTHING},
    {"trimrtc", HANDLER_plain, REQ(TRIMRTC), NOTHING},
    {"writertc", HANDLER_plain, REQ(WRITERTC), NOTHING},
    {"dfreq", HANDLER_float, REQ(DFREQ), VALUE},
    {"doffset", HANDLER_float, REQ(DOFFSET2), VALUE},
    {"maxupdateskew", HANDLER_float, REQ(MODIFY_MAXUPDATESKEW), NOTHING},
    {"reselectdist", HANDLER_float, REQ(RESELECTDISTANCE), NOTHING},
    {"makestep", HANDLER_makestep, REQ(MODIFY_MAKESTEP), BAD_SYNTAX},
    {"smoothtime", HANDLER_smoothtime, REQ(SMOOTHTIME), SYNTAX},
    {"reload", HANDLER_only_sources, REQ(RELOAD_SOURCES), SYNTAX},
    {"reset", HANDLER_only_sources, REQ(RESET_SOURCES), SYNTAX},

    {"burst", HANDLER_masked, REQ(BURST), SYNTAX},
    {"online", HANDLER_masked, REQ(ONLINE), NOTHING},
    {"offline", HANDLER_masked, REQ(OFFLINE), NOTHING},
    {"maxdelay", HANDLER_modify, REQ(MODIFY_MAXDELAY), NUMBER},
    {"maxdelayratio", HANDLER_modify, REQ(MODIFY_MAXDELAYRATIO), NUMBER},
    {"maxdelaydevratio", HANDLER_modify, REQ(MODIFY_MAXDELAYDEVRATIO), NUMBER},
    {"minpoll", HANDLER_modify, REQ(MODIFY_MINPOLL), NUMBER},
    {"maxpoll", HANDLER_modify, REQ(MODIFY_MAXPOLL), NUMBER},
    {"minstratum", HANDLER_modify, REQ(MODIFY_MINSTRATUM), NUMBER},
    {"polltarget", HANDLER_modify, REQ(MODIFY_POLLTARGET), NUMBER},
    {"offset", HANDLER_offset, REQ(MODIFY_OFFSET), SYNTAX},
    {"selectopts", HANDLER_selectopts, REQ(MODIFY_SELECTOPTS), SYNTAX},
    {"add", HANDLER_add, REQ(ADD_SOURCE), SYNTAX},
    {"delete", HANDLER_delete, REQ(DEL_SOURCE), NO_ADDRESS},
    {"local", HANDLER_local, REQ(LOCAL3), SYNTAX},

    {"accheck", HANDLER_check, REQ(ACCHECK), ADDRESS},
    {"cmdaccheck", HANDLER_check, REQ(CMDACCHECK), ADDRESS},
    {"allow", HANDLER_access, REQ(ALLOW), ADDRESS},
    {"deny", HANDLER_access, REQ(DENY), ADDRESS},
    {"cmdallow", HANDLER_access, REQ(CMDALLOW), ADDRESS},
    {"cmddeny", HANDLER_access, REQ(CMDDENY), ADDRESS},

    {"dns", HANDLER_dns, 0, DNS},
    {"timeout", HANDLER_timeout, 0, NOTHING},
    {"retries", HANDLER_retries, 0, RETRIES},
    {"keygen", HANDLER_keygen, 0, SYNTAX},
    {"help", HANDLER_help, 0, NOTHING},
    {"exit", HANDLER_leave, 0, NOTHING},
    {"quit", HANDLER_leave, 0, NOTHING},
    {"authhash", HANDLER_obsolete, 0, NOTHING},
    {"password", HANDLER_obsolete, 0, NOTHING},
};

/* ---- lines ---- */

void chronyc_init(struct chronyc *session) {
    *session = (struct chronyc){.family = ADDRESS_NONE};
    control_client_init(&session->client, &chronyc_stop);
}

bool chronyc_open(struct chronyc *session) {
    if (control_client_open(&session->client))
        return true;
    chronyc_fail(session, "Could not open connection to daemon\n");
    return false;
}

void chronyc_fail(struct chronyc *session, const char *message) {
    if (session->json)
        json_begin(session->json, "");
    chronyc_complain(session, "%s", message);
    if (session->json)
        json_end(session->json, false);
}

static enum chronyc_outcome run(struct chronyc *session, const char *word, char *line) {
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        const struct chronyc_command *command = &commands[i];
        if (strcmp(word, command->word) != 0)
            continue;
        enum chronyc_outcome outcome = handlers[command->handler](session, command, line);
        if (outcome == CHRONYC_MISUSED && command->complaint != NOTHING)
            chronyc_complain(session, complaints[command->complaint], word);
        return outcome;
    }
    chronyc_complain(session, "Unrecognized command\n");
    return CHRONYC_FAILED;
}

bool chronyc_execute(struct chronyc *session, char *line) {
    text_normalise_line(line);
    if (!*line)
        return true;
    session->lookups_hang = session->only_status = false;
    const char *word = text_take_word(&line);
    if (session->json)
        json_begin(session->json, word);
    bool done = run(session, word, line) == CHRONYC_DONE;
    if (session->json)
        json_end(session->json, done);
    else if (session->end_dot)
        puts(".");
    if (fflush(stdout) == 0 && !ferror(stdout))
        return done;
    fputs("Could not write to stdout\n", stderr);
    return done && session->only_status;
}
