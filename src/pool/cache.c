/* SPDX-License-Identifier: MIT */
/*
 * Caches: an array of pointers per owner in front of depot and slabs, and how the token's holder takes them back when the pool runs dry.
 *
 * A pool that ran dry is "tight": its caches are shut and taken, none is opened, every call takes the token, and an allocation that fails
 * costs no further barrier. When a quarter of the blocks is free again, owners may open their caches.
 */
#include "pool_private.h"

/* ---- the owner's side: inside, and the cache not shut; or with the token ---- */

/* Blocks below top; below 0: an allocation that found less than it wanted has lowered it. */
int64_t leat_pool_cache_fill(const struct cache *cache)
{
    uintptr_t top = leat_load(&cache->head.top, acquire); /* edge "top", for who is not the owner */
    return (int64_t)(intptr_t)(top - (uintptr_t)cache->items) / (int64_t)sizeof(void *);
}

static void set_fill(struct cache *cache, int64_t count)
{
    leat_store(&cache->head.top, (uintptr_t)(cache->items + count), release); /* edge "top" */
}

static void *pop(struct cache *cache)
{
    int64_t count = leat_pool_cache_fill(cache) - 1;
    set_fill(cache, count);
    return cache->items[count];
}

static void push(struct cache *cache, void *block)
{
    int64_t count = leat_pool_cache_fill(cache);
    cache->items[count] = block;
    set_fill(cache, count + 1);
}

static void copy(void **to, void *const *from, uint32_t count)
{
    memcpy(to, from, count * sizeof *to);
}

/*
 * An allocation of `count` lowered top and saw low closed: which of the blocks that it reserved are its own? They go to `blocks`; returns
 * how many. What `taken` says the holder has got already.
 */
static int64_t settle(struct cache *cache, void **blocks, int64_t count)
{
    int64_t from = leat_pool_cache_fill(cache), to = from + count;
    int64_t taken = leat_load(&cache->taken, relaxed); /* not shut: 0; else with the token */
    if (from < taken)
        from = taken;
    set_fill(cache, from);
    if (to <= from)
        return 0;
    copy(blocks, cache->items + from, (uint32_t)(to - from));
    return to - from;
}

/* Sets `inside`; false: the cache is shut and its array is not to be touched. leave() is due either way. */
static bool enter(struct cache *cache)
{
    leat_store(&cache->inside, 1, relaxed); /* edge "shut" */
    leat_compiler_fence();
    return leat_load(&cache->shut, relaxed) == 0; /* edge "shut" */
}

static void leave(struct cache *cache)
{
    leat_store(&cache->inside, 0, release); /* edge "leave" */
}

/* ---- opening and taking, with the token ---- */

/* The holder, of a cache that is shut, or the owner: what is there and was not taken yet is on the slabs. Returns whether that was any. */
static bool take(struct pool *pool, struct cache *cache)
{
    int64_t count = leat_pool_cache_fill(cache), taken = leat_load(&cache->taken, relaxed); /* own word: the token's */
    if (count <= taken)
        return false;
    leat_pool_slabs_put(pool, cache->items + taken, (uint32_t)(count - taken));
    leat_store(&cache->taken, (uint32_t)count, relaxed); /* own word: the token's */
    return true;
}

static void shut(struct pool *pool, struct cache *cache)
{
    if (leat_load(&cache->shut, relaxed)) /* own word: the token's */
        return;
    leat_store(&cache->shut, 1, relaxed); /* edge "shut": the barrier orders these */
    leat_store(&cache->head.low, UINTPTR_MAX, relaxed);
    leat_store(&cache->head.high, 0, relaxed);
    cache->settled = false;
    pool->unsettled++;
}

/* The owner: knows that its cache is shut. */
static void settled(struct pool *pool, struct cache *cache)
{
    if (!leat_load(&cache->shut, relaxed) || cache->settled) /* own word: the token's */
        return;
    cache->settled = true;
    pool->unsettled--;
}

/* The owner with the token, with nothing under way: the cache is empty, and shut. */
void leat_pool_cache_empty(struct cache *cache)
{
    struct pool *pool = (struct pool *)cache->head.pool;
    shut(pool, cache);
    settled(pool, cache);
    take(pool, cache);
    set_fill(cache, 0);
    leat_store(&cache->taken, 0, relaxed); /* own word: the token's */
}

/*
 * The owner with the token, with nothing under way: the cache may be used (true), opened if it was shut; or the pool is tight, or somebody
 * waits for a block, or there is no cache.
 */
static bool usable(struct pool *pool, struct cache *cache)
{
    if (!cache)
        return false;
    settled(pool, cache);
    if (cache->trims != pool->trims)
        leat_pool_cache_empty(cache);
    cache->trims = pool->trims;
    if (pool->tight || cache->lost || leat_load(&pool->waiting, relaxed) > 0) { /* raised before the waiter last took the token */
        leat_pool_cache_empty(cache);
        return false;
    }
    if (leat_load(&cache->shut, relaxed)) { /* own words: the token's, and the owner's */
        int64_t taken = leat_load(&cache->taken, relaxed), left = leat_pool_cache_fill(cache) - taken;
        memmove(cache->items, cache->items + taken, (size_t)left * sizeof(void *));
        set_fill(cache, left);
        leat_store(&cache->taken, 0, relaxed);
        cache->settled = false;
        leat_store(&cache->shut, 0, relaxed);
        leat_store(&cache->head.low, (uintptr_t)cache->items, relaxed);
        leat_store(&cache->head.high, (uintptr_t)(cache->items + 2 * pool->capacity), relaxed);
    }
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

/*
 * The pool is tight: looks for what was put into a cache while it was being shut. One look is not enough where several owners do not know
 * yet: one's block may arrive behind the look, while another's, not looked at yet, is allocated again. Each can do so once; so after as
 * many looks without a find as there are such owners, there was a moment between two of them when nothing was there.
 */
static bool sweep(struct pool *pool)
{
    bool found = false;
    for (size_t quiet = 0; quiet < pool->unsettled;) {
        bool took = false;
        for (struct cache *cache = pool->caches; cache; cache = cache->next)
            took |= cache->owner && !cache->settled && take(pool, cache);
        quiet = took ? 0 : quiet + 1;
        found |= took;
    }
    return found;
}

/* With the token, no block on the slabs: have blocks come back there from depot and caches? The caller's own cache is empty. */
bool leat_pool_reclaim(struct pool *pool)
{
    size_t before = pool->out;
    if (pool->capacity == 0)
        return false;
    if (pool->tight)
        return sweep(pool);
    leat_pool_depot_drain(pool);
    return pool->out < before || (leat_pool_caches_shut(pool, false) && pool->out < before);
}

/* With the token: one block for the caller, and more for its cache; NULL: neither slabs nor source nor other caches have one. */
static void *refill(struct pool *pool, struct cache *cache)
{
    void *one = NULL;
    size_t slabs = pool->slab_count;
    bool cached = usable(pool, cache);
    if (cached && leat_pool_cache_fill(cache) == 0)
        set_fill(cache, leat_pool_slabs_get(pool, cache->items, batch(pool)));
    if (cached && leat_pool_cache_fill(cache) > 0)
        return pop(cache);
    if ((cached || leat_pool_slabs_get(pool, &one, 1) == 0) && leat_pool_reclaim(pool))
        leat_pool_slabs_get(pool, &one, 1);
    if (pool->slab_count > slabs)
        pool->tight = false; /* the memory source gives again */
    leat_pool_relax(pool);
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

void leat_pool_failed(struct pool *pool, enum leat_pool_why why)
{
    leat_pool_probe_refused(pool, (int)why);
    last_failure.id = pool->head.id;
    last_failure.why = why;
    (void)leat_add(&pool->refused, (size_t)1, relaxed); /* a number for people */
}

/* `reserved`: how many blocks the caller's fast path reserved, not settled yet; those that are its own go to `blocks`, else one more. */
static int64_t alloc_with_token(struct pool *pool, struct cache *cache, void **blocks, int64_t reserved)
{
    leat_pool_take(&pool->token, &pool->host);
    int64_t got = reserved > 0 ? settle(cache, blocks, reserved) : 0;
    enum leat_pool_why why = LEAT_POOL_OK;
    if (got == 0) {
        void *one = refill(pool, cache);
        if (one)
            blocks[got++] = one;
        else
            why = pool->limit && pool->out == pool->limit ? LEAT_POOL_LIMIT : LEAT_POOL_SOURCE_FAILED;
        if (cache)
            settled(pool, cache);
        /* Every block is live, and none can come home but by way of the token: until then the answer is the same. */
        if (why == LEAT_POOL_LIMIT && (pool->capacity == 0 || pool->tight) && pool->unsettled == 0)
            leat_store(&pool->dry, true, relaxed); /* read without the token: leat_pool_slabs_put() says why that is enough */
    }
    leat_pool_give(&pool->token);
    if (got == 0)
        leat_pool_failed(pool, why);
    return got;
}

/* Inside, the cache open: blocks out of it, or out of the depot. */
static int64_t alloc_inside(struct pool *pool, struct cache *cache, void **blocks, int64_t reserved)
{
    int64_t got = reserved > 0 ? settle(cache, blocks, reserved) : 0;
    if (got > 0)
        return got;
    if (leat_pool_cache_fill(cache) == 0) {
        void **full = leat_pool_depot_swap(pool, cache->spare, 0);
        if (!full)
            return 0;
        copy(cache->items, full, pool->capacity);
        cache->spare = full;
        set_fill(cache, pool->capacity);
    }
    blocks[0] = pop(cache);
    return 1;
}

/* The slow path of an allocation that reserved that many blocks: returns how many it got, 0 or more. */
static int64_t alloc_slow(struct pool *pool, struct cache *cache, void **blocks, int64_t reserved)
{
    int64_t got = 0;
    bool open = false;
    if (cache) {
        open = enter(cache);
        if (open)
            got = alloc_inside(pool, cache, blocks, reserved);
        leave(cache);
    }
    if (got > 0)
        return got;
    /* As said where it is set; so this cache, too, is empty, and its owner knew. Who waits wants the token: see leat_pool_wait(). */
    if (!open && leat_load(&pool->dry, relaxed) && leat_load(&pool->waiting, relaxed) == 0) {
        if (cache)
            set_fill(cache, 0);
        leat_pool_failed(pool, LEAT_POOL_LIMIT);
        return 0;
    }
    return alloc_with_token(pool, cache, blocks, open ? 0 : cache ? reserved : 0);
}

/* A block for watch.c. */
void *leat_pool_cache_get(struct pool *pool, struct cache *cache)
{
    void *block;
    return alloc_slow(pool, cache, &block, 0) > 0 ? block : NULL;
}

LEAT_COLD void *leat_pool_cache_alloc_slow(struct leat_pool_cache *head)
{
    struct pool *pool = (struct pool *)head->pool;
    void *block;
    if (leat_load(&pool->watched, relaxed)) /* constant once there is a cache */
        return leat_pool_watch_alloc(pool, head, __builtin_return_address(0));
    return alloc_slow(pool, leat_pool_cache_of(pool, head), &block, 1) > 0 ? block : NULL;
}

LEAT_COLD int64_t leat_pool_cache_alloc_many_slow(struct leat_pool_cache *head, void **blocks, int64_t count)
{
    struct pool *pool = (struct pool *)head->pool;
    struct cache *cache = leat_pool_cache_of(pool, head);
    int64_t got = 0, reserved = count > LEAT_POOL_MANY ? 0 : count; /* more: the fast path left before it lowered top */
    while (got < count) {
        if (leat_load(&pool->watched, relaxed)) { /* as above */
            blocks[got] = leat_pool_watch_alloc(pool, head, __builtin_return_address(0));
            if (!blocks[got])
                break;
            got++;
        } else {
            int64_t more = alloc_slow(pool, cache, blocks + got, got == 0 ? reserved : 0);
            if (more == 0)
                break;
            got += more;
        }
    }
    return got;
}

/* ---- free ---- */

/* The array is full: its older half goes into `spare`, which must be empty, and is to be changed for an empty magazine. */
static void **halve(const struct pool *pool, struct cache *cache)
{
    copy(cache->spare, cache->items, pool->capacity);
    return cache->spare;
}

static void halved(const struct pool *pool, struct cache *cache, void **spare)
{
    cache->spare = spare;
    copy(cache->items, cache->items + pool->capacity, pool->capacity);
    set_fill(cache, pool->capacity);
}

static void free_with_token(struct pool *pool, struct cache *cache, void *block)
{
    leat_pool_take(&pool->token, &pool->host);
    if (usable(pool, cache)) {
        if (leat_pool_cache_fill(cache) == 2 * (int64_t)pool->capacity) {
            void **full = halve(pool, cache), **fresh = leat_pool_depot_add(pool, full);
            if (!fresh)
                leat_pool_slabs_put(pool, full, pool->capacity);
            halved(pool, cache, fresh ? fresh : full);
        }
        push(cache, block);
    } else {
        leat_pool_slabs_put(pool, &block, 1);
        leat_pool_relax(pool);
    }
    leat_pool_give(&pool->token); /* from here on the block may be the last that came home, and the pool gone */
}

/* Inside, the cache open: true, the block is in it. */
static bool free_inside(struct pool *pool, struct cache *cache, void *block)
{
    if (leat_pool_cache_fill(cache) == 2 * (int64_t)pool->capacity) {
        void **fresh = leat_pool_depot_swap(pool, halve(pool, cache), POOL_FULL);
        if (!fresh)
            return false;
        halved(pool, cache, fresh);
    }
    push(cache, block);
    return true;
}

/* A block, without watch.c's checks. */
void leat_pool_cache_put(struct pool *pool, struct cache *cache, void *block)
{
    bool done = false;
    if (cache) {
        done = enter(cache) && free_inside(pool, cache, block);
        leave(cache); /* as above: the pool may be gone */
    }
    if (!done)
        free_with_token(pool, cache, block);
}

LEAT_COLD void leat_pool_cache_free_slow(struct leat_pool_cache *head, void *block)
{
    struct pool *pool = (struct pool *)head->pool;
    if (leat_load(&pool->watched, relaxed)) /* constant once there is a cache */
        leat_pool_watch_free(pool, head, block, __builtin_return_address(0));
    else
        leat_pool_cache_put(pool, leat_pool_cache_of(pool, head), block);
}

LEAT_COLD void leat_pool_cache_free_many_slow(struct leat_pool_cache *head, void *const *blocks, int64_t count)
{
    struct pool *pool = (struct pool *)head->pool;
    for (int64_t i = 0; i < count; i++) {
        if (leat_load(&pool->watched, relaxed)) /* constant once there is a cache */
            leat_pool_watch_free(pool, head, blocks[i], __builtin_return_address(0));
        else
            leat_pool_cache_put(pool, leat_pool_cache_of(pool, head), blocks[i]);
    }
}

/* ---- open and close ---- */

struct cache *leat_pool_cache_find(struct pool *pool, const void *owner)
{
    struct cache *cache = pool->caches;
    while (cache && cache->owner != owner)
        cache = cache->next;
    return cache;
}

/* Returns an idle cache, or a new one, as `owner`'s, or as its own when that is NULL; NULL: no memory. It opens at its first use. */
struct cache *leat_pool_cache_claim(struct pool *pool, const void *owner)
{
    struct cache *cache = leat_pool_cache_find(pool, NULL);
    if (!cache) {
        size_t head_bytes = (sizeof *cache + LEAT_CACHE_LINE - 1) & ~(size_t)(LEAT_CACHE_LINE - 1);
        unsigned char *memory = leat_pool_carve(pool, head_bytes + 3 * (size_t)pool->capacity * sizeof(void *));
        if (!memory)
            return NULL;
        cache = (struct cache *)memory;
        cache->items = (void **)(memory + head_bytes);
        cache->spare = cache->items + 2 * pool->capacity;
        cache->head.pool = &pool->head;
        cache->decoy.pool = &pool->head;
        leat_store(&cache->decoy.low, UINTPTR_MAX, relaxed); /* nobody knows this cache yet */
        cache->next = pool->caches;
        shut(pool, cache);
        settled(pool, cache);
        set_fill(cache, 0);
        pool->caches = cache;
    }
    cache->owner = owner ? owner : cache;
    cache->trims = pool->trims;
    pool->open++;
    return cache;
}

/* In a forked child: what the cache has is given up, and it is never opened again. */
void leat_pool_cache_lose(struct cache *cache)
{
    struct pool *pool = (struct pool *)cache->head.pool;
    shut(pool, cache);
    settled(pool, cache);
    set_fill(cache, 0);
    leat_store(&cache->taken, 0, relaxed); /* nobody writes any more */
    leat_store(&cache->inside, 0, relaxed);
    cache->lost = true;
}

/* For the owner: the cache is idle. */
void leat_pool_cache_retire(struct cache *cache)
{
    struct pool *pool = (struct pool *)cache->head.pool;
    leat_pool_cache_empty(cache);
    cache->owner = cache->lost ? (const void *)pool : NULL; /* nobody's, but not idle */
    pool->open--;
    leat_pool_relax(pool);
}

/* ---- the token holder's side ---- */

/*
 * The pool is tight: every block that is not on a slab is live. Returns false, and nothing is taken, when there is no barrier to be had
 * and the pool is not said to be quiet.
 */
bool leat_pool_caches_shut(struct pool *pool, bool quiet)
{
    const struct leat_host *host = &pool->host;
    for (struct cache *cache = pool->caches; cache; cache = cache->next)
        shut(pool, cache);
    if (!(host->barrier && host->barrier(host->context)) && !quiet)
        return false; /* the owners open their caches again as they come along */
    for (struct cache *cache = pool->caches; cache; cache = cache->next) {
        int spins = 0;
        while (leat_load(&cache->inside, acquire)) /* edges "shut", "leave" */
            leat_pool_pause(host, &spins);
        take(pool, cache);
    }
    leat_pool_depot_drain(pool);
    leat_pool_probe_shut(pool, pool->out);
    pool->tight = true;
    (void)sweep(pool);
    return true;
}

/* A tight pool a quarter of whose blocks is free is not tight any more. */
void leat_pool_relax(struct pool *pool)
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
    for (const struct cache *cache = pool->caches; cache; cache = cache->next) {
        int64_t left =
            leat_pool_cache_fill(cache) - leat_load(&cache->taken, relaxed); /* a number for people: nothing is read through it */
        count += left > 0 ? left : 0;
    }
    return count;
}
