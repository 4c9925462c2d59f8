/* A thread beside the main one. */
#ifndef CHRONOBOX_LINUX_THREAD_H
#define CHRONOBOX_LINUX_THREAD_H

#include <stdbool.h>

/* Runs run(argument) in a thread that no signal interrupts and nobody joins. */
bool thread_start(void *(*run)(void *argument), void *argument);

#endif
