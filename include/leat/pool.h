/* SPDX-License-Identifier: MIT */
/*
 * leat/pool.h: thread-safe blocks of one size.
 *
 * Slabs come from a struct leat_memory; each has Boost.Pool's `first` pointer over its free blocks: an allocated block is simply off
 * the list. In front of them every thread has a cache, an array of pointers, so that a hit is an array pop: no atomic
 * read-modify-write, no touch of the block. Threads exchange whole magazines of pointers through a small lock-free depot.
 *
 * I1  every block of every slab is in exactly one place: live, in one cache, in one magazine of the depot, on its slab's `first` list,
 *     or not yet cut (beyond the slab's bump mark).
 * I2  a cache is touched by its owner while `busy` is 1; by the holder of the pool's token when the cache is revoked and busy is 0.
 * I3  a cache is revoked only while somebody holds the token.
 * I4  an allocation fails only when `limit` blocks are live or the memory source failed.
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

struct leat_pool_config {
    int64_t block_bytes;               /* 1 .. 1 GiB; rounded up to the alignment */
    int64_t align;                     /* a power of two up to 4096; 0: 16 */
    int64_t limit;                     /* most blocks live at once, exact; 0: no limit */
    int64_t slab_bytes;                /* a power of two; 0: chosen from the block size, at least 64 KiB */
    int64_t cache_blocks;              /* pointers a thread's cache holds; 0: chosen from the block size */
    const struct leat_memory *memory;  /* required; must outlive the pool */
    const struct leat_host *host;      /* NULL: none; then limited pools have caches of size zero */
    const char *name;                  /* borrowed for the pool's life; NULL: "pool" */
};

struct leat_pool_stats {
    int64_t block_bytes, limit, live, cached, peak, slabs, bytes; /* bytes: all memory held, blocks and bookkeeping */
};

enum leat_pool_why { LEAT_POOL_OK, LEAT_POOL_LIMIT, LEAT_POOL_SOURCE_FAILED, LEAT_POOL_MISUSE };

/* ABI: the visible heads, pinned by tests. */
struct leat_pool {
    size_t id; /* never used twice in one process, never 0 */
    int64_t block_bytes;
};

struct leat_pool_cache {
    LEAT_ATOMIC(uint32_t) busy; /* written by the owner; read by the token's holder */
    LEAT_ATOMIC(int32_t) low;   /* alloc's fast path needs count > low: 0, or INT32_MAX while revoked (written by the token's holder) */
    LEAT_ATOMIC(int32_t) high;  /* free's fast path needs count < high: the capacity, or -1 while revoked (likewise) */
    int32_t count;              /* owner, or the token's holder while revoked */
    void **items;               /* likewise */
    struct leat_pool *pool;     /* constant */
};

LEAT_API int leat_pool_create(struct leat_pool **pool, const struct leat_pool_config *config);
/* -EBUSY while blocks are live: nothing happened and *live (when not NULL) says how many. Needs quiescence. */
LEAT_API int leat_pool_destroy(struct leat_pool *pool, int64_t *live);

/* Plain calls: the calling thread's cache is found by thread-local storage. */
LEAT_POOL_INLINE void *leat_pool_alloc(struct leat_pool *pool);
LEAT_POOL_INLINE void leat_pool_free(struct leat_pool *pool, void *block); /* NULL is fine */

/* Through a handle: used by one thread at a time. */
LEAT_API struct leat_pool_cache *leat_pool_cache_open(struct leat_pool *pool);
LEAT_API void leat_pool_cache_close(struct leat_pool_cache *cache);
LEAT_POOL_INLINE void *leat_pool_cache_alloc(struct leat_pool_cache *cache);
LEAT_POOL_INLINE void leat_pool_cache_free(struct leat_pool_cache *cache, void *block);

LEAT_API struct leat_blocks leat_pool_blocks(struct leat_pool *pool);
LEAT_API enum leat_pool_why leat_pool_why(const struct leat_pool *pool); /* why the calling thread's last allocation failed */
LEAT_API void leat_pool_stats(struct leat_pool *pool, struct leat_pool_stats *stats);
LEAT_API int64_t leat_pool_trim(struct leat_pool *pool); /* bytes given back to the memory source */
LEAT_API bool leat_pool_valid(struct leat_pool *pool);   /* needs quiescence */
LEAT_API void leat_pool_thread_end(void);                /* every cache of the calling thread goes home */

#ifdef __cplusplus
}
#endif
#endif
