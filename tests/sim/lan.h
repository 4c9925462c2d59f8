/* The world of most tests: servers with perfect clocks, one client that asks them all. */
#ifndef CHRONOBOX_TESTS_SIM_LAN_H
#define CHRONOBOX_TESTS_SIM_LAN_H

#include "tests/sim/sim.h"

/* Nodes 0 to servers - 1 serve at stratum 1; node `servers` is the client, with options on each of
 * its server lines. Delays: 0.1 ms each way and 0.1 ms of jitter. The client's messages that tests
 * look for are counted. */
struct sim *lan_new(uint64_t seed, int servers, const char *options);
struct sim_node *lan_client(struct sim *sim);

/* Runs to `to` and gives the largest error (s) of a node's system clock, and the mean square (s^2),
 * of the seconds since `from`. */
double lan_worst(struct sim_node *node, double from, double to);
double lan_mean_square(struct sim_node *node, double from, double to);

/* s after the start from which on the error stays below limit until `to`. */
double lan_settled(struct sim_node *node, double limit, double to);

#endif
