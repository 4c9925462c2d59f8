/* chronyc inside: one session, and what its rooms offer each other. Everything is printed to
 * stdout, errors of the user's input to stderr; in JSON both are parts of the document. */
#ifndef CHRONOBOX_APPLETS_CHRONYC_CHRONYC_H
#define CHRONOBOX_APPLETS_CHRONYC_CHRONYC_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "applets/chronyc/report.h"
#include "core/linux/control_client.h"

#define CHRONYC_LINE_SIZE 2048 /* with NUL */
#define CHRONYC_WIDE      14   /* more columns for names */
#define CHRONYC_NAME_SIZE 1025 /* of host names, with NUL (NI_MAXHOST) */

struct chronyc {
    struct control_client client;
    bool csv;          /* for programs: CSV or, with json, JSON */
    struct json *json; /* NULL, or the document of the command that runs */
    bool colour;       /* of rows that need attention */
    bool wide;         /* CHRONYC_WIDE more columns for names */
    bool numeric;      /* no reverse lookups */
    bool source_names; /* names as configured, asked from the daemon */
    bool end_dot;      /* a line with a dot after each response */
    int family;        /* of lookups; ADDRESS_NONE = both */
    bool quit;         /* the exit command was given */
    bool only_status;  /* this command's answer is its status, which says enough when it is lost */
    bool lookups_hang; /* a reverse lookup timed out during this command: no more of them */
};

/* Not 0 once a signal that chronyc_catch_signals() waits for has come: stop soon. */
extern volatile sig_atomic_t chronyc_stop;
void chronyc_catch_signals(void);

void chronyc_init(struct chronyc *session);

/* Whether someone was found to talk to; says so on stderr otherwise. */
bool chronyc_open(struct chronyc *session);

/* A complaint that belongs to no command: a document of its own in JSON. */
void chronyc_fail(struct chronyc *session, const char *message);

/* Runs one line (cut up by this). True: success; empty lines and comments succeed. Flushes stdout.
 */
bool chronyc_execute(struct chronyc *session, char *line);

/* ---- asking (ask.c) ---- */

struct report_style chronyc_style(const struct chronyc *session);

/* Asks and prints the status line of an error. True: success, and a reply of the command's type. */
bool chronyc_ask(struct chronyc *session, enum control_command command, const void *request,
                 struct control_answer *answer);

/* The same for those that print the status line of a success, too. */
bool chronyc_ask_aloud(struct chronyc *session, enum control_command command, const void *request,
                       struct control_answer *answer, bool say_success);

/* The same for commands without a report: prints the status line in any case. */
bool chronyc_do(struct chronyc *session, enum control_command command, const void *request);

/* What both print and return, of an answer or of none (NULL). */
bool chronyc_tell(struct chronyc *session, enum control_command command,
                  const struct control_answer *answer, bool say_success);

/* A line that begins with the number of a status. */
void chronyc_say_status(struct chronyc *session, const char *line);

/* What is wrong, of what is not the daemon's; ends with a new line. */
void chronyc_complain(struct chronyc *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- names (names.c) ---- */

/* The name of an address for reports: numeric, or reverse DNS; cut: to the columns of a table. */
void chronyc_name_address(struct chronyc *session, const struct address *address, bool cut,
                          char name[CHRONYC_NAME_SIZE]);

/* The same for an NTP source, whose configured name can be asked. */
void chronyc_name_source(struct chronyc *session, const struct address *address, bool cut,
                         char name[CHRONYC_NAME_SIZE]);

/* What the tables call a source, and the control sequence that colours its row, "" = none. */
#define CHRONYC_NO_COLOUR "\033[m"
void chronyc_name_listed(struct chronyc *session, const struct control_source_data *source,
                         bool cut, char name[CHRONYC_NAME_SIZE]);
const char *chronyc_source_colour(const struct chronyc *session,
                                  const struct control_source_data *source);

/* What the clock follows: a source or a reference ID. */
void chronyc_name_reference(struct chronyc *session, const struct control_tracking *tracking,
                            char name[CHRONYC_NAME_SIZE]);

/* The configured name of an NTP source; false: said why, or not fit to be printed. */
bool chronyc_ask_name(struct chronyc *session, const struct address *address,
                      char name[CHRONYC_NAME_SIZE]);

/* Printable, without spaces, and with its end. */
bool chronyc_is_presentable(const char name[CONTROL_NAME_SIZE]);

/* ID#N, an address, or a host name (its first address). */
bool chronyc_find_address(const struct chronyc *session, const char *word, struct address *address);

/* ---- the command table (commands.c) and its handlers ---- */

enum chronyc_outcome {
    CHRONYC_FAILED,
    CHRONYC_DONE,
    CHRONYC_MISUSED, /* the caller prints the row's complaint, if it has one */
};

/* arguments: the rest of the line, one space between words, no space at the ends; cut up at will.
 */
struct chronyc_command;
typedef enum chronyc_outcome
chronyc_handler(struct chronyc *session, const struct chronyc_command *command, char *arguments);

struct chronyc_command {
    const char *word;
    uint8_t request; /* enum control_command; 0: none, or the handler knows */
};

/* listings.c: an entry per source or client */
chronyc_handler chronyc_listing, chronyc_ntpdata, chronyc_clients;
/* reports.c: one answer, one report */
bool chronyc_has_real_source(const struct control_tracking *tracking);
bool chronyc_sleep(double seconds); /* flushes stdout; false: stopped */
chronyc_handler chronyc_report, chronyc_waitsync, chronyc_sourcename, chronyc_settime,
    chronyc_manual;
/* changes.c: what is told to the daemon */
chronyc_handler chronyc_plain, chronyc_float, chronyc_modify, chronyc_masked, chronyc_check,
    chronyc_delete, chronyc_makestep, chronyc_smoothtime, chronyc_only_sources, chronyc_offset,
    chronyc_selectopts;
/* configure.c: what a line of the configuration says too */
chronyc_handler chronyc_access, chronyc_add, chronyc_local;
/* top.c, plot.c */
chronyc_handler chronyc_top, chronyc_plot;
/* help.c, keygen.c */
chronyc_handler chronyc_help, chronyc_keygen;

/* "syntax\tmeaning\n" of every command; groups begin with a title and end with an empty line. */
extern const char chronyc_help_text[];

/* A source by ID#N or address, or a reference clock by its ID of up to 4 characters (the address
 * has no family then). */
bool chronyc_parse_source(const char *word, struct address *address, uint32_t *reference_id);

/* CONTROL_ADD_* bits of SELECT_OPTION_* bits. */
uint32_t chronyc_option_flags(unsigned select_options);

/* date.c: the time that a person wrote; times of day and relative ones are those of the local zone
 * and of now (both in seconds since 1970 UTC). */
bool chronyc_parse_date(const char *text, int64_t now, int64_t *seconds);

#endif
