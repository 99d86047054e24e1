/* SPDX-License-Identifier: MIT */
/*
 * The inside of a link. Two threads: the application's, and the I/O thread that io.c runs.
 *
 * I1  frames_in = frames received + items in the pipe `in`; frames sent = frames_out + outbox + items in the pipe `out`.
 * I2  bytes read = bytes_in + ring used + bytes_after_end: nothing that was read is anywhere else.
 * I3  in_error is written before the pipe `in` is closed, out_error before the pipe `out` is: the close publishes it. The error of a
 *     direction that was never open is not written at all: the application may look at it from the start.
 */
#ifndef LEAT_LINK_PRIVATE_H
#define LEAT_LINK_PRIVATE_H

#include <leat/link.h>
#include <leat/channel.h>
#include <leat/os.h>
#include <leat/ring.h>

#define OUTBOX_ITEMS 64 /* messages gathered into one write */
#define OUTBOX_SPANS 64

/* What the application asks of the I/O thread; only ever raised. */
enum link_stop { LINK_RUN, LINK_DRAIN, LINK_ABANDON };

/* Why the input makes no progress. */
enum link_hold { HOLD_NOTHING, HOLD_DEVICE, HOLD_ROOM, HOLD_BLOCKS };

/* A counter with one writer that any thread may read. */
typedef LEAT_ATOMIC(int64_t) link_count;

/* Relaxed: the one writer is the caller, and readers want a number, not an order. */
static inline void link_add(link_count *count, int64_t by)
{
    leat_store(count, leat_load(count, relaxed) + by, relaxed);
}

static inline int64_t link_get(link_count *count)
{
    return leat_load(count, relaxed); /* relaxed: a number, not an order */
}

/* The pools of one link; they outlive it while the application still holds messages. */
struct link_pools {
    struct leat_pool *messages, *chunks;
    struct leat_blocks message_blocks, chunk_blocks;
    struct link_pools *next; /* on the list of those that wait for their last message */
};

struct leat_link {
    /* Set by open, read by both threads. */
    const struct leat_transport *transport;
    void *state; /* of the transport; the I/O thread's while it runs */
    struct leat_address address;
    struct leat_link_options options; /* as in force: every default filled in */
    char name[LEAT_ADDRESS_BYTES];
    struct link_pools *pools;
    struct leat_waker io;       /* wakes the I/O thread: something to send, room to receive, stop */
    struct leat_waker finished; /* wakes close(): the I/O thread is done */
    struct leat_thread thread;
    LEAT_ATOMIC(uint32_t) stop;   /* enum link_stop; written by the application, read by the I/O thread */
    LEAT_ATOMIC(uint32_t) done;   /* 1 once the I/O thread touches nothing but `finished` and `owners` any more; written by it (release) */
    LEAT_ATOMIC(uint32_t) owners; /* application and I/O thread: the last one frees the link */

    /* Between the threads. */
    struct leat_channel in, out;
    struct leat_error in_error;  /* I3: written by the I/O thread */
    struct leat_error out_error; /* I3: likewise */
    link_count frames_in, bytes_in, frames_out, bytes_out, malformed, bytes_after_end, ring_peak,
        pool_waits; /* written by the I/O thread */

    /* The I/O thread's. */
    struct leat_ring ring;
    struct leat_tlv_framer framer;
    struct leat_tlv_limits limits;
    int64_t need;        /* bytes that the frame at the ring's head wants before it is looked at again */
    int64_t repeat_left; /* times the input is still to be read from its start */
    bool slot_filled;    /* the place at the pipe's back holds the frame at the ring's head, not pushed yet */
    bool unpadded;       /* the bytes in the ring are the last frame, which lacks its padding */
    bool accepted;       /* a listener has its peer */
    bool wired;          /* open got as far as the channels */
    bool in_open, out_open;
    enum link_hold hold;
    bool out_blocked; /* the device took less than it was offered */
    struct leat_msg outbox[OUTBOX_ITEMS];
    int64_t outbox_first, outbox_end;
    int64_t outbox_skip; /* bytes of the first message that the device has already */

    /* The application's. */
    int64_t frames_received, frames_sent, bytes_sent;
    const struct leat_error *last_error;
};

void link_io_run(void *link); /* the I/O thread */
void link_free(struct leat_link *link);

#endif
