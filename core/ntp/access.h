/* Who may ask: a tree over address prefixes, four bits a level (as chrony has them: order and
 * longest-prefix semantics). */
#ifndef CHRONOBOX_NTP_ACCESS_H
#define CHRONOBOX_NTP_ACCESS_H

#include <stdbool.h>

#include "core/base/address.h"

struct access;

#define ACCESS_MAX_NODES 65536

struct access *access_new(void);
void access_free(struct access *access);

/* subnet family NONE (bits 0): everything of both families. all: prunes what lies below. False:
 * bits out of range for the family, or ACCESS_MAX_NODES reached. */
bool access_set(struct access *access, const struct address *subnet, int bits, bool allow,
                bool all);

bool access_allowed(const struct access *access, const struct address *address);

/* Whether any address of the family is allowed: the server's socket exists only then. */
bool access_any_allowed(const struct access *access, int family);

#endif
