/* SPDX-License-Identifier: MIT */
/*
 * Caches: two magazines per owner in front of depot and slabs, and how the token's holder takes them back when the pool runs dry.
 *
 * A pool that ran dry is "tight": its caches are revoked and taken, none is opened, every call takes the token, and an allocation that
 * fails costs no further barrier. When a quarter of the blocks is free again, owners may open their caches.
 */
#include "pool_private.h"

/* ---- the owner's side ---- */

/* The blocks in the loaded magazine, and in the previous one: own words, atomic because a reclaimer and statistics read them. */
static uint32_t loaded(const struct cache *cache)
{
    return leat_load(&cache->head.count, relaxed) & ~LEAT_POOL_BUSY;
}

static uint32_t previous(const struct cache *cache)
{
    return leat_load(&cache->behind, relaxed);
}

/* The owner, inside its mark or with the token: has `count` blocks in the loaded magazine. The mark stays as it is. */
static void set_loaded(struct cache *cache, uint32_t count)
{
    uint32_t mark = leat_load(&cache->head.count, relaxed) & LEAT_POOL_BUSY; /* own word */
    leat_store(&cache->head.count, count | mark, relaxed);                   /* leave() or the token publishes it */
}

/* Sets the mark; false: the cache is revoked and its items are not to be touched. leave() is due either way. */
static bool enter(struct cache *cache)
{
    leat_store(&cache->head.count, loaded(cache) | LEAT_POOL_BUSY, relaxed); /* edge "revoke" */
    leat_compiler_fence();
    return leat_load(&cache->head.low, relaxed) == 0; /* edge "revoke" */
}

static void leave(struct cache *cache)
{
    leat_store(&cache->head.count, loaded(cache), release); /* edge "leave" */
}

/* `items`, with `count` blocks, becomes the loaded magazine, and the loaded one the previous. */
static void turn(struct cache *cache, void **items, uint32_t count)
{
    cache->previous = cache->head.items;
    leat_store(&cache->behind, loaded(cache), relaxed); /* as set_loaded() */
    cache->head.items = items;
    set_loaded(cache, count);
}

static void *pop(struct cache *cache)
{
    uint32_t count = loaded(cache) - 1;
    void *block = cache->head.items[count];
    set_loaded(cache, count);
    return block;
}

static void push(struct cache *cache, void *block)
{
    uint32_t count = loaded(cache);
    cache->head.items[count] = block;
    set_loaded(cache, count + 1);
}

/* The owner with the token: the cache may be used (true), opened if it was revoked; or the pool is tight, or there is no cache. */
static bool usable(struct pool *pool, struct cache *cache)
{
    if (!cache || pool->tight)
        return false;
    if (cache->taken) {
        leat_store(&cache->behind, 0, relaxed); /* own words: set_loaded() likewise */
        set_loaded(cache, 0);
        cache->taken = false;
    }
    leat_store(&cache->head.low, 0, relaxed); /* the owner is the only one who reads these to act on them */
    leat_store(&cache->head.high, pool->capacity, relaxed);
    return true;
}

/* ---- alloc ---- */

/* How many blocks a cache may take from the slabs at once: of the last ones of a limited pool, a share. */
static uint32_t batch(const struct pool *pool)
{
    if (!pool->limit)
        return pool->capacity;
    size_t share = (pool->limit - pool->out) / (2 * pool->open) + 1;
    return share < pool->capacity ? (uint32_t)share : pool->capacity;
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
    return others && leat_pool_caches_revoke(pool, false) && pool->out < before;
}

/* With the token: one block for the caller, and more for its cache; NULL: neither slabs nor source nor other caches have one. */
static void *refill(struct pool *pool, struct cache *cache)
{
    void *one = NULL;
    size_t slabs = pool->slab_count;
    bool cached = usable(pool, cache);
    if (cached && loaded(cache) == 0) {
        if (previous(cache) > 0) /* it was revoked for a moment, and nothing was taken */
            turn(cache, cache->previous, pool->capacity);
        else
            set_loaded(cache, leat_pool_slabs_get(pool, cache->head.items, batch(pool)));
    }
    if (cached && loaded(cache) > 0)
        return pop(cache);
    if ((cached || leat_pool_slabs_get(pool, &one, 1) == 0) && reclaim(pool, cache))
        leat_pool_slabs_get(pool, &one, 1);
    if (pool->slab_count > slabs)
        pool->tight = false; /* the memory source gives again */
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
            full = previous(cache) > 0 ? cache->previous : leat_pool_depot_swap(pool, cache->previous, 0);
        if (full)
            turn(cache, full, pool->capacity);
        if (loaded(cache) > 0)
            block = pop(cache);
    }
    leave(cache);
    return block ? block : alloc_with_token(pool, cache);
}

/* ---- free ---- */

/* With the token, the loaded magazine full: makes it an empty one. */
static void make_room(struct pool *pool, struct cache *cache)
{
    void **empty = cache->previous;
    if (previous(cache) > 0) {
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
    if (usable(pool, cache)) {
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
            empty = previous(cache) > 0 ? leat_pool_depot_swap(pool, cache->previous, POOL_FULL) : cache->previous;
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

/* ---- open and close ---- */

struct cache *leat_pool_cache_find(struct pool *pool, const void *owner)
{
    struct cache *cache = pool->caches;
    while (cache && cache->owner != owner)
        cache = cache->next;
    return cache;
}

static void revoke(struct cache *cache)
{
    leat_store(&cache->head.low, UINT32_MAX, relaxed); /* edge "revoke": the barrier orders both */
    leat_store(&cache->head.high, 0, relaxed);
}

/* Returns an idle cache, or a new one, as `owner`'s, or as its own when that is NULL; NULL: no memory. It opens at its first use. */
struct cache *leat_pool_cache_claim(struct pool *pool, const void *owner)
{
    struct cache *cache = leat_pool_cache_find(pool, NULL);
    if (!cache) {
        size_t head_bytes = (sizeof *cache + LEAT_CACHE_LINE - 1) & ~(size_t)(LEAT_CACHE_LINE - 1);
        unsigned char *memory = leat_pool_carve(pool, head_bytes + 2 * pool->capacity * sizeof(void *));
        if (!memory)
            return NULL;
        cache = (struct cache *)memory;
        *cache = (struct cache){.taken = true, .next = pool->caches};
        cache->head.items = (void **)(memory + head_bytes);
        cache->previous = cache->head.items + pool->capacity;
        cache->head.pool = &pool->head;
        revoke(cache);
        pool->caches = cache;
    }
    cache->owner = owner ? owner : cache;
    pool->open++;
    return cache;
}

/* Its blocks are on the slabs. The caller is the owner; or the cache is revoked, passed the barrier, and has no mark; or the pool is quiet.
 */
static void take(struct cache *cache)
{
    struct pool *pool = (struct pool *)cache->head.pool;
    if (!cache->taken) {
        leat_pool_slabs_put(pool, cache->head.items, loaded(cache));
        leat_pool_slabs_put(pool, cache->previous, previous(cache));
    }
    cache->taken = true;
}

/* For the owner: its blocks are on the slabs, and it opens again at its next use. */
void leat_pool_cache_flush(struct cache *cache)
{
    revoke(cache);
    take(cache);
}

/* For the owner: the cache is idle. */
void leat_pool_cache_retire(struct cache *cache)
{
    struct pool *pool = (struct pool *)cache->head.pool;
    leat_pool_cache_flush(cache);
    cache->owner = NULL;
    pool->open--;
    leat_pool_caches_relax(pool);
}

/* ---- the token holder's side ---- */

/*
 * The pool is tight: every block that is not on a slab is live. Returns false, and nothing is taken, when there is no barrier to be had and
 * the pool is not said to be quiet.
 */
bool leat_pool_caches_revoke(struct pool *pool, bool quiet)
{
    const struct leat_host *host = &pool->host;
    for (struct cache *cache = pool->caches; cache; cache = cache->next)
        revoke(cache);
    if (!(host->barrier && host->barrier(host->context)) && !quiet)
        return false; /* the owners open their caches again as they come along */
    for (struct cache *cache = pool->caches; cache; cache = cache->next) {
        int spins = 0;
        while (!cache->taken && (leat_load(&cache->head.count, acquire) & LEAT_POOL_BUSY)) /* edges "revoke", "leave" */
            leat_pool_pause(host, &spins);
        take(cache);
    }
    leat_pool_depot_drain(pool);
    pool->tight = true;
    return true;
}

/* A tight pool a quarter of whose blocks is free is not tight any more. */
void leat_pool_caches_relax(struct pool *pool)
{
    size_t blocks = pool->slab_count * pool->slab_blocks;
    if (pool->limit && pool->limit < blocks)
        blocks = pool->limit;
    if (pool->tight && blocks - pool->out >= (blocks + 3) / 4)
        pool->tight = false;
}

/* Blocks in caches, at a moment when their owners may be at work. */
int64_t leat_pool_caches_count(const struct pool *pool)
{
    int64_t count = 0;
    for (const struct cache *cache = pool->caches; cache; cache = cache->next)
        if (!cache->taken)
            count += loaded(cache) + previous(cache); /* a number for people: nothing is read through it */
    return count;
}
