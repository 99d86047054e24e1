/* SPDX-License-Identifier: MIT */
/*
 * The pool's inside. From the block outwards: slab.c cuts and collects blocks, cache.c keeps them at hand for one owner, depot.c moves
 * whole magazines between owners, pool.c creates and ends (shape.c: the numbers of a configuration), thread.c finds a thread's cache and
 * survives a fork; watch.c is the way of the pools that zero, check or track (track.c), walk.c looks at all blocks, check.c at all
 * invariants.
 *
 * A magazine is an array of `capacity` block pointers, nothing else. A cache is an array of two magazines' length and a spare magazine,
 * which is empty: half of the array's pointers are copied out into it when the array is full, and it is changed for an empty one.
 *
 * Edges. Each is one release that meets one acquire, but for the first.
 *
 * Edge "shut". The token's holder stores shut = 1, low = UINTPTR_MAX and high = 0, passes the barrier, and reads `inside` and top. The
 * owner stores top (one block lower) and reads low; or, on its slow path, stores inside = 1 and reads shut. host->barrier puts a full
 * fence somewhere into the program order of every running thread. If that place is before the owner's read, the read sees the cache
 * shut. If it is after, the owner's store lies before it, so the holder's read sees the block taken, or the owner inside, and waits. This
 * is Dekker's algorithm with the fence of one side paid by the other.
 *
 * Edge "top". The owner's store of top (release), after what it put below, meets the holder's read (acquire), before it reads there.
 *
 * Edge "leave". The owner's inside = 0 (release), after its slow path's last touch of array, spare and depot, meets the holder's read of
 * it (acquire), before its first.
 *
 * Edge "token". The token's release (store) meets the next take (exchange, acquire). What is marked [token] is touched in between.
 *
 * Edge "magazine". A swap or store into a slot of the depot (release) meets the swap or exchange that gets the same magazine (acquire):
 * its pointers, and what the last owners wrote into the blocks, are visible; and the last read of an emptied magazine comes before the
 * next write. The slot's word names the magazine and says whether it is full, and nobody looks into a magazine that is not his: a slot
 * that went A, B, A between a look and the compare-and-swap is as good as one that did not change.
 *
 * Edge "slab". A slab's descriptor is published in the index (release) and found there (acquire), filled in. Descriptors are never given
 * back before the pool's end, so one that is stale can be read, and is recognised by its base.
 *
 * The holder takes blocks by copying their addresses and notes in `taken` how many: the lowest `taken` pointers of the array are not the
 * owner's any more. It writes neither top nor array. Whatever the owner had under way when its cache was shut, at the slow path, with the
 * token, it finds out what is left to it:
 *
 *   - an allocation had lowered top to position p: if p >= taken, the block at p was never seen by the holder; it is the allocation's
 *     result. Otherwise it is gone, and the array is as good as empty.
 *   - a free had looked at high before the barrier and stored afterwards: the block lies at or above `taken`. It can happen once for each
 *     time the cache is shut, because the owner's next look at high sees 0. Until the owner came along (`settled`), who wants to fail an
 *     allocation looks at top again; so the limit stays exact. No barrier is needed for that look: the owner of a shut cache can take a
 *     block only by the rule above.
 *
 * The owner's slow path works on array, spare and depot either inside, after a look at shut (bounded: no waiting in there), or while it
 * holds the token, when nobody else can shut or take. It waits for the token outside. So once all caches are shut, each was seen not
 * inside and was taken from, and the depot was drained, every block that is not on a slab is live.
 */
#ifndef LEAT_POOL_PRIVATE_H
#define LEAT_POOL_PRIVATE_H

#include <leat/pool.h>

#include "probe.h"

#define POOL_DEPOT_SLOTS 16
#define POOL_META_BYTES 16384    /* bookkeeping is acquired in pieces of at least this */
#define POOL_FULL ((uintptr_t)1) /* in a slot's word: the magazine is full */

#if defined(__x86_64__) || defined(__i386__)
#define POOL_PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__) || defined(__arm__)
#define POOL_PAUSE() __asm__ volatile("yield")
#else
#define POOL_PAUSE() leat_compiler_fence()
#endif

/* What is remembered of a live block: written by who allocates and frees it, read by reports. */
struct mark {
    LEAT_ATOMIC(uint32_t) place; /* index into the places, + 1; 0: not remembered */
    LEAT_ATOMIC(size_t) since;   /* when, in units of 2^20 ns: small enough for machines of 32 bits */
};

/*
 * A slab's descriptor. It does not lie in the slab: descriptors side by side share the processor's cache, while lines at the start of
 * every slab, 64 KiB apart, would all want the same few places of it. [token], but for base and the arrays' elements.
 *
 * S1  a block is free while its bit is set; none before `first` is; out + the bits that are set = slab_blocks.
 * S2  the slab is on the pool's `room` list exactly while out < slab_blocks.
 * S3  it is in the index while base is not 0.
 */
struct slab {
    size_t first;                /* Boost's: where the list of free blocks begins; slab_blocks, or what was the last word's: none */
    LEAT_ATOMIC(uintptr_t) base; /* its address, a multiple of slab_bytes; 0: the descriptor is idle */
    size_t out;                  /* blocks that are not here */
    struct slab *next;           /* on `room` */
    struct slab *before;         /* on `room`; NULL: the first */
    struct slab *older;          /* on `slabs`, or on `idle` */
    struct shadow *shadow;       /* constant once there */
    uint64_t free[];             /* the list: an allocated block is off it */
};
_Static_assert(sizeof(void *) > 8 || sizeof(struct slab) <= 64, "a slab's descriptor is a line");

/* More about each block of a slab, in arrays that exist as the pool is: checked, tracked. */
struct shadow {
    LEAT_ATOMIC(uint32_t) * state; /* enum block_state: moved by who allocates and frees the block, edge "state" in watch.c */
    struct mark *marks;
};

/* C1  taken <= blocks below top, but for an allocation under way. C2  a cache that is not shut has taken 0; one without an owner is shut.
 */
struct cache {
    struct leat_pool_cache head;  /* the handle; in a watched pool, where every call is slow, that is the next one */
    struct leat_pool_cache decoy; /* always shut and empty; what the fast path does to its top means nothing */
    LEAT_ATOMIC(uint32_t) inside; /* 1: the owner is on its slow path without the token; written by it, edges "shut" and "leave" */
    LEAT_ATOMIC(uint32_t) shut;   /* 1: hands off; written by the token's holder, edge "shut" */
    LEAT_ATOMIC(uint32_t) taken;  /* pointers that the holder took: written [token], statistics read it */
    bool settled;                 /* [token] shut, and the owner knows */
    bool lost;                    /* [token] stays shut: a fork caught its owner inside */
    void **items;                 /* constant: the array */
    void **spare;                 /* an empty magazine: the owner's, inside or with the token */
    uint32_t skip;                /* the owner's: allocations until the next that is remembered */
    uint32_t trims;               /* [token] the pool's when it was last emptied */
    const void *owner;            /* [token] leat_pool_slots of a thread, the cache itself for a handle, NULL: idle, to be used again */
    struct cache *next;           /* [token] */
};

/* A piece of bookkeeping memory; what is cut from it lives as long as the pool. */
struct meta {
    struct meta *next;
    size_t bytes, used;
};

/* Division by a number that does not change: a processor takes as long for one as for the rest of a checked call. */
struct divisor {
    size_t by;
    uint64_t inverse; /* 2^32 / by, rounded down */
};

static inline size_t quotient(size_t value, const struct divisor *divisor)
{
    if (value > UINT32_MAX)
        return value / divisor->by;
    size_t low = (size_t)(value * divisor->inverse >> 32); /* at most 1 too low */
    return low + (value - low * divisor->by >= divisor->by);
}

struct pool {
    struct leat_pool head; /* this and the next lines are constant: every call reads them, nobody writes */
    struct leat_memory memory;
    struct leat_host host; /* all NULL: none */
    const char *name;
    void (*leak)(void *context, struct leat_pool *pool, int64_t live);
    void *leak_context;
    size_t block_bytes, limit;       /* from block to block; limit 0: none */
    size_t slab_bytes, slab_blocks;  /* a slab's alignment; blocks in it */
    size_t slab_size;                /* bytes acquired for it */
    uintptr_t slab_mask, slab_fixed; /* of a block's address, to find its slab's; a pool with one slab for ever: 0, and the slab's */
    unsigned slab_shift;             /* log2(slab_bytes) */
    size_t grow_most;                /* slabs at once, at most */
    enum leat_pool_growth growth;
    bool zero, checked;
    bool grouped;
    unsigned block_shift;              /* log2(block_bytes), where it is a power of two and there are no groups, else 0 */
    size_t group;                      /* blocks that lie side by side */
    struct divisor by_block, by_group; /* bytes from block to block; from group to group, where there are such */
    uint32_t capacity;                 /* of a magazine; 0: the pool has no caches */
    LEAT_ATOMIC(bool) watched; /* every call takes the slow path and watch.c's: handles are decoys. Written [token], before any cache */

    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(uintptr_t) depot[POOL_DEPOT_SLOTS]; /* 0: no magazine yet; written by all, edge "magazine" */

    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(uint32_t) token; /* 1: taken; written by who takes and gives it */
    LEAT_ATOMIC(bool) dry;                                /* at the limit, and nothing but a free can change that; written [token] */
    bool tight;                                           /* [token] all caches are shut, and none is opened */
    LEAT_ATOMIC(uint32_t) waiting;                        /* how many wait for a block: written by them */
    LEAT_ATOMIC(uint32_t) freed;                          /* written [token]: blocks came home while some waited; they park on it */
    LEAT_ATOMIC(size_t) refused;                          /* written by all: a number for people */
    LEAT_ATOMIC(size_t) set_aside;                        /* blocks that are neither live nor free: written by all */
    size_t out, peak;                                     /* [token] blocks not on slabs; the most there ever were */
    size_t slab_count, bytes;                             /* [token] */
    size_t unsettled;                                     /* [token] caches with an owner that does not know yet that they are shut */
    uint32_t trims;                                       /* [token] counts leat_pool_trim() without a barrier */
    struct slab *room, *slabs, *idle;                     /* [token] those with a block to give; all; descriptors without a slab */
    LEAT_ATOMIC(struct index *) index;                    /* base -> slab: written [token], edge "slab" */
    struct cache *caches;                                 /* [token] all, idle ones too */
    size_t open;                                          /* [token] caches with an owner */
    struct meta *meta;                                    /* [token] */
    LEAT_ATOMIC(struct tracks *) tracks;                  /* track.c's; NULL: never; written [token], release */
    LEAT_ATOMIC(uint32_t) one_in;                         /* of how many allocations one is remembered; written [token] */
    LEAT_ATOMIC(uint32_t) skip;                           /* as a cache's, for who has none: a number that may be a little wrong */
    struct pool *next;                                    /* under the registry's token */

    alignas(LEAT_CACHE_LINE) struct leat_pool_cache uncached; /* for who has no cache: always shut, shared by all of them; what the fast
                                                               * path does to its top means nothing */
};

/* Numbers derived from a configuration (shape.c). */
struct shape {
    int64_t align, block_bytes, usable, group, group_bytes, slab_bytes, slab_blocks, slab_size, limit, first, capacity, grow_most;
};

/* shape.c */
int leat_pool_shape(struct shape *shape, const struct leat_pool_config *config, bool own_memory);
int leat_pool_refuse(const struct leat_pool_config *config, const char *rule, int64_t valid);

/* pool.c */
struct registry {
    LEAT_ATOMIC(uint32_t) token; /* taken before a pool's */
    struct pool *pools;          /* under the token: every pool, so that a thread that ends finds those in which it has a cache */
    size_t last_id;              /* under the token */
};
extern struct registry leat_pool_registry;
void leat_pool_take(LEAT_ATOMIC(uint32_t) * token, const struct leat_host *host); /* returns holding the token */
void leat_pool_give(LEAT_ATOMIC(uint32_t) * token);
void leat_pool_pause(const struct leat_host *host, int *spins); /* one turn of waiting: spins at first, then yields */
void *leat_pool_carve(struct pool *pool, size_t bytes);         /* [token] a cache-line aligned piece of bookkeeping, all 0, or NULL */

/* slab.c, all [token] but leat_pool_slab_seek */
bool leat_pool_slabs_grow(struct pool *pool, size_t count);
uint32_t leat_pool_slabs_get(struct pool *pool, void **items, uint32_t want);
void leat_pool_slabs_put(struct pool *pool, void *const *items, uint32_t count);
int64_t leat_pool_slabs_trim(struct pool *pool);
void leat_pool_slab_put(struct pool *pool, struct slab *slab, size_t from, size_t to);
void leat_pool_slab_get(struct pool *pool, struct slab *slab, size_t from, size_t to);
struct slab *leat_pool_slab_seek(const struct pool *pool, const void *block); /* may miss one that is just being added or removed */

static inline uintptr_t leat_pool_slab_base(const struct pool *pool, const void *block)
{
    return ((uintptr_t)block & pool->slab_mask) | pool->slab_fixed;
}

/*
 * Blocks whose size is a multiple of many lines would all begin in the same few sets of the processor's cache, and a thousand of them would
 * not fit into it though their first lines would. So they come in groups, each of which begins a line later than its place would be.
 */

/* In which block of the slab at `base` an address lies; slab_blocks: in none. */
static inline size_t leat_pool_place(const struct pool *pool, uintptr_t base, const void *address)
{
    size_t offset = (uintptr_t)address - base;
    if (offset >= pool->slab_size)
        return pool->slab_blocks;
    if (pool->block_shift)
        return offset >> pool->block_shift;
    size_t group = pool->grouped ? quotient(offset, &pool->by_group) : 0;
    size_t within = quotient(offset - group * pool->by_group.by, &pool->by_block);
    return group * pool->group + (within < pool->group ? within : pool->group - 1); /* the line behind a group is its last block's */
}

static inline size_t leat_pool_offset(const struct pool *pool, size_t place)
{
    return place * pool->block_bytes + (pool->grouped ? place / pool->group : 0) * LEAT_CACHE_LINE;
}

/* With the token, or for a slab with a live block of the caller's: its base does not change. */
static inline void *leat_pool_at(const struct pool *pool, const struct slab *slab, size_t place)
{
    return (unsigned char *)leat_load(&slab->base, relaxed) + leat_pool_offset(pool, place);
}

static inline size_t leat_pool_place_of(const struct pool *pool, const struct slab *slab, const void *block)
{
    return leat_pool_place(pool, leat_load(&slab->base, relaxed), block); /* likewise */
}

/* Is the address, one within a slab's alignment, the start of a block? With the token. */
static inline bool leat_pool_is_block(const struct pool *pool, const struct slab *slab, const void *address)
{
    size_t place = leat_pool_place(pool, leat_load(&slab->base, relaxed), address); /* own word: the token's */
    return place < pool->slab_blocks && leat_pool_at(pool, slab, place) == address;
}

static inline bool leat_pool_slab_is_free(const struct slab *slab, size_t index)
{
    return (slab->free[index / 64] >> index % 64 & 1) != 0;
}

/* depot.c */
void **leat_pool_depot_swap(struct pool *pool, void **mine, uintptr_t mine_full);
void **leat_pool_depot_add(struct pool *pool, void **full); /* [token] */
void leat_pool_depot_drain(struct pool *pool);              /* [token] */
int64_t leat_pool_depot_count(const struct pool *pool);

/* cache.c: blocks for watch.c, without its checks, cache NULL for who has none; the rest [token] */
void *leat_pool_cache_get(struct pool *pool, struct cache *cache);
void leat_pool_cache_put(struct pool *pool, struct cache *cache, void *block);
void leat_pool_failed(struct pool *pool, enum leat_pool_why why);
struct cache *leat_pool_cache_claim(struct pool *pool, const void *owner);
struct cache *leat_pool_cache_find(struct pool *pool, const void *owner);
void leat_pool_cache_empty(struct cache *cache);
void leat_pool_cache_retire(struct cache *cache);
void leat_pool_cache_lose(struct cache *cache);
bool leat_pool_caches_shut(struct pool *pool, bool quiet);
bool leat_pool_reclaim(struct pool *pool);
void leat_pool_relax(struct pool *pool);
int64_t leat_pool_caches_count(const struct pool *pool);
int64_t leat_pool_cache_fill(const struct cache *cache);

/* thread.c */
struct leat_pool_cache *leat_pool_handle(struct pool *pool, struct cache *cache);
struct cache *leat_pool_cache_of(struct pool *pool, struct leat_pool_cache *head);

/* watch.c */
bool leat_pool_watch_serve(struct pool *pool, struct cache *cache, void *block, const void *place); /* false: set aside */
void *leat_pool_watch_alloc(struct pool *pool, struct leat_pool_cache *head, const void *place);
void leat_pool_watch_free(struct pool *pool, struct leat_pool_cache *head, void *block, const void *place);
void leat_pool_tell(const struct pool *pool, enum leat_watch event, void *memory, int64_t bytes);
bool leat_pool_shadow(struct pool *pool, struct slab *slab, bool track); /* [token] */
bool leat_pool_is_aside(const struct slab *slab, size_t index);          /* [token] */

/* track.c */
void leat_pool_remember(struct pool *pool, struct cache *cache, const struct slab *slab, const void *block, const void *place);
void leat_pool_forget(struct pool *pool, const struct slab *slab, const void *block);
void leat_pool_recall(struct pool *pool, const struct slab *slab, const void *block, const void **places, int room);

#endif
