/* SPDX-License-Identifier: MIT */
/* What a pool offers beyond alloc and free. */
#define _GNU_SOURCE
#include "pool_support.h"

#include <leat/os.h>

#define assert_valid(pool) assert_true(leat_pool_valid(pool))

static struct leat_pool *create(struct source *source, struct leat_pool_config config)
{
    struct leat_pool *pool = NULL;
    config.memory = &source->memory;
    if (!config.host)
        config.host = &host;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    assert_valid(pool);
    return pool;
}

static void destroy(struct leat_pool *pool, const struct source *source)
{
    assert_valid(pool);
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    assert_int_equal(source->held, 0);
    assert_false(source->wrong);
}

/* ---- the caller's own memory ---- */

static void own_memory_holds_exactly_the_limit_wherever_it_begins(void **state)
{
    (void)state;
    static const struct leat_pool_config configs[] = {
        {.block_bytes = 64, .limit = 100},
        {.block_bytes = 1, .limit = 1},
        {.block_bytes = 1000, .limit = 333, .host = &host, .caches = 2},
        {.block_bytes = 1024, .limit = 77, .host = &host},
        {.block_bytes = 1024, .limit = 77, .host = &host, .checked = true},
        {.block_bytes = 48, .limit = 500, .align = 4096, .host = &host, .arrays = true},
        {.block_bytes = 100, .first = 50, .growth = LEAT_POOL_FIXED, .zero = true},
    };
    for (size_t c = 0; c < sizeof configs / sizeof *configs; c++) {
        struct leat_pool_config config = configs[c];
        struct leat_error error = {.code = 0};
        int64_t bytes = leat_pool_bytes_for(&config), limit = config.limit ? config.limit : config.first;
        config.error = &error;
        assert_true(bytes > limit * config.block_bytes);
        for (int shift = 0; shift < 70; shift += 23) {
            unsigned char *memory = malloc((size_t)bytes + 128);
            struct leat_pool *pool = NULL;
            void *blocks[600];
            memset(memory, 0x5a, (size_t)bytes + 128);
            assert_int_equal(leat_pool_init(&pool, memory + shift, bytes - 1, &config), -EINVAL);
            assert_non_null(strstr(error.text, "bytes: as many as"));
            assert_int_equal(leat_pool_init(&pool, memory + shift, bytes, &config), 0);
            assert_valid(pool);
            for (int round = 0; round < 3; round++) {
                for (int64_t i = 0; i < limit; i++) {
                    blocks[i] = leat_pool_alloc(pool);
                    assert_non_null(blocks[i]);
                    assert_int_equal((uintptr_t)blocks[i] % (config.align ? (uintptr_t)config.align : 16), 0);
                    memset(blocks[i], (int)i, (size_t)config.block_bytes);
                }
                assert_null(leat_pool_alloc(pool));
                assert_int_equal(leat_pool_why(pool), LEAT_POOL_LIMIT);
                for (int64_t i = 0; i < limit; i++) {
                    assert_int_equal(*(unsigned char *)blocks[i], i & 255);
                    leat_pool_free(pool, blocks[i]);
                }
                assert_int_equal(leat_pool_trim(pool), 0);
                assert_valid(pool);
            }
            if (config.arrays)
                leat_pool_free_array(pool, leat_pool_alloc_array(pool, limit), limit);
            assert_int_equal(stats_of(pool).bytes, bytes);
            assert_int_equal(stats_of(pool).live, 0);
            assert_int_equal(leat_pool_prefill(pool, 2 * limit), 0);
            leat_pool_thread_end();
            assert_int_equal(leat_pool_destroy(pool, NULL), 0);
            for (int i = 0; i < shift; i++)
                assert_int_equal(memory[i], 0x5a);
            for (int64_t i = shift + bytes; i < bytes + 128; i++)
                assert_int_equal(memory[i], 0x5a);
            free(memory);
        }
    }
    struct leat_pool_config unlimited = {.block_bytes = 64};
    assert_int_equal(leat_pool_bytes_for(&unlimited), -EINVAL);
    unlimited.limit = INT64_MAX / 2;
    assert_int_equal(leat_pool_bytes_for(&unlimited), -EINVAL);
}

/* ---- growth ---- */

static void first_blocks_are_there_from_the_start(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 4096, .first = 1000});
    void *blocks[1000];
    int64_t calls = source.calls;
    assert_int_equal(stats_of(pool).slabs, 16); /* of 64 */
    for (int i = 0; i < 1000; i++)
        blocks[i] = leat_pool_alloc(pool);
    assert_int_equal(source.calls, calls);
    assert_int_equal(leat_pool_prefill(pool, 500), 0); /* beside those that are live */
    calls = source.calls;
    assert_int_equal(stats_of(pool).slabs, 24);
    assert_int_equal(leat_pool_prefill(pool, 500), 0);
    assert_int_equal(source.calls, calls);
    source.fail_at = calls + 1;
    source.fail_for_ever = true;
    assert_int_equal(leat_pool_prefill(pool, 600), -ENOMEM);
    for (int i = 0; i < 1000; i++)
        leat_pool_free(pool, blocks[i]);
    destroy(pool, &source);
}

/* How many slabs a pool holds after each block that made it grow. */
static void growth_of(struct leat_pool_config config, const int64_t *steps, int count)
{
    struct source source = SOURCE_INIT(source);
    config.block_bytes = 1024;
    config.slab_bytes = 1024;
    config.cache_blocks = 1;
    struct leat_pool *pool = create(&source, config);
    void *list = NULL;
    for (int again = 0; again < 2; again++) {
        for (int i = 0; i < count;) {
            int64_t before = stats_of(pool).slabs;
            void **block = leat_pool_alloc(pool);
            *block = list;
            list = block;
            if (stats_of(pool).slabs != before)
                assert_int_equal(stats_of(pool).slabs, steps[i++]);
        }
        while (list) {
            void *next = *(void **)list;
            leat_pool_free(pool, list);
            list = next;
        }
        leat_pool_trim(pool);
        assert_int_equal(stats_of(pool).slabs, 0);
    }
    destroy(pool, &source);
}

static void a_pool_grows_as_it_was_told_and_anew_after_a_trim(void **state)
{
    (void)state;
    growth_of((struct leat_pool_config){0}, (int64_t[]){1, 2, 3, 4}, 4);
    growth_of((struct leat_pool_config){.growth_slabs = 3}, (int64_t[]){3, 6, 9}, 3);
    growth_of((struct leat_pool_config){.growth = LEAT_POOL_DOUBLING}, (int64_t[]){1, 2, 4, 8, 16, 32, 64, 128, 192, 256}, 10);
    growth_of((struct leat_pool_config){.growth = LEAT_POOL_DOUBLING, .growth_slabs = 4}, (int64_t[]){1, 2, 4, 8, 12, 16}, 6);
}

static void a_fixed_pool_never_grows_and_keeps_what_it_has(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool =
        create(&source, (struct leat_pool_config){.block_bytes = 100, .first = 77, .slab_bytes = 4096, .growth = LEAT_POOL_FIXED});
    void *blocks[77];
    int64_t calls = source.calls;
    assert_int_equal(stats_of(pool).limit, 77);
    for (int i = 0; i < 77; i++) {
        blocks[i] = leat_pool_alloc(pool);
        assert_non_null(blocks[i]);
    }
    assert_null(leat_pool_alloc(pool));
    for (int i = 0; i < 77; i++)
        leat_pool_free(pool, blocks[i]);
    assert_int_equal(leat_pool_trim(pool), 0);
    assert_int_equal(stats_of(pool).slabs, 3);
    assert_int_equal(source.calls, calls);
    destroy(pool, &source);
}

static void blocks_of_two_mebibytes_are_aligned_so(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 100, .align = (int64_t)2 << 20});
    void *blocks[5];
    assert_int_equal(pool->block_bytes, 2 << 20);
    for (int i = 0; i < 5; i++) {
        blocks[i] = leat_pool_alloc(pool);
        assert_int_equal((uintptr_t)blocks[i] % (2 << 20), 0);
    }
    for (int i = 0; i < 5; i++)
        leat_pool_free(pool, blocks[i]);
    destroy(pool, &source);
}

/* Blocks of many lines begin in different sets of the cache; that costs no more than a percent. */
static void groups_are_apart_whole_and_cheap(void **state)
{
    (void)state;
    for (int64_t size = 512; size <= 65536; size *= 2) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = size});
        unsigned char *blocks[128];
        uintptr_t sets = 0;
        for (int i = 0; i < 128; i++) {
            blocks[i] = leat_pool_alloc(pool);
            memset(blocks[i], i, (size_t)size);
            sets |= (uintptr_t)1 << (uintptr_t)blocks[i] / 64 % 64;
        }
        for (int i = 0; i < 128; i++)
            for (int64_t at = 0; at < size; at += 64)
                assert_int_equal(blocks[i][at], i);
        if (size < 8192)
            assert_true(__builtin_popcountll(sets) >= 64 * 512 / size / 8);
        struct leat_pool_stats stats = stats_of(pool);
        int64_t per_slab = (stats.live + stats.cached) / stats.slabs; /* below the truth: the last one is not used up */
        assert_true(per_slab > 0);
        for (int i = 0; i < 128; i++)
            leat_pool_free(pool, blocks[i]);
        destroy(pool, &source);
    }
}

/* ---- many, arrays ---- */

static void many_blocks_come_and_go_in_one_call(void **state)
{
    (void)state;
    static void *blocks[20000];
    for (int watched = 0; watched < 2; watched++) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .zero = watched != 0});
        struct leat_pool_cache *cache = leat_pool_cache_open(pool);
        static const int64_t counts[] = {0, 1, 2, 31, 32, 64, 127, 128, 129, 1000, LEAT_POOL_MANY, LEAT_POOL_MANY + 1, 20000};
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            for (int by_handle = 0; by_handle < 2; by_handle++) {
                int64_t count = counts[c];
                int64_t got = by_handle ? leat_pool_cache_alloc_many(cache, blocks, count) : leat_pool_alloc_many(pool, blocks, count);
                assert_int_equal(got, count);
                assert_int_equal(stats_of(pool).live, count);
                for (int64_t i = 0; i < count; i++)
                    *(void **)blocks[i] = &blocks[i];
                for (int64_t i = 0; i < count; i++)
                    assert_ptr_equal(*(void **)blocks[i], &blocks[i]);
                if (by_handle)
                    leat_pool_cache_free_many(cache, blocks, count);
                else
                    leat_pool_free_many(pool, blocks, count);
                assert_int_equal(stats_of(pool).live, 0);
                assert_valid(pool);
            }
        }
        assert_int_equal(leat_pool_alloc_many(pool, blocks, -1), 0);
        leat_pool_free_many(pool, blocks, -1);
        leat_pool_cache_close(cache);
        destroy(pool, &source);
    }
}

static void many_at_the_limit_are_as_many_as_there_are(void **state)
{
    (void)state;
    for (int64_t cache_blocks = 0; cache_blocks < 40; cache_blocks += 13) {
        for (int with_host = 0; with_host < 2; with_host++) {
            static const struct leat_host none = {.yield = NULL};
            struct source source = SOURCE_INIT(source);
            struct leat_pool *pool =
                create(&source, (struct leat_pool_config){
                                    .block_bytes = 64, .limit = 100, .cache_blocks = cache_blocks, .host = with_host ? &host : &none});
            struct leat_pool_cache *cache = leat_pool_cache_open(pool);
            void *blocks[200];
            for (int round = 0; round < 5; round++) {
                assert_int_equal(leat_pool_cache_alloc_many(cache, blocks, 60), 60);
                assert_int_equal(leat_pool_alloc_many(pool, blocks + 60, 140), 40);
                assert_int_equal(leat_pool_why(pool), LEAT_POOL_LIMIT);
                assert_int_equal(leat_pool_cache_alloc_many(cache, blocks + 100, 3), 0);
                leat_pool_free_many(pool, blocks, 50);
                assert_int_equal(leat_pool_cache_alloc_many(cache, blocks, 51), 50);
                leat_pool_cache_free_many(cache, blocks, 100);
                assert_int_equal(stats_of(pool).live, 0);
                assert_valid(pool);
            }
            leat_pool_cache_close(cache);
            destroy(pool, &source);
        }
    }
}

static void arrays_lie_side_by_side_within_the_limit(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 4096, .limit = 200});
    unsigned char *blocks[200], *run;
    for (int i = 0; i < 200; i++)
        blocks[i] = leat_pool_alloc(pool);
    assert_null(leat_pool_alloc_array(pool, 2));
    assert_int_equal(leat_pool_why(pool), LEAT_POOL_LIMIT);
    for (int i = 0; i < 200; i += 2)
        leat_pool_free(pool, blocks[i]);
    assert_null(leat_pool_alloc_array(pool, 100)); /* more than a slab */
    assert_int_equal(leat_pool_why(pool), LEAT_POOL_MISUSE);
    run = leat_pool_alloc_array(pool, 30); /* every other block is live: a run needs the fourth slab's rest, or a slab more */
    assert_non_null(run);
    memset(run, 1, 30 * 64);
    for (int i = 0; i < 30; i++)
        assert_true(leat_pool_owns(pool, run + i * 64));
    assert_int_equal(stats_of(pool).live, 130);
    for (int i = 29; i >= 0; i--)
        leat_pool_free(pool, run + i * 64); /* one by one */
    for (int i = 1; i < 200; i += 2)
        leat_pool_free(pool, blocks[i]);
    run = leat_pool_alloc_array(pool, 64); /* a whole slab, out of the caches, too */
    assert_non_null(run);
    assert_int_equal((uintptr_t)run % 4096, 0);
    leat_pool_free_array(pool, run, 64);
    leat_pool_free_array(pool, NULL, 5);
    assert_int_equal(stats_of(pool).live, 0);
    destroy(pool, &source);
}

static void arrays_of_large_blocks_want_to_be_asked_for(void **state)
{
    (void)state;
    for (int arrays = 0; arrays < 2; arrays++) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 1024, .arrays = arrays != 0, .zero = true});
        unsigned char *run = leat_pool_alloc_array(pool, 8), *longer = leat_pool_alloc_array(pool, 100);
        assert_non_null(run);
        for (int i = 0; i < 8 * 1024; i++)
            assert_int_equal(run[i], 0);
        assert_true((longer != NULL) == (arrays != 0));
        leat_pool_free_array(pool, run, 8);
        leat_pool_free_array(pool, longer, 100);
        destroy(pool, &source);
    }
}

static void an_array_has_all_that_lies_in_depot_and_caches(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 16384, .limit = 256});
    void *blocks[256];
    for (int round = 0; round < 3; round++) {
        assert_int_equal(leat_pool_alloc_many(pool, blocks, 256), 256);
        leat_pool_free_many(pool, blocks, 256);
        assert_true(stats_of(pool).cached > 100);
        void *all = leat_pool_alloc_array(pool, 256);
        assert_non_null(all);
        assert_null(leat_pool_alloc(pool));
        leat_pool_free_array(pool, all, 256);
    }
    destroy(pool, &source);
}

/* A pool that was found dry opens its caches again after a destroy that was refused: what is freed into them is to be had. */
static void a_refused_destroy_leaves_the_limit_exact(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .limit = 64, .cache_blocks = 16});
    struct leat_pool_cache *cache = leat_pool_cache_open(pool);
    void *blocks[64];
    assert_int_equal(leat_pool_cache_alloc_many(cache, blocks, 64), 64);
    for (int i = 0; i < 60; i++) {
        assert_null(leat_pool_alloc(pool));
        assert_null(leat_pool_cache_alloc(cache));
        assert_int_equal(leat_pool_destroy(pool, NULL), -EBUSY);
        leat_pool_cache_free(cache, blocks[i]);
        blocks[i] = leat_pool_alloc(pool);
        assert_non_null(blocks[i]);
    }
    leat_pool_free_many(pool, blocks, 64);
    leat_pool_cache_close(cache);
    destroy(pool, &source);
}

/* ---- owns, walk, trim ---- */

static void owns_knows_starts_of_blocks_and_nothing_else(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source), more = SOURCE_INIT(more);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 100});
    struct leat_pool *other = create(&more, (struct leat_pool_config){.block_bytes = 100});
    unsigned char *block = leat_pool_alloc(pool), *foreign = leat_pool_alloc(other);
    for (int i = 0; i < 112; i++)
        assert_true(leat_pool_owns(pool, block + i) == (i == 0));
    assert_true(leat_pool_owns(pool, block + 112));
    assert_false(leat_pool_owns(pool, foreign));
    assert_false(leat_pool_owns(pool, NULL));
    assert_false(leat_pool_owns(pool, (void *)8));
    assert_false(leat_pool_owns(pool, &source));
    leat_pool_free(pool, block);
    assert_true(leat_pool_owns(pool, block));
    leat_pool_trim(pool);
    assert_false(leat_pool_owns(pool, block));
    leat_pool_free(other, foreign);
    destroy(other, &more);
    destroy(pool, &source);
}

struct seen {
    uintptr_t last;
    int64_t count, sum;
};

static void see(void *context, void *block)
{
    struct seen *seen = context;
    seen->count++;
    seen->sum += *(int64_t *)block;
    seen->last = (uintptr_t)block;
}

static void walk_shows_live_blocks_wherever_the_others_are(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool *pool = create(
            &source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 4096, .checked = kind == 1, .limit = kind == 2 ? 1000 : 0});
        struct leat_pool_cache *cache = leat_pool_cache_open(pool);
        int64_t *blocks[700], sum = 0;
        struct seen seen = {0};
        assert_int_equal(leat_pool_walk(pool, see, &seen), 0);
        for (int i = 0; i < 700; i++) {
            blocks[i] = i % 2 ? leat_pool_alloc(pool) : leat_pool_cache_alloc(cache);
            *blocks[i] = i;
        }
        for (int i = 0; i < 700; i++)
            if (i % 5)
                i % 3 ? leat_pool_free(pool, blocks[i]) : leat_pool_cache_free(cache, blocks[i]);
            else
                sum += i;
        for (int again = 0; again < 2; again++) {
            seen = (struct seen){0};
            assert_int_equal(leat_pool_walk(pool, see, &seen), 140);
            assert_int_equal(seen.count, 140);
            assert_int_equal(seen.sum, sum);
            assert_valid(pool);
            leat_pool_cache_free(cache, leat_pool_cache_alloc(cache)); /* the caches open again */
        }
        seen = (struct seen){0};
        leat_pool_cache_close(cache);
        assert_int_equal(leat_pool_destroy_all(pool, see, &seen), 140);
        assert_int_equal(seen.sum, sum);
        assert_int_equal(source.held, 0);
    }
    assert_int_equal(leat_pool_destroy_all(NULL, see, NULL), 0);
}

struct keeper {
    struct leat_pool *pool;
    pthread_barrier_t full, end;
};

static void *keeps_a_cache(void *context)
{
    struct keeper *keeper = context;
    void *blocks[500];
    assert_int_equal(leat_pool_alloc_many(keeper->pool, blocks, 500), 500);
    leat_pool_free_many(keeper->pool, blocks, 500);
    pthread_barrier_wait(&keeper->full);
    pthread_barrier_wait(&keeper->end);
    leat_pool_free(keeper->pool, leat_pool_alloc(keeper->pool));
    return NULL;
}

static void trim_takes_the_caches_of_threads_that_sleep(void **state)
{
    (void)state;
    if (!host_barrier(NULL))
        skip();
    struct source source = SOURCE_INIT(source);
    struct keeper keeper = {.pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 4096})};
    pthread_t thread;
    pthread_barrier_init(&keeper.full, NULL, 2);
    pthread_barrier_init(&keeper.end, NULL, 2);
    pthread_create(&thread, NULL, keeps_a_cache, &keeper);
    pthread_barrier_wait(&keeper.full);
    assert_true(stats_of(keeper.pool).cached > 0);
    assert_true(leat_pool_trim(keeper.pool) >= 8 * 4096);
    assert_int_equal(stats_of(keeper.pool).slabs, 0);
    assert_int_equal(stats_of(keeper.pool).cached, 0);
    pthread_barrier_wait(&keeper.end);
    pthread_join(thread, NULL);
    destroy(keeper.pool, &source);
}

/* Without a barrier a thread's cache is its own until it comes along. */
static void trim_without_a_barrier_waits_for_the_slow_path(void **state)
{
    (void)state;
    static const struct leat_host none = {.yield = NULL};
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 4096, .host = &none});
    struct leat_pool_cache *cache = leat_pool_cache_open(pool);
    void *blocks[100];
    assert_int_equal(leat_pool_cache_alloc_many(cache, blocks, 100), 100);
    leat_pool_cache_free_many(cache, blocks, 100);
    leat_pool_trim(pool);
    assert_true(stats_of(pool).cached > 0);
    leat_pool_cache_free(cache, leat_pool_cache_alloc(cache)); /* shut: by way of the slow path, which empties it */
    leat_pool_trim(pool);
    leat_pool_cache_free(cache, leat_pool_cache_alloc(cache));
    assert_valid(pool);
    leat_pool_cache_close(cache);
    destroy(pool, &source);
}

/* ---- numbers ---- */

static void refusals_are_counted(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .limit = 50, .cache_blocks = 5});
    void *blocks[50];
    assert_int_equal(leat_pool_alloc_many(pool, blocks, 50), 50);
    for (int i = 0; i < 1000; i++)
        assert_null(leat_pool_alloc(pool));
    assert_int_equal(stats_of(pool).refused, 1000);
    leat_pool_free_many(pool, blocks, 50);
    destroy(pool, &source);
}

/* ---- the typed layer ---- */

struct frame {
    int64_t number;
    char bytes[90];
};

static int made, unmade;

static bool frame_construct(struct frame *frame)
{
    frame->number = ++made;
    return made % 10 != 0;
}

static void frame_destruct(struct frame *frame)
{
    assert_in_range(frame->number, 1, made);
    frame->number = 0;
    unmade++;
}

LEAT_POOL_TYPE(frame, struct frame, frame_construct, frame_destruct);
LEAT_POOL_TYPE(plain, double, LEAT_POOL_CONSTRUCTED, LEAT_POOL_DESTRUCTED);

static void a_typed_pool_constructs_and_destructs(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool_config config = {.memory = &source.memory, .host = &host};
    struct frame_pool frames;
    struct plain_pool plains;
    int refused = 0;
    assert_int_equal(frame_pool_create(&frames, config), 0);
    assert_int_equal(plain_pool_create(&plains, config), 0);
    for (int i = 0; i < 100; i++) {
        struct frame *frame = frame_alloc(&frames);
        refused += !frame;
        if (i % 2)
            frame_free(&frames, frame);
    }
    assert_int_equal(refused, 10);
    assert_int_equal(stats_of(frames.pool).live, 50);
    assert_int_equal(unmade, 40);
    assert_int_equal(frame_pool_destroy(&frames), 50);
    assert_int_equal(unmade, 90);
    double *number = plain_alloc(&plains);
    *number = 1.5;
    plain_free(&plains, number);
    assert_int_equal(plain_pool_destroy(&plains), 0);
    config.limit = -1;
    assert_int_equal(frame_pool_create(&frames, config), -EINVAL);
    assert_int_equal(source.held, 0);
}

/* ---- everything mixed, against a simple model ---- */

#define MODEL 400

static void mix(struct leat_pool_config config, uint64_t seed)
{
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, config);
    struct leat_pool_cache *cache = leat_pool_cache_open(pool);
    uint64_t random = seed, *blocks[MODEL];
    int64_t live = 0, limit = config.limit ? config.limit : MODEL;
    for (int step = 0; step < 20000; step++) {
        uint64_t draw = test_random(&random) >> 8;
        int64_t count = (int64_t)(draw >> 8) % 40 + 1, got = 0;
        if (draw % 16 == 0) {
            void *run = live + count < MODEL ? leat_pool_alloc_array(pool, count % 4 + 1) : NULL;
            for (int64_t i = 0; run && i < count % 4 + 1; i++)
                blocks[live + got++] = (uint64_t *)(void *)((unsigned char *)run + i * (int64_t)((uintptr_t)pool->block_bytes));
        } else if (draw % 16 < 4 && live + count < MODEL) {
            got = leat_pool_alloc_many(pool, (void **)blocks + live, count);
            if (got < count && live + got != limit)
                fail_msg("seed %lu step %d: %ld of %ld", (unsigned long)seed, step, (long)(live + got), (long)limit);
        } else if (draw % 16 < 8 && live + 1 < MODEL) {
            blocks[live] = draw % 2 ? leat_pool_alloc(pool) : leat_pool_cache_alloc(cache);
            got = blocks[live] != NULL;
            if (!got && live != limit)
                fail_msg("seed %lu step %d: refused at %ld of %ld", (unsigned long)seed, step, (long)live, (long)limit);
        } else if (draw % 16 < 10 && live >= count) {
            live -= count;
            for (int64_t i = live; i < live + count; i++)
                assert_true(*blocks[i] == (uint64_t)(uintptr_t)blocks[i]);
            draw % 2 ? leat_pool_free_many(pool, (void **)blocks + live, count)
                     : leat_pool_cache_free_many(cache, (void **)blocks + live, count);
        } else if (live > 0) {
            int64_t at = (int64_t)(draw >> 20) % live;
            uint64_t *block = blocks[at];
            assert_true(*block == (uint64_t)(uintptr_t)block);
            blocks[at] = blocks[--live];
            draw % 2 ? leat_pool_free(pool, block) : leat_pool_cache_free(cache, block);
        }
        for (int64_t i = live; i < live + got; i++)
            *blocks[i] = (uint64_t)(uintptr_t)blocks[i];
        live += got;
        if (draw % 512 == 7)
            leat_pool_trim(pool);
        if (step % 500 == 0 && (!leat_pool_valid(pool) || stats_of(pool).live != live))
            fail_msg("seed %lu step %d: %ld live, not %ld", (unsigned long)seed, step, (long)stats_of(pool).live, (long)live);
    }
    while (live > 0)
        leat_pool_free(pool, blocks[--live]);
    leat_pool_cache_close(cache);
    destroy(pool, &source);
}

static void all_calls_mixed_at_random_keep_every_invariant(void **state)
{
    (void)state;
    static const struct leat_host none = {.yield = NULL};
    uint64_t seed = test_seed();
    for (int i = 0; i < 24; i++)
        mix((struct leat_pool_config){.block_bytes = (int64_t[]){16, 64, 1024}[i % 3],
                                      .slab_bytes = (int64_t[]){4096, 0}[i / 3 % 2],
                                      .limit = i / 6 % 2 ? 100 : 0,
                                      .zero = i % 4 == 3,
                                      .cache_blocks = (int64_t[]){0, 1, 7, 64, 300}[i % 5],
                                      .host = i / 12 ? &none : &host,
                                      .growth = i % 7 == 1 ? LEAT_POOL_DOUBLING : LEAT_POOL_LINEAR},
            seed + (uint64_t)i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_memory_holds_exactly_the_limit_wherever_it_begins),
        cmocka_unit_test(first_blocks_are_there_from_the_start),
        cmocka_unit_test(a_pool_grows_as_it_was_told_and_anew_after_a_trim),
        cmocka_unit_test(a_fixed_pool_never_grows_and_keeps_what_it_has),
        cmocka_unit_test(blocks_of_two_mebibytes_are_aligned_so),
        cmocka_unit_test(groups_are_apart_whole_and_cheap),
        cmocka_unit_test(many_blocks_come_and_go_in_one_call),
        cmocka_unit_test(many_at_the_limit_are_as_many_as_there_are),
        cmocka_unit_test(arrays_lie_side_by_side_within_the_limit),
        cmocka_unit_test(arrays_of_large_blocks_want_to_be_asked_for),
        cmocka_unit_test(an_array_has_all_that_lies_in_depot_and_caches),
        cmocka_unit_test(a_refused_destroy_leaves_the_limit_exact),
        cmocka_unit_test(owns_knows_starts_of_blocks_and_nothing_else),
        cmocka_unit_test(walk_shows_live_blocks_wherever_the_others_are),
        cmocka_unit_test(trim_takes_the_caches_of_threads_that_sleep),
        cmocka_unit_test(trim_without_a_barrier_waits_for_the_slow_path),
        cmocka_unit_test(refusals_are_counted),
        cmocka_unit_test(a_typed_pool_constructs_and_destructs),
        cmocka_unit_test(all_calls_mixed_at_random_keep_every_invariant),
    };
    return cmocka_run_group_tests_name("pool_features", tests, NULL, NULL);
}
