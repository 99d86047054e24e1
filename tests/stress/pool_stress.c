/* SPDX-License-Identifier: MIT */
/*
 * The pool with several threads. LEAT_TEST_ITEMS sets the number of blocks of the long ones, LEAT_TEST_SEED the random ones' seed.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../pool_support.h"

#include <semaphore.h>

#define assert_valid(pool) assert_true(leat_pool_valid(pool))

static struct leat_pool *create(const struct source *source, struct leat_pool_config config)
{
    struct leat_pool *pool = NULL;
    config.memory = &source->memory;
    config.host = &host;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    return pool;
}

static void destroy(struct leat_pool *pool, const struct source *source)
{
    int64_t live = 0;
    assert_valid(pool);
    if (leat_pool_destroy(pool, &live) != 0)
        fail_msg("%ld blocks are live", (long)live);
    assert_int_equal(source->held, 0);
    assert_false(source->wrong);
}

static pthread_t start(void *(*run)(void *), void *context)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, context), 0);
    return thread;
}

/* ---- hand-over: one thread allocates and stamps, the other checks and frees ---- */

#define RING 1024

struct handover {
    struct leat_pool *pool;
    int64_t items;
    bool by_handle;
    alignas(64) LEAT_ATOMIC(uint64_t) written;      /* by the producer */
    alignas(64) LEAT_ATOMIC(uint64_t) read;         /* by the consumer */
    alignas(64) LEAT_ATOMIC(uint64_t *) ring[RING]; /* published by `written` */
    int64_t wrong;
};

static void *handover_produce(void *context)
{
    struct handover *h = context;
    struct leat_pool_cache *cache = h->by_handle ? leat_pool_cache_open(h->pool) : NULL;
    for (uint64_t i = 0; i < (uint64_t)h->items; i++) {
        uint64_t *block;
        while (!(block = cache ? leat_pool_cache_alloc(cache) : leat_pool_alloc(h->pool)))
            sched_yield();
        block[0] = i;
        block[7] = ~i;
        while (i - leat_load(&h->read, acquire) == RING) /* meets the store in consume */
            sched_yield();
        leat_store(&h->ring[i % RING], block, relaxed);
        leat_store(&h->written, i + 1, release); /* meets the load in consume */
    }
    leat_pool_cache_close(cache);
    return NULL;
}

static void *handover_consume(void *context)
{
    struct handover *h = context;
    struct leat_pool_cache *cache = h->by_handle ? leat_pool_cache_open(h->pool) : NULL;
    for (uint64_t i = 0; i < (uint64_t)h->items; i++) {
        while (leat_load(&h->written, acquire) == i)
            sched_yield();
        uint64_t *block = leat_load(&h->ring[i % RING], relaxed);
        h->wrong += block[0] != i || block[7] != ~i;
        block[0] = block[7] = 0; /* whoever still believes in this block finds out */
        if (cache)
            leat_pool_cache_free(cache, block);
        else
            leat_pool_free(h->pool, block);
        leat_store(&h->read, i + 1, release);
    }
    leat_pool_cache_close(cache);
    return NULL;
}

static void handover(struct leat_pool_config config, bool by_handle)
{
    static struct handover h;
    struct source source = SOURCE_INIT(source);
    h = (struct handover){.pool = create(&source, config), .items = test_items(5000000), .by_handle = by_handle};
    pthread_t producer = start(handover_produce, &h), consumer = start(handover_consume, &h);
    pthread_join(producer, NULL);
    pthread_join(consumer, NULL);
    assert_int_equal(h.wrong, 0);
    struct leat_pool_stats stats = stats_of(h.pool);
    assert_int_equal(stats.live, 0);
    /* as many as can be under way, in caches and depot, not as many as were handed over */
    assert_true(stats.peak <= RING + 4 * 128 + 17 * 128);
    assert_true(config.limit == 0 || stats.peak <= config.limit);
    destroy(h.pool, &source);
}

static void millions_of_blocks_pass_from_thread_to_thread(void **state)
{
    (void)state;
    handover((struct leat_pool_config){.block_bytes = 64}, false);
}

static void millions_of_blocks_pass_from_handle_to_handle(void **state)
{
    (void)state;
    handover((struct leat_pool_config){.block_bytes = 64}, true);
}

static void blocks_pass_on_at_the_limit(void **state)
{
    (void)state;
    handover((struct leat_pool_config){.block_bytes = 64, .limit = 500}, false);
}

/* ---- hostile.md 41 ---- */

struct sleeper {
    struct leat_pool *pool;
    void **blocks;
    int count;
    sem_t freed, end;
    int64_t cached;
};

static void *sleeper_run(void *context)
{
    struct sleeper *s = context;
    for (int i = 0; i < s->count; i++)
        leat_pool_free(s->pool, s->blocks[i]);
    sem_post(&s->freed);
    sem_wait(&s->end);
    /* awake again: its cache is as good as new */
    for (int i = 0; i < 1000; i++)
        leat_pool_free(s->pool, leat_pool_alloc(s->pool));
    s->cached = stats_of(s->pool).cached;
    return NULL;
}

static void a_sleeping_thread_that_freed_the_whole_pool_starves_nobody(void **state)
{
    (void)state;
    for (int64_t cache_blocks = 0; cache_blocks <= 64; cache_blocks += 32) {
        struct source source = SOURCE_INIT(source);
        void *blocks[64];
        struct sleeper s = {.pool =
                                create(&source, (struct leat_pool_config){.block_bytes = 64, .limit = 64, .cache_blocks = cache_blocks}),
                            .blocks = blocks,
                            .count = 64};
        sem_init(&s.freed, 0, 0);
        sem_init(&s.end, 0, 0);
        for (int i = 0; i < 64; i++)
            blocks[i] = leat_pool_alloc(s.pool);
        pthread_t thread = start(sleeper_run, &s);
        sem_wait(&s.freed);
        assert_int_equal(stats_of(s.pool).live, 0);
        for (int i = 0; i < 64; i++) {
            blocks[i] = leat_pool_alloc(s.pool);
            if (!blocks[i])
                fail_msg("only %d of 64", i);
        }
        assert_null(leat_pool_alloc(s.pool));
        assert_int_equal(leat_pool_why(s.pool), LEAT_POOL_LIMIT);
        for (int i = 0; i < 64; i++)
            leat_pool_free(s.pool, blocks[i]);
        sem_post(&s.end);
        pthread_join(thread, NULL);
        assert_true(s.cached > 0);
        destroy(s.pool, &source);
    }
}

/* ---- a cache is shut, step by step and in a hurry ---- */

/* An owner that stops in the middle of its fast path, as if it were preempted there, and another thread that wants its block. */
struct stopped {
    struct source source;
    struct leat_pool *pool;
    struct leat_pool_cache *cache;
    LEAT_ATOMIC(int) barriers; /* calls; written by the reclaimer */
    bool shut;                 /* what the last barrier saw; published by barriers */
};

static bool stopped_barrier(void *context)
{
    struct stopped *stopped = context;
    struct leat_pool_cache *cache = stopped->cache;
    stopped->shut = cache && leat_load(&cache->low, relaxed) == UINTPTR_MAX && leat_load(&cache->high, relaxed) == 0;
    leat_add(&stopped->barriers, 1, release);
    return host_barrier(NULL);
}

/* A pool of one block, which is in the owner's cache. Returns the block. */
static void *stopped_begin(struct stopped *stopped)
{
    *stopped = (struct stopped){.source = SOURCE_INIT(stopped->source)};
    struct leat_host here = {.barrier = stopped_barrier, .yield = host_yield, .context = stopped};
    struct leat_pool_config config = {.block_bytes = 64, .limit = 1, .cache_blocks = 1, .memory = &stopped->source.memory, .host = &here};
    assert_int_equal(leat_pool_create(&stopped->pool, &config), 0);
    stopped->cache = leat_pool_cache_open(stopped->pool);
    void *block = leat_pool_cache_alloc(stopped->cache);
    leat_pool_cache_free(stopped->cache, block);
    assert_int_equal(stats_of(stopped->pool).cached, 1);
    return block;
}

static void stopped_end(struct stopped *stopped)
{
    leat_pool_cache_close(stopped->cache);
    destroy(stopped->pool, &stopped->source);
}

static void *stopped_alloc(void *context)
{
    struct stopped *stopped = context;
    return leat_pool_alloc(stopped->pool);
}

static void *alloc_elsewhere(struct stopped *stopped)
{
    void *block = NULL;
    pthread_join(start(stopped_alloc, stopped), &block);
    return block;
}

static void move_top(struct stopped *stopped, int blocks)
{
    uintptr_t top = leat_load(&stopped->cache->top, relaxed);
    leat_store(&stopped->cache->top, top + (uintptr_t)(intptr_t)(blocks * (int)sizeof(void *)), release);
}

/* top is lowered, low not looked at yet: the block is the owner's, and the other thread hears that it is live. */
static void a_block_reserved_before_its_cache_was_shut_is_the_owners(void **state)
{
    (void)state;
    if (!host_barrier(NULL))
        skip();
    struct stopped stopped;
    void *block = stopped_begin(&stopped);
    int before = leat_load(&stopped.barriers, relaxed);
    move_top(&stopped, -1);
    assert_null(alloc_elsewhere(&stopped));
    assert_int_equal(leat_load(&stopped.barriers, relaxed), before + 1);
    assert_true(stopped.shut);
    assert_ptr_equal(leat_pool_cache_alloc_slow(stopped.cache), block); /* the owner goes on */
    assert_null(alloc_elsewhere(&stopped));
    leat_pool_cache_free(stopped.cache, block);
    assert_ptr_equal(alloc_elsewhere(&stopped), block);
    leat_pool_free(stopped.pool, block);
    assert_int_equal(leat_load(&stopped.barriers, relaxed), before + 1); /* the pool was tight all the time */
    stopped_end(&stopped);
}

/* The other thread takes the block, then the owner lowers top: too late. */
static void a_block_taken_from_a_shut_cache_is_not_the_owners(void **state)
{
    (void)state;
    if (!host_barrier(NULL))
        skip();
    struct stopped stopped;
    void *block = stopped_begin(&stopped);
    assert_ptr_equal(alloc_elsewhere(&stopped), block);
    move_top(&stopped, -1);
    assert_null(leat_pool_cache_alloc_slow(stopped.cache));
    assert_int_equal(leat_pool_why(stopped.pool), LEAT_POOL_LIMIT);
    for (int i = 0; i < 5; i++) /* and the way of who hears it again leaves no trace */
        assert_null(leat_pool_cache_alloc(stopped.cache));
    leat_pool_free(stopped.pool, block);
    assert_ptr_equal(leat_pool_cache_alloc(stopped.cache), block);
    leat_pool_cache_free(stopped.cache, block);
    stopped_end(&stopped);
}

/* The owner looked at high, the cache is shut, then it puts the block there: who wants to fail an allocation finds it. */
static void a_block_freed_into_a_cache_just_shut_is_found(void **state)
{
    (void)state;
    if (!host_barrier(NULL))
        skip();
    struct stopped stopped;
    void *block = stopped_begin(&stopped);
    assert_ptr_equal(leat_pool_cache_alloc(stopped.cache), block);
    assert_null(alloc_elsewhere(&stopped));
    assert_null(alloc_elsewhere(&stopped));
    *(void **)leat_load(&stopped.cache->top, relaxed) = block;
    move_top(&stopped, 1);
    assert_int_equal(stats_of(stopped.pool).cached, 1);
    assert_ptr_equal(alloc_elsewhere(&stopped), block);
    assert_null(leat_pool_cache_alloc(stopped.cache));
    leat_pool_free(stopped.pool, block);
    assert_true(leat_pool_valid(stopped.pool));
    stopped_end(&stopped);
}

struct hurry {
    struct leat_pool *pool;
    int64_t wrong;
    LEAT_ATOMIC(int) end; /* written by the reclaimer */
};

static void *hurry_own(void *context)
{
    struct hurry *hurry = context;
    while (!leat_load(&hurry->end, acquire)) {
        for (int i = 0; i < 100; i++) {
            volatile uint64_t *block = leat_pool_alloc(hurry->pool);
            if (!block)
                continue;
            block[0] = 1;
            hurry->wrong += block[0] != 1;
            leat_pool_free(hurry->pool, (void *)block);
        }
    }
    return NULL;
}

/* One thread works out of its cache, another takes all there is, again and again, so that the caches are revoked and restored. */
static void an_owner_and_a_reclaimer_never_have_the_same_block(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct hurry hurry = {.pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .limit = 8, .cache_blocks = 8})};
    pthread_t thread = start(hurry_own, &hurry);
    int64_t rounds = test_items(1000000) / 2 + 1, wrong = 0;
    for (int64_t round = 0; round < rounds; round++) {
        volatile uint64_t *blocks[8];
        int count = 0;
        while (count < 8 && (blocks[count] = leat_pool_alloc(hurry.pool)))
            *blocks[count++] = 2;
        assert_true(count >= 7);
        for (int i = 0; i < count; i++)
            wrong += *blocks[i] != 2;
        while (count > 0)
            leat_pool_free(hurry.pool, (void *)blocks[--count]);
    }
    leat_store(&hurry.end, 1, release);
    pthread_join(thread, NULL);
    assert_int_equal(wrong + hurry.wrong, 0);
    destroy(hurry.pool, &source);
}

/* ---- random calls by four threads ---- */

struct mob {
    struct leat_pool *pool;
    int64_t steps;
    int mine; /* most blocks of one thread */
    pthread_barrier_t begin;
    LEAT_ATOMIC(uint64_t *) exchange[16]; /* blocks that change hands: swapped acq_rel */
    LEAT_ATOMIC(int64_t) wrong, refused;  /* counters, relaxed */
};

struct member {
    struct mob *mob;
    uint64_t seed;
    uint64_t name;
};

static void mob_free(struct mob *mob, uint64_t *block, uint64_t stamp)
{
    if (block[0] != stamp || block[1] != ~stamp)
        leat_add(&mob->wrong, 1, relaxed); /* a counter */
    block[0] = block[1] = 0;
    leat_pool_free(mob->pool, block);
}

static void *mob_run(void *context)
{
    struct member *member = context;
    struct mob *mob = member->mob;
    uint64_t *blocks[256], random = member->seed, stamp = member->name;
    int count = 0;
    pthread_barrier_wait(&mob->begin);
    for (int64_t step = 0; step < mob->steps; step++) {
        uint32_t dice = (uint32_t)test_random(&random);
        if (dice % 100 < (step / 4000 % 2 ? 60 : 40) && count < mob->mine) {
            uint64_t *block = leat_pool_alloc(mob->pool);
            if (block) {
                block[0] = stamp;
                block[1] = ~stamp;
                blocks[count++] = block;
            } else
                leat_add(&mob->refused, 1, relaxed); /* a counter */
        } else if (dice % 100 < 94) {
            if (count > 0) {
                int at = (int)(dice / 100 % (uint32_t)count);
                mob_free(mob, blocks[at], stamp);
                blocks[at] = blocks[--count];
            }
        } else if (count > 0) {
            uint64_t *mine = blocks[--count];
            uint64_t *theirs = leat_exchange(&mob->exchange[dice / 100 % 16], mine, acq_rel); /* the stamp travels with the block */
            if (theirs)
                mob_free(mob, theirs, theirs[0] <= 4 ? theirs[0] : 0);
        }
        if (dice % 5000 == 0)
            leat_pool_trim(mob->pool);
        if (dice % 7000 == 0)
            leat_pool_thread_end();
    }
    while (count > 0)
        mob_free(mob, blocks[--count], stamp);
    return NULL;
}

static void mob(struct leat_pool_config config, int mine, bool often_refused)
{
    static struct mob m;
    struct source source = SOURCE_INIT(source);
    uint64_t seed = test_seed();
    for (int round = 0; round < 3; round++) {
        struct member members[4];
        pthread_t threads[4];
        memset(&m, 0, sizeof m);
        m.pool = create(&source, config);
        pthread_barrier_init(&m.begin, NULL, 4);
        m.steps = test_items(5000000) / 12 + 1;
        m.mine = mine;
        for (int i = 0; i < 4; i++) {
            members[i] = (struct member){&m, seed * 12 + (uint64_t)(round * 4 + i) + 1, (uint64_t)i + 1};
            threads[i] = start(mob_run, &members[i]);
        }
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < 16; i++) {
            uint64_t *block = leat_exchange(&m.exchange[i], NULL, acquire);
            if (block)
                leat_pool_free(m.pool, block);
        }
        struct leat_pool_stats stats = stats_of(m.pool);
        if (leat_load(&m.wrong, relaxed) || stats.live != 0 || !leat_pool_valid(m.pool) || (config.limit && stats.peak > config.limit))
            fail_msg("seed %lu round %d: %ld wrong stamps, %ld live, peak %ld", (unsigned long)seed, round,
                     (long)leat_load(&m.wrong, relaxed), (long)stats.live, (long)stats.peak);
        if (often_refused && m.steps > 10000)
            assert_true(leat_load(&m.refused, relaxed) > 0);
        pthread_barrier_destroy(&m.begin);
        destroy(m.pool, &source);
    }
}

static void four_threads_at_random_without_a_limit(void **state)
{
    (void)state;
    mob((struct leat_pool_config){.block_bytes = 32, .cache_blocks = 8, .slab_bytes = 4096}, 256, false);
}

static void four_threads_at_random_often_at_the_limit(void **state)
{
    (void)state;
    mob((struct leat_pool_config){.block_bytes = 32, .cache_blocks = 8, .limit = 200}, 256, true);
}

static void four_threads_at_random_with_a_handful_of_blocks(void **state)
{
    (void)state;
    mob((struct leat_pool_config){.block_bytes = 32, .cache_blocks = 1, .limit = 6}, 8, true);
}

/*
 * The limit is exact under load: each of 4 threads has and keeps to its own share, and all shares together are the limit. So no allocation
 * may ever fail, wherever the free blocks happen to lie.
 */
struct share {
    struct leat_pool *pool;
    uint64_t seed;
    int64_t steps, refused;
    int blocks;
};

static void *share_run(void *context)
{
    struct share *share = context;
    void *blocks[64];
    int count = 0;
    for (int64_t step = 0; step < share->steps; step++) {
        bool grow = count == 0 || (count < share->blocks && test_random(&share->seed) % 16 > 6);
        if (!grow) {
            leat_pool_free(share->pool, blocks[--count]);
            continue;
        }
        blocks[count] = leat_pool_alloc(share->pool);
        if (blocks[count])
            count++;
        else
            share->refused++;
    }
    while (count > 0)
        leat_pool_free(share->pool, blocks[--count]);
    return NULL;
}

static void nobody_is_refused_while_shares_add_up_to_the_limit(void **state)
{
    (void)state;
    static const int64_t cache_blocks[] = {1, 4, 16, 64};
    uint64_t seed = test_seed();
    for (size_t c = 0; c < sizeof cache_blocks / sizeof *cache_blocks; c++) {
        for (int each = 1; each <= 64; each *= 8) {
            struct source source = SOURCE_INIT(source);
            struct share shares[4];
            pthread_t threads[4];
            struct leat_pool *pool =
                create(&source, (struct leat_pool_config){.block_bytes = 16, .limit = 4 * each, .cache_blocks = cache_blocks[c]});
            for (int i = 0; i < 4; i++) {
                shares[i] = (struct share){pool, seed + (uint64_t)i * 7919 + 1, test_items(600000) / 12 + 1, 0, each};
                threads[i] = start(share_run, &shares[i]);
            }
            for (int i = 0; i < 4; i++) {
                pthread_join(threads[i], NULL);
                if (shares[i].refused)
                    fail_msg("seed %lu: caches of %ld, shares of %d: thread %d was refused %ld times", (unsigned long)seed,
                             (long)cache_blocks[c], each, i, (long)shares[i].refused);
            }
            destroy(pool, &source);
        }
    }
}

/* ---- threads that come and go: 10 000 by default ---- */

static void *brief_run(void *context)
{
    struct leat_pool **pools = context;
    void *blocks[40];
    for (int p = 0; p < 2; p++) {
        for (int i = 0; i < 40; i++)
            blocks[i] = leat_pool_alloc(pools[p]);
        for (int i = 0; i < 40; i++)
            leat_pool_free(pools[p], blocks[i]);
    }
    return NULL;
}

static void short_threads_leave_nothing_behind(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pools[2] = {create(&source, (struct leat_pool_config){.block_bytes = 64}),
                                  create(&source, (struct leat_pool_config){.block_bytes = 1000, .limit = 1000})};
    int64_t count = test_items(1000000) / 100;
    for (int64_t i = 0; i < count / 4; i++) {
        pthread_t threads[4];
        for (int t = 0; t < 4; t++)
            threads[t] = start(brief_run, pools);
        for (int t = 0; t < 4; t++)
            pthread_join(threads[t], NULL);
    }
    for (int p = 0; p < 2; p++) {
        assert_int_equal(stats_of(pools[p]).live, 0);
        assert_int_equal(stats_of(pools[p]).cached, 0);
        assert_true(stats_of(pools[p]).peak <= 4 * 128);
    }
    assert_true(source.calls <= 2 + 1 + 3); /* the pools themselves, and what four threads at once need */
    assert_int_equal(leat_pool_destroy(pools[0], NULL), 0);
    destroy(pools[1], &source);
}

/* hostile.md 12: the thread that frees never allocated, and the one that allocated is gone. */
struct orphan {
    struct leat_pool *pool;
    void *blocks[100];
};

static void *orphan_alloc(void *context)
{
    struct orphan *orphan = context;
    for (int i = 0; i < 100; i++)
        orphan->blocks[i] = leat_pool_alloc(orphan->pool);
    return NULL;
}

static void *orphan_free(void *context)
{
    struct orphan *orphan = context;
    for (int i = 0; i < 100; i++)
        leat_pool_free(orphan->pool, orphan->blocks[i]);
    return NULL;
}

static void blocks_outlive_the_thread_that_allocated_them(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct orphan orphan = {.pool = create(&source, (struct leat_pool_config){.block_bytes = 64})};
    pthread_join(start(orphan_alloc, &orphan), NULL);
    assert_int_equal(stats_of(orphan.pool).live, 100);
    pthread_join(start(orphan_free, &orphan), NULL);
    assert_int_equal(stats_of(orphan.pool).live, 0);
    assert_int_equal(stats_of(orphan.pool).cached, 0);
    destroy(orphan.pool, &source);
}

static void *late_run(void *context)
{
    sem_t *go = context;
    sem_wait(go);
    return NULL;
}

struct late {
    struct leat_pool *pool;
    sem_t used, go;
};

static void *late_end(void *context)
{
    struct late *late = context;
    leat_pool_free(late->pool, leat_pool_alloc(late->pool));
    sem_post(&late->used);
    return late_run(&late->go);
}

static void a_thread_may_end_after_its_pool(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct late late = {.pool = create(&source, (struct leat_pool_config){.block_bytes = 64})};
    sem_init(&late.used, 0, 0);
    sem_init(&late.go, 0, 0);
    pthread_t thread = start(late_end, &late);
    sem_wait(&late.used);
    destroy(late.pool, &source);
    sem_post(&late.go);
    pthread_join(thread, NULL);
}

/* ---- destroy beside the free of the last block ---- */

struct last {
    LEAT_ATOMIC(void *) block; /* written by the test, taken by the thread */
    LEAT_ATOMIC(int) end;
    struct leat_pool *pool; /* published by block */
};

static void *last_run(void *context)
{
    struct last *last = context;
    while (!leat_load(&last->end, acquire)) {
        void *block = leat_exchange(&last->block, NULL, acquire);
        if (block)
            leat_pool_free(last->pool, block);
        else
            sched_yield();
    }
    return NULL;
}

static void destroy_may_be_tried_until_the_last_block_is_home(void **state)
{
    (void)state;
    if (!host_barrier(NULL))
        skip();
    struct source source = SOURCE_INIT(source);
    struct last last = {.pool = NULL};
    pthread_t thread = start(last_run, &last);
    int64_t rounds = test_items(1000000) / 500 + 1;
    for (int64_t i = 0; i < rounds; i++) {
        last.pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .limit = i & 1 ? 1 : 0});
        leat_store(&last.block, leat_pool_alloc(last.pool), release);
        while (leat_pool_destroy(last.pool, NULL) == -EBUSY)
            sched_yield();
        assert_int_equal(source.held, 0);
    }
    leat_store(&last.end, 1, release);
    pthread_join(thread, NULL);
}

/* ---- statistics beside running threads ---- */

struct busy {
    struct leat_pool *pool;
    LEAT_ATOMIC(int) end;
};

static void *busy_run(void *context)
{
    struct busy *busy = context;
    void *blocks[100];
    while (!leat_load(&busy->end, acquire)) {
        for (int i = 0; i < 100; i++)
            blocks[i] = leat_pool_alloc(busy->pool);
        for (int i = 0; i < 100; i++)
            leat_pool_free(busy->pool, blocks[i]);
    }
    return NULL;
}

static void statistics_add_up_beside_running_threads(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct busy busy = {.pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .cache_blocks = 16})};
    pthread_t threads[2] = {start(busy_run, &busy), start(busy_run, &busy)};
    int64_t rounds = test_items(1000000) / 50 + 1;
    for (int64_t i = 0; i < rounds; i++) {
        struct leat_pool_stats stats = stats_of(busy.pool);
        assert_true(stats.live >= 0 && stats.cached >= 0);
        assert_true(stats.live + stats.cached <= stats.peak);
        assert_true(stats.peak <= 200 + 2 * 32 + 17 * 16);
        if (i % 100 == 0)
            leat_pool_trim(busy.pool);
    }
    leat_store(&busy.end, 1, release);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(stats_of(busy.pool).live, 0);
    destroy(busy.pool, &source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(millions_of_blocks_pass_from_thread_to_thread),
        cmocka_unit_test(millions_of_blocks_pass_from_handle_to_handle),
        cmocka_unit_test(blocks_pass_on_at_the_limit),
        cmocka_unit_test(a_sleeping_thread_that_freed_the_whole_pool_starves_nobody),
        cmocka_unit_test(a_block_reserved_before_its_cache_was_shut_is_the_owners),
        cmocka_unit_test(a_block_taken_from_a_shut_cache_is_not_the_owners),
        cmocka_unit_test(a_block_freed_into_a_cache_just_shut_is_found),
        cmocka_unit_test(an_owner_and_a_reclaimer_never_have_the_same_block),
        cmocka_unit_test(four_threads_at_random_without_a_limit),
        cmocka_unit_test(four_threads_at_random_often_at_the_limit),
        cmocka_unit_test(four_threads_at_random_with_a_handful_of_blocks),
        cmocka_unit_test(nobody_is_refused_while_shares_add_up_to_the_limit),
        cmocka_unit_test(short_threads_leave_nothing_behind),
        cmocka_unit_test(blocks_outlive_the_thread_that_allocated_them),
        cmocka_unit_test(a_thread_may_end_after_its_pool),
        cmocka_unit_test(destroy_may_be_tried_until_the_last_block_is_home),
        cmocka_unit_test(statistics_add_up_beside_running_threads),
    };
    return cmocka_run_group_tests_name("pool_stress", tests, NULL, NULL);
}
