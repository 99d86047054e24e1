/* SPDX-License-Identifier: MIT */
/*
 * leat/listener.h: a listener whose peers become links of their own. They share their pools, and so the limits of memory.
 *
 *   your word                         ours                                        the difference
 *   listen, accept                    leat_listener_open, leat_listener_accept    what is accepted is a link, on shared pools
 */
#ifndef LEAT_LISTENER_H
#define LEAT_LISTENER_H

#include <leat/link.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_listener;

struct leat_listener_options {
    struct leat_link_options link; /* of each peer's link; high_water_bytes and receive_bytes are of all together. repeat is not possible */
    int64_t most_links;            /* open at once, 1 to 2^20; 0: 1024 */
    bool merged;                   /* all peers are received from at one place: leat_listener_recv_many. Implies link.no_thread */
};

struct leat_listener_stats {
    int64_t accepted; /* links made */
    int64_t open;     /* of these, not closed yet */
    int64_t refused;  /* peers who were hung up on because there was no fd or no memory to spare */
    struct leat_pool_stats pool;
};

/*
 * The endpoint is bound and peers may call; they wait in the system's queue (backlog=N, else as long as it may be) for
 * leat_listener_accept.
 *
 * @param listener  set on success, untouched on failure; ended by leat_listener_close
 * @param endpoint  one that listens: tcp-listen, unix-listen, unix-seqpacket-listen       @param options  NULL: every default; copied
 * Returns and fails as leat_link_open; -EINVAL also where the endpoint cannot serve many.   Source: listen(2)
 *
 * [thread: any | blocks: while resolving | allocates: yes | fails: EINVAL ENOMEM and the system's]
 */
LEAT_API int leat_listener_open(struct leat_listener **listener, const char *endpoint, const struct leat_listener_options *options,
                                struct leat_error *error);

/*
 * *link is a link to the next peer who called, with a thread of its own or without, as the options say. An idle one without a thread takes
 * no ring, no batch and one descriptor, or two once leat_link_fd was asked for.
 *
 * @param link         set on success, untouched on failure; ended by leat_link_close, before or after the listener
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries, LEAT_FOREVER waits
 * @param error        NULL, or filled on failure
 * Returns 0; -EAGAIN or -ETIMEDOUT: nobody called; -EBUSY: most_links are open, whoever calls waits in the queue; -ENOMEM, or the system's
 * errno: this peer is lost, the listener goes on.
 *
 * [thread: the listener's | blocks: until deadline_ns | allocates: yes | fails: EAGAIN ETIMEDOUT EBUSY ENOMEM and the system's]
 */
LEAT_API int leat_listener_accept(struct leat_listener *listener, struct leat_link **link, int64_t deadline_ns, struct leat_error *error);

/*
 * msgs[0 ..] hold the next frames of all peers of a merged listener, and peers[i] is the link that msgs[i] came by: the identity of who
 * sent it, and the way to answer (leat_link_send, leat_link_flush; leat_link_context for what belongs to it). Whoever calls is accepted
 * meanwhile. Peers have turns, so that none keeps the others waiting; within one peer the order is that of its stream.
 *
 * @param peers, msgs  room for `count` each; overwritten on success, and the messages the caller's from then on
 * @param infos        NULL, or as leat_link_recv_info, where options.link.info is set
 * @param deadline_ns  absolute CLOCK_MONOTONIC; 0 tries, LEAT_FOREVER waits
 * Returns how many, 1 .. count; -EAGAIN or -ETIMEDOUT: nothing there; or how the input of a peer ended, as leat_link_recv, once for each:
 * then *peers is that peer, who may still be written to and is to be closed (leat_link_close). -EINVAL: the listener is not merged, or no
 * info is kept. Source: libzmq's ROUTER, whose identities are here the links themselves
 *
 * [thread: the listener's, and its links' too | blocks: until deadline_ns | allocates: links | fails: as leat_link_recv, EINVAL]
 */
LEAT_API int64_t leat_listener_recv_many(struct leat_listener *listener, struct leat_link **peers, struct leat_msg *msgs,
                                         struct leat_link_info *infos, int64_t count, int64_t deadline_ns);

/*
 * Returns when a merged listener is to be received from at the latest, because of a link's idle_ns or partial_ns, for loops of others; else
 * LEAT_FOREVER.
 *
 * [thread: the listener's | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_listener_deadline(const struct leat_listener *listener);

/*
 * Returns a descriptor that is readable when somebody calls; of a merged listener, when leat_listener_recv_many, which said -EAGAIN before,
 * has something to do. It is the listener's: never read, written or closed.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API int leat_listener_fd(struct leat_listener *listener);

/*
 * Returns where the listener can be called, as leat_link_name; valid until it is closed.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const char *leat_listener_name(const struct leat_listener *listener);

/*
 * *stats holds the listener's counters, and those of the pool that its links copy frames to.
 *
 * [thread: the listener's | blocks: briefly | allocates: no | fails: never]
 */
LEAT_API void leat_listener_stats(struct leat_listener *listener, struct leat_listener_stats *stats);

/*
 * Nobody can call any more, and the handle is gone. Its links live on.
 *
 * [thread: the listener's | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_listener_close(struct leat_listener *listener);

#ifdef __cplusplus
}
#endif
#endif
