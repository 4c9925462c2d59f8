/* The terminal as a device: keys one by one, its size, what it can show. What terminal_begin()
 * changes, terminal_end() puts back; signals are caught by chronyc, so every way out comes by it.
 */
#ifndef CHRONOBOX_APPLETS_CHRONYC_TERMINAL_H
#define CHRONOBOX_APPLETS_CHRONYC_TERMINAL_H

#include <stdbool.h>

/* stdout leads to a terminal that knows control sequences. */
bool terminal_is_able(void);
bool terminal_is_utf8(void);

/* Of stdout; 80 by 24 when it does not say. */
void terminal_size(int *columns, int *rows);

/* Keys come at once and are not echoed; Ctrl-C is still a signal. False: stdin is no
 * terminal. */
bool terminal_begin(void);
void terminal_end(void);

/* The next byte within so many milliseconds (-1 = whenever it comes). Flushes stdout before it
 * waits. */
#define TERMINAL_NOTHING (-1) /* or a signal */
#define TERMINAL_END     (-2)
int terminal_read(int timeout);

#endif
