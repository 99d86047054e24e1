/* SPDX-License-Identifier: MIT */
/* What a pool offers beyond alloc and free, beyond pool_features_test.c: by chance against models, and at the edges. */
#define _GNU_SOURCE
#include "pool_support.h"

#include <leat/os.h>

static LEAT_ATOMIC(int) faults;

static void note_fault(void *context, const struct leat_fault *fault)
{
    (void)context, (void)fault;
    leat_add(&faults, 1, relaxed); /* a counter */
}

static const struct leat_host noting = {.barrier = host_barrier, .yield = host_yield, .thread = host_thread, .fault = note_fault};

static struct leat_pool *create(struct source *source, struct leat_pool_config config)
{
    struct leat_pool *pool = NULL;
    config.memory = &source->memory;
    if (!config.host)
        config.host = &noting;
    leat_store(&faults, 0, relaxed);
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    assert_true(leat_pool_valid(pool));
    return pool;
}

static void destroy(struct leat_pool *pool, const struct source *source)
{
    assert_true(leat_pool_valid(pool));
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    assert_int_equal(source->held, 0);
    assert_false(source->wrong);
    assert_int_equal(leat_load(&faults, relaxed), 0);
}

static int64_t below(uint64_t *random, int64_t most)
{
    return (int64_t)(test_random(random) >> 16) % most;
}

/* Rounds of what needs no more than a few: less of them where the long tests are made short. */
static int rounds(int usual)
{
    return test_items(1000000) < 1000000 ? usual / 10 + 1 : usual;
}

/* ---- refusals ---- */

/* Does what an error's text says until the configuration is taken. */
static void every_refusal_names_a_member_and_a_value_that_helps(void **state)
{
    (void)state;
    static const int64_t odd[] = {INT64_MIN,     -1,       0, 1, 2, 3, 7, 16, 100, 4096, 65535, 65537, 1 << 20, (1 << 21) + 1, 1 << 30,
                                  (1 << 30) + 1, INT64_MAX};
    const int64_t count = sizeof odd / sizeof *odd;
    uint64_t seed = test_seed(), random = seed;
    for (int i = 0; i < rounds(20000); i++) {
        struct leat_error error = {.code = 0};
        struct leat_pool_config config = {
            .block_bytes = odd[below(&random, count)], .error = &error, .checked = i % 2 == 0, .arrays = i % 3 == 0};
        struct {
            const char *name;
            int64_t *value;
        } members[] = {{"block_bytes: ", &config.block_bytes},
                       {"align: ", &config.align},
                       {"limit: ", &config.limit},
                       {"first: ", &config.first},
                       {"cache_blocks: ", &config.cache_blocks},
                       {"caches: ", &config.caches},
                       {"growth_slabs: ", &config.growth_slabs},
                       {"slab_bytes: ", &config.slab_bytes}};
        for (size_t m = 1; m < sizeof members / sizeof *members; m++)
            *members[m].value = below(&random, 2) ? odd[below(&random, count)] : 0;
        config.first = config.first == INT64_MAX ? 9 : config.first; /* see the next test */
        config.growth = below(&random, 3) ? LEAT_POOL_LINEAR : LEAT_POOL_FIXED;
        for (int tries = 0; leat_pool_bytes_for(&config) == -EINVAL; tries++) {
            size_t m = 0, all = sizeof members / sizeof *members;
            const char *says = strstr(error.text, "; valid is "), *rule = strstr(error.text, "': ");
            while (rule && m < all && strncmp(rule + 3, members[m].name, strlen(members[m].name)) != 0)
                m++;
            if (!says || m == all || tries > 20 || error.code != -EINVAL)
                fail_msg("seed %lu configuration %d try %d: '%s'", (unsigned long)seed, i, tries, error.text);
            int64_t valid = strtoll(says + 11, NULL, 10);
            if (*members[m].value == valid)
                fail_msg("seed %lu configuration %d: %ld is refused by '%s'", (unsigned long)seed, i, (long)valid, error.text);
            *members[m].value = valid;
        }
    }
}

/* Once the text named the limit, and then, when that was what it said, the limit again, which must not be under `first`. */
static void a_first_beyond_an_address_space_is_what_is_named(void **state)
{
    (void)state;
    for (int fixed = 0; fixed < 2; fixed++) {
        struct leat_error error = {.code = 0};
        struct leat_pool_config config = {.block_bytes = 64,
                                          .first = INT64_MAX / 2,
                                          .limit = fixed ? 0 : INT64_MAX / 2,
                                          .error = &error,
                                          .growth = fixed ? LEAT_POOL_FIXED : LEAT_POOL_LINEAR};
        assert_int_equal(leat_pool_bytes_for(&config), -EINVAL);
        const char *says = strstr(error.text, "; valid is ");
        assert_non_null(says);
        config.limit = strtoll(says + 11, NULL, 10);
        config.first = strstr(error.text, "': first: ") ? config.limit : config.first;
        if (leat_pool_bytes_for(&config) < 0)
            fail_msg("what it said was refused, too: '%s'", error.text);
    }
}

/* ---- the caller's memory ---- */

static void see_nothing(void *context, void *block)
{
    (void)context, (void)block;
}

static void own_memory_of_random_shapes_is_wholly_usable_and_nothing_beyond(void **state)
{
    (void)state;
    uint64_t seed = test_seed(), random = seed;
    for (int i = 0; i < rounds(400); i++) {
        static unsigned char *blocks[401];
        struct leat_pool_config config = {.block_bytes = below(&random, 5) ? 1 + below(&random, 700) : 512 * (1 + below(&random, 8)),
                                          .limit = 1 + below(&random, 400),
                                          .align = (int64_t)1 << below(&random, 13),
                                          .checked = below(&random, 3) == 0,
                                          .zero = below(&random, 3) == 0,
                                          .arrays = below(&random, 2) != 0,
                                          .cache_blocks = below(&random, 3) * 5,
                                          .caches = below(&random, 4),
                                          .host = below(&random, 4) ? &noting : NULL};
        int64_t bytes = leat_pool_bytes_for(&config), shift = below(&random, 200);
        unsigned char *memory = malloc((size_t)bytes + 456);
        struct leat_pool *pool = NULL;
        leat_store(&faults, 0, relaxed);
        memset(memory, 0x5a, (size_t)bytes + 456);
        if (leat_pool_init(&pool, memory + shift, bytes - 1, &config) != -EINVAL ||
            leat_pool_init(&pool, memory + shift, bytes, &config) != 0)
            fail_msg("seed %lu shape %d: %ld bytes", (unsigned long)seed, i, (long)bytes);
        struct leat_pool_cache *caches[6];
        for (int c = 0; c < 6; c++)
            caches[c] = leat_pool_cache_open(pool); /* more than there is room for */
        for (int round = 0; round < 3; round++) {
            for (int64_t b = 0; b < config.limit; b++) {
                blocks[b] = b % 7 == 6 ? leat_pool_alloc(pool) : leat_pool_cache_alloc(caches[b % 7]);
                if (!blocks[b] || (uintptr_t)blocks[b] % (uintptr_t)config.align || blocks[b] < memory + shift ||
                    blocks[b] + pool->block_bytes > memory + shift + bytes)
                    fail_msg("seed %lu shape %d block %ld: %p", (unsigned long)seed, i, (long)b, (void *)blocks[b]);
                for (int64_t at = 0; config.zero && at < pool->block_bytes; at++)
                    assert_int_equal(blocks[b][at], 0);
                memset(blocks[b], (int)b & 255, (size_t)pool->block_bytes);
            }
            assert_null(leat_pool_alloc(pool));
            for (int64_t b = 0; b < config.limit; b++)
                for (int64_t at = 0; at < pool->block_bytes; at++)
                    if (blocks[b][at] != (b & 255))
                        fail_msg("seed %lu shape %d: byte %ld of block %ld", (unsigned long)seed, i, (long)at, (long)b);
            assert_int_equal(leat_pool_walk(pool, see_nothing, NULL), config.limit);
            for (int64_t b = 0; b < config.limit; b++)
                leat_pool_cache_free(caches[(b + round) % 6], blocks[b]);
            if (!leat_pool_valid(pool) || leat_load(&faults, relaxed))
                fail_msg("seed %lu shape %d: not valid, or %d faults", (unsigned long)seed, i, leat_load(&faults, relaxed));
        }
        for (int c = 0; c < 6; c++)
            leat_pool_cache_close(caches[c]);
        assert_int_equal(leat_pool_destroy(pool, NULL), 0);
        for (int64_t at = 0; at < bytes + 456; at++)
            if ((at < shift || at >= shift + bytes) && memory[at] != 0x5a)
                fail_msg("seed %lu shape %d: byte %ld of %ld was written", (unsigned long)seed, i, (long)(at - shift), (long)bytes);
        free(memory);
    }
}

/* ---- groups ---- */

/* A group of 8 KiB at most would be one block of 4608 to 6144 bytes, or two of 3072: a line would cost up to 1.4 percent. */
static void slabs_cost_a_percent_and_blocks_are_apart_for_all_multiples_of_512(void **state)
{
    (void)state;
    int64_t dear = 0, dearest = 0, most = 0;
    for (int64_t size = 64; size <= 65536; size += size < 512 ? size : size < 8192 ? 512 : 5632) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = size});
        static unsigned char *blocks[8000];
        int64_t count = 0, base = source.bytes;
        while (stats_of(pool).slabs < 2 && count < 8000) {
            blocks[count] = leat_pool_alloc(pool);
            memset(blocks[count], (int)count & 255, (size_t)size);
            count++;
        }
        for (int64_t i = 0; i < count; i++)
            for (int64_t at = 0; at < size; at++)
                if (blocks[i][at] != (i & 255))
                    fail_msg("size %ld: byte %ld of block %ld", (long)size, (long)at, (long)i);
        int64_t slab = (source.bytes - base) / 2;
        int64_t cost = (slab - (count - 1) * size) * 100000 / ((count - 1) * size); /* thousandths of a percent */
        dear += cost > 1000;
        dearest = cost > most ? size : dearest;
        most = cost > most ? cost : most;
        for (int64_t i = 0; i < count; i++)
            leat_pool_free(pool, blocks[i]);
        destroy(pool, &source);
    }
    if (dear)
        fail_msg("%ld sizes cost more than a percent; %ld the most: %ld.%03ld", (long)dear, (long)dearest, (long)(most / 1000),
                 (long)(most % 1000));
}

/* ---- arrays ---- */

#define ROW 96

/* In one slab there is a run exactly where the model has one, whatever caches hold. */
static void arrays_are_found_exactly_where_a_model_has_room(void **state)
{
    (void)state;
    uint64_t seed = test_seed(), random = seed;
    for (int64_t cache_blocks = 0; cache_blocks < 30; cache_blocks += 9) {
        struct leat_pool_config config = {.block_bytes = 48, .limit = ROW, .arrays = true, .cache_blocks = cache_blocks, .host = &noting};
        int64_t bytes = leat_pool_bytes_for(&config), live = 0;
        unsigned char *memory = malloc((size_t)bytes), *low = NULL;
        struct leat_pool *pool = NULL;
        bool taken[ROW] = {false};
        void *all[ROW];
        assert_int_equal(leat_pool_init(&pool, memory, bytes, &config), 0);
        assert_int_equal(leat_pool_alloc_many(pool, all, ROW), ROW);
        for (int i = 0; i < ROW; i++)
            low = !low || (unsigned char *)all[i] < low ? all[i] : low;
        leat_pool_free_many(pool, all, ROW);
        for (int step = 0; step < rounds(20000); step++) {
            if (below(&random, 100) < 55) {
                int64_t at = below(&random, ROW), count = 1 + below(&random, 6);
                for (int64_t i = at; i < ROW && i < at + count; i++)
                    if (taken[i]) {
                        leat_pool_free(pool, low + i * 48);
                        taken[i] = false;
                        live--;
                    }
                continue;
            }
            int64_t want = 2 + below(&random, below(&random, 10) ? 8 : ROW - 1), run = 0, best = 0;
            for (int i = 0; i < ROW; i++) {
                run = taken[i] ? 0 : run + 1;
                best = run > best ? run : best;
            }
            unsigned char *got = leat_pool_alloc_array(pool, want);
            if ((got != NULL) != (best >= want))
                fail_msg("seed %lu step %d: %ld wanted, the longest run is %ld", (unsigned long)seed, step, (long)want, (long)best);
            if (!got)
                assert_int_equal(leat_pool_why(pool), live + want > ROW ? LEAT_POOL_LIMIT : LEAT_POOL_SOURCE_FAILED);
            for (int64_t i = 0; got && i < want; i++) {
                int64_t at = (got - low) / 48 + i;
                assert_in_range(at, 0, ROW - 1);
                assert_false(taken[at]);
                taken[at] = true;
                live++;
            }
            if (step % 100 == 0 && (!leat_pool_valid(pool) || stats_of(pool).live != live))
                fail_msg("seed %lu step %d: %ld live", (unsigned long)seed, step, (long)live);
        }
        (void)leat_pool_destroy_all(pool, NULL, NULL);
        free(memory);
    }
}

/* ---- prefill ---- */

struct keeper {
    struct leat_pool *pool;
    int count;
    pthread_barrier_t full, end;
};

static void *keeps_a_cache(void *context)
{
    struct keeper *keeper = context;
    void **blocks = malloc((size_t)keeper->count * sizeof *blocks);
    for (int i = 0; i < keeper->count; i++)
        memset(blocks[i] = leat_pool_alloc(keeper->pool), 1, (size_t)keeper->pool->block_bytes);
    for (int i = 0; i < keeper->count; i++)
        leat_pool_free(keeper->pool, blocks[i]);
    free(blocks);
    pthread_barrier_wait(&keeper->full);
    pthread_barrier_wait(&keeper->end);
    return NULL;
}

static void keep(struct keeper *keeper, pthread_t *thread)
{
    pthread_barrier_init(&keeper->full, NULL, 2);
    pthread_barrier_init(&keeper->end, NULL, 2);
    assert_int_equal(pthread_create(thread, NULL, keeps_a_cache, keeper), 0);
    pthread_barrier_wait(&keeper->full);
}

/* The header: `count` blocks can be allocated without the memory source. Those in another cache do not count. */
static void prefilled_blocks_come_without_the_source_though_others_cache_some(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct keeper keeper = {.pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 4096}), .count = 100};
    void *blocks[1000];
    pthread_t thread;
    keep(&keeper, &thread);
    assert_int_equal(leat_pool_prefill(keeper.pool, 1000), 0);
    int64_t calls = source.calls;
    for (int i = 0; i < 1000; i++)
        blocks[i] = leat_pool_alloc(keeper.pool);
    int64_t after = source.calls;
    leat_pool_free_many(keeper.pool, blocks, 1000);
    pthread_barrier_wait(&keeper.end);
    pthread_join(thread, NULL);
    destroy(keeper.pool, &source);
    if (after != calls)
        fail_msg("1000 blocks were prefilled, and %ld more calls of the source were made for them", (long)(after - calls));
}

static void prefill_takes_what_the_limit_leaves_and_nothing_for_nothing(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, (struct leat_pool_config){.block_bytes = 64, .slab_bytes = 4096, .limit = 300});
    int64_t calls = source.calls;
    void *blocks[300];
    assert_int_equal(leat_pool_prefill(pool, 0), 0);
    assert_int_equal(leat_pool_prefill(pool, -5), 0);
    assert_int_equal(leat_pool_prefill(pool, INT64_MIN), 0);
    assert_int_equal(source.calls, calls);
    assert_int_equal(leat_pool_prefill(pool, INT64_MAX), 0);
    assert_int_equal(stats_of(pool).slabs, 5);
    assert_int_equal(stats_of(pool).live, 0);
    calls = source.calls;
    assert_int_equal(leat_pool_alloc_many(pool, blocks, 300), 300);
    assert_int_equal(source.calls, calls);
    assert_int_equal(leat_pool_prefill(pool, 300), 0);
    assert_int_equal(source.calls, calls);
    leat_pool_free_many(pool, blocks, 300);
    destroy(pool, &source);
}

/* ---- trim ---- */

static int64_t resident_bytes(void)
{
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &all, &resident), 2);
    fclose(file);
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static void trim_lowers_the_resident_size_though_a_sleeper_cached_blocks(void **state)
{
    (void)state;
    if (!host_barrier(NULL))
        skip();
    struct leat_pool_config config = {.block_bytes = 4096, .memory = leat_os_memory(), .host = &noting, .cache_blocks = 5000};
    struct keeper keeper = {.count = 8000};
    pthread_t thread;
    assert_int_equal(leat_pool_create(&keeper.pool, &config), 0);
    keep(&keeper, &thread);
    int64_t before = resident_bytes();
    assert_true(stats_of(keeper.pool).cached > 4000);
    assert_true(leat_pool_trim(keeper.pool) >= (int64_t)8000 * 4096);
    if (before - resident_bytes() < (int64_t)7000 * 4096)
        fail_msg("%ld bytes were resident, and %ld after the trim", (long)before, (long)resident_bytes());
    pthread_barrier_wait(&keeper.end);
    pthread_join(thread, NULL);
    assert_true(leat_pool_valid(keeper.pool));
    assert_int_equal(leat_pool_destroy(keeper.pool, NULL), 0);
}

/* ---- walk ---- */

struct path {
    struct leat_pool *pool;
    uintptr_t last, slab;
    int64_t count, wrong;
};

static void follow(void *context, void *block)
{
    struct path *path = context;
    uintptr_t slab = (uintptr_t)block & ~(uintptr_t)4095;
    path->wrong += slab == path->slab ? (uintptr_t)block <= path->last : 0; /* by address within a slab */
    path->wrong += *(uint64_t *)block != 42;
    *(uint64_t *)block = 43; /* shown once */
    path->slab = slab;
    path->last = (uintptr_t)block;
    path->count++;
}

static void walk_goes_by_address_and_shows_each_live_block_once(void **state)
{
    (void)state;
    uint64_t seed = test_seed(), random = seed;
    for (int kind = 0; kind < 5; kind++) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool *pool = create(
            &source, (struct leat_pool_config){
                         .block_bytes = 64, .slab_bytes = 4096, .checked = kind == 1, .zero = kind == 2, .limit = kind == 3 ? 2000 : 0});
        if (kind == 4)
            assert_int_equal(leat_pool_track(pool, 3), 0);
        struct leat_pool_cache *caches[2] = {leat_pool_cache_open(pool), leat_pool_cache_open(pool)};
        uint64_t *blocks[2000];
        int64_t live = 0;
        for (int round = 0; round < rounds(50); round++) {
            while (live < 2000 && below(&random, 300)) {
                blocks[live] = leat_pool_cache_alloc(caches[below(&random, 2)]);
                assert_non_null(blocks[live++]);
            }
            while (live > 0 && below(&random, 300)) {
                int64_t at = below(&random, live);
                leat_pool_cache_free(caches[below(&random, 2)], blocks[at]);
                blocks[at] = blocks[--live];
            }
            for (int64_t i = 0; i < live; i++)
                *blocks[i] = 42;
            struct path path = {.pool = pool};
            int64_t shown = leat_pool_walk(pool, follow, &path);
            if (shown != live || path.count != live || path.wrong)
                fail_msg("seed %lu kind %d: %ld of %ld, %ld wrong", (unsigned long)seed, kind, (long)shown, (long)live, (long)path.wrong);
        }
        leat_pool_cache_close(caches[0]);
        leat_pool_cache_close(caches[1]);
        for (int64_t i = 0; i < live; i++)
            *blocks[i] = 42;
        struct path path = {.pool = pool};
        assert_int_equal(leat_pool_destroy_all(pool, follow, &path), live);
        assert_int_equal(path.count, live);
        assert_int_equal(path.wrong, 0);
        assert_int_equal(source.held, 0);
    }
}

/* ---- the typed layer ---- */

struct line {
    alignas(128) uint64_t words[3];
};

LEAT_POOL_TYPE(line, struct line, LEAT_POOL_CONSTRUCTED, LEAT_POOL_DESTRUCTED);

static void a_typed_pool_keeps_the_types_alignment_and_its_limit(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct line_pool lines;
    struct line *all[20];
    assert_int_equal(
        line_pool_create(&lines, (struct leat_pool_config){.block_bytes = 1, .align = 8, .limit = 20, .memory = &source.memory}), 0);
    for (int i = 0; i < 20; i++) {
        all[i] = line_alloc(&lines);
        assert_non_null(all[i]);
        assert_int_equal((uintptr_t)all[i] % 128, 0);
        all[i]->words[2] = 1;
    }
    assert_null(line_alloc(&lines));
    line_free(&lines, NULL);
    line_free(&lines, all[7]);
    assert_int_equal(line_pool_destroy(&lines), 19);
    assert_int_equal(source.held, 0);
}

/* ---- checked pools and a source that fails, at random ---- */

static void mix(struct leat_pool_config config, bool flaky, bool track, uint64_t seed)
{
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create(&source, config);
    if (track)
        assert_int_equal(leat_pool_track(pool, 7), 0);
    struct leat_pool_cache *cache = leat_pool_cache_open(pool);
    uint64_t random = seed;
    unsigned char *blocks[600];
    int64_t live = 0, limit = config.limit ? config.limit : 600;
    for (int step = 0; step < rounds(6000); step++) {
        int64_t count = 1 + below(&random, 30), got = 0, draw = below(&random, 10);
        if (flaky && step % 50 == 0) {
            source.fail_for_ever = true;
            source.fail_at = below(&random, 2) ? source.calls + 1 : 0;
        }
        if (draw < 5 && live + count <= 600) {
            got = draw < 3 ? leat_pool_alloc_many(pool, (void **)blocks + live, count)
                           : leat_pool_cache_alloc_many(cache, (void **)blocks + live, count);
            enum leat_pool_why why = leat_pool_why(pool);
            if (got < count && live + got != limit && !(source.fail_at && why == LEAT_POOL_SOURCE_FAILED))
                fail_msg("seed %lu step %d: %ld of %ld at %ld, %d", (unsigned long)seed, step, (long)got, (long)count, (long)live,
                         (int)why);
        } else if (live >= count) {
            live -= count;
            for (int64_t i = live; i < live + count; i++)
                for (int64_t at = 0; at < pool->block_bytes; at++)
                    assert_int_equal(blocks[i][at], (unsigned char)((uintptr_t)blocks[i] >> 4));
            draw % 2 ? leat_pool_free_many(pool, (void **)blocks + live, count)
                     : leat_pool_cache_free_many(cache, (void **)blocks + live, count);
        }
        for (int64_t i = live; i < live + got; i++) {
            for (int64_t at = 0; config.zero && at < pool->block_bytes; at++)
                assert_int_equal(blocks[i][at], 0);
            memset(blocks[i], (int)((uintptr_t)blocks[i] >> 4 & 255), (size_t)pool->block_bytes);
        }
        live += got;
        for (int64_t i = live - 1; i > 0 && draw == 9; i -= 3) { /* in another order */
            int64_t j = below(&random, i);
            unsigned char *other = blocks[i];
            blocks[i] = blocks[j];
            blocks[j] = other;
        }
        if (draw == 0 && step % 3 == 0)
            leat_pool_trim(pool);
        if (step % 200 == 0 && (!leat_pool_valid(pool) || stats_of(pool).live != live || stats_of(pool).bytes != source.bytes))
            fail_msg("seed %lu step %d: %ld live, not %ld", (unsigned long)seed, step, (long)stats_of(pool).live, (long)live);
    }
    leat_pool_free_many(pool, (void **)blocks, live);
    leat_pool_cache_close(cache);
    destroy(pool, &source);
}

static void checked_and_tracked_pools_with_a_failing_source_at_random(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    for (int i = 0; i < 32; i++)
        mix((struct leat_pool_config){.block_bytes = (int64_t[]){1, 40, 100, 512}[i % 4],
                                      .slab_bytes = 4096,
                                      .checked = i % 8 < 4,
                                      .zero = i % 3 == 1,
                                      .limit = i % 5 < 2 ? 150 : 0,
                                      .cache_blocks = (int64_t[]){0, 1, 7, 200}[i / 8],
                                      .growth = i % 7 == 1 ? LEAT_POOL_DOUBLING : LEAT_POOL_LINEAR},
            i % 2 != 0, i % 6 == 5, seed + (uint64_t)i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_names_a_member_and_a_value_that_helps),
        cmocka_unit_test(a_first_beyond_an_address_space_is_what_is_named),
        cmocka_unit_test(own_memory_of_random_shapes_is_wholly_usable_and_nothing_beyond),
        cmocka_unit_test(slabs_cost_a_percent_and_blocks_are_apart_for_all_multiples_of_512),
        cmocka_unit_test(arrays_are_found_exactly_where_a_model_has_room),
        cmocka_unit_test(prefilled_blocks_come_without_the_source_though_others_cache_some),
        cmocka_unit_test(prefill_takes_what_the_limit_leaves_and_nothing_for_nothing),
        cmocka_unit_test(trim_lowers_the_resident_size_though_a_sleeper_cached_blocks),
        cmocka_unit_test(walk_goes_by_address_and_shows_each_live_block_once),
        cmocka_unit_test(a_typed_pool_keeps_the_types_alignment_and_its_limit),
        cmocka_unit_test(checked_and_tracked_pools_with_a_failing_source_at_random),
    };
    return cmocka_run_group_tests_name("pool_features_more", tests, NULL, NULL);
}
