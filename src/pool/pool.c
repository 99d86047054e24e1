/* SPDX-License-Identifier: MIT */
/*
 * A pool from its creation to its end, the token, and how a thread finds its cache.
 */
#define LEAT_POOL_INLINE extern inline
#include "pool_private.h"

#define POOL_SPINS 100 /* turns of waiting before the first yield */
#define POOL_MAX_BLOCK_BYTES ((int64_t)1 << 30)
#define POOL_MAX_ALIGN 4096
#define POOL_MAX_CACHE_BLOCKS 65536
#define POOL_MAX_SLAB_BYTES ((int64_t)(SIZE_MAX / 4 < ((uint64_t)1 << 40) ? SIZE_MAX / 4 + 1 : (uint64_t)1 << 40))

LEAT_THREAD_LOCAL struct leat_pool_slot leat_pool_slots[LEAT_POOL_SLOTS];

/* Every pool, so that a thread that ends finds those in which it has a cache. Its token is taken before a pool's. */
static struct {
    LEAT_ATOMIC(uint32_t) token;
    struct pool *pools; /* under the token */
    size_t last_id;     /* under the token */
} registry;

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
    return cut;
}

void *leat_pool_carve(struct pool *pool, size_t bytes)
{
    bytes = round_up(bytes, LEAT_CACHE_LINE);
    if (pool->meta->bytes - pool->meta->used < bytes) {
        struct meta *meta = meta_acquire(&pool->memory, bytes);
        if (!meta)
            return NULL;
        meta->next = pool->meta;
        pool->meta = meta;
        pool->bytes += meta->bytes;
    }
    return meta_cut(pool->meta, bytes);
}

/* ---- create ---- */

/* Numbers derived from a configuration. */
struct shape {
    int64_t align, block_bytes, slab_start, slab_bytes, slab_blocks, limit, capacity;
};

static bool power_of_two(int64_t value)
{
    return value > 0 && (value & (value - 1)) == 0;
}

static int64_t power_over(int64_t value)
{
    int64_t power = 1;
    while (power < value)
        power *= 2;
    return power;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/*
 * 128 blocks a slab keep head and tail under a percent; beyond 1 MiB eight must do, beyond 64 MiB one: only what is touched becomes
 * resident.
 */
static int64_t choose_slab_bytes(const struct shape *shape)
{
    int64_t many = power_over(shape->slab_start + 128 * shape->block_bytes);
    int64_t some = power_over(shape->slab_start + 8 * shape->block_bytes);
    int64_t one = power_over(shape->slab_start + shape->block_bytes);
    int64_t bytes = smaller(larger(many, 65536), 1 << 20);
    return larger(larger(bytes, smaller(some, 64 << 20)), one);
}

/* Blocks of 64 KiB in all, but enough of them to be worth a visit to the depot, and not so many that a few caches hold a whole pool. */
static int64_t choose_capacity(const struct shape *shape)
{
    int64_t blocks = smaller(larger(65536 / shape->block_bytes, 8), 128);
    if (shape->limit)
        blocks = smaller(blocks, shape->limit / 8);
    return blocks < 4 ? 0 : blocks;
}

static bool derive(struct shape *shape, const struct leat_pool_config *config)
{
    if (config->block_bytes < 1 || config->block_bytes > POOL_MAX_BLOCK_BYTES || config->align < 0 || config->align > POOL_MAX_ALIGN ||
        (config->align && !power_of_two(config->align)) || config->limit < 0 || (uint64_t)config->limit > SIZE_MAX ||
        (config->slab_bytes && !power_of_two(config->slab_bytes)) || config->slab_bytes > POOL_MAX_SLAB_BYTES || config->cache_blocks < 0 ||
        config->cache_blocks > POOL_MAX_CACHE_BLOCKS || !config->memory || !config->memory->acquire || !config->memory->release)
        return false;
    shape->limit = config->limit;
    shape->align = larger(config->align ? config->align : 16, (int64_t)sizeof(void *));
    shape->block_bytes = (config->block_bytes + shape->align - 1) & ~(shape->align - 1);
    shape->slab_start = (LEAT_CACHE_LINE + shape->align - 1) & ~(shape->align - 1);
    shape->slab_bytes = config->slab_bytes ? config->slab_bytes : choose_slab_bytes(shape);
    if (shape->slab_bytes > POOL_MAX_SLAB_BYTES || shape->slab_bytes < shape->slab_start + shape->block_bytes)
        return false;
    shape->slab_blocks = (shape->slab_bytes - shape->slab_start) / shape->block_bytes;
    if (shape->limit && shape->limit < shape->slab_blocks) {
        shape->slab_blocks = shape->limit;
        if (!config->slab_bytes)
            shape->slab_bytes = power_over(shape->slab_start + shape->slab_blocks * shape->block_bytes);
    }
    shape->capacity = config->cache_blocks ? config->cache_blocks : choose_capacity(shape);
    return true;
}

/* The pool itself, the depot and four caches, within reason: so that a pool that works takes nothing more for its bookkeeping. */
static size_t first_meta_bytes(const struct shape *shape)
{
    int64_t magazines = (POOL_DEPOT_SLOTS + 2 * 4) * (shape->capacity * (int64_t)sizeof(void *) + LEAT_CACHE_LINE);
    return sizeof(struct pool) + (size_t)smaller(magazines + 4 * (int64_t)sizeof(struct cache), 262144);
}

static void register_pool(struct pool *pool)
{
    leat_pool_take(&registry.token, &pool->host);
    pool->head.id = ++registry.last_id;
    pool->next = registry.pools;
    registry.pools = pool;
    leat_pool_give(&registry.token);
}

int leat_pool_create(struct leat_pool **pool, const struct leat_pool_config *config)
{
    struct shape shape;
    if (!pool || !config || !derive(&shape, config))
        return -EINVAL;
    const struct leat_host *host = config->host ? config->host : &no_host;
    if (shape.limit && (!host->barrier || !host->barrier(host->context)))
        shape.capacity = 0; /* blocks in another thread's cache could not be had back: the limit would not be exact */
    struct meta *meta = meta_acquire(config->memory, first_meta_bytes(&shape));
    if (!meta)
        return -ENOMEM;
    struct pool *made = meta_cut(meta, round_up(sizeof *made, LEAT_CACHE_LINE));
    *made = (struct pool){
        .head = {.block_bytes = shape.block_bytes},
        .memory = *config->memory,
        .host = *host,
        .name = config->name ? config->name : "pool",
        .block_bytes = (size_t)shape.block_bytes,
        .limit = (size_t)shape.limit,
        .slab_bytes = (size_t)shape.slab_bytes,
        .slab_blocks = (size_t)shape.slab_blocks,
        .slab_start = (size_t)shape.slab_start,
        .slab_size = (size_t)(shape.slab_start + shape.slab_blocks * shape.block_bytes),
        .capacity = (uint32_t)shape.capacity,
        .bytes = meta->bytes,
        .meta = meta,
        .uncached = {.low = UINT32_MAX, .pool = &made->head},
    };
    register_pool(made);
    *pool = &made->head;
    return 0;
}

/* ---- destroy ---- */

/* With the registry's token. */
static void unregister_pool(struct pool *pool)
{
    struct pool **at = &registry.pools;
    while (*at != pool)
        at = &(*at)->next;
    *at = pool->next;
}

/* The pool itself lies in its first piece, the last one of the list. */
static void release_all(struct pool *pool)
{
    struct leat_memory memory = pool->memory;
    struct meta *meta = pool->meta;
    leat_pool_slabs_trim(pool);
    while (meta) {
        struct meta *next = meta->next;
        memory.release(memory.context, meta, (int64_t)meta->bytes);
        meta = next;
    }
}

int leat_pool_destroy(struct leat_pool *head, int64_t *live)
{
    struct pool *pool = (struct pool *)head;
    if (!pool)
        return 0;
    leat_pool_take(&registry.token, &pool->host);
    leat_pool_take(&pool->token, &pool->host);
    leat_pool_caches_revoke(pool, true); /* without a barrier: the caller saw to it that the pool is quiet */
    int64_t out = (int64_t)pool->out;
    pool->tight = false; /* nothing changed: the caches open again as their owners come along */
    if (out == 0)
        unregister_pool(pool);
    leat_pool_give(&pool->token);
    leat_pool_give(&registry.token);
    if (out > 0) {
        if (live)
            *live = out;
        return -EBUSY;
    }
    release_all(pool);
    return 0;
}

/* ---- handles and threads ---- */

struct leat_pool_cache *leat_pool_cache_open(struct leat_pool *head)
{
    struct pool *pool = (struct pool *)head;
    if (pool->capacity == 0)
        return &pool->uncached;
    leat_pool_take(&pool->token, &pool->host);
    struct cache *cache = leat_pool_cache_claim(pool, NULL);
    leat_pool_give(&pool->token);
    return cache ? &cache->head : &pool->uncached;
}

void leat_pool_cache_close(struct leat_pool_cache *head)
{
    struct pool *pool = head ? (struct pool *)head->pool : NULL;
    if (!pool || head == &pool->uncached)
        return;
    leat_pool_take(&pool->token, &pool->host);
    leat_pool_cache_retire((struct cache *)head);
    leat_pool_give(&pool->token);
}

/* The calling thread's cache, opened if need be, and in its slot; without memory for one, what every thread may use. */
static struct leat_pool_cache *thread_cache(struct pool *pool)
{
    struct leat_pool_cache *head = &pool->uncached;
    if (pool->capacity > 0) {
        leat_pool_take(&pool->token, &pool->host);
        struct cache *cache = leat_pool_cache_find(pool, leat_pool_slots);
        bool opened = !cache;
        if (opened)
            cache = leat_pool_cache_claim(pool, leat_pool_slots);
        leat_pool_give(&pool->token);
        if (!cache)
            return head;
        /* Edge "leave": a thread without thread_end() that had this thread's storage before may have left the cache behind. */
        (void)leat_load(&cache->head.count, acquire);
        head = &cache->head;
        if (opened && pool->host.thread)
            pool->host.thread(pool->host.context);
    }
    leat_pool_slots[pool->head.id % LEAT_POOL_SLOTS] = (struct leat_pool_slot){pool->head.id, head};
    return head;
}

LEAT_COLD void *leat_pool_alloc_slow(struct leat_pool *head)
{
    return leat_pool_cache_alloc(thread_cache((struct pool *)head));
}

LEAT_COLD void leat_pool_free_slow(struct leat_pool *head, void *block)
{
    if (block)
        leat_pool_cache_free(thread_cache((struct pool *)head), block);
}

void leat_pool_thread_end(void)
{
    leat_pool_take(&registry.token, &no_host);
    for (struct pool *pool = registry.pools; pool; pool = pool->next) {
        leat_pool_take(&pool->token, &pool->host);
        struct cache *cache = leat_pool_cache_find(pool, leat_pool_slots);
        if (cache)
            leat_pool_cache_retire(cache);
        leat_pool_give(&pool->token);
    }
    leat_pool_give(&registry.token);
    for (int i = 0; i < LEAT_POOL_SLOTS; i++)
        leat_pool_slots[i] = (struct leat_pool_slot){0};
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
    if (((pool->slab_start | pool->block_bytes) & 15) != 0)
        return (struct leat_blocks){0};
    return (struct leat_blocks){blocks_alloc, blocks_free, head, head->block_bytes};
}

void leat_pool_stats(struct leat_pool *head, struct leat_pool_stats *stats)
{
    struct pool *pool = (struct pool *)head;
    leat_pool_take(&pool->token, &pool->host);
    int64_t out = (int64_t)pool->out;
    int64_t cached = smaller(leat_pool_caches_count(pool) + leat_pool_depot_count(pool), out); /* a magazine on its way may count twice */
    *stats = (struct leat_pool_stats){
        .block_bytes = head->block_bytes,
        .limit = (int64_t)pool->limit,
        .live = out - cached,
        .cached = cached,
        .peak = (int64_t)pool->peak,
        .slabs = (int64_t)pool->slab_count,
        .bytes = (int64_t)pool->bytes,
    };
    leat_pool_give(&pool->token);
}

int64_t leat_pool_trim(struct leat_pool *head)
{
    struct pool *pool = (struct pool *)head;
    leat_pool_take(&pool->token, &pool->host);
    struct cache *cache = leat_pool_cache_find(pool, leat_pool_slots);
    if (cache)
        leat_pool_cache_flush(cache);
    leat_pool_depot_drain(pool);
    int64_t bytes = leat_pool_slabs_trim(pool);
    leat_pool_caches_relax(pool);
    leat_pool_give(&pool->token);
    return bytes;
}
