/* SPDX-License-Identifier: MIT */
/*
 * The inside of a link. Two threads: the application's, and the I/O thread that io.c runs.
 *
 * I1  frames_in = frames received + items in the pipe `in`; frames sent = frames_out + frames in the batch + items in the pipe `out`.
 *     A frame that a lost connection cut on its way out stays in the batch, and in the second sum.
 * I2  bytes read = bytes_in + ring used + the block's framed .. filled + the lent datagram's lent_framed .. size + chain_bytes - chain_left
 *     + bytes_after_end + bytes_dropped + bytes_skipped: nothing that was read is anywhere else. Of ring, block and lent datagram two are
 *     empty; while a chain is read all are.
 * I3  in_error is written before the pipe `in` is closed, out_error before the pipe `out` is: the close publishes it. The error of a
 *     direction that was never open is not written at all: the application may look at it from the start.
 */
#ifndef LEAT_LINK_PRIVATE_H
#define LEAT_LINK_PRIVATE_H

#include <leat/channel.h>
#include <leat/io_thread.h>
#include <leat/listener.h>
#include <leat/os.h>
#include <leat/ring.h>

#define BATCH_FRAMES 1024
#define BATCH_SPANS 64
#define BATCH_GATHERED 65536 /* bytes */

#define LINK_WAITS 3            /* descriptors that a link waits for: of its input, of what becomes of its connections, of its output */
#define BLOCKS_NS (1000 * 1000) /* between two looks at whether a block came back, where no descriptor tells */

#define LINK_TAG_WAKER ((uintptr_t)1) /* in a set, a link's descriptors have its address as their tag, and its waker that and this */

/* What the application asks of the I/O thread; only ever raised. */
enum link_stop { LINK_RUN, LINK_DRAIN, LINK_ABANDON };

/* Why the input makes no progress. */
enum link_hold { HOLD_NOTHING, HOLD_DEVICE, HOLD_ROOM, HOLD_BLOCKS };

/* What the I/O thread is to do with a link. */
enum link_next { LINK_AGAIN, LINK_WAIT, LINK_END };

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

/* In the pipe to the application, where options.info wants it; without, messages alone. */
struct link_item {
    struct leat_msg msg;
    struct leat_link_info info;
};

/* The pools of one link, or of a listener and its links; they outlive them while the application still holds messages. */
struct link_pools {
    LEAT_ATOMIC(uint32_t) users;                   /* written by each that comes or goes */
    struct leat_pool *messages, *receive, *chunks; /* receive: NULL where only the ring is used */
    struct leat_blocks message_blocks, receive_blocks, chunk_blocks;
    LEAT_ATOMIC(struct leat_pool *) sends; /* NULL until leat_link_alloc is called first; written by whoever makes it (acq_rel) */
    struct link_pools *next;               /* on the list of those that wait for their last message */
};

/*
 * What is on its way to the device.
 *
 * B1  sizes[frame_first .. frame_end) are the frames that the device has not got whole; of the first it has `skip` bytes.
 * B2  spans[span_first .. span_end), and then the cursor, are all bytes that it has not got; they lie in held messages or in gathered[].
 */
struct link_batch {
    int64_t frame_first, frame_end, skip;
    int64_t span_first, span_end;
    struct leat_msg_cursor cursor; /* of the last held message, whose pieces are not all among the spans */
    bool last_held;                /* the last span is the end of the last held message */
    bool lingers;                  /* it waits for more; nothing of it was written */
    bool lends;                    /* the transport takes large messages without a copy */
    int64_t bytes, begun_ns;       /* of all its frames; when it got its first, where it may linger */
    int64_t held_count;
    int64_t gathered_bytes;
    struct leat_span spans[BATCH_SPANS];
    struct leat_msg held[BATCH_SPANS];
    int64_t sizes[BATCH_FRAMES];
    unsigned char gathered[BATCH_GATHERED];
};

/* Beside the batch, where options.key is set: at[i] is text[i], the key of the frame of sizes[i]. */
struct link_keys {
    const char *at[BATCH_FRAMES];
    char text[BATCH_FRAMES][LEAT_KEY_BYTES];
};

/* Who gives many links their turns: host.c. */
struct link_host {
    int set; /* of the descriptors that its links wait for */
    struct leat_link *all;
    struct leat_link *queue_first, *queue_last; /* those that are to have a turn */
    int64_t due_ns;
};

/* What a link with reconnect_ns has beside others (reconnect.c). */
struct link_reconnect {
    link_count made;              /* connections after the first; written by the I/O thread, which alone has the rest */
    uint64_t random;              /* from which the delays are drawn */
    int64_t delay_ns;             /* the next delay at its longest */
    int64_t at_ns;                /* when the next attempt begins; with output_lost, how long the input is waited for */
    int64_t failed;               /* attempts in a row */
    int64_t since_ns, frames;     /* when the connection was made, and how many frames had come and gone by then */
    int64_t lost_before;          /* what the endpoint had lost in earlier connections */
    struct link_attempt *attempt; /* under way; NULL: none */
    int output_lost;              /* the connection is lost, but the input is still to be read up; 0: it is not */
    struct leat_error why;        /* that */
};

struct leat_listener {
    struct leat_link *model; /* what its links have in common; never wired and never handed out */
    int64_t most_links, accepted, failed;
    bool merged;
    /* where merged */
    struct link_host host;
    bool hears, called; /* the set hears of callers; there may be some */
    int64_t unlooked;   /* calls since the last look at the set */
};

/* A datagram that the transport lends, and that is copied, as there are not so many blocks as it is to be counted by. */
struct link_offer {
    struct leat_span datagram; /* of 0 bytes: there is none */
    int64_t taken;             /* of it, copied */
    void (*free_fn)(void *data, void *context);
    void *context;
};

/* What a link has as soon as something comes, goes or fails: whatever an idle one can do without (tests/stress/link_idle.c). */
struct link_body {
    struct leat_channel in, out;
    struct leat_error in_error;  /* I3: written by the I/O thread */
    struct leat_error out_error; /* I3: likewise */
    struct leat_ring ring;       /* the I/O thread's, as what follows */
    struct leat_tlv_framer framer;
    struct leat_msg_buffer block; /* open where on_blocks */
    struct leat_msg lent;         /* a datagram that the transport lent, from which frames are cut; empty: none */
    struct link_offer offer;
    int64_t lent_framed;   /* bytes of it that became messages */
    struct leat_msg chain; /* a frame larger than a block, while it is read */
    struct leat_msg_cursor chain_cursor;
    struct leat_span chain_piece;        /* where the next bytes of the chain go */
    int64_t framed, filled;              /* bytes of the block that became messages, and that were read */
    int64_t chain_left;                  /* of chain_bytes, those that are still to come */
    int64_t learnt_bytes, learnt_frames; /* bytes_in and frames_in when the way to receive was chosen last */
};

struct leat_link {
    /* Set by open, read by both threads. */
    const struct leat_transport *transport;
    void *state;                      /* of the transport; the I/O thread's while it runs */
    struct leat_address *address;     /* as given; NULL: of a listener's peer */
    char *name;                       /* the endpoint's real one; NULL: not known yet */
    struct leat_link_options options; /* as in force: every default filled in */
    struct link_pools *pools;
    struct leat_waker io;       /* wakes the I/O thread: something to send, room to receive, stop */
    struct leat_waker finished; /* wakes close(): the I/O thread is done */
    struct leat_thread thread;
    LEAT_ATOMIC(uint32_t) stop; /* enum link_stop; written by the application, read by the I/O thread */
    LEAT_ATOMIC(uint32_t) done; /* 1 once the I/O thread touches nothing but `finished` and `owners` any more; written by it (release) */
    LEAT_ATOMIC(uint32_t) ring_ready; /* 1 once there is a ring; written by whoever makes it (release) */
    LEAT_ATOMIC(uint32_t) drain;      /* 1 while the application waits for the output to be out; written by it */
    LEAT_ATOMIC(uint32_t) owners;     /* application and I/O thread: the last one frees the link */
    LEAT_ATOMIC(uint32_t) told_state; /* enum leat_link_state; written by the I/O thread */
    struct link_reconnect *reconnect; /* NULL: a connection that is lost is the end */

    /* Between the threads. */
    struct link_body *body; /* NULL: nothing has come or gone yet (links with `lazy` alone) */
    link_count frames_in, bytes_in, frames_out, bytes_out, malformed, bytes_after_end, ring_peak, pool_waits, frames_cut, starved, lost,
        frames_dropped, bytes_dropped, bytes_skipped; /* written by the I/O thread */

    /* The I/O thread's. */
    struct leat_tlv_limits limits;
    int64_t need;        /* bytes that the frame at the ring's head wants before it is looked at again */
    int64_t repeat_left; /* times the input is still to be read from its start */
    bool slot_filled;    /* the place at the pipe's back holds the frame at the ring's head, not pushed yet */
    bool astray;         /* bytes are being skipped */
    bool slot_cut;       /* that message is cut from a receive block, or a chain of them */
    bool starving;       /* no receive block was free when one was wanted last */
    bool unpadded;       /* the bytes in the ring are the last frame, which lacks its padding */
    bool accepted;       /* there is a connection: a listener has its peer, and `state` is not NULL */
    int absent_code;     /* why nobody is there, as the transport said last */
    int bare_code;       /* why the input or output ended, where there was no memory for a body to say more */
    bool lazy;           /* ring, batch and, without a thread, body are made when they are needed first */
    bool in_open, out_open;
    enum link_hold hold;
    bool out_blocked; /* the device took less than it was offered */
    bool took_all;    /* the last read took all there was, and little */

    bool wants_blocks;               /* blocks are the way to receive; where they cannot be had the ring is taken */
    bool on_blocks;                  /* what is held lies in `block`, not in the ring */
    int64_t chain_bytes;             /* of a frame larger than a block, while it is read; else 0 */
    int64_t read_ns;                 /* when something was read last, and */
    int64_t partial_ns;              /* when the first bytes of the frame that is not whole were; both only where a limit is set */
    struct link_batch *batch;        /* NULL where there is no output */
    int64_t linger_ns, linger_bytes; /* so long so few bytes wait for more; 0: they do not */
    struct link_keys *keys;          /* NULL where its frames have none */

    /* With a host (host.c), in its thread. */
    struct link_host *host;                    /* of a merged listener; NULL: none, or an I/O thread's */
    struct leat_link *host_next, *host_before; /* all links there */
    struct leat_link *queue_next;              /* those that are to have a turn */
    int64_t host_due_ns;                       /* when it is to have one at the latest */
    bool queued, gone;                         /* gone: its descriptor has said so */

    /* Without a thread: the descriptor that others wait for, and what is in it; with a host that one's. */
    int set;
    int timer;                                 /* for what can only be looked at again */
    struct leat_ready watched[LINK_WAITS + 2]; /* and its waker and timer */
    int64_t watched_count;

    /* The application's. */
    int64_t frames_received, frames_sent, bytes_sent;
    bool end_told; /* recv has said that the input is over */
    void *context; /* whatever the application likes */
    const struct leat_error *last_error;
};

/* io.c */
void link_io_run(void *link);                    /* the I/O thread */
enum link_next link_run(struct leat_link *link); /* one turn of a link on an I/O thread */
bool link_may_sleep(struct leat_link *link);     /* its sleep is announced to the application. False: there is something to do */
void link_leave(struct leat_link *link);         /* the I/O thread is done with it */
bool link_turn(struct leat_link *link);          /* one turn of both directions, where there is a connection. True: something moved */
/* A transport that makes its connections by itself: the link's state follows. Before a wait or after a flush: what moves has somebody. */
void link_follow(struct leat_link *link);
bool link_accept(struct leat_link *link); /* returns whether there is a connection; an error closes both directions */
void link_end(struct leat_link *link);    /* both directions are closed */
/* Lists the descriptors whose readiness may end the standstill, that of the output last; the deadline is brought forward where there is
 * none. */
int64_t link_waits(struct leat_link *link, struct leat_ready set[LINK_WAITS], int64_t *deadline_ns);

/* step.c: links without a thread; the functions are those of link.h */
bool link_step(struct leat_link *link);                           /* some turns. True: something moved */
bool link_step_wait(struct leat_link *link, int64_t deadline_ns); /* until something may move. False: the deadline is past */
int64_t link_step_recv(struct leat_link *link, struct leat_msg *msgs, struct leat_link_info *infos, int64_t count, int64_t deadline_ns);
int64_t link_step_send(struct leat_link *link, struct leat_msg *msgs, int64_t count, int64_t deadline_ns);
void link_step_flush(struct leat_link *link);
bool link_step_look(struct leat_link *link); /* a step, and a look at whether the other end is still there */
bool link_step_arm(struct leat_link *link);
int link_step_fd(struct leat_link *link);
bool link_step_close(struct leat_link *link, int64_t deadline_ns); /* true: everything was written */

/* What is to be in the link's set, and nothing else. False: something cannot be watched */
bool link_watch(struct leat_link *link, struct leat_ready *now, int64_t count);

/* host.c */
int link_host_open(struct link_host *host); /* set is -1 before; 0, or a negative errno */
void link_host_close(struct link_host *host);
void link_host_add(struct link_host *host, struct leat_link *link); /* it is queued */
void link_host_remove(struct link_host *host, struct leat_link *link);
void link_host_enqueue(struct link_host *host, struct leat_link *link);  /* unless it is queued */
struct leat_link *link_host_dequeue(struct link_host *host);             /* from a queue that is not empty */
bool link_host_park(struct link_host *host, struct leat_link *link);     /* T1. False: there is something to do at once */
bool link_host_lost(struct leat_link *link);                             /* a look at an output whose descriptor was gone. True: it is */
void link_host_look_at_clock(struct link_host *host);                    /* those parked whose time has come are queued */
bool link_host_look_at_set(struct link_host *host, int64_t deadline_ns); /* those that are ready are queued. True: the host's own */

/* merged.c */
int link_merge(struct leat_listener *listener, struct leat_error *error); /* its peers are received from as one */
void link_part(struct leat_listener *listener);                           /* its links are on their own again */

/* listener.c */
bool link_listener_full(const struct leat_listener *listener);
int link_listener_take(struct leat_listener *listener, struct leat_link **link, struct leat_error *error); /* as accept, without waiting */

/* io_thread.c */
void link_join_thread(struct leat_io_thread *io, struct leat_link *link); /* the link runs there from now on */

/* reconnect.c */
int link_reconnect_check(struct leat_link *link, struct leat_error *error); /* its options; defaults are filled in */
int link_reconnect_open(struct leat_link *link);                            /* 0, also where the link does not reconnect; or -ENOMEM */
bool link_reconnect_later(struct leat_link *link, int code); /* open failed by that code. True: it is to be tried again later */
void link_reconnect_end(struct leat_link *link);             /* attempts come to nothing */
/* The connection is lost, says that direction. True: there will be another one, and nothing is to be closed; the input is read up first. */
bool link_lost(struct leat_link *link, unsigned direction, const struct leat_error *why);
bool link_reconnect_step(struct leat_link *link);         /* while there is no connection. True: now there is */
int64_t link_reconnect_due(const struct leat_link *link); /* when it is to be called at the latest; */
int link_reconnect_fd(const struct leat_link *link);      /* and when this can be read. -1: none */

/* link.c */
void link_set_state(struct leat_link *link, enum leat_link_state state, const struct leat_error *why); /* and tells the application */
void link_ended(struct leat_link *link);                                 /* a direction is over, its pipe not yet closed */
void link_give_up(struct leat_link *link, const struct leat_error *why); /* both directions end by that */
/* As leat_channel_read_many from the pipe `in`; infos: NULL, or where options.info is set. */
int64_t link_take(struct leat_link *link, struct leat_msg *msgs, struct leat_link_info *infos, int64_t count, int64_t deadline_ns);
struct leat_link *link_make(void); /* empty, or NULL */
int link_check_options(struct leat_link *link, const struct leat_link_options *given, struct leat_error *error);
int link_open_rest(struct leat_link *link, struct leat_error *error); /* transport, state, name, options and pools are set */
int link_open_ring(struct leat_link *link);
int link_open_output(struct leat_link *link);
bool link_has_body(struct leat_link *link);              /* makes it where there is none. False: no memory */
int link_name(struct leat_link *link, const char *name); /* 0 or -ENOMEM */
int link_refuse(struct leat_link *link, struct leat_error *error, int code, const char *what); /* says it of the link, and returns code */
void link_free(struct leat_link *link);

/* pools.c */
int64_t link_item_bytes(const struct leat_link_options *options);                                         /* of the pipe `in` */
int link_pools_create(struct link_pools **pools, const struct leat_link_options *options, int64_t links); /* with one user */
void link_pools_share(struct link_pools *pools);                                                          /* one user more */
int64_t link_pools_users(struct link_pools *pools);
void link_pools_drop(struct link_pools *pools);                                                                    /* one user less */
int link_pools_sends(struct link_pools *pools, const struct leat_link_options *options, struct leat_pool **sends); /* 0 or -ENOMEM */

/* What the endpoint has lost, where stats can see it; after each read and write. */
static inline void link_count_lost(struct leat_link *link)
{
    if (link->transport->lost) {
        int64_t before = link->reconnect ? link->reconnect->lost_before : 0;
        leat_store(&link->lost, before + link->transport->lost(link->state), relaxed); /* relaxed: a number */
    }
}

/* Before a wait. */
static inline void link_count_wait(struct leat_link *link)
{
    if (link->in_open && link->hold == HOLD_BLOCKS)
        link_add(&link->pool_waits, 1);
}

/* Whether the input waits for its device, and for nothing else. */
static inline bool link_rests(const struct leat_link *link)
{
    return link->in_open && link->accepted && link->hold == HOLD_DEVICE;
}

/* Whether there is no connection, and one is to be made anew. */
static inline bool link_away(const struct leat_link *link)
{
    return link->reconnect && !link->accepted;
}

/* Whether the output is lost and known to be, while the input is read up. */
static inline bool link_output_known_lost(const struct leat_link *link)
{
    return link->reconnect && link->reconnect->output_lost != 0;
}

/* Whether the output is only waited for: then a ready descriptor means that the other end is gone. */
static inline bool link_out_waits(const struct leat_link *link)
{
    return link->accepted && link->out_open && !link->out_blocked && !link_output_known_lost(link);
}

/* input.c */
int64_t link_due(const struct leat_link *link); /* when the input fails if nothing comes, what lingers goes out, or it is connected anew */
bool link_input_step(struct leat_link *link);   /* one turn: what is held goes out, then the device is read. True: something moved */
void link_input_close(struct leat_link *link);  /* no more comes in */
void link_input_again(struct leat_link *link);  /* the stream begins anew; what is held of a frame is left out */
void link_input_fini(struct leat_link *link);   /* at rest: blocks are given back */

/* output.c */
bool link_output_step(struct leat_link *link);         /* one turn. True: something moved */
void link_output_lost(struct leat_link *link);         /* the other end is gone */
bool link_output_pending(struct leat_link *link);      /* something is to be written */
int64_t link_output_due(const struct leat_link *link); /* when what lingers is to be written; LEAT_FOREVER: nothing does */
void link_tell_drain(struct leat_link *link);          /* whoever waits in leat_link_drain is to look again */
void link_output_again(struct leat_link *link);        /* a frame that was cut is to be written whole */
int64_t link_output_drop(struct leat_link *link);      /* at rest: returns how many frames were on their way, which are gone */

#endif
