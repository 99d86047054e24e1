/* SPDX-License-Identifier: MIT */
/*
 * leat_pool_valid(): walks a quiet pool and checks the invariants of pool.h (I), pool_private.h (S, C) and depot.c (D).
 */
#include "pool_private.h"

/* Is `block` the start of a block of `slab` that is out? */
static bool out_from(const struct pool *pool, const struct slab *slab, const void *block)
{
    return leat_pool_is_block(pool, slab, block) && !leat_pool_slab_is_free(slab, leat_pool_place_of(pool, slab, block));
}

/* S1, S3. */
static bool slab_valid(const struct pool *pool, const struct slab *slab)
{
    uintptr_t base = leat_load(&slab->base, relaxed); /* the pool is quiet; so for the rest */
    size_t blocks = slab->out;
    if (leat_pool_slab_base(pool, (void *)base) != base || leat_pool_slab_seek(pool, (void *)base) != slab)
        return false;
    for (size_t i = 0; i < (pool->slab_blocks + 63) / 64 * 64; i++)
        if (leat_pool_slab_is_free(slab, i) && (i < slab->first || ++blocks > pool->slab_blocks || i >= pool->slab_blocks))
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
        with_room += slab->out < pool->slab_blocks;
    }
    const struct slab *before = NULL;
    for (const struct slab *slab = pool->room; slab; before = slab, slab = slab->next)
        if (slab->before != before || slab->out == pool->slab_blocks || ++on_list > with_room)
            return false;
    return count == pool->slab_count && out == pool->out && on_list == with_room && pool->peak >= out &&
           (pool->limit == 0 || pool->peak <= pool->limit);
}

/* Pointers to blocks that are out, none of them twice. */
static bool items_valid(const struct pool *pool, void *const *items, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const struct slab *slab = leat_pool_slab_seek(pool, items[i]);
        if (!slab || !out_from(pool, slab, items[i]))
            return false;
        for (int64_t j = 0; j < i; j++)
            if (items[i] == items[j])
                return false;
    }
    return true;
}

/* C1, C2, I3. */
static bool cache_valid(const struct pool *pool, const struct cache *cache)
{
    int64_t count = leat_pool_cache_fill(cache), taken = leat_load(&cache->taken, relaxed);
    uintptr_t low = leat_load(&cache->head.low, relaxed), high = leat_load(&cache->head.high, relaxed);
    bool shut = leat_load(&cache->shut, relaxed) != 0;
    bool open = low == (uintptr_t)cache->items && high == (uintptr_t)(cache->items + 2 * pool->capacity);
    if (cache->head.pool != &pool->head || leat_load(&cache->inside, relaxed) || (shut ? low != UINTPTR_MAX || high != 0 : !open))
        return false;
    if (!shut && (taken != 0 || count < 0 || pool->tight || !cache->owner))
        return false;
    if (shut && (cache->settled || !cache->owner) && count > taken)
        return false;
    return count <= 2 * (int64_t)pool->capacity && (count <= taken || items_valid(pool, cache->items + taken, count - taken));
}

/* What is shared by all who have no cache is never opened. */
static bool uncached_valid(const struct pool *pool)
{
    const struct leat_pool_cache *cache = &pool->uncached;
    return leat_load(&cache->low, relaxed) == UINTPTR_MAX && leat_load(&cache->high, relaxed) == 0 && cache->pool == &pool->head;
}

static bool all_valid(const struct pool *pool)
{
    size_t open = 0, unsettled = 0;
    for (const struct cache *cache = pool->caches; cache; cache = cache->next) {
        if (!cache_valid(pool, cache))
            return false;
        open += cache->owner && cache->owner != pool;
        unsettled += leat_load(&cache->shut, relaxed) && !cache->settled;
    }
    for (int i = 0; i < POOL_DEPOT_SLOTS; i++) {
        uintptr_t word = leat_load(&pool->depot[i], acquire); /* edge "magazine" */
        if ((word & POOL_FULL) && (pool->tight || !items_valid(pool, (void *const *)(word & ~POOL_FULL), pool->capacity)))
            return false; /* D1 */
    }
    size_t cached = (size_t)(leat_pool_caches_count(pool) + leat_pool_depot_count(pool));
    return open == pool->open && unsettled == pool->unsettled && cached <= pool->out && slabs_valid(pool) && uncached_valid(pool);
}

bool leat_pool_valid(struct leat_pool *head)
{
    struct pool *pool = (struct pool *)head;
    leat_pool_take(&pool->token, &pool->host);
    bool valid = all_valid(pool);
    leat_pool_give(&pool->token);
    return valid;
}
