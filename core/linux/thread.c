/* Threads (thread.h). */
#include "core/linux/thread.h"

#include <pthread.h>
#include <signal.h>

/* The C library's resolver keeps its packets on the stack; only pages that are touched cost
 * memory. */
#define STACK_SIZE (256 * 1024)

bool thread_start(void *(*run)(void *argument), void *argument) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int error;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's business */
    error = pthread_create(&thread, &attributes, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error == 0;
}
