/* Commands whose answer is one report, and those that wait for one or talk back a little. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/format.h"
#include "applets/chronyc/report.h"
#include "core/base/text.h"

static const struct {
    enum control_command command;
    const struct report *report;
} reports[] = {
    {CONTROL_REQ_TRACKING, &report_tracking},        {CONTROL_REQ_ACTIVITY, &report_activity},
    {CONTROL_REQ_SERVER_STATS, &report_serverstats}, {CONTROL_REQ_SMOOTHING, &report_smoothing},
    {CONTROL_REQ_RTCREPORT, &report_rtcdata},
};

enum chronyc_outcome chronyc_report(struct chronyc *session, const struct chronyc_command *command,
                                    char *arguments) {
    (void)arguments;
    int i = 0;
    while (reports[i].command != command->request)
        i++;
    struct control_answer answer;
    if (!chronyc_ask_aloud(session, command->request, NULL, &answer,
                           command->request == CONTROL_REQ_ACTIVITY && !session->csv))
        return CHRONYC_FAILED;
    char name[CHRONYC_NAME_SIZE];
    bool named = command->request == CONTROL_REQ_TRACKING;
    if (named)
        chronyc_name_reference(session, &answer.tracking, name);
    report_print(reports[i].report, answer.layout, &answer.n_sources, named ? name : NULL,
                 chronyc_style(session));
    return CHRONYC_DONE;
}

enum chronyc_outcome chronyc_sourcename(struct chronyc *session,
                                        const struct chronyc_command *command, char *arguments) {
    (void)command;
    struct address address;
    char name[CHRONYC_NAME_SIZE];
    if (!chronyc_find_address(session, arguments, &address))
        return CHRONYC_MISUSED;
    if (!chronyc_ask_name(session, &address, name))
        return CHRONYC_FAILED;
    if (session->json)
        json_print_object(session->json, &control_layout_ntp_source_name, name, NULL);
    else
        puts(name);
    return CHRONYC_DONE;
}

/* ---- waitsync ---- */

#define LOCAL_REFERENCE_ID    UINT32_C(0x7f7f0101)
#define DEFAULT_WAIT_INTERVAL 10.0 /* s */
#define MIN_WAIT_INTERVAL     0.1

bool chronyc_has_real_source(const struct control_tracking *tracking) {
    return tracking->ip_addr.family != ADDRESS_NONE ||
           (tracking->ref_id != 0 && tracking->ref_id != LOCAL_REFERENCE_ID);
}

/* Max tries, max correction, max skew, interval; 0 = unlimited. */
static bool is_synchronised(const struct control_tracking *tracking, const double limits[4]) {
    return chronyc_has_real_source(tracking) &&
           (limits[1] == 0.0 || fabs(tracking->current_correction) <= limits[1]) &&
           (limits[2] == 0.0 || fabs(tracking->skew_ppm) <= limits[2]);
}

enum chronyc_outcome chronyc_waitsync(struct chronyc *session,
                                      const struct chronyc_command *command, char *arguments) {
    (void)command;
    double limits[4] = {0.0, 0.0, 0.0, DEFAULT_WAIT_INTERVAL};
    for (int i = 0; i < 4; i++) {
        char *end;
        double number = strtod(arguments, &end);
        if (end == arguments)
            break;
        limits[i] = number;
        arguments = end;
    }
    if (!(limits[3] >= MIN_WAIT_INTERVAL))
        limits[3] = MIN_WAIT_INTERVAL;

    if (session->json)
        json_begin_list(session->json);
    for (unsigned try = 1;; try++) {
        struct control_answer answer;
        if (chronyc_ask(session, CONTROL_REQ_TRACKING, NULL, &answer)) {
            const struct control_tracking *tracking = &answer.tracking;
            if (session->json)
                json_print_object(session->json, answer.layout, tracking, NULL);
            else
                printf(session->csv ? "%u,%08X,%.9f,%.3f\n"
                                    : "try: %u, refid: %08X, correction: %.9f, skew: %.3f\n",
                       try, (unsigned)tracking->ref_id, fabs(tracking->current_correction),
                       tracking->skew_ppm);
            if (is_synchronised(tracking, limits))
                return CHRONYC_DONE;
        }
        if ((limits[0] > 0.0 && try >= limits[0]) || !chronyc_sleep(limits[3]))
            return CHRONYC_FAILED;
    }
}

bool chronyc_sleep(double seconds) {
    fflush(stdout);
    ns_t left = ns_from_seconds(seconds);
    struct timespec wait = {.tv_sec = (time_t)(left / NS_PER_S),
                            .tv_nsec = (long)(left % NS_PER_S)};
    nanosleep(&wait, NULL);
    return !chronyc_stop;
}

/* ---- manual input ---- */

static enum chronyc_outcome list_samples(struct chronyc *session) {
    struct control_answer answer;
    if (!chronyc_ask(session, CONTROL_REQ_MANUAL_LIST, NULL, &answer))
        return CHRONYC_FAILED;
    const struct control_manual_list *list = &answer.manual_list;
    if (!session->csv)
        printf("210 n_samples = %u\n", (unsigned)list->n_samples);
    report_header("#    Date     Time(UTC)    Slewed   Original   Residual",
                  chronyc_style(session));
    for (uint32_t i = 0; i < list->n_samples && i < CONTROL_MAX_SAMPLES; i++) {
        if (!session->json)
            printf(session->csv ? "%u," : "%2u ", (unsigned)i);
        report_print(&report_manual, &control_layout_manual_list_sample, &list->samples[i], NULL,
                     chronyc_style(session));
    }
    return CHRONYC_DONE;
}

/* Of `list` and `delete` only the beginning is compared, as chrony behaves. */
enum chronyc_outcome chronyc_manual(struct chronyc *session, const struct chronyc_command *command,
                                    char *arguments) {
    static const char *const options[] = {"off", "on", "reset"}; /* enum control_manual_option */
    struct control_int request = {0};
    for (; request.value < 3; request.value++)
        if (strcmp(arguments, options[request.value]) == 0)
            return chronyc_do(session, command->request, &request);
    if (strncmp(arguments, "list", 4) == 0)
        return list_samples(session);
    if (strncmp(arguments, "delete", 6) != 0)
        return CHRONYC_MISUSED;
    text_take_word(&arguments);
    char *end;
    request.value = (int32_t)strtol(arguments, &end, 10);
    if (end == arguments) {
        chronyc_complain(session, "Bad syntax for manual delete command\n");
        return CHRONYC_FAILED;
    }
    return chronyc_do(session, CONTROL_REQ_MANUAL_DELETE, &request);
}

enum chronyc_outcome chronyc_settime(struct chronyc *session, const struct chronyc_command *command,
                                     char *arguments) {
    int64_t seconds;
    if (!chronyc_parse_date(arguments, (int64_t)time(NULL), &seconds)) {
        chronyc_say_status(session, "510 - Could not parse date string");
        return CHRONYC_FAILED;
    }
    struct control_settime request = {.ts = seconds * NS_PER_S};
    struct control_answer answer;
    if (!chronyc_ask_aloud(session, command->request, &request, &answer, true))
        return CHRONYC_FAILED;
    const struct control_manual_timestamp *result = &answer.manual_timestamp;
    if (session->json)
        json_print_object(session->json, answer.layout, result, NULL);
    else
        printf("Clock was %.2f seconds fast.  Frequency change = %.2fppm, new frequency = "
               "%.2fppm\n",
               result->offset, result->dfreq_ppm, result->new_afreq_ppm);
    return CHRONYC_DONE;
}
