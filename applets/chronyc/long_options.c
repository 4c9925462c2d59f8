/* The loop over the words of a command line. */
#include "applets/chronyc/long_options.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes the option at *word, with its argument: *word is left at its last word. */
static bool take_option(char ***word, const struct long_option *option, void *settings) {
    void *member = (char *)settings + option->member;
    if (option->kind == OPTION_FLAG)
        return *(bool *)member = true;
    char *argument = *++*word, *end;
    if (!argument)
        return false;
    if (option->kind == OPTION_TEXT) {
        *(const char **)member = argument;
        return true;
    }
    double number = strtod(argument, &end);
    *(double *)member = number;
    return end != argument && !*end && isfinite(number) && number >= 0.0;
}

int long_options_parse(char **argv, const struct long_option *options, void *settings,
                       const char *usage) {
    for (char **word = argv + 1; *word; word++) {
        const char *name = *word;
        if (strcmp(name, "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        const struct long_option *option = options;
        while (option->name && strcmp(option->name, name) != 0)
            option++;
        if (!option->name || !take_option(&word, option, settings)) {
            fprintf(stderr, "Bad option or value: %s\n%s", name, usage);
            return 1;
        }
    }
    return -1;
}
