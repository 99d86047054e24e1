/* SPDX-License-Identifier: MIT */
#define LEAT_RING_INLINE LEAT_API extern inline
#include "ring_private.h"

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* A count that the caller gave, as a size_t; below 0 counts as 0, and what exceeds the ring is cut there. */
static size_t wanted(const struct leat_ring *ring, int64_t bytes)
{
    if (bytes <= 0) {
        return 0;
    }
    return bytes > leat_ring_size(ring) ? ring->mask + 1 : (size_t)bytes;
}

int64_t leat_ring_size_for(int64_t min_bytes)
{
    int64_t size = LEAT_RING_MIN_BYTES;

    if (min_bytes < 0 || min_bytes > LEAT_RING_MAX_BYTES) {
        return -EINVAL;
    }
    while (size < min_bytes) {
        size *= 2;
    }
    return size;
}

int leat_ring_init(struct leat_ring *ring, void *memory, int64_t size_bytes, unsigned flags)
{
    if (memory == NULL || size_bytes < LEAT_RING_MIN_BYTES || size_bytes > LEAT_RING_MAX_BYTES || (size_bytes & (size_bytes - 1)) != 0 ||
        (flags & ~LEAT_RING_MIRRORED) != 0) {
        return -EINVAL;
    }
    ring->data = memory;
    ring->mask = (size_t)size_bytes - 1;
    ring->reach = (flags & LEAT_RING_MIRRORED) != 0 ? 2 * (size_t)size_bytes : (size_t)size_bytes;
    ring->give = (size_t)size_bytes / 8;
    ring->flags = flags;
    ring->watch = NULL;
    ring->watch_context = NULL;
    ring->watch_high = 0;
    ring->watch_low = 0;
    leat_ring_reset(ring);
    return 0;
}

/* The producer looks again when it seems that the peak, or a mark, may be passed; `inside` is what it saw last. */
static void set_look(struct leat_ring *ring, size_t inside)
{
    ring->look = larger(leat_load(&ring->peak, relaxed), ring->give); /* relaxed: the producer's own */
    if (ring->watch != NULL) {
        ring->look = smaller(ring->look, ring->over ? inside + ring->give : ring->watch_high);
    }
}

void leat_ring_reset(struct leat_ring *ring)
{
    /* relaxed, all three: nobody else is here; what starts the other thread orders them. */
    leat_store(&ring->in, 0, relaxed);
    leat_store(&ring->peak, 0, relaxed);
    leat_store(&ring->out, 0, relaxed);
    ring->out_seen = 0;
    ring->over = false;
    set_look(ring, 0);
    ring->out_local = 0;
    ring->in_seen = 0;
}

bool leat_ring_valid(const struct leat_ring *ring)
{
    const size_t size = ring->mask + 1;
    const bool mirrored = (ring->flags & LEAT_RING_MIRRORED) != 0;
    /* relaxed, both: both sides are at rest. */
    const size_t out = leat_load(&ring->out, relaxed);
    const size_t in = leat_load(&ring->in, relaxed);
    /* How far each index is beyond the oldest of all, out_seen: in their right order these distances do not fall. */
    const size_t given = out - ring->out_seen;
    const size_t consumed = ring->out_local - ring->out_seen;
    const size_t seen = ring->in_seen - ring->out_seen;
    const size_t committed = in - ring->out_seen;

    if (ring->data == NULL || size < LEAT_RING_MIN_BYTES || (size & ring->mask) != 0 || ring->give != size / 8 ||
        ring->reach != (mirrored ? 2 * size : size)) {
        return false;
    }
    if (ring->look > larger(leat_load(&ring->peak, relaxed), ring->give) || /* relaxed: both sides are at rest */
        (ring->watch != NULL &&
         (ring->watch_low > ring->watch_high || ring->watch_high > ring->mask || (!ring->over && ring->look > ring->watch_high)))) {
        return false;
    }
    return given <= consumed && consumed <= seen && seen <= committed && committed <= size && consumed - given < ring->give;
}

void leat_ring_stats(const struct leat_ring *ring, struct leat_ring_stats *stats)
{
    /* ROOM first: an `in` loaded after it is not older, so that the difference cannot be negative. */
    const size_t out = leat_load(&ring->out, acquire);
    const size_t in = leat_load(&ring->in, relaxed);     /* relaxed: a number for people, no byte is read on its account */
    const size_t peak = leat_load(&ring->peak, relaxed); /* relaxed: likewise */
    const size_t used = smaller(in - out, ring->mask + 1);

    stats->size_bytes = leat_ring_size(ring);
    stats->used_bytes = (int64_t)used;
    stats->peak_bytes = (int64_t)(used > peak ? used : peak);
}

/* Calls the watch where `inside` bytes cross its upper mark. */
static void see_marks(struct leat_ring *ring, size_t inside)
{
    const bool was_over = ring->over;

    ring->over = was_over ? inside >= ring->watch_low : inside > ring->watch_high;
    set_look(ring, inside);
    if (ring->over && !was_over) {
        ring->watch(ring->watch_context, ring, (int64_t)inside);
    }
}

void leat_ring_look(struct leat_ring *ring)
{
    size_t inside;

    see_out(ring);
    inside = ring->mask + 1 - room_seen(ring);
    if (inside > leat_load(&ring->peak, relaxed)) { /* relaxed: the producer's own */
        leat_store(&ring->peak, inside, relaxed);   /* relaxed: a number for people */
        set_look(ring, inside);
    }
    if (LEAT_UNLIKELY(ring->watch != NULL)) {
        see_marks(ring, inside);
    }
}

int leat_ring_watch(struct leat_ring *ring, int64_t high, int64_t low,
                    void (*call)(void *context, struct leat_ring *ring, int64_t inside_bytes), void *context)
{
    if (call != NULL && (low < 0 || low > high || high >= leat_ring_size(ring))) {
        return -EINVAL;
    }
    ring->watch = call;
    ring->watch_context = context;
    ring->watch_high = call != NULL ? (size_t)high : 0;
    ring->watch_low = call != NULL ? (size_t)low : 0;
    ring->over = false;
    set_look(ring, 0);
    return 0;
}

/* `bytes` from `index` on, as far as they are contiguous; none where that is too little. */
static struct leat_span piece(const struct leat_ring *ring, size_t index, size_t bytes, int64_t min_bytes)
{
    const size_t at = index & ring->mask;
    struct leat_span span = {ring->data + at, (int64_t)smaller(bytes, ring->reach - at)};

    if (span.bytes < min_bytes) {
        span.bytes = 0;
    }
    return span;
}

struct leat_span leat_ring_reserve_again(struct leat_ring *ring, int64_t min_bytes)
{
    leat_ring_look(ring);
    return piece(ring, leat_load(&ring->in, relaxed), room_seen(ring), min_bytes); /* relaxed: the producer's own */
}

int64_t leat_ring_reserve_spans(struct leat_ring *ring, struct leat_span spans[2])
{
    size_t room;

    leat_ring_look(ring);
    room = room_seen(ring);
    if (room != 0) {
        cut(ring, leat_load(&ring->in, relaxed), room, spans); /* relaxed: the producer's own */
    }
    return (int64_t)room;
}

struct leat_span leat_ring_peek_again(struct leat_ring *ring, int64_t min_bytes)
{
    struct leat_span found;

    see_in(ring);
    found = piece(ring, ring->out_local, inside_seen(ring), min_bytes);
    if (found.bytes == 0) {
        give_back(ring);
    }
    return found;
}

int64_t leat_ring_peek_spans(struct leat_ring *ring, struct leat_span spans[2])
{
    size_t inside;

    see_in(ring);
    give_back(ring);
    inside = inside_seen(ring);
    if (inside != 0) {
        cut(ring, ring->out_local, inside, spans);
    }
    return (int64_t)inside;
}

int64_t leat_ring_write_again(struct leat_ring *ring, const void *data, int64_t bytes)
{
    struct leat_span spans[2];
    size_t count = wanted(ring, bytes);

    if (room_seen(ring) < count) {
        leat_ring_look(ring);
        count = smaller(count, room_seen(ring));
    }
    if (count == 0) {
        return 0;
    }
    cut(ring, leat_load(&ring->in, relaxed), count, spans); /* relaxed: the producer's own */
    copy_in(spans, data);
    leat_ring_commit(ring, (int64_t)count);
    return (int64_t)count;
}

int64_t leat_ring_read_again(struct leat_ring *ring, void *data, int64_t bytes)
{
    struct leat_span spans[2];
    size_t count = wanted(ring, bytes);

    if (inside_seen(ring) < count) {
        see_in(ring);
        count = smaller(count, inside_seen(ring));
    }
    if (count != 0) {
        cut(ring, ring->out_local, count, spans);
        copy_out(spans, data);
        leat_ring_consume(ring, (int64_t)count);
    }
    if ((int64_t)count < bytes) {
        give_back(ring);
    }
    return (int64_t)count;
}

int64_t leat_ring_copy_out(struct leat_ring *ring, int64_t offset, void *data, int64_t bytes)
{
    struct leat_span spans[2];
    const size_t skipped = wanted(ring, offset);
    size_t count = wanted(ring, bytes);

    if (inside_seen(ring) < skipped + count) {
        see_in(ring);
        count = smaller(count, inside_seen(ring) - smaller(skipped, inside_seen(ring)));
    }
    if (count != 0) {
        cut(ring, ring->out_local + skipped, count, spans);
        copy_out(spans, data);
    }
    if ((int64_t)count < bytes) {
        give_back(ring);
    }
    return (int64_t)count;
}

int64_t leat_ring_skip(struct leat_ring *ring, int64_t bytes)
{
    size_t count = wanted(ring, bytes);

    if (inside_seen(ring) < count) {
        see_in(ring);
        count = smaller(count, inside_seen(ring));
    }
    leat_ring_consume(ring, (int64_t)count);
    if ((int64_t)count < bytes) {
        give_back(ring);
    }
    return (int64_t)count;
}

int64_t leat_ring_avail(struct leat_ring *ring)
{
    leat_ring_look(ring);
    return (int64_t)room_seen(ring);
}

int64_t leat_ring_used(struct leat_ring *ring)
{
    see_in(ring);
    if (inside_seen(ring) == 0) {
        give_back(ring);
    }
    return (int64_t)inside_seen(ring);
}

bool leat_ring_is_empty(struct leat_ring *ring)
{
    return inside_seen(ring) == 0 && leat_ring_used(ring) == 0;
}

bool leat_ring_is_full(struct leat_ring *ring)
{
    return room_seen(ring) == 0 && leat_ring_avail(ring) == 0;
}

static int64_t sink_reserve(void *context, int64_t min_bytes, void **span)
{
    return leat_ring_reserve(context, min_bytes, span);
}

static void sink_commit(void *context, int64_t bytes)
{
    leat_ring_commit(context, bytes);
}

struct leat_sink leat_ring_sink(struct leat_ring *ring)
{
    return (struct leat_sink){.reserve = sink_reserve, .commit = sink_commit, .context = ring};
}
