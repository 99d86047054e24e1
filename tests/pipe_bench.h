/* SPDX-License-Identifier: MIT */
/* What the tests of the pipe share: a pipe with its counted blocks, and items that are functions of their number. */
#ifndef LEAT_PIPE_BENCH_H
#define LEAT_PIPE_BENCH_H

#include <leat/os.h>
#include <leat/pipe.h>

#include "pipe_support.h"

#define ITEM_MOST 128

/* A pipe with its blocks. */
struct bench {
    struct counted_blocks counted;
    struct leat_blocks blocks;
    struct leat_pipe pipe;
};

/* Of every pipe here that does not say otherwise; the tests run once for each. */
static enum leat_sleep sleep_protocol = LEAT_SLEEP_RMW;

/* Bytes of a block just large enough for chunk_items of item_bytes, in whole groups. */
static inline int64_t chunk_bytes(int64_t item_bytes, int64_t chunk_items)
{
    int64_t step = item_bytes >= 8 ? (item_bytes + 7) / 8 * 8 : item_bytes;
    int64_t group = step <= 56 ? 56 / step : 1;
    return 64 + (chunk_items + group - 1) / group * (step <= 56 ? 64 : step + 8);
}

static inline void set_up(struct bench *bench, int64_t item_bytes, int64_t chunk_items, int64_t high_water)
{
    bench->blocks = counted_blocks(&bench->counted, chunk_bytes(item_bytes, chunk_items));
    struct leat_pipe_config config = {.item_bytes = item_bytes,
                                      .high_water = high_water,
                                      .blocks = &bench->blocks,
                                      .spare_chunks = 2,
                                      .host = leat_os_host(),
                                      .sleep = sleep_protocol};
    assert_int_equal(leat_pipe_init(&bench->pipe, &config), 0);
    assert_true(leat_pipe_valid(&bench->pipe));
}

static inline void tear_down(struct bench *bench)
{
    assert_true(leat_pipe_valid(&bench->pipe));
    leat_pipe_fini(&bench->pipe);
    assert_int_equal(bench->counted.live, 0);
}

/* As if `start` items had gone through an empty pipe. */
static inline void start_at(struct leat_pipe *pipe, size_t start)
{
    pipe->r = pipe->o_seen = pipe->said = start;
    pipe->say_at = start + pipe->give;
    pipe->back_first = start;
    leat_store(&pipe->joined, start, relaxed);
    pipe->room_to = start + leat_load(&pipe->peak, relaxed);
    leat_store(&pipe->pushed, start, relaxed);
    leat_store(&pipe->popped, start, relaxed);
    size_t stride = pipe->shape.mask + pipe->shape.skip;
    for (struct leat_chunk *chunk = pipe->begin_chunk; chunk != NULL; chunk = chunk->next) {
        for (size_t pos = LEAT_CHUNK_FIRST; pos != pipe->chunk_end; pos += stride) {
            leat_store(LEAT_PIPE_MARK(chunk, pos, &pipe->shape), start, relaxed);
        }
    }
    leat_store(&pipe->o, start, relaxed);
    assert_true(leat_pipe_valid(pipe));
}

/* The bytes of item number n: every byte depends on n. */
static inline void make_item(unsigned char *item, size_t bytes, uint64_t number)
{
    for (size_t i = 0; i < bytes; i++) {
        item[i] = (unsigned char)(number >> (8 * (i % 8))) ^ (unsigned char)(i / 8 * 37);
    }
}

static inline bool is_item(const void *item, size_t bytes, uint64_t number)
{
    unsigned char wanted[ITEM_MOST];
    make_item(wanted, bytes, number);
    return memcmp(item, wanted, bytes) == 0;
}

static inline bool write_number(struct leat_pipe *pipe, uint64_t number, bool incomplete)
{
    unsigned char item[ITEM_MOST];
    make_item(item, pipe->shape.item_bytes, number);
    return leat_pipe_write(pipe, item, incomplete);
}

/* Reads everything; returns the number of the item that comes next. */
static inline uint64_t drain(struct leat_pipe *pipe, uint64_t next)
{
    unsigned char item[ITEM_MOST];
    leat_pipe_flush(pipe);
    while (leat_pipe_read(pipe, item)) {
        assert_true(is_item(item, pipe->shape.item_bytes, next));
        next++;
    }
    return next;
}

#endif
