/* SPDX-License-Identifier: MIT */
/*
 * leat/overwrite.h: a ring that drops the oldest: from one writer thread to one reader thread, lock-free. The writer never waits and never
 * fails; when the ring is full, the oldest item makes room, is handed back to the writer, and is counted. For flight recorders, logs,
 * screens: what is new matters more than what is old. (A pipe never drops; a channel can drop the newest; conflate keeps one.)
 *
 *      head                tail
 *        | 5 | 6 | 7 | 8 | 9 |         head: oldest, moved by the reader when it reads and by the writer when it drops
 *                                      tail: where the writer stores next
 *
 * I1  tail - head <= capacity, by wrapping subtraction; capacity is a power of two.
 * I2  head moves only by a compare-and-swap from one position to the next, so each item is either the reader's or dropped, never both.
 * I3  the writer stores into a place only after head has left it.
 *
 * Edges: "item"  the writer's store of tail (release)  ->  the reader's load (acquire): the item is seen.
 *        "place" the reader's CAS of head (release)  ->  the writer's load or CAS of it (acquire): the reader is done with the place.
 *        "sleep" as LEAT_SLEEP_RMW in leat/pipe.h, on reader_asleep.
 * The reader copies first and then says by its CAS that the item was its own; if the writer dropped it meanwhile, the copy, which may be
 * torn, is thrown away. So the words of an item are atomic, and an item is copied, never read in place.
 */
#ifndef LEAT_OVERWRITE_H
#define LEAT_OVERWRITE_H

#include <leat/base.h>
#include <leat/pipe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of memory for a ring of so many items (a power of two) of so many bytes. */
#define LEAT_OVERWRITE_BYTES(item_bytes, capacity) ((capacity) * (((int64_t)(item_bytes) + 7) / 8 * 8))

struct leat_overwrite_config {
    int64_t item_bytes;
    int64_t capacity; /* items, a power of two */
    void *memory;     /* LEAT_OVERWRITE_BYTES(item_bytes, capacity) of them, 8-byte aligned, borrowed as long as the ring is used */
    /* Told of each item that is dropped, on the writer's thread, inside the write: it owns what the item points to. NULL: nobody. */
    void (*drop)(void *context, const void *item);
    void *context;
};

/* Aligned to 64: memory for one from the heap comes from aligned_alloc. */
struct leat_overwrite {
    /* Set by init. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) * words;
    size_t item_bytes, item_words, mask;
    void (*drop)(void *context, const void *item);
    void *context;
    /* Moved by both. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) head;
    /* Written by the writer. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) tail;
    LEAT_ATOMIC(size_t) dropped;
    size_t head_seen; /* the writer's */
    /* Written by the reader. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) read;
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(uint32_t) reader_asleep; /* set and withdrawn by the reader, taken by the writer */
};

struct leat_overwrite_stats {
    int64_t written, read, dropped; /* written = read + dropped + those inside */
};

/*
 * The ring is empty and the reader awake.
 *
 * @param ring  not in use; 64-byte aligned; stays where it is     @param config  borrowed for the call
 * Returns 0; -EINVAL.   There is nothing to end; what is inside then and owns something is read out first.
 *
 * [thread: any, before both sides | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_overwrite_init(struct leat_overwrite *ring, const struct leat_overwrite_config *config);

/*
 * The item is the newest and the reader can see it; if there was no room, the oldest was dropped.
 *
 * @param item  item_bytes, copied
 * Returns AWAKE, or ASLEEP: the reader's announcement is taken back, wake it by something that synchronizes with it.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_API enum leat_flush leat_overwrite_write(struct leat_overwrite *ring, const void *item);

/*
 * The oldest item is copied to `item` and out of the ring. poll_read announces nothing; read announces the reader's sleep when there is
 * none.
 *
 * @param item  item_bytes; its content is lost on false
 * Returns false when empty.
 *
 * [thread: reader | blocks: no (tries again while the writer drops what it wants) | allocates: no | fails: empty]
 */
LEAT_API bool leat_overwrite_poll_read(struct leat_overwrite *ring, void *item);
LEAT_API bool leat_overwrite_read(struct leat_overwrite *ring, void *item);

/* The reader's sleep is not announced; a wake-up may still come.   [thread: reader | blocks: no | allocates: no | fails: never] */
LEAT_API void leat_overwrite_cancel_sleep(struct leat_overwrite *ring);

/* *stats holds the counters.   [thread: any | blocks: no | allocates: no | fails: never] */
LEAT_API void leat_overwrite_stats(const struct leat_overwrite *ring, struct leat_overwrite_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
