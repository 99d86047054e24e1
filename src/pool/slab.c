/* SPDX-License-Identifier: MIT */
/*
 * Slabs: blocks side by side, the free ones linked through their first word. Everything here runs under the pool's token.
 *
 * Source: Boost.Pool's simple_segregated_storage. There the list runs through the whole pool, and one thread at a time may use it; here
 * each slab has its own, so that a slab that is wholly free can be seen and given back, and only the token's holder ever reads a link: a
 * list that several threads pop is a data race, for the link is read in a block that another may own by then.
 */
#include "pool_private.h"

struct slab *leat_pool_slab_of(const struct pool *pool, const void *block)
{
    return (struct slab *)((uintptr_t)block & ~(uintptr_t)(pool->slab_bytes - 1));
}

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

static bool has_room(const struct slab *slab)
{
    return slab->first || slab->virgin < slab->end;
}

static bool grow(struct pool *pool)
{
    struct slab *slab = pool->memory.acquire(pool->memory.context, (int64_t)pool->slab_size, (int64_t)pool->slab_bytes);
    if (!slab)
        return false;
    slab->first = NULL;
    slab->virgin = (unsigned char *)slab + pool->slab_start;
    slab->end = (unsigned char *)slab + pool->slab_size;
    slab->out = 0;
    slab->older = pool->slabs;
    pool->slabs = slab;
    room_add(pool, slab);
    pool->slab_count++;
    pool->bytes += pool->slab_size;
    return true;
}

/* Moves up to `want` blocks out of one slab; returns how many. */
static uint32_t cut(struct pool *pool, struct slab *slab, void **items, uint32_t want)
{
    uint32_t got = 0;
    while (got < want && slab->first) {
        items[got++] = slab->first;
        slab->first = *(void **)slab->first;
    }
    while (got < want && slab->virgin < slab->end) {
        items[got++] = slab->virgin;
        slab->virgin += pool->block_bytes;
    }
    slab->out += got;
    if (!has_room(slab))
        room_remove(pool, slab);
    return got;
}

/*
 * Moves up to `want` blocks out of the slabs, within the limit; a new slab is acquired only when not even one block is there.
 * Returns how many; the best one to use next (recently freed, else lowest) is the last.
 */
uint32_t leat_pool_slabs_get(struct pool *pool, void **items, uint32_t want)
{
    uint32_t got = 0;
    if (pool->limit && pool->limit - pool->out < want)
        want = (uint32_t)(pool->limit - pool->out);
    if (want > 0 && !pool->room && !grow(pool))
        return 0;
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
        struct slab *slab = leat_pool_slab_of(pool, items[i]);
        if (!has_room(slab))
            room_add(pool, slab);
        *(void **)items[i] = slab->first;
        slab->first = items[i];
        slab->out--;
    }
    pool->out -= count;
}

/* Gives every slab whose blocks are all here back to the memory source; returns the bytes. */
int64_t leat_pool_slabs_trim(struct pool *pool)
{
    size_t before = pool->bytes;
    for (struct slab **at = &pool->slabs; *at;) {
        struct slab *slab = *at;
        if (slab->out > 0) {
            at = &slab->older;
            continue;
        }
        room_remove(pool, slab);
        *at = slab->older;
        pool->slab_count--;
        pool->bytes -= pool->slab_size;
        pool->memory.release(pool->memory.context, slab, (int64_t)pool->slab_size);
    }
    return (int64_t)(before - pool->bytes);
}
