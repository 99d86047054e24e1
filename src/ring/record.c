/* SPDX-License-Identifier: MIT */
/* record.c: a prefix and its record go through the ring as one piece. */
#include <leat/record.h>

#include "ring_private.h"

int leat_record_init(struct leat_record *record, struct leat_ring *ring, int64_t prefix_bytes)
{
    int64_t says;

    if (prefix_bytes != 1 && prefix_bytes != 2 && prefix_bytes != 4) {
        return -EINVAL;
    }
    says = (INT64_C(1) << 8 * prefix_bytes) - 1;
    record->ring = ring;
    record->prefix_bytes = (size_t)prefix_bytes;
    record->largest = leat_ring_size(ring) - prefix_bytes;
    if (record->largest > says) {
        record->largest = says;
    }
    return 0;
}

int64_t leat_record_largest(const struct leat_record *record)
{
    return record->largest;
}

/* ---- producer ---- */

/* Returns 0 when there is room for a record of so many bytes, in one piece or two; or -ENOBUFS, -EMSGSIZE. */
static int ask_for(const struct leat_record *record, int64_t bytes)
{
    struct leat_ring *ring = record->ring;

    if (bytes < 0 || bytes > record->largest) {
        return -EMSGSIZE;
    }
    if (room_seen(ring) < record->prefix_bytes + (size_t)bytes) {
        leat_ring_look(ring);
        if (room_seen(ring) < record->prefix_bytes + (size_t)bytes) {
            return -ENOBUFS;
        }
    }
    return 0;
}

int64_t leat_record_reserve_spans(struct leat_record *record, int64_t min_bytes, struct leat_span spans[2])
{
    struct leat_ring *ring = record->ring;
    const int rc = ask_for(record, min_bytes);
    size_t most;

    if (rc < 0) {
        return rc;
    }
    most = smaller(room_seen(ring) - record->prefix_bytes, (size_t)record->largest);
    cut(ring, leat_load(&ring->in, relaxed) + record->prefix_bytes, most, spans); /* relaxed: the producer's own */
    return (int64_t)most;
}

int64_t leat_record_reserve(struct leat_record *record, int64_t min_bytes, void **span)
{
    struct leat_span spans[2];
    const int64_t most = leat_record_reserve_spans(record, min_bytes, spans);

    if (most < 0) {
        return most;
    }
    if (spans[0].bytes < min_bytes) {
        return -EXDEV;
    }
    *span = spans[0].data;
    return spans[0].bytes;
}

void leat_record_commit(struct leat_record *record, int64_t bytes)
{
    struct leat_ring *ring = record->ring;
    const size_t in = leat_load(&ring->in, relaxed); /* relaxed: the producer's own */

    for (size_t i = 0; i < record->prefix_bytes; i++) {
        ring->data[(in + i) & ring->mask] = (unsigned char)((uint64_t)bytes >> 8 * i);
    }
    leat_ring_commit(ring, (int64_t)record->prefix_bytes + bytes);
}

int leat_record_put(struct leat_record *record, const void *data, int64_t bytes)
{
    struct leat_ring *ring = record->ring;
    struct leat_span spans[2];
    const int rc = ask_for(record, bytes);

    if (rc < 0) {
        return rc;
    }
    if (bytes != 0) {
        cut(ring, leat_load(&ring->in, relaxed) + record->prefix_bytes, (size_t)bytes, spans); /* relaxed: the producer's own */
        copy_in(spans, data);
    }
    leat_record_commit(record, bytes);
    return 0;
}

/* ---- consumer ---- */

/* Returns the bytes of the oldest record when it is whole in what the consumer has seen, else -1. */
static int64_t size_seen(const struct leat_record *record)
{
    const struct leat_ring *ring = record->ring;
    const size_t inside = inside_seen(ring);
    uint64_t bytes = 0;

    if (inside < record->prefix_bytes) {
        return -1;
    }
    for (size_t i = 0; i < record->prefix_bytes; i++) {
        bytes |= (uint64_t)ring->data[(ring->out_local + i) & ring->mask] << 8 * i;
    }
    return bytes <= inside - record->prefix_bytes ? (int64_t)bytes : -1;
}

int64_t leat_record_peek_size(struct leat_record *record)
{
    struct leat_ring *ring = record->ring;
    int64_t bytes = size_seen(record);

    if (bytes < 0) {
        see_in(ring);
        bytes = size_seen(record);
    }
    if (bytes >= 0) {
        return bytes;
    }
    give_back(ring);
    return inside_seen(ring) == 0 ? -EAGAIN : -EBADMSG;
}

int64_t leat_record_peek_spans(struct leat_record *record, struct leat_span spans[2])
{
    const int64_t bytes = leat_record_peek_size(record);

    if (bytes >= 0) {
        cut(record->ring, record->ring->out_local + record->prefix_bytes, (size_t)bytes, spans);
    }
    return bytes;
}

int64_t leat_record_peek(struct leat_record *record, const void **span)
{
    struct leat_span spans[2];
    const int64_t bytes = leat_record_peek_spans(record, spans);

    if (bytes < 0) {
        return bytes;
    }
    if (spans[1].bytes != 0) {
        return -EXDEV;
    }
    *span = spans[0].data;
    return bytes;
}

void leat_record_consume(struct leat_record *record, int64_t bytes)
{
    leat_ring_consume(record->ring, (int64_t)record->prefix_bytes + bytes);
}

int64_t leat_record_get(struct leat_record *record, void *data, int64_t capacity, int64_t *needed)
{
    struct leat_span spans[2];
    const int64_t bytes = leat_record_peek_spans(record, spans);

    if (bytes < 0) {
        return bytes;
    }
    if (bytes > 0 && bytes > capacity) {
        if (needed != NULL) {
            *needed = bytes;
        }
        return -EMSGSIZE;
    }
    if (bytes != 0) {
        copy_out(spans, data);
    }
    leat_record_consume(record, bytes);
    return bytes;
}

int64_t leat_record_skip(struct leat_record *record)
{
    const int64_t bytes = leat_record_peek_size(record);

    if (bytes >= 0) {
        leat_record_consume(record, bytes);
    }
    return bytes;
}
