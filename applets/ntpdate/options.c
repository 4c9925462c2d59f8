/* The options of ntpdate: a row each, and the usage text. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "applets/ntpdate/ntpdate.h"

#define USAGE_STATUS 2
#define MEMBER(name) offsetof(struct ntpdate_settings, name)

static const char usage[] =
    "ntpdate [OPTION]... HOST[:PORT]...\n"
    "Ask NTP servers for the time and set the clock: step it from 0.5 s on, slew it below.\n"
    "Status 0: done; 1: no usable answer, or the clock could not be set; 2: wrong usage.\n"
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
    "  -e S, -u  ignored: the source port is never 123\n"
    "  --port N      port of the servers (123)\n"
    "  --deadline S  end after so long, with what is known then\n"
    "  --retry       ask on until a server answers\n"
    "  --max-step S  correct no larger offset\n";

/* Long names and the letters that stand for them. */
static const char names[] = "json\0j\0port\0P\0deadline\0D\0retry\0R\0max-step\0M\0";

static const char letters[] = "qbBp:t:46a:k:o:djsve:uP:D:RM:";

enum option_kind {
    OPTION_SET,     /* int = low */
    OPTION_INTEGER, /* int, low..high */
    OPTION_SECONDS, /* double, low..high */
};

static const struct option_row {
    char letter;
    uint8_t kind;    /* enum option_kind */
    uint8_t member;  /* offset in the settings */
    float low, high; /* whole numbers up to 2^24 are exact */
} rows[] = {
    {'q', OPTION_SET, MEMBER(query), 1, 0},
    {'b', OPTION_SET, MEMBER(way), NTPDATE_STEP, 0},
    {'B', OPTION_SET, MEMBER(way), NTPDATE_SLEW, 0},
    {'p', OPTION_INTEGER, MEMBER(samples), 1, NTPDATE_MAX_SAMPLES},
    {'t', OPTION_SECONDS, MEMBER(timeout), 0.01F, 60},
    {'4', OPTION_SET, MEMBER(family), AF_INET, 0},
    {'6', OPTION_SET, MEMBER(family), AF_INET6, 0},
    {'a', OPTION_INTEGER, MEMBER(key_id), 1, 0x7fffff80},
    {'o', OPTION_INTEGER, MEMBER(version), 1, 4},
    {'d', OPTION_SET, MEMBER(debug), 1, 0},
    {'j', OPTION_SET, MEMBER(json), 1, 0},
    {'s', OPTION_SET, MEMBER(syslog), 1, 0},
    {'v', OPTION_SET, MEMBER(verbose), 1, 0},
    {'e', OPTION_SECONDS, MEMBER(ignored_delay), 0, 0.999999F},
    {'u', OPTION_SET, MEMBER(ignored), 0, 0},
    {'P', OPTION_INTEGER, MEMBER(port), 1, 65535},
    {'D', OPTION_SECONDS, MEMBER(deadline), 0.01F, 1e6F},
    {'R', OPTION_SET, MEMBER(retry), 1, 0},
    {'M', OPTION_SECONDS, MEMBER(max_step), 1e-6F, 1e10F},
};

static void apply(const struct option_row *row, const struct tool *tool,
                  struct ntpdate_settings *settings) {
    char *member = (char *)settings + row->member;
    double number = (double)row->low;

    if (row->kind != OPTION_SET)
        number = tool_number(tool, number, (double)row->high);
    if (row->kind == OPTION_INTEGER && floor(number) != number)
        tool_usage(tool);
    if (row->kind == OPTION_SECONDS)
        memcpy(member, &number, sizeof number);
    else
        memcpy(member, &(int){(int)number}, sizeof(int));
}

char **ntpdate_parse_options(char **argv, struct ntpdate_settings *settings) {
    struct tool tool = tool_begin(argv, "ntpdate", usage);

    tool.usage_status = USAGE_STATUS;
    tool.names = names;
    if (*tool.words == NULL)
        tool_usage(&tool);
    for (int letter; (letter = tool_option(&tool, letters)) != 0;) {
        const struct option_row *row = rows;

        if (letter == 'k') {
            settings->key_file = tool.value;
            continue;
        }
        while (row->letter != letter)
            row++;
        apply(row, &tool, settings);
    }
    return tool.operands;
}
