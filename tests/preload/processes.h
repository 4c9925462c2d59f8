/* The processes of a world: starting, one running at a time, ending. */
#ifndef CHRONOBOX_TESTS_PRELOAD_PROCESSES_H
#define CHRONOBOX_TESTS_PRELOAD_PROCESSES_H

#include "tests/preload/coordinator.h"

void process_share(struct coordinator *world); /* the memory that nodes will share */
void process_unshare(struct coordinator *world);
/* Starts the node's command and lets it run until it waits. */
void process_start(struct coordinator *world, int number);
void process_tell(struct world_node *node, const struct world_message *message);
/* Lets it run on, until it waits again or has left. */
void process_resume(struct coordinator *world, int number, enum world_message_kind kind);
/* Asks it to end; kills it when it does not, or not `gently`. */
void process_end(struct coordinator *world, int number, bool gently);
/* It left in another way than by exit(), or not at all; said once on standard error. */
bool process_failed(struct coordinator *world, int number);

/* From a running node (coordinator.c). */
void world_take_packet(struct coordinator *world, const struct world_message *message);

#endif
