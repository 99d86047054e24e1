/* SPDX-License-Identifier: MIT */
/*
 * leat/msg.h: one message of 64 bytes: up to 48 bytes of payload inline; a counted slice of a pool block; or a counted chain of blocks.
 *
 * One rule everywhere: on success the callee owns what was handed over; on failure the caller still does and no free function was
 * called. A struct leat_msg may be moved by plain copy (leat_msg_move says so to the reader and empties the source).
 */
#ifndef LEAT_MSG_H
#define LEAT_MSG_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_MSG_INLINE_BYTES 48

struct leat_msg_block; /* head of every counted block: count, blocks, next, ... */

/* ABI: 64 bytes, pinned by a test. */
struct leat_msg {
    uint8_t kind;         /* 0 empty, 1 inline, 2 slice of one block or foreign buffer, 3 chain */
    uint8_t inline_bytes; /* kind 1 */
    uint16_t flags;
    uint32_t reserved;
    int64_t size_bytes;
    union {
        unsigned char bytes[LEAT_MSG_INLINE_BYTES];
        struct {
            struct leat_msg_block *owner; /* holds the count */
            struct leat_msg_block *first; /* the block that `data` is in */
            unsigned char *data;
        } slice;
    } body;
};

/* Most payload bytes that one block of `blocks` holds. */
LEAT_API int64_t leat_msg_block_payload(const struct leat_blocks *blocks);

LEAT_API void leat_msg_init(struct leat_msg *msg); /* empty, size 0 */
/* Room for size_bytes (0..INT64_MAX): inline, one block or a chain, contents undefined. -ENOBUFS: nothing taken, *msg untouched. */
LEAT_API int leat_msg_alloc(struct leat_msg *msg, const struct leat_blocks *blocks, int64_t size_bytes);
/* The same, filled from data. */
LEAT_API int leat_msg_copy(struct leat_msg *msg, const struct leat_blocks *blocks, const void *data, int64_t size_bytes);
/* Lends a foreign buffer; free_fn(data, context) runs once, on whatever thread drops the last reference. Takes one block for the count. */
LEAT_API int leat_msg_from_buf(struct leat_msg *msg, const struct leat_blocks *blocks, void *data, int64_t size_bytes,
                               void (*free_fn)(void *data, void *context), void *context);
LEAT_API void leat_msg_ref(struct leat_msg *msg, const struct leat_msg *source);   /* *msg shares the bytes of *source (inline: copies) */
LEAT_API void leat_msg_unref(struct leat_msg *msg);                                /* *msg becomes empty */
LEAT_API int leat_msg_slice(struct leat_msg *msg, const struct leat_msg *source, int64_t offset, int64_t size_bytes); /* -EINVAL outside */
LEAT_API void leat_msg_move(struct leat_msg *msg, struct leat_msg *source);        /* *source becomes empty; *msg must be empty before */

static inline int64_t leat_msg_size(const struct leat_msg *msg) { return msg->size_bytes; }
/* The payload where it is one piece; NULL for a chain. Writable while this is the only reference. */
LEAT_API void *leat_msg_data(struct leat_msg *msg);

struct leat_msg_cursor { /* walks the pieces */
    struct leat_msg_block *block;
    unsigned char *data;
    int64_t left;
};
LEAT_API void leat_msg_pieces(struct leat_msg *msg, struct leat_msg_cursor *cursor);
LEAT_API bool leat_msg_next_piece(struct leat_msg_cursor *cursor, struct leat_span *piece);
/* Copies up to `bytes` from offset into data; the count. */
LEAT_API int64_t leat_msg_read(struct leat_msg *msg, int64_t offset, void *data, int64_t bytes);
LEAT_API bool leat_msg_valid(const struct leat_msg *msg);

#ifdef __cplusplus
}
#endif
#endif
