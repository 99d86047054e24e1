/* SPDX-License-Identifier: MIT */
/* pool.c: what a block costs. */
#include "work.h"

enum { OUT = 1000, BATCH = 64, BLOCK_BYTES = 64 };

static struct leat_pool *pool;
static struct leat_pool_cache *cache, *other;
static uint64_t *blocks[OUT];
static uint16_t order[OUT];

static void ready(void)
{
    pool = leat_cost_new_pool(BLOCK_BYTES);
    cache = leat_pool_cache_open(pool);
    other = leat_pool_cache_open(pool);
    uint64_t random = 1;
    for (unsigned i = 0; i < OUT; i++) { /* always the same shuffle */
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned j = (unsigned)(random >> 33) % (i + 1);
        order[i] = order[j];
        order[j] = (uint16_t)i;
    }
}

static void pair_handle(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        void *block = leat_pool_cache_alloc(cache);
        USE(block);
        leat_pool_cache_free(cache, block);
    }
}

static void pair_plain(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        void *block = leat_pool_alloc(pool);
        USE(block);
        leat_pool_free(pool, block);
    }
}

static void random_1000(int64_t count)
{
    for (int64_t n = 0; n < count; n += OUT) {
        for (unsigned i = 0; i < OUT; i++) {
            blocks[i] = leat_pool_cache_alloc(cache);
            REQUIRE(blocks[i] != NULL, "no block to be had");
            *blocks[i] = i;
        }
        for (unsigned i = 0; i < OUT; i++) {
            uint64_t *block = blocks[order[i]];
            REQUIRE(*block == order[i], "a block changed while it was out");
            leat_pool_cache_free(cache, block);
        }
    }
}

static void handover(int64_t count)
{
    for (int64_t n = 0; n < count; n += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            blocks[i] = leat_pool_cache_alloc(cache);
            REQUIRE(blocks[i] != NULL, "no block to be had");
        }
        for (int i = 0; i < BATCH; i++) {
            leat_pool_cache_free(other, blocks[i]);
        }
    }
}

static double memory_per_block(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        REQUIRE(leat_pool_cache_alloc(cache) != NULL, "no block to be had");
    }
    struct leat_pool_stats stats;
    leat_pool_stats(pool, &stats);
    REQUIRE(stats.live == count, "the pool counts its live blocks wrong");
    return (double)stats.bytes / (double)count;
}

static const struct operation operations[] = {
    {"pool-pair-handle", "64 B alloc + free by a cache's handle", ready, pair_handle, NULL, 1, false},
    {"pool-pair-plain", "64 B alloc + free by the plain calls", ready, pair_plain, NULL, 1, false},
    {"pool-random-1000", "64 B alloc + free, 1000 out, back in shuffled order", ready, random_1000, NULL, OUT, false},
    {"pool-handover", "64 B alloc from one cache, free into another, 64 at a time", ready, handover, NULL, 64 * BATCH, false},
    {"memory-pool-64", "bytes held per live block of 64 B", ready, NULL, memory_per_block, 1, false},
    {NULL, NULL, NULL, NULL, NULL, 0, false},
};
const struct operation *const leat_cost_pool = operations;
