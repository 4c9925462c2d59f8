/* What more than one of the small commands needs. */
#include "applets/tools/tool.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/linux/clock.h"

#define MAX_ROWS 32

struct tool tool_begin(char **argv, const char *name, const char *usage) {
    char **words = *argv == NULL ? argv : argv + 1;

    return (struct tool){
        .name = name, .usage = usage, .usage_status = 1, .operands = words, .words = words};
}

_Noreturn void tool_usage(const struct tool *tool) {
    fprintf(stderr, "usage: %s", tool->usage);
    exit(tool->usage_status);
}

/* The letter of a long option, as a cluster of its own; NULL: there is none of this name. */
static const char *find_name(const struct tool *tool, const char *name) {
    const char *at = tool->names == NULL ? "" : tool->names;

    while (*at != '\0') {
        const char *letter = at + strlen(at) + 1;

        if (strcmp(at, name) == 0)
            return letter;
        at = letter + 2;
    }
    return NULL;
}

/* The next word that is a cluster of options; operands met on the way move to the front of the
 * array. */
static bool next_cluster(struct tool *tool) {
    char *word;

    while ((word = *tool->words) != NULL) {
        tool->words++;
        if (tool->only_operands || word[0] != '-' || word[1] == '\0') {
            tool->operands[tool->operand_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            tool->only_operands = true;
        } else if (strcmp(word, "--help") == 0) {
            printf("usage: %s", tool->usage);
            exit(tool_finish(tool, 0));
        } else {
            const char *letter = word[1] == '-' ? find_name(tool, word + 2) : NULL;

            tool->cluster = letter != NULL ? letter : word + 1;
            return true;
        }
    }
    tool->operands[tool->operand_count] = NULL;
    return false;
}

int tool_option(struct tool *tool, const char *letters) {
    if ((tool->cluster == NULL || *tool->cluster == '\0') && !next_cluster(tool))
        return 0;

    char letter = *tool->cluster++;
    const char *known = letter == ':' ? NULL : strchr(letters, letter);

    if (known == NULL) {
        tool_error(tool, "invalid option -- '%c'", letter);
        tool_usage(tool);
    }
    tool->value = NULL;
    if (known[1] == ':') {
        if (*tool->cluster != '\0')
            tool->value = tool->cluster;
        else if (known[2] != ':' && *tool->words != NULL)
            tool->value = *tool->words++;
        tool->cluster = NULL;
        if (tool->value == NULL && known[2] != ':') {
            tool_error(tool, "option requires an argument -- '%c'", letter);
            tool_usage(tool);
        }
    }
    return (unsigned char)letter;
}

static void apply(const struct tool *tool, const struct tool_row *row, void *settings) {
    char *member = (char *)settings + row->member;
    double number = (double)row->low;

    if (row->kind == TOOL_TEXT) {
        memcpy(member, &tool->value, sizeof tool->value);
        return;
    }
    if (tool->value != NULL)
        number = tool_number(tool, number, (double)row->high);
    if (row->kind == TOOL_INTEGER && floor(number) != number)
        tool_usage(tool);
    if (row->kind == TOOL_NUMBER)
        memcpy(member, &number, sizeof number);
    else
        memcpy(member, &(int){(int)number}, sizeof(int));
}

void tool_take_options(struct tool *tool, const struct tool_row *rows, void *settings) {
    char letters[2 * MAX_ROWS + 1], *end = letters;

    for (const struct tool_row *row = rows; row->letter != '\0'; row++) {
        *end++ = row->letter;
        if (row->kind != TOOL_SET)
            *end++ = ':';
    }
    *end = '\0';
    for (int letter; (letter = tool_option(tool, letters)) != 0;) {
        const struct tool_row *row = rows;

        while (row->letter != letter)
            row++;
        apply(tool, row, settings);
    }
}

double tool_number(const struct tool *tool, double low, double high) {
    char *end;
    double number = strtod(tool->value, &end);

    if (end == tool->value || *end != '\0' || !(number >= low && number <= high)) {
        tool_error(tool, "invalid number '%s'", tool->value);
        exit(tool->usage_status);
    }
    return number;
}

void tool_error(const struct tool *tool, const char *format, ...) {
    va_list arguments;

    fflush(stdout);
    fprintf(stderr, "%s: ", tool->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

int tool_failed(const struct tool *tool, const char *what, const char *object) {
    const char *reason = strerror(errno);

    if (object == NULL)
        tool_error(tool, "%s: %s", what, reason);
    else
        tool_error(tool, "%s '%s': %s", what, object, reason);
    return 1;
}

int tool_finish(const struct tool *tool, int status) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    tool_error(tool, "write error: %s", strerror(errno));
    return 1;
}

struct addrinfo *tool_resolve(const struct tool *tool, const char *host, const char *port,
                              int family, int type) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = type}, *found;

    if (getaddrinfo(host, port, &hints, &found) == 0)
        return found;
    tool_error(tool, "bad address '%s'", host);
    exit(1);
}

const char *tool_address(const struct sockaddr *address, char *text) {
    struct address value = {.family = ADDRESS_IPV4};

    if (address->sa_family == AF_INET6) {
        value.family = ADDRESS_IPV6;
        memcpy(value.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    } else {
        memcpy(value.bytes, &((const struct sockaddr_in *)address)->sin_addr, 4);
    }
    return address_format(&value, text);
}

static void end_program(int number) {
    _exit(128 + number);
}

void tool_end_on_signals(void) {
    struct sigaction action = {.sa_handler = end_program};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

int tool_poll_timeout(ns_t due) {
    if (due == NS_NEVER)
        return -1;

    ns_t left = due - monotonic_clock_read();

    if (left <= 0)
        return 0;
    left = (left + 999999) / 1000000;
    return left > INT_MAX ? INT_MAX : (int)left;
}

bool tool_write(int descriptor, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(descriptor, bytes, count);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}
