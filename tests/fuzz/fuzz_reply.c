/* Replies of the control protocol as chronyc reads and prints them: a flag byte, then the datagram.
 */
#include <stdio.h>

#include "applets/chronyc/report.h"
#include "tests/fuzz/fuzz.h"

static const struct report_of {
    uint16_t command;
    const struct report *report;
} reports[] = {
    {CONTROL_REQ_TRACKING, &report_tracking},       {CONTROL_REQ_SOURCE_DATA, &report_sources},
    {CONTROL_REQ_SOURCESTATS, &report_sourcestats}, {CONTROL_REQ_SELECT_DATA, &report_selectdata},
    {CONTROL_REQ_AUTH_DATA, &report_authdata},      {CONTROL_REQ_NTP_DATA, &report_ntpdata},
    {CONTROL_REQ_ACTIVITY, &report_activity},       {CONTROL_REQ_SERVER_STATS, &report_serverstats},
    {CONTROL_REQ_SMOOTHING, &report_smoothing},
};
#define REPORTS (sizeof(reports) / sizeof(reports[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    uint8_t flags = input_byte(&input), payload[2048] = {0};
    const struct report_of *of = &reports[(flags >> 1) % REPORTS];
    const struct control_layout *layout = control_layout(control_command(of->command)->reply);
    _Alignas(max_align_t) uint8_t record[4096] = {0};
    struct control_reply reply;

    if (!control_reply_decode(input.at, input.left, &reply))
        return 0;
    input.at += CONTROL_REPLY_HEADER;
    input.left -= CONTROL_REPLY_HEADER;
    memcpy(payload, input.at, input.left < sizeof(payload) ? input.left : sizeof(payload));
    control_decode(layout, payload, record);
    report_print(of->report, layout, record, "name.example",
                 (struct report_style){.csv = flags & 1});
    control_encode(layout, record, payload);
    return 0;
}
