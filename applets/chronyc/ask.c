/* One question to the daemon, and the numbered lines in which chronyc says what became of it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"

/* By status, one behind the other. */
static const char status_lines[] = "200 OK\0"
                                   "500 Failure\0"
                                   "501 Not authorised\0"
                                   "502 Invalid command\0"
                                   "503 No such source\0"
                                   "504 Duplicate or stale logon detected\0"
                                   "505 Facility not enabled in daemon\0"
                                   "507 Bad subnet\0"
                                   "208 Access allowed\0"
                                   "209 Access denied\0"
                                   "510 No command access from this host\0"
                                   "511 Source already present\0"
                                   "512 Too many sources present\0"
                                   "513 RTC driver not running\0"
                                   "514 Can't write RTC parameters\0"
                                   "519 Client logging is not active in the daemon\0"
                                   "516 Sample index out of range\0"
                                   "515 Invalid address family\0"
                                   "517 Protocol version mismatch\0"
                                   "518 Packet length mismatch\0"
                                   "520 Got unexpected error from daemon\0"
                                   "521 Invalid name";

static const char *status_line(unsigned status) {
    const char *line = status_lines;
    if (status > CONTROL_INVALID_NAME)
        status = CONTROL_UNUSED_20;
    while (status-- > 0)
        line += strlen(line) + 1;
    return line;
}

static bool is_success(unsigned status) {
    return status == CONTROL_SUCCESS || status == CONTROL_ACCESS_ALLOWED ||
           status == CONTROL_ACCESS_DENIED;
}

/* Two requests are answered in an older form by older daemons. */
static bool type_fits(enum control_command command, unsigned type) {
    return type == control_command(command)->reply_type ||
           type == control_command_for_length(command, 0)->reply_type;
}

struct report_style chronyc_style(const struct chronyc *session) {
    return (struct report_style){session->csv, session->wide ? CHRONYC_WIDE : 0, session->json};
}

void chronyc_say_status(struct chronyc *session, const char *line) {
    if (!session->json) {
        puts(line);
        return;
    }
    session->json->status = atoi(line);
    snprintf(session->json->error, JSON_ERROR_SIZE, "%s", strchr(line, ' ') + 1);
}

void chronyc_complain(struct chronyc *session, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (session->json) {
        char *error = session->json->error;
        vsnprintf(error, JSON_ERROR_SIZE, format, arguments);
        error[strcspn(error, "\n")] = '\0';
    } else {
        vfprintf(stderr, format, arguments);
    }
    va_end(arguments);
}

bool chronyc_tell(struct chronyc *session, enum control_command command,
                  const struct control_answer *answer, bool say_success) {
    if (!answer) {
        chronyc_say_status(session, "506 Cannot talk to daemon");
        return false;
    }
    bool success = is_success(answer->status);
    if (say_success || answer->status != CONTROL_SUCCESS)
        chronyc_say_status(session, status_line(answer->status));
    if (success && !type_fits(command, answer->type)) {
        chronyc_say_status(session, "508 Bad reply from daemon");
        return false;
    }
    return success;
}

bool chronyc_ask_aloud(struct chronyc *session, enum control_command command, const void *request,
                       struct control_answer *answer, bool say_success) {
    bool answered = control_client_ask(&session->client, command, request, answer);
    return chronyc_tell(session, command, answered ? answer : NULL, say_success);
}

bool chronyc_ask(struct chronyc *session, enum control_command command, const void *request,
                 struct control_answer *answer) {
    return chronyc_ask_aloud(session, command, request, answer, false);
}

bool chronyc_do(struct chronyc *session, enum control_command command, const void *request) {
    struct control_answer answer;
    session->only_status = true;
    return chronyc_ask_aloud(session, command, request, &answer, true);
}
