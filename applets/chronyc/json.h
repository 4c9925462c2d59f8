/* JSON: one document a command, on one line. {"command":"WORD","report":...,"status":N}: report is
 * an object, or an array of them for commands with an entry per source, client or sample, and is
 * left out of what has none; status is the number that chronyc's status line begins with, null when
 * it has no number; a command that failed has "error", too. Members of objects are named and
 * rendered by the rows of core/wire/control_fields.h. docs/json.md is made from the lists here. */
#ifndef CHRONOBOX_APPLETS_CHRONYC_JSON_H
#define CHRONOBOX_APPLETS_CHRONYC_JSON_H

#include <stdbool.h>

#include "core/wire/control.h"

#define JSON_ERROR_SIZE 96

/* The document that is being written. */
struct json {
    bool list;                   /* the report is an array, whose end has to be written yet */
    int entries;                 /* objects written */
    int status;                  /* 0: none is known */
    char error[JSON_ERROR_SIZE]; /* "" = none is known */
};

/* What may have an object: X(layout, list of its rows), O(layout, the longer form). */
#define JSON_LAYOUTS(X, O)                                                                         \
    X(tracking, CONTROL_TRACKING_FIELDS)                                                           \
    X(source_data, CONTROL_SOURCE_DATA_FIELDS)                                                     \
    X(sourcestats, CONTROL_SOURCESTATS_FIELDS)                                                     \
    X(select_data, CONTROL_SELECT_DATA_FIELDS)                                                     \
    X(auth_data, CONTROL_AUTH_DATA_FIELDS)                                                         \
    X(ntp_data2, CONTROL_NTP_DATA2_FIELDS)                                                         \
    O(ntp_data, ntp_data2)                                                                         \
    X(activity, CONTROL_ACTIVITY_FIELDS)                                                           \
    X(server_stats4, CONTROL_SERVER_STATS4_FIELDS)                                                 \
    O(server_stats3, server_stats4)                                                                \
    X(client_access, CONTROL_CLIENT_ACCESS_FIELDS)                                                 \
    X(smoothing, CONTROL_SMOOTHING_FIELDS)                                                         \
    X(rtc, CONTROL_RTC_FIELDS)                                                                     \
    X(manual_list_sample, CONTROL_MANUAL_LIST_SAMPLE_FIELDS)                                       \
    X(manual_timestamp, CONTROL_MANUAL_TIMESTAMP_FIELDS)                                           \
    X(ntp_source_name, CONTROL_NTP_SOURCE_NAME_FIELDS)                                             \
    X(history_sample, CONTROL_HISTORY_SAMPLE_FIELDS)

/* X(unit, the words of values or bits from 0 on); the last one is for all others,
 * and bits without a word are left out. */
#define JSON_WORDS(X)                                                                              \
    X(YES_NO, "false|true")                                                                        \
    X(LEAP, "Normal|Insert second|Delete second|Not synchronised|Invalid")                         \
    X(SOURCE_MODE, "server|peer|reference clock|unknown")                                          \
    X(SOURCE_STATE, "selected|unselectable|falseticker|jittery|combined|selectable|unknown")       \
    X(NTP_MODE, "Invalid|Symmetric active|Symmetric passive|Invalid|Server|Invalid")               \
    X(AUTH_MODE, "-|SK|NTS|?")                                                                     \
    X(TIMESTAMPING, "Daemon|Kernel|Hardware|Invalid")                                              \
    X(SELECT_OPTIONS, "noselect|prefer|trust|require|")                                            \
    X(NTP_FLAGS, "test D|test C|test B|test A|test 7|test 6|test 5|test 3|test 2|test 1|||||"      \
                 "interleaved|authenticated")                                                      \
    X(SMOOTHING_FLAGS, "active|leap only|")

/* The document's parts, in this order; after begin each may be left out but the end. */
void json_begin(struct json *json, const char *command);
void json_begin_list(struct json *json);
/* layout: one of the above. name: a member in front of those of the rows; NULL = none. */
void json_print_object(struct json *json, const struct control_layout *layout, const void *record,
                       const char *name);
/* An object whose members and closing brace the caller prints. */
void json_begin_object(struct json *json);
void json_end(struct json *json, bool success);

#endif
