/* Command lines of words like --max-age, one row per option. */
#ifndef CHRONOBOX_APPLETS_CHRONYC_LONG_OPTIONS_H
#define CHRONOBOX_APPLETS_CHRONYC_LONG_OPTIONS_H

#include <stdint.h>

enum long_option_kind {
    OPTION_FLAG,   /* bool; no argument */
    OPTION_TEXT,   /* const char * */
    OPTION_NUMBER, /* double, finite and not negative */
};

struct long_option {
    const char *name;
    uint8_t kind;
    uint8_t member; /* offset in the settings */
};

/* options ends with a row without a name. -1: all went well; otherwise the exit status, and the
 * usage or what is wrong has been printed. */
int long_options_parse(char **argv, const struct long_option *options, void *settings,
                       const char *usage);

#endif
