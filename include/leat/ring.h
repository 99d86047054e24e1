/* SPDX-License-Identifier: MIT */
/*
 * leat/ring.h: a byte ring with one producer and one consumer thread, after the Linux kernel's kfifo.
 *
 * Indices run free (they wrap at SIZE_MAX, never at the size), each side caches the other's, and the memory is the caller's.
 * Where that memory is mapped twice, side by side (leat_os_ring_create), every span is contiguous.
 *
 *   your word (kfifo)                   ours                           the difference
 *   kfifo_init                          leat_ring_init                 memory is the caller's; mirrored: leat_os_ring_create
 *   kfifo_in, _out                      leat_ring_write, _read         the same: as much as fits, the count is returned
 *   kfifo_out_peek                      leat_ring_copy_out             the same, from an offset on; leat_ring_peek needs no copy
 *   kfifo_out_linear_ptr                leat_ring_peek                 a view; mirrored: of all that is inside
 *   kfifo_skip, _skip_count             leat_ring_skip                 as much as is inside, the count is returned
 *   kfifo_dma_in_prepare, _in_finish    leat_ring_reserve, _commit     one span when mirrored, else two: reserve_spans
 *   kfifo_dma_out_prepare, _out_finish  leat_ring_peek, _consume       likewise: peek_spans
 *   kfifo_from_user, _to_user           leat_ring_from_dev, _to_dev    in leat/os.h: one system call, no copy of ours
 *   kfifo_len, _avail, _size            leat_ring_used, _avail, _size  the consumer's, the producer's, anybody's
 *   kfifo_is_empty, _is_full            leat_ring_is_empty, _is_full   the consumer's, the producer's
 *   kfifo_reset                         leat_ring_reset                the same: both sides at rest
 *   kfifo_reset_out                     leat_ring_skip                 of INT64_MAX bytes
 *   STRUCT_KFIFO_REC_1, _2              leat/record.h                  prefixes of 1, 2 and 4 bytes
 *   -                                   leat_ring_watch                a call when more than a mark is inside
 *   -                                   leat/recorder.h                the oldest records make room
 *
 *   producer thread        consumer thread           any thread     both sides at rest
 *   reserve, _spans        peek, _spans              size, stats    init, reset, valid
 *   commit, write, avail   consume, read, used
 *   is_full, look, sink    is_empty, copy_out, skip
 *   watch
 *
 * I1  in - out is the number of bytes inside, 0 <= in - out <= size, in wrapping size_t arithmetic.
 * I2  only the producer writes `in`, only the consumer writes `out`.
 * I3  out <= out_local <= in: bytes between out and out_local, fewer than `give`, were consumed but not yet given back to the producer.
 * I4  a cached view is never ahead: out_seen <= out, in_seen <= in; and so the producer never exceeds in - out_seen <= size,
 *     the consumer never passes out_local <= in_seen.
 * I5  look <= the larger of peak and give; where a watch waits for watch_high, look <= watch_high: a commit that may pass it looks.
 *
 * Edges, each a release store that an acquire load meets:
 * DATA  `in` stored by commit, loaded where the consumer looks again: the bytes before `in` are there to be read.
 * ROOM  `out` stored by consume or peek, loaded where the producer looks again: the bytes before `out` were read, and may be overwritten.
 */
#ifndef LEAT_RING_H
#define LEAT_RING_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef LEAT_RING_INLINE
#define LEAT_RING_INLINE LEAT_INLINE
#endif

#define LEAT_RING_MIRRORED 1u /* the memory is mapped twice, side by side: 2 * size bytes may be addressed */
#define LEAT_RING_MIN_BYTES 64
#define LEAT_RING_SMALL 256                               /* write and read copy up to here inline */
#define LEAT_RING_MAX_BYTES ((int64_t)(SIZE_MAX / 4 + 1)) /* so that twice the size is still a size_t */

/* The visible fields are ABI, pinned by a test; read and written by leat's own functions only. */
struct leat_ring {
    /* Set by init, read by both. */
    unsigned char *data;
    size_t mask;  /* size - 1; the size is a power of two */
    size_t reach; /* where a span must end: the size, or twice the size when mirrored */
    size_t give;  /* the consumer gives space back once this much was consumed: an eighth */
    unsigned flags;
    bool over; /* the producer's: the watch was called and waits for watch_low. It changes rarely, and the producer's line is full */

    /* The producer's line. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) in; /* written by the producer, read by the consumer */
    size_t out_seen;                                 /* the producer's last view of `out` */
    size_t look;                                     /* the producer looks at `out` again when it seems that more than this is inside */
    LEAT_ATOMIC(size_t) peak;                        /* most bytes inside; written by the producer, read by stats */
    /* The watch, set by leat_ring_watch, the producer's: NULL, or called when more than watch_high bytes are inside. */
    void (*watch)(void *context, struct leat_ring *ring, int64_t inside_bytes);
    void *watch_context;
    size_t watch_high, watch_low;

    /* The consumer's line. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) out; /* written by the consumer, read by the producer */
    size_t out_local;                                 /* consumed up to here */
    size_t in_seen;                                   /* the consumer's last view of `in` */
};

struct leat_ring_stats {
    int64_t size_bytes;
    int64_t used_bytes; /* inside and not yet given back, 0 .. size_bytes */
    int64_t peak_bytes; /* the most that the producer found inside; between two looks up to an eighth of the size may go unseen */
};

/*
 * Returns the smallest size that leat_ring_init takes and that holds min_bytes.
 *
 * @param min_bytes  bytes, 0 .. LEAT_RING_MAX_BYTES
 * Returns bytes, a power of two; or -EINVAL when there is none.
 *
 * [thread: any | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int64_t leat_ring_size_for(int64_t min_bytes);

/*
 * The ring is empty, uses `memory` for its bytes, and has no watch.
 *
 * @param ring        aligned as its type demands, owned by the caller
 * @param memory      size_bytes long (mirrored: 2 * size_bytes, the second half showing the first); borrowed until the last use of the ring
 * @param size_bytes  a power of two, LEAT_RING_MIN_BYTES .. LEAT_RING_MAX_BYTES
 * @param flags       0 or LEAT_RING_MIRRORED
 * Returns 0; or -EINVAL, and *ring is untouched: another size, unknown flags, or memory is NULL.
 *
 * [thread: both sides at rest | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_ring_init(struct leat_ring *ring, void *memory, int64_t size_bytes, unsigned flags);

/*
 * The ring is empty and its peak 0. A watch stays, ready to be called.
 *
 * [thread: both sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_ring_reset(struct leat_ring *ring);

/*
 * Returns whether the invariants I1, I3, I4 and I5 and the fixed fields hold.
 *
 * [thread: both sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_ring_valid(const struct leat_ring *ring);

/*
 * *stats says how full the ring is and was; exact with both sides at rest, else a moment's view.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_ring_stats(const struct leat_ring *ring, struct leat_ring_stats *stats);

/*
 * Returns the size in bytes.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_RING_INLINE int64_t leat_ring_size(const struct leat_ring *ring);

/*
 * *span is contiguous free space, the producer's until it commits; nothing is readable yet.
 *
 * A span of plain (not mirrored) memory stops at the physical end, so that 0 may be returned although min_bytes are free in two
 * pieces: take leat_ring_reserve_spans, or a mirrored ring.
 *
 * @param min_bytes  the least that is of use, bytes, 1 .. size; below 1 counts as 1
 * @param span       set on success, untouched otherwise
 * Returns the bytes of the span, >= min_bytes; or 0. All the free space is returned that the cached view shows: more may be free.
 *
 * [thread: producer | blocks: no | allocates: no | fails: returns 0]
 */
LEAT_RING_INLINE int64_t leat_ring_reserve(struct leat_ring *ring, int64_t min_bytes, void **span);

/*
 * spans[0] and then spans[1] are all the free space, as of now; spans[1].bytes is 0 when one span is enough, as always when mirrored.
 *
 * @param spans  set on success, untouched otherwise
 * Returns the bytes of both together; or 0, the ring is full.
 *
 * [thread: producer | blocks: no | allocates: no | fails: returns 0]
 */
LEAT_API int64_t leat_ring_reserve_spans(struct leat_ring *ring, struct leat_span spans[2]);

/*
 * The first `bytes` of what was reserved last are readable; the rest is free again.
 *
 * @param bytes  0 .. what was reserved; more breaks the ring
 *
 * [thread: producer | blocks: no | allocates: no | fails: never]
 */
LEAT_RING_INLINE void leat_ring_commit(struct leat_ring *ring, int64_t bytes);

/*
 * *span shows the oldest bytes inside, contiguous, the consumer's until it consumes them.
 *
 * Before 0 is returned everything consumed is given back to the producer. A producer that sleeps because the ring was full is
 * therefore to be woken after a peek that returned 0, not only after a consume. The physical end stops a span of plain memory,
 * as with leat_ring_reserve.
 *
 * @param min_bytes  the least that is of use, bytes, 1 .. size; below 1 counts as 1
 * @param span       set on success, untouched otherwise; valid until the bytes are consumed
 * Returns the bytes of the span, >= min_bytes; or 0. All is returned that the cached view shows: more may be inside.
 *
 * [thread: consumer | blocks: no | allocates: no | fails: returns 0]
 */
LEAT_RING_INLINE int64_t leat_ring_peek(struct leat_ring *ring, int64_t min_bytes, const void **span);

/*
 * spans[0] and then spans[1] show all bytes inside, as of now, and everything consumed before is given back to the producer.
 * spans[1].bytes is 0 when one span is enough, as always when mirrored.
 *
 * @param spans  set on success, untouched otherwise; for reading only
 * Returns the bytes of both together; or 0, the ring is empty.
 *
 * [thread: consumer | blocks: no | allocates: no | fails: returns 0]
 */
LEAT_API int64_t leat_ring_peek_spans(struct leat_ring *ring, struct leat_span spans[2]);

/*
 * The first `bytes` of what was peeked last are gone. Their space is given back lazily: at once when an eighth of the size has
 * gathered, else at the latest when peek, read or used find too little.
 *
 * @param bytes  0 .. what was peeked; more breaks the ring
 *
 * [thread: consumer | blocks: no | allocates: no | fails: never]
 */
LEAT_RING_INLINE void leat_ring_consume(struct leat_ring *ring, int64_t bytes);

/*
 * As many of the bytes as fit are copied in and readable.
 *
 * @param data   borrowed for the call    @param bytes  0 upwards; below 0 counts as 0
 * Returns the bytes copied, 0 .. bytes.   Source: kfifo_in
 *
 * [thread: producer | blocks: no | allocates: no | fails: returns less]
 */
LEAT_RING_INLINE int64_t leat_ring_write(struct leat_ring *ring, const void *data, int64_t bytes);

/*
 * As many bytes as are inside, and asked for, are copied out and gone; when that is less than asked for, all their space is given back.
 *
 * @param data   the caller's, at least `bytes` long    @param bytes  0 upwards; below 0 counts as 0
 * Returns the bytes copied, 0 .. bytes.   Source: kfifo_out
 *
 * [thread: consumer | blocks: no | allocates: no | fails: returns less]
 */
LEAT_RING_INLINE int64_t leat_ring_read(struct leat_ring *ring, void *data, int64_t bytes);

/*
 * As many bytes as are inside from `offset` on, and asked for, are copied out and stay inside; when that is less than asked for, all the
 * space of what was consumed before is given back.
 *
 * @param offset  bytes after the oldest, 0 upwards; below 0 counts as 0     @param data  the caller's, at least `bytes` long
 * @param bytes   0 upwards; below 0 counts as 0
 * Returns the bytes copied, 0 .. bytes; 0 too when the offset is beyond what is inside.   Source: kfifo_out_peek
 *
 * [thread: consumer | blocks: no | allocates: no | fails: returns less]
 */
LEAT_API int64_t leat_ring_copy_out(struct leat_ring *ring, int64_t offset, void *data, int64_t bytes);

/*
 * As many bytes as are inside, and asked for, are gone unread; when that is less than asked for, all their space is given back.
 *
 * @param bytes  0 upwards; below 0 counts as 0; INT64_MAX: all that is inside
 * Returns the bytes dropped, 0 .. bytes.   Source: kfifo_skip, kfifo_reset_out
 *
 * [thread: consumer | blocks: no | allocates: no | fails: returns less]
 */
LEAT_API int64_t leat_ring_skip(struct leat_ring *ring, int64_t bytes);

/*
 * Returns the free bytes as of now; as many at least stay free until the producer commits. What was consumed but not given back
 * is not free.
 *
 * [thread: producer | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_ring_avail(struct leat_ring *ring);

/*
 * Returns the readable bytes as of now; when 0, everything consumed was given back.
 *
 * [thread: consumer | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_ring_used(struct leat_ring *ring);

/*
 * Returns whether nothing was readable as of now; when true, everything consumed was given back. false holds until the consumer consumes.
 *
 * [thread: consumer | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_ring_is_empty(struct leat_ring *ring);

/*
 * Returns whether no byte was free as of now; what was consumed but not given back is not free. false holds until the producer commits.
 *
 * [thread: producer | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_ring_is_full(struct leat_ring *ring);

/*
 * Returns the ring as a place for writers of bytes: leat_ring_reserve and leat_ring_commit behind a struct leat_sink.
 *
 * @param ring  borrowed as long as the sink is used
 *
 * [thread: producer | blocks: no | allocates: no | fails: never]
 */
LEAT_API struct leat_sink leat_ring_sink(struct leat_ring *ring);

/*
 * The producer's view of the consumer is fresh, the peak counts what is inside now, and a watch whose mark is passed was called. Reserve
 * and commit look by themselves when they have to; from_dev looks after each read.
 *
 * [thread: producer | blocks: no | allocates: no | fails: never]
 */
LEAT_API LEAT_COLD void leat_ring_look(struct leat_ring *ring);

/*
 * `call` will be told, on the producer's thread, when too much is inside: a consumer that falls behind. It replaces an earlier watch.
 *
 * It is called once when the producer, looking at the consumer's index, sees more than `high` bytes inside, and again only after the
 * producer has seen fewer than `low`. A commit after which more than `high` are inside looks for certain, so the first call comes within
 * that commit, the bytes readable. After a call the producer looks when more than an eighth of the size was committed since its last look,
 * when it finds too little room, and with each leat_ring_look; a fall below `low` that was over by then was not seen. What was consumed and
 * is not yet given back counts as inside.
 *
 * @param high     bytes, 0 .. size - 1     @param low  bytes, 0 .. high; 0: called once, never again
 * @param call     inside_bytes is what it saw; must not reserve, commit, write or watch. NULL: no watch, the marks are not looked at
 * @param context  handed on as it is; borrowed as long as the watch stands
 * Returns 0; or -EINVAL, and the earlier watch stands: the marks are out of range.
 *
 * [thread: producer | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_ring_watch(struct leat_ring *ring, int64_t high, int64_t low,
                             void (*call)(void *context, struct leat_ring *ring, int64_t inside_bytes), void *context);

/* Of write and read below: memcpy of up to LEAT_RING_SMALL bytes. */
LEAT_RING_INLINE void leat_ring_copy_small(void *to, const void *from, size_t bytes);

/* The rare halves of reserve, peek, write and read below; all large copies take them. A span of 0 bytes: there is none. */
LEAT_API LEAT_COLD struct leat_span leat_ring_reserve_again(struct leat_ring *ring, int64_t min_bytes);
LEAT_API LEAT_COLD struct leat_span leat_ring_peek_again(struct leat_ring *ring, int64_t min_bytes);
LEAT_API int64_t leat_ring_write_again(struct leat_ring *ring, const void *data, int64_t bytes);
LEAT_API int64_t leat_ring_read_again(struct leat_ring *ring, void *data, int64_t bytes);

LEAT_RING_INLINE int64_t leat_ring_size(const struct leat_ring *ring)
{
    return (int64_t)(ring->mask + 1);
}

LEAT_RING_INLINE int64_t leat_ring_reserve(struct leat_ring *ring, int64_t min_bytes, void **span)
{
    const size_t in = leat_load(&ring->in, relaxed); /* relaxed: the producer's own */
    const size_t at = in & ring->mask;
    const size_t room = ring->mask + 1 - (in - ring->out_seen);
    const size_t bytes = room < ring->reach - at ? room : ring->reach - at;
    /* What the rare half finds it returns: where it stored to *span itself, the caller's variable was memory, one more store each time. */
    struct leat_span found = {ring->data + at, (int64_t)bytes};

    if (LEAT_UNLIKELY(bytes == 0 || found.bytes < min_bytes)) {
        found = leat_ring_reserve_again(ring, min_bytes);
        if (found.bytes == 0) {
            return 0;
        }
    }
    *span = found.data;
    return found.bytes;
}

LEAT_RING_INLINE void leat_ring_commit(struct leat_ring *ring, int64_t bytes)
{
    const size_t in = leat_load(&ring->in, relaxed) + (size_t)bytes; /* relaxed: the producer's own */

    leat_store(&ring->in, in, release); /* DATA */
    if (LEAT_UNLIKELY(in - ring->out_seen > ring->look)) {
        leat_ring_look(ring);
    }
}

LEAT_RING_INLINE int64_t leat_ring_peek(struct leat_ring *ring, int64_t min_bytes, const void **span)
{
    const size_t at = ring->out_local & ring->mask;
    const size_t inside = ring->in_seen - ring->out_local;
    const size_t bytes = inside < ring->reach - at ? inside : ring->reach - at;
    struct leat_span found = {ring->data + at, (int64_t)bytes}; /* as in reserve */

    if (LEAT_UNLIKELY(bytes == 0 || found.bytes < min_bytes)) {
        found = leat_ring_peek_again(ring, min_bytes);
        if (found.bytes == 0) {
            return 0;
        }
    }
    *span = found.data;
    return found.bytes;
}

LEAT_RING_INLINE void leat_ring_consume(struct leat_ring *ring, int64_t bytes)
{
    const size_t out = ring->out_local + (size_t)bytes;

    ring->out_local = out;
    if (out - leat_load(&ring->out, relaxed) >= ring->give) { /* relaxed: the consumer's own */
        leat_store(&ring->out, out, release);                 /* ROOM */
    }
}

LEAT_RING_INLINE void leat_ring_copy_small(void *to, const void *from, size_t bytes)
{
    unsigned char *const into = (unsigned char *)to;
    const unsigned char *const out_of = (const unsigned char *)from;
    size_t done = 0;

    for (; LEAT_COPIES_WORDS && done + 16 <= bytes; done += 16) {
        leat_copy_16(into + done, out_of + done);
    }
    if (done != bytes) {
        memcpy(into + done, out_of + done, bytes - done);
    }
}

LEAT_RING_INLINE int64_t leat_ring_write(struct leat_ring *ring, const void *data, int64_t bytes)
{
    const size_t in = leat_load(&ring->in, relaxed); /* relaxed: the producer's own */
    const size_t at = in & ring->mask;
    const size_t inside = in - ring->out_seen;

    /* What stays below `look` has room, and its commit need not look. */
    if (LEAT_UNLIKELY((uint64_t)bytes > LEAT_RING_SMALL || (ptrdiff_t)(ring->look - inside) < bytes || ring->reach - at < (size_t)bytes)) {
        return leat_ring_write_again(ring, data, bytes);
    }
    leat_ring_copy_small(ring->data + at, data, (size_t)bytes);
    leat_store(&ring->in, in + (size_t)bytes, release); /* DATA */
    return bytes;
}

LEAT_RING_INLINE int64_t leat_ring_read(struct leat_ring *ring, void *data, int64_t bytes)
{
    const size_t at = ring->out_local & ring->mask;
    const size_t inside = ring->in_seen - ring->out_local;

    if (LEAT_UNLIKELY((uint64_t)bytes > LEAT_RING_SMALL || inside < (size_t)bytes || ring->reach - at < (size_t)bytes)) {
        return leat_ring_read_again(ring, data, bytes);
    }
    leat_ring_copy_small(data, ring->data + at, (size_t)bytes);
    leat_ring_consume(ring, bytes);
    return bytes;
}

#ifdef __cplusplus
}
#endif
#endif
