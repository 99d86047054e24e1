/* SPDX-License-Identifier: MIT */
/*
 * The way of every call in a pool that zeroes, checks, tracks, or stands under a memory checker.
 *
 * Checking. A block's state is kept out of line. A free moves it from LIVE to FREE by compare-and-swap, so of two that free one block at
 * the same time one fails. While a block is free all its bytes have one value, and so have those behind its end at all times: what was
 * written after a free is found at the next allocation, what was written beyond the end at the free. Under a memory checker that sees
 * every access itself, only the state is looked at.
 *
 * Edge "state". Who frees a block moves its state (acq_rel) before the block goes into a cache; who gets it from there has that cache's
 * edges, so reads the state as it was left.
 */
#include "pool_private.h"

enum block_state { NEW, FREE, LIVE, ASIDE };

#define FREE_BYTE 0xdd
#define GUARD_BYTE 0xbd

void leat_pool_tell(const struct pool *pool, enum leat_watch event, void *memory, int64_t bytes)
{
    if (pool->host.watch)
        pool->host.watch(pool->host.context, event, &pool->head, memory, bytes);
}

/* ---- shadows ---- */

/* With the token: the slab has the arrays that the pool wants, marks too if it is to be tracked; or false: no memory. */
bool leat_pool_shadow(struct pool *pool, struct slab *slab, bool track)
{
    if (!pool->checked && !track)
        return true;
    if (!slab->shadow)
        slab->shadow = leat_pool_carve(pool, sizeof *slab->shadow);
    struct shadow *shadow = slab->shadow;
    if (!shadow)
        return false;
    if (pool->checked && !shadow->state)
        shadow->state = leat_pool_carve(pool, pool->slab_blocks * sizeof shadow->state[0]);
    if (track && !shadow->marks)
        shadow->marks = leat_pool_carve(pool, pool->slab_blocks * sizeof shadow->marks[0]);
    if ((pool->checked && !shadow->state) || (track && !shadow->marks))
        return false;
    for (size_t i = 0; shadow->state && leat_load(&slab->base, relaxed) == 0 && i < pool->slab_blocks; i++)
        leat_store(&shadow->state[i], NEW, relaxed); /* an idle descriptor's: index_put() publishes it */
    return true;
}

/* The slab in which an address lies, or NULL. */
static struct slab *slab_of(struct pool *pool, const void *block)
{
    struct slab *slab = leat_pool_slab_seek(pool, block);
    if (!slab) {
        leat_pool_take(&pool->token, &pool->host);
        slab = leat_pool_slab_seek(pool, block);
        leat_pool_give(&pool->token);
    }
    return slab;
}

/* ---- misuse ---- */

static void fault(struct pool *pool, const struct slab *slab, enum leat_fault_kind kind, const void *block, const void *place)
{
    struct leat_fault found = {.kind = kind, .object = &pool->head, .block = block, .places = {place}};
    if (slab)
        leat_pool_recall(pool, slab, block, found.places + 1, 3);
    leat_pool_probe_fault(pool, (int)kind, block);
    if (pool->host.fault)
        pool->host.fault(pool->host.context, &found);
}

/* The caller holds the block, and nobody will from now on. */
static void set_aside(struct pool *pool, const struct slab *slab, const void *block)
{
    leat_store(&slab->shadow->state[leat_pool_place_of(pool, slab, block)], ASIDE, relaxed);
    if (leat_load(&pool->tracks, acquire)) /* edge "tracks" */
        leat_pool_forget(pool, slab, block);
    (void)leat_add(&pool->set_aside, (size_t)1, relaxed); /* read where all calls are over, or by people */
}

/* By words, whose lengths need not be whole. */
static bool all_are(const unsigned char *bytes, size_t count, unsigned char value)
{
    uint64_t wrong = 0, all = value * UINT64_C(0x0101010101010101), word;
    size_t i = 0;
    for (; i + sizeof word <= count; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        wrong |= word ^ all;
    }
    for (; i < count; i++)
        wrong |= bytes[i] ^ value;
    return wrong == 0;
}

static bool guard_is_whole(const struct pool *pool, const unsigned char *block)
{
    size_t usable = (size_t)pool->head.block_bytes;
    return all_are(block + usable, pool->block_bytes - usable, GUARD_BYTE);
}

/* ---- alloc ---- */

/* A block that was free is fit to be served; false: it was written to, and is set aside. */
static bool check_free_block(struct pool *pool, const struct slab *slab, unsigned char *block, const void *place)
{
    LEAT_ATOMIC(uint32_t) *state = &slab->shadow->state[leat_pool_place_of(pool, slab, block)];
    size_t usable = (size_t)pool->head.block_bytes;
    if (!pool->host.watch) {
        if (leat_load(state, relaxed) == NEW) { /* edge "state": the block is the caller's alone */
            memset(block + usable, GUARD_BYTE, pool->block_bytes - usable);
        } else if (!all_are(block, usable, FREE_BYTE) || !guard_is_whole(pool, block)) {
            fault(pool, slab, LEAT_FAULT_USE_AFTER_FREE, block, place);
            set_aside(pool, slab, block);
            return false;
        }
    }
    leat_store(state, LIVE, relaxed); /* whoever frees it got it from the caller */
    return true;
}

/* A block just taken out of the pool is ready for the caller. */
bool leat_pool_watch_serve(struct pool *pool, struct cache *cache, void *block, const void *place)
{
    bool track = leat_load(&pool->tracks, acquire) != NULL; /* edge "tracks" */
    const struct slab *slab = pool->checked || track ? slab_of(pool, block) : NULL;
    if (pool->checked && !check_free_block(pool, slab, block, place))
        return false;
    leat_pool_tell(pool, LEAT_WATCH_ALLOC, block, pool->head.block_bytes);
    if (track)
        leat_pool_remember(pool, cache, slab, block, place);
    if (pool->zero)
        memset(block, 0, (size_t)pool->head.block_bytes);
    return true;
}

void *leat_pool_watch_alloc(struct pool *pool, struct leat_pool_cache *head, const void *place)
{
    struct cache *cache = leat_pool_cache_of(pool, head);
    void *block = leat_pool_cache_get(pool, cache);
    while (block && !leat_pool_watch_serve(pool, cache, block, place))
        block = leat_pool_cache_get(pool, cache);
    return block;
}

/* ---- free ---- */

/* Returns whether the caller may give this address back, and has it as a free block then. */
static bool check_live_block(struct pool *pool, const struct slab *slab, unsigned char *block, const void *place)
{
    /* A live block's slab does not change; that of another may be on its way out, so its base is read once. */
    uintptr_t base = slab ? leat_load(&slab->base, relaxed) : 0;
    size_t at = slab ? leat_pool_place(pool, base, block) : pool->slab_blocks;
    if (at == pool->slab_blocks) {
        fault(pool, NULL, LEAT_FAULT_FOREIGN_BLOCK, block, place);
        return false;
    }
    if (base + leat_pool_offset(pool, at) != (uintptr_t)block) {
        fault(pool, slab, LEAT_FAULT_INTERIOR_BLOCK, block, place);
        return false;
    }
    LEAT_ATOMIC(uint32_t) *state = &slab->shadow->state[at];
    uint32_t was = LIVE;
    if (!leat_cas(state, &was, FREE, acq_rel, acquire)) { /* edge "state" */
        fault(pool, slab, was == NEW ? LEAT_FAULT_FOREIGN_BLOCK : LEAT_FAULT_DOUBLE_FREE, block, place);
        return false;
    }
    if (pool->host.watch)
        return true;
    if (!guard_is_whole(pool, block)) {
        fault(pool, slab, LEAT_FAULT_OVERFLOW, block, place);
        set_aside(pool, slab, block);
        return false;
    }
    memset(block, FREE_BYTE, (size_t)pool->head.block_bytes);
    return true;
}

void leat_pool_watch_free(struct pool *pool, struct leat_pool_cache *head, void *block, const void *place)
{
    bool track = leat_load(&pool->tracks, acquire) != NULL; /* edge "tracks" */
    const struct slab *slab = pool->checked || track ? slab_of(pool, block) : NULL;
    if (pool->checked && !check_live_block(pool, slab, block, place))
        return;
    if (track)
        leat_pool_forget(pool, slab, block);
    leat_pool_tell(pool, LEAT_WATCH_FREE, block, pool->head.block_bytes);
    leat_pool_cache_put(pool, leat_pool_cache_of(pool, head), block);
}

/* With the token: a misuse was found in that block. */
bool leat_pool_is_aside(const struct slab *slab, size_t index)
{
    return leat_load(&slab->shadow->state[index], relaxed) == ASIDE; /* it stays so */
}
