/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_support.h"

#define assert_valid(pool) assert_true(leat_pool_valid(pool))

static struct leat_pool *create(const struct source *source, struct leat_pool_config config)
{
    struct leat_pool *pool = NULL;
    config.memory = &source->memory;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    assert_valid(pool);
    return pool;
}

static void destroy(struct leat_pool *pool, const struct source *source)
{
    assert_valid(pool);
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    assert_int_equal(source->held, 0);
    assert_int_equal(source->bytes, 0);
    assert_false(source->wrong);
}

/* ---- layout and arguments ---- */

static void heads_have_the_layout_that_inline_code_was_compiled_for(void **state)
{
    (void)state;
    assert_int_equal(offsetof(struct leat_pool, id), 0);
    assert_int_equal(offsetof(struct leat_pool, block_bytes), _Alignof(struct leat_pool));
    assert_int_equal(offsetof(struct leat_pool_cache, top), 0);
    assert_int_equal(offsetof(struct leat_pool_cache, low), sizeof(void *));
    assert_int_equal(offsetof(struct leat_pool_cache, high), 2 * sizeof(void *));
    assert_int_equal(offsetof(struct leat_pool_cache, pool), 3 * sizeof(void *));
    assert_int_equal(sizeof(struct leat_pool_slot), 2 * sizeof(void *));
}

static void bad_configurations_are_refused_and_nothing_is_taken(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    static const struct leat_pool_config bad[] = {
        {.block_bytes = 0},
        {.block_bytes = -1},
        {.block_bytes = INT64_MIN},
        {.block_bytes = INT64_MAX},
        {.block_bytes = ((int64_t)1 << 30) + 1},
        {.block_bytes = 64, .align = 3},
        {.block_bytes = 64, .align = -16},
        {.block_bytes = 64, .align = (int64_t)4 << 20},
        {.block_bytes = 64, .align = (int64_t)1 << 40},
        {.block_bytes = 64, .align = INT64_MIN},
        {.block_bytes = 64, .limit = -1},
        {.block_bytes = 64, .slab_bytes = 65535},
        {.block_bytes = 64, .slab_bytes = -65536},
        {.block_bytes = 64, .slab_bytes = 32},
        {.block_bytes = 64, .align = 4096, .slab_bytes = 2048},
        {.block_bytes = 65537, .slab_bytes = 65536},
        {.block_bytes = 64, .slab_bytes = (int64_t)1 << 62},
        {.block_bytes = 64, .slab_bytes = INT64_MIN},
        {.block_bytes = 64, .cache_blocks = -1},
        {.block_bytes = 64, .cache_blocks = 65537},
        {.block_bytes = 64, .cache_blocks = INT64_MAX},
    };
    struct leat_pool *const untouched = (struct leat_pool *)&source;
    struct leat_pool *pool = untouched;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct leat_pool_config config = bad[i];
        config.memory = &source.memory;
        if (leat_pool_create(&pool, &config) != -EINVAL)
            fail_msg("configuration %zu was taken", i);
    }
    struct leat_pool_config config = {.block_bytes = 64};
    assert_int_equal(leat_pool_create(&pool, &config), -EINVAL);
    const struct leat_memory half = {.acquire = source_acquire, .context = &source};
    config.memory = &half;
    assert_int_equal(leat_pool_create(&pool, &config), -EINVAL);
    assert_int_equal(leat_pool_create(&pool, NULL), -EINVAL);
    config.memory = &source.memory;
    assert_int_equal(leat_pool_create(NULL, &config), -EINVAL);
    assert_ptr_equal(pool, untouched);
    assert_int_equal(source.calls, 0);
}

static void blocks_of_every_size_are_apart_and_wholly_usable(void **state)
{
    (void)state;
    const int64_t most = __STDC_HOSTED__ ? 1 << 20 : 1 << 16; /* an emulated microcontroller has 16 MiB */
    for (int64_t size = 1; size <= most; size = size < 64 ? size + 7 : size * 2 + (size == 4096)) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = size, .host = &host});
        int count = size > 4096 ? 20 : 300;
        unsigned char *blocks[300];
        assert_in_range(pool->block_bytes, size, size + 15);
        for (int i = 0; i < count; i++) {
            blocks[i] = leat_pool_alloc(pool);
            assert_non_null(blocks[i]);
            memset(blocks[i], i & 255, (size_t)pool->block_bytes);
        }
        assert_valid(pool);
        for (int i = 0; i < count; i++)
            for (int64_t at = 0; at < pool->block_bytes; at++)
                if (blocks[i][at] != (i & 255))
                    fail_msg("size %ld: byte %ld of block %d was overwritten", (long)size, (long)at, i);
        assert_int_equal(stats_of(pool).live, count);
        for (int i = 0; i < count; i++)
            leat_pool_free(pool, blocks[i]);
        destroy(pool, &source);
    }
}

static void alignment_is_what_was_asked_for(void **state)
{
    (void)state;
    for (int64_t align = 0; align <= 4096; align = align ? 2 * align : 1) {
        static const int64_t sizes[] = {1, 8, 24, 100, 4096, 10000};
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            struct source source = SOURCE_INIT(source);
            struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = sizes[s], .align = align});
            void *blocks[40];
            uintptr_t expected = align == 0 ? 16 : (uintptr_t)align;
            for (int i = 0; i < 40; i++) {
                blocks[i] = leat_pool_alloc(pool);
                assert_non_null(blocks[i]);
                assert_int_equal((uintptr_t)blocks[i] % expected, 0);
            }
            for (int i = 0; i < 40; i++)
                leat_pool_free(pool, blocks[i]);
            destroy(pool, &source);
        }
    }
}

static void blocks_of_24_bytes_take_24_when_aligned_to_8(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 24, .align = 8});
    assert_int_equal(pool->block_bytes, 24);
    assert_null(leat_pool_blocks(pool).alloc); /* struct leat_blocks promises 16 */
    assert_int_equal(leat_pool_blocks(pool).block_bytes, 0);
    destroy(pool, &source);
}

static void creation_takes_one_small_piece_and_no_slab(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 1024});
    assert_int_equal(source.calls, 1);
    assert_in_range(source.bytes, 1, 65536);
    assert_int_equal(stats_of(pool).slabs, 0);
    assert_int_equal(stats_of(pool).bytes, source.bytes);
    destroy(pool, &source);
}

static void slabs_cost_at_most_a_percent_for_64_bytes_and_more(void **state)
{
    (void)state;
    for (int64_t size = 64; size <= 4096; size *= 2) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = size});
        int64_t base = source.bytes, blocks = 0;
        void *list = NULL;
        for (int64_t slabs = 0; slabs < 2;) { /* fills the first slab to its last block: stops when the second one comes */
            void *block = leat_pool_alloc(pool);
            *(void **)block = list;
            list = block;
            slabs = stats_of(pool).slabs;
            blocks += slabs < 2;
        }
        int64_t slab = (stats_of(pool).bytes - base) / 2;
        if (slab * 100 > blocks * size * 101)
            fail_msg("%ld blocks of %ld in %ld bytes", (long)blocks, (long)size, (long)slab);
        while (list) {
            void *next = *(void **)list;
            leat_pool_free(pool, list);
            list = next;
        }
        destroy(pool, &source);
    }
}

/* ---- limit, counters, errors ---- */

static void the_limit_is_exact(void **state)
{
    (void)state;
    static const int64_t limits[] = {1, 2, 3, 7, 8, 31, 32, 64, 100, 1000, 5000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        for (int with_host = 0; with_host < 2; with_host++) {
            struct source source = SOURCE_INIT(source);
            int64_t limit = limits[i];
            struct leat_pool *pool =
                create(&source, (struct leat_pool_config){.block_bytes = 64, .limit = limit, .host = with_host ? &host : NULL});
            void **blocks = malloc((size_t)limit * sizeof *blocks);
            for (int round = 0; round < 3; round++) {
                for (int64_t n = 0; n < limit; n++) {
                    blocks[n] = leat_pool_alloc(pool);
                    assert_non_null(blocks[n]);
                }
                assert_null(leat_pool_alloc(pool));
                assert_int_equal(leat_pool_why(pool), LEAT_POOL_LIMIT);
                assert_int_equal(stats_of(pool).live, limit);
                assert_int_equal(stats_of(pool).peak, limit);
                assert_int_equal(stats_of(pool).cached, 0);
                leat_pool_free(pool, blocks[limit / 2]);
                blocks[limit / 2] = leat_pool_alloc(pool);
                assert_non_null(blocks[limit / 2]);
                assert_null(leat_pool_alloc(pool));
                assert_valid(pool);
                for (int64_t n = 0; n < limit; n++)
                    leat_pool_free(pool, blocks[n]);
            }
            free(blocks);
            destroy(pool, &source);
        }
    }
}

static void handles_of_one_thread_do_not_hide_blocks_from_each_other(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .limit = 64, .cache_blocks = 64, .host = &host});
    struct leat_pool_cache *first = leat_pool_cache_open(pool), *second = leat_pool_cache_open(pool);
    void *blocks[64];
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 64; i++) {
            blocks[i] = leat_pool_cache_alloc(round & 1 ? first : second);
            assert_non_null(blocks[i]);
        }
        assert_null(leat_pool_cache_alloc(first));
        assert_null(leat_pool_alloc(pool));
        for (int i = 0; i < 64; i++)
            leat_pool_cache_free(first, blocks[i]);
        assert_valid(pool);
    }
    leat_pool_cache_close(first);
    leat_pool_cache_close(second);
    destroy(pool, &source);
}

static void handles_and_plain_calls_mix(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 100, .host = &host, .cache_blocks = 5});
    struct leat_pool_cache *cache = leat_pool_cache_open(pool);
    void *blocks[500];
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 500; i++)
            blocks[i] = i % 3 ? leat_pool_alloc(pool) : leat_pool_cache_alloc(cache);
        assert_int_equal(stats_of(pool).live, 500);
        for (int i = 0; i < 500; i++) {
            assert_non_null(blocks[i]);
            if ((i + round) % 2)
                leat_pool_free(pool, blocks[i]);
            else
                leat_pool_cache_free(cache, blocks[i]);
        }
        assert_valid(pool);
        assert_int_equal(stats_of(pool).live, 0);
    }
    leat_pool_cache_close(cache);
    leat_pool_cache_close(NULL);
    destroy(pool, &source);
}

static void a_closed_handle_is_used_again(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .host = &host});
    for (int i = 0; i < 10000; i++) {
        struct leat_pool_cache *cache = leat_pool_cache_open(pool);
        leat_pool_cache_free(cache, leat_pool_cache_alloc(cache));
        leat_pool_cache_close(cache);
    }
    assert_int_equal(source.calls, 2); /* the pool itself, one slab */
    assert_int_equal(stats_of(pool).cached, 0);
    destroy(pool, &source);
}

static void destroy_refuses_while_blocks_are_live_and_says_how_many(void **state)
{
    (void)state;
    for (int with_host = 0; with_host < 2; with_host++) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .host = with_host ? &host : NULL});
        char *blocks[10];
        int64_t live = -1;
        for (int i = 0; i < 10; i++) {
            blocks[i] = leat_pool_alloc(pool);
            memset(blocks[i], i, 64);
        }
        for (int i = 10; i > 0; i--) {
            assert_int_equal(leat_pool_destroy(pool, NULL), -EBUSY);
            assert_int_equal(leat_pool_destroy(pool, &live), -EBUSY);
            assert_int_equal(live, i);
            assert_valid(pool);
            for (int at = 0; at < 64; at++)
                assert_int_equal(blocks[i - 1][at], i - 1);
            leat_pool_free(pool, blocks[i - 1]);
        }
        live = -1;
        assert_int_equal(leat_pool_destroy(pool, &live), 0);
        assert_int_equal(live, -1);
        assert_int_equal(source.held, 0);
        assert_int_equal(leat_pool_destroy(NULL, NULL), 0);
    }
}

static void free_of_null_does_nothing(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64});
    leat_pool_free(pool, NULL); /* without a cache ... */
    leat_pool_free(pool, leat_pool_alloc(pool));
    int64_t cached = stats_of(pool).cached;
    leat_pool_free(pool, NULL); /* ... and with one */
    assert_int_equal(stats_of(pool).cached, cached);
    destroy(pool, &source);
}

static void counters_sum_up(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 256, .host = &host, .cache_blocks = 7});
    uint64_t seed = test_seed(), random = seed;
    void *blocks[3000];
    int64_t live = 0, peak = 0;
    for (int step = 0; step < 200000; step++) {
        bool grow = live == 0 || (live < 3000 && test_random(&random) % 1000 < 500 + (uint32_t)(step / 4000 % 2) * 200 - 100);
        if (grow) {
            blocks[live] = leat_pool_alloc(pool);
            assert_non_null(blocks[live++]);
        } else {
            int64_t at = (uint32_t)test_random(&random) % live;
            leat_pool_free(pool, blocks[at]);
            blocks[at] = blocks[--live];
        }
        peak = live > peak ? live : peak;
        if (step % 5000 == 0) {
            struct leat_pool_stats stats = stats_of(pool);
            if (stats.live != live || stats.peak < peak || stats.bytes != source.bytes || !leat_pool_valid(pool))
                fail_msg("seed %lu step %d: live %ld, not %ld", (unsigned long)seed, step, (long)stats.live, (long)live);
        }
    }
    while (live > 0)
        leat_pool_free(pool, blocks[--live]);
    struct leat_pool_stats stats = stats_of(pool);
    assert_int_equal(stats.live, 0);
    assert_int_equal(stats.block_bytes, 256);
    assert_int_equal(stats.limit, 0);
    assert_true(stats.cached <= 7 * (2 + 16));
    destroy(pool, &source);
}

/* Ids are not used twice, so slots that still name a dead pool are never believed. */
static void pools_that_come_and_go_have_new_ids(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    size_t last = 0;
    for (int i = 0; i < 100; i++) {
        struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64});
        assert_true(pool->id > last);
        last = pool->id;
        leat_pool_free(pool, leat_pool_alloc(pool));
        destroy(pool, &source);
    }
}

static void more_pools_than_slots_share_them(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pools[3 * LEAT_POOL_SLOTS];
    void *blocks[3 * LEAT_POOL_SLOTS][10];
    int count = 3 * LEAT_POOL_SLOTS;
    for (int i = 0; i < count; i++)
        pools[i] = create(&source, (struct leat_pool_config){.block_bytes = 16 * (i + 1), .host = &host});
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < count; i++)
            blocks[i][round] = leat_pool_alloc(pools[i]);
    int64_t calls = source.calls;
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < count; i++)
            leat_pool_free(pools[i], blocks[i][round]);
    assert_int_equal(source.calls, calls); /* every pool found its cache again */
    leat_pool_thread_end();
    for (int i = count - 1; i >= 0; i--) {
        assert_int_equal(stats_of(pools[i]).cached, 0);
        leat_pool_free(pools[i], leat_pool_alloc(pools[i])); /* with a new cache: the old one is nobody's */
        assert_valid(pools[i]);
        assert_int_equal(leat_pool_destroy(pools[i], NULL), 0);
    }
    assert_int_equal(source.held, 0);
}

static void the_reason_of_a_failure_is_told_per_pool(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *limited = create(&source, (struct leat_pool_config){.block_bytes = 64, .limit = 1});
    struct leat_pool *starved = create(&source, (struct leat_pool_config){.block_bytes = 64});
    assert_int_equal(leat_pool_why(limited), LEAT_POOL_OK);
    void *block = leat_pool_alloc(limited);
    assert_null(leat_pool_alloc(limited));
    assert_int_equal(leat_pool_why(limited), LEAT_POOL_LIMIT);
    assert_int_equal(leat_pool_why(starved), LEAT_POOL_OK);
    source.fail_at = source.calls + 1;
    source.fail_for_ever = true;
    assert_null(leat_pool_alloc(starved));
    assert_int_equal(leat_pool_why(starved), LEAT_POOL_SOURCE_FAILED);
    leat_pool_free(limited, block);
    assert_int_equal(leat_pool_destroy(limited, NULL), 0);
    destroy(starved, &source);
}

/* The n-th acquire fails, once or from then on: an error each time, nothing lost, and a retry works once memory is there again. */
static void a_failing_source_leaks_nothing_and_a_retry_works(void **state)
{
    (void)state;
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        int64_t failed = 1;
        for (int64_t n = 1; failed; n++) {
            struct source source = SOURCE_INIT(source);
            struct leat_pool *pool = NULL;
            struct leat_pool_config config = {
                .block_bytes = 512, .slab_bytes = 4096, .cache_blocks = 7000, .memory = &source.memory, .host = &host};
            void *blocks[100];
            source.fail_at = n;
            source.fail_for_ever = for_ever;
            failed = 0;
            if (leat_pool_create(&pool, &config) != 0) {
                failed++;
                assert_null(pool);
                assert_int_equal(source.held, 0);
                source.fail_at = 0;
                assert_int_equal(leat_pool_create(&pool, &config), 0);
            }
            struct leat_pool_cache *cache = leat_pool_cache_open(pool);
            assert_non_null(cache);
            for (int i = 0; i < 100; i++) {
                blocks[i] = i & 1 ? leat_pool_alloc(pool) : leat_pool_cache_alloc(cache);
                if (!blocks[i]) {
                    failed++;
                    assert_int_equal(leat_pool_why(pool), LEAT_POOL_SOURCE_FAILED);
                    assert_valid(pool);
                    assert_int_equal(stats_of(pool).live, i);
                    source.fail_at = 0;
                    blocks[i] = leat_pool_alloc(pool);
                    assert_non_null(blocks[i]);
                }
            }
            failed += source.fail_at && source.calls >= n; /* one that the pool did without */
            for (int i = 0; i < 100; i++)
                leat_pool_free(pool, blocks[i]);
            assert_int_equal(stats_of(pool).live, 0);
            leat_pool_cache_close(cache);
            destroy(pool, &source);
        }
    }
}

static void when_the_source_is_dry_other_caches_are_reclaimed(void **state)
{
    (void)state;
    if (!host_barrier(NULL))
        skip();
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool =
        create(&source, (struct leat_pool_config){.block_bytes = 512, .slab_bytes = 65536, .cache_blocks = 20, .host = &host});
    struct leat_pool_cache *cache = leat_pool_cache_open(pool);
    void *blocks[127];
    int count = 0;
    blocks[count++] = leat_pool_cache_alloc(cache);
    source.fail_at = source.calls + 1;
    source.fail_for_ever = true;
    while (count < 127) { /* 127 blocks in the slab, 19 of them in the other cache */
        blocks[count] = leat_pool_alloc(pool);
        assert_non_null(blocks[count++]);
    }
    assert_null(leat_pool_alloc(pool));
    assert_null(leat_pool_cache_alloc(cache));
    assert_int_equal(stats_of(pool).live, 127);
    assert_valid(pool);
    source.fail_at = 0;
    void *more = leat_pool_alloc(pool);
    assert_non_null(more); /* memory again: the caches work again */
    assert_valid(pool);
    leat_pool_cache_free(cache, more);
    assert_int_equal(stats_of(pool).cached, 1);
    while (count > 0)
        leat_pool_free(pool, blocks[--count]);
    leat_pool_cache_close(cache);
    destroy(pool, &source);
}

/* ---- trim ---- */

static int compare_pointers(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (void *const *)a, y = (uintptr_t) * (void *const *)b;
    return (x > y) - (x < y);
}

/* What a pool needs for its bookkeeping is there when it was created: only blocks make it take more. */
static void bookkeeping_takes_nothing_more_at_work(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 1 << 20, .host = &host});
    struct leat_pool_cache *caches[3];
    void *blocks[4000];
    for (int i = 0; i < 3; i++)
        caches[i] = leat_pool_cache_open(pool);
    for (int i = 0; i < 4000; i++)
        blocks[i] = i & 3 ? leat_pool_cache_alloc(caches[(i & 3) - 1]) : leat_pool_alloc(pool);
    for (int i = 0; i < 4000; i++)
        leat_pool_cache_free(caches[0], blocks[i]);
    assert_true(stats_of(pool).cached > 17 * 64); /* the depot is full */
    assert_int_equal(source.calls, 2);            /* the pool, one slab */
    for (int i = 0; i < 3; i++)
        leat_pool_cache_close(caches[i]);
    destroy(pool, &source);
}

static void trim_gives_every_free_slab_back_in_any_order_of_frees(void **state)
{
    (void)state;
    uint64_t seed = test_seed(), random = seed;
    for (int order = 0; order < 4; order++) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 4096, .host = &host});
        void *blocks[5000];
        for (int i = 0; i < 5000; i++)
            blocks[i] = leat_pool_alloc(pool);
        if (order == 3)
            qsort(blocks, 5000, sizeof *blocks, compare_pointers);
        for (int i = 0; order == 2 && i < 5000; i++) {
            int j = (int)(test_random(&random) % 5000);
            void *other = blocks[i];
            blocks[i] = blocks[j];
            blocks[j] = other;
        }
        assert_true(stats_of(pool).slabs >= 5000 / 63);
        for (int i = 0; i < 5000; i++)
            leat_pool_free(pool, blocks[order == 1 ? 4999 - i : i]);
        int64_t full = source.bytes, given = leat_pool_trim(pool);
        if (given != full - source.bytes || stats_of(pool).slabs != 0 || stats_of(pool).bytes != source.bytes)
            fail_msg("seed %lu order %d: %ld bytes of %ld came back", (unsigned long)seed, order, (long)given, (long)full);
        assert_int_equal(leat_pool_trim(pool), 0);
        leat_pool_free(pool, leat_pool_alloc(pool));
        destroy(pool, &source);
    }
}

static void trim_keeps_slabs_with_live_blocks(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 4096, .host = &host});
    void *blocks[63 * 20];
    for (int i = 0; i < 63 * 20; i++)
        blocks[i] = leat_pool_alloc(pool);
    qsort(blocks, 63 * 20, sizeof *blocks, compare_pointers);
    memset(blocks[63 * 10], 42, 64);
    for (int i = 0; i < 63 * 20; i++)
        if (i != 63 * 10)
            leat_pool_free(pool, blocks[i]);
    leat_pool_trim(pool);
    assert_int_equal(stats_of(pool).slabs, 1);
    assert_int_equal(stats_of(pool).live, 1);
    assert_int_equal(*(char *)blocks[63 * 10], 42);
    assert_valid(pool);
    leat_pool_free(pool, blocks[63 * 10]);
    destroy(pool, &source);
}

static void blocks_for_others_are_the_plain_calls(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 100, .limit = 2});
    struct leat_blocks blocks = leat_pool_blocks(pool);
    assert_int_equal(blocks.block_bytes, 112);
    void *one = blocks.alloc(blocks.context), *two = blocks.alloc(blocks.context);
    assert_non_null(one);
    assert_non_null(two);
    assert_null(blocks.alloc(blocks.context));
    blocks.free(blocks.context, one);
    assert_int_equal(stats_of(pool).live, 1);
    leat_pool_free(pool, two);
    destroy(pool, &source);
}

static void valid_sees_a_block_that_was_freed_twice(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64});
    void *block = leat_pool_alloc(pool), *other = leat_pool_alloc(pool);
    leat_pool_free(pool, block);
    leat_pool_free(pool, block);
    assert_false(leat_pool_valid(pool));
    assert_ptr_equal(leat_pool_alloc(pool), block);
    assert_valid(pool);
    leat_pool_free(pool, other);
    destroy(pool, &source);
}

static void what_is_written_into_a_free_block_corrupts_nothing(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .limit = 10});
    void *blocks[10];
    for (int i = 0; i < 10; i++)
        blocks[i] = leat_pool_alloc(pool);
    for (int i = 0; i < 10; i++) {
        leat_pool_free(pool, blocks[i]); /* no cache: it is on the slab's list now */
        memset(blocks[i], 0xff, 64);
    }
    assert_valid(pool);
    for (int i = 0; i < 10; i++)
        assert_ptr_equal(leat_pool_alloc(pool), blocks[i]);
    for (int i = 0; i < 10; i++)
        leat_pool_free(pool, blocks[i]);
    destroy(pool, &source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_have_the_layout_that_inline_code_was_compiled_for),
        cmocka_unit_test(bad_configurations_are_refused_and_nothing_is_taken),
        cmocka_unit_test(blocks_of_every_size_are_apart_and_wholly_usable),
        cmocka_unit_test(alignment_is_what_was_asked_for),
        cmocka_unit_test(blocks_of_24_bytes_take_24_when_aligned_to_8),
        cmocka_unit_test(creation_takes_one_small_piece_and_no_slab),
        cmocka_unit_test(slabs_cost_at_most_a_percent_for_64_bytes_and_more),
        cmocka_unit_test(the_limit_is_exact),
        cmocka_unit_test(handles_of_one_thread_do_not_hide_blocks_from_each_other),
        cmocka_unit_test(handles_and_plain_calls_mix),
        cmocka_unit_test(a_closed_handle_is_used_again),
        cmocka_unit_test(destroy_refuses_while_blocks_are_live_and_says_how_many),
        cmocka_unit_test(free_of_null_does_nothing),
        cmocka_unit_test(counters_sum_up),
        cmocka_unit_test(pools_that_come_and_go_have_new_ids),
        cmocka_unit_test(more_pools_than_slots_share_them),
        cmocka_unit_test(the_reason_of_a_failure_is_told_per_pool),
        cmocka_unit_test(a_failing_source_leaks_nothing_and_a_retry_works),
        cmocka_unit_test(when_the_source_is_dry_other_caches_are_reclaimed),
        cmocka_unit_test(bookkeeping_takes_nothing_more_at_work),
        cmocka_unit_test(trim_gives_every_free_slab_back_in_any_order_of_frees),
        cmocka_unit_test(trim_keeps_slabs_with_live_blocks),
        cmocka_unit_test(blocks_for_others_are_the_plain_calls),
        cmocka_unit_test(valid_sees_a_block_that_was_freed_twice),
        cmocka_unit_test(what_is_written_into_a_free_block_corrupts_nothing),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
