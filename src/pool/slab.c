/* SPDX-License-Identifier: MIT */
/*
 * Slabs: blocks side by side, a list of the free ones; and the index that finds a block's slab. Everything here runs under the pool's
 * token, but for leat_pool_slab_seek().
 *
 * Source: Boost.Pool's simple_segregated_storage, and what it calls ordered: `first` is the free block with the lowest address, the next
 * one is found from it, and an allocated block is simply off the list. There the list runs through the blocks' first words, which makes a
 * free in order O(n), and a thread that takes blocks waits for the memory of each to learn of the next. Here a slab's list is a row of
 * bits, out of line: a block joins it at its place in O(1), blocks come out in order of their addresses, those that were never used last,
 * and no free block is touched.
 */
#include "pool_private.h"

/* ---- the index: open addressing, a quarter to a half full ---- */

/* At least one entry is NULL. A removal moves entries back, so that none is behind an empty place that was not before. */
struct index {
    size_t mask;                          /* entries - 1 */
    LEAT_ATOMIC(struct slab *) entries[]; /* written [token], edge "slab" */
};

#define INDEX_FIRST 32

static size_t home(const struct pool *pool, uintptr_t base, size_t mask)
{
    return (size_t)(base >> pool->slab_shift) & mask;
}

struct slab *leat_pool_slab_seek(const struct pool *pool, const void *block)
{
    const struct index *index = leat_load(&pool->index, acquire); /* edge "slab" */
    uintptr_t base = leat_pool_slab_base(pool, block);
    if (!index)
        return NULL;
    for (size_t at = home(pool, base, index->mask);; at = (at + 1) & index->mask) {
        struct slab *slab = leat_load(&index->entries[at], acquire); /* edge "slab" */
        if (!slab)
            return NULL;
        if (leat_load(&slab->base, relaxed) == base) /* the descriptor's other fields are as old as the entry, or newer and [token] */
            return slab;
    }
}

static void index_put(const struct pool *pool, struct index *index, struct slab *slab)
{
    size_t at = home(pool, leat_load(&slab->base, relaxed), index->mask); /* own word: the token's */
    while (leat_load(&index->entries[at], relaxed))
        at = (at + 1) & index->mask;
    leat_store(&index->entries[at], slab, release); /* edge "slab" */
}

/* There is room in the index for one more slab; false: no memory. The old one stays where it is: someone may be looking into it. */
static bool index_room(struct pool *pool)
{
    struct index *old = leat_load(&pool->index, relaxed); /* own word: the token's; so for the rest */
    if (old && 2 * (pool->slab_count + 1) <= old->mask + 1)
        return true;
    size_t entries = old ? 2 * (old->mask + 1) : INDEX_FIRST;
    struct index *index = leat_pool_carve(pool, sizeof *index + entries * sizeof index->entries[0]);
    if (!index)
        return false;
    index->mask = entries - 1;
    for (size_t i = 0; old && i <= old->mask; i++) {
        struct slab *slab = leat_load(&old->entries[i], relaxed);
        if (slab)
            index_put(pool, index, slab);
    }
    leat_store(&pool->index, index, release); /* edge "slab" */
    return true;
}

static void index_remove(struct pool *pool, const struct slab *slab)
{
    struct index *index = leat_load(&pool->index, relaxed); /* own words: the token's */
    size_t hole = home(pool, leat_load(&slab->base, relaxed), index->mask);
    while (leat_load(&index->entries[hole], relaxed) != slab)
        hole = (hole + 1) & index->mask;
    for (size_t at = (hole + 1) & index->mask;; at = (at + 1) & index->mask) {
        struct slab *moved = leat_load(&index->entries[at], relaxed);
        if (!moved)
            break;
        size_t from = home(pool, leat_load(&moved->base, relaxed), index->mask);
        if (((at - from) & index->mask) < ((at - hole) & index->mask))
            continue;                                      /* its home lies behind the hole */
        leat_store(&index->entries[hole], moved, release); /* edge "slab" */
        hole = at;
    }
    leat_store(&index->entries[hole], NULL, release); /* who does not find a slab here looks again with the token */
}

/* ---- blocks ---- */

static void room_add(struct pool *pool, struct slab *slab)
{
    slab->before = NULL;
    slab->next = pool->room;
    if (slab->next)
        slab->next->before = slab;
    pool->room = slab;
}

static void room_remove(struct pool *pool, struct slab *slab)
{
    if (slab->before)
        slab->before->next = slab->next;
    else
        pool->room = slab->next;
    if (slab->next)
        slab->next->before = slab->before;
}

/* ---- growing ---- */

/* An idle descriptor, or a new one, with the shadow that the pool wants. It stays on `idle`. */
static struct slab *descriptor(struct pool *pool)
{
    if (!pool->idle) {
        size_t words = (pool->slab_blocks + 63) / 64;
        struct slab *slab = leat_pool_carve(pool, sizeof *slab + words * sizeof slab->free[0]);
        if (!slab)
            return NULL;
        pool->idle = slab;
    }
    return leat_pool_shadow(pool, pool->idle, leat_load(&pool->tracks, relaxed) != NULL) ? pool->idle : NULL; /* own word: the token's */
}

static bool grow_one(struct pool *pool)
{
    struct slab *slab = index_room(pool) ? descriptor(pool) : NULL;
    void *memory = slab ? pool->memory.acquire(pool->memory.context, (int64_t)pool->slab_size, (int64_t)pool->slab_bytes) : NULL;
    if (!memory)
        return false;
    pool->idle = slab->older;
    slab->out = pool->slab_blocks;
    slab->first = pool->slab_blocks;
    leat_store(&slab->base, (uintptr_t)memory, relaxed); /* index_put() publishes it */
    slab->older = pool->slabs;
    pool->slabs = slab;
    index_put(pool, leat_load(&pool->index, relaxed), slab); /* own word */
    leat_pool_slab_put(pool, slab, 0, pool->slab_blocks);
    pool->slab_count++;
    pool->bytes += pool->slab_size;
    leat_pool_probe_grow(pool, pool->slab_count);
    leat_pool_tell(pool, LEAT_WATCH_SLAB, memory, (int64_t)pool->slab_size);
    return true;
}

/* Acquires `count` slabs more; false: not all of them were to be had. */
bool leat_pool_slabs_grow(struct pool *pool, size_t count)
{
    while (count > 0 && grow_one(pool))
        count--;
    return count == 0;
}

/* How many slabs the next growth takes, within the limit. */
static size_t step(const struct pool *pool)
{
    size_t count = pool->grow_most;
    if (pool->growth == LEAT_POOL_DOUBLING && pool->slab_count < count)
        count = pool->slab_count > 0 ? pool->slab_count : 1;
    if (pool->limit) {
        size_t most = (pool->limit + pool->slab_blocks - 1) / pool->slab_blocks;
        size_t left = most > pool->slab_count ? most - pool->slab_count : 1;
        count = count < left ? count : left;
    }
    return count;
}

/* ---- out and in ---- */

/* The blocks from `from` up to `to`, none of which is free, are. */
void leat_pool_slab_put(struct pool *pool, struct slab *slab, size_t from, size_t to)
{
    if (slab->out == pool->slab_blocks)
        room_add(pool, slab);
    for (size_t i = from; i < to;) {
        size_t end = (i | 63) + 1 < to ? (i | 63) + 1 : to;
        slab->free[i / 64] |= ~(uint64_t)0 >> (64 - (end - i)) << i % 64;
        i = end;
    }
    slab->out -= to - from;
    if (from < slab->first)
        slab->first = from;
}

/* The blocks from `from` up to `to`, all of which are free, are not any more. */
void leat_pool_slab_get(struct pool *pool, struct slab *slab, size_t from, size_t to)
{
    for (size_t i = from; i < to;) {
        size_t end = (i | 63) + 1 < to ? (i | 63) + 1 : to;
        slab->free[i / 64] &= ~(~(uint64_t)0 >> (64 - (end - i)) << i % 64);
        i = end;
    }
    slab->out += to - from;
    if (slab->out == pool->slab_blocks)
        room_remove(pool, slab);
}

/* Moves up to `want` blocks out of one slab that has room, in the order of their addresses; returns how many. */
static uint32_t cut(struct pool *pool, struct slab *slab, void **items, uint32_t want)
{
    size_t word = slab->first / 64, left = pool->slab_blocks - slab->out;
    uint32_t got = 0;
    if (left < want)
        want = (uint32_t)left;
    while (got < want) {
        uint64_t bits = slab->free[word];
        while (bits && got < want) {
            items[got++] = leat_pool_at(pool, slab, word * 64 + (size_t)__builtin_ctzll(bits));
            bits &= bits - 1;
        }
        slab->free[word] = bits;
        if (!bits)
            word++;
    }
    slab->first = word * 64; /* S1 asks no more of it */
    slab->out += got;
    if (got == left)
        room_remove(pool, slab);
    return got;
}

/*
 * Moves up to `want` blocks out of the slabs, within the limit; new slabs are acquired only when not even one block is there.
 * Returns how many; the lowest, to be used next, is the last.
 */
uint32_t leat_pool_slabs_get(struct pool *pool, void **items, uint32_t want)
{
    uint32_t got = 0;
    if (pool->limit && pool->limit - pool->out < want)
        want = (uint32_t)(pool->limit - pool->out);
    if (want > 0 && !pool->room)
        (void)leat_pool_slabs_grow(pool, step(pool)); /* one is enough */
    while (got < want && pool->room)
        got += cut(pool, pool->room, items + got, want - got);
    pool->out += got;
    if (pool->out > pool->peak)
        pool->peak = pool->out;
    for (uint32_t low = 0, high = got; low + 1 < high; low++) {
        void *other = items[low];
        items[low] = items[--high];
        items[high] = other;
    }
    return got;
}

void leat_pool_slabs_put(struct pool *pool, void *const *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct slab *slab = leat_pool_slab_seek(pool, items[i]);
        size_t at = leat_pool_place_of(pool, slab, items[i]);
        leat_pool_slab_put(pool, slab, at, at + 1);
    }
    pool->out -= count;
    if (count > 0) {
        leat_store(&pool->dry, false, relaxed);       /* a free that happens before an allocation is seen by it: coherence */
        if (leat_load(&pool->waiting, relaxed) > 0) { /* it was raised before the waiter last took the token */
            (void)leat_add(&pool->freed, 1u, relaxed);
            if (pool->host.unpark)
                pool->host.unpark(pool->host.context, &pool->freed);
        }
    }
}

/* Gives every slab whose blocks are all here back to the memory source; returns the bytes. */
int64_t leat_pool_slabs_trim(struct pool *pool)
{
    size_t before = pool->bytes;
    for (struct slab **at = &pool->slabs; *at;) {
        struct slab *slab = *at;
        void *memory = (void *)leat_load(&slab->base, relaxed); /* own word: the token's */
        if (slab->out > 0) {
            at = &slab->older;
            continue;
        }
        room_remove(pool, slab);
        index_remove(pool, slab);
        memset(slab->free, 0, (pool->slab_blocks + 63) / 64 * sizeof slab->free[0]);
        leat_store(&slab->base, 0, relaxed); /* no block's base is 0 */
        *at = slab->older;
        slab->older = pool->idle;
        pool->idle = slab;
        pool->slab_count--;
        pool->bytes -= pool->slab_size;
        leat_pool_tell(pool, LEAT_WATCH_SLAB_ENDS, memory, (int64_t)pool->slab_size);
        if (pool->memory.release)
            pool->memory.release(pool->memory.context, memory, (int64_t)pool->slab_size);
    }
    return (int64_t)(before - pool->bytes);
}
