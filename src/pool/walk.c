/* SPDX-License-Identifier: MIT */
/* What looks at all blocks of a slab: runs that lie side by side, and all that live. Under the token, in time that a slab takes. */
#include "pool_private.h"

/* ---- owns, walk ---- */

bool leat_pool_owns(struct leat_pool *head, const void *block)
{
    struct pool *pool = (struct pool *)head;
    leat_pool_take(&pool->token, &pool->host);
    const struct slab *slab = leat_pool_slab_seek(pool, block);
    bool owns = slab && leat_pool_is_block(pool, slab, block);
    leat_pool_give(&pool->token);
    return owns;
}

static bool is_aside(const struct pool *pool, const struct slab *slab, size_t index)
{
    return pool->checked && leat_pool_is_aside(slab, index);
}

static int64_t walk_slab(const struct pool *pool, const struct slab *slab, void (*visit)(void *context, void *block), void *context)
{
    int64_t count = 0;
    for (size_t i = 0; i < pool->slab_blocks; i++) {
        if (leat_pool_slab_is_free(slab, i) || is_aside(pool, slab, i))
            continue;
        visit(context, leat_pool_at(pool, slab, i));
        count++;
    }
    return count;
}

int64_t leat_pool_walk(struct leat_pool *head, void (*visit)(void *context, void *block), void *context)
{
    struct pool *pool = (struct pool *)head;
    int64_t count = 0;
    leat_pool_take(&pool->token, &pool->host);
    bool tight = pool->tight;
    leat_pool_caches_shut(pool, true); /* every block that is not on a slab is live */
    pool->tight = tight;               /* the caches open again as their owners come along */
    for (const struct slab *slab = pool->slabs; slab; slab = slab->older)
        count += walk_slab(pool, slab, visit, context);
    leat_pool_give(&pool->token);
    return count;
}

/* ---- blocks side by side ---- */

/* The first of `count` free blocks side by side; slab_blocks: there are not so many. */
static size_t find_run(const struct pool *pool, const struct slab *slab, size_t count)
{
    size_t run = 0;
    for (size_t i = slab->first; i < pool->slab_blocks; i++) {
        run = !leat_pool_slab_is_free(slab, i) ? 0 : i % pool->group == 0 ? 1 : run + 1; /* a run does not leave its group */
        if (run == count)
            return i + 1 - count;
    }
    return pool->slab_blocks;
}

static void *run_of(struct pool *pool, size_t count)
{
    for (struct slab *slab = pool->room; slab; slab = slab->next) {
        size_t from = pool->slab_blocks - slab->out < count ? pool->slab_blocks : find_run(pool, slab, count);
        if (from == pool->slab_blocks)
            continue;
        leat_pool_slab_get(pool, slab, from, from + count);
        pool->out += count;
        if (pool->out > pool->peak)
            pool->peak = pool->out;
        return leat_pool_at(pool, slab, from);
    }
    return NULL;
}

/* With the token, the limit leaves so many. */
static bool limit_leaves(const struct pool *pool, size_t count)
{
    return !pool->limit || pool->limit - pool->out >= count;
}

/* With the token. Each reclaim that succeeds brings blocks home, so that they come to an end. */
static void *take_run(struct pool *pool, size_t count, enum leat_pool_why *why)
{
    void *run = NULL;
    do
        run = limit_leaves(pool, count) ? run_of(pool, count) : NULL;
    while (!run && leat_pool_reclaim(pool));
    *why = limit_leaves(pool, count) ? LEAT_POOL_SOURCE_FAILED : LEAT_POOL_LIMIT;
    if (!run && limit_leaves(pool, count) && pool->grow_most > 0 && leat_pool_slabs_grow(pool, 1))
        run = run_of(pool, count);
    leat_pool_relax(pool);
    return run;
}

void *leat_pool_alloc_array(struct leat_pool *head, int64_t count)
{
    struct pool *pool = (struct pool *)head;
    enum leat_pool_why why;
    bool watched = leat_load(&pool->watched, relaxed); /* as in cache.c */
    if (count == 1)
        return leat_pool_alloc(head);
    if (count < 1 || (uint64_t)count > pool->slab_blocks || (uint64_t)count > pool->group || pool->checked) {
        leat_pool_failed(pool, LEAT_POOL_MISUSE);
        return NULL;
    }
    leat_pool_take(&pool->token, &pool->host);
    unsigned char *run = take_run(pool, (size_t)count, &why);
    leat_pool_give(&pool->token);
    if (!run)
        leat_pool_failed(pool, why);
    for (int64_t i = 0; run && watched && i < count; i++)
        (void)leat_pool_watch_serve(pool, NULL, run + (size_t)i * pool->block_bytes, __builtin_return_address(0)); /* not checked: true */
    return run;
}

void leat_pool_free_array(struct leat_pool *head, void *first, int64_t count)
{
    const struct pool *pool = (const struct pool *)head;
    for (int64_t i = 0; first && i < count; i++)
        leat_pool_free(head, (unsigned char *)first + (size_t)i * pool->block_bytes);
}
