/* SPDX-License-Identifier: MIT */
/*
 * A pool from its creation to its end; the token; bookkeeping memory.
 */
#define LEAT_POOL_INLINE extern inline
#include "pool_private.h"

#define POOL_SPINS 100 /* turns of waiting before the first yield */

struct registry leat_pool_registry;

static const struct leat_host no_host;

/* ---- the token ---- */

void leat_pool_pause(const struct leat_host *host, int *spins)
{
    if (++*spins < POOL_SPINS || !host->yield)
        POOL_PAUSE();
    else
        host->yield(host->context);
}

void leat_pool_take(LEAT_ATOMIC(uint32_t) * token, const struct leat_host *host)
{
    int spins = 0;
    while (leat_exchange(token, 1u, acquire) != 0) /* edge "token" */
        while (leat_load(token, relaxed) != 0)     /* only a hint: the exchange decides */
            leat_pool_pause(host, &spins);
}

void leat_pool_give(LEAT_ATOMIC(uint32_t) * token)
{
    leat_store(token, 0u, release); /* edge "token" */
}

/* ---- bookkeeping memory ---- */

static size_t round_up(size_t value, size_t to)
{
    return (value + to - 1) & ~(to - 1);
}

static struct meta *meta_acquire(const struct leat_memory *memory, size_t payload)
{
    size_t bytes = round_up(payload + LEAT_CACHE_LINE, POOL_META_BYTES);
    struct meta *meta = memory->acquire(memory->context, (int64_t)bytes, LEAT_CACHE_LINE);
    if (meta)
        *meta = (struct meta){.bytes = bytes, .used = LEAT_CACHE_LINE};
    return meta;
}

static void *meta_cut(struct meta *meta, size_t bytes)
{
    void *cut = (unsigned char *)meta + meta->used;
    meta->used += bytes;
    return memset(cut, 0, bytes);
}

void *leat_pool_carve(struct pool *pool, size_t bytes)
{
    bytes = round_up(bytes, LEAT_CACHE_LINE);
    if (pool->meta->bytes - pool->meta->used < bytes) {
        struct meta *meta = pool->slab_mask ? meta_acquire(&pool->memory, bytes) : NULL; /* 0: the caller's memory, and no more */
        if (!meta)
            return NULL;
        meta->next = pool->meta;
        pool->meta = meta;
        pool->bytes += meta->bytes;
    }
    return meta_cut(pool->meta, bytes);
}

/* ---- create ---- */

/* What a cache and its magazines take, and what the depot may. */
static size_t cache_bytes(const struct shape *shape)
{
    return round_up(sizeof(struct cache), LEAT_CACHE_LINE) + round_up(3 * (size_t)shape->capacity * sizeof(void *), LEAT_CACHE_LINE);
}

static size_t depot_bytes(const struct shape *shape)
{
    return shape->capacity ? POOL_DEPOT_SLOTS * round_up((size_t)shape->capacity * sizeof(void *), LEAT_CACHE_LINE) : 0;
}

static unsigned log2_of(size_t power)
{
    unsigned log = 0;
    while (power >> log > 1)
        log++;
    return log;
}

static struct divisor divisor(size_t by)
{
    return (struct divisor){by, ((uint64_t)1 << 32) / by};
}

/* The pool in its first piece of bookkeeping, with no slab and known to nobody. */
static struct pool *build(const struct shape *shape, const struct leat_pool_config *config, struct meta *meta)
{
    const struct leat_host *host = config->host ? config->host : &no_host;
    struct pool *made = meta_cut(meta, round_up(sizeof *made, LEAT_CACHE_LINE));
    *made = (struct pool){
        .head = {.block_bytes = shape->usable},
        .memory = config->memory ? *config->memory : (struct leat_memory){0},
        .host = *host,
        .name = config->name ? config->name : "pool",
        .leak = config->leak,
        .leak_context = config->leak_context,
        .block_bytes = (size_t)shape->block_bytes,
        .limit = (size_t)shape->limit,
        .slab_bytes = (size_t)shape->slab_bytes,
        .slab_blocks = (size_t)shape->slab_blocks,
        .slab_size = (size_t)shape->slab_size,
        .slab_mask = ~((uintptr_t)shape->slab_bytes - 1),
        .slab_shift = log2_of((size_t)shape->slab_bytes),
        .grow_most = (size_t)shape->grow_most,
        .growth = config->growth,
        .zero = config->zero,
        .checked = config->checked,
        .grouped = shape->group < shape->slab_blocks,
        .block_shift = shape->group >= shape->slab_blocks && (shape->block_bytes & (shape->block_bytes - 1)) == 0
                           ? log2_of((size_t)shape->block_bytes)
                           : 0,
        .group = (size_t)(shape->group < shape->slab_blocks ? shape->group : shape->slab_blocks),
        .by_block = divisor((size_t)shape->block_bytes),
        .by_group = divisor((size_t)shape->group_bytes),
        .watched = config->checked || config->zero || host->watch,
        .capacity = (uint32_t)shape->capacity,
        .bytes = meta->bytes,
        .meta = meta,
        .uncached = {.low = UINTPTR_MAX, .pool = &made->head},
    };
    leat_pool_tell(made, LEAT_WATCH_POOL, NULL, 0);
    return made;
}

static void publish(struct pool *pool)
{
    leat_pool_take(&leat_pool_registry.token, &pool->host);
    leat_pool_registry.last_id += 16; /* leat_pool_cache_mine() counts on it */
    pool->head.id = leat_pool_registry.last_id;
    pool->next = leat_pool_registry.pools;
    leat_pool_registry.pools = pool;
    leat_pool_give(&leat_pool_registry.token);
}

/* Slabs for `count` blocks in all; false: the memory source failed. */
static bool first_slabs(struct pool *pool, size_t count)
{
    size_t slabs = (count + pool->slab_blocks - 1) / pool->slab_blocks;
    return pool->slab_count >= slabs || leat_pool_slabs_grow(pool, slabs - pool->slab_count);
}

static void release_all(struct pool *pool);

/* Without a barrier blocks in another thread's cache could not be had back: the limit would not be exact. */
static void no_caches_without_barrier(struct shape *shape, const struct leat_host *host)
{
    if (shape->limit && (!host || !host->barrier || !host->barrier(host->context)))
        shape->capacity = 0;
}

int leat_pool_create(struct leat_pool **pool, const struct leat_pool_config *config)
{
    struct shape shape;
    if (!pool || !config)
        return -EINVAL;
    int rc = leat_pool_shape(&shape, config, false);
    if (rc != 0)
        return rc;
    no_caches_without_barrier(&shape, config->host);
    /* The pool itself, the depot and four caches, within reason: so that a pool that works takes nothing more for its bookkeeping. */
    size_t caches = depot_bytes(&shape) + 4 * cache_bytes(&shape);
    struct meta *meta = meta_acquire(config->memory, sizeof(struct pool) + (caches < 262144 ? caches : 262144) + 1024);
    if (!meta)
        return -ENOMEM;
    struct pool *made = build(&shape, config, meta);
    if (!first_slabs(made, (size_t)shape.first)) {
        release_all(made);
        return -ENOMEM;
    }
    publish(made);
    *pool = &made->head;
    return 0;
}

/* ---- create on the caller's memory ---- */

/* One slab, given once: the context is where it begins. */
static void *given_acquire(void *context, int64_t bytes, int64_t align)
{
    (void)bytes;
    (void)align;
    return context;
}

static void given_release(void *context, void *memory, int64_t bytes)
{
    (void)context;
    (void)memory;
    (void)bytes;
}

/* Bookkeeping in bytes, and all of it together, wherever the memory begins; wide, for no such sum is too large to be said. */
static uint64_t own_meta_bytes(const struct shape *shape, const struct leat_pool_config *config)
{
    uint64_t caches = shape->capacity ? (uint64_t)(config->caches ? config->caches : 8) : 0;
    uint64_t bits = sizeof(struct slab) + ((uint64_t)shape->slab_blocks + 63) / 64 * sizeof(uint64_t) + LEAT_CACHE_LINE;
    uint64_t shadow = config->checked ? 3 * LEAT_CACHE_LINE + (uint64_t)shape->slab_blocks * sizeof(uint32_t) : 0;
    uint64_t sum = round_up(sizeof(struct pool), LEAT_CACHE_LINE) + 1024 + depot_bytes(shape) + caches * cache_bytes(shape) + bits + shadow;
    return (sum + 2 * LEAT_CACHE_LINE - 1) / LEAT_CACHE_LINE * LEAT_CACHE_LINE;
}

static uint64_t own_bytes(const struct shape *shape, const struct leat_pool_config *config)
{
    return own_meta_bytes(shape, config) + LEAT_CACHE_LINE - 1 + (uint64_t)shape->slab_size + (uint64_t)shape->align - 1;
}

int64_t leat_pool_bytes_for(const struct leat_pool_config *config)
{
    struct shape shape;
    if (!config)
        return -EINVAL;
    int rc = leat_pool_shape(&shape, config, true);
    return rc != 0 ? rc : (int64_t)own_bytes(&shape, config);
}

int leat_pool_init(struct leat_pool **pool, void *memory, int64_t bytes, const struct leat_pool_config *config)
{
    struct shape shape;
    if (!pool || !memory || !config)
        return -EINVAL;
    int rc = leat_pool_shape(&shape, config, true);
    if (rc != 0)
        return rc;
    if (bytes < 0 || (uint64_t)bytes > SIZE_MAX / 2 || (uint64_t)bytes < own_bytes(&shape, config))
        return leat_pool_refuse(config, "bytes: as many as leat_pool_bytes_for() says", (int64_t)own_bytes(&shape, config));
    size_t meta_bytes = (size_t)own_meta_bytes(&shape, config);
    no_caches_without_barrier(&shape, config->host);
    struct meta *meta = (struct meta *)round_up((uintptr_t)memory, LEAT_CACHE_LINE);
    *meta = (struct meta){.bytes = meta_bytes, .used = LEAT_CACHE_LINE};
    struct leat_pool_config own = *config;
    struct leat_memory given = {given_acquire, given_release, (void *)round_up((uintptr_t)meta + meta_bytes, (size_t)shape.align)};
    own.memory = NULL;
    struct pool *made = build(&shape, &own, meta);
    made->memory = given;
    made->slab_mask = 0; /* every address leads to the one slab */
    made->slab_fixed = (uintptr_t)given.context;
    made->bytes = (size_t)bytes - made->slab_size; /* grows by the slab's */
    bool grown = leat_pool_slabs_grow(made, 1);
    made->memory = (struct leat_memory){0};
    made->grow_most = 0;
    if (!grown)
        return leat_pool_refuse(config, "bytes: as many as leat_pool_bytes_for() says", -1); /* own_bytes() counted wrongly */
    publish(made);
    *pool = &made->head;
    return 0;
}

/* ---- destroy ---- */

/* With the registry's token. */
static void unregister_pool(struct pool *pool)
{
    struct pool **at = &leat_pool_registry.pools;
    while (*at != pool)
        at = &(*at)->next;
    *at = pool->next;
}

/* With all blocks at home, or the pool known to nobody. The pool itself lies in its first piece, the last one of the list. */
static void release_all(struct pool *pool)
{
    struct leat_memory memory = pool->memory;
    struct meta *meta = pool->meta;
    for (struct slab *slab = pool->slabs; slab; slab = slab->older)
        slab->out = 0; /* what is set aside, or was live and is given up, goes with its slab */
    leat_pool_slabs_trim(pool);
    leat_pool_tell(pool, LEAT_WATCH_POOL_ENDS, NULL, 0);
    while (meta && memory.release) {
        struct meta *next = meta->next;
        memory.release(memory.context, meta, (int64_t)meta->bytes);
        meta = next;
    }
}

/* With both tokens: every block that is not on a slab is live, or set aside. Returns how many are live. */
static int64_t collect(struct pool *pool)
{
    bool tight = pool->tight;
    leat_pool_caches_shut(pool, true); /* without a barrier: the caller saw to it that the pool is quiet */
    pool->tight = tight;               /* nothing changed: the caches open again as their owners come along */
    return (int64_t)(pool->out - leat_load(&pool->set_aside, relaxed)); /* raised by who held the block, whose call is over */
}

static int64_t end(struct pool *pool, bool forced)
{
    leat_pool_take(&leat_pool_registry.token, &pool->host);
    leat_pool_take(&pool->token, &pool->host);
    int64_t live = collect(pool);
    if (live == 0 || forced)
        unregister_pool(pool);
    leat_pool_give(&pool->token);
    leat_pool_give(&leat_pool_registry.token);
    if (live == 0 || forced)
        release_all(pool);
    return live;
}

int leat_pool_destroy(struct leat_pool *head, int64_t *live)
{
    struct pool *pool = (struct pool *)head;
    int64_t count = pool ? end(pool, false) : 0;
    if (count == 0)
        return 0;
    if (live)
        *live = count;
    if (pool->leak)
        pool->leak(pool->leak_context, head, count);
    if (pool->host.yield)
        pool->host.yield(pool->host.context); /* who tries again at once would keep the token from the free that it waits for */
    return -EBUSY;
}

int64_t leat_pool_destroy_all(struct leat_pool *head, void (*visit)(void *context, void *block), void *context)
{
    struct pool *pool = (struct pool *)head;
    if (pool && visit)
        (void)leat_pool_walk(head, visit, context);
    return pool ? end(pool, true) : 0;
}

/* ---- handles ---- */

struct leat_pool_cache *leat_pool_cache_open(struct leat_pool *head)
{
    struct pool *pool = (struct pool *)head;
    if (pool->capacity == 0)
        return &pool->uncached;
    leat_pool_take(&pool->token, &pool->host);
    struct cache *cache = leat_pool_cache_claim(pool, NULL);
    leat_pool_give(&pool->token);
    return leat_pool_handle(pool, cache);
}

void leat_pool_cache_close(struct leat_pool_cache *head)
{
    struct pool *pool = head ? (struct pool *)head->pool : NULL;
    struct cache *cache = pool ? leat_pool_cache_of(pool, head) : NULL;
    if (!cache)
        return;
    leat_pool_take(&pool->token, &pool->host);
    leat_pool_cache_retire(cache);
    leat_pool_give(&pool->token);
}

/* ---- the rest ---- */

static void *blocks_alloc(void *context)
{
    return leat_pool_alloc(context);
}

static void blocks_free(void *context, void *block)
{
    leat_pool_free(context, block);
}

struct leat_blocks leat_pool_blocks(struct leat_pool *head)
{
    struct pool *pool = (struct pool *)head;
    if (((pool->slab_bytes | pool->block_bytes | pool->slab_fixed) & 15) != 0)
        return (struct leat_blocks){0};
    return (struct leat_blocks){blocks_alloc, blocks_free, head, head->block_bytes};
}

const char *leat_pool_name(const struct leat_pool *head)
{
    return ((const struct pool *)head)->name;
}

void leat_pool_stats(struct leat_pool *head, struct leat_pool_stats *stats)
{
    struct pool *pool = (struct pool *)head;
    leat_pool_take(&pool->token, &pool->host);
    int64_t aside = (int64_t)leat_load(&pool->set_aside, relaxed); /* numbers for people */
    int64_t out = (int64_t)pool->out - aside;
    int64_t cached = leat_pool_caches_count(pool) + leat_pool_depot_count(pool);
    cached = cached < out ? cached : out; /* a magazine on its way may count twice */
    *stats = (struct leat_pool_stats){
        .block_bytes = head->block_bytes,
        .limit = (int64_t)pool->limit,
        .live = out - cached,
        .cached = cached,
        .peak = (int64_t)pool->peak,
        .slabs = (int64_t)pool->slab_count,
        .bytes = (int64_t)pool->bytes,
        .refused = (int64_t)leat_load(&pool->refused, relaxed),
        .set_aside = aside,
    };
    leat_pool_give(&pool->token);
}

int leat_pool_prefill(struct leat_pool *head, int64_t count)
{
    struct pool *pool = (struct pool *)head;
    int rc = 0;
    leat_pool_take(&pool->token, &pool->host);
    size_t want = count > 0 ? (size_t)((uint64_t)count < SIZE_MAX / 4 ? (uint64_t)count : SIZE_MAX / 4) : 0;
    size_t free = pool->slab_count * pool->slab_blocks - pool->out; /* what lies in caches may be out of reach without a barrier */
    size_t slabs = want > free ? (want - free + pool->slab_blocks - 1) / pool->slab_blocks : 0;
    if (pool->limit) {
        size_t most = (pool->limit + pool->slab_blocks - 1) / pool->slab_blocks;
        slabs = most <= pool->slab_count ? 0 : slabs < most - pool->slab_count ? slabs : most - pool->slab_count;
    }
    if (pool->grow_most > 0 && !leat_pool_slabs_grow(pool, slabs))
        rc = -ENOMEM;
    leat_pool_give(&pool->token);
    return rc;
}

int64_t leat_pool_trim(struct leat_pool *head)
{
    struct pool *pool = (struct pool *)head;
    leat_pool_take(&pool->token, &pool->host);
    bool tight = pool->tight;
    if (!leat_pool_caches_shut(pool, false)) {
        struct cache *mine = leat_pool_cache_find(pool, leat_pool_slots);
        pool->trims++; /* handles and other threads' caches: when they come along */
        if (mine)
            leat_pool_cache_empty(mine);
        leat_pool_depot_drain(pool);
    }
    pool->tight = tight;
    int64_t bytes = pool->grow_most > 0 ? leat_pool_slabs_trim(pool) : 0; /* else they could not be had again */
    leat_pool_probe_trim(pool, bytes);
    leat_pool_relax(pool);
    leat_pool_give(&pool->token);
    return bytes;
}
