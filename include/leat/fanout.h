/* SPDX-License-Identifier: MIT */
/*
 * leat/fanout.h: one writer to many readers. Every reader has a channel of its own (leat/channel.h) with its own bound; the messages are
 * counted (leat/msg.h), so what goes to a hundred readers is shared, not copied. Readers come and go while it runs.
 *
 *                      /--channel--> reader 1
 *      writer --msg--<  --channel--> reader 2        each gets a reference to the same bytes
 *                      \--channel--> reader 3
 *
 *   the writer                                                   a reader
 *   leat_fanout_write(fanout, &msg, false, deadline)             leat_fanout_attach(fanout, NULL, &channel)
 *   leat_fanout_flush(fanout)                                    leat_channel_read(channel, &msg, deadline), then leat_msg_unref(&msg)
 *   leat_fanout_close_writer(fanout)                             leat_channel_close_reader(channel): it leaves
 *
 *   a reader whose channel is full            what happens
 *   LEAT_FANOUT_DROP (the default)            the whole message is dropped for this reader, and counted
 *   LEAT_FANOUT_WAIT                          the writer waits, before any reader gets the message
 *   LEAT_FANOUT_CLOSE                         the reader is let go: it reads what it has and then gets -EPIPE
 *
 * After libzmq's PUB socket, whose only answer is the first. A reader that attaches between two parts of a message gets none of it.
 * Built on struct leat_roster of leat/mailbox.h, of which the writer is the owner.
 */
#ifndef LEAT_FANOUT_H
#define LEAT_FANOUT_H

#include <leat/base.h>
#include <leat/channel.h>
#include <leat/mailbox.h>
#include <leat/msg.h>

#ifdef __cplusplus
extern "C" {
#endif

enum leat_fanout_full { LEAT_FANOUT_DROP, LEAT_FANOUT_WAIT, LEAT_FANOUT_CLOSE };

struct leat_fanout_config {
    int64_t readers; /* most attached at once, 1 .. 65536 */
    struct leat_pipe_config
        pipe;          /* of each reader's channel; item_bytes 0: it is sizeof(struct leat_msg). bytes_of is for bounds in bytes */
    int64_t spin_most; /* as in leat_channel_config */
};

/* How a reader attaches. All 0: as the fanout's configuration says. */
struct leat_fanout_reader {
    enum leat_fanout_full full;
    int64_t high_water;              /* of its own channel; 0: as the fanout's */
    bool reader_fd;                  /* as in leat_channel_config, both */
    struct leat_waker *reader_waker; /* must outlive the fanout, not only this reader: the writer may be about to wake it */
};

struct leat_fanout_stats {
    int64_t readers;                 /* attached, or let go and not gone yet, as the last write that began a message saw them */
    int64_t written;                 /* messages, or parts of them */
    int64_t sent;                    /* references given to readers: written by as many as were attached, less drops */
    int64_t drops[LEAT_DROP_CAUSES]; /* references not given */
    int64_t let_go;                  /* readers that were too slow */
};

/* Aligned to 64: memory for one from the heap comes from aligned_alloc. */
struct leat_fanout {
    struct leat_roster roster;
    struct leat_channel_config channel; /* of each reader */
    struct leat_waker writer_waker;     /* on which the writer waits for room, and hears of readers that come */
    bool inside;                        /* a message */
    bool closed;
    struct leat_fanout_stats sum; /* `drops` of readers that are gone */
};

/*
 * The fanout is open and nobody is attached.
 *
 * @param fanout  not in use; 64-byte aligned; stays where it is until fini     @param config  borrowed for the call
 * Returns 0; -EINVAL; -ENOMEM.
 *
 * [thread: any, before all sides | blocks: no | allocates: the seats | fails: EINVAL ENOMEM]
 */
LEAT_API int leat_fanout_init(struct leat_fanout *fanout, const struct leat_fanout_config *config);

/* Every channel is ended, and the references in it given up.   [thread: any, all sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_fanout_fini(struct leat_fanout *fanout);

/*
 * Every reader that is attached gets a reference to the message, or what its LEAT_FANOUT_... says; after a flush it can be read.
 *
 * @param msg          the fanout's on success and then empty; still the caller's after an error, and no reader has got anything
 * @param incomplete   true: more parts of the same message follow
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries; LEAT_FOREVER waits: for readers that are LEAT_FANOUT_WAIT
 * Returns how many readers got it, 0 or more; -EAGAIN, -ETIMEDOUT: a reader that is waited for is full; -EPIPE: closed. A reader that is
 * waited for and whose channel is smaller than the message loses it, which is counted: it cannot hold up the others for ever.
 *
 * [thread: writer | blocks: until the deadline | allocates: as leat_pipe_write | fails: EAGAIN ETIMEDOUT EPIPE]
 */
LEAT_API int64_t leat_fanout_write(struct leat_fanout *fanout, struct leat_msg *msg, bool incomplete, int64_t deadline_ns);

/*
 * Every reader can see every complete message, and was woken if it slept.
 *
 * Returns how many were woken.
 *
 * [thread: writer | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_fanout_flush(struct leat_fanout *fanout);

/* Everything complete is flushed; readers read what they have and then get -EPIPE; nobody attaches any more. May be called again.
 * [thread: writer | blocks: no | allocates: no | fails: never] */
LEAT_API void leat_fanout_close_writer(struct leat_fanout *fanout);

/*
 * *channel is a channel of struct leat_msg from this fanout, of which the caller is the reader: leat_channel_read, arm ... and at last
 * leat_channel_close_reader, after which it is not the caller's any more.
 *
 * @param reader  borrowed for the call; NULL: all 0     @param channel  set on success
 * Returns 0; -ENOSPC: `readers` are attached; -EPIPE: the writer closed; -ENOMEM, -EINVAL as leat_pipe_init; -EMFILE, -ENFILE.
 *
 * [thread: any | blocks: no | allocates: a block or two | fails: ENOSPC EPIPE ENOMEM EINVAL EMFILE ENFILE]
 */
LEAT_API int leat_fanout_attach(struct leat_fanout *fanout, const struct leat_fanout_reader *reader, struct leat_channel **channel);

/* *stats holds the counters.   [thread: writer | blocks: no | allocates: no | fails: never] */
LEAT_API void leat_fanout_stats(struct leat_fanout *fanout, struct leat_fanout_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
