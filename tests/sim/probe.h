/* Asking a simulated daemon directly, without a network: NTP as a client, commands as chronyc. */
#ifndef CHRONOBOX_TESTS_SIM_PROBE_H
#define CHRONOBOX_TESTS_SIM_PROBE_H

#include "core/wire/control.h"
#include "core/wire/ntp.h"
#include "tests/sim/sim.h"

/* What the node serves at this moment; ns: the transmit time of the answer minus true time. False:
 * no answer. */
bool probe_ask(struct sim_node *node, struct ntp_header *answer, double *error);

/* A datagram from 192.168.0.254 to the node's server, whatever is in it; the answer's length, 0:
 * none. It is in node->reply. */
size_t probe_send(struct sim_node *node, const uint8_t *bytes, size_t length);

/* Whether an engine starts with the node's configuration; it is stopped at once. Before sim_run. */
bool probe_starts(struct sim_node *node);

/* A datagram to the node's control side, whatever is in it, over UDP from that address or (NULL)
 * over the Unix socket; the answer's length, 0: none. It is in node->reply. */
size_t probe_control(struct sim_node *node, const struct address *from, const uint8_t *bytes,
                     size_t length);

/* Sends a command over the Unix socket; arguments and results as of the command's layouts (NULL:
 * none). The run's timers are set anew. */
enum control_status probe_command(struct sim_node *node, unsigned command, const void *arguments,
                                  void *results);

#endif
