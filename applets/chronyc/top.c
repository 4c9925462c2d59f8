/* top: tracking and sources, drawn again each second; without a terminal a line each second. */
#include <stdio.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/format.h"
#include "applets/chronyc/history.h"
#include "applets/chronyc/summary.h"
#include "applets/chronyc/terminal.h"
#include "core/linux/clock.h"

#define REFRESH      1000 /* ms */
#define MAX_ROWS     64   /* sources on the screen */
#define NAME_SIZE    48   /* of them, with NUL: wider than any column */
#define ROW_COLUMNS  58   /* of a source, before its plot */
#define SPARE_LINES  10   /* of the screen, for all but the sources */
#define ENTER_SCREEN "\033[?1049h\033[?25l\033[?7l"
#define LEAVE_SCREEN "\033[?7h\033[?25h\033[?1049l"

struct top {
    struct chronyc *session;
    bool utf8;
    bool answered; /* the last question; its answer: */
    struct control_answer answer;
};

/* By row; where the daemon does not tell its history, what was seen of it. Names are asked for
 * once. */
static struct row {
    struct history history;
    char name[NAME_SIZE];
} screen[MAX_ROWS];

static bool ask(struct top *top, enum control_command command, const void *request) {
    top->answered = control_client_ask(&top->session->client, command, request, &top->answer);
    return top->answered && top->answer.status == CONTROL_SUCCESS &&
           top->answer.type == control_command(command)->reply_type;
}

/* A character for each of the newest samples, from the lowest to the highest of them all. */
static void draw_history(const struct top *top, const struct history *history, int columns) {
    char text[FORMAT_SIZE];
    double lowest, highest;
    if (history->count == 0)
        return;
    history_limits(history, false, &lowest, &highest);
    printf("  %s ", format_offset(text, highest - lowest, false));
    for (int i = history->count > columns ? history->count - columns : 0; i < history->count; i++) {
        double height = highest > lowest ? (history_value(history, i, false) - lowest) /
                                               (highest - lowest) * 7.99
                                         : 3.0;
        if (top->utf8)
            printf("\xe2\x96%c", 0x81 + (int)height);
        else
            putchar("_.,-~+=#"[(int)height]);
    }
}

static bool draw_source(struct top *top, uint32_t index, int columns) {
    struct chronyc *session = top->session;
    struct row *row = &screen[index];
    struct control_index request = {index};
    if (!ask(top, CONTROL_REQ_SOURCE_DATA, &request))
        return top->answered; /* it was removed a moment ago */
    struct control_source_data source = top->answer.source_data;
    const char *colour = chronyc_source_colour(session, &source);
    if (history_see(&row->history, &source, system_clock_read())) {
        char name[CHRONYC_NAME_SIZE];
        chronyc_name_listed(session, &source, true, name);
        snprintf(row->name, NAME_SIZE, "%.*s", NAME_SIZE - 1, name);
    }
    fputs(colour, stdout);
    report_print(&report_top, &control_layout_source_data, &source, row->name,
                 chronyc_style(session));
    if (!history_ask(&session->client, index, &row->history, &top->answer, &top->answered) &&
        !top->answered)
        return false;
    draw_history(top, &row->history, columns - ROW_COLUMNS);
    puts(*colour ? CHRONYC_NO_COLOUR : "");
    return true;
}

static bool draw(struct top *top) {
    struct report_style style = chronyc_style(top->session);
    int columns, rows;
    char name[CHRONYC_NAME_SIZE];
    terminal_size(&columns, &rows);
    if (!ask(top, CONTROL_REQ_TRACKING, NULL))
        return false;
    fputs("\033[H\033[J", stdout);
    chronyc_name_reference(top->session, &top->answer.tracking, name);
    report_print(&report_top_tracking, top->answer.layout, &top->answer.tracking, name, style);
    if (!ask(top, CONTROL_REQ_N_SOURCES, NULL))
        return false;
    uint32_t count = top->answer.n_sources.n_sources;
    report_header("MS Name/IP address           Reach  Last   Offset  Spread History", style);
    for (uint32_t i = 0; i < count; i++) {
        if (i == MAX_ROWS || (int)i >= rows - SPARE_LINES) {
            printf("and %u more", (unsigned)(count - i));
            break;
        }
        if (!draw_source(top, i, columns))
            return false;
    }
    printf("\033[%d;1Hq: leave", rows);
    return true;
}

/* The same for what is no terminal. */
static bool print_line(struct top *top) {
    struct summary summary;
    char buffer[256], date[TIME_TEXT_SIZE];
    struct text text;
    text_init(&text, buffer, sizeof(buffer));
    summary_take(&top->session->client, &summary);
    summary_print(&summary, &text);
    printf("%s %s\n", time_format(ns_floor_seconds(system_clock_read()), ' ', date), buffer);
    top->answered = false;
    return summary.answered;
}

/* Until the next drawing is due. False: leave. */
static bool wait_for_key(void) {
    int key = terminal_read(REFRESH);
    return key != 'q' && key != TERMINAL_END && !chronyc_stop;
}

enum chronyc_outcome chronyc_top(struct chronyc *session, const struct chronyc_command *command,
                                 char *arguments) {
    struct top top = {.session = session, .utf8 = terminal_is_utf8()};
    bool live = !session->csv && terminal_is_able() && terminal_begin();
    if (live) {
        fflush(stdout);
        setvbuf(stdout, NULL, _IOFBF, BUFSIZ); /* what is written at once does not flicker */
        fputs(ENTER_SCREEN, stdout);
    }
    if (session->json)
        json_begin_list(session->json);
    bool going = true, drawn = true;
    while (going && drawn && !ferror(stdout)) {
        drawn = live           ? draw(&top)
                : session->csv ? chronyc_report(session, command, arguments) == CHRONYC_DONE
                               : print_line(&top);
        going = drawn && (live ? wait_for_key() : chronyc_sleep(REFRESH / 1000.0));
    }
    if (live) {
        fputs(LEAVE_SCREEN, stdout);
        fflush(stdout);
        terminal_end();
    }
    if (!drawn && !chronyc_stop && !session->csv)
        chronyc_tell(session, command->request, top.answered ? &top.answer : NULL, false);
    return drawn || chronyc_stop ? CHRONYC_DONE : CHRONYC_FAILED;
}
