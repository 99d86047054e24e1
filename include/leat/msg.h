/* SPDX-License-Identifier: MIT */
/*
 * leat/msg.h: one message of 64 bytes: up to 48 bytes of payload inline; a counted slice of a block; or a counted chain of blocks.
 *
 * One rule everywhere: on success the callee owns what was handed over; on failure the caller still does and no free function was
 * called. A message is a plain value: it may be moved by copying the struct, as a pipe does, if the copy left behind is forgotten
 * (leat_msg_move says so to the reader and empties the source). Every message that holds a block must end in leat_msg_unref.
 *
 * One struct leat_msg belongs to one thread at a time. Bytes that several messages share belong to all of their threads: they may be
 * read by any, and written only while there is a single reference. ref, unref, slice and free need no lock.
 *
 * A slice of few bytes keeps the whole of what it was cut from: whoever keeps small parts for long copies them instead.
 *
 *   your word              ours                          the difference
 *   zmq_msg_t              struct leat_msg               48 bytes inline, not 33; counts are in pool blocks, nothing is malloc'ed
 *   zmq_msg_copy           leat_msg_ref                  the same
 *   zmq_msg_init_data      leat_msg_from_buf             the same, the count takes a block
 *   rte_mbuf, sk_buff      a chain                       one count for the whole chain, in its first block
 *   rte_pktmbuf_clone      leat_msg_ref, leat_msg_slice  no second head: the message itself is the view
 *   rte_pktmbuf_adj, _trim leat_msg_trim                 the same, both at once
 *   a receive buffer       struct leat_msg_buffer        cut into messages in place, without a count for each
 *
 * I1  kind EMPTY: size_bytes is 0. INLINE: 1 <= size_bytes == inline_bytes <= 48. Everywhere: flags and reserved are 0.
 * I2  kind SLICE: the bytes data[0 .. size_bytes) lie in the block `first`, or in the foreign buffer that `owner` stands for.
 * I3  kind CHAIN: the bytes begin at `data` inside `first`, go on in the blocks after it, and span two blocks at least.
 * I4  the owner's count is the number of messages whose `owner` it is, and what an open buffer holds; at 0 the blocks from owner on, to the
 * end of the chain, go home.
 */
#ifndef LEAT_MSG_H
#define LEAT_MSG_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef LEAT_MSG_INLINE
#define LEAT_MSG_INLINE LEAT_INLINE
#endif

#define LEAT_MSG_INLINE_BYTES 48

/* The head of each block, 48 bytes or less; private to src/msg. */
struct leat_msg_block;

enum leat_msg_kind { LEAT_MSG_EMPTY, LEAT_MSG_INLINED, LEAT_MSG_SLICE, LEAT_MSG_CHAIN };

/* ABI: 64 bytes, pinned by a test. */
struct leat_msg {
    uint8_t kind;         /* enum leat_msg_kind */
    uint8_t inline_bytes; /* INLINED: the size once more, beside the bytes; else 0 */
    uint16_t flags;       /* 0 */
    uint32_t reserved;    /* 0 */
    int64_t size_bytes;   /* of the payload */
    union {
        unsigned char bytes[LEAT_MSG_INLINE_BYTES];
        struct {
            struct leat_msg_block *owner; /* holds the count and knows where its blocks go */
            struct leat_msg_block *first; /* the block that `data` is in */
            unsigned char *data;          /* where the payload begins */
        } slice;
    } body;
};

/*
 * The most payload bytes that one block of `blocks` holds; 0 when its blocks are too small for any.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_msg_block_payload(const struct leat_blocks *blocks);

/*
 * *msg is the empty message; whatever it was before is forgotten, not given back.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_MSG_INLINE void leat_msg_init(struct leat_msg *msg);

/*
 * *msg has room for size_bytes: inline up to 48, in one block, or in a chain of as many as it takes. The contents are undefined,
 * the payload of each block is aligned to 16.
 *
 * @param msg  empty or uninitialised; untouched on failure       @param blocks  read during the call only; what its free function
 * needs is kept in the blocks, so the struct may go, but not what its context points to.
 * @param size_bytes  0 .. INT64_MAX; a chain takes size_bytes / leat_msg_block_payload(blocks) blocks, rounded up
 * Returns 0; -ENOBUFS when a block could not be had: those taken before went back; -EINVAL when size_bytes is negative or the blocks
 * are too small.   Source: zmq_msg_t's small messages, rte_mbuf's segments
 *
 * [thread: any | blocks: no | allocates: blocks | fails: ENOBUFS EINVAL]
 */
LEAT_API int leat_msg_alloc(struct leat_msg *msg, const struct leat_blocks *blocks, int64_t size_bytes);

/*
 * *msg holds a copy of data[0 .. size_bytes).
 *
 * @param data  borrowed during the call; NULL only when size_bytes is 0        The rest as in leat_msg_alloc.
 *
 * [thread: any | blocks: no | allocates: blocks | fails: ENOBUFS EINVAL]
 */
LEAT_API int leat_msg_copy(struct leat_msg *msg, const struct leat_blocks *blocks, const void *data, int64_t size_bytes);

/*
 * *msg stands for a foreign buffer, which is lent until the last message that refers to it is gone: then free_fn(data, context) runs,
 * once, on the thread that dropped it. One block is taken, for the count.
 *
 * @param data  size_bytes bytes, 0 .. INT64_MAX; lent on success, the caller's on failure, and free_fn was not called then
 * @param free_fn  NULL: nothing is to be done        @param msg, blocks  as in leat_msg_alloc
 * Returns 0; -ENOBUFS; -EINVAL: a negative size, data is NULL with a size, or blocks of fewer than 80 bytes.
 * Source: zmq_msg_init_data
 *
 * [thread: any | blocks: no | allocates: a block | fails: ENOBUFS EINVAL]
 */
LEAT_API int leat_msg_from_buf(struct leat_msg *msg, const struct leat_blocks *blocks, void *data, int64_t size_bytes,
                               void (*free_fn)(void *data, void *context), void *context);

/*
 * *msg refers to the same bytes as *source; what is inline is copied.
 *
 * @param msg  empty or uninitialised, not source itself; from now on to be given back by itself         @param source  unchanged
 * A count that reaches 2^31 sticks: what it counts is never freed, rather than too early.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_msg_ref(struct leat_msg *msg, const struct leat_msg *source);

/*
 * *msg is empty; if it was the last to refer to its bytes, their blocks went home and a foreign buffer's free function ran.
 * On an empty message nothing happens.
 *
 * [thread: any | blocks: no, unless a foreign free function does | allocates: no | fails: never]
 */
LEAT_API void leat_msg_unref(struct leat_msg *msg);

/*
 * *msg refers to size_bytes bytes of *source from offset on; what is inline is copied, an empty slice refers to nothing.
 *
 * @param msg  empty or uninitialised, not source itself; untouched on failure         @param source  unchanged
 * Returns 0, or -EINVAL when the range is not inside the source.
 *
 * [thread: any | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_msg_slice(struct leat_msg *msg, const struct leat_msg *source, int64_t offset, int64_t size_bytes);

/*
 * *msg is without the `front` first bytes of its payload and the `back` last ones, in place: a header and a trailer that were read. Nothing
 * is counted or copied, but what is inline moves to the front; a message that nothing is left of is empty, and its blocks were given back.
 *
 * @param msg  untouched on failure       @param front, back  0 or more, together no more than its size
 * Returns 0, or -EINVAL.   Source: rte_pktmbuf_adj and rte_pktmbuf_trim
 *
 * [thread: any | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_msg_trim(struct leat_msg *msg, int64_t front, int64_t back);

/*
 * *msg is what *source was, and *source is empty. No count changes.
 *
 * @param msg  empty or uninitialised: what it held would be lost; not source itself
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_MSG_INLINE void leat_msg_move(struct leat_msg *msg, struct leat_msg *source);

/*
 * The payload's size in bytes.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_MSG_INLINE int64_t leat_msg_size(const struct leat_msg *msg);

/*
 * The payload where it is one piece, NULL where it is a chain (leat_msg_pieces walks those).
 *
 * Returns a pointer that is good until *msg moves or ends; writable while this is the only reference; of an empty message not to be
 * read through.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void *leat_msg_data(struct leat_msg *msg);

/* A walk over the pieces of one message, which must not move or end meanwhile. */
struct leat_msg_cursor {
    struct leat_msg_block *block; /* that the next piece is in; NULL: not a chain */
    unsigned char *data;          /* where it begins */
    int64_t left;                 /* bytes that are still to come */
};

/*
 * *cursor stands before the first piece of *msg.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_msg_pieces(struct leat_msg *msg, struct leat_msg_cursor *cursor);

/*
 * *piece is the next piece, never an empty one; together, in order, they are the payload.
 *
 * Returns false after the last one, *piece untouched.
 *
 * [thread: any | blocks: no | allocates: no | fails: at the end]
 */
LEAT_API bool leat_msg_next_piece(struct leat_msg_cursor *cursor, struct leat_span *piece);

/*
 * The payload's bytes from offset on, up to `bytes` of them, are copied to data.
 *
 * Returns how many there were, 0 at or beyond the end; -EINVAL when offset or bytes is negative.
 *
 * [thread: any | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int64_t leat_msg_read(struct leat_msg *msg, int64_t offset, void *data, int64_t bytes);

/*
 * A block that is filled from a device, front to back, and cut into messages as it fills. It holds references for the messages to come, so
 * a cut counts nothing: one update of the count, when the buffer is closed, settles what all of its messages took. One thread's.
 */
struct leat_msg_buffer {
    struct leat_msg_block *block; /* NULL: closed */
    unsigned char *data;          /* the room, aligned to 16 */
    int64_t bytes;                /* of it: leat_msg_block_payload(blocks) */
    uint32_t left;                /* references that are still the buffer's */
};

/*
 * *buffer has a block of its own, its contents undefined.
 *
 * @param buffer  closed or uninitialised; untouched on failure       @param blocks  as in leat_msg_alloc
 * Returns 0; -ENOBUFS: no block; -EINVAL: the blocks are too small.
 *
 * [thread: any | blocks: no | allocates: a block | fails: ENOBUFS EINVAL]
 */
LEAT_API int leat_msg_buffer_open(struct leat_msg_buffer *buffer, const struct leat_blocks *blocks);

/*
 * *msg refers to the buffer's bytes offset .. offset + size_bytes, which are not to be written any more; up to 48 are copied instead.
 *
 * @param msg  empty or uninitialised         @param offset, size_bytes  inside the buffer, which is open; up to 2^30 messages of one buffer
 *
 * [thread: the buffer's | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_msg_buffer_cut(struct leat_msg_buffer *buffer, int64_t offset, int64_t size_bytes, struct leat_msg *msg);

/*
 * Returns whether every message cut from the buffer is gone: then all of it may be written anew.
 *
 * [thread: the buffer's | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_msg_buffer_alone(struct leat_msg_buffer *buffer);

/*
 * The buffer is closed; its block goes home with the last of its messages, or now. On a closed one nothing happens.
 *
 * [thread: the buffer's | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_msg_buffer_close(struct leat_msg_buffer *buffer);

/*
 * Where the bytes of *next follow those of *msg in the same block, *msg has both and *next is empty: one piece to write, one message to
 * give back.
 *
 * Returns whether that was so; else nothing has changed.
 *
 * [thread: any | blocks: no | allocates: no | fails: returns false]
 */
LEAT_API bool leat_msg_join(struct leat_msg *msg, struct leat_msg *next);

/*
 * Whether I1 to I4 hold, as far as one message can tell: it walks the pieces.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_msg_valid(const struct leat_msg *msg);

LEAT_MSG_INLINE void leat_msg_init(struct leat_msg *msg)
{
    msg->kind = LEAT_MSG_EMPTY;
    msg->inline_bytes = 0;
    msg->flags = 0;
    msg->reserved = 0;
    msg->size_bytes = 0;
}

LEAT_MSG_INLINE void leat_msg_move(struct leat_msg *msg, struct leat_msg *source)
{
    *msg = *source;
    leat_msg_init(source);
}

LEAT_MSG_INLINE int64_t leat_msg_size(const struct leat_msg *msg)
{
    return msg->size_bytes;
}

#ifdef __cplusplus
}
#endif
#endif
