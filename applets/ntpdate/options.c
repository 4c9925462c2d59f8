/* The options of ntpdate: a row each. Parsing and the usage text come from the rows. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "applets/ntpdate/ntpdate.h"

#define USAGE_STATUS 2
#define USAGE_COLUMN 9
#define MEMBER(name) offsetof(struct ntpdate_settings, name)

enum option_kind {
    OPTION_IGNORED,
    OPTION_SET,     /* int = low */
    OPTION_INTEGER, /* int, low..high */
    OPTION_SECONDS, /* double, low..high */
};

static const struct option_row {
    char letter;      /* '\0': only the long name */
    uint8_t kind;     /* enum option_kind */
    uint16_t member;  /* offset in the settings */
    const char *name; /* NULL: only the letter */
    double low, high;
    const char *help;
} rows[] = {
    {'q', OPTION_SET, MEMBER(query), NULL, 1, 0, "only ask; the clock is left alone"},
    {'b', OPTION_SET, MEMBER(way), NULL, NTPDATE_STEP, 0,
     "step the clock, however small the offset"},
    {'B', OPTION_SET, MEMBER(way), NULL, NTPDATE_SLEW, 0,
     "slew the clock, however large the offset"},
    {'p', OPTION_INTEGER, MEMBER(samples), NULL, 1, NTPDATE_MAX_SAMPLES,
     "samples per server (4; with -q 1)"},
    {'t', OPTION_SECONDS, MEMBER(timeout), NULL, 0.01, 60, "seconds to wait for an answer (1)"},
    {'4', OPTION_SET, MEMBER(family), NULL, AF_INET, 0, "only IPv4"},
    {'6', OPTION_SET, MEMBER(family), NULL, AF_INET6, 0, "only IPv6"},
    {'d', OPTION_SET, MEMBER(debug), NULL, 1, 0, "like -q, and show everything"},
    {'\0', OPTION_INTEGER, MEMBER(port), "port", 1, 65535, "port of the servers (123)"},
    {'u', OPTION_IGNORED, 0, NULL, 0, 0, "ignored: the source port is never 123"},
    {'\0', OPTION_IGNORED, 0, NULL, 0, 0, NULL},
};

static bool takes_value(const struct option_row *row) {
    return row->kind >= OPTION_INTEGER;
}

static void print_usage(FILE *stream) {
    fputs("usage: ntpdate [OPTION]... HOST[:PORT]...\n"
          "Ask NTP servers for the time and set the clock: step it from 0.5 s on, slew it below.\n",
          stream);
    for (const struct option_row *row = rows; row->help != NULL; row++) {
        char option[16];

        if (row->name == NULL)
            snprintf(option, sizeof option, "-%c", row->letter);
        else
            snprintf(option, sizeof option, "--%s", row->name);
        fprintf(stream, "  %s%-*s %s\n", option, USAGE_COLUMN - (int)strlen(option),
                takes_value(row) ? " N" : "", row->help);
    }
}

_Noreturn static void refuse(const char *what, const char *word) {
    fprintf(stderr, "ntpdate: %s '%s'\n", what, word);
    print_usage(stderr);
    exit(USAGE_STATUS);
}

static const struct option_row *find_row(char letter, const char *name) {
    for (const struct option_row *row = rows; row->help != NULL; row++) {
        if (name == NULL ? row->letter == letter
                         : row->name != NULL && strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

static void apply(const struct option_row *row, struct ntpdate_settings *settings, const char *word,
                  const char *value) {
    char *member = (char *)settings + row->member, *end;
    double number = row->low;

    if (row->kind == OPTION_IGNORED)
        return;
    if (takes_value(row)) {
        if (value == NULL)
            refuse("a number is missing behind", word);
        number = strtod(value, &end);
        if (end == value || *end != '\0' || !(number >= row->low && number <= row->high) ||
            (row->kind == OPTION_INTEGER && floor(number) != number))
            refuse("not a number in range:", value);
    }
    if (row->kind == OPTION_SECONDS)
        memcpy(member, &number, sizeof number);
    else
        memcpy(member, &(int){(int)number}, sizeof(int));
}

/* A word of letters, of which the last may take the rest of the word or the next word; what is then
 * the next one. */
static char **apply_letters(char **words, struct ntpdate_settings *settings) {
    char *letter = *words++ + 1;

    while (*letter != '\0') {
        const struct option_row *row = find_row(*letter++, NULL);

        if (row == NULL)
            refuse("unknown option", words[-1]);
        if (!takes_value(row)) {
            apply(row, settings, words[-1], NULL);
            continue;
        }
        apply(row, settings, words[-1], *letter != '\0' ? letter : *words);
        return *letter != '\0' ? words : words + 1;
    }
    return words;
}

static char **apply_name(char **words, struct ntpdate_settings *settings) {
    const struct option_row *row;

    if (strcmp(*words, "--help") == 0) {
        print_usage(stdout);
        exit(0);
    }
    row = find_row('\0', *words + 2);
    if (row == NULL)
        refuse("unknown option", *words);
    apply(row, settings, words[0], words[1]);
    return words + 1 + takes_value(row);
}

char **ntpdate_parse_options(char **argv, struct ntpdate_settings *settings) {
    char **words = argv + 1, **operands = words, **end = words;

    if (*words == NULL) {
        print_usage(stderr);
        exit(USAGE_STATUS);
    }
    while (*words != NULL && strcmp(*words, "--") != 0) {
        if (strncmp(*words, "--", 2) == 0)
            words = apply_name(words, settings);
        else if ((*words)[0] == '-')
            words = apply_letters(words, settings);
        else
            *end++ = *words++;
    }
    if (*words != NULL)
        words++;
    while (*words != NULL)
        *end++ = *words++;
    *end = NULL;
    return operands;
}
