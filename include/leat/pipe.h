/* SPDX-License-Identifier: MIT */
/*
 * leat/pipe.h: a chunked queue of fixed-size items from one writer thread to one reader thread, lock-free, with batched flush and
 * prefetching read: libzmq's yqueue and ypipe, bounded, and with what the two sides share in the line of the items themselves.
 *
 * The words are theirs. `push` only reserves the next place; `back` is the place reserved before: store there, then push. After a push,
 * back() is the terminator (a place without an item yet), not the item.
 *
 *      begin_chunk                        back_chunk                     end_chunk
 *      +--------------------+  next  +--------------------+  next  +--------------------+
 *      | . . 2 3 4 5 6 7    | -----> | 8 9 10 11 T        | -----> | e                  |
 *      +-----|--------------+ <----- +---------|----------+ <----- +-|------------------+
 *            begin_pos          prev           back_pos       prev   end_pos
 *
 *      popped     r           w       f        pushed      positions: items counted from the start, each side's own
 *        2        6           8       10       12          w = pushed - pending, f = pushed - open
 *      read next  prefetched  |       complete written
 *                 up to here  flushed up to here: c
 *
 * Places lie in groups, and each group ends with a mark, one word, in the same cache line as the items before it (as many items as fit
 * beside it; an item of more than 56 bytes is a group by itself). push reserves a group at a time: end is the one after back's.
 *
 *      | 8 | 9 | 10 | 11 | T | - | - | mark |        items of 8 bytes: seven and their mark are a line
 *
 * What differs from libzmq, and why:
 *  1. c is not one word but the mark of the group that holds the first place not flushed, w: the flush of a batch, however long, stores
 *     f there, and the reader, who has read up to there, looks there. So c travels with the items, in a line that has to cross to the
 *     reader anyway: one line for an item that is flushed by itself, where a shared word or index costs two.
 *  2. flush is one plain store (release) and one look at a flag in which a reader says that it sleeps, where libzmq pays a CAS; check_read
 *     and poll are one load. How store and look are kept in order is a setting, enum leat_sleep. c never becomes NULL.
 *  3. It is bounded, in items and in bytes. The reader says in o, lazily, how far it has read; a writer that is full may announce its
 *     sleep, in the same way as the reader does.
 *  4. Not one spare chunk but a few, each exchanged atomically.
 *  5. Running out of memory is a `false`, with nothing changed; libzmq aborts.
 *  6. begin_pos, back_pos and end_pos are byte offsets in their chunk, back_pos and end_pos of whole groups (so a push stores less): the
 *     size of an item is known at run time only, and an addition is cheaper than a multiplication per access. LEAT_PIPE_TYPE makes it a
 *     constant where it is one.
 *  7. The reader does not clear `prev` of its new begin_chunk: nobody follows it there (I5), and a chunk's links stay the writer's alone.
 *
 * I1  popped <= r <= w <= f <= pushed and pushed - popped <= high_water, by wrapping subtraction.
 * I2  a group's mark holds the f of the last flush that began in the group, or until there was one a position that is not after the
 *     group's first place: a fresh chunk is given such marks, and one that was read has them, for what was flushed in it is read; when
 *     they are about to be so old that they would look new (`marked`; on 32 bits), they are set anew. So the mark of popped's group is
 *     after popped, by wrapping comparison, exactly when there is something that the reader, having read all it
 *     knew of, does not know yet. w_mark is the mark of w's group, f_mark that of f's; NULL if that is back's group.
 * I3  the position in o is `said`, at most popped, and lags behind it by less than `give`; o_seen is at most the position in o.
 * I4  pushed - o_seen <= peak, room_to = o_seen + peak, and give <= peak <= high_water; say_at = said + give.
 * I5  the chunks from begin_chunk to end_chunk are linked by next, and by prev except for begin_chunk's; only the writer follows prev,
 *     and never to places before f.
 * I6  end is the first place of the group after back's, and always exists: push takes a new chunk when back comes to the last group of
 *     one, before anything else is changed.
 * I7  reader_asleep, LEAT_PIPE_ASK apart, is not 0 only from the reader's announcement until a flush took it back or the reader withdrew
 *     it; writer_asleep likewise, and holds the position that popped must reach for the writer to have room.
 *
 * Edges (each release below meets the acquire of the same name):
 *  "item"   flush's store of a mark  ->  the load of it in check_read and poll: items and links up to w are seen.
 *  "room"   publish's stores of o and o_bytes  ->  their loads in room and check_write. No place is written twice while its chunk is in
 *           use, so nothing inside leans on it; it lets users pass buffers round: what the reader did with what it read happens before
 *           the write that took its room.
 *  "spare"  the reader's exchange of a spare  ->  the writer's: the reader is done with every item of the chunk.
 *  "sleep"  who publishes stores its position and then looks at the other's flag; who sleeps sets its flag and then looks at the
 *           position: one of the two must see the other.
 *           LEAT_SLEEP_RMW: both touch the flag by read-modify-writes, so one of them comes first and the later one acquires.
 *           LEAT_SLEEP_FENCE: a sequentially consistent fence between the two on both sides.
 *           LEAT_SLEEP_BARRIER: on the sleeper's side host->barrier, which fences every running thread, and on the other nothing but
 *           the compiler is kept from reordering.
 *
 * Whatever wakes a sleeper must synchronize with it (release by the waker, acquire by the sleeper): without that a woken reader may still
 * see the old mark and sleep again, for ever, where nobody owes it a wake-up any more.
 */
#ifndef LEAT_PIPE_H
#define LEAT_PIPE_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef LEAT_PIPE_INLINE
#ifdef LEAT_PIPE_OWNERS
#define LEAT_PIPE_INLINE static inline /* not the library's, which do not look */
#else
#define LEAT_PIPE_INLINE LEAT_INLINE
#endif
#endif
/*
 * With LEAT_PIPE_OWNERS defined, which is for debug builds, the first thread that writes is the writer and the first that reads the reader;
 * any other that tries is a LEAT_FAULT_THREAD, reported to host->fault, or a trap where there is none. leat_pipe_hand_over forgets both.
 */
#ifdef LEAT_PIPE_OWNERS
#define LEAT_PIPE_OWN(pipe, owner) leat_pipe_own((pipe), &(pipe)->owner, &errno)
#else
#define LEAT_PIPE_OWN(pipe, owner) ((void)0)
#endif
/* With a shape that is a constant nothing is left of the arithmetic, but only where the call is inlined. */
#define LEAT_PIPE_SHAPED LEAT_PIPE_INLINE __attribute__((always_inline))
/* A test may run anything between two steps of a flush or of falling asleep. */
#ifndef LEAT_PIPE_STEP
#define LEAT_PIPE_STEP(name) ((void)0)
#endif

enum leat_flush { LEAT_FLUSH_NOTHING, LEAT_FLUSH_AWAKE, LEAT_FLUSH_ASLEEP };

/* How a flush and a reader that falls asleep (and publishing room, and a writer that does) are kept from missing each other. */
enum leat_sleep {
    LEAT_SLEEP_DEFAULT, /* barrier where the host has one that works, else rmw */
    LEAT_SLEEP_RMW,     /* one locked instruction per flush, on a line that is the writer's own; the sleeper pays one too */
    LEAT_SLEEP_FENCE,   /* one full fence per flush, and one for the sleeper */
    LEAT_SLEEP_BARRIER, /* nothing per flush; the sleeper calls host->barrier, which interrupts every core that runs this process */
};

/* The head of a chunk, the writer's to write; its places begin LEAT_CHUNK_FIRST bytes from its start. */
struct leat_chunk {
    struct leat_chunk *next; /* followed by the reader, once it has read the chunk's last item, and by the writer */
    struct leat_chunk *prev; /* followed by the writer only */
    size_t marked;           /* no mark in the chunk is older than this position */
};

#define LEAT_CHUNK_FIRST ((size_t)64)
#define LEAT_CHUNK_PLACE(chunk, pos) ((void *)((unsigned char *)(chunk) + (pos)))

/* The most spare chunks a pipe keeps. */
#define LEAT_PIPE_SPARES 32
#define LEAT_PIPE_HOT 2 /* of those, the chunks read last */

/* In the flag of a sleeper, for ever: the protocol is not LEAT_SLEEP_BARRIER. */
#define LEAT_PIPE_ASK ((size_t)1)

/*
 * How places lie in groups. Of a place at byte offset `pos`: its mark is at (pos | mask) + mark, the first place of the next group at
 * (pos | mask) + skip, and the place at `pos` + step is in the same group unless (pos + step) & mask is `full`.
 */
struct leat_pipe_shape {
    size_t item_bytes;
    size_t step; /* bytes from one place to the next */
    size_t mask; /* 63 where a group is a line, else 0 */
    size_t full; /* bytes of places in a group, if it is a line; else 0 */
    size_t skip;
    size_t mark;
    size_t items; /* of a group */
};

/* Places at equal distances: the i-th begins i * step bytes after `first`. */
struct leat_pipe_run {
    unsigned char *first;
    int64_t step; /* bytes */
    int64_t count;
};

struct leat_pipe_config {
    int64_t item_bytes;               /* 1 .. about block_bytes - 72: a chunk holds an item at least; from 8 up rounded up to 8 */
    int64_t high_water;               /* most items unread, complete or not; 1 .. SIZE_MAX / 8 */
    const struct leat_blocks *blocks; /* where chunks come from; copied, its context must outlive the pipe */
    /* All below may be 0. */
    int64_t low_water;    /* once full, it is open again when no more than this many are unread; 0: when fewer than high_water */
    int64_t spare_chunks; /* kept for the writer, up to LEAT_PIPE_SPARES; 0: what high_water items take, so a burst allocates once */
    const struct leat_host *host; /* borrowed until fini: barrier and yield for LEAT_SLEEP_BARRIER, now_ns for spent; NULL: none */
    enum leat_sleep sleep;
    int64_t lead; /* pauses (leat_relax) that a reader makes who has read several items and finds no more, so that the writer gets ahead and
                     lines are not torn to and fro: some hundred ns. 0: 16; < 0: none, for a reader who has other things to look at */
    int64_t
        high_bytes; /* full, too, while so many bytes are unread, as `bytes_of` says; an item that began below may go beyond; 0: no bound */
    int64_t (*bytes_of)(void *context, const void *item); /* what an item stands for, 0 or more; asked once, by push */
    void (*spent)(void *context, int64_t ns); /* told by pop how long each item was in the pipe, for a histogram; needs host->now_ns */
    void *context;                            /* of those two */
};

/* Each figure is right by itself; they are not taken at one moment. Counts wrap where size_t does. */
struct leat_pipe_stats {
    int64_t items_in;  /* written and not unwritten */
    int64_t items_out; /* read */
    int64_t bytes_in;  /* what bytes_of said of those; without it item_bytes each */
    int64_t bytes_out;
    int64_t flushes;       /* that had something to flush; while the writer runs, perhaps some batches off */
    int64_t wakes;         /* of those, that found the reader asleep */
    int64_t sleeps;        /* times the reader announced its sleep and did not withdraw it at once */
    int64_t writer_sleeps; /* the same of the writer, when full */
    int64_t peak_items;    /* most items inside: at most an eighth of high_water too much, or what write_many had asked room for */
    int64_t chunks;        /* held now, spare ones included */
};

/* Aligned to 64: memory for one from the heap comes from aligned_alloc. */
struct leat_pipe {
    /* Set by init, read by both. */
    alignas(LEAT_CACHE_LINE) struct leat_pipe_shape shape;
    size_t chunk_end;  /* byte offset of the end of the last group of a chunk */
    size_t give;       /* the reader publishes in o when it has read this many more: an eighth of high_water, at least 1 */
    size_t high_water; /* items */
    size_t low_water;  /* items */
    size_t high_bytes; /* SIZE_MAX: no bound */
    size_t spares;     /* at most so many in `spare` */
    uint32_t sleep;    /* an enum leat_sleep, never LEAT_SLEEP_DEFAULT */
    uint32_t extra;    /* bytes behind each item for what bytes_of said and when it was written; 0: neither is wanted */
    uint32_t lead;     /* pauses */
    struct leat_blocks blocks;
    const struct leat_host *host;
    int64_t (*bytes_of)(void *context, const void *item);
    void (*spent)(void *context, int64_t ns);
    void *context;

    /* The writer's lines. Where a field is atomic the writer alone writes it, and statistics on any thread read it. */
    alignas(LEAT_CACHE_LINE) struct leat_chunk *back_chunk;
    size_t back_pos;              /* byte offset of the first place of back's group */
    size_t back_first;            /* position of that place; of no meaning where a group is one item */
    LEAT_ATOMIC(size_t) pushed;   /* position of back */
    LEAT_ATOMIC(size_t) pending;  /* items not flushed: w = pushed - pending */
    size_t open;                  /* of those, the items of the batch that is not complete: f = pushed - open */
    size_t room_to;               /* o_seen + peak: pushed may grow to this before o is looked at again */
    LEAT_ATOMIC(size_t) joined;   /* items that were flushed together with one before them: flushes = w - joined */
    LEAT_ATOMIC(size_t) * w_mark; /* of the group that holds place w: where the next flush stores; NULL: it is back's group */
    LEAT_ATOMIC(size_t) * f_mark; /* likewise of the group that holds place f */
    struct leat_chunk *end_chunk;
    size_t end_pos;
    size_t o_bytes_seen;
    size_t o_seen;            /* the reader has read up to here, as last seen in o */
    LEAT_ATOMIC(size_t) peak; /* never below give */
    LEAT_ATOMIC(size_t) wakes;
    LEAT_ATOMIC(size_t) writer_sleeps;
    LEAT_ATOMIC(size_t) chunks_taken; /* from blocks, less those given back by the writer */
    LEAT_ATOMIC(size_t) pushed_bytes;
    uint32_t spare_next; /* where in `spare`, behind the first two, the writer looks next */
    bool shut;           /* was full, and has a low-water mark to wait for */

    /* The reader's lines. Atomic: written by the reader alone, read by statistics. */
    alignas(LEAT_CACHE_LINE) struct leat_chunk *begin_chunk;
    size_t begin_pos;
    LEAT_ATOMIC(size_t) popped; /* position of front */
    size_t r;                   /* prefetched up to here */
    size_t said;                /* what o holds */
    size_t say_at;              /* said + give: o is stored again when popped gets there */
    bool wake_writer;           /* publish took the writer's announcement: somebody has to wake it */
    uint32_t hot_put;           /* which of the first two in `spare` the reader exchanges next */
    uint32_t spare_put;         /* where in `spare`, behind those, it puts what comes out */
    LEAT_ATOMIC(size_t) sleeps;
    LEAT_ATOMIC(size_t) chunks_given; /* back to blocks */
    LEAT_ATOMIC(size_t) popped_bytes;

    /* Not 0, LEAT_PIPE_ASK apart, while the reader sleeps: set and withdrawn by the reader, taken back by the writer's flush. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) reader_asleep;
    /*
     * Position wanted << 2 | 2 while the writer sleeps, beside LEAT_PIPE_ASK: set and withdrawn by the writer, taken back by the reader's
     * publish.
     */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) writer_asleep;
    /* Read up to here: written by the reader's publish. Beside it the bytes read up to there. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(size_t) o;
    LEAT_ATOMIC(size_t) o_bytes;
    LEAT_ATOMIC(const void *) writing_thread; /* LEAT_PIPE_OWNERS only: an address that is the thread's own; NULL: nobody yet */
    LEAT_ATOMIC(const void *) reading_thread;
    /*
     * Chunks that were read, for the writer to take: put there by the reader, taken by the writer. The first two are the ones read last,
     * exchanged for those read before, and taken first: memory that is still hot. The others are a ring of what came out of there.
     */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(struct leat_chunk *) spare[LEAT_PIPE_SPARES];
};

/*
 * The pipe is empty, holds one chunk (two where a chunk is one item), and both sides are awake.
 *
 * @param pipe    not in use; 64-byte aligned; stays where it is until fini
 * @param config  borrowed for the call
 * Returns 0, -EINVAL for settings out of range or a protocol that cannot be had, -ENOMEM when blocks had none; the pipe must not be used
 * then (fini is harmless). Source: libzmq's yqueue and ypipe.
 *
 * [thread: any, before both sides | blocks: no | allocates: a block or two | fails: EINVAL ENOMEM]
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
 * Returns false when the pipe is full: high_water items, or high_bytes, are inside as far as the reader has said, or it was so and more
 * than low_water still are (check_write tells); or else when no chunk was to be had. Nothing is changed then. A batch of more than
 * high_water items, or of high_bytes, can never be completed (leat_pipe_stuck): take it back with unwrite.
 *
 * [thread: writer | blocks: no | allocates: one block per chunk, the spare one first | fails: full, no chunk]
 */
LEAT_PIPE_INLINE bool leat_pipe_write(struct leat_pipe *pipe, const void *item, bool incomplete);

/*
 * Returns the place that was reserved before: item_bytes to store into, the writer's until push. Its alignment is that
 * of the rounded item size, up to 8 (16 where the rounded size is 16, 32 or 48, and blocks are). A store that is not followed by a push is
 * harmless.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_PIPE_INLINE void *leat_pipe_back(struct leat_pipe *pipe);

/*
 * The first of these items are behind all others, each a batch of its own, as if written one by one, but faster.
 *
 * @param items  `count` of them, item_bytes apart, copied
 * Returns how many, 0 .. count: fewer when the pipe is full or no chunk was to be had.
 *
 * [thread: writer | blocks: no | allocates: one block per chunk, spare ones first | fails: full, no chunk]
 */
LEAT_API int64_t leat_pipe_write_many(struct leat_pipe *pipe, const void *items, int64_t count);

/*
 * What was stored in back() is an item now, and the next place is reserved. As write, without the copy.
 *
 * Returns false as write does; back() is then as it was, and push may be tried again.
 *
 * [thread: writer | blocks: no | allocates: one block per chunk, the spare one first | fails: full, no chunk]
 */
LEAT_PIPE_INLINE bool leat_pipe_push(struct leat_pipe *pipe, bool incomplete);

/*
 * As back, for several places that lie at equal distances: a run. At least one, even when the pipe is full: push_many says so then.
 *
 * @param wanted  1 or more     @param run  set: at most `wanted` places, the writer's until push_many
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pipe_back_many(struct leat_pipe *pipe, int64_t wanted, struct leat_pipe_run *run);

/*
 * What was stored in the first `count` places of the run are items now, each a batch of its own (the first ends one that is open).
 *
 * @param count  0 .. the run's
 * Returns how many, 0 .. count: fewer when the pipe is full or no chunk was to be had; the others may be tried again, by back_many.
 *
 * [thread: writer | blocks: no | allocates: one block per chunk, spare ones first | fails: full, no chunk]
 */
LEAT_API int64_t leat_pipe_push_many(struct leat_pipe *pipe, int64_t count);

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
 * The item is behind all others and the reader can see it, and everything complete before it: write and flush in one, and faster.
 *
 * @param item  item_bytes of them, copied; it ends a batch that is open
 * Returns AWAKE or ASLEEP as flush does; NOTHING: it was not written, for the reasons of write.
 *
 * [thread: writer | blocks: no | allocates: one block per chunk, spare ones first | fails: full, no chunk]
 */
LEAT_PIPE_INLINE enum leat_flush leat_pipe_send(struct leat_pipe *pipe, const void *item);

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
 * Says whether there is room, as check_write, and announces nothing.
 *
 * [thread: writer | blocks: no | allocates: no | fails: full]
 */
LEAT_API bool leat_pipe_has_room(struct leat_pipe *pipe);

/*
 * Says whether there is no room because of the batch that is open: all else was read, or the batch alone has high_water items. Then no wait
 * will help.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_pipe_stuck(struct leat_pipe *pipe);

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
 * Says whether an item can be read; if there is none, all room is published. Announces nothing and withdraws nothing. A reader that finds
 * nothing after it read several gives the writer a lead (leat_pipe_config.lead).
 *
 * Returns false when empty.
 *
 * [thread: reader | blocks: no | allocates: no | fails: empty]
 */
LEAT_PIPE_INLINE bool leat_pipe_poll(struct leat_pipe *pipe);

/*
 * As check_read of each of these pipes, with one barrier for all of them: for a reader who waits for several. After false look at
 * leat_pipe_writer_asleep of each before sleeping; after true cancel_sleep those that say false to poll, or leave them announced.
 *
 * Returns false when all are empty, and the reader's sleep is announced to all of their writers; true when one of them is not.
 *
 * [thread: reader of all | blocks: no | allocates: no | fails: empty]
 */
LEAT_API bool leat_pipe_check_read_any(struct leat_pipe *const *pipes, int64_t count);

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
 * The oldest item is copied to `item` and out of the pipe: poll, front and pop in one. Announces nothing and withdraws nothing.
 *
 * @param item  item_bytes, the caller's; untouched on false
 * Returns false when empty, and all room is published.
 *
 * [thread: reader | blocks: no | allocates: no | fails: empty]
 */
LEAT_PIPE_INLINE bool leat_pipe_receive(struct leat_pipe *pipe, void *item);

/*
 * As many of the oldest items as there are are copied to `items` and out of the pipe, as if by poll, front and pop: nothing is announced.
 *
 * @param items  room for `count`, item_bytes apart, the caller's
 * Returns how many, 0 .. count; 0: empty, and all room is published.
 *
 * [thread: reader | blocks: no | allocates: no | fails: empty]
 */
LEAT_API int64_t leat_pipe_read_many(struct leat_pipe *pipe, void *items, int64_t count);

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
 * As poll and front, for as many of the oldest items as lie at equal distances.
 *
 * @param wanted  1 or more     @param run  set: at most `wanted` places, the reader's until pop_many; none when empty
 * Returns how many; 0: empty, and all room is published.
 *
 * [thread: reader | blocks: no | allocates: no | fails: empty]
 */
LEAT_API int64_t leat_pipe_front_many(struct leat_pipe *pipe, int64_t wanted, struct leat_pipe_run *run);

/*
 * The first `count` items of the run are out of the pipe.
 *
 * @param count  0 .. the run's
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pipe_pop_many(struct leat_pipe *pipe, int64_t count);

/*
 * Returns what `predicate` says of the oldest item, or false when there is none. Announces nothing.
 *
 * [thread: reader | blocks: as predicate | allocates: no | fails: empty, or the predicate said no]
 */
LEAT_API bool leat_pipe_probe(struct leat_pipe *pipe, bool (*predicate)(const void *item, void *context), void *context);

/*
 * Returns true once after room was made for a writer that had announced its sleep: wake it, by something that synchronizes
 * with it. Ask after pop, read, poll and check_read.
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_PIPE_INLINE bool leat_pipe_writer_asleep(struct leat_pipe *pipe);

/*
 * The spare chunks go back to the blocks they came from.
 *
 * Returns how many.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_pipe_trim(struct leat_pipe *pipe);

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

/*
 * Draws the pipe, line by line, as the essay does: the places of each chunk, and where begin, r, c, w, f, back and end stand.
 *
 * @param line  called for each line, without a newline; `text` is borrowed during the call. Chunks of more than 16 places are cut.
 *
 * [thread: any, both sides at rest | blocks: as line | allocates: no | fails: never]
 */
LEAT_API void leat_pipe_print(const struct leat_pipe *pipe, void (*line)(void *context, const char *text), void *context);

/*
 * Other threads may be the writer and the reader from here on, where LEAT_PIPE_OWNERS is defined; otherwise nothing is done.
 *
 * [thread: any, both sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_pipe_hand_over(struct leat_pipe *pipe);

/* A place of `bytes`, rounded; up to 56 a group is a line and the mark its last word, beyond the mark follows each item. */
#define LEAT_PIPE_ROUNDED(bytes) ((bytes) >= 8 ? ((bytes) + 7) / 8 * 8 : (bytes))
#define LEAT_PIPE_GROUP(step) ((step) <= 56 ? 56 / (step) : 1)
#define LEAT_PIPE_SHAPE(bytes, step)                                                                                                 \
    {                                                                                                                                \
        (bytes), (step), (step) <= 56 ? 63u : 0u, (step) <= 56 ? LEAT_PIPE_GROUP(step) * (step) : 0, (step) <= 56 ? 1u : (step) + 8, \
            (step) <= 56 ? (size_t)0 - 7 : (step), LEAT_PIPE_GROUP(step)                                                             \
    }

#include <leat/pipe_inline.h>

/* Nobody uses all of them. */
#define LEAT_PIPE_TYPED static inline __attribute__((unused))

/*
 * LEAT_PIPE_TYPE(number, uint64_t) makes number_init, number_write, number_back, number_push, number_flush, number_send, number_receive,
 * number_check_read, number_poll, number_read, number_front, number_pop, and the calls for many: number_write_many, read_many, back_many,
 * push_many, front_many, pop_many: the same calls, on items of that type, with every size a constant and so without a call to memcpy.
 * Everything else is called as it is; both kinds of calls mix freely. number_init wants item_bytes 0 or right, and neither bytes_of nor
 * spent.
 */
#define LEAT_PIPE_TYPE(name, type)                                                                                                       \
    static const struct leat_pipe_shape name##_shape = LEAT_PIPE_SHAPE(sizeof(type), (size_t)LEAT_PIPE_ROUNDED(sizeof(type)));           \
    LEAT_PIPE_TYPED int name##_init(struct leat_pipe *pipe, struct leat_pipe_config config)                                              \
    {                                                                                                                                    \
        if ((config.item_bytes != 0 && config.item_bytes != (int64_t)sizeof(type)) || config.bytes_of != NULL || config.spent != NULL) { \
            return leat_pipe_init(pipe, NULL);                                                                                           \
        }                                                                                                                                \
        config.item_bytes = (int64_t)sizeof(type);                                                                                       \
        return leat_pipe_init(pipe, &config);                                                                                            \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED type *name##_back(struct leat_pipe *pipe)                                                                            \
    {                                                                                                                                    \
        return (type *)leat_pipe_back_as(pipe, &name##_shape);                                                                           \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED bool name##_push(struct leat_pipe *pipe, bool incomplete)                                                            \
    {                                                                                                                                    \
        return leat_pipe_push_as(pipe, &name##_shape, incomplete);                                                                       \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED bool name##_write(struct leat_pipe *pipe, type item, bool incomplete)                                                \
    {                                                                                                                                    \
        *name##_back(pipe) = item;                                                                                                       \
        return name##_push(pipe, incomplete);                                                                                            \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED enum leat_flush name##_flush(struct leat_pipe *pipe)                                                                 \
    {                                                                                                                                    \
        return leat_pipe_flush_as(pipe, &name##_shape);                                                                                  \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED enum leat_flush name##_send(struct leat_pipe *pipe, type item)                                                       \
    {                                                                                                                                    \
        *name##_back(pipe) = item;                                                                                                       \
        return leat_pipe_push_flush_as(pipe, &name##_shape);                                                                             \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED bool name##_receive(struct leat_pipe *pipe, type *item)                                                              \
    {                                                                                                                                    \
        return leat_pipe_receive_as(pipe, &name##_shape, item);                                                                          \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED int64_t name##_write_many(struct leat_pipe *pipe, const type *items, int64_t count)                                  \
    {                                                                                                                                    \
        return leat_pipe_write_many_as(pipe, &name##_shape, items, count);                                                               \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED bool name##_check_read(struct leat_pipe *pipe)                                                                       \
    {                                                                                                                                    \
        return leat_pipe_check_read_as(pipe, &name##_shape);                                                                             \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED bool name##_poll(struct leat_pipe *pipe)                                                                             \
    {                                                                                                                                    \
        return leat_pipe_poll_as(pipe, &name##_shape);                                                                                   \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED type *name##_front(struct leat_pipe *pipe)                                                                           \
    {                                                                                                                                    \
        return (type *)leat_pipe_front(pipe);                                                                                            \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED void name##_pop(struct leat_pipe *pipe)                                                                              \
    {                                                                                                                                    \
        leat_pipe_pop_as(pipe, &name##_shape);                                                                                           \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED bool name##_read(struct leat_pipe *pipe, type *item)                                                                 \
    {                                                                                                                                    \
        if (!name##_check_read(pipe)) {                                                                                                  \
            return false;                                                                                                                \
        }                                                                                                                                \
        *item = *name##_front(pipe);                                                                                                     \
        name##_pop(pipe);                                                                                                                \
        return true;                                                                                                                     \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED int64_t name##_read_many(struct leat_pipe *pipe, type *items, int64_t count)                                         \
    {                                                                                                                                    \
        return leat_pipe_read_many_as(pipe, &name##_shape, items, count);                                                                \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED void name##_back_many(struct leat_pipe *pipe, int64_t wanted, struct leat_pipe_run *run)                             \
    {                                                                                                                                    \
        leat_pipe_back_many_as(pipe, &name##_shape, wanted, run);                                                                        \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED int64_t name##_push_many(struct leat_pipe *pipe, int64_t count)                                                      \
    {                                                                                                                                    \
        return leat_pipe_push_many_as(pipe, &name##_shape, count);                                                                       \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED int64_t name##_front_many(struct leat_pipe *pipe, int64_t wanted, struct leat_pipe_run *run)                         \
    {                                                                                                                                    \
        return leat_pipe_front_many_as(pipe, &name##_shape, wanted, run);                                                                \
    }                                                                                                                                    \
    LEAT_PIPE_TYPED void name##_pop_many(struct leat_pipe *pipe, int64_t count)                                                          \
    {                                                                                                                                    \
        leat_pipe_pop_many_as(pipe, &name##_shape, count);                                                                               \
    }                                                                                                                                    \
    struct leat_pipe /* for the semicolon */

#ifdef __cplusplus
}
#endif
#endif
