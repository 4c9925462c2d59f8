/* Symmetric keys of the daemon: its key file, read at the start and when chronyc says so. */
#ifndef CHRONOBOX_ENGINE_AUTHENTICATION_H
#define CHRONOBOX_ENGINE_AUTHENTICATION_H

struct engine;

/* Forgets the keys and reads the key file, if there is one configured. What is wrong with it is in
 * the log. */
void authentication_load(struct engine *engine);

#endif
