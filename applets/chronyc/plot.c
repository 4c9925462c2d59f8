/* plot: the offsets that the daemon holds of a source, drawn with characters or, by --svg, as a
 * picture with the delays below. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/format.h"
#include "applets/chronyc/history.h"
#include "applets/chronyc/terminal.h"
#include "core/base/text.h"

/* ---- axes ---- */

/* Ticks from first to last, each a multiple of a step that is 1, 2 or 5 times a power of ten s. */
struct axis {
    long first, last;
    double step, unit;
    const char *name; /* of the unit */
};

static struct axis fit_axis(double lowest, double highest, int ticks) {
    static const char names[] = "ns\0us\0ms\0s";
    struct axis axis = {.step = 1e-9, .unit = 1e-9, .name = names};
    for (int i = 0; (highest - lowest) / axis.step > ticks; i++)
        axis.step *= i % 3 == 1 ? 2.5 : 2.0;
    for (; axis.step > axis.unit * 999.0 && *axis.name != 's'; axis.name += 3)
        axis.unit *= 1e3;
    axis.first = (long)(lowest / axis.step) - (lowest < 0.0);
    axis.last = (long)(highest / axis.step) + (highest > 0.0);
    axis.last += axis.last == axis.first;
    return axis;
}

/* 0..1 */
static double place(const struct axis *axis, double value) {
    return (value / axis->step - (double)axis->first) / (double)(axis->last - axis->first);
}

static double label(const struct axis *axis, long tick) {
    return (double)tick * axis->step / axis->unit;
}

static struct axis fit_values(const struct history *history, bool delay, int ticks) {
    double lowest, highest;
    history_limits(history, delay, &lowest, &highest);
    return fit_axis(lowest, highest, ticks);
}

/* s before the newest sample, negative. */
static double age(const struct history *history, int i) {
    return ns_difference(history->samples[i].when, history->samples[history->count - 1].when);
}

/* ---- characters ---- */

#define MAX_SIZE    240
#define LABEL       4 /* columns of a label, without its digits: unit and bar */
#define MIN_SIZE    8
#define OTHER_LINES 4 /* of the screen: title, time, the prompt before and after */

static int clamp(int value) {
    return value < MIN_SIZE ? MIN_SIZE : value > MAX_SIZE ? MAX_SIZE : value;
}

static void draw(const struct history *history) {
    char line[MAX_SIZE + 1];
    int columns, rows;
    terminal_size(&columns, &rows);
    int top = clamp(rows - OTHER_LINES) - 1;
    struct axis values = fit_values(history, false, top / 3);
    int digits = (int)fmax(snprintf(line, sizeof(line), "%+.0f", label(&values, values.first)),
                           snprintf(line, sizeof(line), "%+.0f", label(&values, values.last)));
    columns = clamp(columns - digits - LABEL);
    line[columns] = '\0';
    double span = fmin(age(history, 0), -1e-9);
    for (int row = top; row >= 0; row--) {
        long tick = values.first + lround(row * (double)(values.last - values.first) / top);
        bool ticked = lround(place(&values, (double)tick * values.step) * top) == row;
        memset(line, ticked ? '.' : ' ', (size_t)columns);
        for (int i = 0; i < history->count; i++)
            if (lround(place(&values, history_value(history, i, false)) * top) == row)
                line[(int)((1.0 - age(history, i) / span) * (columns - 1))] = '*';
        if (ticked)
            printf("%+*.0f %-2s+%s\n", digits, label(&values, tick), values.name, line);
        else
            printf("%*s%s\n", digits + LABEL, "|", line);
    }
}

/* ---- a picture ---- */

static void draw_panel(const struct history *history, bool delay, int top, int height) {
    struct axis values = fit_values(history, delay, height / 40);
    struct axis ages = fit_axis(age(history, 0), 0.0, 8);
    printf("<g transform=\"translate(110,%d)\"><text y=\"-8\">%s</text>\n", top,
           delay ? "Delay to the source and back" : "Offset; above 0 the clock is fast");
    for (long tick = values.first; tick <= values.last; tick++)
        printf("<g transform=\"translate(0,%.1f)\"><path d=\"M0 0h670\"/>"
               "<text x=\"-6\" y=\"4\" text-anchor=\"end\">%.0f %s</text></g>\n",
               height * (1.0 - place(&values, (double)tick * values.step)), label(&values, tick),
               values.name);
    for (long tick = ages.first; tick <= ages.last; tick++)
        printf("<g transform=\"translate(%.1f,%d)\"><path d=\"M0 0V-%d\"/>"
               "<text y=\"16\" text-anchor=\"middle\">%.0f %s</text></g>\n",
               670 * place(&ages, (double)tick * ages.step), height, height, label(&ages, tick),
               ages.name);
    fputs("<polyline points=\"", stdout);
    for (int i = 0; i < history->count; i++)
        printf("%.1f,%.1f ", 670 * place(&ages, age(history, i)),
               height * (1.0 - place(&values, history_value(history, i, delay))));
    puts("\"/></g>");
}

static void draw_picture(const struct history *history, const char *title) {
    printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\" height=\"480\">\n"
           "<marker id=\"m\" refX=\"2\" refY=\"2\"><circle cx=\"2\" cy=\"2\" r=\"1.5\"/></marker>\n"
           "<style>text{font:12px "
           "sans-serif}path{stroke:#ddd}polyline{fill:none;stroke:#15c;marker:url(#m)}</style>\n"
           "<rect width=\"800\" height=\"480\" fill=\"#fff\"/>\n"
           "<text x=\"110\" y=\"22\">%s</text>\n",
           title);
    draw_panel(history, false, 60, 240);
    draw_panel(history, true, 360, 80);
    puts("</svg>");
}

/* What is printed meanwhile goes there. */
static bool write_picture(const struct history *history, const char *title, const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    if (file < 0 || saved < 0 || dup2(file, STDOUT_FILENO) < 0)
        return false;
    draw_picture(history, title);
    bool written = fflush(stdout) == 0 && close(file) == 0;
    dup2(saved, STDOUT_FILENO);
    close(saved);
    return written;
}

/* ---- the command ---- */

/* The source that the word means; without a word the selected one. */
static bool find_source(struct chronyc *session, const char *word, uint32_t *index,
                        struct control_source_data *source) {
    struct control_answer answer;
    struct address address;
    uint32_t reference_id;
    if (!chronyc_ask(session, CONTROL_REQ_N_SOURCES, NULL, &answer))
        return false;
    uint32_t count = answer.n_sources.n_sources;
    if (!chronyc_parse_source(word, &address, &reference_id) && *word)
        chronyc_find_address(session, word, &address);
    if (reference_id)
        address = address_ipv4(reference_id);
    for (struct control_index request = {0}; request.index < count; request.index++) {
        if (!chronyc_ask(session, CONTROL_REQ_SOURCE_DATA, &request, &answer))
            return false;
        *source = answer.source_data;
        *index = request.index;
        if (*word ? memcmp(&address, &source->ip_addr, sizeof(address)) == 0
                  : source->state == CONTROL_STATE_SELECTED)
            return true;
    }
    chronyc_say_status(session, "503 No such source");
    return false;
}

/* For programs the samples, for people a drawing. */
static bool show(struct chronyc *session, const struct history *history, const char *name,
                 const char *path) {
    char title[CHRONYC_NAME_SIZE + 64], date[TIME_TEXT_SIZE];
    if (history->count > 0) {
        snprintf(
            title, sizeof(title), "Clock against %s: %d samples in %.0f s, to %s UTC", name,
            history->count, 0.0 - age(history, 0),
            time_format(ns_floor_seconds(history->samples[history->count - 1].when), ' ', date));
        if (path)
            return write_picture(history, strpbrk(title, "<&") ? "Clock" : title, path);
    }
    if (session->json)
        json_begin_list(session->json);
    if (!session->csv && history->count > 0) {
        puts(title);
        draw(history);
        return true;
    }
    for (int i = 0; i < history->count; i++)
        report_print(&report_history, &control_layout_history_sample, &history->samples[i], NULL,
                     chronyc_style(session));
    return true;
}

enum chronyc_outcome chronyc_plot(struct chronyc *session, const struct chronyc_command *command,
                                  char *arguments) {
    (void)command;
    const char *word = "", *path = NULL;
    uint32_t index;
    struct control_source_data source;
    struct control_answer answer;
    struct history history;
    bool answered;
    char name[CHRONYC_NAME_SIZE];
    for (char *next; *(next = text_take_word(&arguments));) {
        if (strcmp(next, "--svg") != 0)
            word = next;
        else if (!*(path = text_take_word(&arguments)))
            return CHRONYC_MISUSED;
    }
    if (!find_source(session, word, &index, &source))
        return CHRONYC_FAILED;
    if (!history_ask(&session->client, index, &history, &answer, &answered)) {
        if (answered && answer.status == CONTROL_INVALID && !session->json)
            chronyc_complain(session, "chronyd tells no history; try top\n");
        else
            chronyc_tell(session, CONTROL_REQ_HISTORY, answered ? &answer : NULL, false);
        return CHRONYC_FAILED;
    }
    chronyc_name_listed(session, &source, false, name);
    if (!show(session, &history, name, path)) {
        chronyc_complain(session, "Could not write %s: %s\n", path, strerror(errno));
        return CHRONYC_FAILED;
    }
    return CHRONYC_DONE;
}
