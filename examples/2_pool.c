/* SPDX-License-Identifier: MIT */
/*
 * 2_pool: one thread takes blocks from a pool and fills them, another checks them and gives them back. The pool never has more blocks than
 * its limit: when all are live, the first thread waits.
 */
#include <leat/os.h>
#include <leat/pool.h>

#include <inttypes.h>
#include <stdio.h>

#define ITEMS 1000000
#define SLOTS 64

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

int main(void)
{
    struct leat_pool_config config = leat_os_pool_config(1024, 200); /* blocks of 1 KiB, at most 200 of them live */
    static struct belt belt;
    struct leat_thread thread;
    struct leat_pool_stats stats;
    int64_t waits = 0, live;

    if (leat_pool_create(&belt.pool, &config) != 0 || leat_thread_start(&thread, "check", check, &belt) != 0)
        return 1;
    for (int64_t i = 0; i < ITEMS; i++) {
        int64_t *block;
        while (!(block = leat_pool_alloc(belt.pool)) || leat_load(&belt.slots[i % SLOTS], acquire)) {
            leat_pool_free(belt.pool, block); /* no block, or no place for it */
            leat_os_host()->yield(leat_os_host()->context);
            waits++;
        }
        *block = i;
        leat_store(&belt.slots[i % SLOTS], block, release); /* meets the load in check() */
    }
    leat_thread_join(&thread);
    leat_pool_stats(belt.pool, &stats);
    printf("%d blocks passed, sum %s, %" PRId64 " waits; at most %" PRId64 " of %" PRId64 " blocks at once, %" PRId64 " KiB in %" PRId64
           " slabs\n",
           ITEMS, belt.sum == (int64_t)ITEMS * (ITEMS - 1) / 2 ? "right" : "WRONG", waits, stats.peak, stats.limit, stats.bytes / 1024,
           stats.slabs);
    if (leat_pool_destroy(belt.pool, &live) != 0) {
        printf("%" PRId64 " blocks are still live\n", live);
        return 1;
    }
    return belt.sum != (int64_t)ITEMS * (ITEMS - 1) / 2;
}
