/* The list of sources: configured names and their addresses, polling, responses, and selection. */
#ifndef CHRONOBOX_ENGINE_SOURCES_H
#define CHRONOBOX_ENGINE_SOURCES_H

#include "core/engine/state.h"

enum add_result {
    ADD_OK,
    ADD_IN_USE,
    ADD_TOO_MANY,
    ADD_INVALID_FAMILY,
    ADD_INVALID_NAME,
    ADD_NO_MEMORY
};

/* A server, peer or pool line: an address starts at once, a name when it is resolved. */
enum add_result sources_add(struct engine *engine, const struct source_config *config);
void sources_free(struct engine *engine);

void sources_resolved(struct engine *engine, int index, enum resolve_status status,
                      const struct address *addresses, int count);
/* Asks again at once for every name that has no address yet. */
void sources_resolve_now(struct engine *engine);
/* Asks again for every name: sources whose address it no longer has are replaced. */
void sources_refresh(struct engine *engine);

void sources_run(struct engine *engine, ns_t now);
ns_t sources_next(const struct engine *engine);

void sources_packet(struct engine *engine, struct source *source, const struct packet *packet);
void sources_sent(struct engine *engine, struct source *source, const struct packet *packet);

/* A packet of mode 1 or 2 that came to the server's port, and one that left from there: true, a
 * peer of ours sent it or was sent it, and it has been taken. */
bool sources_peer_packet(struct engine *engine, const struct packet *packet);
bool sources_peer_sent(struct engine *engine, const struct packet *packet);

/* The NTP clock changed at NTP time `when` by offset (s) and frequency (s/s): every history is
 * carried over. */
void sources_adjust(struct engine *engine, ns_t when, double frequency, double offset);

/* Says so and polls it once it has an address, or does not any more; nothing when it is so already.
 */
void sources_set_online(struct engine *engine, struct source *source, bool online);

/* Forgets every history. */
void sources_reset(struct engine *engine);

struct source *sources_find(struct engine *engine, const struct address *address);

/* "192.0.2.1 (name)" or "192.0.2.1" into text. */
#define SOURCE_TEXT_SIZE (CONFIG_MAX_NAME + ADDRESS_TEXT_SIZE + 4)
const char *sources_format(const struct engine *engine, const struct source *source, char *text);

/* selection.c: chooses among the sources; updated: the one with a new sample, NULL = none. */
void selection_run(struct engine *engine, struct source *updated);
/* Forgets the choice and chooses again. */
void selection_restart(struct engine *engine);

#endif
