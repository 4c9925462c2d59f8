/* The line and its cursor are bytes; the cursor moves by characters of UTF-8, each taken for one
 * column. Of a line that is wider than the terminal the part around the cursor is shown. */
#include "applets/chronyc/edit.h"

#include <stdio.h>
#include <string.h>

#include "applets/chronyc/terminal.h"

#define HISTORY_SIZE 32 /* lines, the one that is typed included */
#define CONTROL(key) ((key)-0x40)
#define ESCAPE       0x1b
#define BACKSPACE    0x7f
#define DELETE       CONTROL(']') /* what the key is taken for, and the next: others */
#define NO_KEY       0

static char history[HISTORY_SIZE][CHRONYC_LINE_SIZE];
static int history_count;

struct edit {
    const char *prompt;
    char *line;
    size_t length, cursor;
    int place; /* in the history; history_count: the line is new */
};

static bool is_inside_character(const struct edit *edit, size_t at) {
    return at > 0 && at < edit->length && ((unsigned char)edit->line[at] & 0xc0) == 0x80;
}

static size_t before(const struct edit *edit, size_t at) {
    if (at > 0)
        at--;
    while (is_inside_character(edit, at))
        at--;
    return at;
}

static size_t after(const struct edit *edit, size_t at) {
    if (at < edit->length)
        at++;
    while (is_inside_character(edit, at))
        at++;
    return at;
}

static void redraw(const struct edit *edit) {
    int columns, rows, left = (int)strlen(edit->prompt), column = left;
    terminal_size(&columns, &rows);
    size_t start = edit->cursor, end = start;
    for (; start > 0 && column < columns - 1; column++)
        start = before(edit, start);
    for (int room = columns - 1 - column; end < edit->length && room > 0; room--)
        end = after(edit, end);
    printf("\r%s%.*s\033[K\r\033[%dC", edit->prompt, (int)(end - start), edit->line + start,
           column);
}

static void delete (struct edit *edit, size_t from, size_t to) {
    memmove(edit->line + from, edit->line + to, edit->length + 1 - to);
    edit->length -= to - from;
    edit->cursor = from;
}

static void insert(struct edit *edit, const char *text, size_t length) {
    if (edit->length + length >= CHRONYC_LINE_SIZE)
        return;
    memmove(edit->line + edit->cursor + length, edit->line + edit->cursor,
            edit->length + 1 - edit->cursor);
    memcpy(edit->line + edit->cursor, text, length);
    edit->length += length;
    edit->cursor += length;
}

static void recall(struct edit *edit, int place) {
    if (place < 0 || place > history_count)
        return;
    if (edit->place == history_count)
        strcpy(history[history_count], edit->line);
    edit->place = place;
    strcpy(edit->line, history[place]);
    edit->length = edit->cursor = strlen(edit->line);
}

static void remember(const char *line) {
    if (!*line || (history_count && strcmp(history[history_count - 1], line) == 0))
        return;
    if (history_count == HISTORY_SIZE - 1)
        memmove(history[0], history[1], sizeof(history[0]) * (size_t)--history_count);
    strcpy(history[history_count++], line);
}

static size_t word_start(const struct edit *edit) {
    size_t at = edit->cursor;
    while (at > 0 && edit->line[at - 1] == ' ')
        at--;
    while (at > 0 && edit->line[at - 1] != ' ')
        at--;
    return at;
}

/* The control character that means the same as the sequence of an arrow or another key. */
static int read_sequence(void) {
    static const char finals[] = "ABCDHF14738";
    static const char keys[] = {CONTROL('P'), CONTROL('N'), CONTROL('F'), CONTROL('B'),
                                CONTROL('A'), CONTROL('E'), CONTROL('A'), CONTROL('E'),
                                CONTROL('A'), DELETE,       CONTROL('E')};
    int byte = terminal_read(-1), number = 0;
    if (byte != '[' && byte != 'O')
        return NO_KEY;
    while ((byte = terminal_read(-1)) >= '0' && byte <= ';')
        number = byte;
    const char *found = strchr(finals, byte == '~' ? number : byte);
    return byte > 0 && found && *found ? keys[found - finals] : NO_KEY;
}

static void complete(struct chronyc *session, struct edit *edit) {
    char addition[COMPLETION_SIZE];
    if (!chronyc_complete(session, edit->line, edit->cursor, addition))
        putchar('\a');
    insert(edit, addition, strlen(addition));
}

/* False: the line is finished. */
static bool take_key(struct chronyc *session, struct edit *edit, int key) {
    char byte = (char)key;
    switch (key) {
    case '\r':
    case '\n':
        return false;
    case CONTROL('A'):
        edit->cursor = 0;
        break;
    case CONTROL('E'):
        edit->cursor = edit->length;
        break;
    case CONTROL('B'):
        edit->cursor = before(edit, edit->cursor);
        break;
    case CONTROL('F'):
        edit->cursor = after(edit, edit->cursor);
        break;
    case BACKSPACE:
    case CONTROL('H'):
        delete (edit, before(edit, edit->cursor), edit->cursor);
        break;
    case DELETE:
    case CONTROL('D'):
        delete (edit, edit->cursor, after(edit, edit->cursor));
        break;
    case CONTROL('K'):
        delete (edit, edit->cursor, edit->length);
        break;
    case CONTROL('U'):
        delete (edit, 0, edit->cursor);
        break;
    case CONTROL('W'):
        delete (edit, word_start(edit), edit->cursor);
        break;
    case CONTROL('L'):
        fputs("\033[H\033[J", stdout);
        break;
    case CONTROL('P'):
        recall(edit, edit->place - 1);
        break;
    case CONTROL('N'):
        recall(edit, edit->place + 1);
        break;
    case '\t':
        complete(session, edit);
        break;
    default:
        if (key >= ' ')
            insert(edit, &byte, 1);
    }
    return true;
}

bool edit_line(struct chronyc *session, const char *prompt, char line[CHRONYC_LINE_SIZE]) {
    struct edit edit = {.prompt = prompt, .line = line, .place = history_count};
    *line = '\0';
    if (!terminal_begin())
        return false;
    bool going = true, ended = false;
    while (going && !ended) {
        /* What is pasted is shown at its end. */
        int key = terminal_read(0);
        if (key == TERMINAL_NOTHING) {
            redraw(&edit);
            key = terminal_read(-1);
        }
        if (key == ESCAPE)
            key = read_sequence();
        ended = chronyc_stop || key < 0 || (key == CONTROL('D') && edit.length == 0);
        going = !ended && take_key(session, &edit, key);
    }
    if (!ended) {
        edit.cursor = edit.length;
        redraw(&edit);
        putchar('\n');
        remember(line);
    }
    fflush(stdout);
    terminal_end();
    return !ended;
}
