/* SPDX-License-Identifier: MIT */
/*
 * leat/pool.h: thread-safe blocks of one size.
 *
 * Slabs come from a struct leat_memory; each has Boost.Pool's ordered list of its free blocks, from `first` on: an allocated block is
 * simply off the list. In front of them every thread has a cache, an array of pointers, so that a hit is an array pop: no atomic
 * read-modify-write, no touch of the block. Threads exchange whole magazines of pointers through a small lock-free depot.
 *
 * I1  every block of every slab is in exactly one place: live, in one cache, in one magazine of the depot, on its slab's list, or set
 *     aside because a misuse was found in it.
 * I2  a cache's top and what lies below it are changed by its owner alone. The owner takes a block by moving top down and then looks
 *     whether the cache is still open.
 * I3  a cache is shut by the token's holder, who may then take what is below top, writing nothing there; its owner opens it again,
 *     holding the token.
 * I4  an allocation fails only when `limit` blocks are live (or set aside), or when the memory source gave nothing more.
 *
 * Who may call what at the same time:
 *
 *                                              same cache handle    same pool, other threads
 *   cache_alloc, cache_free, their _many       one thread           any
 *   cache_open, cache_close                    one thread           any
 *   alloc, free, _many, _array, wait, blocks   -                    any
 *   stats, why, owns, prefill, trim, walk      -                    any
 *   track, holders, thread_end                 -                    any
 *   valid                                      -                    none
 *   destroy                                    none                 none but a free that is about to return (see there)
 *   fork_prepare, fork_parent, fork_child      -                    any
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

struct leat_pool;

/* How a pool without a block to give takes slabs from its memory source. */
enum leat_pool_growth {
    LEAT_POOL_LINEAR,   /* growth_slabs at a time; 0: one */
    LEAT_POOL_DOUBLING, /* as many as it holds, at most growth_slabs; 0: 64. After a trim the steps begin anew */
    LEAT_POOL_FIXED     /* never: `first` blocks, which are also the limit */
};

struct leat_pool_config {
    int64_t block_bytes;  /* 1 .. 1 GiB; rounded up to the alignment, unless checked */
    int64_t align;        /* a power of two up to 2 MiB, at least a pointer's is used; 0: 16 */
    int64_t first;        /* blocks whose slabs are taken at creation; 0: none is until it is wanted */
    int64_t limit;        /* most blocks live at once, exact, not under `first`; 0: no limit */
    int64_t slab_bytes;   /* a power of two that holds a block; 0: chosen, 64 KiB at least where the limit is not less */
    int64_t growth_slabs; /* 0 .. 65536, see there */
    enum leat_pool_growth growth;
    bool arrays;          /* leat_pool_alloc_array() is wanted: blocks lie side by side throughout a slab. Otherwise those of a multiple of
                           * 512 bytes lie so in groups of 8 KiB or a little more only, which suits the processor's cache */
    bool zero;            /* a block comes with all bytes 0. Every call takes the slow path, as for the next */
    bool checked;         /* misuse is found and handed to host->fault: double free, foreign and interior pointers, writes after a free
                           * and beyond a block's end. If the fault handler returns, the block is left alone: not served again */
    int64_t cache_blocks; /* 1 .. 65536: half of what a cache holds, and what is exchanged at once; 0: chosen from block size and limit */
    int64_t caches;       /* leat_pool_init: for how many caches there is room, 0 .. 65536; 0: 8. Who finds none takes the token */
    const struct leat_memory *memory; /* required (leat_pool_init: unused); copied, its context must outlive the pool; called with the
                                       * token held: it must not use this pool */
    const struct leat_host *host;     /* copied, its context must outlive the pool; NULL: none. Without a barrier that works a pool with a
                                       * limit has no caches: each call takes the token */
    const char *name;                 /* borrowed for the pool's life; NULL: "pool" */
    void (*leak)(void *context, struct leat_pool *pool, int64_t live); /* called by a destroy that is refused; NULL: none */
    void *leak_context;
    struct leat_error *error; /* set when the configuration is refused: which member, and the next value that is valid; NULL: not wanted */
};

struct leat_pool_stats {
    int64_t block_bytes; /* usable bytes of a block */
    int64_t limit;       /* as configured; 0: none */
    int64_t live;        /* blocks with the callers */
    int64_t cached;      /* blocks waiting in caches and depot */
    int64_t peak;        /* most blocks ever out of the slabs at once: never below the true peak of `live`, never above the limit */
    int64_t slabs;       /* slabs held */
    int64_t bytes;       /* all memory held: slabs and bookkeeping */
    int64_t refused;     /* allocations that failed, tries of leat_pool_wait() included */
    int64_t set_aside;   /* blocks in which a misuse was found and that are not served again; not in live */
};

enum leat_pool_why { LEAT_POOL_OK, LEAT_POOL_LIMIT, LEAT_POOL_SOURCE_FAILED, LEAT_POOL_MISUSE };

/* ABI: the visible heads, pinned by tests. */
struct leat_pool {
    size_t id;           /* constant; never used twice in one process, never 0; a multiple of 16 */
    int64_t block_bytes; /* constant: usable bytes of a block */
};

/* Addresses in an array of block pointers, which grows upwards. While the cache is shut, low is UINTPTR_MAX and high is 0. */
struct leat_pool_cache {
    LEAT_ATOMIC(uintptr_t) top;  /* where the next block is put; written by the owner only */
    LEAT_ATOMIC(uintptr_t) low;  /* the array's first address, below which top is empty: written by the token's holder */
    LEAT_ATOMIC(uintptr_t) high; /* the end of the array: likewise */
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
 * Creates a pool; its slabs come later, one by one, as blocks are wanted, but for those that `first` asks for. A pool with a limit calls
 * host->barrier once, to learn whether there is one.
 *
 * @param pool    set to the new pool         @param config  borrowed during the call, see struct leat_pool_config
 * Returns 0; -EINVAL when the configuration is refused (nothing was taken, *config->error says what is valid); -ENOMEM when the memory
 * source failed (everything was given back).
 * Source: Boost.Pool's simple_segregated_storage per slab; J. Bonwick, J. Adams, "Magazines and Vmem", USENIX 2001, for caches and depot.
 *
 * [thread: any | blocks: no | allocates: from config->memory | fails: EINVAL, ENOMEM]
 */
LEAT_API int leat_pool_create(struct leat_pool **pool, const struct leat_pool_config *config);

/*
 * Creates a pool on the caller's own memory: exactly `limit` blocks (LEAT_POOL_FIXED: `first`), and nothing is ever taken from anywhere.
 *
 * @param memory  borrowed until leat_pool_destroy(); any alignment     @param bytes  at least leat_pool_bytes_for(config)
 * Returns 0; -EINVAL when the configuration is refused, has no limit, or when `bytes` are too few (*config->error says how many do).
 *
 * [thread: any | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_pool_init(struct leat_pool **pool, void *memory, int64_t bytes, const struct leat_pool_config *config);

/*
 * Returns the bytes that leat_pool_init() wants for this configuration, wherever the memory begins; -EINVAL as it would.
 *
 * [thread: any | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int64_t leat_pool_bytes_for(const struct leat_pool_config *config);

/*
 * Gives every piece of memory back to the source, caches of all threads included; `pool` is gone. While blocks are live it does not, and
 * says how many, and config->leak is called. No thread may use the pool any more; with a host->barrier a leat_pool_free() that is just
 * returning does no harm, so whoever waits for the last block to come home may simply try again (it lets others run).
 *
 * @param pool  NULL: nothing happens         @param live  set to the number of live blocks on -EBUSY, else untouched; may be NULL
 * Returns 0, or -EBUSY when blocks are live.
 *
 * [thread: any | blocks: no | allocates: no | fails: EBUSY]
 */
LEAT_API int leat_pool_destroy(struct leat_pool *pool, int64_t *live);

/*
 * As leat_pool_walk(), then destroys the pool with all blocks that were live: they are gone too.
 *
 * @param pool  NULL: nothing happens     @param visit  called once for each live block; NULL: none
 * Returns how many they were.   Source: Boost's object_pool, which destructs what still lives
 *
 * [thread: any, no other may use the pool | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_pool_destroy_all(struct leat_pool *pool, void (*visit)(void *context, void *block), void *context);

/*
 * The caller owns a block of pool->block_bytes uninitialised bytes (all 0 in a pool that zeroes), out of the calling thread's cache, which
 * is opened at the thread's first call and closed by leat_pool_thread_end().
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
 * As `count` calls of leat_pool_alloc(), for a third of their time.
 *
 * @param blocks  room for `count` pointers; the first ones are set     @param count  0 or more
 * Returns how many blocks the caller now owns: fewer than `count` only where the next one was refused, leat_pool_why() says why.
 *
 * [thread: any | blocks: no | allocates: when the slabs are used up | fails: fewer]
 */
LEAT_API LEAT_POOL_INLINE int64_t leat_pool_alloc_many(struct leat_pool *pool, void **blocks, int64_t count);

/* As leat_pool_free() of each; none may be NULL.   [thread: any | blocks: no | allocates: as leat_pool_free | fails: never] */
LEAT_API LEAT_POOL_INLINE void leat_pool_free_many(struct leat_pool *pool, void *const *blocks, int64_t count);

/*
 * The caller owns `count` blocks that lie side by side. They are ordinary blocks: each is given back by a free of its own, or all together
 * by leat_pool_free_array(). The search takes time in proportion to a slab, and holds the pool's token. Between blocks of a checked pool
 * lies what guards them, so there only count 1 is served.
 *
 * @param count  1 .. the blocks of a slab (without config->arrays: of a group)
 * Returns the first block, pool->block_bytes apart from the next; NULL: there is no such run within the limit, or none to be had.
 * Source: Boost.Pool's ordered_malloc(n)
 *
 * [thread: any | blocks: no | allocates: a slab, where none has such a run | fails: NULL]
 */
LEAT_API void *leat_pool_alloc_array(struct leat_pool *pool, int64_t count);

/* As leat_pool_free() of `count` blocks that lie side by side.   [thread: any | blocks: no | allocates: bookkeeping | fails: never] */
LEAT_API void leat_pool_free_array(struct leat_pool *pool, void *first, int64_t count);

/*
 * As leat_pool_alloc(), but at the limit, or while the memory source fails, sleeps until a block comes back. Who waits is woken by every
 * block that comes home; there is no order among several.
 *
 * @param deadline_ns  absolute, host->now_ns's clock; 0: does not sleep; LEAT_FOREVER: as long as it takes
 * Returns the block; NULL: the deadline passed, or the host cannot park: leat_pool_why() says why there was no block.
 *
 * [thread: any | blocks: until deadline_ns | allocates: as leat_pool_alloc | fails: NULL]
 */
LEAT_API void *leat_pool_wait(struct leat_pool *pool, int64_t deadline_ns);

/*
 * Opens a cache that is found by its address instead of by the calling thread: the fastest way, and the only one for what moves between
 * threads. One thread at a time may use it.
 *
 * Returns the cache; when there is no memory for one, a handle that works without (each call takes the pool's token).
 * The caller owns it, and ends it by leat_pool_cache_close().
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

/* As leat_pool_alloc_many().   [thread: the cache's | blocks: no | allocates: when the slabs are used up | fails: fewer] */
LEAT_API LEAT_POOL_INLINE int64_t leat_pool_cache_alloc_many(struct leat_pool_cache *cache, void **blocks, int64_t count);

/* As leat_pool_free_many().   [thread: the cache's | blocks: no | allocates: bookkeeping, and does without | fails: never] */
LEAT_API LEAT_POOL_INLINE void leat_pool_cache_free_many(struct leat_pool_cache *cache, void *const *blocks, int64_t count);

/*
 * Returns the pool as others know it: alloc and free are the plain calls. A pool whose alignment is under 16 does not keep that contract:
 * then both functions are NULL and block_bytes is 0.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API struct leat_blocks leat_pool_blocks(struct leat_pool *pool);

/*
 * Returns why the calling thread's last allocation that failed did so, when it was one from this pool, else LEAT_POOL_OK. Ask right after
 * the NULL: later successes do not reset it. LEAT_POOL_MISUSE: an array longer than a slab.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API enum leat_pool_why leat_pool_why(const struct leat_pool *pool);

/*
 * Returns whether `block` is the start of a block of this pool, live or free.   Source: Boost.Pool's is_from
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_pool_owns(struct leat_pool *pool, const void *block);

/*
 * At least `count` blocks can be allocated, one by one, without the memory source, besides those that lie in caches and depot.
 *
 * @param count  0 or more; beyond what the limit leaves, as many as it leaves
 * Returns 0; or -ENOMEM: the memory source failed, what it gave is kept.
 *
 * [thread: any | blocks: no | allocates: slabs | fails: ENOMEM]
 */
LEAT_API int leat_pool_prefill(struct leat_pool *pool, int64_t count);

/*
 * Fills in *stats. `slabs`, `bytes`, `peak` and the sum live + cached are exact; how that sum divides is exact when no other thread is
 * inside the pool, and off by what they move meanwhile when some are.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pool_stats(struct leat_pool *pool, struct leat_pool_stats *stats);

/*
 * Every slab none of whose blocks is live is back at the memory source, whatever the order of the frees was: all caches and the depot are
 * emptied first. Without a host->barrier handles and other threads' caches keep what they hold until their next visit to the slow path.
 *
 * Returns the bytes given back.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_pool_trim(struct leat_pool *pool);

/*
 * Calls visit(context, block) for every live block, slab by slab, by address within one. The token is held meanwhile: visit must not use
 * the pool. With a host->barrier other threads may be at work: what is shown was live at one moment. Without, they may not.
 *
 * Returns how many.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_pool_walk(struct leat_pool *pool, void (*visit)(void *context, void *block), void *context);

/*
 * From now on one allocation in `one_in` is remembered with its place, as long as the block is live; 0: none any more. Every call of a
 * tracked pool takes the slow path. The first call must come before the pool's first cache, that is before its first use, unless the pool
 * zeroes or checks (or runs under a memory checker); the rate may be changed at any time. Places are those of host->places, else the one
 * return address; they are asked for once here, too, so that a library which that opens is open before any thread forks.
 *
 * Returns 0; -ENOMEM, nothing changed; -EINVAL, one_in is not 0 .. 2^32 - 1; -EBUSY, there is a cache already.
 *
 * [thread: any | blocks: no | allocates: 16 bytes a block, and 56 KiB once | fails: EINVAL, ENOMEM, EBUSY]
 */
LEAT_API int leat_pool_track(struct leat_pool *pool, int64_t one_in);

#define LEAT_POOL_PLACES 4

/* Who holds blocks: those that were allocated at one place. */
struct leat_pool_holder {
    const void *places[LEAT_POOL_PLACES]; /* return addresses, the allocation's own first, then its callers'; NULL: not known */
    int64_t blocks;                       /* remembered ones that are live */
    int64_t oldest_ns;                    /* host->now_ns() when the oldest was allocated, to a millisecond; 0: no clock */
};

/*
 * Calls visit(context, holder) for every place from which remembered blocks are live, the most blocks first, and at the end, where
 * some are, for those that are not remembered: no places, no time. The token is held: visit must not use the pool. It is tried for
 * a short while only, so that a signal handler may ask.
 *
 * Returns the number of live blocks, as leat_pool_stats() has it; -EAGAIN: somebody else held the token all the time.
 *
 * [thread: any, signal handlers too | blocks: no | allocates: no | fails: EAGAIN]
 */
LEAT_API int64_t leat_pool_holders(struct leat_pool *pool, void (*visit)(void *context, const struct leat_pool_holder *holder),
                                   void *context);

/* Returns the pool's name, as configured.   [thread: any | blocks: no | allocates: no | fails: never] */
LEAT_API const char *leat_pool_name(const struct leat_pool *pool);

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

/*
 * For hosts with fork(2), which leat_os_host() calls around it: prepare holds every pool's token, parent lets go, and so does child, where
 * the caches of threads that are not there any more go home too. What lay in the cache of a thread that was on its
 * slow path at that moment, or was being allocated, stays live in the child.
 *
 * [thread: any, the same for all three | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pool_fork_prepare(void);
LEAT_API void leat_pool_fork_parent(void);
LEAT_API void leat_pool_fork_child(void);

/* Parts of the calls above: not for direct use. */
LEAT_API LEAT_POOL_INLINE struct leat_pool_cache *leat_pool_cache_mine(struct leat_pool *pool);
LEAT_API LEAT_COLD struct leat_pool_cache *leat_pool_cache_slow(struct leat_pool *pool);
LEAT_API LEAT_COLD void *leat_pool_cache_alloc_slow(struct leat_pool_cache *cache);
LEAT_API LEAT_COLD void leat_pool_cache_free_slow(struct leat_pool_cache *cache, void *block);
LEAT_API LEAT_COLD int64_t leat_pool_cache_alloc_many_slow(struct leat_pool_cache *cache, void **blocks, int64_t count);
LEAT_API LEAT_COLD void leat_pool_cache_free_many_slow(struct leat_pool_cache *cache, void *const *blocks, int64_t count);

#define LEAT_POOL_MANY 4096 /* more than that at once, and none, takes the slow path */

/*
 * The fast paths. An allocation takes the block first and looks then whether it was allowed to: the store to top and the load of low are a
 * Dekker pair whose fence only the other side pays. A free looks first; a block that is put into a cache just shut is found there. See
 * src/pool/pool_private.h for the edges named here.
 */
LEAT_POOL_INLINE void *leat_pool_cache_alloc(struct leat_pool_cache *cache)
{
    uintptr_t top = leat_load(&cache->top, relaxed) - sizeof(void *); /* own word */
    leat_store(&cache->top, top, release);                            /* edges "shut", "top" */
    leat_compiler_fence();
    if (LEAT_LIKELY(top >= leat_load(&cache->low, relaxed))) /* edge "shut" */
        return *(void **)top;
    return leat_pool_cache_alloc_slow(cache);
}

LEAT_POOL_INLINE void leat_pool_cache_free(struct leat_pool_cache *cache, void *block)
{
    if (LEAT_UNLIKELY(block == NULL))
        return;
    uintptr_t top = leat_load(&cache->top, relaxed);           /* own word */
    if (LEAT_LIKELY(top < leat_load(&cache->high, relaxed))) { /* only a hint: too late is no harm */
        *(void **)top = block;
        leat_store(&cache->top, top + sizeof(void *), release); /* edge "top" */
    } else {
        leat_pool_cache_free_slow(cache, block);
    }
}

LEAT_POOL_INLINE int64_t leat_pool_cache_alloc_many(struct leat_pool_cache *cache, void **blocks, int64_t count)
{
    if (LEAT_UNLIKELY((uint64_t)count - 1 >= LEAT_POOL_MANY))
        return leat_pool_cache_alloc_many_slow(cache, blocks, count);
    uintptr_t bytes = (uintptr_t)count * sizeof(void *);
    uintptr_t top = leat_load(&cache->top, relaxed) - bytes; /* own word */
    leat_store(&cache->top, top, release);                   /* as in leat_pool_cache_alloc() */
    leat_compiler_fence();
    if (LEAT_UNLIKELY(top < leat_load(&cache->low, relaxed))) /* likewise */
        return leat_pool_cache_alloc_many_slow(cache, blocks, count);
    memcpy(blocks, (void *)top, bytes);
    return count;
}

LEAT_POOL_INLINE void leat_pool_cache_free_many(struct leat_pool_cache *cache, void *const *blocks, int64_t count)
{
    uintptr_t top = leat_load(&cache->top, relaxed), high = leat_load(&cache->high, relaxed); /* as in leat_pool_cache_free() */
    if (LEAT_LIKELY((uint64_t)count - 1 < LEAT_POOL_MANY && top <= high && (uintptr_t)count * sizeof(void *) <= high - top)) {
        memcpy((void *)top, blocks, (uintptr_t)count * sizeof(void *));
        leat_store(&cache->top, top + (uintptr_t)count * sizeof(void *), release); /* edge "top" */
    } else {
        leat_pool_cache_free_many_slow(cache, blocks, count);
    }
}

/* The calling thread's cache: an id is a multiple of 16, a slot's size, and so gives its place. */
LEAT_POOL_INLINE struct leat_pool_cache *leat_pool_cache_mine(struct leat_pool *pool)
{
    size_t id = pool->id;
    struct leat_pool_slot *slot = &leat_pool_slots[id / 16 % LEAT_POOL_SLOTS];
    return LEAT_LIKELY(slot->id == id) ? slot->cache : leat_pool_cache_slow(pool);
}

LEAT_POOL_INLINE void *leat_pool_alloc(struct leat_pool *pool)
{
    return leat_pool_cache_alloc(leat_pool_cache_mine(pool));
}

LEAT_POOL_INLINE void leat_pool_free(struct leat_pool *pool, void *block)
{
    if (LEAT_LIKELY(block != NULL))
        leat_pool_cache_free(leat_pool_cache_mine(pool), block);
}

LEAT_POOL_INLINE int64_t leat_pool_alloc_many(struct leat_pool *pool, void **blocks, int64_t count)
{
    return leat_pool_cache_alloc_many(leat_pool_cache_mine(pool), blocks, count);
}

LEAT_POOL_INLINE void leat_pool_free_many(struct leat_pool *pool, void *const *blocks, int64_t count)
{
    leat_pool_cache_free_many(leat_pool_cache_mine(pool), blocks, count);
}

/*
 * A typed layer: LEAT_POOL_TYPE(frame, struct frame, construct, destruct) defines, for blocks that are each a struct frame,
 *
 *   int frame_pool_create(struct frame_pool *, config)   block_bytes and align are set; 0, -EINVAL, -ENOMEM as leat_pool_create()
 *   struct frame *frame_alloc(struct frame_pool *)       constructed; NULL as leat_pool_alloc(), or when construct() said false
 *   void frame_free(struct frame_pool *, struct frame *) destructed; NULL: nothing happens
 *   int64_t frame_pool_destroy(struct frame_pool *)          destructs and gives back what still lives, in O(blocks)
 *
 * bool construct(struct frame *) and void destruct(struct frame *) are functions or macros; where there is nothing to do,
 * LEAT_POOL_CONSTRUCTED and LEAT_POOL_DESTRUCTED. A block that was allocated but not constructed yet must not be there at the end.
 * Source: Boost's object_pool
 */
#define LEAT_POOL_CONSTRUCTED(object) ((void)(object), true)
#define LEAT_POOL_DESTRUCTED(object) ((void)(object))
#define LEAT_POOL_TYPE(name, type, construct, destruct)                                            \
    struct name##_pool {                                                                           \
        struct leat_pool *pool;                                                                    \
    };                                                                                             \
    static inline int name##_pool_create(struct name##_pool *self, struct leat_pool_config config) \
    {                                                                                              \
        config.block_bytes = (int64_t)sizeof(type);                                                \
        config.align = (int64_t)LEAT_ALIGNOF(type) > 16 ? (int64_t)LEAT_ALIGNOF(type) : 16;        \
        return leat_pool_create(&self->pool, &config);                                             \
    }                                                                                              \
    static inline type *name##_alloc(struct name##_pool *self)                                     \
    {                                                                                              \
        type *object = (type *)leat_pool_alloc(self->pool);                                        \
        if (object && !construct(object)) {                                                        \
            leat_pool_free(self->pool, object);                                                    \
            object = NULL;                                                                         \
        }                                                                                          \
        return object;                                                                             \
    }                                                                                              \
    static inline void name##_free(struct name##_pool *self, type *object)                         \
    {                                                                                              \
        if (object) {                                                                              \
            destruct(object);                                                                      \
            leat_pool_free(self->pool, object);                                                    \
        }                                                                                          \
    }                                                                                              \
    static inline void name##_visit(void *context, void *object)                                   \
    {                                                                                              \
        (void)context;                                                                             \
        destruct((type *)object);                                                                  \
    }                                                                                              \
    static inline int64_t name##_pool_destroy(struct name##_pool *self)                            \
    {                                                                                              \
        return leat_pool_destroy_all(self->pool, name##_visit, NULL);                              \
    }                                                                                              \
    struct name##_pool /* so that a semicolon may follow */

#ifdef __cplusplus
}
#endif
#endif
