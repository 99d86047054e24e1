/* SPDX-License-Identifier: MIT */
/* How a thread finds its cache, and what happens at its end and in a fork. */
#include "pool_private.h"

LEAT_THREAD_LOCAL struct leat_pool_slot leat_pool_slots[LEAT_POOL_SLOTS];

static const struct leat_host no_host;

/* What the fast path gets for a cache; NULL: for who has none. */
struct leat_pool_cache *leat_pool_handle(struct pool *pool, struct cache *cache)
{
    return !cache ? &pool->uncached : leat_load(&pool->watched, relaxed) ? &cache->decoy : &cache->head;
}

/* And back. */
struct cache *leat_pool_cache_of(struct pool *pool, struct leat_pool_cache *head)
{
    if (head == &pool->uncached)
        return NULL;
    return leat_load(&pool->watched, relaxed) /* constant since there is a cache */
               ? (struct cache *)((unsigned char *)head - offsetof(struct cache, decoy))
               : (struct cache *)head;
}

/* The calling thread's cache, opened if need be, and in its slot; without memory for one, what every thread may use. */
LEAT_COLD struct leat_pool_cache *leat_pool_cache_slow(struct leat_pool *pool_head)
{
    struct pool *pool = (struct pool *)pool_head;
    struct leat_pool_cache *head = &pool->uncached;
    if (pool->capacity > 0) {
        leat_pool_take(&pool->token, &pool->host);
        struct cache *cache = leat_pool_cache_find(pool, leat_pool_slots);
        bool opened = !cache;
        if (opened)
            cache = leat_pool_cache_claim(pool, leat_pool_slots);
        leat_pool_give(&pool->token);
        if (!cache)
            return head;
        /* A thread without thread_end() that had this thread's storage before may have left the cache behind: edges "top" and "leave". */
        (void)leat_pool_cache_fill(cache);
        (void)leat_load(&cache->inside, acquire);
        head = leat_pool_handle(pool, cache);
        if (opened && pool->host.thread)
            pool->host.thread(pool->host.context);
    }
    leat_pool_slots[pool->head.id / 16 % LEAT_POOL_SLOTS] = (struct leat_pool_slot){pool->head.id, head};
    return head;
}

void leat_pool_thread_end(void)
{
    leat_pool_take(&leat_pool_registry.token, &no_host);
    for (struct pool *pool = leat_pool_registry.pools; pool; pool = pool->next) {
        leat_pool_take(&pool->token, &pool->host);
        struct cache *cache = leat_pool_cache_find(pool, leat_pool_slots);
        if (cache)
            leat_pool_cache_retire(cache);
        leat_pool_give(&pool->token);
    }
    leat_pool_give(&leat_pool_registry.token);
    for (int i = 0; i < LEAT_POOL_SLOTS; i++)
        leat_pool_slots[i] = (struct leat_pool_slot){0};
}

/* ---- fork ---- */

void leat_pool_fork_prepare(void)
{
    leat_pool_take(&leat_pool_registry.token, &no_host);
    for (struct pool *pool = leat_pool_registry.pools; pool; pool = pool->next)
        leat_pool_take(&pool->token, &pool->host);
}

void leat_pool_fork_parent(void)
{
    for (struct pool *pool = leat_pool_registry.pools; pool; pool = pool->next)
        leat_pool_give(&pool->token);
    leat_pool_give(&leat_pool_registry.token);
}

/*
 * The only thread now is the one that forked, which was not inside. A cache whose owner was has a magazine between array, spare and depot,
 * perhaps in two of them: nobody knows where its blocks are. All of them stay live, and the cache is not used again. A handle, which may be
 * this thread's, keeps what it has.
 */
void leat_pool_fork_child(void)
{
    for (struct pool *pool = leat_pool_registry.pools; pool; pool = pool->next) {
        for (struct cache *cache = pool->caches; cache; cache = cache->next) {
            if (!cache->owner || cache->owner == leat_pool_slots)
                continue;
            if (leat_load(&cache->inside, relaxed)) { /* nobody writes any more; so for the rest */
                leat_pool_cache_lose(cache);
            } else if (leat_pool_cache_fill(cache) < (int64_t)leat_load(&cache->taken, relaxed)) { /* an allocation was under way */
                leat_store(&cache->head.top, (uintptr_t)(cache->items + leat_load(&cache->taken, relaxed)), relaxed);
            }
            if (cache->owner != cache)
                leat_pool_cache_retire(cache);
        }
        leat_store(&pool->waiting, 0, relaxed);
        leat_pool_give(&pool->token);
    }
    leat_pool_give(&leat_pool_registry.token);
}

/* ---- waiting ---- */

#define WAIT_STEP_NS 1000000 /* so often one looks again where nothing is sure to wake */

/*
 * The count of frees is read before the last try, which takes the token, because the waiter sees its own `waiting`: a block that comes home
 * after the try is put onto its slab by somebody who takes the token later, so sees `waiting` raised and raises the count. Not sure to wake
 * is what is not at the limit with all owners knowing it (`dry`): memory that is to be had again, and a free that had looked at high before
 * its cache was shut.
 */
void *leat_pool_wait(struct leat_pool *head, int64_t deadline_ns)
{
    struct pool *pool = (struct pool *)head;
    const struct leat_host *host = &pool->host;
    void *block = leat_pool_alloc(head);
    if (block || deadline_ns <= 0 || !host->park || !host->now_ns)
        return block;
    (void)leat_add(&pool->waiting, 1u, relaxed); /* edge "token" of the try below */
    for (;;) {
        uint32_t seen = leat_load(&pool->freed, relaxed); /* edge "token": of who raised it */
        block = leat_pool_alloc(head);
        int64_t now_ns = block ? 0 : host->now_ns(host->context);
        if (block || now_ns >= deadline_ns)
            break;
        bool step =
            !leat_load(&pool->dry, relaxed) && deadline_ns - now_ns > WAIT_STEP_NS; /* a hint: whose step it was, it was a true one */
        host->park(host->context, &pool->freed, seen, step ? now_ns + WAIT_STEP_NS : deadline_ns);
    }
    (void)leat_sub(&pool->waiting, 1u, relaxed); /* who still sees it raised wakes nobody */
    return block;
}
