/* SPDX-License-Identifier: MIT */
/*
 * leat/pipe.h: a chunked queue of fixed-size items from one writer thread to one reader thread, lock-free, with batched flush and
 * prefetching read: libzmq's yqueue and ypipe, bounded.
 *
 * The words are theirs. `push` only reserves the next place; `back` is the place reserved before: store there, then push. After a push,
 * back() is the terminator (a place without an item yet), not the item.
 *
 *      begin_chunk                        back_chunk                     end_chunk
 *      +--------------------+  next  +--------------------+  next  +--------------------+
 *      | . . 2 3 4 5 6 7    | -----> | 8 9 10 11 T        | -----> | e                  |
 *      +-----|--------------+ <----- +---------|----------+ <----- +-|------------------+
 *            begin_pos          prev           back_pos       prev   end_pos      (drawn apart: end is the place after back)
 *
 *      popped     r           w       f        pushed      positions: items counted from the start, each side's own
 *        2        6           8       10       12
 *      read next  prefetched  |       complete written
 *                 up to here  flushed up to here: c
 *
 * What differs from libzmq, and why:
 *  1. w, f, r and c are positions (free-running counters of items), not pointers. c has room for the sleeping mark beside the position
 *     and never becomes NULL, so the reader learns of new items by a plain load, and `poll` can look without announcing anything.
 *  2. flush is one exchange instead of a CAS and, for a sleeping reader, a store: it cannot fail, and it takes the announcement back in
 *     the same step. Hence three results, not a bool: nothing to do, awake, asleep (wake it).
 *  3. check_read announces by a strong CAS on c, only after a load showed nothing new; libzmq pays a CAS for every prefetch.
 *  4. It is bounded. The reader says in o, lazily, how far it has read; a writer that is full may announce its sleep there, in the same
 *     way as the reader does in c.
 *  5. Running out of memory is a `false`, with nothing changed; libzmq aborts.
 *  6. begin_pos, back_pos and end_pos are byte offsets in their chunk: the size of an item is known at run time only, and an addition
 *     is cheaper than a multiplication per access.
 *  7. The reader does not clear `prev` of its new begin_chunk: nobody follows it there (I5), and a chunk's links stay the writer's alone.
 *
 * I1  popped <= r <= w <= f <= pushed and pushed - popped <= high_water, by wrapping subtraction.
 * I2  the position in c is w; its mark is set only while popped == r == w, by the reader, and taken back by the writer's flush.
 * I3  the position in o is at most popped, and lags behind it by less than `give`; o_seen is at most the position in o.
 * I4  pushed - o_seen <= peak, and give <= peak <= high_water.
 * I5  the chunks from begin_chunk to end_chunk are linked by next, and by prev except for begin_chunk's; only the writer follows prev,
 *     and never to places before f.
 * I6  end is the place after back, and always exists; only the last place of the last chunk makes push take a new one.
 *
 * Edges (each release below meets the acquire of the same name):
 *  "item"   flush's exchange of c  ->  the load or the failing CAS of c in check_read and poll: items and links up to w are seen.
 *           The reader's successful CAS in between is part of the exchange's release sequence and breaks nothing.
 *  "room"   publish's exchange of o  ->  the load or the failing CAS of o in room and check_write. No place is written twice while its
 *           chunk is in use, so nothing inside leans on it; it lets users pass buffers round: what the reader did with what it read
 *           happens before the write that took its room.
 *  "spare"  the reader's exchange of spare_chunk  ->  the writer's: the reader is done with every item of the chunk.
 *
 * Both announcements are read-modify-writes of the one word that the other side publishes in by a read-modify-write, so one of the two
 * comes first: no fence is needed and no wake-up can be lost, as long as the CAS is strong (a spurious failure would be a sleep that
 * nobody heard of), and as long as whatever wakes the sleeper synchronizes with it (release by the waker, acquire by the sleeper): a
 * failing CAS is only a load, and without that edge a woken reader may see the mark it left itself, and sleep for ever.
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

/* The head of a chunk, the writer's to write; its items begin LEAT_CHUNK_FIRST bytes from its start. */
struct leat_chunk {
    struct leat_chunk *next; /* followed by the reader, once it has read the chunk's last item, and by the writer */
    struct leat_chunk *prev; /* followed by the writer only */
};

#define LEAT_CHUNK_FIRST ((size_t)16)
#define LEAT_CHUNK_PLACE(chunk, pos) ((void *)((unsigned char *)(chunk) + (pos)))

struct leat_pipe_config {
    int64_t item_bytes;               /* 1 .. (block_bytes - 16) / 2: a chunk holds two items at least; from 8 up rounded up to 8 */
    int64_t high_water;               /* most items unread, complete or not; 1 .. SIZE_MAX / 4 */
    const struct leat_blocks *blocks; /* where chunks come from; copied, its context must outlive the pipe */
};

/* Each figure is right by itself; they are not taken at one moment. Counts wrap where size_t does. */
struct leat_pipe_stats {
    int64_t items_in;   /* written and not unwritten */
    int64_t items_out;  /* read */
    int64_t flushes;    /* that had something to flush */
    int64_t sleeps;     /* times the reader announced its sleep */
    int64_t peak_items; /* most items inside: never less than the truth, and at most an eighth of high_water more */
    int64_t chunks;     /* held now, the spare one included */
};

/* Aligned to 64: memory for one from the heap comes from aligned_alloc. */
struct leat_pipe {
    /* Set by init, read by both. */
    alignas(LEAT_CACHE_LINE) size_t item_bytes;
    size_t step;       /* bytes from one place to the next */
    size_t chunk_end;  /* byte offset of the end of the last place of a chunk */
    size_t give;       /* the reader publishes in o when it has read this many more: an eighth of high_water, at least 1 */
    size_t high_water; /* items */
    struct leat_blocks blocks;

    /* The writer's lines. Where a field is atomic the writer alone writes it, and statistics on any thread read it. */
    alignas(LEAT_CACHE_LINE) struct leat_chunk *back_chunk;
    size_t back_pos;
    struct leat_chunk *end_chunk;
    size_t end_pos;
    LEAT_ATOMIC(size_t) pushed; /* position of back */
    size_t f;                   /* flush up to here: the end of the last complete batch */
    size_t o_seen;              /* the reader has read up to here, as last seen in o */
    LEAT_ATOMIC(size_t) peak;   /* pushed - o_seen may grow to this before o is looked at again; never below give */
    size_t w;                   /* first position not flushed */
    LEAT_ATOMIC(size_t) flushes;
    LEAT_ATOMIC(size_t) chunks_taken; /* from blocks, less those that unwrite gave back */

    /* The reader's line. Atomic: written by the reader alone, read by statistics. */
    alignas(LEAT_CACHE_LINE) struct leat_chunk *begin_chunk;
    size_t begin_pos;
    LEAT_ATOMIC(size_t) popped; /* position of front */
    size_t r;                   /* prefetched up to here */
    bool writer_asleep;         /* publish found the writer's mark: somebody has to wake it */
    LEAT_ATOMIC(size_t) sleeps;
    LEAT_ATOMIC(size_t) chunks_given; /* back to blocks */

    /* w << 1 | 1 while the reader sleeps. Written by the writer's flush; the reader sets and clears the mark. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) c;
    /* Read up to here << 1 | 1 while the writer sleeps. Written by the reader's publish; the writer sets and clears the mark. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) o;
    /* The chunk read last, for the writer to take: memory that is still hot. Put there by the reader, taken by the writer. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(struct leat_chunk *) spare_chunk;
};

/*
 * The pipe is empty, holds one chunk, and both sides are awake.
 *
 * @param pipe    not in use; 64-byte aligned; stays where it is until fini
 * @param config  borrowed for the call
 * Returns 0, -EINVAL for sizes out of range, -ENOMEM when blocks had none; the pipe must not be used then (fini is harmless).
 * Source: libzmq's yqueue and ypipe.
 *
 * [thread: any, before both sides | blocks: no | allocates: one block | fails: EINVAL ENOMEM]
 */
LEAT_API int leat_pipe_init(struct leat_pipe *pipe, const struct leat_pipe_config *config);

/*
 * Every chunk is back in the blocks it came from. Items unread are dropped: read them first if they own something.
 *
 * [thread: any, both sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pipe_fini(struct leat_pipe *pipe);

/*
 * The item is behind all others; the reader sees it after a flush that follows the end of its batch.
 *
 * @param item        item_bytes of them, copied
 * @param incomplete  true: more of the same message follows; no flush shows any of it before a write with false
 * Returns false when high_water items are inside as far as the reader has said (check_write tells), or else when no chunk was to be had;
 * nothing is changed then. A batch of more than high_water items can never be completed: take it back with unwrite.
 *
 * [thread: writer | blocks: no | allocates: one block per chunk, the spare one first | fails: full, no chunk]
 */
LEAT_PIPE_INLINE bool leat_pipe_write(struct leat_pipe *pipe, const void *item, bool incomplete);

/*
 * Returns the place that was reserved before: item_bytes to store into, the writer's until push. Its alignment is the largest power of
 * two in the rounded item size, up to 16. A store that is not followed by a push is harmless.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_PIPE_INLINE void *leat_pipe_back(struct leat_pipe *pipe);

/*
 * What was stored in back() is an item now, and the next place is reserved. As write, without the copy.
 *
 * Returns false as write does; back() is then as it was, and push may be tried again.
 *
 * [thread: writer | blocks: no | allocates: one block per chunk, the spare one first | fails: full, no chunk]
 */
LEAT_PIPE_INLINE bool leat_pipe_push(struct leat_pipe *pipe, bool incomplete);

/*
 * The last item of the batch that is not complete is taken out again, and copied to `item`.
 *
 * @param item  item_bytes, the caller's; NULL: not wanted
 * Returns false when no item of an incomplete batch is left.
 *
 * [thread: writer | blocks: no | allocates: no | fails: nothing to take back]
 */
LEAT_API bool leat_pipe_unwrite(struct leat_pipe *pipe, void *item);

/*
 * The reader can see every complete batch; if it slept, its announcement is taken back and the caller has to wake it.
 *
 * Returns NOTHING when nothing was new (and nothing was touched), AWAKE, or ASLEEP: wake the reader, by something that
 * synchronizes with it.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_PIPE_INLINE enum leat_flush leat_pipe_flush(struct leat_pipe *pipe);

/*
 * Says whether there is room; if there is none the reader knows that the writer sleeps. Flush first: a reader that was shown nothing
 * makes no room. The announcement holds until the reader has made room (see leat_pipe_writer_asleep) or until it is withdrawn.
 *
 * Returns false when full, and the writer's sleep is announced.
 *
 * [thread: writer | blocks: no | allocates: no | fails: full]
 */
LEAT_API bool leat_pipe_check_write(struct leat_pipe *pipe);

/*
 * The writer's sleep is not announced. If the reader had seen it before, its wake-up may still come.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pipe_cancel_write_sleep(struct leat_pipe *pipe);

/*
 * Says whether an item can be read; if there is none, all room is published and the writer knows that the reader sleeps. After false,
 * look at leat_pipe_writer_asleep before sleeping. Asked again while announced, it is the same announcement.
 *
 * Returns false when empty, and the reader's sleep is announced.
 *
 * [thread: reader | blocks: no | allocates: no | fails: empty]
 */
LEAT_PIPE_INLINE bool leat_pipe_check_read(struct leat_pipe *pipe);

/*
 * Says whether an item can be read; if there is none, all room is published. Announces nothing and withdraws nothing.
 *
 * Returns false when empty.
 *
 * [thread: reader | blocks: no | allocates: no | fails: empty]
 */
LEAT_PIPE_INLINE bool leat_pipe_poll(struct leat_pipe *pipe);

/*
 * The reader's sleep is not announced. If the writer had seen it before, its wake-up may still come.
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pipe_cancel_sleep(struct leat_pipe *pipe);

/*
 * The oldest item is copied to `item` and out of the pipe.
 *
 * @param item  item_bytes, the caller's; untouched on false
 * Returns false when empty, and the reader's sleep is announced, as check_read.
 *
 * [thread: reader | blocks: no | allocates: no | fails: empty]
 */
LEAT_PIPE_INLINE bool leat_pipe_read(struct leat_pipe *pipe, void *item);

/*
 * Returns the place of the oldest item, the reader's until pop. Only after check_read or poll said true, for this item.
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_PIPE_INLINE void *leat_pipe_front(struct leat_pipe *pipe);

/*
 * The oldest item is out of the pipe; its chunk goes back when it was the last one in it. Only after check_read or poll said true.
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_PIPE_INLINE void leat_pipe_pop(struct leat_pipe *pipe);

/*
 * Returns what `predicate` says of the oldest item, or false when there is none. Announces nothing.
 *
 * [thread: reader | blocks: as predicate | allocates: no | fails: empty, or the predicate said no]
 */
LEAT_API bool leat_pipe_probe(struct leat_pipe *pipe, bool (*predicate)(const void *item, void *context), void *context);

/*
 * Returns true once for each time that room was made for a writer that had announced its sleep: wake it, by something that synchronizes
 * with it. Ask after pop, read, poll and check_read.
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_PIPE_INLINE bool leat_pipe_writer_asleep(struct leat_pipe *pipe);

/*
 * *stats holds the counters as they were within the call.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pipe_stats(const struct leat_pipe *pipe, struct leat_pipe_stats *stats);

/*
 * Returns whether every invariant at the top of this file holds; walks all chunks.
 *
 * [thread: any, both sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_pipe_valid(const struct leat_pipe *pipe);

/* The rare branches of the inline functions below; not to be called otherwise. */
LEAT_API bool leat_pipe_room(struct leat_pipe *pipe);        /* writer: looks at o again, false: full */
LEAT_API bool leat_pipe_next_chunk(struct leat_pipe *pipe);  /* writer: end_chunk's last place is taken, moves end to a new chunk */
LEAT_API void leat_pipe_leave_chunk(struct leat_pipe *pipe); /* reader: begin_chunk's last item was read, moves begin to the next */
LEAT_API void leat_pipe_publish(struct leat_pipe *pipe);     /* reader: all that was read is in o */
LEAT_API bool leat_pipe_fall_asleep(struct leat_pipe *pipe); /* reader: publishes and announces, true: something came instead */

/* Returns the position at or after `base` that a shared word carries: the word has one bit less, distances are below SIZE_MAX / 4. */
LEAT_PIPE_INLINE size_t leat_pipe_position(size_t base, size_t word)
{
    return base + (((word >> 1) - base) & (SIZE_MAX >> 1));
}

/* Adds one to a counter that only the calling thread writes: relaxed, it orders nothing, and a load and a store are enough. */
#define LEAT_PIPE_COUNT(counter) leat_store((counter), leat_load((counter), relaxed) + 1, relaxed)

LEAT_PIPE_INLINE void *leat_pipe_back(struct leat_pipe *pipe)
{
    return LEAT_CHUNK_PLACE(pipe->back_chunk, pipe->back_pos);
}

LEAT_PIPE_INLINE bool leat_pipe_push(struct leat_pipe *pipe, bool incomplete)
{
    size_t pushed = leat_load(&pipe->pushed, relaxed); /* relaxed: the writer's own */
    size_t peak = leat_load(&pipe->peak, relaxed);     /* relaxed: the writer's own */
    if (LEAT_UNLIKELY(pushed - pipe->o_seen >= peak) && !leat_pipe_room(pipe)) {
        return false;
    }
    struct leat_chunk *chunk = pipe->end_chunk;
    size_t pos = pipe->end_pos;
    if (LEAT_LIKELY(pos + pipe->step != pipe->chunk_end)) {
        pipe->end_pos = pos + pipe->step;
    } else if (!leat_pipe_next_chunk(pipe)) {
        return false;
    }
    pipe->back_chunk = chunk;
    pipe->back_pos = pos;
    leat_store(&pipe->pushed, pushed + 1, relaxed); /* relaxed: flush is what publishes */
    if (!incomplete) {
        pipe->f = pushed + 1;
    }
    return true;
}

LEAT_PIPE_INLINE bool leat_pipe_write(struct leat_pipe *pipe, const void *item, bool incomplete)
{
    memcpy(leat_pipe_back(pipe), item, pipe->item_bytes);
    return leat_pipe_push(pipe, incomplete);
}

LEAT_PIPE_INLINE enum leat_flush leat_pipe_flush(struct leat_pipe *pipe)
{
    if (pipe->w == pipe->f) {
        return LEAT_FLUSH_NOTHING;
    }
    pipe->w = pipe->f;
    LEAT_PIPE_COUNT(&pipe->flushes);
    size_t old = leat_exchange(&pipe->c, pipe->f << 1, release); /* edge "item"; takes the reader's mark back */
    return (old & 1) != 0 ? LEAT_FLUSH_ASLEEP : LEAT_FLUSH_AWAKE;
}

LEAT_PIPE_INLINE bool leat_pipe_check_read(struct leat_pipe *pipe)
{
    if (leat_load(&pipe->popped, relaxed) != pipe->r) { /* relaxed: the reader's own */
        return true;
    }
    size_t r = leat_pipe_position(pipe->r, leat_load(&pipe->c, acquire)); /* edge "item" */
    if (r == pipe->r) {
        return leat_pipe_fall_asleep(pipe);
    }
    pipe->r = r;
    return true;
}

LEAT_PIPE_INLINE bool leat_pipe_poll(struct leat_pipe *pipe)
{
    if (leat_load(&pipe->popped, relaxed) != pipe->r) { /* relaxed: the reader's own */
        return true;
    }
    size_t r = leat_pipe_position(pipe->r, leat_load(&pipe->c, acquire)); /* edge "item" */
    if (r == pipe->r) {
        leat_pipe_publish(pipe);
        return false;
    }
    pipe->r = r;
    return true;
}

LEAT_PIPE_INLINE void *leat_pipe_front(struct leat_pipe *pipe)
{
    return LEAT_CHUNK_PLACE(pipe->begin_chunk, pipe->begin_pos);
}

LEAT_PIPE_INLINE void leat_pipe_pop(struct leat_pipe *pipe)
{
    size_t popped = leat_load(&pipe->popped, relaxed) + 1; /* relaxed: the reader's own */
    leat_store(&pipe->popped, popped, relaxed);            /* relaxed: publish is what tells the writer */
    pipe->begin_pos += pipe->step;
    if (LEAT_UNLIKELY(pipe->begin_pos == pipe->chunk_end)) {
        leat_pipe_leave_chunk(pipe);
    }
    size_t said = leat_load(&pipe->o, relaxed); /* relaxed: the position is our own, the mark only a reason to look closer */
    if (LEAT_UNLIKELY((said & 1) != 0 || (popped << 1) - said >= pipe->give << 1)) {
        leat_pipe_publish(pipe);
    }
}

LEAT_PIPE_INLINE bool leat_pipe_read(struct leat_pipe *pipe, void *item)
{
    if (!leat_pipe_check_read(pipe)) {
        return false;
    }
    memcpy(item, leat_pipe_front(pipe), pipe->item_bytes);
    leat_pipe_pop(pipe);
    return true;
}

LEAT_PIPE_INLINE bool leat_pipe_writer_asleep(struct leat_pipe *pipe)
{
    if (LEAT_LIKELY(!pipe->writer_asleep)) {
        return false;
    }
    pipe->writer_asleep = false;
    return true;
}

#ifdef __cplusplus
}
#endif
#endif
