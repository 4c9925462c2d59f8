/* The options of ntpdate: a row each, and the usage text. */
#include <stddef.h>

#include "applets/ntpdate/ntpdate.h"

#define USAGE_STATUS 2
#define MEMBER(name) offsetof(struct ntpdate_settings, name)

static const char usage[] =
    "ntpdate [OPTION]... HOST[:PORT]...\n"
    "Ask NTP servers for the time and set the clock: step it from 0.5 s on, slew it below.\n"
    "Status 0: done; 1: no usable answer, or the clock not set; 2: wrong usage.\n"
    "  -q      only ask; the clock is left alone\n"
    "  -b, -B  step, or slew, whatever the offset\n"
    "  -p N    samples per server (4; with -q 1)\n"
    "  -t S    wait so long for an answer (1)\n"
    "  -4, -6  only IPv4, only IPv6\n"
    "  -a KEY  authenticate with this key\n"
    "  -k FILE of this file (/etc/ntp.keys)\n"
    "  -o N    NTP version (4)\n"
    "  -d      like -q, and show everything\n"
    "  -j      the result as JSON\n"
    "  -s      messages to syslog\n"
    "  -v      say the version first\n"
    "  -e S, -u  ignored\n"
    "  --port N      port of the servers (123)\n"
    "  --deadline S  end after so long, with what is known then\n"
    "  --retry       ask on until a server answers\n"
    "  --max-step S  correct no larger offset\n";

/* Long names and the letters that stand for them. */
static const char names[] = "json\0j\0port\0P\0deadline\0D\0retry\0R\0max-step\0M\0";

static const struct tool_row rows[] = {
    {'q', TOOL_SET, MEMBER(query), 1, 0},
    {'b', TOOL_SET, MEMBER(way), NTPDATE_STEP, 0},
    {'B', TOOL_SET, MEMBER(way), NTPDATE_SLEW, 0},
    {'p', TOOL_INTEGER, MEMBER(samples), 1, NTPDATE_MAX_SAMPLES},
    {'t', TOOL_NUMBER, MEMBER(timeout), 0.01F, 60},
    {'4', TOOL_SET, MEMBER(family), AF_INET, 0},
    {'6', TOOL_SET, MEMBER(family), AF_INET6, 0},
    {'a', TOOL_INTEGER, MEMBER(key_id), 1, 0x7fffff80},
    {'k', TOOL_TEXT, MEMBER(key_file), 0, 0},
    {'o', TOOL_INTEGER, MEMBER(version), 1, 4},
    {'d', TOOL_SET, MEMBER(debug), 1, 0},
    {'j', TOOL_SET, MEMBER(json), 1, 0},
    {'s', TOOL_SET, MEMBER(syslog), 1, 0},
    {'v', TOOL_SET, MEMBER(verbose), 1, 0},
    {'e', TOOL_NUMBER, MEMBER(ignored_delay), 0, 0.999999F},
    {'u', TOOL_SET, MEMBER(ignored), 0, 0},
    {'P', TOOL_INTEGER, MEMBER(port), 1, 65535},
    {'D', TOOL_NUMBER, MEMBER(deadline), 0.01F, 1e6F},
    {'R', TOOL_SET, MEMBER(retry), 1, 0},
    {'M', TOOL_NUMBER, MEMBER(max_step), 1e-6F, 1e10F},
    {'\0', 0, 0, 0, 0},
};

char **ntpdate_parse_options(char **argv, struct ntpdate_settings *settings) {
    struct tool tool = tool_begin(argv, "ntpdate", usage);

    tool.usage_status = USAGE_STATUS;
    tool.names = names;
    if (*tool.words == NULL)
        tool_usage(&tool);
    tool_take_options(&tool, rows, settings);
    return tool.operands;
}
