/* The tree of access rules. A node is 16 bits: the block of its 16 children and what was said about
 * the node itself. Blocks lie in one array that grows only when a rule is set; pruned blocks are
 * used again. Two prefixes that end within the same four bits are both spread over the nodes of
 * that level, so there the later rule wins, whatever its length. */
#include "core/ntp/access.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL_BITS     4
#define BLOCK_NODES    16
#define MAX_BLOCKS     (ACCESS_MAX_NODES / BLOCK_NODES)
#define INITIAL_BLOCKS 8

enum node_state { NODE_AS_PARENT = 0, NODE_ALLOW = 1, NODE_DENY = 2 };

/* Block 0 holds the roots, so as a child it means "none". */
enum { ROOT_IPV4, ROOT_IPV6 };

struct access {
    uint16_t *nodes;
    unsigned used, capacity; /* blocks */
    unsigned free_block;     /* first of the pruned ones, each links to the next; 0 = none */
    unsigned free_count;
};

static enum node_state node_state(uint16_t node) {
    return (enum node_state)(node & 3);
}

static unsigned node_children(uint16_t node) {
    return node >> 2;
}

static uint16_t node_make(unsigned children, enum node_state state) {
    return (uint16_t)(children << 2 | state);
}

struct access *access_new(void) {
    struct access *access = calloc(1, sizeof(*access));

    if (access == NULL)
        return NULL;
    access->nodes = calloc((size_t)INITIAL_BLOCKS * BLOCK_NODES, sizeof(*access->nodes));
    if (access->nodes == NULL) {
        free(access);
        return NULL;
    }
    access->capacity = INITIAL_BLOCKS;
    access->used = 1;
    return access;
}

void access_free(struct access *access) {
    if (access != NULL)
        free(access->nodes);
    free(access);
}

static int family_bits(int family) {
    return family == ADDRESS_IPV4 ? 32 : family == ADDRESS_IPV6 ? 128 : 0;
}

static unsigned family_root(int family) {
    return family == ADDRESS_IPV4 ? ROOT_IPV4 : ROOT_IPV6;
}

static unsigned nibble(const struct address *address, int level) {
    return address->bytes[level / 2] >> (level % 2 == 0 ? LEVEL_BITS : 0) & (BLOCK_NODES - 1);
}

/* Makes sure that `count` blocks can be taken. */
static bool reserve_blocks(struct access *access, unsigned count) {
    unsigned capacity = access->capacity;
    uint16_t *nodes;

    while (access->free_count + capacity - access->used < count && capacity < MAX_BLOCKS)
        capacity *= 2;
    if (access->free_count + capacity - access->used < count)
        return false;
    if (capacity == access->capacity)
        return true;
    nodes = realloc(access->nodes, (size_t)capacity * BLOCK_NODES * sizeof(*nodes));
    if (nodes == NULL)
        return false;
    access->nodes = nodes;
    access->capacity = capacity;
    return true;
}

static unsigned take_block(struct access *access) {
    unsigned block = access->free_block;

    if (block != 0) {
        access->free_block = access->nodes[block * BLOCK_NODES];
        access->free_count--;
    } else {
        block = access->used++;
    }
    memset(&access->nodes[block * BLOCK_NODES], 0, BLOCK_NODES * sizeof(*access->nodes));
    return block;
}

/* Frees everything below a node; the depth is that of an address, at most 32. */
static void prune(struct access *access, unsigned node) {
    unsigned block = node_children(access->nodes[node]);

    if (block == 0)
        return;
    for (unsigned i = 0; i < BLOCK_NODES; i++)
        prune(access, block * BLOCK_NODES + i);
    access->nodes[block * BLOCK_NODES] = (uint16_t)access->free_block;
    access->free_block = block;
    access->free_count++;
    access->nodes[node] = node_make(0, node_state(access->nodes[node]));
}

static void set_node(struct access *access, unsigned node, bool allow, bool all) {
    if (all)
        prune(access, node);
    access->nodes[node] =
        node_make(node_children(access->nodes[node]), allow ? NODE_ALLOW : NODE_DENY);
}

/* Walks down `levels` levels of the prefix, making what is missing; the block whose nodes are the
 * last level. False: there is no room, and nothing was made. */
static bool find_block(struct access *access, const struct address *subnet, int levels,
                       unsigned *block) {
    unsigned node = family_root(subnet->family);
    int level = 0;

    while (level < levels - 1 && node_children(access->nodes[node]) != 0)
        node = node_children(access->nodes[node]) * BLOCK_NODES + nibble(subnet, level++);
    if (!reserve_blocks(access, (unsigned)(levels - level)))
        return false;
    for (;; level++) {
        if (node_children(access->nodes[node]) == 0)
            access->nodes[node] = node_make(take_block(access), node_state(access->nodes[node]));
        *block = node_children(access->nodes[node]);
        if (level == levels - 1)
            return true;
        node = *block * BLOCK_NODES + nibble(subnet, level);
    }
}

bool access_set(struct access *access, const struct address *subnet, int bits, bool allow,
                bool all) {
    int levels = (bits + LEVEL_BITS - 1) / LEVEL_BITS;
    unsigned block, first, siblings;

    if (bits < 0 || bits > family_bits(subnet->family) || subnet->family == ADDRESS_ID)
        return false;
    if (bits == 0) {
        if (subnet->family != ADDRESS_IPV6)
            set_node(access, ROOT_IPV4, allow, all);
        if (subnet->family != ADDRESS_IPV4)
            set_node(access, ROOT_IPV6, allow, all);
        return true;
    }
    if (!find_block(access, subnet, levels, &block))
        return false;
    siblings = 1U << (levels * LEVEL_BITS - bits);
    first = nibble(subnet, levels - 1) & ~(siblings - 1);
    for (unsigned i = 0; i < siblings; i++)
        set_node(access, block * BLOCK_NODES + first + i, allow, all);
    return true;
}

bool access_allowed(const struct access *access, const struct address *address) {
    enum node_state state = NODE_DENY;
    unsigned node = family_root(address->family);

    if (family_bits(address->family) == 0)
        return false;
    for (int level = 0;; level++) {
        uint16_t value = access->nodes[node];

        if (node_state(value) != NODE_AS_PARENT)
            state = node_state(value);
        if (node_children(value) == 0)
            return state == NODE_ALLOW;
        node = node_children(value) * BLOCK_NODES + nibble(address, level);
    }
}

/* A node with children is nothing by itself: they cover all its addresses. */
static bool any_allowed(const struct access *access, unsigned node, enum node_state inherited) {
    unsigned block = node_children(access->nodes[node]);
    enum node_state state = node_state(access->nodes[node]);

    if (state == NODE_AS_PARENT)
        state = inherited;
    if (block == 0)
        return state == NODE_ALLOW;
    for (unsigned i = 0; i < BLOCK_NODES; i++) {
        if (any_allowed(access, block * BLOCK_NODES + i, state))
            return true;
    }
    return false;
}

bool access_any_allowed(const struct access *access, int family) {
    if (family_bits(family) == 0)
        return false;
    return any_allowed(access, family_root(family), NODE_DENY);
}
