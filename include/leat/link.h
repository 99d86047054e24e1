/* SPDX-License-Identifier: MIT */
/*
 * leat/link.h: one connection. The device is read into a ring or into pool blocks, framed in place, and becomes pooled messages that cross
 * a pipe to the application; what the application sends goes through a second pipe to the device. An I/O thread does one half, the link's
 * own or one that many share (io_thread.h); or, with no_thread, the application's calls do both; then leat_link_fd and leat_link_arm put
 * the link into any loop. Listeners of many peers are in listener.h.
 *
 *                  link_accept                 link_lost
 *    opening ───────────────────▶ open ─────────────────────▶ reconnecting ──┐ an attempt fails:
 *       │                          │ ▲                          │    │   ▲   │ the next one comes later
 *       │ link_give_up             │ └──────────────────────────┘    │   └───┘
 *       │                          │      link_reconnect_step        │ link_give_up
 *       │                          │ link_ended                      │
 *       ▼                          ▼                                 ▼
 *     failed                failed or closed                       failed
 *
 *    leat_link_close leads from each of them to draining, and from there to closed: the handle is gone in every case.
 *
 *   state          left by                                                          to
 *   opening        leat_link_open: resolves, connects or binds                      open; a listener stays; failed: it returns the error;
 *                                                                                   reconnecting: nobody is there yet, and reconnect_ns
 *                  a peer calls the listener (the I/O thread, step, recv or arm)    open
 *   open           the connection is lost, and reconnect_ns is set                  reconnecting: recv and send go on waiting
 *                  the input ends: end of stream, malformed, device error, timeout  open, and recv says so; once both are over: closed
 *                  the output fails                                                 open, and send and check_send say so; likewise failed
 *                  leat_link_close                                                  draining: what was sent is written
 *   reconnecting   a new connection is made                                         open: a frame that was cut is sent again, whole
 *                  reconnect_tries attempts in a row have failed                    failed: recv and send say why
 *   draining       everything is written, or the deadline has passed                closed
 *
 * leat_link_state says which it is, and options.on_state is called when it changes. Where the endpoint makes its connections by itself
 * (ZeroMQ, NATS), the state follows them: opening until somebody is there, then open, reconnecting while nobody is; that ends nothing.
 *
 * Every call but leat_link_open is for the one application thread that uses the link. At a limit the link stops reading its device, so
 * that nothing is lost, or drops the newest and counts it, as options.full says.
 *
 *   your word                         ours                                        the difference
 *   zmq_connect, zmq_bind, zmq_recv   leat_link_open, leat_link_recv              one connection; limits in bytes, too
 *   ZMQ_RCVHWM, ZMQ_LINGER            high_water_*, leat_link_close's deadline    close says how many were delivered and how many left
 *   recvmmsg, sendmmsg                leat_link_recv_many, leat_link_send_many    messages of a stream, too
 *   tcdrain, rd_kafka_flush           leat_link_drain
 */
#ifndef LEAT_LINK_H
#define LEAT_LINK_H

#include <leat/base.h>
#include <leat/endpoint.h>
#include <leat/msg.h>
#include <leat/pool.h>
#include <leat/tlv.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_link;
struct leat_io_thread;

/* As in the drawing above; of one that drains nobody can ask, as its handle is given back. */
enum leat_link_state {
    LEAT_LINK_OPENING, /* a listener waits for its peer */
    LEAT_LINK_OPEN,    /* something can be received or sent */
    LEAT_LINK_RECONNECTING,
    LEAT_LINK_CLOSED, /* both directions are over, as they should be */
    LEAT_LINK_FAILED, /* both are over, and at least one by an error */
};

/* How the input is received. */
enum leat_receive {
    LEAT_RECEIVE_AUTO,   /* begins with the ring and goes over to blocks, and back, by the mean size of the last 64 KiB of frames */
    LEAT_RECEIVE_RING,   /* each frame is copied out of a ring: for small frames, and where messages are kept for long */
    LEAT_RECEIVE_BLOCKS, /* messages are slices of the blocks that the device was read into */
};

/* What becomes of a frame that comes in when the pipe is full or no block is free. */
enum leat_full {
    LEAT_FULL_WAIT,        /* the device is not read any more, so that the peer is held up in the end; nothing is lost */
    LEAT_FULL_DROP_NEWEST, /* the frame is dropped and counted, and reading goes on */
};

/* What becomes of the input after a malformed frame. */
enum leat_malformed {
    LEAT_MALFORMED_STOP,   /* it ends, with -EBADMSG once all before was received */
    LEAT_MALFORMED_RESYNC, /* bytes are skipped, and counted, until a frame can begin again: where the framer finds nothing wrong. A dialect
                            * that allows nearly every header finds its way back only by chance; partial_ns ends a wait for a false length
                            */
};

struct leat_link_options {
    unsigned directions;                    /* LEAT_IN, LEAT_OUT or both; 0: all that the endpoint can do */
    const struct leat_tlv_dialect *dialect; /* how the input is framed; NULL: leat's own, which session.h speaks */
    int64_t max_frame;                      /* bytes, 1 to 1 GiB; 0: 1 MiB */
    int64_t high_water_messages;            /* unread messages in each direction, 1 to 2^30; 0: 4096 */
    int64_t high_water_bytes;               /* of pool blocks; 0: 16 MiB; at least twice max_frame and sixteen blocks */
    int64_t block_bytes;                    /* of the link's pool, 256 to 1 MiB; 0: 2048 */
    enum leat_receive receive;              /* how the input is received */
    int64_t copy_bytes;                     /* frames up to this size are copied out of blocks, so as to keep none; 48 to 1 MiB; 0: 256 */
    int64_t receive_block_bytes;            /* 4 KiB to 16 MiB; 0: 64 KiB */
    int64_t receive_bytes;                  /* most of receive blocks that is pinned, beside high_water_bytes; four blocks at least;
                                             * beyond it frames are copied again. 0: 16 MiB or what four blocks take */
    enum leat_full full;                    /* inbound; outbound it is leat_link_send that says it is full */
    enum leat_malformed malformed;          /* inbound */
    int64_t idle_ns;                        /* the input fails with -ETIMEDOUT when nothing was read for so long; 0: never */
    int64_t partial_ns;                     /* likewise when a frame is not whole so long after its first bytes were read; 0: never */
    int64_t repeat;                         /* read the input this many times over; 0: once */
    bool info;                              /* leat_link_recv_info says of each message when it came; 24 bytes more of each in the pipe */
    bool settle;                            /* a source that waits for acknowledgements gets them by leat_link_settle; else as it is read */
    bool no_thread;                         /* the application's calls do the I/O, in their thread: recv, send, flush, step, arm, close */
    const char *thread_name;                /* 15 characters; NULL: "leat-link"; borrowed until open returns */
    struct leat_io_thread *io_thread;       /* that runs the link, among others (io_thread.h); NULL: one of its own */
    /*
     * A connection that is lost (the input's end, an error of either direction, idle_ns, partial_ns; not a malformed frame, nor after a
     * dialect's end mark) is made anew, by tcp, unix, unix-seqpacket and serial endpoints: after reconnect_ns first, and after twice as
     * long as before with each attempt that fails, up to reconnect_most_ns; of each of these delays between a half and the whole, at random
     * ("equal jitter"), so that many who lost one server do not come back at once. They begin anew after a connection that carried a frame
     * or lasted reconnect_most_ns. Each attempt has a thread of its own for as long as it takes. What recv could still get of the old
     * connection comes first, the bytes of a frame that was cut are left out (bytes_skipped), and a frame that was not wholly written is
     * written again whole. What the system had taken and the peer never read is not known: whoever must know asks the peer. Source:
     * libzmq's ZMQ_RECONNECT_IVL and _MAX; M. Brooker, Exponential Backoff And Jitter, AWS 2015
     */
    int64_t reconnect_ns;      /* 0: a connection that is lost is the end; up to 2^60 */
    int64_t reconnect_most_ns; /* 0: 30 s, or reconnect_ns where that is more */
    int64_t reconnect_tries;   /* attempts in a row that may fail, one that carries nothing and does not last among them; 0: no limit */
    /*
     * NULL, or called when the state has changed, and for each attempt that failed; in the thread that does the I/O, so it is to be quick,
     * and may call leat_link_state and leat_link_name alone. It may come before leat_link_open has returned, and comes no more once
     * leat_link_close was called. `why` is valid during the call; NULL: there is nothing to say.
     */
    void (*on_state)(void *context, struct leat_link *link, enum leat_link_state state, const struct leat_error *why);
    void *state_context; /* handed to it */
    /*
     * NULL, or called with each message before it is written, in the thread that does the I/O, and in order: sets its key, by which
     * receivers choose (the last token of NATS's subject, ZeroMQ's topic); 1 to 63 bytes, terminated. It may read the message, and has to
     * be quick. Endpoints without keys are refused.
     */
    void (*key)(void *context, struct leat_msg *msg, char key[LEAT_KEY_BYTES]);
    void *key_context; /* handed to it */
};

/* Both directions' counters, each exact by itself; while the I/O thread runs they are not of one instant. Bytes are of whole frames. */
struct leat_link_stats {
    int64_t frames_in, bytes_in; /* framed, accepted and in the pipe or beyond */
    int64_t frames_dropped;      /* framed, and dropped as options.full says */
    int64_t bytes_dropped;
    int64_t frames_received;         /* handed to the application */
    int64_t frames_sent, bytes_sent; /* taken from the application */
    int64_t frames_out, bytes_out;   /* wholly written to the device */
    int64_t malformed;               /* times that the input was malformed: 0 or 1 where that ends it */
    int64_t bytes_skipped;           /* until a frame could begin again; and of frames that a lost connection cut */
    int64_t reconnects;              /* connections made after one was lost */
    int64_t lost;                    /* what the endpoint itself knows to be lost: datagrams, cut packets; -1: it cannot lose */
    int64_t bytes_after_end;         /* input that was read beyond the dialect's end mark, and left out */
    int64_t ring_size, ring_used, ring_peak_bytes;
    int64_t pipe_in_items, pipe_in_peak, pipe_out_items, pipe_out_peak;
    int64_t pool_waits;                      /* times the I/O thread waited for a block */
    int64_t frames_cut;                      /* of frames_in, those that are slices or chains of receive blocks */
    int64_t pinned_bytes, pinned_peak_bytes; /* receive blocks that are in use, whole; and the most that were */
    int64_t starved;                         /* times that no receive block was free, and the ring was taken */
    struct leat_pool_stats pool;             /* of the blocks that frames are copied to */
};

/* What is known of a message beside its bytes. */
struct leat_link_info {
    int64_t sequence;    /* of the frame in its stream, counted from 0, those included that were dropped */
    int64_t received_ns; /* CLOCK_MONOTONIC, when the last of its bytes had been read */
    int64_t connection;  /* that it came by: 0 the first, and one more with each that was made anew */
};

/* How a link ended. */
struct leat_link_end {
    int64_t accepted;        /* frames that came in */
    int64_t unread;          /* of these, not received by the application */
    int64_t delivered;       /* messages sent that the device took whole */
    int64_t delivered_bytes; /* and their bytes */
    int64_t left;            /* messages sent that it did not */
};

/*
 * The endpoint is open (connected; or bound and listening: the peer is accepted by the I/O thread) and its I/O thread runs.
 *
 * @param link      set on success, untouched on failure; ended by leat_link_close
 * @param endpoint  see endpoint.h for the grammar; copied
 * @param options   NULL: every default; copied
 * @param error     NULL, or filled on failure: one line that begins with the endpoint
 * Returns 0, with reconnect_ns also when nobody is there yet (refused, unreachable, timed out, no such path, a name that is not resolved);
 * -EINVAL the name or an option cannot be kept; -ESPIPE repeat wanted of what cannot be read again; or the system's errno.
 * Source: libzmq's connect and bind.
 *
 * [thread: any | blocks: while connecting | allocates: yes | fails: EINVAL ESPIPE ENOMEM and the system's]
 */
LEAT_API int leat_link_open(struct leat_link **link, const char *endpoint, const struct leat_link_options *options,
                            struct leat_error *error);

/*
 * *msg holds the next frame, in the order of the stream.
 *
 * @param msg          overwritten on success and the caller's from then on (leat_msg_unref); untouched on failure
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries, LEAT_FOREVER waits
 * Returns 0; -EAGAIN or -ETIMEDOUT nothing there; and once everything before was received: -EPIPE the input's clean end, -EBADMSG
 * a malformed frame, or the device's errno (leat_link_error says where and why).
 *
 * [thread: application | blocks: until deadline_ns | allocates: no | fails: EAGAIN ETIMEDOUT EPIPE EBADMSG and the device's]
 */
LEAT_API int leat_link_recv(struct leat_link *link, struct leat_msg *msg, int64_t deadline_ns);

/*
 * msgs[0 ..] hold the next frames, as many as wait, up to `count`; waits, as leat_link_recv, for the first.
 *
 * @param msgs  room for `count`; overwritten on success and the caller's from then on, untouched on failure     @param count  1 or more
 * Returns how many, 1 .. count; or as leat_link_recv.   Source: recvmmsg
 *
 * [thread: application | blocks: until deadline_ns | allocates: no | fails: EAGAIN ETIMEDOUT EPIPE EBADMSG and the device's]
 */
LEAT_API int64_t leat_link_recv_many(struct leat_link *link, struct leat_msg *msgs, int64_t count, int64_t deadline_ns);

/*
 * As leat_link_recv_many, and infos[i] belongs to msgs[i].
 *
 * @param infos  room for `count`, overwritten on success; NULL: not wanted
 * Returns as leat_link_recv_many; -EINVAL: options.info was not set.
 *
 * [thread: application | blocks: until deadline_ns | allocates: no | fails: as leat_link_recv_many, EINVAL]
 */
LEAT_API int64_t leat_link_recv_info(struct leat_link *link, struct leat_msg *msgs, struct leat_link_info *infos, int64_t count,
                                     int64_t deadline_ns);

/*
 * *msg has room for size_bytes, as leat_msg_alloc, out of a pool of the link's own for what is to be sent, which the first call makes; for
 * applications that have no pool. The pool has high_water_bytes; where all are taken, what was sent is flushed and waited for.
 *
 * @param msg          empty or uninitialised, the caller's after success (send it or leat_msg_unref it); untouched on failure
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries, LEAT_FOREVER waits
 * Returns 0; -EAGAIN or -ETIMEDOUT no blocks; -EMSGSIZE more than the pool has; -EINVAL a negative size; -ENOMEM no pool; -EPIPE or the
 * device's errno: the output has failed (leat_link_error).
 *
 * [thread: application | blocks: until deadline_ns | allocates: blocks | fails: EAGAIN ETIMEDOUT EMSGSIZE EINVAL ENOMEM EPIPE and the
 * device's]
 */
LEAT_API int leat_link_alloc(struct leat_link *link, struct leat_msg *msg, int64_t size_bytes, int64_t deadline_ns);

/*
 * The link owns what *msg held and will write it; on its way after leat_link_flush, or when the pipe is full.
 *
 * @param msg          one whole frame; empty after success, still the caller's after failure
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries, LEAT_FOREVER waits
 * Returns 0; -EAGAIN or -ETIMEDOUT full; -EPIPE or the device's errno: the output has failed (leat_link_error).
 *
 * [thread: application | blocks: until deadline_ns | allocates: no | fails: EAGAIN ETIMEDOUT EPIPE and the device's]
 */
LEAT_API int leat_link_send(struct leat_link *link, struct leat_msg *msg, int64_t deadline_ns);

/*
 * The link owns what the first of msgs[0 .. count) held, as leat_link_send; waits for room for the first.
 *
 * @param msgs  those that were taken are empty, the others still the caller's      @param count  1 or more
 * Returns how many were taken, 1 .. count; or as leat_link_send.   Source: sendmmsg
 *
 * [thread: application | blocks: until deadline_ns | allocates: no | fails: EAGAIN ETIMEDOUT EPIPE and the device's]
 */
LEAT_API int64_t leat_link_send_many(struct leat_link *link, struct leat_msg *msgs, int64_t count, int64_t deadline_ns);

/*
 * Says, without sending, whether the output has failed: for an application that has nothing to send just now.
 *
 * Returns 0; or what leat_link_send would return for a failed output (leat_link_error).
 *
 * [thread: application | blocks: no | allocates: no | fails: EPIPE and the device's]
 */
LEAT_API int leat_link_check_send(struct leat_link *link);

/*
 * Everything sent so far is on its way to the device. Once per batch is enough.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_link_flush(struct leat_link *link);

/*
 * Flushes, and waits until the device has everything that was sent.
 *
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries, LEAT_FOREVER waits
 * Returns 0; -EAGAIN or -ETIMEDOUT: not everything; -EPIPE or the device's errno: the output has failed (leat_link_error).
 * Source: tcdrain
 *
 * [thread: application | blocks: until deadline_ns | allocates: no | fails: EAGAIN ETIMEDOUT EPIPE and the device's]
 */
LEAT_API int leat_link_drain(struct leat_link *link, int64_t deadline_ns);

/*
 * A link with no_thread has read, framed and written what could be, without waiting; a listener has accepted. Recv, send, flush, drain and
 * arm do so by themselves as far as they need it: step is for loops that call none of them. On a link with a thread nothing happens.
 *
 * Returns whether something moved beyond that: then there may be more.
 *
 * [thread: application | blocks: no longer than a device does | allocates: no | fails: recv and send say so]
 */
LEAT_API bool leat_link_step(struct leat_link *link);

/*
 * Returns a descriptor to poll for reading, after leat_link_arm said true. It is the link's: never read, written or closed. Or a negative
 * errno: with no_thread it is made when it is asked for first.
 *
 * [thread: application | blocks: no | allocates: no | fails: EMFILE ENFILE ENOMEM]
 */
LEAT_API int leat_link_fd(struct leat_link *link);

/*
 * True: from now to the next leat_link_recv the descriptor becomes readable when there is something to receive (a message or the end); with
 * no_thread also when something can be written: then flush, receive and arm again. False: something waits already, receive first.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_link_arm(struct leat_link *link);

/*
 * Returns when a link with no_thread is to be stepped at the latest, because of idle_ns, partial_ns, reconnect_ns or an
 * endpoint's linger: absolute
 * CLOCK_MONOTONIC, or LEAT_FOREVER. Recv and drain keep to it by themselves; a loop of others sets a timer. (Of
 * reconnect_ns and linger leat_link_fd tells, too.)
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_link_deadline(const struct leat_link *link);

/*
 * What was received is dealt with, up to there, and its source need not keep it: JetStream's messages are acknowledged. With
 * options.settle; on other links, and where the source keeps nothing, nothing happens.
 *
 * @param bytes  of whole frames, in the order received, since open (with bytes_skipped among them); never less than before
 *
 * [thread: application | blocks: no longer than a device does | allocates: no | fails: never]
 */
LEAT_API void leat_link_settle(struct leat_link *link, int64_t bytes);

/*
 * How many bytes of what was sent, from the first on, are where they belong: written to the file, or stored by the servers, as far as they
 * have said.
 *
 * @param sync  first what a power cut would take is written out, where the endpoint is a file (fdatasync)
 * Returns the bytes; -ENOTSUP: this endpoint is never told; or the device's errno.
 *
 * [thread: application | blocks: with sync, as long as the device does | allocates: no | fails: ENOTSUP and the device's]
 */
LEAT_API int64_t leat_link_stored(struct leat_link *link, bool sync);

/*
 * What became of the messages that were sent, in *sum: stored, or not known to be, those among them that are still in the pipe. Where
 * leat_link_stored counts up to the first that is missing, this names them all.
 *
 * @param give_up  nothing more is sent, and leat_link_close is not to wait for what is unknown by now
 * @param ranges   NULL, or room for `most`: set to the first that are unknown, in order, counted from 0
 * @param most     0 or more
 * Returns 0; -ENOTSUP: this endpoint is never told, and nothing is set.   Source: librdkafka's delivery reports
 *
 * [thread: application | blocks: no | allocates: no | fails: ENOTSUP]
 */
LEAT_API int leat_link_unstored(struct leat_link *link, bool give_up, struct leat_frames *ranges, int64_t most, struct leat_unstored *sum);

/*
 * Returns what stood behind the last recv or send that said the input or output is over; code 0: nothing did, or a clean end. Valid until
 * the link is closed.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_error *leat_link_error(const struct leat_link *link);

/*
 * Returns the options as they are in force: the defaults filled in, what the endpoint cannot do changed. Fixed from open on; valid until
 * the link is closed; what they point to is the application's.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_link_options *leat_link_settings(const struct leat_link *link);

/*
 * What the application keeps with the link, and never looked at: NULL until it is set.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_link_set_context(struct leat_link *link, void *context);
LEAT_API void *leat_link_context(const struct leat_link *link);

/*
 * Returns where the endpoint can be called ("tcp://127.0.0.1:40123" for a listener at port 0), else its name as given. Valid until the
 * link is closed.
 *
 * [thread: application | blocks: no | allocates: no | fails: never]
 */
LEAT_API const char *leat_link_name(const struct leat_link *link);

/*
 * Returns the state as it was just now. Recv, send and check_send may tell of an end a moment later.
 *
 * [thread: any, until leat_link_close | blocks: no | allocates: no | fails: never]
 */
LEAT_API enum leat_link_state leat_link_state(const struct leat_link *link);

/*
 * *stats holds the link's counters.
 *
 * [thread: application | blocks: briefly, for the pool's | allocates: no | fails: never]
 */
LEAT_API void leat_link_stats(struct leat_link *link, struct leat_link_stats *stats);

/*
 * Returns whether the ledger holds: nothing was received or written that was not accepted before, and the pool keeps its limit.
 *
 * [thread: application | blocks: briefly | allocates: no | fails: never]
 */
LEAT_API bool leat_link_valid(struct leat_link *link);

/*
 * The link has ended and its handle is gone, in every case. Reading stops at once; what was sent is written, until deadline_ns. A link that
 * is reconnecting goes on with it, as long as there is something to be written; a connection that is lost from now on is not made anew.
 *
 * Messages received before stay valid until they are unref'd; the link's pool goes with the last of them, when another link closes.
 *
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 or the past: what cannot be written now is left; LEAT_FOREVER waits
 * @param end          NULL, or filled: what was delivered, left and unread
 * @param error        NULL, or filled: one line that begins with the endpoint
 * Returns 0; the first error of the output; or -ETIMEDOUT: something was left, or the device still holds the I/O thread.
 *
 * [thread: application | blocks: until deadline_ns and 0.2 s at most | allocates: no | fails: ETIMEDOUT and the device's]
 */
LEAT_API int leat_link_close(struct leat_link *link, int64_t deadline_ns, struct leat_link_end *end, struct leat_error *error);

#ifdef __cplusplus
}
#endif
#endif
