/* SPDX-License-Identifier: MIT */
/* Messages in and out. A message goes whole or not at all; of one of several parts libzmq sees to that once the first part went. */
#include "zmq_end.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- in ---- */

/* Whether the first part of a message says who it is from, or of what topic: then it is no data. */
static bool heads(struct zmq_end *end, bool first)
{
    if (end->kind == ZMQ_KIND_ROUTER && first) {
        end->left_out = end->peer_bytes > 0 &&
                        (zmq_msg_size(&end->msg) != end->peer_bytes || memcmp(zmq_msg_data(&end->msg), end->peer, end->peer_bytes) != 0);
        end->lost += end->left_out;
        return true;
    }
    return end->left_out || (end->has_topic && first && end->inside);
}

static void done(struct zmq_end *end)
{
    zmq_msg_close(&end->msg);
    end->reading = false;
}

/* The next part that is wanted. 0, or a negative errno. */
static int next_part(struct zmq_end *end)
{
    for (;;) {
        zmq_msg_init(&end->msg);
        if (zmq_msg_recv(&end->msg, end->socket, ZMQ_DONTWAIT) < 0) {
            const int number = zmq_errno();
            zmq_msg_close(&end->msg);
            if (number == EINTR)
                continue;
            return zmq_end_code(number);
        }
        const bool first = !end->inside;
        end->inside = zmq_msg_more(&end->msg) != 0;
        end->left_out = end->left_out && !first;
        end->reading = true;
        if (!heads(end, first))
            return plugin_message_begin(&end->message, zmq_msg_data(&end->msg), (int64_t)zmq_msg_size(&end->msg));
        done(end);
    }
}

/* Whether the part that is to be read is one that may be lent. */
static bool may_be_lent(const struct zmq_end *end)
{
    return end->reading && !end->message.batched && !end->message.given && zmq_msg_size(&end->msg) >= ZMQ_LEND_BYTES;
}

/* There are bytes to be read, in `piece`. @param stop  before what may be lent. 0, or a negative errno. */
static int next_piece(struct zmq_end *end, bool stop)
{
    for (;;) {
        int rc = end->reading ? 0 : next_part(end);
        if (rc == 0 && stop && may_be_lent(end))
            return -EAGAIN;
        rc = rc != 0 ? rc : plugin_message_next(&end->message, &end->piece);
        if (rc == 0)
            return 0;
        if (rc != -EPIPE) {
            if (end->reading)
                done(end);
            return rc;
        }
        if (end->message.batched && end->seen != NULL)
            end->lost +=
                (int64_t)plugin_seen_add(end->seen, end->message.sender, end->message.first, end->message.first + end->message.count);
        done(end);
    }
}

int64_t zmq_end_read(void *state, void *span, int64_t bytes)
{
    struct zmq_end *end = state;
    int64_t got = 0;
    if (bytes < 1)
        return -EINVAL;
    if (!end->in)
        return 0;
    while (got < bytes) {
        int rc = end->piece.bytes > 0 ? 0 : end->fault != 0 ? end->fault : next_piece(end, got > 0);
        if (rc != 0 && got > 0) {
            end->fault = rc == -EAGAIN ? 0 : rc; /* for the next read */
            break;
        }
        if (rc != 0) {
            end->waits = rc == -EAGAIN ? end->waits | ZMQ_POLLIN : end->waits & ~ZMQ_POLLIN;
            return rc;
        }
        const int64_t most = end->piece.bytes < bytes - got ? end->piece.bytes : bytes - got;
        memcpy((char *)span + got, end->piece.data, (size_t)most);
        got += most;
        end->piece.data += most;
        end->piece.bytes -= most;
    }
    end->waits &= ~ZMQ_POLLIN;
    return got;
}

/* The last message of what was lent is gone. */
static void free_msg(void *data, void *context)
{
    (void)data;
    zmq_msg_close(context);
    free(context);
}

/* What comes next is lent where it is a large part, and no batch; what stood before it is read already. */
int zmq_end_borrow(void *state, struct leat_span *datagram, void (**free_fn)(void *data, void *context), void **context)
{
    struct zmq_end *end = state;
    zmq_msg_t *msg = NULL;
    if (!end->in || end->piece.bytes > 0 || end->fault != 0)
        return 0;
    if (!end->reading) {
        int rc = next_part(end);
        end->fault = rc == -EAGAIN ? 0 : rc;
        if (rc != 0)
            return 0; /* the read says so */
    }
    if (!may_be_lent(end) || (msg = malloc(sizeof *msg)) == NULL)
        return 0;
    end->waits &= ~ZMQ_POLLIN;
    zmq_msg_init(msg);
    zmq_msg_move(msg, &end->msg);
    done(end);
    *datagram = (struct leat_span){.data = zmq_msg_data(msg), .bytes = (int64_t)zmq_msg_size(msg)};
    *free_fn = free_msg;
    *context = msg;
    return 1;
}

/* ---- out ---- */

/* A part that is sent from memory. 0, or a negative errno. */
static int send_head(struct zmq_end *end, const void *data, size_t bytes)
{
    int sent;
    do
        sent = zmq_send(end->socket, data, bytes, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    while (sent < 0 && zmq_errno() == EINTR);
    end->alone = sent < 0 && zmq_errno() == EHOSTUNREACH;
    return sent >= 0 ? 0 : end->alone ? -EAGAIN : zmq_end_code(zmq_errno());
}

/*
 * One message, or with `more` a part of one, whose bytes are in msg; it is libzmq's or gone afterwards, but at -EAGAIN. A message that
 * was begun goes on, unless its connection is lost amid it: then libzmq lets go of all of it, and here it is counted.
 */
static int send_msg(struct zmq_end *end, zmq_msg_t *msg, bool more)
{
    int rc = 0, sent;
    if (!end->sent_inside && end->kind == ZMQ_KIND_ROUTER)
        rc = send_head(end, end->peer, end->peer_bytes);
    if (!end->sent_inside && end->has_topic)
        rc = send_head(end, end->topic, end->topic_bytes);
    if (rc == 0) {
        do
            sent = zmq_msg_send(msg, end->socket, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
        while (sent < 0 && zmq_errno() == EINTR);
        rc = sent >= 0 ? 0 : zmq_end_code(zmq_errno());
    }
    if (rc == -EAGAIN && end->sent_inside) {
        end->lost++;
        rc = 0;
        zmq_msg_close(msg);
    }
    end->sent_inside = rc == 0 ? more : end->sent_inside;
    return rc;
}

/* Whether a frame of leat's own protocol says that another part of its message follows. */
static bool has_more(const struct zmq_end *end, const void *frame, int64_t bytes)
{
    struct leat_protocol_head head;
    return end->multipart && leat_protocol_head_read(frame, bytes, &head) == 0 && (head.flags & LEAT_PROTOCOL_MORE) != 0;
}

/* One message of the next `count` frames, of `bytes` bytes as plugin_batch_group said. 0, or a negative errno: nothing of it went. */
static int send_group(struct zmq_end *end, const struct leat_span **span, int64_t *at, const int64_t *sizes, int64_t count, int64_t bytes)
{
    zmq_msg_t msg;
    const struct leat_span *after = *span;
    int64_t place = *at;
    if (zmq_msg_init_size(&msg, (size_t)bytes) != 0)
        return -ENOMEM;
    if (end->batch > 0)
        plugin_batch_write(zmq_msg_data(&msg), bytes, end->sender, end->number, &after, &place, sizes, count);
    else
        plugin_copy(&after, &place, zmq_msg_data(&msg), bytes);
    int rc = send_msg(end, &msg, has_more(end, zmq_msg_data(&msg), bytes));
    if (rc != 0) {
        zmq_msg_close(&msg);
        return rc;
    }
    end->number += (uint64_t)count;
    *span = after;
    *at = place;
    return 0;
}

int64_t zmq_end_write_keyed(void *state, const struct leat_span *spans, const int64_t *sizes, const char *const *keys, int64_t count)
{
    struct zmq_end *end = state;
    int64_t took = 0, at = 0, bytes;
    if (!end->out)
        return -EPIPE;
    for (int64_t first = 0, next; first < count; first = next) {
        next = plugin_batch_group(sizes, keys, first, count, end->batch, &bytes);
        if (keys != NULL) { /* in the place of a topic */
            end->has_topic = true;
            end->topic_bytes = strlen(keys[first]);
            memcpy(end->topic, keys[first], end->topic_bytes);
        }
        int rc = bytes > 0 ? send_group(end, &spans, &at, sizes + first, next - first, bytes) : 0;
        if (rc != 0) {
            end->waits |= rc == -EAGAIN ? ZMQ_POLLOUT : 0;
            return took > 0 ? took : rc;
        }
        for (int64_t i = first; i < next; i++)
            took += sizes[i];
    }
    end->waits &= ~ZMQ_POLLOUT;
    return took;
}

int64_t zmq_end_write_many(void *state, const struct leat_span *spans, const int64_t *sizes, int64_t count)
{
    return zmq_end_write_keyed(state, spans, sizes, NULL, count);
}

int64_t zmq_end_write(void *state, const struct leat_span *spans, int64_t count)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < count; i++)
        bytes += spans[i].bytes;
    return zmq_end_write_many(state, spans, &bytes, 1);
}

int zmq_end_lend(void *state, const struct leat_span *datagram, void (*free_fn)(void *data, void *context), void *context)
{
    struct zmq_end *end = state;
    zmq_msg_t msg;
    if (!end->out || end->batch > 0 || zmq_msg_init_data(&msg, datagram->data, (size_t)datagram->bytes, free_fn, context) != 0) {
        free_fn(datagram->data, context);
        return end->out && end->batch == 0 ? -ENOMEM : -ENOTSUP;
    }
    int rc = send_msg(end, &msg, has_more(end, datagram->data, datagram->bytes));
    if (rc != 0)
        zmq_msg_close(&msg);
    end->waits = rc == -EAGAIN ? end->waits | ZMQ_POLLOUT : end->waits & ~ZMQ_POLLOUT;
    end->number += rc == 0;
    return rc;
}
