/* Which sources tell the truth, and which one leads. Pure: an array of views in, states out.
 * RFC 5905 section 11.2.1 (intersection), facts H.6 (states, order of rejection, scores). */
#ifndef CHRONOBOX_TRACK_SELECT_H
#define CHRONOBOX_TRACK_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#define SELECT_OPTION_NOSELECT 0x1
#define SELECT_OPTION_PREFER   0x2
#define SELECT_OPTION_TRUST    0x4
#define SELECT_OPTION_REQUIRE  0x8

/* The letters of `chronyc selectdata`. */
enum source_state {
    SOURCE_NOSELECT = 'N',
    SOURCE_MISSING_SAMPLES = 'M',
    SOURCE_UNSYNCHRONISED = 's',
    SOURCE_BAD_STRATUM = 'r',
    SOURCE_BAD_DISTANCE = 'd',
    SOURCE_JITTERY = '~',
    SOURCE_WAITS_SAMPLES = 'w',
    SOURCE_STALE = 'S',
    SOURCE_ORPHAN = 'O',
    SOURCE_UNTRUSTED = 'T',
    SOURCE_FALSETICKER = 'x',
    SOURCE_WAITS_SOURCES = 'W',
    SOURCE_NONPREFERRED = 'P',
    SOURCE_WAITS_UPDATE = 'U',
    SOURCE_DISTANT = 'D',
    SOURCE_COMBINED = '+',
    SOURCE_SELECTED = '*',
};

/* One source as selection sees it at one instant; the first block is filled by the caller. */
struct select_source {
    bool is_ntp;       /* not a reference clock */
    unsigned options;  /* effective SELECT_OPTION_* */
    bool has_estimate; /* at least three samples (or as maxsamples says) */
    int leap;          /* enum ntp_leap of the last answer; 3 = not synchronised */
    int stratum;       /* of the source */
    uint8_t reachability;
    int reach_size;          /* polls counted in reachability, 0..8 */
    int unreachable_polls;   /* polls since the last answer */
    int max_unreachable;     /* option maxunreach */
    double first_sample_ago; /* s */
    double last_sample_ago;  /* s */
    double offset;           /* s, estimate carried to now */
    double root_distance;    /* s, now */
    double root_delay;       /* s, half of it is part of that; selection does not look at it */
    double deviation;        /* s */
    double frequency;        /* s/s */
    double skew;             /* s/s */
    uint32_t reference_id;   /* of the source itself, for orphan mode */

    /* State carried from selection to selection; select_run() writes it. */
    bool updated; /* has had a sample since the last update of the reference */
    enum source_state state;
    double score;     /* >= 1 */
    double low, high; /* s, the interval, in correction sense */
    int distant_left; /* updates the source stays out of the combination */
    int bad_updates;  /* own updates in a row in a bad state (for warnings and replacement) */
};

struct select_options {
    double max_distance;      /* s */
    double max_jitter;        /* s */
    double reselect_distance; /* s */
    double stratum_weight;    /* s */
    double combine_limit;
    double max_clock_error; /* s/s */
    int min_sources;
    int min_stratum, max_stratum;
    int orphan_stratum; /* 0 = no orphan mode */
    uint32_t
        orphan_own_id; /* our own address's reference ID as a server would see it, 0 = unknown */
    double *edges;     /* scratch: room for two a source */
};

/* Why nothing could be selected; NONE when something was. */
enum select_failure {
    SELECT_OK,
    SELECT_NO_SOURCES,    /* nothing configured */
    SELECT_NO_SELECTABLE, /* none passed the first tests */
    SELECT_NO_MAJORITY,   /* no interval shared by more than half */
    SELECT_NOT_ENOUGH,    /* minsources */
    SELECT_NO_REQUIRED,   /* require */
    SELECT_WAITING,       /* for samples of others, or a new one of whoever is to lead */
};

struct select_result {
    enum select_failure failure;
    int selected;      /* index, -1 = none */
    int combined;      /* sources with state + or * */
    int agreeing;      /* in the best intersection, for the message */
    int voting;        /* that had a say, for the message */
    bool trusted_only; /* the vote was among trusted sources */
    bool update;       /* what is selected and combined has news for the reference */
    int unreachable;   /* sources with reachability 0 */
};

/* Runs one selection. previous: index selected before, -1 = none. updated: index of the source that
 * has a new sample, -1 = none (a pure re-evaluation). count <= SELECT_MAX_SOURCES. Writes the state
 * block of each source. */
#define SELECT_MAX_SOURCES 1024
struct select_result select_run(struct select_source *sources, int count,
                                const struct select_options *options, int previous, int updated);

/* The combination of the selected and combined sources, weighted by their estimated errors. */
struct select_combination {
    double offset, offset_error; /* s */
    double frequency, skew;      /* s/s */
};

struct combine_source {
    double offset, offset_error; /* s, at one common instant */
    double frequency, skew;      /* s/s */
    double root_distance;        /* s */
};

/* Combines count >= 1 sources; sources[0] is the selected one. */
struct select_combination combine_sources(const struct combine_source *sources, int count);

#endif
