/* SPDX-License-Identifier: MIT */
/*
 * leat_pool_valid(): walks a quiet pool and checks the invariants of pool.h (I), pool_private.h (S, C) and depot.c (D).
 */
#include "pool_private.h"

static bool slab_is_known(const struct pool *pool, const struct slab *slab)
{
    const struct slab *at = pool->slabs;
    while (at && at != slab)
        at = at->older;
    return at != NULL;
}

/* Is `block` the start of a block of `slab` that was ever cut? */
static bool cut_from(const struct pool *pool, const struct slab *slab, const void *block)
{
    uintptr_t first = (uintptr_t)slab + pool->slab_start;
    uintptr_t at = (uintptr_t)block;
    return at >= first && at < (uintptr_t)slab->virgin && (at - first) % pool->block_bytes == 0;
}

/* S1. A list that runs in a circle is longer than the slab. */
static bool slab_valid(const struct pool *pool, const struct slab *slab)
{
    size_t blocks = (size_t)(slab->end - slab->virgin) / pool->block_bytes + slab->out;
    if (((uintptr_t)slab & (pool->slab_bytes - 1)) != 0 || slab->end != (const unsigned char *)slab + pool->slab_size ||
        slab->virgin > slab->end)
        return false;
    for (void *block = slab->first; block; block = *(void **)block)
        if (!cut_from(pool, slab, block) || ++blocks > pool->slab_blocks)
            return false;
    return blocks == pool->slab_blocks;
}

/* S2, and the sums. */
static bool slabs_valid(const struct pool *pool)
{
    size_t count = 0, out = 0, with_room = 0, on_list = 0;
    for (const struct slab *slab = pool->slabs; slab; slab = slab->older) {
        if (!slab_valid(pool, slab))
            return false;
        count++;
        out += slab->out;
        with_room += slab->first || slab->virgin < slab->end;
    }
    const struct slab *before = NULL;
    for (const struct slab *slab = pool->room; slab; before = slab, slab = slab->next)
        if (slab->before != before || !(slab->first || slab->virgin < slab->end) || ++on_list > with_room)
            return false;
    return count == pool->slab_count && out == pool->out && on_list == with_room && pool->peak >= out &&
           (pool->limit == 0 || pool->peak <= pool->limit);
}

/* Pointers to blocks that are out, none of them twice in one magazine. */
static bool magazine_valid(const struct pool *pool, void *const *items, uint32_t count)
{
    if (count > pool->capacity)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct slab *slab = leat_pool_slab_of(pool, items[i]);
        if (!slab_is_known(pool, slab) || !cut_from(pool, slab, items[i]))
            return false;
        for (uint32_t j = 0; j < i; j++)
            if (items[i] == items[j])
                return false;
    }
    return true;
}

/* C1, C2, I3. */
static bool cache_valid(const struct pool *pool, const struct cache *cache)
{
    uint32_t count = leat_load(&cache->head.count, acquire); /* edge "leave" */
    uint32_t behind = leat_load(&cache->behind, relaxed);    /* the pool is quiet; so for the rest */
    uint32_t low = leat_load(&cache->head.low, relaxed), high = leat_load(&cache->head.high, relaxed);
    bool open = low == 0 && high == pool->capacity, revoked = low == UINT32_MAX && high == 0;
    if (cache->head.pool != &pool->head || (count & LEAT_POOL_BUSY) || (cache->taken ? !revoked : !open && !revoked))
        return false;
    if (cache->taken || pool->tight || !cache->owner)
        return cache->taken;
    return (behind == 0 || behind == pool->capacity) && magazine_valid(pool, cache->head.items, count) &&
           magazine_valid(pool, cache->previous, behind);
}

/* What is shared by all who have no cache is never opened. */
static bool uncached_valid(const struct pool *pool)
{
    const struct leat_pool_cache *cache = &pool->uncached;
    return leat_load(&cache->count, relaxed) == 0 && leat_load(&cache->low, relaxed) == UINT32_MAX &&
           leat_load(&cache->high, relaxed) == 0 && !cache->items && cache->pool == &pool->head; /* relaxed: the pool is quiet */
}

static bool all_valid(const struct pool *pool)
{
    size_t open = 0;
    for (const struct cache *cache = pool->caches; cache; cache = cache->next) {
        if (!cache_valid(pool, cache))
            return false;
        open += cache->owner != NULL;
    }
    for (int i = 0; i < POOL_DEPOT_SLOTS; i++) {
        uintptr_t word = leat_load(&pool->depot[i], acquire); /* edge "magazine" */
        if ((word & POOL_FULL) && (pool->tight || !magazine_valid(pool, (void *const *)(word & ~POOL_FULL), pool->capacity)))
            return false; /* D1 */
    }
    size_t cached = (size_t)(leat_pool_caches_count(pool) + leat_pool_depot_count(pool));
    return open == pool->open && cached <= pool->out && slabs_valid(pool) && uncached_valid(pool);
}

bool leat_pool_valid(struct leat_pool *head)
{
    struct pool *pool = (struct pool *)head;
    leat_pool_take(&pool->token, &pool->host);
    bool valid = all_valid(pool);
    leat_pool_give(&pool->token);
    return valid;
}
