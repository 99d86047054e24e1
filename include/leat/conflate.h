/* SPDX-License-Identifier: MIT */
/*
 * leat/conflate.h: only the newest item is kept: from one writer thread to one reader thread, lock-free. For prices, positions, states:
 * what was not read in time is replaced. libzmq's ypipe_conflate, without its lock.
 *
 * There are three places. The writer has one to store into, the reader one to read in, and the third changes hands: each side exchanges
 * its own for it, in one atomic step.
 *
 * I1  `newest` holds the number of one place, and the two sides hold the other two.
 * I2  LEAT_CONFLATE_FRESH: that place holds an item that no reader has had. LEAT_CONFLATE_ASLEEP: the reader announced its sleep and no
 *     write took that back; never together with FRESH.
 *
 * Edges: "item"  the writer's exchange (release)  ->  the reader's (acquire): the item is seen.
 *        "place" the reader's exchange (release)  ->  the writer's (acquire): the reader is done with the place that it gives back.
 * Whatever wakes a sleeper must synchronize with it, as with leat/pipe.h.
 */
#ifndef LEAT_CONFLATE_H
#define LEAT_CONFLATE_H

#include <leat/base.h>
#include <leat/pipe.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_CONFLATE_FRESH 4u
#define LEAT_CONFLATE_ASLEEP 8u

/* Bytes of memory for items of so many bytes: three places, each on lines of its own. */
#define LEAT_CONFLATE_BYTES(item_bytes) (3 * (((int64_t)(item_bytes) + 63) / 64 * 64))

/* Aligned to 64: memory for one from the heap comes from aligned_alloc. */
struct leat_conflate {
    /* Set by init. */
    alignas(LEAT_CACHE_LINE) unsigned char *places;
    size_t item_bytes, step;
    /* The writer's. Atomic: read by statistics. */
    alignas(LEAT_CACHE_LINE) uint32_t back;
    LEAT_ATOMIC(size_t) written, replaced;
    /* Changed by both. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(uint32_t) newest;
    /* The reader's. */
    alignas(LEAT_CACHE_LINE) uint32_t front;
};

struct leat_conflate_stats {
    int64_t written;
    int64_t replaced; /* of those, dropped unread because a newer one came */
};

/*
 * Nothing was written, and the reader is awake.
 *
 * @param conflate    not in use; 64-byte aligned; stays where it is
 * @param memory      LEAT_CONFLATE_BYTES(item_bytes) of them, 64-byte aligned, borrowed as long as `conflate` is used
 * @param item_bytes  1 .. SIZE_MAX / 8
 * Returns 0; -EINVAL: item_bytes or the alignment.   There is nothing to end. Source: libzmq's ypipe_conflate; triple buffering.
 *
 * [thread: any, before both sides | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_conflate_init(struct leat_conflate *conflate, void *memory, int64_t item_bytes);

/*
 * Returns the place for the next item, the writer's until push. What stands in it is an older item, or nothing.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_API void *leat_conflate_back(struct leat_conflate *conflate);

/*
 * What was stored in back() is the newest item, and the reader can see it; one that was not read is replaced, and counted.
 *
 * Returns AWAKE, or ASLEEP: the reader's announcement is taken back, wake it by something that synchronizes with it.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_API enum leat_flush leat_conflate_push(struct leat_conflate *conflate);

/* As back and push, with a copy of item_bytes from `item`.   [thread: writer | blocks: no | allocates: no | fails: never] */
LEAT_API enum leat_flush leat_conflate_write(struct leat_conflate *conflate, const void *item);

/*
 * Says whether there is an item that was not read yet; it then stands in front(), and the one before is gone. poll announces nothing;
 * check_read, when there is none, announces the reader's sleep.
 *
 * Returns false when there is none.
 *
 * [thread: reader | blocks: no | allocates: no | fails: nothing new]
 */
LEAT_API bool leat_conflate_poll(struct leat_conflate *conflate);
LEAT_API bool leat_conflate_check_read(struct leat_conflate *conflate);

/*
 * Returns the item that poll or check_read found last, the reader's until either says true again. Before the first: undefined content.
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_API const void *leat_conflate_front(const struct leat_conflate *conflate);

/* As check_read and front, with a copy of item_bytes into `item`.   [thread: reader | blocks: no | allocates: no | fails: nothing new] */
LEAT_API bool leat_conflate_read(struct leat_conflate *conflate, void *item);

/* The reader's sleep is not announced; a wake-up may still come.   [thread: reader | blocks: no | allocates: no | fails: never] */
LEAT_API void leat_conflate_cancel_sleep(struct leat_conflate *conflate);

/* *stats holds the counters.   [thread: any | blocks: no | allocates: no | fails: never] */
LEAT_API void leat_conflate_stats(const struct leat_conflate *conflate, struct leat_conflate_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
