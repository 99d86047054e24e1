/* SPDX-License-Identifier: MIT */
/*
 * leat/record.h: records on a ring: each goes in whole and comes out whole, its length in a prefix before it. After kfifo's record mode.
 *
 *   your word (record kfifo)     ours                          the difference
 *   STRUCT_KFIFO_REC_1, _REC_2   leat_record_init              a layer on any ring; prefixes of 1, 2 and 4 bytes
 *   kfifo_recsize                prefix_bytes of leat_record   likewise
 *   kfifo_in                     leat_record_put               0 or why not; kfifo returns 0 for both "not now" and "never"
 *   kfifo_out                    leat_record_get               a record that does not fit the buffer stays; kfifo cuts it
 *   kfifo_out_peek               leat_record_peek              no copy: a view into the ring
 *   kfifo_peek_len               leat_record_peek_size         a record of 0 bytes and no record are told apart
 *   kfifo_skip                   leat_record_skip              returns what was dropped
 *   kfifo_dma_in_prepare_rec     leat_record_reserve, _commit  in place, likewise leat_record_peek, _consume
 *
 *      | 3 0 | a b c | 0 0 | 5 0 | d e f g h |          prefixes of 2 bytes, the lowest first; the second record is empty
 *
 *   producer thread                      consumer thread                       any thread      both sides at rest
 *   put, reserve, reserve_spans, commit  get, peek, peek_spans, consume, skip  largest         init
 *                                        peek_size
 *
 * The ring is used through this layer alone: a byte put in or taken out beside it shifts all that follows. What a device sends is not cut
 * into records by whoever reads it; for that there is leat/tlv.h.
 *
 * Prefix and record become readable by one commit of the ring, so the edges are its own, DATA and ROOM, and a record is seen whole or not
 * at all. A sleeping producer is to be woken after -EAGAIN, too, as after an empty leat_ring_peek: that is when all space is given back.
 */
#ifndef LEAT_RECORD_H
#define LEAT_RECORD_H

#include <leat/base.h>
#include <leat/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Set by init, read by both sides. */
struct leat_record {
    struct leat_ring *ring;
    size_t prefix_bytes;
    int64_t largest; /* bytes of the largest record: what the prefix can say, and what the ring can hold beside it */
};

/*
 * The ring, which is empty, carries records.
 *
 * @param ring          borrowed until the last use of *record     @param prefix_bytes  1, 2 or 4
 * Returns 0; or -EINVAL, another prefix, and *record is untouched.
 *
 * [thread: both sides at rest | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_record_init(struct leat_record *record, struct leat_ring *ring, int64_t prefix_bytes);

/*
 * Returns the bytes of the largest record that can ever be put in: 255, 65535 or 4294967295, or the ring's size less the prefix.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_record_largest(const struct leat_record *record);

/*
 * A copy of the bytes is the newest record, and readable.
 *
 * @param data   borrowed for the call     @param bytes  0 .. leat_record_largest
 * Returns 0; or -ENOBUFS, no room now, -EMSGSIZE, more bytes than can ever fit, or fewer than 0; and nothing was put in.
 * Source: kfifo_in of a record kfifo
 *
 * [thread: producer | blocks: no | allocates: no | fails: ENOBUFS, EMSGSIZE]
 */
LEAT_API int leat_record_put(struct leat_record *record, const void *data, int64_t bytes);

/*
 * *span is contiguous free space behind the prefix-to-be, the producer's until it commits; nothing is readable yet.
 *
 * @param min_bytes  the least that the record will have, 0 .. leat_record_largest
 * @param span       set on success, untouched otherwise
 * Returns the bytes of the span, the most that the record may have, >= min_bytes; or -ENOBUFS, no room now; -EMSGSIZE, as put;
 * -EXDEV, the room is there, but the physical end of plain memory cuts it, and no waiting joins the pieces: leat_record_reserve_spans
 * or put. A mirrored ring never says so.
 *
 * [thread: producer | blocks: no | allocates: no | fails: ENOBUFS, EMSGSIZE, EXDEV]
 */
LEAT_API int64_t leat_record_reserve(struct leat_record *record, int64_t min_bytes, void **span);

/*
 * spans[0] and then spans[1] are free space behind the prefix-to-be; spans[1].bytes is 0 when one is enough, as always when mirrored.
 *
 * @param min_bytes  as in leat_record_reserve     @param spans  set on success, untouched otherwise
 * Returns the bytes of both together, >= min_bytes; or -ENOBUFS, -EMSGSIZE, as put.
 *
 * [thread: producer | blocks: no | allocates: no | fails: ENOBUFS, EMSGSIZE]
 */
LEAT_API int64_t leat_record_reserve_spans(struct leat_record *record, int64_t min_bytes, struct leat_span spans[2]);

/*
 * The first `bytes` of what was reserved last are the newest record, and readable; the rest is free again.
 *
 * Without a commit nothing was put in: a reservation needs no undoing.
 *
 * @param bytes  0 .. what was reserved; more breaks the ring
 *
 * [thread: producer | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_record_commit(struct leat_record *record, int64_t bytes);

/*
 * Returns the bytes of the oldest record, 0 upwards; or -EAGAIN, there is none, and all space is given back; -EBADMSG, what is inside is
 * no record: its prefix says more than there is.
 *
 * [thread: consumer | blocks: no | allocates: no | fails: EAGAIN, EBADMSG]
 */
LEAT_API int64_t leat_record_peek_size(struct leat_record *record);

/*
 * *span shows the oldest record, contiguous, the consumer's until it consumes it.
 *
 * @param span  set on success, untouched otherwise; for reading only
 * Returns the bytes of the record; or -EAGAIN, -EBADMSG, as peek_size; -EXDEV, the physical end of plain memory cuts the record:
 * leat_record_peek_spans or get. A mirrored ring never says so.
 *
 * [thread: consumer | blocks: no | allocates: no | fails: EAGAIN, EBADMSG, EXDEV]
 */
LEAT_API int64_t leat_record_peek(struct leat_record *record, const void **span);

/*
 * spans[0] and then spans[1] show the oldest record; spans[1].bytes is 0 when one is enough, as always when mirrored.
 *
 * @param spans  set on success, untouched otherwise; for reading only
 * Returns the bytes of the record; or -EAGAIN, -EBADMSG, as peek_size.
 *
 * [thread: consumer | blocks: no | allocates: no | fails: EAGAIN, EBADMSG]
 */
LEAT_API int64_t leat_record_peek_spans(struct leat_record *record, struct leat_span spans[2]);

/*
 * The record that was peeked is gone, its prefix with it. Its space is given back as leat_ring_consume says.
 *
 * @param bytes  what peek, peek_spans or peek_size returned; anything else breaks the order of records
 *
 * [thread: consumer | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_record_consume(struct leat_record *record, int64_t bytes);

/*
 * The oldest record is copied out and gone.
 *
 * @param data      the caller's, at least `capacity` long     @param capacity  bytes, 0 upwards; below 0 counts as 0
 * @param needed    may be NULL; with -EMSGSIZE set to the bytes of the record, else untouched
 * Returns its bytes; or -EAGAIN, -EBADMSG, as peek_size; -EMSGSIZE, it is longer than `capacity`, and stays. On failure data is untouched.
 * Source: kfifo_out of a record kfifo, which cuts
 *
 * [thread: consumer | blocks: no | allocates: no | fails: EAGAIN, EBADMSG, EMSGSIZE]
 */
LEAT_API int64_t leat_record_get(struct leat_record *record, void *data, int64_t capacity, int64_t *needed);

/*
 * The oldest record is gone unread.
 *
 * Returns its bytes; or -EAGAIN, -EBADMSG, as peek_size.   Source: kfifo_skip of a record kfifo
 *
 * [thread: consumer | blocks: no | allocates: no | fails: EAGAIN, EBADMSG]
 */
LEAT_API int64_t leat_record_skip(struct leat_record *record);

#ifdef __cplusplus
}
#endif
#endif
