/* The options of ntpdate: a row each. Parsing and the usage text come from the rows. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "applets/ntpdate/ntpdate.h"

#define USAGE_STATUS 2
#define USAGE_COLUMN 12
#define MEMBER(name) offsetof(struct ntpdate_settings, name)

enum option_kind {
    OPTION_SET,     /* int = low */
    OPTION_INTEGER, /* int, low..high */
    OPTION_SECONDS, /* double, low..high */
    OPTION_TEXT,    /* const char * */
};

static const struct option_row {
    char letter;     /* '\0': only the long name */
    uint8_t kind;    /* enum option_kind */
    uint8_t member;  /* offset in the settings */
    char name[9];    /* "": only the letter */
    float low, high; /* whole numbers up to 2^24 are exact */
    const char *help;
} rows[] = {
    {'q', OPTION_SET, MEMBER(query), "", 1, 0, "only ask; the clock is left alone"},
    {'b', OPTION_SET, MEMBER(way), "", NTPDATE_STEP, 0, "step the clock, whatever the offset"},
    {'B', OPTION_SET, MEMBER(way), "", NTPDATE_SLEW, 0, "slew the clock, whatever the offset"},
    {'p', OPTION_INTEGER, MEMBER(samples), "", 1, NTPDATE_MAX_SAMPLES,
     "samples per server (4; with -q 1)"},
    {'t', OPTION_SECONDS, MEMBER(timeout), "", 0.01F, 60, "seconds to wait for an answer (1)"},
    {'4', OPTION_SET, MEMBER(family), "", AF_INET, 0, "only IPv4"},
    {'6', OPTION_SET, MEMBER(family), "", AF_INET6, 0, "only IPv6"},
    {'a', OPTION_INTEGER, MEMBER(key_id), "", 1, 0x7fffff80, "authenticate with this key"},
    {'k', OPTION_TEXT, MEMBER(key_file), "", 0, 0, "of this file (/etc/ntp.keys)"},
    {'o', OPTION_INTEGER, MEMBER(version), "", 1, 4, "NTP version (4)"},
    {'d', OPTION_SET, MEMBER(debug), "", 1, 0, "like -q, and show everything"},
    {'j', OPTION_SET, MEMBER(json), "json", 1, 0, "the result as JSON"},
    {'s', OPTION_SET, MEMBER(syslog), "", 1, 0, "messages to syslog"},
    {'v', OPTION_SET, MEMBER(verbose), "", 1, 0, "say the version first"},
    {'\0', OPTION_INTEGER, MEMBER(port), "port", 1, 65535, "port of the servers (123)"},
    {'\0', OPTION_SECONDS, MEMBER(deadline), "deadline", 0.01F, 1e6F, "seconds for all of it"},
    {'\0', OPTION_SET, MEMBER(retry), "retry", 1, 0, "ask on until a server answers"},
    {'\0', OPTION_SECONDS, MEMBER(max_step), "max-step", 1e-6F, 1e10F,
     "largest offset in seconds that is corrected"},
    {'e', OPTION_SECONDS, MEMBER(ignored_delay), "", 0, 0.999999F, "ignored"},
    {'u', OPTION_SET, MEMBER(ignored), "", 0, 0, "ignored: the source port is never 123"},
};

#define ROWS_END (rows + sizeof rows / sizeof rows[0])

static bool takes_value(const struct option_row *row) {
    return row->kind != OPTION_SET;
}

static void print_usage(FILE *stream) {
    fputs("usage: ntpdate [OPTION]... HOST[:PORT]...\n"
          "Ask NTP servers for the time and set the clock: step it from 0.5 s on, slew it below.\n"
          "Status 0: done; 1: no usable answer, or the clock could not be set; 2: wrong usage.\n",
          stream);
    for (const struct option_row *row = rows; row < ROWS_END; row++) {
        char option[2 * sizeof row->name] = {'-', row->letter};

        if (row->letter == '\0')
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
    for (const struct option_row *row = rows; row < ROWS_END; row++) {
        if (name == NULL ? row->letter == letter
                         : *row->name != '\0' && strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

static void apply(const struct option_row *row, struct ntpdate_settings *settings, const char *word,
                  const char *value) {
    char *member = (char *)settings + row->member, *end;
    double number = (double)row->low;

    if (takes_value(row) && value == NULL)
        refuse("a value is missing behind", word);
    if (row->kind == OPTION_TEXT) {
        memcpy(member, &value, sizeof value);
        return;
    }
    if (takes_value(row)) {
        number = strtod(value, &end);
        if (end == value || *end != '\0' ||
            !(number >= (double)row->low && number <= (double)row->high) ||
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
