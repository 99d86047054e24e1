/* SPDX-License-Identifier: MIT */
/*
 * 2_pool: one thread takes blocks from a pool and fills them, another checks them and gives them back. The pool never has more blocks than
 * its limit: when all are live, the first thread sleeps until one comes home. One block is not given back, and the pool says where it
 * came from.
 */
#include <leat/os.h>
#include <leat/pool.h>

#include <inttypes.h>
#include <stdio.h>

#define ITEMS 1000000
#define SLOTS 256

struct belt {
    struct leat_pool *pool;
    LEAT_ATOMIC(int64_t *) slots[SLOTS]; /* NULL: free. Put by main, taken by check() */
    int64_t sum;
};

static void check(void *context)
{
    struct belt *belt = context;
    for (int64_t i = 0; i < ITEMS; i++) {
        int64_t *block;
        while (!(block = leat_load(&belt->slots[i % SLOTS], acquire))) /* meets the store in main */
            leat_os_host()->yield(leat_os_host()->context);
        leat_store(&belt->slots[i % SLOTS], NULL, release); /* the place is free again */
        belt->sum += *block;
        leat_pool_free(belt->pool, block); /* into this thread's cache; from there, many at a time, back to the other's */
    }
}

static int belt_run(struct belt *belt)
{
    struct leat_thread thread;
    if (leat_thread_start(&thread, "check", check, belt) != 0)
        return 1;
    for (int64_t i = 0; i < ITEMS; i++) {
        int64_t *block = leat_pool_wait(belt->pool, LEAT_FOREVER); /* the limit is smaller than the belt is long */
        *block = i;
        while (leat_load(&belt->slots[i % SLOTS], acquire)) /* meets the store in check() */
            leat_os_host()->yield(leat_os_host()->context);
        leat_store(&belt->slots[i % SLOTS], block, release);
    }
    leat_thread_join(&thread);
    return belt->sum != (int64_t)ITEMS * (ITEMS - 1) / 2;
}

static void line(void *context, const char *text)
{
    (void)context;
    printf("%s\n", text);
}

int main(void)
{
    struct leat_pool_config config = leat_os_pool_config(1024, 200); /* blocks of 1 KiB, at most 200 of them live */
    static struct belt belt;
    struct leat_pool_stats stats;
    config.name = "frames";
    if (leat_pool_create(&belt.pool, &config) != 0 || belt_run(&belt) != 0)
        return 1;
    leat_pool_stats(belt.pool, &stats);
    printf("%d blocks passed; at most %" PRId64 " of %" PRId64 " at once, %" PRId64 " KiB in %" PRId64 " slabs\n", ITEMS, stats.peak,
           stats.limit, stats.bytes / 1024, stats.slabs);
    if (leat_pool_destroy(belt.pool, NULL) != 0)
        return 1;

    config.checked = true; /* finds misuse, too */
    if (leat_pool_create(&belt.pool, &config) != 0 || leat_pool_track(belt.pool, 1) != 0)
        return 1;
    void *forgotten = leat_pool_alloc(belt.pool);
    if (leat_pool_destroy(belt.pool, NULL) == 0 || leat_pool_report(belt.pool, line, NULL) != 1)
        return 1;
    leat_pool_free(belt.pool, forgotten);
    return leat_pool_destroy(belt.pool, NULL) != 0;
}
