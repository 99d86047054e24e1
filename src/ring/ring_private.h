/* SPDX-License-Identifier: MIT */
/* What ring.c and record.c, a layer on it, both do to a ring. The invariants and edges are in leat/ring.h. */
#ifndef LEAT_RING_PRIVATE_H
#define LEAT_RING_PRIVATE_H

#include <leat/ring.h>

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The producer's view of `out` is fresh. */
static inline void see_out(struct leat_ring *ring)
{
    ring->out_seen = leat_load(&ring->out, acquire); /* ROOM */
}

/* The consumer's view of `in` is fresh. */
static inline void see_in(struct leat_ring *ring)
{
    ring->in_seen = leat_load(&ring->in, acquire); /* DATA */
}

/* Everything consumed is given back; a store only where there is something to give, for it costs the producer its copy of the line. */
static inline void give_back(struct leat_ring *ring)
{
    if (leat_load(&ring->out, relaxed) != ring->out_local) { /* relaxed: the consumer's own */
        leat_store(&ring->out, ring->out_local, release);    /* ROOM */
    }
}

static inline size_t room_seen(const struct leat_ring *ring)
{
    return ring->mask + 1 - (leat_load(&ring->in, relaxed) - ring->out_seen); /* relaxed: the producer's own */
}

static inline size_t inside_seen(const struct leat_ring *ring)
{
    return ring->in_seen - ring->out_local;
}

/* `bytes` of the ring from `index` on, as one span or two. */
static inline void cut(const struct leat_ring *ring, size_t index, size_t bytes, struct leat_span spans[2])
{
    const size_t at = index & ring->mask;
    const size_t first = smaller(bytes, ring->reach - at);

    spans[0].data = ring->data + at;
    spans[0].bytes = (int64_t)first;
    spans[1].data = ring->data;
    spans[1].bytes = (int64_t)(bytes - first);
}

/* All bytes of both spans are copied from `data`. */
static inline void copy_in(const struct leat_span spans[2], const void *data)
{
    memcpy(spans[0].data, data, (size_t)spans[0].bytes);
    if (spans[1].bytes != 0) {
        memcpy(spans[1].data, (const unsigned char *)data + spans[0].bytes, (size_t)spans[1].bytes);
    }
}

/* All bytes of both spans are copied to `data`. */
static inline void copy_out(const struct leat_span spans[2], void *data)
{
    memcpy(data, spans[0].data, (size_t)spans[0].bytes);
    if (spans[1].bytes != 0) {
        memcpy((unsigned char *)data + spans[0].bytes, spans[1].data, (size_t)spans[1].bytes);
    }
}

#endif
