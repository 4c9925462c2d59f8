/* A line typed by a person: arrows, Home and End, Ctrl-A B D E F K L N P U W, history, completion.
 */
#ifndef CHRONOBOX_APPLETS_CHRONYC_EDIT_H
#define CHRONOBOX_APPLETS_CHRONYC_EDIT_H

#include "applets/chronyc/chronyc.h"

/* Shows the prompt and fills line. False: Ctrl-D in an empty line, a signal, or the terminal is
 * gone. The terminal is as before in any case. */
bool edit_line(struct chronyc *session, const char *prompt, char line[CHRONYC_LINE_SIZE]);

/* complete.c: what can stand behind the `cursor` bytes of line. addition: what all possibilities
 * have in common from there on, "" = nothing; listed: there are several, and they were printed. */
#define COMPLETION_SIZE 256
bool chronyc_complete(struct chronyc *session, const char *line, size_t cursor,
                      char addition[COMPLETION_SIZE]);

#endif
