/* What entrypoint does for the process 1 of a machine (init.c). */
#ifndef CHRONOBOX_APPLETS_ENTRYPOINT_H
#define CHRONOBOX_APPLETS_ENTRYPOINT_H

/* Keeps "chronyd -d" running with the arguments behind "chronyd", however often it ends, and buries
 * every other child. argv: as of entrypoint. Returns the signal that ended it. */
int entrypoint_keep_daemon(int argc, char **argv);

#endif
