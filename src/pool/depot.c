/* SPDX-License-Identifier: MIT */
/*
 * The depot: a few slots, in each a magazine, empty or full. Who has the one kind and wants the other swaps with a compare-and-swap: one
 * atomic operation for `capacity` blocks, no list, no tag, no place that could be missing for what is put back.
 *
 * D1  every full magazine in a slot holds exactly `capacity` blocks. D2  a slot that once had a magazine is empty only while the token's
 * holder drains it.
 */
#include "pool_private.h"

/*
 * Leaves `mine` in the depot, full when mine_full is POOL_FULL and empty when it is 0, and returns a magazine of the other kind; or NULL,
 * and `mine` stays with the caller. To be called inside, the cache seen open, or with the token. Full magazines that threads
 * bring and fetch at the same time may be missed: the caller then takes the token.
 */
void **leat_pool_depot_swap(struct pool *pool, void **mine, uintptr_t mine_full)
{
    for (int i = 0; i < POOL_DEPOT_SLOTS; i++) {
        uintptr_t seen = leat_load(&pool->depot[i], relaxed); /* only a hint: the swap decides */
        if (seen == 0)
            break; /* slots are filled from the first one on */
        if ((seen & POOL_FULL) == mine_full)
            continue;
        /* edge "magazine", both ways; on failure nothing is read through `seen` */
        if (leat_cas(&pool->depot[i], &seen, (uintptr_t)mine | mine_full, acq_rel, relaxed))
            return (void **)(seen & ~POOL_FULL);
    }
    return NULL;
}

/* With the token: leaves `full` in a slot that has no magazine yet and returns a new, empty one; or NULL: all slots have one, or no memory.
 */
void **leat_pool_depot_add(struct pool *pool, void **full)
{
    for (int i = 0; i < POOL_DEPOT_SLOTS; i++) {
        if (leat_load(&pool->depot[i], relaxed) != 0) /* 0 stays so while the token is ours */
            continue;
        void **fresh = leat_pool_carve(pool, pool->capacity * sizeof(void *));
        if (fresh)
            leat_store(&pool->depot[i], (uintptr_t)full | POOL_FULL, release); /* edge "magazine" */
        return fresh;
    }
    return NULL;
}

/* With the token: the blocks of every full magazine are back on their slabs. Exact when all caches are shut. */
void leat_pool_depot_drain(struct pool *pool)
{
    for (int i = 0; i < POOL_DEPOT_SLOTS; i++) {
        uintptr_t seen = leat_load(&pool->depot[i], relaxed); /* only a hint */
        if (!(seen & POOL_FULL))
            continue;
        /* Takes the magazine out; edge "magazine". It may have changed, so look again at what came. */
        seen = leat_exchange(&pool->depot[i], 0, acquire);
        if (seen & POOL_FULL)
            leat_pool_slabs_put(pool, (void **)(seen & ~POOL_FULL), pool->capacity);
        leat_store(&pool->depot[i], seen & ~POOL_FULL, release); /* nobody else fills a slot that is 0; edge "magazine" */
    }
}

/* Blocks in the depot, at a moment when others may be swapping. */
int64_t leat_pool_depot_count(const struct pool *pool)
{
    int64_t count = 0;
    for (int i = 0; i < POOL_DEPOT_SLOTS; i++)
        if (leat_load(&pool->depot[i], relaxed) & POOL_FULL) /* a number for people: nothing is read through it */
            count += pool->capacity;
    return count;
}
