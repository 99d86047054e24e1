/* SPDX-License-Identifier: MIT */
/*
 * uv: a thread that works and a libuv loop that takes its results, by a channel in place of uv_async_send and a list under a mutex: the
 * loop is woken only when it sleeps, and the worker waits when it is too far ahead.
 */
#define _GNU_SOURCE
#include <leat/channel.h>

#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

enum { RESULTS = 100000 };

static struct leat_channel channel; /* static: so it has the alignment that it asks for */
static int64_t taken, callbacks;
static uint64_t sum;

static void work(void *context)
{
    (void)context;
    for (uint64_t i = 0; i < RESULTS; i++) {
        (void)leat_channel_write(&channel, &i, false, LEAT_FOREVER);
        if (i % 50 == 0) {
            (void)leat_channel_flush(&channel);
        }
    }
    leat_channel_close_writer(&channel);
}

/* The fd is readable: take everything, then arm it again before the loop sleeps. */
static void take(uv_poll_t *poll, int status, int events)
{
    (void)events;
    callbacks += status == 0;
    int result;
    do {
        uint64_t number;
        while ((result = leat_channel_read(&channel, &number, 0)) == 0) {
            sum += number;
            taken++;
        }
    } while (result == -EAGAIN && !leat_channel_arm(&channel));
    if (result == -EPIPE) { /* the worker has closed, and everything was read */
        uv_close((uv_handle_t *)poll, NULL);
    }
}

int main(void)
{
    uv_loop_t loop;
    uv_poll_t poll;
    struct leat_thread worker;
    struct leat_pool *pool;
    struct leat_pool_config pool_config = leat_os_pool_config(4096, 64);
    if (leat_pool_create(&pool, &pool_config) != 0) {
        return 1;
    }
    struct leat_blocks chunks = leat_pool_blocks(pool);
    struct leat_channel_config config = {.pipe = {.item_bytes = sizeof sum, .high_water = 1000, .blocks = &chunks}, .reader_fd = true};
    if (leat_channel_init(&channel, &config) != 0 || uv_loop_init(&loop) != 0 ||
        uv_poll_init(&loop, &poll, leat_channel_fd(&channel)) != 0 || uv_poll_start(&poll, UV_READABLE, take) != 0) {
        return 1;
    }
    if (!leat_channel_arm(&channel) || leat_thread_start(&worker, "worker", work, NULL) != 0) {
        return 1;
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    leat_thread_join(&worker);
    printf("%" PRId64 " results, sum %" PRIu64 ", in %" PRId64 " callbacks\n", taken, sum, callbacks);
    leat_channel_fini(&channel);
    return uv_loop_close(&loop) != 0 || leat_pool_destroy(pool, NULL) != 0 || sum != (uint64_t)RESULTS * (RESULTS - 1) / 2;
}
