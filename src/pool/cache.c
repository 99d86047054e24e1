/* SPDX-License-Identifier: MIT */
/*
 * Caches: two magazines per owner in front of depot and slabs, and how the token's holder takes them back when the pool runs dry.
 *
 * A pool that ran dry is "tight": its caches are revoked and stay so, every call takes the token, and an allocation that fails costs no
 * further barrier. When a quarter of the blocks is free again the caches are restored.
 */
#include "pool_private.h"

/* ---- the owner's side ---- */

/* Begins a busy section; false: the cache is revoked and its items are not to be touched. leave() is due either way. */
static bool enter(struct cache *cache)
{
    leat_store(&cache->head.busy, 1u, relaxed); /* edge "revoke" */
    leat_compiler_fence();
    return leat_load(&cache->head.low, acquire) == 0; /* edges "revoke", "restore" */
}

static void leave(struct cache *cache)
{
    leat_store(&cache->head.busy, 0u, release); /* edge "leave" */
}

/* All four are for who may touch the items (I2); count and behind are atomic only because statistics look at them. */
static int32_t loaded(const struct cache *cache)
{
    return leat_load(&cache->head.count, relaxed);
}

static bool previous_full(const struct cache *cache)
{
    return leat_load(&cache->behind, relaxed) > 0;
}

/* `items`, with `count` blocks, becomes the loaded magazine, and the loaded one the previous. */
static void turn(struct cache *cache, void **items, int32_t count)
{
    cache->previous = cache->head.items;
    leat_store(&cache->behind, loaded(cache), relaxed);
    cache->head.items = items;
    leat_store(&cache->head.count, count, relaxed);
}

static void *pop(struct cache *cache)
{
    int32_t count = loaded(cache) - 1;
    leat_store(&cache->head.count, count, relaxed);
    return cache->head.items[count];
}

static void push(struct cache *cache, void *block)
{
    int32_t count = loaded(cache);
    cache->head.items[count] = block;
    leat_store(&cache->head.count, count + 1, relaxed);
}

/* ---- alloc ---- */

/* How many blocks a cache may take from the slabs at once: of the last ones of a limited pool, a share. */
static int32_t batch(const struct pool *pool)
{
    if (!pool->limit)
        return pool->capacity;
    size_t share = (pool->limit - pool->out) / (2 * pool->open) + 1;
    return share < (size_t)pool->capacity ? (int32_t)share : pool->capacity;
}

/* With the token, no block on the slabs: have blocks come back there from depot and caches? `cache` is the caller's, or NULL. */
static bool reclaim(struct pool *pool, const struct cache *cache)
{
    if (pool->tight || pool->capacity == 0)
        return false;
    size_t before = pool->out;
    leat_pool_depot_drain(pool);
    if (pool->out < before)
        return true;
    bool others = pool->open > (cache ? 1 : 0);
    return others && leat_pool_caches_revoke(pool) && pool->out < before;
}

/* With the token: one block for the caller, and more for its cache; NULL: neither slabs nor source nor other caches have one. */
static void *refill(struct pool *pool, struct cache *cache)
{
    void *one = NULL;
    size_t slabs = pool->slab_count;
    bool cached = cache && !pool->tight;
    if (cached && loaded(cache) == 0) {
        if (previous_full(cache)) /* it was revoked for a moment, and nothing was taken */
            turn(cache, cache->previous, pool->capacity);
        else /* ours: we are the owner and hold the token */
            leat_store(&cache->head.count, leat_pool_slabs_get(pool, cache->head.items, batch(pool)), relaxed);
    }
    if (cached && loaded(cache) > 0)
        return pop(cache);
    if ((cached || leat_pool_slabs_get(pool, &one, 1) == 0) && reclaim(pool, cache))
        leat_pool_slabs_get(pool, &one, 1);
    if (pool->slab_count > slabs)
        leat_pool_caches_restore(pool); /* the memory source gives again */
    leat_pool_caches_relax(pool);
    return one;
}

/* The last failure of the calling thread, for leat_pool_why(). */
static LEAT_THREAD_LOCAL struct {
    size_t id;
    enum leat_pool_why why;
} last_failure;

enum leat_pool_why leat_pool_why(const struct leat_pool *pool)
{
    return last_failure.id == pool->id ? last_failure.why : LEAT_POOL_OK;
}

static void *alloc_with_token(struct pool *pool, struct cache *cache)
{
    leat_pool_take(&pool->token, &pool->host);
    void *block = refill(pool, cache);
    if (!block) {
        last_failure.id = pool->head.id;
        last_failure.why = pool->limit && pool->out == pool->limit ? LEAT_POOL_LIMIT : LEAT_POOL_SOURCE_FAILED;
    }
    leat_pool_give(&pool->token);
    return block;
}

LEAT_COLD void *leat_pool_cache_alloc_slow(struct leat_pool_cache *head)
{
    struct pool *pool = (struct pool *)head->pool;
    if (head == &pool->uncached)
        return alloc_with_token(pool, NULL);

    struct cache *cache = (struct cache *)head;
    void *block = NULL;
    if (enter(cache)) {
        void **full = NULL;
        if (loaded(cache) == 0)
            full = previous_full(cache) ? cache->previous : leat_pool_depot_swap(pool, cache->previous, 0);
        if (full)
            turn(cache, full, pool->capacity);
        if (loaded(cache) > 0)
            block = pop(cache);
    }
    leave(cache);
    return block ? block : alloc_with_token(pool, cache);
}

/* ---- free ---- */

/* With the token, both magazines full: makes the loaded one an empty one. */
static void make_room(struct pool *pool, struct cache *cache)
{
    void **empty = cache->previous;
    if (previous_full(cache)) {
        empty = leat_pool_depot_add(pool, cache->previous);
        if (!empty) {
            leat_pool_slabs_put(pool, cache->previous, pool->capacity);
            empty = cache->previous;
        }
    }
    turn(cache, empty, 0);
}

static void free_with_token(struct pool *pool, struct cache *cache, void *block)
{
    leat_pool_take(&pool->token, &pool->host);
    if (cache && !pool->tight) {
        if (loaded(cache) == pool->capacity)
            make_room(pool, cache);
        push(cache, block);
    } else {
        leat_pool_slabs_put(pool, &block, 1);
        leat_pool_caches_relax(pool);
    }
    leat_pool_give(&pool->token); /* from here on the block may be the last that came home, and the pool gone */
}

LEAT_COLD void leat_pool_cache_free_slow(struct leat_pool_cache *head, void *block)
{
    struct pool *pool = (struct pool *)head->pool;
    if (head == &pool->uncached) {
        free_with_token(pool, NULL, block);
        return;
    }
    struct cache *cache = (struct cache *)head;
    bool done = false;
    if (enter(cache)) {
        void **empty = NULL;
        if (loaded(cache) == pool->capacity)
            empty = previous_full(cache) ? leat_pool_depot_swap(pool, cache->previous, POOL_FULL) : cache->previous;
        if (empty)
            turn(cache, empty, 0);
        done = loaded(cache) < pool->capacity;
        if (done)
            push(cache, block);
    }
    leave(cache); /* as above: the pool may be gone */
    if (!done)
        free_with_token(pool, cache, block);
}

/* ---- the token holder's side ---- */

/* Returns an idle cache, or a new one, as `owner`'s; NULL: no memory. */
struct cache *leat_pool_cache_claim(struct pool *pool, const void *owner)
{
    struct cache *cache = leat_pool_cache_find(pool, NULL);
    if (!cache) {
        size_t head_bytes = (sizeof *cache + LEAT_CACHE_LINE - 1) & ~(size_t)(LEAT_CACHE_LINE - 1);
        unsigned char *memory = leat_pool_carve(pool, head_bytes + 2 * (size_t)pool->capacity * sizeof(void *));
        if (!memory)
            return NULL;
        cache = (struct cache *)memory;
        *cache = (struct cache){.next = pool->caches};
        cache->head.items = (void **)(memory + head_bytes);
        cache->previous = cache->head.items + pool->capacity;
        cache->head.pool = &pool->head;
        leat_store(&cache->head.low, pool->tight ? INT32_MAX : 0, relaxed); /* not seen by anybody yet */
        leat_store(&cache->head.high, pool->tight ? -1 : pool->capacity, relaxed);
        pool->caches = cache;
    }
    cache->owner = owner ? owner : cache;
    pool->open++;
    return cache;
}

struct cache *leat_pool_cache_find(struct pool *pool, const void *owner)
{
    struct cache *cache = pool->caches;
    while (cache && cache->owner != owner)
        cache = cache->next;
    return cache;
}

/* All its blocks are on the slabs. The caller is the owner, or the cache is revoked and not busy, or the pool is quiet. */
void leat_pool_cache_empty(struct cache *cache)
{
    struct pool *pool = (struct pool *)cache->head.pool;
    leat_pool_slabs_put(pool, cache->head.items, loaded(cache));
    leat_pool_slabs_put(pool, cache->previous, leat_load(&cache->behind, relaxed)); /* ours now */
    leat_store(&cache->head.count, 0, relaxed);
    leat_store(&cache->behind, 0, relaxed);
}

/* The cache is idle. */
void leat_pool_cache_retire(struct cache *cache)
{
    struct pool *pool = (struct pool *)cache->head.pool;
    leat_pool_cache_empty(cache);
    cache->owner = NULL;
    pool->open--;
    leat_pool_caches_relax(pool);
}

/* Owners work on their caches again. Nobody else touches one from here on. */
void leat_pool_caches_restore(struct pool *pool)
{
    pool->tight = false;
    for (struct cache *cache = pool->caches; cache; cache = cache->next) {
        leat_store(&cache->head.low, 0, release);               /* edge "restore" */
        leat_store(&cache->head.high, pool->capacity, release); /* edge "restore" */
    }
}

/* The blocks of all caches and of the depot are on the slabs. The caches are revoked, or the pool is quiet. */
void leat_pool_caches_gather(struct pool *pool)
{
    for (struct cache *cache = pool->caches; cache; cache = cache->next) {
        int spins = 0;
        while (leat_load(&cache->head.busy, acquire) != 0) /* edges "revoke", "leave" */
            leat_pool_pause(&pool->host, &spins);
        leat_pool_cache_empty(cache);
    }
    leat_pool_depot_drain(pool);
}

/* The pool is tight: every block that is not on a slab is live. Returns false, and nothing changed, when there is no barrier to be had. */
bool leat_pool_caches_revoke(struct pool *pool)
{
    if (pool->tight)
        return true;
    if (!pool->host.barrier)
        return false;
    for (struct cache *cache = pool->caches; cache; cache = cache->next) {
        leat_store(&cache->head.low, INT32_MAX, relaxed); /* edge "revoke": the barrier orders it */
        leat_store(&cache->head.high, -1, relaxed);       /* edge "revoke" */
    }
    if (!pool->host.barrier(pool->host.context)) {
        leat_pool_caches_restore(pool);
        return false;
    }
    pool->tight = true;
    leat_pool_caches_gather(pool);
    return true;
}

/* The caches are restored when the pool is tight and a quarter of its blocks is free. */
void leat_pool_caches_relax(struct pool *pool)
{
    if (!pool->tight)
        return;
    size_t blocks = pool->slab_count * pool->slab_blocks;
    if (pool->limit && pool->limit < blocks)
        blocks = pool->limit;
    if (blocks - pool->out >= (blocks + 3) / 4)
        leat_pool_caches_restore(pool);
}

/* Blocks in caches, at a moment when their owners may be at work. */
int64_t leat_pool_caches_count(const struct pool *pool)
{
    int64_t count = 0;
    for (const struct cache *cache = pool->caches; cache; cache = cache->next)
        count += loaded(cache) + leat_load(&cache->behind, relaxed); /* a number for people: nothing is read through it */
    return count;
}
