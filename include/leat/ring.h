/* SPDX-License-Identifier: MIT */
/*
 * leat/ring.h: a byte ring with one producer and one consumer thread, after the Linux kernel's kfifo.
 *
 * Indices run free (they wrap at SIZE_MAX, never at the size), each side caches the other's, and the memory is the caller's.
 * Where that memory is mapped twice, side by side (leat_os_ring_create), every span is contiguous.
 *
 *   your word (kfifo)      ours                      the difference
 *   kfifo_in, kfifo_out    leat_ring_write, _read    the same: as much as fits, the count is returned
 *   kfifo_out_peek         leat_ring_peek            no copy: a view into the ring
 *   kfifo_dma_in_prepare   leat_ring_reserve         one span when mirrored, two in leat_ring_reserve_spans
 *   kfifo_from_user        leat_ring_from_dev (os)   one system call straight into the free space
 *
 * I1  in - out is the number of bytes inside, 0 <= in - out <= size, in wrapping size_t arithmetic.
 * I2  only the producer writes `in`, only the consumer writes `out`.
 * I3  out <= out_local <= in: bytes between out and out_local were consumed but not yet given back to the producer.
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

struct leat_ring {
    /* Set by init, read by both. */
    unsigned char *data;
    size_t mask;    /* size - 1; the size is a power of two */
    size_t give;    /* the consumer gives space back once this much was consumed: an eighth */
    unsigned flags;

    /* The producer's line. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) in; /* written by the producer, read by the consumer */
    size_t out_seen;                                 /* the producer's last view of `out` */
    size_t peak;                                     /* most bytes inside, as the producer saw it */

    /* The consumer's line. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) out; /* written by the consumer, read by the producer */
    size_t out_local;                                 /* consumed up to here */
    size_t in_seen;                                   /* the consumer's last view of `in` */
};

struct leat_ring_stats {
    int64_t size_bytes, used_bytes, peak_bytes;
};

/* The smallest size that leat_ring_init takes and that holds min_bytes; -EINVAL when there is none. */
LEAT_API int64_t leat_ring_size_for(int64_t min_bytes);
/* 0, or -EINVAL: size_bytes is not a power of two from 64 up, or memory is NULL. */
LEAT_API int leat_ring_init(struct leat_ring *ring, void *memory, int64_t size_bytes, unsigned flags);
/* Empties the ring; both sides must be at rest. */
LEAT_API void leat_ring_reset(struct leat_ring *ring);
LEAT_API bool leat_ring_valid(const struct leat_ring *ring);
LEAT_API void leat_ring_stats(const struct leat_ring *ring, struct leat_ring_stats *stats);

LEAT_RING_INLINE int64_t leat_ring_size(const struct leat_ring *ring);
/* Producer: contiguous free bytes, at least min_bytes (>= 1), *span set; or 0 and *span untouched. */
LEAT_RING_INLINE int64_t leat_ring_reserve(struct leat_ring *ring, int64_t min_bytes, void **span);
/* Producer: the free space as one or two spans; returns their total (0: full). */
LEAT_API int64_t leat_ring_reserve_spans(struct leat_ring *ring, struct leat_span spans[2]);
/* Producer: the first `bytes` of what was reserved become readable. */
LEAT_RING_INLINE void leat_ring_commit(struct leat_ring *ring, int64_t bytes);
/* Consumer: contiguous readable bytes, at least min_bytes, *span set; or 0 (and everything consumed was given back). */
LEAT_RING_INLINE int64_t leat_ring_peek(struct leat_ring *ring, int64_t min_bytes, const void **span);
LEAT_API int64_t leat_ring_peek_spans(struct leat_ring *ring, struct leat_span spans[2]);
LEAT_RING_INLINE void leat_ring_consume(struct leat_ring *ring, int64_t bytes);
/* Copying: as much as fits / is there; the count. */
LEAT_API int64_t leat_ring_write(struct leat_ring *ring, const void *data, int64_t bytes);
LEAT_API int64_t leat_ring_read(struct leat_ring *ring, void *data, int64_t bytes);
/* Producer's and consumer's own views. */
LEAT_API int64_t leat_ring_avail(struct leat_ring *ring); /* producer: free bytes */
LEAT_API int64_t leat_ring_used(struct leat_ring *ring);  /* consumer: readable bytes */

/* (inline bodies follow) */

#ifdef __cplusplus
}
#endif
#endif
