/* SPDX-License-Identifier: MIT */
/*
 * What core NATS and JetStream share: a connection, and a queue of messages that the library's threads fill and the link's thread empties.
 *
 * Each direction has an eventfd of its own, which says that it may go on; whoever finds nothing clears it first and looks once more.
 */
#ifndef LEAT_NATS_END_H
#define LEAT_NATS_END_H

#include "batch.h"
#include "plugin.h"

#include <nats/nats.h>
#include <pthread.h>

#define SUBJECT_BYTES (LEAT_ADDRESS_BYTES + LEAT_KEY_BYTES)
#define RESEND_S 60                      /* for which a message of JetStream is published again */
#define PAUSE_MS 200                     /* between two tries of whatever */
#define PATIENCE_NS INT64_C(10000000000) /* with a cluster that has just begun */
#define QUEUE 1024                       /* messages; a power of two */

struct nats_end {
    natsConnection *connection;
    bool in, out, keyed;
    char subject[LEAT_ADDRESS_BYTES];
    int64_t linger_ms, batch, linger_ns;
    int in_fd, out_fd, news_fd; /* news: the connection is lost, or there again */

    pthread_mutex_t mutex;
    pthread_cond_t room; /* in the queue, or the end */
    /* under the mutex */
    natsMsg *queue[QUEUE];
    uint64_t queued, taken;
    bool stopping;
    struct nats_end *next; /* of those that wait to be freed, and */
    int64_t closed_ns;     /* since when */
    void *also;
    int error;          /* what the library said of the connection; 0: nothing */
    bool away, changed; /* there is no connection just now, the library makes it anew; and since it was looked at */

    /* the link's thread */
    natsMsg *reading;
    struct plugin_message message; /* that, taken apart */
    struct leat_span piece;
    struct plugin_seen *seen; /* of batches; NULL: not looked at */
    bool leaves_out;          /* frames that came before are not read again; else what has not come is lost */
    int fault;                /* that the next read says */
    int64_t passed;           /* bytes of all that was read */
    int64_t lost, twice;      /* frames */
    unsigned char *bytes;     /* where a message is put together, */
    int64_t bytes_room;       /* with room for so many */
    uint64_t sender, number;  /* of the next frame that goes out */
};

extern const struct leat_transport nats_core, nats_js;

/* The library's status as a negative errno. */
int nats_code(natsStatus status);
int nats_fail(struct leat_error *error, const struct leat_address *address, const char *what, natsStatus status);

/*
 * The connection is made: `nats://`, then what stands before the last slash of the address; *last is what stands behind it. 0 or a negative
 * errno; either way nats_end_close is to be called.
 */
int nats_end_open(struct nats_end *end, const struct leat_address *address, unsigned directions, const char **last,
                  struct leat_error *error);
void nats_end_stop(struct nats_end *end); /* whoever waits for room does not any more */
/*
 * The connection is closed. The library's threads may still be in a call of ours, or about to make one, and say nothing of when they are
 * not: so what they look at, the end and `also`, is freed when ten seconds have passed and another end closes. Either was allocated by
 * malloc.
 */
void nats_end_close(struct nats_end *end, void *also);

/*
 * nats_stream.c: the stream is there, or is made, and can be written or read as the address wants: 0, and the subject is set where there is
 * one; or a negative errno.
 */
int nats_stream_find(struct nats_end *end, jsCtx *context, const char *stream, const struct leat_address *address,
                     struct leat_error *error);

int64_t nats_now_ns(void); /* CLOCK_MONOTONIC */
void nats_signal(int fd);
void nats_clear(int fd);
/* The message is in the queue, after a wait for room. False: it was not taken, as the end is closing. */
bool nats_end_put(struct nats_end *end, natsMsg *msg);
/* Reads from the queue, as a transport's read. `done` is called with each message that was read to its end, and owns it. */
int64_t nats_end_read(struct nats_end *end, void *span, int64_t bytes, void (*done)(struct nats_end *end, natsMsg *msg));
int nats_end_fd(void *state, unsigned direction);
int nats_end_present(void *state, struct leat_error *why);
int64_t nats_end_linger(void *state, int64_t *bytes);
/*
 * The next `count` frames, as plugin_batch_group counted them, as one message of `bytes` bytes; *span and *at go on. They lie where they
 * lay or in the end's own memory, until the next call. NULL: no memory.
 */
const void *nats_end_join(struct nats_end *end, const struct leat_span **span, int64_t *at, const int64_t *sizes, int64_t count,
                          int64_t bytes);
/* Where a message of that key goes, perhaps in `room`; NULL: such a key cannot be a token. key: NULL without. */
const char *nats_end_subject(const struct nats_end *end, const char *key, char room[SUBJECT_BYTES]);

#endif
