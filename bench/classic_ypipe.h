/* SPDX-License-Identifier: MIT */
/*
 * classic_ypipe.h: the baseline of every pipe here, ZeroMQ's ypipe over yqueue, written anew from its published idea and kept as plain as
 * that: one compare-and-swap per flush on a shared word, one spare chunk, 256 items to a chunk, no bound, no way to look without
 * announcing sleep. Items of 8 bytes.
 *
 * I1  the places from begin to back are one list of chunks, linked forward; back is the terminator, end the place after it.
 * I2  c is the first place not flushed, or NULL: the reader found nothing and may sleep. w is what the writer last put there.
 *
 * Edges: "item": the writer's exchange of c, by CAS or, when the reader slept, by a store, meets the reader's CAS.
 *        "spare": the reader's exchange of spare_chunk meets the writer's.
 */
#ifndef BENCH_CLASSIC_YPIPE_H
#define BENCH_CLASSIC_YPIPE_H

#include <leat/base.h>

#define CLASSIC_GRANULARITY 256

struct classic_chunk {
    uint64_t items[CLASSIC_GRANULARITY];
    struct classic_chunk *next; /* writer, before the flush that covers it */
    struct classic_chunk *prev; /* writer; reader clears its first chunk's */
};

struct classic_ypipe {
    /* The reader's. */
    alignas(LEAT_CACHE_LINE) struct classic_chunk *begin_chunk;
    unsigned begin_pos;
    uint64_t *r; /* prefetched up to here; NULL: asleep */

    /* The writer's. */
    alignas(LEAT_CACHE_LINE) struct classic_chunk *back_chunk;
    struct classic_chunk *end_chunk;
    unsigned back_pos, end_pos;
    uint64_t *w; /* first place not flushed */
    uint64_t *f; /* first place not to be flushed */

    /* Both. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(uint64_t *) c;
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(struct classic_chunk *) spare_chunk; /* reader puts, writer takes */
};

/* Returns false when there is no memory. Both sides at rest. */
bool classic_ypipe_init(struct classic_ypipe *pipe);
void classic_ypipe_fini(struct classic_ypipe *pipe);

bool classic_ypipe_next_chunk(struct classic_ypipe *pipe);  /* writer's rare branch: end moves to a new chunk */
void classic_ypipe_leave_chunk(struct classic_ypipe *pipe); /* reader's rare branch: begin moves to the next one */

static inline uint64_t *classic_ypipe_back(struct classic_ypipe *pipe)
{
    return &pipe->back_chunk->items[pipe->back_pos];
}

static inline uint64_t *classic_ypipe_front(struct classic_ypipe *pipe)
{
    return &pipe->begin_chunk->items[pipe->begin_pos];
}

/* Reserves the next place. */
static inline bool classic_ypipe_push(struct classic_ypipe *pipe)
{
    struct classic_chunk *chunk = pipe->end_chunk;
    unsigned pos = pipe->end_pos;
    if (pos + 1 != CLASSIC_GRANULARITY) {
        pipe->end_pos = pos + 1;
    } else if (!classic_ypipe_next_chunk(pipe)) {
        return false;
    }
    pipe->back_chunk = chunk;
    pipe->back_pos = pos;
    return true;
}

/* Writer. Returns false, and nothing is written, when there is no memory. */
static inline bool classic_ypipe_write(struct classic_ypipe *pipe, uint64_t item, bool incomplete)
{
    *classic_ypipe_back(pipe) = item;
    if (!classic_ypipe_push(pipe)) {
        return false;
    }
    if (!incomplete) {
        pipe->f = classic_ypipe_back(pipe);
    }
    return true;
}

/* Writer. Returns false when the reader slept and has to be woken. */
static inline bool classic_ypipe_flush(struct classic_ypipe *pipe)
{
    if (pipe->w == pipe->f) {
        return true;
    }
    uint64_t *seen = pipe->w;
    bool awake = leat_cas(&pipe->c, &seen, pipe->f, release, relaxed); /* edge "item" */
    if (!awake) {
        leat_store(&pipe->c, pipe->f, release); /* edge "item": the reader sleeps, or looks again by its CAS */
    }
    pipe->w = pipe->f;
    return awake;
}

/* Reader. Returns false when there is nothing; its sleep is announced then. */
static inline bool classic_ypipe_check_read(struct classic_ypipe *pipe)
{
    uint64_t *front = classic_ypipe_front(pipe);
    if (pipe->r != front && pipe->r != NULL) {
        return true;
    }
    uint64_t *seen = front;
    leat_cas(&pipe->c, &seen, NULL, acquire, acquire); /* edge "item" */
    pipe->r = seen;
    return seen != front && seen != NULL;
}

/* Reader. Returns false when there is nothing; *item is untouched then. */
static inline bool classic_ypipe_read(struct classic_ypipe *pipe, uint64_t *item)
{
    if (!classic_ypipe_check_read(pipe)) {
        return false;
    }
    *item = *classic_ypipe_front(pipe);
    if (++pipe->begin_pos == CLASSIC_GRANULARITY) {
        classic_ypipe_leave_chunk(pipe);
    }
    return true;
}

#endif
