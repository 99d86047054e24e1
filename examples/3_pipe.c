/* SPDX-License-Identifier: MIT */
/*
 * 3_pipe: one thread hands a million numbers to another. The marked lines are what replaces a queue under a mutex with a condition: a
 * blocking write with a bound, a blocking read, and an end that the reader sees.
 */
#include <leat/channel.h>

#include <inttypes.h>
#include <stdio.h>

static struct leat_channel channel; /* static: so it has the alignment that it asks for */

static void add_up(void *context)
{
    uint64_t number, *sum = context;
    while (leat_channel_read(&channel, &number, LEAT_FOREVER) == 0) { /* pthread_cond_wait, pop, unlock, pthread_cond_signal */
        *sum += number;
    }
}

int main(void)
{
    const uint64_t count = 1000000;
    uint64_t sum = 0;
    struct leat_pool *pool;
    struct leat_thread reader;
    struct leat_pipe_stats stats;
    struct leat_pool_config pool_config = {.block_bytes = 4096, .limit = 64, .memory = leat_os_memory(), .host = leat_os_host()};
    if (leat_pool_create(&pool, &pool_config) != 0) {
        return 1;
    }
    struct leat_blocks chunks = leat_pool_blocks(pool);

    struct leat_channel_config config = {.pipe = {.item_bytes = sizeof count, .high_water = 4096, .blocks = &chunks}}; /* the bound */
    if (leat_channel_init(&channel, &config) != 0 || leat_thread_start(&reader, "reader", add_up, &sum) != 0) {
        return 1;
    }
    for (uint64_t i = 0; i < count; i++) {
        (void)leat_channel_write(&channel, &i, false, LEAT_FOREVER); /* lock, pthread_cond_wait while full, push, unlock */
        if (i % 64 == 0) {
            (void)leat_channel_flush(&channel); /* pthread_cond_signal, but only when the reader sleeps */
        }
    }
    leat_channel_close_writer(&channel); /* flushes; the reader reads what is left and then gets -EPIPE */
    leat_thread_join(&reader);

    leat_pipe_stats(&channel.pipe, &stats);
    printf("%" PRId64 " numbers, sum %" PRIu64 ", %" PRId64 " flushes, of which %" PRId64 " had to wake the reader; %" PRId64
           " inside at most\n",
           stats.items_out, sum, stats.flushes, channel.wakes, stats.peak_items);
    leat_channel_fini(&channel);
    return leat_pool_destroy(pool, NULL) != 0 || sum != count * (count - 1) / 2;
}
