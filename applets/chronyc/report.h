/* Reports as tables: one row per value, from which the text of people and the CSV of programs are
 * printed. */
#ifndef CHRONOBOX_APPLETS_CHRONYC_REPORT_H
#define CHRONOBOX_APPLETS_CHRONYC_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/wire/control.h"

/* What a row makes of its member, and which conversion its format has for it. CSV prints the bare
 * value. */
enum report_kind {
    /* integers, as intmax_t */
    REPORT_UINT,       /* %ju */
    REPORT_INT,        /* %jd */
    REPORT_OCTAL,      /* %jo */
    REPORT_HEX,        /* %08jX */
    REPORT_ADDRESS_ID, /* %08jX: the reference ID of an address */
    REPORT_CHAR,       /* %c */
    /* doubles; CSV keeps the decimals */
    REPORT_FLOAT, /* %f */
    REPORT_POWER, /* %f, two to the member */
    /* words: %s */
    REPORT_NAME,     /* %-*s: the entry's name; detail: columns, 0 = not in a table */
    REPORT_WORD,     /* detail: enum report_words, that of CSV in the upper byte */
    REPORT_FLAG,     /* Yes or No; detail: the bit */
    REPORT_BITS,     /* zeroes and ones; detail: lowest bit << 4 | count */
    REPORT_INTERVAL, /* seconds, 4 columns */
    REPORT_LOG2,     /* 2 columns */
    REPORT_OFFSET,   /* seconds with a unit */
    REPORT_SIGNED_OFFSET,
    REPORT_FREQUENCY, /* ppm, 10 columns */
    REPORT_SIGNED_FREQUENCY,
    REPORT_SLOW,          /* "0.000002820 seconds slow" of a correction */
    REPORT_FAST,          /* "0.123 ppm fast" of a frequency */
    REPORT_DATE,          /* "Sun Nov 22 10:13:47 2026" */
    REPORT_SHORT_DATE,    /* "2026-11-22 10:13:47", in CSV too */
    REPORT_ADDRESS,       /* numeric */
    REPORT_NTP_REFERENCE, /* text of a reference ID where the stratum gives it one; struct
                             control_ntp_data */
    REPORT_TIMESTAMPING,  /* Daemon, Kernel, Hardware */
    REPORT_OPTIONS,       /* selection options: letters, in CSV five fields */
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
};

#define REPORT_TWO_WORDS(text, csv) ((text) | (csv) << 8)

/* format: printf's, with one conversion. Line ends are part of it. */
struct report_row {
    const char *format;
    uint16_t member; /* offset in the reply's struct */
    uint16_t detail;
    uint8_t kind;
};

struct report {
    const struct report_row *rows;
    int count;
};

struct report_style {
    bool csv;
    int extra; /* columns more for names in tables */
};

/* Prints one entry. Rows whose member is not in the layout (of an older daemon) are left out. */
void report_print(const struct report *report, const struct control_layout *layout,
                  const void *record, const char *name, struct report_style style);

/* A header of a table and the line under it; a name column ends at the first two spaces. */
void report_header(const char *header, struct report_style style);

extern const struct report report_tracking, report_sources, report_sourcestats, report_selectdata,
    report_authdata, report_ntpdata, report_activity, report_serverstats, report_clients,
    report_nke_clients, report_smoothing, report_rtcdata, report_manual;

#endif
