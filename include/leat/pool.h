/* SPDX-License-Identifier: MIT */
/*
 * leat/pool.h: thread-safe blocks of one size.
 *
 * Slabs come from a struct leat_memory; each has Boost.Pool's `first` pointer over its free blocks: an allocated block is simply off
 * the list. In front of them every thread has a cache, an array of pointers, so that a hit is an array pop: no atomic
 * read-modify-write, no touch of the block. Threads exchange whole magazines of pointers through a small lock-free depot.
 *
 * I1  every block of every slab is in exactly one place: live, in one cache, in one magazine of the depot, on its slab's `first` list,
 *     or not yet cut (beyond the slab's virgin mark).
 * I2  a cache's count and items are touched by its owner alone: between LEAT_POOL_BUSY set and cleared when it sees the cache open in
 *     between, or while it holds the pool's token. The token's holder reads them once the cache is revoked and the mark is clear.
 * I3  a cache is revoked by the token's holder, who may then take what is in it, and opened again by its owner holding the token.
 * I4  an allocation fails only when `limit` blocks are live, or when the memory source gave nothing more.
 *
 * Who may call what at the same time:
 *
 *                              same cache handle    same pool, other threads
 *   cache_alloc, cache_free    one thread           any
 *   alloc, free, blocks        -                    any
 *   stats, trim, thread_end    -                    any
 *   cache_open, cache_close    one thread           any
 *   valid                      -                    none
 *   destroy                    none                 none but a free that is about to return (see there)
 */
#ifndef LEAT_POOL_H
#define LEAT_POOL_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef LEAT_POOL_INLINE
#define LEAT_POOL_INLINE LEAT_INLINE
#endif

/* The plain calls' storage: one per thread, found without a call; one for all where there is no thread library. */
#if __STDC_HOSTED__
#define LEAT_THREAD_LOCAL __attribute__((tls_model("initial-exec"))) __thread
#else
#define LEAT_THREAD_LOCAL
#endif

struct leat_pool_config {
    int64_t block_bytes;              /* 1 .. 1 GiB; rounded up to the alignment */
    int64_t align;                    /* a power of two up to 4096, at least a pointer's is used; 0: 16 */
    int64_t limit;                    /* most blocks live at once, exact; 0: no limit */
    int64_t slab_bytes;               /* a power of two that holds a block and 64 bytes; 0: chosen from the block size, at least 64 KiB */
    int64_t cache_blocks;             /* 1 .. 65536 pointers in one of a cache's two magazines; 0: chosen from block size and limit */
    const struct leat_memory *memory; /* required; copied, its context must outlive the pool; called with the token held: it
                                       * must not use this pool */
    const struct leat_host *host;     /* copied, its context must outlive the pool; NULL: none. Without a barrier that works a pool with a
                                       * limit has no caches: each call takes the token */
    const char *name;                 /* borrowed for the pool's life; NULL: "pool" */
};

struct leat_pool_stats {
    int64_t block_bytes; /* size of a block, rounded up */
    int64_t limit;       /* as configured; 0: none */
    int64_t live;        /* blocks with the callers */
    int64_t cached;      /* blocks waiting in caches and depot */
    int64_t peak;        /* most blocks ever out of the slabs at once: never below the true peak of `live`, never above the limit */
    int64_t slabs;       /* slabs held */
    int64_t bytes;       /* all memory held: slabs and bookkeeping */
};

enum leat_pool_why { LEAT_POOL_OK, LEAT_POOL_LIMIT, LEAT_POOL_SOURCE_FAILED, LEAT_POOL_MISUSE };

/* ABI: the visible heads, pinned by tests. */
struct leat_pool {
    size_t id;           /* constant; never used twice in one process, never 0 */
    int64_t block_bytes; /* constant */
};

#define LEAT_POOL_BUSY ((uint32_t)1 << 31) /* in a cache's count: its owner is at the items */

struct leat_pool_cache {
    LEAT_ATOMIC(uint32_t) count; /* blocks in items, and the mark: written by the owner only */
    LEAT_ATOMIC(uint32_t) low;   /* alloc's fast path needs count > low: 0, or UINT32_MAX while revoked: written by the token's holder */
    LEAT_ATOMIC(uint32_t) high;  /* free's fast path needs count < high: the capacity, or 0 while revoked: likewise */
    void **items;                /* the loaded magazine: written by the owner, as I2 says */
    struct leat_pool *pool;      /* constant */
};

/* The calling thread's caches, found by pool id; `id` 0: empty. */
struct leat_pool_slot {
    size_t id;
    struct leat_pool_cache *cache;
};
#define LEAT_POOL_SLOTS 8
extern LEAT_API LEAT_THREAD_LOCAL struct leat_pool_slot leat_pool_slots[LEAT_POOL_SLOTS];

/*
 * Creates an empty pool; its slabs come later, one by one, as blocks are wanted. A pool with a limit calls host->barrier once, to learn
 * whether there is one.
 *
 * @param pool    set to the new pool         @param config  borrowed during the call, see struct leat_pool_config
 * Returns 0, -EINVAL when a number of the configuration is out of its range (nothing was taken), -ENOMEM when the memory source failed.
 * Source: Boost.Pool's simple_segregated_storage per slab; J. Bonwick, J. Adams, "Magazines and Vmem", USENIX 2001, for caches and depot.
 *
 * [thread: any | blocks: no | allocates: from config->memory | fails: EINVAL, ENOMEM]
 */
LEAT_API int leat_pool_create(struct leat_pool **pool, const struct leat_pool_config *config);

/*
 * Gives every piece of memory back to the source, caches of all threads included; `pool` is gone. While blocks are live it does not, and
 * says how many. No thread may use the pool any more; with a host->barrier a leat_pool_free() that is just returning does no harm, so
 * whoever waits for the last block to come home may simply try again.
 *
 * @param pool  NULL: nothing happens         @param live  set to the number of live blocks on -EBUSY, else untouched; may be NULL
 * Returns 0, or -EBUSY when blocks are live.
 *
 * [thread: any | blocks: no | allocates: no | fails: EBUSY]
 */
LEAT_API int leat_pool_destroy(struct leat_pool *pool, int64_t *live);

/*
 * The caller owns a block of pool->block_bytes uninitialised bytes, out of the calling thread's cache, which is opened at the thread's
 * first call and closed by leat_pool_thread_end().
 *
 * Returns the block, or NULL: leat_pool_why() says why.
 *
 * [thread: any | blocks: no | allocates: when the slabs are used up | fails: NULL]
 */
LEAT_API LEAT_POOL_INLINE void *leat_pool_alloc(struct leat_pool *pool);

/*
 * The pool owns `block` again, whichever thread had allocated it.
 *
 * @param block  from this pool, taken; NULL: nothing happens
 *
 * [thread: any | blocks: no | allocates: bookkeeping, and does without | fails: never]
 */
LEAT_API LEAT_POOL_INLINE void leat_pool_free(struct leat_pool *pool, void *block);

/*
 * Opens a cache that is found by its address instead of by the calling thread: the fastest way, and the only one for what moves between
 * threads. One thread at a time may use it.
 *
 * Returns the cache; when there is no memory for one, a handle that works without (each call takes the pool's token).
 *
 * [thread: any | blocks: no | allocates: bookkeeping, and does without | fails: never]
 */
LEAT_API struct leat_pool_cache *leat_pool_cache_open(struct leat_pool *pool);

/*
 * The cache's blocks are back in the pool and the handle is gone.
 *
 * @param cache  from leat_pool_cache_open(), taken; NULL: nothing happens
 *
 * [thread: the cache's | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pool_cache_close(struct leat_pool_cache *cache);

/* As leat_pool_alloc(), out of `cache`.   [thread: the cache's | blocks: no | allocates: when the slabs are used up | fails: NULL] */
LEAT_API LEAT_POOL_INLINE void *leat_pool_cache_alloc(struct leat_pool_cache *cache);

/* As leat_pool_free(), into `cache`.   [thread: the cache's | blocks: no | allocates: bookkeeping, and does without | fails: never] */
LEAT_API LEAT_POOL_INLINE void leat_pool_cache_free(struct leat_pool_cache *cache, void *block);

/*
 * Returns the pool as others know it: alloc and free are the plain calls. A pool whose alignment is under 16 does not keep that contract:
 * then both functions are NULL and block_bytes is 0.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API struct leat_blocks leat_pool_blocks(struct leat_pool *pool);

/*
 * Returns why the calling thread's last allocation that failed did so, when it was one from this pool, else LEAT_POOL_OK. Ask right after
 * the NULL: later successes do not reset it.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API enum leat_pool_why leat_pool_why(const struct leat_pool *pool);

/*
 * Fills in *stats. `slabs`, `bytes`, `peak` and the sum live + cached are exact; how that sum divides is exact when no other thread is
 * inside the pool, and off by what they move meanwhile when some are.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pool_stats(struct leat_pool *pool, struct leat_pool_stats *stats);

/*
 * The calling thread's own cache and the depot are empty, and every slab none of whose blocks is live or in a cache is back at the memory
 * source, whatever the order of the frees was. Handles and other threads' caches keep what they hold.
 *
 * Returns the bytes given back.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_pool_trim(struct leat_pool *pool);

/*
 * Returns whether the invariants hold: walks slabs, lists, caches and depot; for tests. It takes time in proportion to the blocks.
 *
 * [thread: any, while no other uses the pool | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_pool_valid(struct leat_pool *pool);

/*
 * Every cache that plain calls opened for the calling thread, in any pool, has given its blocks back. leat_os_host() sees to it that this
 * runs at a thread's end; the thread may use pools again afterwards.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pool_thread_end(void);

/* The rare part of the calls above: not for direct use. */
LEAT_API LEAT_COLD void *leat_pool_alloc_slow(struct leat_pool *pool);
LEAT_API LEAT_COLD void leat_pool_free_slow(struct leat_pool *pool, void *block);
LEAT_API LEAT_COLD void *leat_pool_cache_alloc_slow(struct leat_pool_cache *cache);
LEAT_API LEAT_COLD void leat_pool_cache_free_slow(struct leat_pool_cache *cache, void *block);

/*
 * The fast paths. The mark in `count` and the word `low` (or `high`) are a Dekker pair whose fence only the other side pays: see
 * src/pool/pool_private.h for the edges named here.
 */
LEAT_POOL_INLINE void *leat_pool_cache_alloc(struct leat_pool_cache *cache)
{
    uint32_t count = leat_load(&cache->count, relaxed);         /* own word */
    leat_store(&cache->count, count | LEAT_POOL_BUSY, relaxed); /* edge "revoke": the reclaimer's barrier orders it before the next load */
    leat_compiler_fence();
    if (LEAT_LIKELY(count > leat_load(&cache->low, relaxed))) { /* edge "revoke" */
        void *block = cache->items[--count];
        leat_store(&cache->count, count, release); /* edge "leave" */
        return block;
    }
    leat_store(&cache->count, count, release); /* edge "leave" */
    return leat_pool_cache_alloc_slow(cache);
}

LEAT_POOL_INLINE void leat_pool_cache_free(struct leat_pool_cache *cache, void *block)
{
    if (LEAT_UNLIKELY(block == NULL))
        return;
    uint32_t count = leat_load(&cache->count, relaxed);         /* own word */
    leat_store(&cache->count, count | LEAT_POOL_BUSY, relaxed); /* edge "revoke" */
    leat_compiler_fence();
    if (LEAT_LIKELY(count < leat_load(&cache->high, relaxed))) { /* edge "revoke" */
        cache->items[count] = block;
        leat_store(&cache->count, count + 1, release); /* edge "leave" */
        return;
    }
    leat_store(&cache->count, count, release); /* edge "leave" */
    leat_pool_cache_free_slow(cache, block);
}

LEAT_POOL_INLINE void *leat_pool_alloc(struct leat_pool *pool)
{
    struct leat_pool_slot *slot = &leat_pool_slots[pool->id % LEAT_POOL_SLOTS];
    if (LEAT_LIKELY(slot->id == pool->id))
        return leat_pool_cache_alloc(slot->cache);
    return leat_pool_alloc_slow(pool);
}

LEAT_POOL_INLINE void leat_pool_free(struct leat_pool *pool, void *block)
{
    struct leat_pool_slot *slot = &leat_pool_slots[pool->id % LEAT_POOL_SLOTS];
    if (LEAT_LIKELY(slot->id == pool->id))
        leat_pool_cache_free(slot->cache, block);
    else
        leat_pool_free_slow(pool, block);
}

#ifdef __cplusplus
}
#endif
#endif
