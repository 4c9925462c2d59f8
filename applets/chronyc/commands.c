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

/* Command, handler, request, complaint. */
#define COMMANDS(C)                                                                                \
    C("tracking", report, REQ(TRACKING), NOTHING)                                                  \
    C("sources", listing, REQ(SOURCE_DATA), NOTHING)                                               \
    C("sourcestats", listing, REQ(SOURCESTATS), NOTHING)                                           \
    C("selectdata", listing, REQ(SELECT_DATA), NOTHING)                                            \
    C("authdata", listing, REQ(AUTH_DATA), NOTHING)                                                \
    C("ntpdata", ntpdata, REQ(NTP_DATA), HOST)                                                     \
    C("activity", report, REQ(ACTIVITY), NOTHING)                                                  \
    C("serverstats", report, REQ(SERVER_STATS), NOTHING)                                           \
    C("smoothing", report, REQ(SMOOTHING), NOTHING)                                                \
    C("rtcdata", report, REQ(RTCREPORT), NOTHING)                                                  \
    C("clients", clients, REQ(CLIENT_ACCESSES_BY_INDEX3), SYNTAX)                                  \
    C("sourcename", sourcename, REQ(NTP_SOURCE_NAME), ADDRESS)                                     \
    C("waitsync", waitsync, REQ(TRACKING), NOTHING)                                                \
    C("manual", manual, REQ(MANUAL), SYNTAX)                                                       \
    C("settime", settime, REQ(SETTIME), NOTHING)                                                   \
    C("top", top, REQ(TRACKING), NOTHING)                                                          \
    C("plot", plot, 0, SYNTAX)                                                                     \
    C("cyclelogs", plain, REQ(CYCLELOGS), NOTHING)                                                 \
    C("dump", plain, REQ(DUMP), NOTHING)                                                           \
    C("onoffline", plain, REQ(ONOFFLINE), NOTHING)                                                 \
    C("refresh", plain, REQ(REFRESH), NOTHING)                                                     \
    C("rekey", plain, REQ(REKEY), NOTHING)                                                         \
    C("reselect", plain, REQ(RESELECT), NOTHING)                                                   \
    C("shutdown", plain, REQ(SHUTDOWN), NOTHING)                                                   \
    C("trimrtc", plain, REQ(TRIMRTC), NOTHING)                                                     \
    C("writertc", plain, REQ(WRITERTC), NOTHING)                                                   \
    C("dfreq", float, REQ(DFREQ), VALUE)                                                           \
    C("doffset", float, REQ(DOFFSET2), VALUE)                                                      \
    C("maxupdateskew", float, REQ(MODIFY_MAXUPDATESKEW), NOTHING)                                  \
    C("reselectdist", float, REQ(RESELECTDISTANCE), NOTHING)                                       \
    C("makestep", makestep, REQ(MODIFY_MAKESTEP), BAD_SYNTAX)                                      \
    C("smoothtime", smoothtime, REQ(SMOOTHTIME), SYNTAX)                                           \
    C("reload", only_sources, REQ(RELOAD_SOURCES), SYNTAX)                                         \
    C("reset", only_sources, REQ(RESET_SOURCES), SYNTAX)                                           \
    C("burst", masked, REQ(BURST), SYNTAX)                                                         \
    C("online", masked, REQ(ONLINE), NOTHING)                                                      \
    C("offline", masked, REQ(OFFLINE), NOTHING)                                                    \
    C("maxdelay", modify, REQ(MODIFY_MAXDELAY), NUMBER)                                            \
    C("maxdelayratio", modify, REQ(MODIFY_MAXDELAYRATIO), NUMBER)                                  \
    C("maxdelaydevratio", modify, REQ(MODIFY_MAXDELAYDEVRATIO), NUMBER)                            \
    C("minpoll", modify, REQ(MODIFY_MINPOLL), NUMBER)                                              \
    C("maxpoll", modify, REQ(MODIFY_MAXPOLL), NUMBER)                                              \
    C("minstratum", modify, REQ(MODIFY_MINSTRATUM), NUMBER)                                        \
    C("polltarget", modify, REQ(MODIFY_POLLTARGET), NUMBER)                                        \
    C("offset", offset, REQ(MODIFY_OFFSET), SYNTAX)                                                \
    C("selectopts", selectopts, REQ(MODIFY_SELECTOPTS), SYNTAX)                                    \
    C("add", add, REQ(ADD_SOURCE2), SYNTAX)                                                        \
    C("delete", delete, REQ(DEL_SOURCE), NO_ADDRESS)                                               \
    C("local", local, REQ(LOCAL3), SYNTAX)                                                         \
    C("accheck", check, REQ(ACCHECK), ADDRESS)                                                     \
    C("cmdaccheck", check, REQ(CMDACCHECK), ADDRESS)                                               \
    C("allow", access, REQ(ALLOW), ADDRESS)                                                        \
    C("deny", access, REQ(DENY), ADDRESS)                                                          \
    C("cmdallow", access, REQ(CMDALLOW), ADDRESS)                                                  \
    C("cmddeny", access, REQ(CMDDENY), ADDRESS)                                                    \
    C("dns", dns, 0, DNS)                                                                          \
    C("timeout", timeout, 0, NOTHING)                                                              \
    C("retries", retries, 0, RETRIES)                                                              \
    C("keygen", keygen, 0, SYNTAX)                                                                 \
    C("help", help, 0, NOTHING)                                                                    \
    C("exit", leave, 0, NOTHING)                                                                   \
    C("quit", leave, 0, NOTHING)                                                                   \
    C("authhash", obsolete, 0, NOTHING)                                                            \
    C("password", obsolete, 0, NOTHING)

/* Read twice: the words, one behind the other, and the rest. */
#define COMMAND_WORD(word, handler, request, complaint) word "\0"
static const char words[] = COMMANDS(COMMAND_WORD);

#define COMMAND_ROW(word, handler, request, complaint) {HANDLER_##handler, request, complaint},
static const struct { uint8_t handler, request, complaint; } commands[] = {COMMANDS(COMMAND_ROW)};

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
    int i = 0;
    for (const char *known = words; *known; known += strlen(known) + 1, i++) {
        if (strcmp(word, known) != 0)
            continue;
        struct chronyc_command command = {word, commands[i].request};
        enum chronyc_outcome outcome = handlers[commands[i].handler](session, &command, line);
        if (outcome == CHRONYC_MISUSED && commands[i].complaint != NOTHING)
            chronyc_complain(session, complaints[commands[i].complaint], word);
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
