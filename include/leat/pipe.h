/* SPDX-License-Identifier: MIT */
/*
 * leat/pipe.h: a chunked queue of fixed-size items with one writer and one reader thread, lock-free: libzmq's yqueue and ypipe.
 */
#ifndef LEAT_PIPE_H
#define LEAT_PIPE_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef LEAT_PIPE_INLINE
#define LEAT_PIPE_INLINE LEAT_INLINE
#endif

enum leat_flush { LEAT_FLUSH_NOTHING, LEAT_FLUSH_AWAKE, LEAT_FLUSH_ASLEEP };

struct leat_chunk; /* { next, prev, items } */

struct leat_pipe_config {
    int64_t item_bytes;               /* 1 .. block_bytes - 64 */
    int64_t high_water;               /* most items unread; >= 1 */
    const struct leat_blocks *blocks; /* where chunks come from; copied */
};

struct leat_pipe_stats {
    int64_t items_in, items_out, flushes, sleeps, peak_items, chunks; /* ... */
};

struct leat_pipe {
    /* Set by init, read by both. */
    struct leat_blocks blocks;
    size_t item_bytes, chunk_items, high_water, give;

    /* The writer's line: back_chunk, back_pos, end_chunk, end_pos, pushed, w, f, o_seen ... */
    /* The reader's line: begin_chunk, begin_pos, r, popped ... */
    /* Shared: c, o, spare_chunk, each on its own line */
    int placeholder;
};

LEAT_API int leat_pipe_init(struct leat_pipe *pipe, const struct leat_pipe_config *config);
LEAT_API void leat_pipe_fini(struct leat_pipe *pipe); /* both sides at rest; unread items are dropped: read them first */

/* Writer. */
LEAT_PIPE_INLINE bool leat_pipe_write(struct leat_pipe *pipe, const void *item, bool incomplete); /* false: full, or no chunk to be had */
LEAT_PIPE_INLINE void *leat_pipe_back(struct leat_pipe *pipe);                                    /* the place reserved before */
LEAT_PIPE_INLINE bool leat_pipe_push(struct leat_pipe *pipe, bool incomplete);                    /* reserves the next place */
LEAT_API bool leat_pipe_unwrite(struct leat_pipe *pipe, void *item);
LEAT_PIPE_INLINE enum leat_flush leat_pipe_flush(struct leat_pipe *pipe);
LEAT_API bool leat_pipe_check_write(struct leat_pipe *pipe); /* false: full, and the writer's sleep is announced */
LEAT_API void leat_pipe_cancel_write_sleep(struct leat_pipe *pipe);

/* Reader. */
LEAT_PIPE_INLINE bool leat_pipe_check_read(struct leat_pipe *pipe); /* false: empty, and the reader's sleep is announced */
LEAT_PIPE_INLINE bool leat_pipe_poll(struct leat_pipe *pipe);       /* looks without announcing */
LEAT_API void leat_pipe_cancel_sleep(struct leat_pipe *pipe);
LEAT_PIPE_INLINE bool leat_pipe_read(struct leat_pipe *pipe, void *item);
LEAT_PIPE_INLINE void *leat_pipe_front(struct leat_pipe *pipe); /* after check_read or poll said true */
LEAT_PIPE_INLINE void leat_pipe_pop(struct leat_pipe *pipe);
LEAT_API bool leat_pipe_probe(struct leat_pipe *pipe, bool (*predicate)(const void *item, void *context), void *context);
/* True once after the reader made room for a writer that had announced its sleep: wake it. */
LEAT_PIPE_INLINE bool leat_pipe_writer_asleep(struct leat_pipe *pipe);

LEAT_API void leat_pipe_stats(const struct leat_pipe *pipe, struct leat_pipe_stats *stats);
LEAT_API bool leat_pipe_valid(const struct leat_pipe *pipe); /* both sides at rest */

#ifdef __cplusplus
}
#endif
#endif
