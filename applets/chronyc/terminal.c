/* termios, and the three variables that say what a terminal can show. */
#include "applets/chronyc/terminal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios cooked;

bool terminal_is_able(void) {
    const char *kind = getenv("TERM");
    return isatty(STDOUT_FILENO) && kind && strcmp(kind, "dumb") != 0;
}

bool terminal_is_utf8(void) {
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *locale = NULL;
    for (int i = 0; i < 3 && !(locale && *locale); i++)
        locale = getenv(variables[i]);
    return locale && (strstr(locale, "UTF-8") || strstr(locale, "utf8"));
}

void terminal_size(int *columns, int *rows) {
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row;
    *columns = known ? size.ws_col : 80;
    *rows = known ? size.ws_row : 24;
}

bool terminal_begin(void) {
    if (tcgetattr(STDIN_FILENO, &cooked) != 0)
        return false;
    struct termios raw = cooked;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* nobody would put the terminal back */
    return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void terminal_end(void) {
    tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
}

int terminal_read(int timeout) {
    struct pollfd entry = {.fd = STDIN_FILENO, .events = POLLIN};
    unsigned char byte;
    if (timeout)
        fflush(stdout);
    if (poll(&entry, 1, timeout) <= 0)
        return TERMINAL_NOTHING;
    return read(STDIN_FILENO, &byte, 1) == 1 ? byte : TERMINAL_END;
}
