/* core/libc's malloc: blocks do not overlap, keep what they hold, come back when freed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/libc/compact.h"

#define ROUNDS  200000
#define HOLDERS 200
#define THREADS 4

/* xorshift64*, from a fixed seed. */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* A block and what it was filled with. */
struct holder {
    uint8_t *block;
    size_t size;
    uint8_t pattern;
};

static bool is_intact(const struct holder *holder, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (holder->block[i] != holder->pattern)
            return false;
    return true;
}

/* Mostly small, some of a page or two, some beyond the regions. */
static size_t random_size(uint64_t *seed) {
    uint64_t random = next_random(seed);

    return random % 100 < 80   ? random / 128 % 300
           : random % 100 < 98 ? random / 128 % 9000
                               : random / 128 % 100000;
}

/* false: something was not as it had been left. */
static bool use_heap(uint64_t seed, int rounds) {
    struct holder holders[HOLDERS] = {{0}};
    bool intact = true;

    for (int i = 0; i < rounds && intact; i++) {
        struct holder *holder = &holders[next_random(&seed) % HOLDERS];
        size_t size = random_size(&seed), kept = size < holder->size ? size : holder->size;
        uint64_t choice = next_random(&seed) % 8;

        intact = is_intact(holder, holder->size);
        if (choice == 0 && holder->block != NULL) {
            holder->block = compact_realloc(holder->block, size);
            intact = intact && is_intact(holder, kept);
        } else {
            compact_free(holder->block);
            *holder = (struct holder){0};
            if (choice < 3)
                continue;
            holder->block = choice == 3 ? compact_calloc(1, size) : compact_malloc(size);
            intact = intact && (choice != 3 || is_intact(holder, size));
        }
        if (holder->block == NULL || (uintptr_t)holder->block % 16 != 0)
            return false;
        holder->size = size;
        holder->pattern = (uint8_t)next_random(&seed);
        memset(holder->block, holder->pattern, size);
    }
    for (int i = 0; i < HOLDERS; i++) {
        intact = intact && is_intact(&holders[i], holders[i].size);
        compact_free(holders[i].block);
    }
    return intact;
}

static void blocks_keep_what_they_hold(void **state) {
    (void)state;
    assert_true(use_heap(1, ROUNDS));
}

static void *use_heap_in_a_thread(void *seed) {
    return use_heap(*(const uint64_t *)seed, ROUNDS / 4) ? seed : NULL;
}

static void threads_share_the_heap(void **state) {
    uint64_t seeds[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        seeds[i] = 100 + (uint64_t)i;
        assert_int_equal(pthread_create(&threads[i], NULL, use_heap_in_a_thread, &seeds[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *result;

        pthread_join(threads[i], &result);
        assert_ptr_equal(result, &seeds[i]);
    }
}

/* Once there are regions enough, the same requests get the same blocks every time. */
static void freed_blocks_join_and_are_used_again(void **state) {
    enum { BLOCKS = 1000, TURNS = 4 };
    static void *blocks[TURNS][BLOCKS];

    (void)state;
    for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < BLOCKS; i++) {
            blocks[turn][i] = compact_malloc((size_t)(i * 37 % 2000));
            assert_non_null(blocks[turn][i]);
        }
        for (int i = 0; i < BLOCKS; i += 2)
            compact_free(blocks[turn][i]);
        for (int i = BLOCKS - 1; i > 0; i -= 2)
            compact_free(blocks[turn][i]);
        if (turn > 1)
            assert_memory_equal(blocks[turn], blocks[1], sizeof(blocks[1]));
    }
}

static void nothing_is_a_block_too(void **state) {
    void *a = compact_malloc(0), *b = compact_malloc(0), *c = compact_calloc(0, 5);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    assert_ptr_not_equal(a, b);
    assert_ptr_not_equal(b, c);
    compact_free(a);
    compact_free(b);
    compact_free(c);
    compact_free(NULL);
    a = compact_realloc(NULL, 10);
    assert_non_null(a);
    compact_free(a);
}

static void too_much_is_refused(void **state) {
    volatile size_t most = SIZE_MAX, half = (size_t)1 << 63;
    void *block = compact_malloc(100);

    (void)state;
    memset(block, 7, 100);
    errno = 0;
    assert_null(compact_malloc(most));
    assert_int_equal(errno, ENOMEM);
    assert_null(compact_malloc(most - 15));
    assert_null(compact_malloc(half));
    assert_null(compact_malloc(half - 1));
    assert_null(compact_calloc(half, 2));
    assert_null(compact_calloc(most / 3, 4));
    errno = 0;
    assert_null(compact_realloc(block, most));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(((char *)block)[99], 7);
    compact_free(block);
}

/* The engine and the client log take megabytes and touch what they need. */
static void untouched_pages_of_a_large_block_take_no_memory(void **state) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = 64 << 20, resident = 0;
    unsigned char *present = malloc(size / page);
    uint8_t *block = compact_calloc(1, size), *first = block + page - (uintptr_t)block % page;

    (void)state;
    assert_non_null(block);
    assert_int_equal(block[size / 2], 0);
    assert_int_equal(mincore(first, size - page, present), 0);
    for (size_t i = 0; i < size / page - 1; i++)
        resident += present[i] & 1;
    assert_true(resident < 1024);
    compact_free(block);
    free(present);
}

static void a_large_block_can_grow_and_shrink(void **state) {
    size_t size = 50000;
    uint8_t *block = compact_malloc(size);

    (void)state;
    memset(block, 3, size);
    for (int i = 0; i < 6; i++) {
        block = compact_realloc(block, size * 2);
        assert_non_null(block);
        assert_int_equal(block[0], 3);
        assert_int_equal(block[size - 1], 3);
        memset(block, 3, size * 2);
        size *= 2;
    }
    block = compact_realloc(block, 10);
    assert_int_equal(block[9], 3);
    compact_free(block);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_keep_what_they_hold),
        cmocka_unit_test(threads_share_the_heap),
        cmocka_unit_test(freed_blocks_join_and_are_used_again),
        cmocka_unit_test(nothing_is_a_block_too),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(untouched_pages_of_a_large_block_take_no_memory),
        cmocka_unit_test(a_large_block_can_grow_and_shrink),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
