/* SPDX-License-Identifier: MIT */
/* zmq_end.h: one open end of ZeroMQ's: its socket, the socket that tells of its connections, and who may connect. */
#ifndef LEAT_ZMQ_END_H
#define LEAT_ZMQ_END_H

#include "batch.h"
#include "plugin.h"

#include <pthread.h>
#include <zmq.h>

enum zmq_kind { ZMQ_KIND_PUSH, ZMQ_KIND_PULL, ZMQ_KIND_PUB, ZMQ_KIND_SUB, ZMQ_KIND_PAIR, ZMQ_KIND_DEALER, ZMQ_KIND_ROUTER, ZMQ_KINDS };

#define ZMQ_LEND_BYTES 16384 /* from which a message goes and comes without a copy */
#define ZMQ_NAME_BYTES 256   /* a routing id has 255 at most */
#define ZMQ_KEY_CHARS 40     /* of a CURVE key as text, Z85 */

struct zmq_end {
    void *context, *socket;
    enum zmq_kind kind;
    bool in, out;
    int waits;  /* ZMQ_POLLIN and ZMQ_POLLOUT: of directions that said -EAGAIN last */
    bool alone; /* the router does not know its peer: an event of the socket's says when to look again */
    int64_t lost;

    /* in (zmq_io.c) */
    zmq_msg_t msg; /* that is being read */
    struct plugin_message message;
    struct leat_span piece;
    bool reading, inside;     /* there is one; it is not a message's first part */
    int fault;                /* that the next read says */
    bool left_out;            /* this one is from somebody else than `peer` */
    struct plugin_seen *seen; /* where a gap is a loss; else NULL */

    /* out (zmq_io.c) */
    int64_t batch, linger_ns;    /* bytes, 0: a frame is a message; how long a smaller one waits for more */
    uint64_t sender, number;     /* of the next frame, where frames are batched */
    bool multipart, sent_inside; /* the message that was begun has more parts to come */
    char topic[LEAT_ADDRESS_BYTES], peer[ZMQ_NAME_BYTES];
    size_t topic_bytes, peer_bytes;
    bool has_topic;

    /* connections (zmq_news.c) */
    void *news;
    int64_t peers, failing; /* those that have shaken hands; those that could not, and are not gone yet */
    int why_code;
    char why[120];

    /* who may connect (zmq_curve.c) */
    void *gate;
    pthread_t guard;
    bool guarded;
    char (*allowed)[ZMQ_KEY_CHARS + 1];
    int64_t allowed_count;
};

/* The system's number, for those that are libzmq's own have none. */
int zmq_end_code(int number);
/* Says it of the address, with libzmq's words. Returns the code. */
int zmq_end_fail(struct leat_error *error, const struct leat_address *address, const char *what);

/* zmq_curve.c: keys from files, and who may connect; before the socket is bound or connected. 0, or a negative errno. */
int zmq_end_secure(struct zmq_end *end, const struct leat_address *address, bool binds, struct leat_error *error);
void zmq_end_unguard(struct zmq_end *end); /* after the socket was closed, before the context ends */

/* zmq_news.c: what becomes of the connections; before the socket is bound or connected. */
int zmq_end_watch(struct zmq_end *end, const struct leat_address *address, struct leat_error *error);
int zmq_end_present(void *state, struct leat_error *why);

/* zmq_io.c: as in leat_transport. */
int64_t zmq_end_read(void *state, void *span, int64_t bytes);
int64_t zmq_end_write(void *state, const struct leat_span *spans, int64_t count);
int64_t zmq_end_write_keyed(void *state, const struct leat_span *spans, const int64_t *sizes, const char *const *keys, int64_t count);
int zmq_end_lend(void *state, const struct leat_span *datagram, void (*free_fn)(void *data, void *context), void *context);
int zmq_end_borrow(void *state, struct leat_span *datagram, void (**free_fn)(void *data, void *context), void **context);
int64_t zmq_end_write_many(void *state, const struct leat_span *spans, const int64_t *sizes, int64_t count);

#endif
