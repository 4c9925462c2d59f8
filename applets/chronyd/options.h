/* chronyd's command line. */
#ifndef CHRONOBOX_APPLETS_CHRONYD_OPTIONS_H
#define CHRONOBOX_APPLETS_CHRONYD_OPTIONS_H

#include <stdbool.h>

struct chronyd_options {
    /* flags */
    bool ipv4, ipv6; /* at most one is true */
    bool help, version, print_config, any_user, lock_memory, syslog_foreground, set_once,
        print_once, reload_dumps, restarted, set_from_rtc, no_clock_control;
    int debug; /* how often -d was given */
    /* with a value; NULL = not given */
    const char *config_file, *log_file, *user;
    int filter_level;
    int log_level;
    int ready_descriptor; /* -1 = none */
    int priority;         /* to be checked; 0 = as configured */
    int timeout;          /* s, below 0 = none */
    /* configuration lines given as arguments */
    char **lines;
    int line_count;
};

enum options_result { OPTIONS_OK, OPTIONS_UNKNOWN, OPTIONS_NO_VALUE, OPTIONS_BAD_NUMBER };

/* Reads all of argv: options may stand behind arguments. The lines are gathered at the front of
 * argv, in place. *culprit: the word that is no number, or begins with the letter of the option
 * that is unknown or lacks its value. */
enum options_result options_parse(struct chronyd_options *options, int argc, char **argv,
                                  const char **culprit);

#endif
