/* SPDX-License-Identifier: MIT */
/* What the tests of pipe and channel share: blocks that count themselves and can run out at the n-th call. */
#ifndef LEAT_PIPE_SUPPORT_H
#define LEAT_PIPE_SUPPORT_H

#include <leat/base.h>

#include "test.h"

/* Returns a number from 0 to below - 1. */
static inline uint64_t random_below(uint64_t *state, uint64_t below)
{
    return test_random(state) % below;
}

/* Returns `usual`, or LEAT_TEST_ITEMS when that is smaller. */
static inline int64_t items_at_most(int64_t usual)
{
    int64_t asked = test_items(usual);
    return asked < usual ? asked : usual;
}

/* Blocks from malloc. */
struct counted_blocks {
    LEAT_ATOMIC(int64_t) live;
    LEAT_ATOMIC(int64_t) allocs;  /* calls so far, failed ones too */
    LEAT_ATOMIC(int64_t) fail_at; /* this call fails; 0: none */
    bool sticky;                  /* and all that follow */
    int64_t block_bytes;
};

static inline void *counted_alloc(void *context)
{
    struct counted_blocks *blocks = context;
    int64_t call = leat_add(&blocks->allocs, 1, relaxed) + 1; /* relaxed, as all here: counters only */
    int64_t fail_at = leat_load(&blocks->fail_at, relaxed);
    if (fail_at != 0 && (call == fail_at || (blocks->sticky && call > fail_at))) {
        return NULL;
    }
    (void)leat_add(&blocks->live, 1, relaxed);
    return malloc((size_t)blocks->block_bytes);
}

static inline void counted_free(void *context, void *block)
{
    struct counted_blocks *blocks = context;
    (void)leat_sub(&blocks->live, 1, relaxed);
    free(block);
}

/* Returns blocks of that size; `counted` must outlive them. */
static inline struct leat_blocks counted_blocks(struct counted_blocks *counted, int64_t block_bytes)
{
    leat_store(&counted->live, 0, relaxed);
    leat_store(&counted->allocs, 0, relaxed);
    leat_store(&counted->fail_at, 0, relaxed);
    counted->sticky = false;
    counted->block_bytes = block_bytes;
    return (struct leat_blocks){.alloc = counted_alloc, .free = counted_free, .context = counted, .block_bytes = block_bytes};
}

#endif
