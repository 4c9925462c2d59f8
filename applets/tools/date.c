/* date: prints the time. Time zones are libc's: POSIX strings and zone files in TZ, /etc/localtime.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/tools/tool.h"
#include "core/base/text.h"

static const char usage[] = "date [-u] [-R | -I[PRECISION]] [-d @SECONDS] [+FORMAT]\n"
                            "Print the time.\n"
                            "  -u  in UTC\n"
                            "  -d  not now, but so many seconds after 1970 (UTC)\n"
                            "  -R  as in mail: Thu, 01 Jan 1970 00:00:00 +0000\n"
                            "  -I  ISO 8601 with PRECISION date, hours, minutes, seconds or ns\n"
                            "FORMAT is strftime's, and %N for nanoseconds, %:z for +hh:mm.\n";

static const struct precision {
    const char *name, *format;
} precisions[] = {
    {"date", "%Y-%m-%d"},
    {"hours", "%Y-%m-%dT%H%:z"},
    {"minutes", "%Y-%m-%dT%H:%M%:z"},
    {"seconds", "%Y-%m-%dT%H:%M:%S%:z"},
    {"ns", "%Y-%m-%dT%H:%M:%S,%N%:z"},
    {NULL, NULL},
};

/* The format of -I, by the beginning of its name. */
static const char *precision_format(const struct tool *tool) {
    const char *name = tool->value == NULL ? precisions->name : tool->value;

    for (const struct precision *row = precisions; row->name != NULL; row++) {
        if (strncmp(row->name, name, strlen(name)) == 0)
            return row->format;
    }
    tool_error(tool, "invalid precision '%s'", name);
    tool_usage(tool);
}

int date_main(int argc, char **argv) {
    struct tool tool = tool_begin(argv, "date", usage);
    char *utc[] = {"TZ=UTC0", NULL};
    const char *format = "%a %b %e %H:%M:%S %Z %Y";
    struct timespec now;
    int64_t seconds;

    (void)argc;
    clock_gettime(CLOCK_REALTIME, &now);
    for (int option; (option = tool_option(&tool, "uRI::d:")) != 0;) {
        switch (option) {
        case 'u':
            environ = utc; /* nothing else of it is asked for */
            break;
        case 'R':
            format = "%a, %d %b %Y %H:%M:%S %z";
            break;
        case 'I':
            format = precision_format(&tool);
            break;
        case 'd':
            if (tool.value[0] != '@' || !text_parse_int(tool.value + 1, &seconds)) {
                tool_error(&tool, "invalid date '%s'", tool.value);
                return 1;
            }
            now = (struct timespec){.tv_sec = (time_t)seconds};
            break;
        }
    }
    if (tool.operand_count > 0 && tool.operands[0][0] == '+')
        format = *tool.operands++ + 1;
    if (*tool.operands != NULL) {
        tool_error(&tool, "invalid date '%s'", *tool.operands);
        return 1;
    }
    if (!tool_print_time(stdout, format, &now)) {
        tool_error(&tool, "date out of range");
        return 1;
    }
    putchar('\n');
    return tool_finish(&tool, 0);
}
