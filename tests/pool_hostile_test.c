/* SPDX-License-Identifier: MIT */
/*
 * What a pool must survive: situations 1-13, 15-17 and 41 of the design's list of hostile ones, a test for each, named by its number.
 * Misuse is found in checked pools; the default fault handler writes one line and aborts, so that is looked at from outside, in a child.
 */
#define _GNU_SOURCE
#include "pool_support.h"

#include <leat/os.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- support ---- */

/* What the fault handler was told; it returns, so the pool goes on. */
static struct {
    LEAT_ATOMIC(int) count; /* written by all */
    struct leat_fault last;
} found;

static void note_fault(void *context, const struct leat_fault *fault)
{
    (void)context;
    found.last = *fault;
    leat_add(&found.count, 1, acq_rel); /* a counter */
}

static const struct leat_host noting = {.barrier = host_barrier, .yield = host_yield, .thread = host_thread, .fault = note_fault};

static struct leat_pool *checked_pool(int64_t block_bytes, int64_t limit)
{
    struct leat_pool_config config = {
        .block_bytes = block_bytes, .limit = limit, .checked = true, .memory = leat_os_memory(), .host = &noting, .name = "hostile"};
    struct leat_pool *pool = NULL;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    leat_store(&found.count, 0, relaxed);
    return pool;
}

static void assert_found(int count, enum leat_fault_kind kind, const struct leat_pool *pool, const void *block)
{
    assert_int_equal(leat_load(&found.count, acquire), count);
    assert_int_equal(found.last.kind, kind);
    assert_ptr_equal(found.last.object, pool);
    assert_ptr_equal(found.last.block, block);
}

static void end(struct leat_pool *pool)
{
    assert_true(leat_pool_valid(pool));
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
}

/* Runs `run` in a child; returns its status, and in `text` what it wrote to file descriptor 2. */
static int in_child(void (*run)(void), char *text, size_t bytes)
{
    int ends[2], status = 0;
    size_t used = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL); /* cmocka catches it */
        dup2(ends[1], 2);
        run();
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t got = 1; got > 0 && used<bytes - 1; used += got> 0 ? (size_t)got : 0)
        got = read(ends[0], text + used, bytes - 1 - used);
    text[used] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void assert_aborts(void (*run)(void), const char *words)
{
    char text[1000];
    int status = in_child(run, text, sizeof text);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || !strstr(text, words) || strchr(text, '\n') != strrchr(text, '\n'))
        fail_msg("status %d, and it said '%s', not '%s' in one line", status, text, words);
}

static struct leat_pool *default_pool(void)
{
    struct leat_pool_config config = leat_os_pool_config(64, 0);
    struct leat_pool *pool = NULL;
    config.checked = true;
    if (leat_pool_create(&pool, &config) != 0)
        _exit(3);
    return pool;
}

/* ---- 1 - 4: what is given back ---- */

static void frees_twice(void)
{
    struct leat_pool *pool = default_pool();
    void *block = leat_pool_alloc(pool);
    leat_pool_free(pool, block);
    leat_pool_free(pool, block);
}

static void hostile_1_a_double_free_is_found(void **state)
{
    (void)state;
    struct leat_pool *pool = checked_pool(64, 0);
    void *block = leat_pool_alloc(pool), *other = leat_pool_alloc(pool);
    leat_pool_free(pool, block);
    for (int i = 1; i < 4; i++) {
        leat_pool_free(pool, block);
        assert_found(i, LEAT_FAULT_DOUBLE_FREE, pool, block);
    }
    assert_ptr_equal(leat_pool_alloc(pool), block);
    assert_ptr_not_equal(leat_pool_alloc(pool), block);
    assert_int_equal(leat_pool_destroy_all(pool, NULL, NULL), 3);
    (void)other;
    assert_aborts(frees_twice, "leat: double free: object 0x");
}

struct pair {
    struct leat_pool *pool;
    pthread_barrier_t begin, freed;
    void *block;
};

static void *frees_at_the_same_time(void *context)
{
    struct pair *pair = context;
    for (int64_t i = 0, rounds = test_items(100000) / 4; i < rounds; i++) {
        pthread_barrier_wait(&pair->begin);
        leat_pool_free(pair->pool, pair->block);
        pthread_barrier_wait(&pair->freed);
    }
    return NULL;
}

static void hostile_2_of_two_threads_that_free_one_block_exactly_one_is_told(void **state)
{
    (void)state;
    struct pair pair = {.pool = checked_pool(64, 0)};
    pthread_t thread;
    pthread_barrier_init(&pair.begin, NULL, 2);
    pthread_barrier_init(&pair.freed, NULL, 2);
    pthread_create(&thread, NULL, frees_at_the_same_time, &pair);
    for (int i = 0, rounds = (int)(test_items(100000) / 4); i < rounds; i++) {
        pair.block = leat_pool_alloc(pair.pool);
        assert_non_null(pair.block);
        pthread_barrier_wait(&pair.begin);
        leat_pool_free(pair.pool, pair.block);
        pthread_barrier_wait(&pair.freed);
        assert_found(i + 1, LEAT_FAULT_DOUBLE_FREE, pair.pool, pair.block);
    }
    pthread_join(thread, NULL);
    end(pair.pool);
}

static void frees_what_is_not_a_block(void)
{
    int on_the_stack[32] = {0};
    leat_pool_free(default_pool(), on_the_stack);
}

static void frees_a_block_of_another_pool(void)
{
    leat_pool_free(default_pool(), leat_pool_alloc(default_pool()));
}

static void frees_what_malloc_gave(void)
{
    leat_pool_free(default_pool(), malloc(64));
}

static void hostile_3_a_foreign_pointer_is_refused_and_nothing_written(void **state)
{
    (void)state;
    struct leat_pool *pool = checked_pool(64, 0), *other = checked_pool(64, 0);
    unsigned char stack[128], kept[128];
    unsigned char *block = leat_pool_alloc(other);
    memset(stack, 7, sizeof stack);
    memset(kept, 7, sizeof kept);
    memset(block, 7, 64);
    leat_pool_free(pool, stack + 64);
    assert_found(1, LEAT_FAULT_FOREIGN_BLOCK, pool, stack + 64);
    assert_memory_equal(stack, kept, sizeof stack);
    leat_pool_free(pool, block);
    assert_found(2, LEAT_FAULT_FOREIGN_BLOCK, pool, block);
    assert_memory_equal(block, kept, 64);
    leat_pool_free(pool, (void *)8);
    leat_pool_free(pool, (void *)(UINTPTR_MAX & ~(uintptr_t)15));
    assert_int_equal(leat_load(&found.count, relaxed), 4);
    void *first = leat_pool_alloc(pool);
    leat_pool_free(pool, (unsigned char *)first + 64 * pool->block_bytes); /* in the slab, but never served */
    assert_int_equal(leat_load(&found.count, relaxed), 5);
    leat_pool_free(pool, first);
    leat_pool_free(other, block);
    end(pool);
    end(other);
    assert_aborts(frees_what_is_not_a_block, "leat: foreign block: object 0x");
    assert_aborts(frees_a_block_of_another_pool, "leat: foreign block: object 0x");
    assert_aborts(frees_what_malloc_gave, "leat: foreign block: object 0x");
}

static void frees_the_middle_of_a_block(void)
{
    struct leat_pool *pool = default_pool();
    leat_pool_free(pool, (char *)leat_pool_alloc(pool) + 8);
}

static void hostile_4_a_pointer_into_a_block_is_refused(void **state)
{
    (void)state;
    struct leat_pool *pool = checked_pool(100, 0);
    unsigned char *block = leat_pool_alloc(pool);
    for (int i = 1; i < 100; i++) {
        leat_pool_free(pool, block + i);
        assert_found(i, LEAT_FAULT_INTERIOR_BLOCK, pool, block + i);
    }
    leat_pool_free(pool, block);
    assert_int_equal(leat_load(&found.count, relaxed), 99);
    end(pool);
    assert_aborts(frees_the_middle_of_a_block, "leat: interior block: object 0x");
}

/* ---- 5 - 7: what is in it ---- */

static void hostile_5_a_write_after_a_free_is_found_at_every_offset(void **state)
{
    (void)state;
    for (int at = 0; at < 72; at++) { /* the last ones lie behind the block's end */
        struct leat_pool *pool = checked_pool(64, 0);
        unsigned char *block = leat_pool_alloc(pool);
        leat_pool_free(pool, block);
        block[at] ^= 1;
        void *next = leat_pool_alloc(pool);
        assert_non_null(next);
        assert_ptr_not_equal(next, block);
        assert_found(1, LEAT_FAULT_USE_AFTER_FREE, pool, block);
        struct leat_pool_stats stats;
        leat_pool_stats(pool, &stats);
        assert_int_equal(stats.set_aside, 1);
        assert_int_equal(stats.live, 1);
        leat_pool_free(pool, next);
        assert_int_equal(leat_load(&found.count, relaxed), 1);
        end(pool);
    }
}

static void hostile_6_an_overflow_is_found_and_no_foreign_address_served(void **state)
{
    (void)state;
    static const int beyond[] = {1, 8, 64};
    for (int64_t size = 1; size <= 300; size += size < 20 ? 1 : 7) {
        for (int b = 0; b < 3; b++) {
            struct leat_pool *pool = checked_pool(size, 0);
            unsigned char *blocks[3];
            for (int i = 0; i < 3; i++)
                blocks[i] = leat_pool_alloc(pool);
            assert_int_equal(pool->block_bytes, size);
            leat_pool_free(pool, blocks[1]); /* the neighbour is free: what it has instead of a link is out of reach */
            memset(blocks[0], 0xff, (size_t)(size + beyond[b]));
            leat_pool_free(pool, blocks[0]);
            if (leat_load(&found.count, relaxed) != 1 || found.last.kind != LEAT_FAULT_OVERFLOW || found.last.block != blocks[0])
                fail_msg("%d bytes beyond %ld: %d found", beyond[b], (long)size, leat_load(&found.count, relaxed));
            for (int i = 0; i < 50; i++) {
                void *served = leat_pool_alloc(pool);
                assert_true(leat_pool_owns(pool, served));
                assert_ptr_not_equal(served, blocks[0]);
                leat_pool_free(pool, served);
            }
            leat_pool_free(pool, blocks[2]);
            end(pool);
        }
    }
}

static void hostile_7_a_block_used_again_is_zero_where_that_was_asked_for(void **state)
{
    (void)state;
    for (int checked = 0; checked < 2; checked++) {
        struct leat_pool_config config = {
            .block_bytes = 200, .zero = true, .checked = checked != 0, .memory = leat_os_memory(), .host = &noting};
        struct leat_pool *pool = NULL;
        assert_int_equal(leat_pool_create(&pool, &config), 0);
        for (int round = 0; round < 300; round++) {
            unsigned char *block = round % 2 ? leat_pool_alloc(pool) : leat_pool_alloc_array(pool, 1);
            for (int i = 0; i < 200; i++)
                assert_int_equal(block[i], 0);
            memset(block, 0xaa, 200);
            leat_pool_free(pool, block);
        }
        end(pool);
    }
}

/* ---- 8: sizes ---- */

static void hostile_8_silly_sizes_are_refused_in_words(void **state)
{
    (void)state;
    static const struct {
        struct leat_pool_config config;
        const char *words;
    } bad[] = {
        {{.block_bytes = 0}, "block_bytes: 1 to 1 GiB; valid is 1"},
        {{.block_bytes = INT64_MAX}, "block_bytes: 1 to 1 GiB; valid is 1073741824"},
        {{.block_bytes = 64, .align = 3}, "align: a power of two up to 2 MiB, or 0; valid is 4"},
        {{.block_bytes = 64, .align = (int64_t)1 << 40}, "align: a power of two up to 2 MiB, or 0; valid is 2097152"},
        {{.block_bytes = 64, .limit = -1}, "limit: 0 or more blocks; valid is 0"},
        {{.block_bytes = 64, .first = 10, .limit = 9}, "limit: not under `first`; valid is 10"},
        {{.block_bytes = 64, .growth = LEAT_POOL_FIXED}, "first: a pool that does not grow has some; valid is 1"},
        {{.block_bytes = 64, .growth = LEAT_POOL_FIXED, .first = 7, .limit = 8},
         "limit: that of a pool that does not grow is `first`; valid is 7"},
        {{.block_bytes = 64, .growth = (enum leat_pool_growth)7}, "growth: LEAT_POOL_LINEAR"},
        {{.block_bytes = 5000, .slab_bytes = 4096}, "slab_bytes: a power of two that holds a block, or 0; valid is 8192"},
        {{.block_bytes = 64, .slab_bytes = 65537}, "slab_bytes: a power of two that holds a block, or 0; valid is 131072"},
        {{.block_bytes = 64, .cache_blocks = 70000}, "cache_blocks: 0 to 65536; valid is 65536"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct source source = SOURCE_INIT(source);
        struct leat_pool_config config = bad[i].config;
        struct leat_error error = {.code = 0};
        struct leat_pool *pool = NULL;
        config.memory = &source.memory;
        config.error = &error;
        config.name = "silly";
        assert_int_equal(leat_pool_create(&pool, &config), -EINVAL);
        assert_null(pool);
        assert_int_equal(error.code, -EINVAL);
        if (!strstr(error.text, bad[i].words) || strncmp(error.text, "pool 'silly': ", 14) != 0)
            fail_msg("'%s' instead of '%s'", error.text, bad[i].words);
        assert_int_equal(source.calls, 0);
    }
    struct leat_pool *pool = checked_pool(64, 0);
    assert_null(leat_pool_alloc_array(pool, 0));
    assert_null(leat_pool_alloc_array(pool, -1));
    assert_null(leat_pool_alloc_array(pool, INT64_MAX));
    assert_int_equal(leat_pool_why(pool), LEAT_POOL_MISUSE);
    end(pool);
}

/* ---- 9, 10: the end ---- */

static int64_t leaked;

static void note_leak(void *context, struct leat_pool *pool, int64_t live)
{
    (void)pool;
    assert_ptr_equal(context, &leaked);
    leaked = live;
}

static void hostile_9_a_pool_with_live_blocks_is_not_destroyed_and_says_so(void **state)
{
    (void)state;
    struct leat_pool_config config = {
        .block_bytes = 64, .memory = leat_os_memory(), .host = &host, .leak = note_leak, .leak_context = &leaked};
    struct leat_pool *pool = NULL;
    int64_t live = 0;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    void *one = leat_pool_alloc(pool), *two = leat_pool_alloc(pool);
    assert_int_equal(leat_pool_destroy(pool, &live), -EBUSY);
    assert_int_equal(live, 2);
    assert_int_equal(leaked, 2);
    leat_pool_free(pool, one);
    leat_pool_free(pool, two);
    leaked = 0;
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    assert_int_equal(leaked, 0);
}

struct last_free {
    struct leat_pool *pool;
    LEAT_ATOMIC(void *) block; /* handed over, release */
};

static void *gives_the_last_one_back(void *context)
{
    struct last_free *last = context;
    for (int64_t i = 0, rounds = test_items(100000) / 50; i < rounds; i++) {
        void *block;
        while (!(block = leat_exchange(&last->block, NULL, acquire)))
            sched_yield();
        leat_pool_free(last->pool, block); /* from another thread's point of view, the pool may be gone before this returns */
    }
    return NULL;
}

/* No thread may use a pool that is being destroyed; but whoever waits for the last block may try until it is home. */
static void hostile_10_a_pool_ends_while_its_last_free_is_returning(void **state)
{
    (void)state;
    if (!host_barrier(NULL))
        skip();
    struct last_free last = {.pool = NULL};
    pthread_t thread;
    int64_t rounds = test_items(100000) / 50;
    pthread_create(&thread, NULL, gives_the_last_one_back, &last);
    for (int64_t i = 0; i < rounds; i++) {
        struct leat_pool_config config = {.block_bytes = 64, .memory = leat_os_memory(), .host = &host, .limit = i % 2 ? 100 : 0};
        assert_int_equal(leat_pool_create(&last.pool, &config), 0);
        leat_store(&last.block, leat_pool_alloc(last.pool), release);
        while (leat_pool_destroy(last.pool, NULL) == -EBUSY)
            sched_yield();
    }
    pthread_join(thread, NULL);
}

/* ---- 11, 12: threads that end ---- */

static void *uses_and_ends(void *context)
{
    void *blocks[40];
    for (int i = 0; i < 40; i++)
        blocks[i] = leat_pool_alloc(context);
    for (int i = 1; i < 40; i++)
        leat_pool_free(context, blocks[i]);
    return blocks[0];
}

static void hostile_11_ten_thousand_short_threads_leave_nothing_behind(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool_config config = {.block_bytes = 64, .memory = &source.memory, .host = &host};
    struct leat_pool *pool = NULL;
    int64_t threads = test_items(10000) < 10000 ? test_items(10000) / 100 + 10 : 10000;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    for (int64_t i = 0; i < threads; i++) {
        pthread_t thread;
        void *block = NULL;
        assert_int_equal(pthread_create(&thread, NULL, uses_and_ends, pool), 0);
        pthread_join(thread, &block);
        leat_pool_free(pool, block); /* 12: by a thread that did not allocate, its owner gone */
    }
    struct leat_pool_stats stats;
    leat_pool_stats(pool, &stats);
    assert_int_equal(stats.live, 0);
    assert_in_range(stats.cached, 0, 20 * 64);
    assert_int_equal(source.calls, 2); /* the pool and one slab, as many as one thread needs */
    end(pool);
}

static void hostile_12_a_block_whose_owner_is_gone_comes_home(void **state)
{
    (void)state;
    struct leat_pool_config config = {.block_bytes = 64, .limit = 40, .memory = leat_os_memory(), .host = &host};
    struct leat_pool *pool = NULL;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        void *block = NULL;
        pthread_create(&thread, NULL, uses_and_ends, pool); /* wants all forty */
        pthread_join(thread, &block);
        assert_non_null(block);
        leat_pool_free(pool, block);
    }
    end(pool);
}

/* ---- 13: fork ---- */

struct busy {
    struct leat_pool *pool;
    LEAT_ATOMIC(int) end; /* written by the test */
};

static void *busy_run(void *context)
{
    struct busy *busy = context;
    void *blocks[300] = {NULL};
    for (uint32_t i = 0; !leat_load(&busy->end, acquire); i++) {
        void **at = &blocks[i * 2654435761u % 300];
        leat_pool_free(busy->pool, *at);
        *at = leat_pool_alloc(busy->pool);
    }
    for (int i = 0; i < 300; i++)
        leat_pool_free(busy->pool, blocks[i]);
    return NULL;
}

static struct leat_pool *forked_pool;

static void uses_the_pool_in_the_child(void)
{
    void *blocks[2000];
    int count = 0;
    alarm(20);
    while (count < 700 && (blocks[count] = leat_pool_alloc(forked_pool)))
        memset(blocks[count++], 1, 64);
    if (count < 500)
        _exit(4); /* four threads have at most 300 each of 2000, and a magazine in their hands */
    while (count > 0)
        leat_pool_free(forked_pool, blocks[--count]);
    leat_pool_trim(forked_pool);
    _exit(leat_pool_valid(forked_pool) ? 0 : 5);
}

static void hostile_13_a_child_forked_amid_busy_threads_can_use_the_pool(void **state)
{
    (void)state;
    struct leat_pool_config config = leat_os_pool_config(64, 2000);
    struct busy busy = {.pool = NULL};
    pthread_t threads[4];
    char text[200];
    assert_int_equal(leat_pool_create(&busy.pool, &config), 0);
    forked_pool = busy.pool;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, busy_run, &busy);
    for (int i = 0, rounds = test_items(1000) < 1000 ? 10 : 100; i < rounds; i++) {
        int status = in_child(uses_the_pool_in_the_child, text, sizeof text);
        if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && !(test_under_valgrind() && WEXITSTATUS(status) == 99)))
            fail_msg("round %d: status %x: %s", i, status, text);
    }
    leat_store(&busy.end, 1, release);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    end(busy.pool);
}

/* ---- 15, 16: no memory ---- */

/* Everything a pool does that may want memory; returns how many calls said that they had none. */
static int everything(struct source *source, struct leat_pool_config config)
{
    struct leat_pool *pool = NULL;
    void *blocks[64];
    int failures = 0;
    config.memory = &source->memory;
    int rc = leat_pool_create(&pool, &config);
    if (rc != 0) {
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(source->held, 0);
        return 1;
    }
    rc = leat_pool_track(pool, 1);
    assert_true(rc == 0 || rc == -ENOMEM);
    failures += rc != 0;
    failures += leat_pool_prefill(pool, 100) != 0;
    struct leat_pool_cache *cache = leat_pool_cache_open(pool);
    for (int i = 0; i < 64; i++) {
        blocks[i] = i % 2 ? leat_pool_alloc(pool) : leat_pool_cache_alloc(cache);
        failures += !blocks[i];
        if (!blocks[i])
            assert_int_equal(leat_pool_why(pool), LEAT_POOL_SOURCE_FAILED);
    }
    void *run = leat_pool_alloc_array(pool, 3);
    failures += !run;
    assert_true(leat_pool_valid(pool));
    leat_pool_free_array(pool, run, 3);
    for (int i = 0; i < 64; i++)
        leat_pool_free(pool, blocks[i]);
    leat_pool_cache_close(cache);
    assert_true(leat_pool_valid(pool));
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
    assert_int_equal(source->held, 0);
    assert_false(source->wrong);
    return failures;
}

static void hostile_15_memory_that_fails_at_the_nth_call_loses_nothing(void **state)
{
    (void)state;
    static const struct leat_pool_config configs[] = {
        {.block_bytes = 1024, .slab_bytes = 16384, .host = &host},
        {.block_bytes = 1024, .slab_bytes = 16384, .first = 50, .growth = LEAT_POOL_DOUBLING, .arrays = true, .host = &host},
        {.block_bytes = 700, .slab_bytes = 4096, .zero = true, .cache_blocks = 5000, .host = &host},
    };
    for (size_t c = 0; c < sizeof configs / sizeof *configs; c++) {
        for (int for_ever = 0; for_ever < 2; for_ever++) {
            for (int64_t n = 1;; n++) {
                struct source source = SOURCE_INIT(source);
                source.fail_at = n;
                source.fail_for_ever = for_ever != 0;
                int failures = everything(&source, configs[c]);
                if (source.calls < n) {
                    assert_int_equal(failures, 0);
                    break;
                }
                source.fail_at = 0;
                assert_int_equal(everything(&source, configs[c]), 0); /* and then it works */
            }
        }
    }
}

static void takes_all_there_is(void)
{
    struct leat_pool_config config = leat_os_pool_config(65536, 0);
    struct leat_pool *pool = NULL;
    const struct rlimit few = {(rlim_t)300 << 20, (rlim_t)300 << 20};
    int64_t count = 0, last = 0;
    if (leat_pool_create(&pool, &config) != 0 || setrlimit(RLIMIT_AS, &few) != 0)
        _exit(3);
    void *list = NULL;
    for (void **block; (block = leat_pool_alloc(pool)); count++) {
        *block = list;
        list = block;
    }
    if (leat_pool_why(pool) != LEAT_POOL_SOURCE_FAILED || count < 10)
        _exit(4);
    for (last = count; list; last--) {
        void *next = *(void **)list;
        leat_pool_free(pool, list);
        list = next;
    }
    if (last != 0 || leat_pool_trim(pool) < count * 65536 || !leat_pool_alloc(pool))
        _exit(5);
    config.first = SIZE_MAX > UINT32_MAX ? 1 << 20 : 1 << 13; /* more than the limit, less than an address space */
    _exit(leat_pool_create(&pool, &config) == -ENOMEM ? 0 : 6);
}

static void hostile_16_an_address_space_limit_is_an_error_and_not_a_kill(void **state)
{
    (void)state;
    if (TEST_SANITIZED || test_under_valgrind())
        skip(); /* their shadows are larger than any limit */
    char text[200];
    assert_int_equal(in_child(takes_all_there_is, text, sizeof text), 0);
}

/* ---- 17: ABA ---- */

struct duel {
    struct leat_pool *pool;
    LEAT_ATOMIC(int) owners; /* of both blocks together; counters, so relaxed would do */
    LEAT_ATOMIC(int) wrong;
};

static void *duel_run(void *context)
{
    struct duel *duel = context;
    struct leat_pool_cache *cache = leat_pool_cache_open(duel->pool);
    for (int64_t i = 0, rounds = test_items(1000000) / 4; i < rounds; i++) {
        LEAT_ATOMIC(uint64_t) *block = i % 2 ? leat_pool_alloc(duel->pool) : leat_pool_cache_alloc(cache);
        if (!block)
            continue;
        leat_store(block, (uint64_t)(uintptr_t)&i, relaxed);
        sched_yield();
        if (leat_load(block, relaxed) != (uint64_t)(uintptr_t)&i)
            leat_add(&duel->wrong, 1, relaxed);
        if (i % 3)
            leat_pool_free(duel->pool, block);
        else
            leat_pool_cache_free(cache, block);
    }
    leat_pool_cache_close(cache);
    return NULL;
}

static void hostile_17_two_blocks_among_three_threads_never_have_two_owners(void **state)
{
    (void)state;
    for (int64_t cache_blocks = 0; cache_blocks < 3; cache_blocks++) {
        struct leat_pool_config config = leat_os_pool_config(64, 2);
        struct duel duel = {.pool = NULL};
        pthread_t threads[3];
        config.cache_blocks = cache_blocks;
        assert_int_equal(leat_pool_create(&duel.pool, &config), 0);
        for (int i = 0; i < 3; i++)
            pthread_create(&threads[i], NULL, duel_run, &duel);
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(leat_load(&duel.wrong, relaxed), 0);
        end(duel.pool);
    }
}

/* ---- 41: who sleeps on the whole pool ---- */

struct hoarder {
    struct leat_pool *pool;
    pthread_barrier_t full, end;
};

static void *hoards(void *context)
{
    struct hoarder *hoarder = context;
    void *blocks[64];
    int64_t got = leat_pool_alloc_many(hoarder->pool, blocks, 64);
    leat_pool_free_many(hoarder->pool, blocks, got);
    pthread_barrier_wait(&hoarder->full);
    pthread_barrier_wait(&hoarder->end);
    return (void *)(intptr_t)got;
}

static void hostile_41_all_64_of_a_sleeper_that_freed_them_are_to_be_had(void **state)
{
    (void)state;
    for (int round = 0; round < 6; round++) {
        struct leat_pool_config config = {.block_bytes = 64,
                                          .limit = 64,
                                          .cache_blocks = round % 2 ? 0 : 64,
                                          .checked = round / 2 == 1,
                                          .zero = round / 2 == 2,
                                          .memory = leat_os_memory(),
                                          .host = &noting};
        struct hoarder hoarder = {.pool = NULL};
        void *blocks[65], *all = NULL;
        pthread_t thread;
        pthread_barrier_init(&hoarder.full, NULL, 2);
        pthread_barrier_init(&hoarder.end, NULL, 2);
        assert_int_equal(leat_pool_create(&hoarder.pool, &config), 0);
        pthread_create(&thread, NULL, hoards, &hoarder);
        pthread_barrier_wait(&hoarder.full);
        assert_int_equal(leat_pool_alloc_many(hoarder.pool, blocks, 65), 64);
        assert_int_equal(leat_pool_why(hoarder.pool), LEAT_POOL_LIMIT);
        leat_pool_free_many(hoarder.pool, blocks, 64);
        pthread_barrier_wait(&hoarder.end);
        pthread_join(thread, &all);
        assert_int_equal((intptr_t)all, 64);
        end(hoarder.pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_1_a_double_free_is_found),
        cmocka_unit_test(hostile_2_of_two_threads_that_free_one_block_exactly_one_is_told),
        cmocka_unit_test(hostile_3_a_foreign_pointer_is_refused_and_nothing_written),
        cmocka_unit_test(hostile_4_a_pointer_into_a_block_is_refused),
        cmocka_unit_test(hostile_5_a_write_after_a_free_is_found_at_every_offset),
        cmocka_unit_test(hostile_6_an_overflow_is_found_and_no_foreign_address_served),
        cmocka_unit_test(hostile_7_a_block_used_again_is_zero_where_that_was_asked_for),
        cmocka_unit_test(hostile_8_silly_sizes_are_refused_in_words),
        cmocka_unit_test(hostile_9_a_pool_with_live_blocks_is_not_destroyed_and_says_so),
        cmocka_unit_test(hostile_10_a_pool_ends_while_its_last_free_is_returning),
        cmocka_unit_test(hostile_11_ten_thousand_short_threads_leave_nothing_behind),
        cmocka_unit_test(hostile_12_a_block_whose_owner_is_gone_comes_home),
        cmocka_unit_test(hostile_13_a_child_forked_amid_busy_threads_can_use_the_pool),
        cmocka_unit_test(hostile_15_memory_that_fails_at_the_nth_call_loses_nothing),
        cmocka_unit_test(hostile_16_an_address_space_limit_is_an_error_and_not_a_kill),
        cmocka_unit_test(hostile_17_two_blocks_among_three_threads_never_have_two_owners),
        cmocka_unit_test(hostile_41_all_64_of_a_sleeper_that_freed_them_are_to_be_had),
    };
    return cmocka_run_group_tests_name("pool_hostile", tests, NULL, NULL);
}
