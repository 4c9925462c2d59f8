/* One question to the daemon, and the numbered lines in which chronyc says what became of it. */
#include <stdio.h>

#include "applets/chronyc/chronyc.h"

static const char *status_line(unsigned status) {
    static const char *const lines[] = {
        [CONTROL_SUCCESS] = "200 OK",
        [CONTROL_FAILED] = "500 Failure",
        [CONTROL_UNAUTHORISED] = "501 Not authorised",
        [CONTROL_INVALID] = "502 Invalid command",
        [CONTROL_NO_SUCH_SOURCE] = "503 No such source",
        [CONTROL_INVALID_TIMESTAMP] = "504 Duplicate or stale logon detected",
        [CONTROL_NOT_ENABLED] = "505 Facility not enabled in daemon",
        [CONTROL_BAD_SUBNET] = "507 Bad subnet",
        [CONTROL_ACCESS_ALLOWED] = "208 Access allowed",
        [CONTROL_ACCESS_DENIED] = "209 Access denied",
        [CONTROL_NO_HOST_ACCESS] = "510 No command access from this host",
        [CONTROL_SOURCE_KNOWN] = "511 Source already present",
        [CONTROL_TOO_MANY_SOURCES] = "512 Too many sources present",
        [CONTROL_NO_RTC] = "513 RTC driver not running",
        [CONTROL_BAD_RTC_FILE] = "514 Can't write RTC parameters",
        [CONTROL_INACTIVE] = "519 Client logging is not active in the daemon",
        [CONTROL_BAD_SAMPLE] = "516 Sample index out of range",
        [CONTROL_INVALID_FAMILY] = "515 Invalid address family",
        [CONTROL_BAD_VERSION] = "517 Protocol version mismatch",
        [CONTROL_BAD_LENGTH] = "518 Packet length mismatch",
        [CONTROL_INVALID_NAME] = "521 Invalid name",
    };
    if (status < sizeof(lines) / sizeof(lines[0]) && lines[status])
        return lines[status];
    return "520 Got unexpected error from daemon";
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
    return (struct report_style){session->csv, session->wide ? CHRONYC_WIDE : 0};
}

bool chronyc_tell(enum control_command command, const struct control_answer *answer,
                  bool say_success) {
    if (!answer) {
        puts("506 Cannot talk to daemon");
        return false;
    }
    bool success = is_success(answer->status);
    if (say_success || !success)
        puts(status_line(answer->status));
    if (success && !type_fits(command, answer->type)) {
        puts("508 Bad reply from daemon");
        return false;
    }
    return success;
}

bool chronyc_ask(struct chronyc *session, enum control_command command, const void *request,
                 struct control_answer *answer) {
    bool answered = control_client_ask(&session->client, command, request, answer);
    return chronyc_tell(command, answered ? answer : NULL, false);
}

bool chronyc_do(struct chronyc *session, enum control_command command, const void *request) {
    struct control_answer answer;
    bool answered = control_client_ask(&session->client, command, request, &answer);
    return chronyc_tell(command, answered ? &answer : NULL, true);
}
