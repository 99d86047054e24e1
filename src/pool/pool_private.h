/* SPDX-License-Identifier: MIT */
/*
 * The pool's inside. From the block outwards: slab.c cuts and collects blocks, cache.c keeps them at hand for one owner, depot.c moves
 * whole magazines between owners, pool.c creates, finds and ends; check.c walks it all.
 *
 * A magazine is an array of `capacity` block pointers, nothing else. A cache has two (Bonwick): the loaded one, from which and into which
 * the fast path works, and the previous one, which is always empty or full. The depot's slots hold more, each of them empty or full.
 *
 * Edges. Each is one release that meets one acquire, but for the first.
 *
 * Edge "revoke". The reclaimer writes low = UINT32_MAX and high = 0, passes the barrier, and reads count. The owner writes the mark
 * LEAT_POOL_BUSY into count and reads low (or high). host->barrier puts a full fence somewhere into the program order of every running
 * thread. If that place is before the owner's read, the read sees the cache revoked, and the owner leaves the items alone. If it is
 * after, the owner's mark lies before it, so the reclaimer sees the mark and waits. This is Dekker's algorithm with the fence of one side
 * paid by the other.
 *
 * Edge "leave". The owner's count without the mark (release), written after its last touch of the items, meets the reclaimer's read of
 * it (acquire), before its first.
 *
 * Edge "token". The token's release (store) meets the next take (exchange, acquire). What is marked [token] is touched in between.
 *
 * Edge "magazine". A swap or store into a slot of the depot (release) meets the swap or exchange that gets the same magazine (acquire):
 * its pointers, and what the last owners wrote into the blocks, are visible; and the last read of an emptied magazine comes before the
 * next write. The slot's word names the magazine and says whether it is full, and nobody looks into a magazine that is not his: a slot
 * that went A, B, A between a look and the compare-and-swap is as good as one that did not change.
 *
 * Nobody but the owner ever writes count or items. A reclaimer takes the blocks by reading their addresses, and notes `taken`: from then
 * on the cache is empty, whatever its count says, and stays revoked until its owner comes along the slow path, takes the token, and opens
 * it at count 0 (edge "token"). So the fast path may use a count that it read before its look at low, and an owner that sleeps for ever
 * is reclaimed from once, not each time.
 *
 * The owner's slow path works on the items either with the mark set, after a look at low (bounded: no waiting in there), or while it
 * holds the token, when nobody else can revoke. It waits for the token without the mark. So once all caches are revoked, each was seen
 * without the mark, and the depot was drained, every block that is not on a slab is live: the limit is exact.
 */
#ifndef LEAT_POOL_PRIVATE_H
#define LEAT_POOL_PRIVATE_H

#include <leat/pool.h>

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

/*
 * At the start of its memory, which is aligned to slab_bytes: a block finds its slab by masking. All [token].
 *
 * S1  out + blocks on `first` + blocks from virgin to end = slab_blocks.
 * S2  the slab is on the pool's `room` list exactly while `first` or virgin has a block.
 */
struct slab {
    void *first;           /* Boost's: the free blocks, each pointing to the next; NULL: none */
    unsigned char *virgin; /* the blocks from here to end were never cut */
    unsigned char *end;
    size_t out;          /* blocks that are not here */
    struct slab *next;   /* on `room` */
    struct slab *before; /* on `room`; NULL: the first */
    struct slab *older;  /* on `slabs` */
};
_Static_assert(sizeof(struct slab) <= 64, "a slab of 64-byte blocks loses one to its head");

/* C1  the previous magazine is empty or full. C2  a cache that is taken is revoked; one without an owner is taken. */
struct cache {
    struct leat_pool_cache head;
    void **previous;              /* the other magazine: as I2 says */
    LEAT_ATOMIC(uint32_t) behind; /* blocks in it, 0 or the capacity: written by the owner as I2 says; statistics read it any time */
    bool taken;                   /* [token] empty, whatever count and behind say */
    const void *owner;            /* [token] leat_pool_slots of a thread, the cache itself for a handle, NULL: idle, to be used again */
    struct cache *next;           /* [token] */
};

/* A piece of bookkeeping memory; what is cut from it lives as long as the pool. */
struct meta {
    struct meta *next;
    size_t bytes, used;
};

struct pool {
    struct leat_pool head; /* this and the next lines are constant: every call reads them, nobody writes */
    struct leat_memory memory;
    struct leat_host host; /* all NULL: none */
    const char *name;
    size_t block_bytes, limit;      /* limit 0: none */
    size_t slab_bytes, slab_blocks; /* a slab's alignment; blocks in it */
    size_t slab_start, slab_size;   /* offset of its first block; bytes acquired for it */
    uint32_t capacity;              /* of a magazine; 0: the pool has no caches */

    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(uintptr_t) depot[POOL_DEPOT_SLOTS]; /* 0: no magazine yet; written by all, edge "magazine" */

    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(uint32_t) token; /* 1: taken; written by who takes and gives it */
    bool tight;                                           /* [token] all caches are taken, and none is opened */
    size_t out, peak;                                     /* [token] blocks not on slabs; the most there ever were */
    size_t slab_count, bytes;                             /* [token] */
    struct slab *room, *slabs;                            /* [token] those with a block to give; all */
    struct cache *caches;                                 /* [token] all, idle ones too */
    size_t open;                                          /* [token] caches with an owner */
    struct meta *meta;                                    /* [token] */
    struct pool *next;                                    /* under the registry's token */

    alignas(LEAT_CACHE_LINE) struct leat_pool_cache uncached; /* for who has no cache: always revoked and empty, shared by all of them */
};

/* pool.c */
void leat_pool_take(LEAT_ATOMIC(uint32_t) * token, const struct leat_host *host); /* returns holding the token */
void leat_pool_give(LEAT_ATOMIC(uint32_t) * token);
void leat_pool_pause(const struct leat_host *host, int *spins); /* one turn of waiting: spins at first, then yields */
void *leat_pool_carve(struct pool *pool, size_t bytes);         /* [token] a cache-line aligned piece of bookkeeping, or NULL */

/* slab.c, all [token] */
uint32_t leat_pool_slabs_get(struct pool *pool, void **items, uint32_t want);
void leat_pool_slabs_put(struct pool *pool, void *const *items, uint32_t count);
int64_t leat_pool_slabs_trim(struct pool *pool);
struct slab *leat_pool_slab_of(const struct pool *pool, const void *block);

/* depot.c */
void **leat_pool_depot_swap(struct pool *pool, void **mine, uintptr_t mine_full);
void **leat_pool_depot_add(struct pool *pool, void **full); /* [token] */
void leat_pool_depot_drain(struct pool *pool);              /* [token] */
int64_t leat_pool_depot_count(const struct pool *pool);

/* cache.c, all [token] */
struct cache *leat_pool_cache_claim(struct pool *pool, const void *owner);
struct cache *leat_pool_cache_find(struct pool *pool, const void *owner);
void leat_pool_cache_flush(struct cache *cache);
void leat_pool_cache_retire(struct cache *cache);
bool leat_pool_caches_revoke(struct pool *pool, bool quiet);
void leat_pool_caches_relax(struct pool *pool);
int64_t leat_pool_caches_count(const struct pool *pool);

#endif
