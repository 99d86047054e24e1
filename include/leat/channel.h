/* SPDX-License-Identifier: MIT */
/*
 * leat/channel.h: a pipe with sleep and wake at both ends: spins a little, adaptively, then parks on a futex or an eventfd.
 *
 * After libzmq's mailbox (a ypipe and a signaler), with these differences: it is bounded and so the writer can sleep too; deadlines are
 * absolute; both ends can close; parking on a futex is the default, and an eventfd is for those who poll.
 *
 *   situation                         writer gets                           reader gets
 *   empty                             0                                     waits; -EAGAIN, -ETIMEDOUT
 *   full                              flushes, waits; -EAGAIN, -ETIMEDOUT   0
 *   the writer closed                 (may not write any more)              0 while items are left, then -EPIPE
 *   the reader closed                 -EPIPE                                (may not read any more)
 *   the open batch fills the pipe     -EMSGSIZE: take it back by unwrite    -
 *   no chunk to be had                -ENOMEM                               -
 *
 * I1  each side sleeps only after it took `seen` of its waker, then announced, then looked once more whether the other side had closed.
 * I2  who takes an announcement back (flush of a sleeping reader, room for a sleeping writer) wakes that side's waker, and so does a close.
 *     Waking raises the waker's token (release); the sleeper acquires it: so what was flushed, read or closed before is seen after.
 * I3  the looks of both spins stay between the floor and the ceiling of channel.c, and at 0 on one processor.
 *
 * Edges: "writer closed", "reader closed": the store by close (release)  ->  the load by the other side (acquire): a reader that saw it
 * also sees the last flush, so a pipe that polls empty after that stays empty. The others are the pipe's.
 */
#ifndef LEAT_CHANNEL_H
#define LEAT_CHANNEL_H

#include <leat/base.h>
#include <leat/os.h>
#include <leat/pipe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why an item was dropped. */
enum leat_drop { LEAT_DROP_FULL, LEAT_DROP_BYTES, LEAT_DROP_MEMORY, LEAT_DROP_CAUSES };

struct leat_channel_config {
    struct leat_pipe_config pipe;
    /*
     * Not NULL: drop the newest. A write that finds no room never waits and never fails for it: the whole message that the item belongs
     * to, what was written of it and what still comes, is dropped, and each item of it handed to `drop` (with pipe.context, on the
     * writer's thread, inside the write), which owns what it points to.
     */
    void (*drop)(void *context, const void *item, enum leat_drop cause);
    int64_t spin_most; /* looks before a park, at most; 0: 2048, none on a machine with one processor; < 0: never spin */
    bool reader_fd;    /* the reader sleeps on an eventfd that can be polled (for the channel's own waker) */
    bool writer_fd;    /* likewise the writer, when full */
    /*
     * NULL: the channel's own; else a shared one, borrowed until fini, of somebody who waits for more than this channel. The channel wakes
     * it and, except in reads and writes that wait, never drains it: its owner does, before he looks at everything he waits for. A read or
     * write that waited may have taken wakes that were meant for the rest: look at all of it again after one.
     */
    struct leat_waker *reader_waker;
    struct leat_waker *writer_waker; /* likewise */
};

struct leat_channel_stats {
    struct leat_pipe_stats pipe;
    int64_t drops[LEAT_DROP_CAUSES]; /* items */
    int64_t wakes;                   /* sent to the reader */
};

/* How often a side looks before it parks: longer while that pays, shorter while it does not. Its owner's alone. */
struct leat_spin {
    int64_t looks;
    int64_t ceiling; /* 0 on one processor */
    int64_t lost;    /* spins in a row that ended in a park; below 0: the one at hand is a long one, for trial */
};

/* Aligned to 64: memory for one from the heap comes from aligned_alloc. */
struct leat_channel {
    struct leat_pipe pipe;

    /* Set by init. */
    struct leat_waker *reader_waker, *writer_waker;
    void (*drop)(void *context, const void *item, enum leat_drop cause);

    /* The writer's line. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(uint32_t) reader_closed; /* written by the reader, once; read by the writer */
    bool writer_armed;                                            /* by arm_writer, until the next write */
    bool dropping;                                                /* the rest of this message is dropped too */
    enum leat_drop dropped_for;                                   /* as the rest was */
    struct leat_spin writer_spin;
    LEAT_ATOMIC(int64_t) drops[LEAT_DROP_CAUSES]; /* written by the writer, read by any thread */
    LEAT_ATOMIC(int64_t) wakes;                   /* sent to the reader by flush; written by the writer, read by any thread */

    /* The reader's line. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(uint32_t) writer_closed; /* written by the writer, once; read by the reader */
    bool reader_armed;                                            /* by arm, until the next read */
    struct leat_spin reader_spin;

    /* Each on a line of its own: token is written by the other side. */
    alignas(LEAT_CACHE_LINE) struct leat_waker own_reader;
    alignas(LEAT_CACHE_LINE) struct leat_waker own_writer;
};

/*
 * The channel is empty and open at both ends.
 *
 * @param channel  not in use; 64-byte aligned; stays where it is until fini
 * @param config   borrowed for the call
 * Returns 0; -EINVAL, -ENOMEM as leat_pipe_init; -EMFILE, -ENFILE when no eventfd was to be had. After a failure nothing is held.
 *
 * [thread: any, before both sides | blocks: no | allocates: one block | fails: EINVAL ENOMEM EMFILE ENFILE]
 */
LEAT_API int leat_channel_init(struct leat_channel *channel, const struct leat_channel_config *config);

/*
 * Chunks and eventfds are given back. Items unread are dropped: if they own something, read them first, by leat_pipe_poll and
 * leat_pipe_read of channel->pipe, which at rest any one thread may call, closed or not.
 *
 * [thread: any, both sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_channel_fini(struct leat_channel *channel);

/*
 * The item is in the pipe, behind all others; a flush after the end of its batch shows it to the reader. While the pipe is full, waits
 * for room, after having flushed what is complete; a try that finds it full has flushed too.
 *
 * @param item         item_bytes of the pipe, copied; the caller keeps what it points to on failure
 * @param incomplete   as leat_pipe_write
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries; LEAT_FOREVER waits
 * Returns 0; -EAGAIN (a try) or -ETIMEDOUT: full; -EPIPE: the reader closed; -EMSGSIZE: the incomplete batch alone fills the pipe, in items
 * or in bytes, and can never be completed; -ENOMEM: no chunk was to be had.
 *
 * [thread: writer | blocks: until the deadline | allocates: as leat_pipe_write | fails: EAGAIN ETIMEDOUT EPIPE EMSGSIZE ENOMEM]
 */
LEAT_API int leat_channel_write(struct leat_channel *channel, const void *item, bool incomplete, int64_t deadline_ns);

/*
 * The first of these items are in the pipe, each a batch of its own; waits, as leat_channel_write, for room for the first. What finds no
 * room in a channel that drops is dropped.
 *
 * @param items  `count` of them, item_bytes apart; copied, the first ones; the caller keeps what the others point to   @param count  1 or
 * more Returns how many, 1 .. count; or as leat_channel_write.
 *
 * [thread: writer | blocks: until the deadline | allocates: as leat_pipe_write | fails: EAGAIN ETIMEDOUT EPIPE EMSGSIZE ENOMEM]
 */
LEAT_API int64_t leat_channel_write_many(struct leat_channel *channel, const void *items, int64_t count, int64_t deadline_ns);

/*
 * The reader can see every complete batch, and was woken if it slept.
 *
 * Returns as leat_pipe_flush; ASLEEP: it was woken. Safe in a signal handler that owns the writer's side.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_API enum leat_flush leat_channel_flush(struct leat_channel *channel);

/*
 * Everything complete is flushed, the writer writes no more, and the reader was woken. An incomplete batch stays unseen.
 * May be called again.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_channel_close_writer(struct leat_channel *channel);

/*
 * The writer's sleep is announced, after a flush of what is complete: its waker is woken when there is room or the reader closes.
 * Holds until the next write, which withdraws it and drains the channel's own eventfd.
 *
 * Returns false when there is no need to sleep: there is room, the reader closed, or the open batch is too large (the next write says
 * which).
 *
 * [thread: writer | blocks: no | allocates: no | fails: there is room]
 */
LEAT_API bool leat_channel_arm_writer(struct leat_channel *channel);

/*
 * The oldest item is copied to `item` and out of the pipe, and the writer was woken if it slept and now has room.
 *
 * @param item         item_bytes of the pipe; untouched on failure
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries; LEAT_FOREVER waits
 * Returns 0; -EAGAIN (a try) or -ETIMEDOUT: empty; -EPIPE: the writer closed and everything was read. After an error no sleep is announced,
 * so the writer pays no wake-up for nobody.
 *
 * [thread: reader | blocks: until the deadline | allocates: no | fails: EAGAIN ETIMEDOUT EPIPE]
 */
LEAT_API int leat_channel_read(struct leat_channel *channel, void *item, int64_t deadline_ns);

/*
 * As many of the oldest items as wait, up to `count`, are copied to `items` and out of the pipe; waits, as leat_channel_read, for the
 * first.
 *
 * @param items  room for `count`, item_bytes apart; untouched on failure      @param count  1 or more
 * Returns how many, 1 .. count; or as leat_channel_read.
 *
 * [thread: reader | blocks: until the deadline | allocates: no | fails: EAGAIN ETIMEDOUT EPIPE]
 */
LEAT_API int64_t leat_channel_read_many(struct leat_channel *channel, void *items, int64_t count, int64_t deadline_ns);

/*
 * Returns the eventfd on which the reader sleeps, to be polled for reading after arm said true, the channel's (or the shared waker's)
 * own; -1: there is none, it is a futex.
 *
 * [thread: any | blocks: no | allocates: no | fails: no eventfd]
 */
LEAT_API int leat_channel_fd(const struct leat_channel *channel);

/*
 * The reader's sleep is announced: its waker is woken, and so its fd becomes readable, when something comes or the writer closes.
 * Holds until the next read, which withdraws it and drains the channel's own eventfd. So a loop reads until -EAGAIN, arms, reads again
 * when that says false, and polls when it says true. A wake-up that was on its way can make the fd readable with nothing there: the
 * read then says -EAGAIN.
 *
 * Returns false when there is no need to sleep: an item waits, or the writer closed (the next read says which).
 *
 * [thread: reader | blocks: no | allocates: no | fails: something waits]
 */
LEAT_API bool leat_channel_arm(struct leat_channel *channel);

/*
 * The reader reads no more and the writer was woken: it gets -EPIPE. Items unread stay until fini. May be called again.
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_channel_close_reader(struct leat_channel *channel);

/*
 * Waits until one more item can be written, after having flushed what is complete; also where the channel would drop.
 *
 * Returns 0, or an error as write.
 *
 * [thread: writer | blocks: until the deadline | allocates: no | fails: EAGAIN ETIMEDOUT EPIPE EMSGSIZE]
 */
LEAT_API int leat_channel_wait_room(struct leat_channel *channel, int64_t deadline_ns);

/*
 * *stats holds the counters as they were within the call.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_channel_stats(const struct leat_channel *channel, struct leat_channel_stats *stats);

/*
 * Ready: looks a few times, and up to spin_most as in struct leat_channel_config. won and lost: the spin found what it was for, or
 * ended in a park.
 *
 * [thread: owner | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_spin_init(struct leat_spin *spin, int64_t most);
LEAT_API void leat_spin_won(struct leat_spin *spin);
LEAT_API void leat_spin_lost(struct leat_spin *spin);
LEAT_API bool leat_spin_valid(const struct leat_spin *spin);

/*
 * Returns whether the pipe's invariants and the channel's own hold.
 *
 * [thread: any, both sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_channel_valid(const struct leat_channel *channel);

#ifdef __cplusplus
}
#endif
#endif
