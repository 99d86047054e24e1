/* SPDX-License-Identifier: MIT */
/* Hostile situations, beyond pool_hostile_test.c: the numbers are those of the design's list. */
#define _GNU_SOURCE
#include "pool_support.h"

#include <leat/os.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static LEAT_ATOMIC(int) faults, last_kind; /* written by all */

static void note_fault(void *context, const struct leat_fault *fault)
{
    (void)context;
    leat_store(&last_kind, (int)fault->kind, relaxed);
    leat_add(&faults, 1, acq_rel); /* a counter */
}

static const struct leat_host noting = {.barrier = host_barrier, .yield = host_yield, .thread = host_thread, .fault = note_fault};

static struct leat_pool *create(struct leat_pool_config config)
{
    struct leat_pool *pool = NULL;
    if (!config.memory)
        config.memory = leat_os_memory();
    if (!config.host)
        config.host = &noting;
    assert_int_equal(leat_pool_create(&pool, &config), 0);
    leat_store(&faults, 0, relaxed);
    return pool;
}

static void destroy(struct leat_pool *pool)
{
    assert_true(leat_pool_valid(pool));
    assert_int_equal(leat_pool_destroy(pool, NULL), 0);
}

/* ---- 2: hostile.md 2 ---- */

struct crowd {
    struct leat_pool *pool;
    pthread_barrier_t begin, freed;
    int64_t rounds;
    void *blocks[20];
};

static void *crowd_run(void *context)
{
    struct crowd *crowd = context;
    for (int64_t i = 0; i < crowd->rounds; i++) {
        pthread_barrier_wait(&crowd->begin);
        leat_pool_free_many(crowd->pool, crowd->blocks, 20);
        pthread_barrier_wait(&crowd->freed);
    }
    return NULL;
}

static void hostile_2_double_free_by_four_threads_of_many_blocks_each_is_freed_once(void **state)
{
    (void)state;
    struct crowd crowd = {.pool = create((struct leat_pool_config){.block_bytes = 48, .checked = true, .limit = 64, .cache_blocks = 4}),
                          .rounds = test_items(10000) / 10};
    pthread_t threads[3];
    pthread_barrier_init(&crowd.begin, NULL, 4);
    pthread_barrier_init(&crowd.freed, NULL, 4);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_run, &crowd), 0);
    for (int64_t i = 0; i < crowd.rounds; i++) {
        assert_int_equal(leat_pool_alloc_many(crowd.pool, crowd.blocks, 20), 20);
        pthread_barrier_wait(&crowd.begin);
        leat_pool_free_many(crowd.pool, crowd.blocks, 20);
        pthread_barrier_wait(&crowd.freed);
        assert_int_equal(leat_load(&faults, acquire), 60 * (i + 1));
        assert_int_equal(leat_load(&last_kind, relaxed), LEAT_FAULT_DOUBLE_FREE);
        assert_int_equal(stats_of(crowd.pool).live, 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    destroy(crowd.pool);
}

/* ---- 1, 3: hostile.md 1, 3 ---- */

static void hostile_1_double_free_of_a_block_whose_slab_is_gone_is_found(void **state)
{
    (void)state;
    struct leat_pool *pool = create((struct leat_pool_config){.block_bytes = 64, .checked = true});
    void *block = leat_pool_alloc(pool);
    leat_pool_free(pool, block);
    assert_true(leat_pool_trim(pool) > 0);
    leat_pool_free(pool, block);
    assert_int_equal(leat_load(&faults, relaxed), 1);
    assert_int_equal(leat_load(&last_kind, relaxed), LEAT_FAULT_FOREIGN_BLOCK);
    void *again = leat_pool_alloc(pool);
    leat_pool_free(pool, again);
    assert_int_equal(leat_load(&faults, relaxed), 1);
    destroy(pool);
}

/* ---- 5, 6: a block that was set aside: hostile.md 5, 6 ---- */

static void count_block(void *context, void *block)
{
    (void)block;
    ++*(int *)context;
}

static void hostile_6_overflown_blocks_are_out_of_the_limit_the_walk_and_the_end(void **state)
{
    (void)state;
    struct leat_pool *pool = create((struct leat_pool_config){.block_bytes = 100, .checked = true, .limit = 40, .cache_blocks = 4});
    void *blocks[41];
    int shown = 0;
    assert_int_equal(leat_pool_alloc_many(pool, blocks, 41), 40);
    for (int i = 0; i < 7; i++) {
        ((unsigned char *)blocks[i])[100 + i] ^= 1;
        leat_pool_free(pool, blocks[i]);
        leat_pool_free(pool, blocks[i]); /* and once more: it is nobody's */
    }
    assert_int_equal(leat_load(&faults, relaxed), 14);
    assert_null(leat_pool_alloc(pool));
    assert_int_equal(leat_pool_why(pool), LEAT_POOL_LIMIT);
    assert_int_equal(stats_of(pool).set_aside, 7);
    assert_int_equal(stats_of(pool).live, 33);
    assert_int_equal(leat_pool_walk(pool, count_block, &shown), 33);
    assert_int_equal(shown, 33);
    leat_pool_free_many(pool, blocks + 7, 33);
    assert_int_equal(leat_pool_trim(pool), 0); /* the one slab holds what was set aside */
    assert_int_equal(leat_pool_alloc_many(pool, blocks, 41), 33);
    leat_pool_free_many(pool, blocks, 33);
    assert_int_equal(leat_load(&faults, relaxed), 14);
    destroy(pool);
}

static void hostile_5_written_after_free_at_the_limit_other_blocks_are_served(void **state)
{
    (void)state;
    for (int64_t cache_blocks = 1; cache_blocks < 20; cache_blocks += 6) {
        struct leat_pool *pool =
            create((struct leat_pool_config){.block_bytes = 24, .checked = true, .limit = 40, .cache_blocks = cache_blocks});
        unsigned char *blocks[40];
        assert_int_equal(leat_pool_alloc_many(pool, (void **)blocks, 40), 40);
        leat_pool_free_many(pool, (void **)blocks, 40);
        for (int i = 0; i < 40; i += 4)
            blocks[i][i % 24] = 0;
        assert_int_equal(leat_pool_alloc_many(pool, (void **)blocks, 40), 30);
        assert_int_equal(leat_load(&faults, relaxed), 10);
        leat_pool_free_many(pool, (void **)blocks, 30);
        assert_int_equal(stats_of(pool).set_aside, 10);
        destroy(pool);
    }
}

/* ---- 9: hostile.md 9 ---- */

static void hostile_9_destroy_with_live_blocks_forced_takes_them_from_all_threads(void **state)
{
    (void)state;
    struct source source = SOURCE_INIT(source);
    struct leat_pool *pool = create((struct leat_pool_config){.block_bytes = 1000, .slab_bytes = 4096, .memory = &source.memory});
    for (int i = 0; i < 101; i++)
        assert_non_null(leat_pool_alloc(pool));
    int shown = 0;
    assert_int_equal(leat_pool_destroy_all(pool, count_block, &shown), 101);
    assert_int_equal(shown, 101);
    assert_int_equal(source.held, 0);
    assert_false(source.wrong);
}

/* ---- 10: hostile.md 10 ---- */

struct last_free {
    struct leat_pool *pool;
    int64_t rounds;
    LEAT_ATOMIC(void *) block; /* handed over, release */
};

static void *frees_the_last(void *context)
{
    struct last_free *last = context;
    for (int64_t i = 0; i < last->rounds; i++) {
        void *block;
        while (!(block = leat_exchange(&last->block, NULL, acquire)))
            sched_yield();
        leat_pool_free_many(last->pool, &block, 1);
    }
    return NULL;
}

static void hostile_10_destroy_while_the_last_free_returns_in_a_checked_and_a_zero_pool(void **state)
{
    (void)state;
    if (!host_barrier(NULL))
        skip();
    struct last_free last = {.rounds = test_items(100000) / 100};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, frees_the_last, &last), 0);
    for (int64_t i = 0; i < last.rounds; i++) {
        last.pool =
            create((struct leat_pool_config){.block_bytes = 64, .checked = i % 2 == 0, .zero = i % 3 == 0, .limit = i % 5 ? 100 : 0});
        leat_store(&last.block, leat_pool_alloc(last.pool), release);
        while (leat_pool_destroy(last.pool, NULL) == -EBUSY)
            sched_yield();
    }
    pthread_join(thread, NULL);
}

/* ---- 13: hostile.md 13 ---- */

struct busy {
    struct leat_pool *pool;
    LEAT_ATOMIC(int) end; /* written by the test */
    int mine;
};

static void *busy_run(void *context)
{
    struct busy *busy = context;
    void *blocks[300];
    while (!leat_load(&busy->end, acquire)) {
        for (int i = 0; i < busy->mine; i++)
            blocks[i] = leat_pool_alloc(busy->pool);
        for (int i = 0; i < busy->mine; i++)
            leat_pool_free(busy->pool, blocks[i]);
    }
    return NULL;
}

/* 0: all is well; 1: refused; 2: a block was given to two owners; 3: not valid. */
static int work_in_child(struct leat_pool *pool)
{
    static unsigned char *blocks[1500];
    struct leat_pool_cache *caches[6];
    for (int i = 0; i < 6; i++)
        caches[i] = leat_pool_cache_open(pool); /* those of threads that are gone are used again */
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 1500; i++) {
            blocks[i] = leat_pool_cache_alloc(caches[i % 6]);
            if (!blocks[i])
                return 1;
            memcpy(blocks[i], &i, sizeof i);
        }
        for (int i = 0; i < 1500; i++)
            if (memcmp(blocks[i], &i, sizeof i) != 0)
                return 2;
        for (int i = 0; i < 1500; i++)
            leat_pool_cache_free(caches[(i / 7 + round) % 6], blocks[i]);
        if (!leat_pool_valid(pool))
            return 3;
    }
    for (int i = 0; i < 6; i++)
        leat_pool_cache_close(caches[i]);
    leat_pool_trim(pool);
    return leat_pool_valid(pool) ? 0 : 3;
}

/*
 * A thread that was between the depot's swap and the store to cache->spare leaves a magazine behind that is in the depot and its cache's
 * spare, too: in the child that cache must not be used again.
 */
static void forks(struct leat_pool_config config, int mine, bool track)
{
    struct busy busy = {.pool = NULL, .mine = mine};
    pthread_t threads[4];
    int answers[6] = {0}, rounds = test_items(1000) < 1000 ? 10 : 60;
    config.block_bytes = 64;
    config.memory = leat_os_memory();
    config.host = leat_os_host();
    busy.pool = create(config);
    if (track)
        assert_int_equal(leat_pool_track(busy.pool, 2), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, busy_run, &busy), 0);
    for (int i = 0; i < rounds; i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            const struct rlimit no_core = {0, 0};
            setrlimit(RLIMIT_CORE, &no_core);
            signal(SIGABRT, SIG_DFL);
            signal(SIGSEGV, SIG_DFL);
            signal(SIGALRM, SIG_DFL);
            alarm(20);
            _exit(work_in_child(busy.pool));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        answers[WIFEXITED(status) && WEXITSTATUS(status) < 4         ? WEXITSTATUS(status)
                : WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? 5
                                                                     : 4]++;
    }
    leat_store(&busy.end, 1, release);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(stats_of(busy.pool).live, 0);
    destroy(busy.pool); /* the parent is untouched */
    if (answers[0] != rounds)
        fail_msg("of %d children %d were refused, %d had a block twice, %d had an invalid pool, %d died, %d hung", rounds, answers[1],
                 answers[2], answers[3], answers[4], answers[5]);
}

static void hostile_13_fork_amid_busy_threads_whose_caches_the_child_uses_again(void **state)
{
    (void)state;
    forks((struct leat_pool_config){.cache_blocks = 1}, 8, false);
}

static void hostile_13_fork_with_caches_of_the_usual_size(void **state)
{
    (void)state;
    forks((struct leat_pool_config){.cache_blocks = 0}, 300, false);
}

static void hostile_13_fork_of_a_checked_pool(void **state)
{
    (void)state;
    forks((struct leat_pool_config){.cache_blocks = 4, .checked = true}, 30, false);
}

static void hostile_13_fork_of_a_tracked_pool_with_a_limit(void **state)
{
    (void)state;
    forks((struct leat_pool_config){.cache_blocks = 4, .limit = 20000}, 30, true);
}

/* ---- 15: hostile.md 15 ---- */

static void hostile_15_nth_acquire_fails_in_a_checked_pool_at_work_and_it_goes_on(void **state)
{
    (void)state;
    static const struct leat_pool_config configs[] = {
        {.block_bytes = 200, .slab_bytes = 4096, .checked = true},
        {.block_bytes = 200, .slab_bytes = 4096, .checked = true, .zero = true, .limit = 400, .cache_blocks = 3},
        {.block_bytes = 200, .slab_bytes = 4096, .growth = LEAT_POOL_DOUBLING, .limit = 500, .cache_blocks = 2000},
        {.block_bytes = 512, .slab_bytes = 16384, .growth_slabs = 5, .first = 40},
    };
    for (size_t c = 0; c < sizeof configs / sizeof *configs; c++) {
        for (int for_ever = 0; for_ever < 2; for_ever++) {
            bool reached = true;
            for (int64_t n = 1; reached; n++) {
                struct source source = SOURCE_INIT(source);
                struct leat_pool_config config = configs[c];
                void *blocks[300];
                int64_t got = 0;
                config.memory = &source.memory;
                struct leat_pool *pool = create(config);
                source.fail_at = source.calls + n;
                source.fail_for_ever = for_ever != 0;
                int rc = leat_pool_track(pool, 1);
                assert_true(rc == 0 || rc == -ENOMEM);
                struct leat_pool_cache *cache = leat_pool_cache_open(pool);
                for (int i = 0; i < 300; i++) {
                    blocks[got] = i % 2 ? leat_pool_alloc(pool) : leat_pool_cache_alloc(cache);
                    if (blocks[got])
                        got++;
                    else
                        assert_int_equal(leat_pool_why(pool), LEAT_POOL_SOURCE_FAILED);
                }
                assert_true(leat_pool_valid(pool));
                assert_int_equal(stats_of(pool).live, got);
                assert_int_equal(stats_of(pool).bytes, source.bytes);
                reached = source.calls >= source.fail_at;
                source.fail_at = 0; /* memory again: the same pool gives the rest */
                assert_int_equal(leat_pool_alloc_many(pool, blocks + got, 300 - got), 300 - got);
                assert_true(leat_pool_valid(pool));
                leat_pool_free_many(pool, blocks, 150);
                leat_pool_cache_free_many(cache, blocks + 150, 150);
                leat_pool_cache_close(cache);
                destroy(pool);
                assert_int_equal(leat_load(&faults, relaxed), 0);
                assert_int_equal(source.held, 0);
                assert_false(source.wrong);
            }
        }
    }
}

/* ---- 41: hostile.md 41 ---- */

struct hoarder {
    struct leat_pool *pool;
    struct leat_pool_cache *cache;
    pthread_barrier_t full, end;
};

static void *hoards(void *context)
{
    struct hoarder *hoarder = context;
    void *blocks[64];
    assert_int_equal(leat_pool_cache_alloc_many(hoarder->cache, blocks, 64), 64);
    leat_pool_cache_free_many(hoarder->cache, blocks, 64);
    pthread_barrier_wait(&hoarder->full);
    pthread_barrier_wait(&hoarder->end);
    assert_int_equal(leat_pool_cache_alloc_many(hoarder->cache, blocks, 64), 64);
    leat_pool_cache_free_many(hoarder->cache, blocks, 64);
    return NULL;
}

static void hostile_41_a_sleeper_that_freed_all_64_into_a_handle_keeps_none_from_arrays_and_waiters(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct leat_pool_config config = leat_os_pool_config(64, 64);
        config.cache_blocks = 64;
        config.arrays = true;
        config.checked = how == 2;
        struct hoarder hoarder = {.pool = create(config)};
        void *blocks[64], *run = NULL;
        pthread_t thread;
        hoarder.cache = leat_pool_cache_open(hoarder.pool);
        pthread_barrier_init(&hoarder.full, NULL, 2);
        pthread_barrier_init(&hoarder.end, NULL, 2);
        assert_int_equal(pthread_create(&thread, NULL, hoards, &hoarder), 0);
        pthread_barrier_wait(&hoarder.full);
        if (how == 0) {
            run = leat_pool_alloc_array(hoarder.pool, 64);
            assert_non_null(run);
            leat_pool_free_array(hoarder.pool, run, 64);
        } else if (how == 1) {
            assert_int_equal(leat_pool_prefill(hoarder.pool, 64), 0);
            assert_int_equal(leat_pool_alloc_many(hoarder.pool, blocks, 64), 64);
            leat_pool_free_many(hoarder.pool, blocks, 64);
        } else {
            for (int i = 0; i < 64; i++) {
                blocks[i] = leat_pool_wait(hoarder.pool, leat_os_now_ns() + 1000000000);
                assert_non_null(blocks[i]);
            }
            leat_pool_free_many(hoarder.pool, blocks, 64);
        }
        pthread_barrier_wait(&hoarder.end);
        pthread_join(thread, NULL);
        leat_pool_cache_close(hoarder.cache);
        destroy(hoarder.pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_1_double_free_of_a_block_whose_slab_is_gone_is_found),
        cmocka_unit_test(hostile_2_double_free_by_four_threads_of_many_blocks_each_is_freed_once),
        cmocka_unit_test(hostile_5_written_after_free_at_the_limit_other_blocks_are_served),
        cmocka_unit_test(hostile_6_overflown_blocks_are_out_of_the_limit_the_walk_and_the_end),
        cmocka_unit_test(hostile_9_destroy_with_live_blocks_forced_takes_them_from_all_threads),
        cmocka_unit_test(hostile_10_destroy_while_the_last_free_returns_in_a_checked_and_a_zero_pool),
        cmocka_unit_test(hostile_13_fork_amid_busy_threads_whose_caches_the_child_uses_again),
        cmocka_unit_test(hostile_13_fork_with_caches_of_the_usual_size),
        cmocka_unit_test(hostile_13_fork_of_a_checked_pool),
        cmocka_unit_test(hostile_13_fork_of_a_tracked_pool_with_a_limit),
        cmocka_unit_test(hostile_15_nth_acquire_fails_in_a_checked_pool_at_work_and_it_goes_on),
        cmocka_unit_test(hostile_41_a_sleeper_that_freed_all_64_into_a_handle_keeps_none_from_arrays_and_waiters),
    };
    return cmocka_run_group_tests_name("pool_hostile_more", tests, NULL, NULL);
}
