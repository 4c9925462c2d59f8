/* Reports as tables: one row per value, from which the text of people and the CSV of programs are
 * printed; JSON has the rows of the reply itself. */
#ifndef CHRONOBOX_APPLETS_CHRONYC_REPORT_H
#define CHRONOBOX_APPLETS_CHRONYC_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "applets/chronyc/format.h"
#include "applets/chronyc/json.h"
#include "core/wire/control.h"

/* What a row makes of its member, and which conversion its format has for it. CSV prints the bare
 * value. */
enum report_kind {
    REPORT_INTEGER,    /* %ju, %jd, %jo, %08jX */
    REPORT_ADDRESS_ID, /* %08jX: the reference ID of an address */
    REPORT_FLOAT,      /* %f; CSV keeps the decimals */
    REPORT_POWER,      /* %f: two to the member */
    REPORT_NAME,       /* %-*s: the entry's name; detail: columns, 0 = not in a table */
    /* All others: %s. In CSV an integer, */
    REPORT_INTERVAL, /* seconds, 4 columns */
    REPORT_LOG2,     /* 2 columns */
    /* ... 9 decimals, */
    REPORT_OFFSET, /* seconds with a unit; detail 1: signed */
    REPORT_SLOW,   /* "0.000002820 seconds slow" of a correction */
    /* ... 3 decimals, */
    REPORT_FREQUENCY, /* ppm, 10 columns; detail 1: signed */
    REPORT_FAST,      /* "0.123 ppm fast" of a frequency */
    /* ... seconds since 1970, */
    REPORT_DATE, /* "Sun Nov 22 10:13:47 2026" */
    /* ... the same word. */
    REPORT_SHORT_DATE, /* "2026-11-22 10:13:47" */
    REPORT_ADDRESS,    /* numeric */
    REPORT_CHAR,
    REPORT_WORD,          /* detail: enum report_words, that of CSV in the upper byte */
    REPORT_TIMESTAMPING,  /* the word of a letter */
    REPORT_FLAG,          /* Yes or No; detail: the bit */
    REPORT_BITS,          /* zeroes and ones; detail: lowest bit << 4 | count */
    REPORT_NTP_REFERENCE, /* text of a reference ID where the stratum gives it one; of struct
                             control_ntp_data */
    REPORT_OPTIONS,       /* selection options: letters; in CSV five fields */
};

enum report_words {
    WORDS_SOURCE_MODE, /* not first: 0 in the upper byte of detail is "the same" */
    WORDS_LEAP,
    WORDS_LEAP_LETTER,
    WORDS_SOURCE_STATE,
    WORDS_NTP_MODE,
    WORDS_AUTH_MODE,
    WORDS_AUTH,
    WORDS_LEAP_ONLY,
    WORDS_TIMESTAMPING,
};

#define REPORT_TWO_WORDS(text, csv) ((text) | (csv) << 8)

struct report_row {
    uint8_t member; /* offset in the reply's struct */
    uint8_t kind;
    uint16_t detail;
};

/* formats: printf's, one per row and each with one conversion, NUL after each; line ends are part
 * of them. With a label width, what stands at the beginning of a format is a label, to be padded
 * and followed by ": ". */
struct report {
    const struct report_row *rows;
    const char *formats;
    uint8_t count;
    uint8_t label_width;
};

struct report_style {
    bool csv;
    int extra;         /* columns more for names in tables */
    struct json *json; /* not NULL: an object of this document */
};

/* A member of a decoded reply. */
struct report_value {
    const void *member;
    int64_t integer; /* nanoseconds for instants */
    double number;
};

struct report_value report_load(const struct control_field *field, const void *record);

/* The index-th of "a|b|c", the last one for all other values. */
const char *report_pick_word(char text[FORMAT_SIZE], const char *word, int64_t index);

/* The place of a letter D, K or H in the list of where timestamps come from. */
int report_timestamping(int64_t letter);

/* Prints one entry. Rows whose member is not in the layout (of an older daemon) are left out. */
void report_print(const struct report *report, const struct control_layout *layout,
                  const void *record, const char *name, struct report_style style);

/* What stands before the entries of a table: for people a header and the line under it, whose name
 * column ends at the first two spaces. */
void report_header(const char *header, struct report_style style);

extern const struct report report_tracking, report_sources, report_sourcestats, report_selectdata,
    report_authdata, report_ntpdata, report_activity, report_serverstats, report_clients,
    report_smoothing, report_rtcdata, report_manual, report_history, report_top,
    report_top_tracking;

#endif
