/* SPDX-License-Identifier: MIT */
/* flow.c: what passing something on costs, one thread on both sides in turn; and two threads, to count their system calls. */
#include "work.h"
#include <leat/channel.h>

enum { CHUNK_BYTES = 4096, HIGH_WATER = 4096, RING_BYTES = 65536, BATCH = 32 };

struct item8 {
    uint64_t value;
};
struct item64 {
    uint64_t value;
    unsigned char rest[56];
};

static struct leat_blocks blocks;
static struct leat_pipe pipe;
static struct leat_channel channel;
static struct leat_ring ring;
static uint64_t sent, got;

static struct leat_pipe_config pipe_config(int64_t item_bytes, int64_t high_water)
{
    blocks = leat_pool_blocks(leat_cost_new_pool(CHUNK_BYTES));
    return (struct leat_pipe_config){.item_bytes = item_bytes, .high_water = high_water, .blocks = &blocks, .host = leat_os_host()};
}

static void ready_pipe(int64_t item_bytes, int64_t high_water)
{
    struct leat_pipe_config config = pipe_config(item_bytes, high_water);
    REQUIRE(leat_pipe_init(&pipe, &config) == 0, "no pipe to be had");
}

static void ready_pipe_8(void)
{
    ready_pipe(sizeof(struct item8), HIGH_WATER);
}

static void ready_pipe_64(void)
{
    ready_pipe(sizeof(struct item64), HIGH_WATER);
}

static void ready_channel(void)
{
    struct leat_channel_config config = {.pipe = pipe_config(sizeof(struct item8), HIGH_WATER)};
    REQUIRE(leat_channel_init(&channel, &config) == 0, "no channel to be had");
}

static void ready_ring(void)
{
    REQUIRE(leat_os_ring_create(&ring, RING_BYTES) == 0, "no ring to be had");
}

static void flush_8(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        struct item8 item = {sent++};
        REQUIRE(leat_pipe_write(&pipe, &item, false), "the pipe is full");
        leat_pipe_flush(&pipe);
        REQUIRE(leat_pipe_poll(&pipe) && leat_pipe_read(&pipe, &item) && item.value == got++, "not what was written");
    }
}

static void flush_64(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        struct item64 item = {sent++, {0}};
        REQUIRE(leat_pipe_write(&pipe, &item, false), "the pipe is full");
        leat_pipe_flush(&pipe);
        REQUIRE(leat_pipe_poll(&pipe) && leat_pipe_read(&pipe, &item) && item.value == got++, "not what was written");
    }
}

static void batch_32(int64_t count)
{
    for (int64_t n = 0; n < count; n += BATCH) {
        struct item8 item;
        for (int i = 0; i < BATCH; i++) {
            item.value = sent++;
            REQUIRE(leat_pipe_write(&pipe, &item, false), "the pipe is full");
        }
        leat_pipe_flush(&pipe);
        while (leat_pipe_poll(&pipe)) {
            REQUIRE(leat_pipe_read(&pipe, &item) && item.value == got++, "not what was written");
        }
    }
}

static void ring_64(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        struct item64 item = {sent++, {0}};
        REQUIRE(leat_ring_write(&ring, &item, sizeof item) == sizeof item, "the ring is full");
        REQUIRE(leat_ring_read(&ring, &item, sizeof item) == sizeof item && item.value == got++, "not what was written");
    }
}

static void ring_64_inplace(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        void *to;
        const void *from;
        REQUIRE(leat_ring_reserve(&ring, sizeof(struct item64), &to) != 0, "the ring is full");
        ((struct item64 *)to)->value = sent++;
        leat_ring_commit(&ring, sizeof(struct item64));
        REQUIRE(leat_ring_peek(&ring, sizeof(struct item64), &from) != 0, "the ring is empty");
        REQUIRE(((const struct item64 *)from)->value == got++, "not what was written");
        leat_ring_consume(&ring, sizeof(struct item64));
    }
}

static void write_read(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        struct item8 item = {sent++};
        REQUIRE(leat_channel_write(&channel, &item, false, 0) == 0, "the channel is full");
        leat_channel_flush(&channel);
        REQUIRE(leat_channel_read(&channel, &item, 0) == 0 && item.value == got++, "not what was written");
    }
}

static void read_all(void *context)
{
    for (int64_t left = *(const int64_t *)context; left > 0;) {
        struct item8 item;
        if (leat_channel_read(&channel, &item, 0) == 0) {
            REQUIRE(item.value == got++, "not what was written");
            left--;
        }
    }
}

/* Both sides only try, so that neither ever sleeps: whatever system call there is, nobody needed it. */
/* As full as it can be, once: whatever memory it will ever take it has then. */
static void ready_warm_channel(void)
{
    struct item8 item = {0};
    ready_channel();
    while (leat_channel_write(&channel, &item, false, 0) == 0) {
    }
    while (leat_channel_read(&channel, &item, 0) == 0) {
    }
}

static void awake(int64_t count)
{
    struct leat_thread reader;
    REQUIRE(leat_thread_start(&reader, "reader", read_all, &count) == 0, "no thread to be had");
    for (int64_t i = 0; i < count;) {
        struct item8 item = {sent};
        if (leat_channel_write(&channel, &item, false, 0) == 0) {
            leat_channel_flush(&channel);
            sent++;
            i++;
        }
    }
    leat_thread_join(&reader);
}

static void ready_nothing(void)
{
}

static double memory_per_item(int64_t count)
{
    ready_pipe(sizeof(struct item8), count);
    for (int64_t i = 0; i < count; i++) {
        struct item8 item = {sent++};
        REQUIRE(leat_pipe_write(&pipe, &item, false), "the pipe is full");
    }
    struct leat_pipe_stats stats;
    leat_pipe_stats(&pipe, &stats);
    REQUIRE(stats.items_in == count, "the pipe counts its items wrong");
    return (double)(stats.chunks * blocks.block_bytes) / (double)count;
}

static const struct operation operations[] = {
    {"pipe-flush", "8 B write + flush, poll + read", ready_pipe_8, flush_8, NULL, 1, false},
    {"pipe-batch-32", "8 B, one of 32 written, flushed once, read", ready_pipe_8, batch_32, NULL, 128 * BATCH, false},
    {"pipe-flush-64", "64 B write + flush, poll + read", ready_pipe_64, flush_64, NULL, 1, false},
    {"ring-64", "64 B written and read, copied both times", ready_ring, ring_64, NULL, 1, false},
    {"ring-64-inplace", "64 B reserved + committed, peeked + consumed", ready_ring, ring_64_inplace, NULL, 1, false},
    {"channel-write-read", "8 B write + flush, read, both sides awake", ready_channel, write_read, NULL, 1, false},
    {"channel-awake", "8 B from thread to thread, neither ever asleep; joining the reader may be a call", ready_warm_channel, awake, NULL,
     1, true},
    {"memory-pipe-8", "bytes of chunks per queued item of 8 B", ready_nothing, NULL, memory_per_item, 1, false},
    {NULL, NULL, NULL, NULL, NULL, 0, false},
};
const struct operation *const leat_cost_flow = operations;
