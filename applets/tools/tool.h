/* What more than one of the small commands needs: the option loop, error lines, host names, a clock
 * reading. A tool is otherwise its own file. Messages and exit status follow busybox. */
#ifndef CHRONOBOX_APPLETS_TOOLS_TOOL_H
#define CHRONOBOX_APPLETS_TOOLS_TOOL_H

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "core/base/address.h"
#include "core/base/time.h"

struct tool {
    const char *name;  /* in front of every message */
    const char *usage; /* for --help, and behind a wrong command line */
    const char *names; /* of options: "port\0P\0all\0a\0": --port is the letter P. NULL: none */
    int usage_status;  /* exit status of a wrong command line */
    char **operands;   /* NULL-terminated; complete once tool_option() has returned 0 */
    int operand_count;
    const char *value; /* of the option just returned; NULL when an optional one was left out */

    char **words; /* from here on the loop's own */
    const char *cluster;
    bool only_operands;
};

struct tool tool_begin(char **argv, const char *name, const char *usage);

/* The next option letter, 0 after the last word. letters is as getopt's: "ab:c::" = a, b VALUE,
 * c[VALUE]. Options may stand behind operands, "--" ends them. A letter that is not listed ends the
 * program with the usage text, --help prints it and ends with status 0. */
int tool_option(struct tool *tool, const char *letters);

/* Options as rows, the last one without a letter: what each sets in a struct of settings, 255 bytes
 * at most. */
enum tool_kind {
    TOOL_SET,     /* int = low; no value */
    TOOL_INTEGER, /* int, low..high */
    TOOL_NUMBER,  /* double, low..high */
    TOOL_TEXT,    /* const char * */
};

struct tool_row {
    char letter;
    uint8_t kind;    /* enum tool_kind */
    uint8_t member;  /* offset in the settings */
    float low, high; /* whole numbers up to 2^24 are exact */
};

/* Takes all options; what is wrong ends the program with usage_status. */
void tool_take_options(struct tool *tool, const struct tool_row *rows, void *settings);

/* Prints the usage text on stderr and exits with usage_status. */
_Noreturn void tool_usage(const struct tool *tool);

/* The option's value as a number within low..high; anything else ends the program with
 * usage_status.
 */
double tool_number(const struct tool *tool, double low, double high);

/* "name: message" on stderr. */
void tool_error(const struct tool *tool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "name: what 'object': reason" with errno's text; without an object "name: what: reason". Returns
 * 1, the exit status. */
int tool_failed(const struct tool *tool, const char *what, const char *object);

/* Flushes stdout; the status to exit with: `status`, or 1 with a message when the output could not
 * be written. */
int tool_finish(const struct tool *tool, int status);

/* The addresses of a host (family AF_UNSPEC, AF_INET, AF_INET6; port a decimal number or NULL).
 * Says that the name is bad and exits with 1 when there are none. */
struct addrinfo *tool_resolve(const struct tool *tool, const char *host, const char *port,
                              int family, int type);

#define TOOL_ADDRESS_SIZE ADDRESS_TEXT_SIZE

/* The numeric address without port into text (TOOL_ADDRESS_SIZE bytes); returns text. */
const char *tool_address(const struct sockaddr *address, char *text);

/* A date in local time by the format of strftime(3) in the C locale, less flags, widths and weeks
 * of the year; with %N (nanoseconds), %s, %:z (+hh:mm). An unknown conversion stays as it stands.
 * False when the year does not fit. */
bool tool_print_time(FILE *stream, const char *format, const struct timespec *when);

/* SIGINT and SIGTERM end the program with 128 + signal, as process 1 of a container too, where the
 * kernel drops signals that have no handler. */
void tool_end_on_signals(void);

/* The rest of milliseconds until `due` (ns, monotonic) for poll(2), rounded up, 0 when it is past;
 * NS_NEVER is -1. */
int tool_poll_timeout(ns_t due);

/* Writes all bytes to the descriptor; false with errno set when it cannot. */
bool tool_write(int descriptor, const char *bytes, size_t count);

#endif
