/* malloc: memory is taken when the program starts and when its configuration changes, never in
 * between, so a short program is worth more than a quick one. Blocks lie behind each other in
 * regions; the first free one that is large enough is taken, and neighbours that are free are
 * joined in passing. Large blocks are mappings of their own: pages that nobody touches cost
 * nothing, and what is given back is gone at once. */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/libc/compact.h"

#define UNIT        16 /* what every address is a multiple of */
#define REGION_SIZE (128 * 1024)
#define LARGE       (32 * 1024)

/* In the lowest bits of a size */
#define USED   1u
#define MAPPED 2u

/* size: with this header; that of a region's last block is 0 (and used). */
struct block {
    _Alignas(UNIT) size_t size;
    struct block *next_region; /* of a last block */
};

static struct block *regions;
static atomic_flag busy = ATOMIC_FLAG_INIT;

static void lock(void) {
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
        sched_yield();
}

static void unlock(void) {
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

static size_t size_of(const struct block *block) {
    return block->size & ~(size_t)(USED | MAPPED);
}

static struct block *behind(struct block *block, size_t size) {
    return (struct block *)(void *)((char *)block + size);
}

static struct block *map(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

static struct block *find(size_t size) {
    struct block *block = regions, *next;

    while (block != NULL) {
        if (size_of(block) == 0) {
            block = block->next_region;
            continue;
        }
        if ((block->size & USED) == 0) {
            while (next = behind(block, block->size), (next->size & USED) == 0)
                block->size += next->size;
            if (block->size >= size)
                return block;
        }
        block = behind(block, size_of(block));
    }
    return NULL;
}

static struct block *add_region(void) {
    struct block *block = map(REGION_SIZE), *last;

    if (block == NULL)
        return NULL;
    block->size = REGION_SIZE - sizeof(*block);
    last = behind(block, block->size);
    last->size = USED;
    last->next_region = regions;
    regions = block;
    return block;
}

static struct block *take(size_t size) {
    struct block *block = find(size);

    if (block == NULL)
        block = add_region();
    if (block == NULL)
        return NULL;
    if (block->size > size) {
        behind(block, size)->size = block->size - size;
        block->size = size;
    }
    block->size |= USED;
    return block;
}

static void *allocate(size_t size) {
    struct block *block;

    if (size > PTRDIFF_MAX - 2 * UNIT) {
        errno = ENOMEM;
        return NULL;
    }
    size = (size + sizeof(*block) + UNIT - 1) & ~(size_t)(UNIT - 1);
    if (size >= LARGE) {
        block = map(size);
        if (block != NULL)
            block->size = size | USED | MAPPED;
    } else {
        lock();
        block = take(size);
        unlock();
    }
    return block == NULL ? NULL : block + 1;
}

void *COMPACT(malloc)(size_t size) {
    return allocate(size);
}

void COMPACT(free)(void *memory) {
    struct block *block = memory;

    if (memory == NULL)
        return;
    block--;
    if ((block->size & USED) == 0)
        abort(); /* freed twice */
    if (block->size & MAPPED) {
        munmap(block, size_of(block));
        return;
    }
    lock();
    block->size &= ~(size_t)USED;
    unlock();
}

void *COMPACT(calloc)(size_t count, size_t size) {
    void *memory;

    if (__builtin_mul_overflow(count, size, &size))
        size = SIZE_MAX;
    memory = allocate(size);
    /* A mapping is zero, and its pages are better left untouched. */
    if (memory != NULL && (((struct block *)memory - 1)->size & MAPPED) == 0)
        memset(memory, 0, size);
    return memory;
}

void *COMPACT(realloc)(void *memory, size_t size) {
    size_t room = memory == NULL ? 0 : size_of((struct block *)memory - 1) - sizeof(struct block);
    void *moved;

    if (memory != NULL && size <= room)
        return memory;
    moved = allocate(size);
    if (moved != NULL && memory != NULL) {
        memcpy(moved, memory, room);
        COMPACT(free)(memory);
    }
    return moved;
}
