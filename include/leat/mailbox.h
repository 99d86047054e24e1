/* SPDX-License-Identifier: MIT */
/*
 * leat/mailbox.h: many writers to one reader. Each writer has a channel of its own (leat/channel.h), so writers never meet: no lock, no
 * shared counter, the bound of one is not eaten by another. Writers come and go while the mailbox runs.
 *
 *      writer 1 --channel--> seat 0 \
 *      writer 2 --channel--> seat 1  >-- fair turns --> reader            urgent seats first, at every message
 *      writer 3 --channel--> seat 2 /
 *
 * After libzmq's mailbox and its fair queue, with these differences: libzmq's mailbox has one pipe and a lock among its writers; ours has
 * a pipe for each and none.
 *
 *   a writer                                                     the reader
 *   leat_mailbox_attach(mailbox, NULL, &channel)                 leat_mailbox_read(mailbox, &item, deadline)
 *   leat_channel_write(channel, &item, false, deadline)          leat_mailbox_from(mailbox): who wrote it
 *   leat_channel_flush(channel)
 *   leat_channel_close_writer(channel): it leaves; what it wrote is still read, then its seat is free again
 *
 * A roster is what mailbox and fanout share: a fixed number of seats, each a channel, taken by any thread and looked after by one, the
 * owner.
 *
 * I1  a seat is FREE, or BUSY (being taken, by the thread that made it so), or OPEN. Only the owner makes an OPEN seat FREE, when both
 *     sides of its channel are done with it.
 * I2  order[0 .. live) are the seats that were OPEN when the owner looked last, the urgent ones first; pipes[] are theirs.
 * I3  whoever opens a seat raises `changes` afterwards, and the owner's waker after that: an owner that sleeps looks again.
 *
 * Edges: "seat"   the taker's store OPEN (release)  ->  the owner's load (acquire): the channel is seen, ready.
 *        "free"   the owner's store FREE (release)  ->  the next taker's exchange (acquire): the channel of before is ended.
 *        "closed" close sets `closed` and then looks at the seats, a taker opens its seat and then looks at `closed` (both sequentially
 *                 consistent): one of the two sees the other, and closes the channel.
 */
#ifndef LEAT_MAILBOX_H
#define LEAT_MAILBOX_H

#include <leat/base.h>
#include <leat/channel.h>
#include <leat/os.h>
#include <leat/pipe.h>

#ifdef __cplusplus
extern "C" {
#endif

enum leat_seat_state { LEAT_SEAT_FREE, LEAT_SEAT_BUSY, LEAT_SEAT_OPEN };

struct leat_seat {
    struct leat_channel channel;
    LEAT_ATOMIC(uint32_t) state; /* an enum leat_seat_state */
    bool urgent;
    void *user;
};

struct leat_roster {
    struct leat_seat *seats;
    int64_t count;
    int64_t bytes; /* of the memory at `seats` */
    struct leat_waker *waker;
    /* Written by any thread. */
    alignas(LEAT_CACHE_LINE) LEAT_ATOMIC(uint32_t) changes;
    LEAT_ATOMIC(uint32_t) closed;
    /* The owner's. */
    alignas(LEAT_CACHE_LINE) struct leat_seat **order;
    struct leat_pipe **pipes;
    int64_t live, urgent; /* seats in `order`; of those, urgent ones */
    uint32_t seen;        /* of changes */
};

/*
 * All seats are free.
 *
 * @param count  1 .. 65536     @param waker  the owner's, borrowed until fini
 * Returns 0, -EINVAL, -ENOMEM.
 *
 * [thread: any, before all sides | blocks: no | allocates: the seats | fails: EINVAL ENOMEM]
 */
LEAT_API int leat_roster_init(struct leat_roster *roster, int64_t count, struct leat_waker *waker);

/* Ends every channel and gives the memory back. Items unread are dropped.   [thread: any, all sides at rest | blocks: no | allocates: no |
 * fails: never] */
LEAT_API void leat_roster_fini(struct leat_roster *roster);

/*
 * *seat is open, its channel made as *config says.
 *
 * Returns 0; -ENOSPC: every seat is taken; -EPIPE: the owner closed; or as leat_channel_init.
 *
 * [thread: any | blocks: no | allocates: as leat_channel_init | fails: ENOSPC EPIPE EINVAL ENOMEM EMFILE ENFILE]
 */
LEAT_API int leat_roster_take(struct leat_roster *roster, const struct leat_channel_config *config, bool urgent, void *user,
                              struct leat_seat **seat);

/* order and pipes are what is open now. Returns true if something had changed.   [thread: owner | blocks: no | allocates: no | fails:
 * never] */
LEAT_API bool leat_roster_look(struct leat_roster *roster);

/* order[index] is ended and free; order and pipes close up.   [thread: owner; the seat's other side is done | blocks: no | allocates: no |
 * fails: never] */
LEAT_API void leat_roster_free(struct leat_roster *roster, int64_t index);

/* No more seats are taken. Returns false when it was closed before.   [thread: owner | blocks: no | allocates: no | fails: never] */
LEAT_API bool leat_roster_close(struct leat_roster *roster);

struct leat_mailbox_config {
    int64_t writers;                 /* most attached at once, 1 .. 65536 */
    struct leat_pipe_config pipe;    /* of each writer's channel: its blocks are used by all writers and the reader */
    bool reader_fd;                  /* the reader sleeps on an eventfd that can be polled */
    struct leat_waker *reader_waker; /* NULL: the mailbox's own; else a shared one, borrowed, that its owner drains, as with a channel */
    int64_t spin_most;               /* as in leat_channel_config */
    int64_t turn_messages;           /* read from one writer before the next has its turn; 0: 1, as libzmq */
    /* Says of an item that more of its message follows: then the next comes from the same writer. NULL: every item is a message. */
    bool (*more)(void *context, const void *item);
};

/* How a writer attaches. All 0: as the mailbox's configuration says. */
struct leat_mailbox_writer {
    bool urgent;                                                         /* read before all that are not */
    int64_t high_water;                                                  /* of its own channel; 0: as the mailbox's */
    void (*drop)(void *context, const void *item, enum leat_drop cause); /* as in leat_channel_config */
    void *user;                                                          /* what leat_mailbox_from says */
};

struct leat_mailbox_stats {
    int64_t writers;  /* attached, or gone with items unread */
    int64_t attached; /* since the start */
    int64_t items_in, items_out;
    int64_t bytes_in, bytes_out;
    int64_t drops[LEAT_DROP_CAUSES];
    int64_t wakes;  /* that writers sent */
    int64_t sleeps; /* times that the reader parked */
};

/* Aligned to 64: memory for one from the heap comes from aligned_alloc. */
struct leat_mailbox {
    struct leat_roster roster;
    struct leat_channel_config channel; /* of each writer */
    int64_t turn_messages;
    bool (*more)(void *context, const void *item);
    struct leat_waker *waker;
    LEAT_ATOMIC(int64_t) attached;

    /* The reader's. */
    alignas(LEAT_CACHE_LINE) struct leat_spin spin;
    int64_t turn, turn_left; /* whose, among the seats that are not urgent; messages that are left of it */
    int64_t urgent_turn;
    struct leat_seat *inside; /* in the middle of a message of this one */
    void *from;
    bool armed;
    struct leat_mailbox_stats gone; /* of the channels that were ended */

    alignas(LEAT_CACHE_LINE) struct leat_waker own;
};

/*
 * The mailbox is open and nobody is attached.
 *
 * @param mailbox  not in use; 64-byte aligned; stays where it is until fini
 * @param config   borrowed for the call
 * Returns 0; -EINVAL; -ENOMEM; -EMFILE, -ENFILE when no eventfd was to be had. After a failure nothing is held.
 *
 * [thread: any, before all sides | blocks: no | allocates: the seats, about 2 KiB each | fails: EINVAL ENOMEM EMFILE ENFILE]
 */
LEAT_API int leat_mailbox_init(struct leat_mailbox *mailbox, const struct leat_mailbox_config *config);

/*
 * Every channel is ended. Items unread are dropped: if they own something, read them first.
 *
 * [thread: any, all sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_mailbox_fini(struct leat_mailbox *mailbox);

/*
 * *channel is a channel to this mailbox, of which the caller is the writer: leat_channel_write, flush, arm_writer ... and at last
 * leat_channel_close_writer, after which it is not the caller's any more.
 *
 * @param writer   borrowed for the call; NULL: all 0     @param channel  set on success
 * Returns 0; -ENOSPC: `writers` are attached; -EPIPE: the reader closed; -ENOMEM, -EINVAL as leat_pipe_init.
 *
 * [thread: any | blocks: no | allocates: a block or two | fails: ENOSPC EPIPE ENOMEM EINVAL EMFILE ENFILE]
 */
LEAT_API int leat_mailbox_attach(struct leat_mailbox *mailbox, const struct leat_mailbox_writer *writer, struct leat_channel **channel);

/*
 * The oldest item of the writer whose turn it is is copied to `item`; urgent writers have their turn first, after whole messages.
 *
 * @param item         item_bytes of the pipes; untouched on failure
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries; LEAT_FOREVER waits, also while nobody is attached
 * Returns 0; -EAGAIN (a try) or -ETIMEDOUT: nothing there; -EPIPE: this reader has closed, and what was left is
 * read.
 *
 * [thread: reader | blocks: until the deadline | allocates: no | fails: EAGAIN ETIMEDOUT EPIPE]
 */
LEAT_API int leat_mailbox_read(struct leat_mailbox *mailbox, void *item, int64_t deadline_ns);

/*
 * Returns the `user` of who wrote the item that was read last; NULL before the first. It stays its owner's, the library never looks inside.
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_API void *leat_mailbox_from(const struct leat_mailbox *mailbox);

/* Returns the eventfd to be polled after arm said true; -1: there is none.   [thread: any | blocks: no | allocates: no | fails: no eventfd]
 */
LEAT_API int leat_mailbox_fd(const struct leat_mailbox *mailbox);

/*
 * The reader's sleep is announced to every writer, as by leat_channel_arm; holds until the next read.
 *
 * Returns false when there is no need to sleep: read first.
 *
 * [thread: reader | blocks: no | allocates: no | fails: something waits]
 */
LEAT_API bool leat_mailbox_arm(struct leat_mailbox *mailbox);

/*
 * Writers get -EPIPE from now on, those that sleep are woken, and nobody attaches any more. What is left can still be read, without
 * waiting; a batch that its writer has not completed is given up by fini, unless the writer takes it back by unwrite. May be called again.
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_mailbox_close_reader(struct leat_mailbox *mailbox);

/*
 * *stats holds the sums over all writers, those that are gone included, as they were within the call.
 *
 * [thread: reader | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_mailbox_stats(struct leat_mailbox *mailbox, struct leat_mailbox_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
