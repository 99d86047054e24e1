/* SPDX-License-Identifier: MIT */
/* datagram.c: reading and writing where boundaries are kept, the same for udp and unix-seqpacket. */
#define _GNU_SOURCE
#include "transport.h"

#include <sys/socket.h>
#include <sys/uio.h>

#define REFUSALS_MOST 8  /* how many in a row one call gets over */
#define PLACE_FIRST 2048 /* bytes that a datagram is expected to have, as long as there was none */

/*
 * Whether to call again: a signal came, or the socket told of an earlier datagram that nobody was there to take (ECONNREFUSED, an ICMP
 * message). That one is lost; the one at hand was not touched.
 */
static bool again(struct leat_socket *connection, int error, int *refusals)
{
    if (error == EINTR)
        return true;
    if (error != ECONNREFUSED)
        return false;
    connection->lost++;
    return ++*refusals < REFUSALS_MOST;
}

/*
 * Whether to read again: a local peer that closes with input unread resets the connection, and the kernel tells that once, before what the
 * peer had sent. So it is the end only after that.
 */
static bool first_reset(struct leat_socket *connection, int error)
{
    bool first = error == ECONNRESET && !connection->reset;

    connection->reset = connection->reset || first;
    return first;
}

/* Whether the system has no such call, or a sandbox forbids it: each datagram by a call of its own, from now on, which tells what else it
 * may have meant. */
static bool refused_many(struct leat_socket *connection, int error)
{
    connection->one_each = connection->one_each || error == ENOSYS || error == EPERM;
    return connection->one_each;
}

/* ---- in ---- */

static int64_t read_one(struct leat_socket *connection, void *span, int64_t bytes)
{
    struct iovec vector = {.iov_base = span, .iov_len = (size_t)bytes};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    int refusals = 0;
    ssize_t got;

    do {
        got = recvmsg(connection->fd, &message, MSG_DONTWAIT);
    } while (got < 0 && (again(connection, errno, &refusals) || first_reset(connection, errno)));
    if (got == 0 && connection->reset)
        return -ECONNRESET;
    if (got < 0)
        return errno == ECONNREFUSED ? -EAGAIN : -errno;
    if ((message.msg_flags & MSG_TRUNC) != 0) {
        connection->lost++;
        return -EMSGSIZE;
    }
    return got;
}

/*
 * A read of many. The span is three parts, and no more of it is touched than the datagrams need:
 *
 *   count heads of `head` bytes      as long as the longest of the last read: datagrams of one size stand where they belong at once
 *   count tails of `tail` bytes      the rest of a datagram that is longer; head and tail together hold the longest that may come
 *   room for as many heads           where heads are put aside when a tail gets between them
 */
struct incoming {
    unsigned char *span;
    int64_t bytes, count, head, tail;
    struct mmsghdr messages[LEAT_DATAGRAMS_MOST];
    struct iovec vectors[2 * LEAT_DATAGRAMS_MOST];
};

/* How many of `most` bytes may come at once. */
static int64_t room_for(const struct leat_socket *connection, int64_t bytes, int64_t most)
{
    int64_t count = bytes / (most + connection->place);

    return connection->one_each ? 1 : count < LEAT_DATAGRAMS_MOST ? count : LEAT_DATAGRAMS_MOST;
}

static void lay_out(struct incoming *call)
{
    for (int64_t i = 0; i < call->count; i++) {
        struct iovec *pair = &call->vectors[2 * i];
        pair[0] = (struct iovec){.iov_base = call->span + i * call->head, .iov_len = (size_t)call->head};
        pair[1] = (struct iovec){.iov_base = call->span + call->count * call->head + i * call->tail, .iov_len = (size_t)call->tail};
        call->messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = pair, .msg_iovlen = 2}};
    }
}

/* Moves the first `count` datagrams together; returns their bytes. Where they go is never beyond what is still to be moved. */
static int64_t pack(const struct incoming *call, int64_t count)
{
    unsigned char *to = call->span, *heads = call->span;
    const unsigned char *tails = call->span + call->count * call->head;

    for (int64_t i = 0; i < count; i++) {
        int64_t bytes = call->messages[i].msg_len, head = bytes < call->head ? bytes : call->head;
        if (to != heads + i * call->head)
            memmove(to, heads + i * call->head, (size_t)head);
        to += head;
        if (bytes == head)
            continue;
        if (heads == call->span && i + 1 < count) {
            heads += call->bytes - count * call->head;
            memmove(heads + (i + 1) * call->head, call->span + (i + 1) * call->head, (size_t)((count - i - 1) * call->head));
        }
        memmove(to, tails + i * call->tail, (size_t)(bytes - head));
        to += bytes - head;
    }
    return to - call->span;
}

/* How many of those `got` are to be handed on: up to one that did not fit, or the end; what came behind that is lost. */
static int64_t until_end(struct leat_socket *connection, const struct incoming *call, int64_t got, bool empty_ends)
{
    int64_t good = 0;

    for (; good < got; good++) {
        connection->cut = (call->messages[good].msg_hdr.msg_flags & MSG_TRUNC) != 0;
        connection->ended = empty_ends && call->messages[good].msg_len == 0;
        if (connection->cut || connection->ended)
            break;
    }
    for (int64_t i = good; i < got; i++)
        connection->lost += call->messages[i].msg_len > 0 ? 1 : 0;
    return good;
}

/* What an earlier read of many found behind what it gave: -EMSGSIZE once, or the end for ever. 1: nothing. */
static int64_t found_before(struct leat_socket *connection)
{
    bool cut = connection->cut;

    connection->cut = false;
    return cut ? -EMSGSIZE : !connection->ended ? 1 : connection->reset ? -ECONNRESET : 0;
}

static int64_t read_many(struct leat_socket *connection, struct incoming *call, bool empty_ends)
{
    int refusals = 0, got;

    lay_out(call);
    do {
        got = recvmmsg(connection->fd, call->messages, (unsigned)call->count, MSG_DONTWAIT, NULL);
    } while (got < 0 && (again(connection, errno, &refusals) || first_reset(connection, errno)));
    if (got < 0 && refused_many(connection, errno))
        return read_one(connection, call->span, call->bytes);
    if (got < 0)
        return errno == ECONNREFUSED ? -EAGAIN : -errno;
    int64_t good = until_end(connection, call, got, empty_ends);
    if (good == 0)
        return found_before(connection);
    connection->place = 0;
    for (int64_t i = 0; i < good; i++)
        if (call->messages[i].msg_len > connection->place)
            connection->place = call->messages[i].msg_len;
    return pack(call, good);
}

int64_t leat_datagram_read(void *state, void *span, int64_t bytes, int64_t most, bool empty_ends)
{
    struct leat_socket *connection = state;
    struct incoming call;

    if (connection->listening)
        return -ENOTCONN;
    if (bytes < 1)
        return -EINVAL;
    int64_t before = found_before(connection);
    if (before <= 0)
        return before;
    if (connection->place == 0)
        connection->place = PLACE_FIRST;
    call.count = room_for(connection, bytes, most);
    if (call.count < 2)
        return read_one(connection, span, bytes);
    call.span = span;
    call.bytes = bytes;
    call.head = connection->place;
    call.tail = most - call.head;
    return read_many(connection, &call, empty_ends);
}

/* ---- out ---- */

static int64_t bytes_of(const struct leat_span *spans, int64_t count)
{
    int64_t bytes = 0;

    for (int64_t i = 0; i < count; i++)
        bytes += spans[i].bytes;
    return bytes;
}

/* What a call that ended with `took`, or -1 and errno, means for the caller; the fd is to be polled after -EAGAIN. */
static int64_t outcome(struct leat_socket *connection, int64_t took)
{
    int error = took >= 0 ? 0 : errno == ECONNREFUSED ? EAGAIN : errno;

    connection->blocked = error == EAGAIN;
    return error != 0 ? -error : took;
}

static int64_t write_one(struct leat_socket *connection, const struct msghdr *message)
{
    int refusals = 0;
    ssize_t took;

    do {
        took = sendmsg(connection->fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (took < 0 && again(connection, errno, &refusals));
    return outcome(connection, took);
}

int64_t leat_datagram_write(void *state, const struct leat_span *spans, int64_t count)
{
    struct leat_socket *connection = state;
    struct iovec vectors[LEAT_WRITE_SPANS];
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = (size_t)leat_io_vectors(vectors, spans, count)};

    if (connection->listening)
        return -ENOTCONN;
    if (count > LEAT_WRITE_SPANS)
        return -EMSGSIZE; /* the rest would be another datagram */
    if (bytes_of(spans, count) == 0)
        return 0;
    return write_one(connection, &message);
}

/* A write of many: each vector is the end of a datagram, or of a span. */
struct outgoing {
    struct mmsghdr messages[LEAT_DATAGRAMS_MOST];
    struct iovec vectors[LEAT_DATAGRAMS_MOST + LEAT_WRITE_SPANS];
};

/* Lists the first datagrams that are not empty, as many as there is room for; returns how many those are. */
static int list(struct outgoing *call, const struct leat_span *spans, const int64_t *sizes, int64_t count)
{
    struct leat_span left = {0};
    int listed = 0;
    struct iovec *vector = call->vectors, *end = vector + LEAT_DATAGRAMS_MOST + LEAT_WRITE_SPANS;

    for (int64_t i = 0; i < count && listed < LEAT_DATAGRAMS_MOST; i++) {
        struct iovec *first = vector;
        for (int64_t bytes, rest = sizes[i]; rest > 0; rest -= bytes) {
            while (left.bytes == 0)
                left = *spans++;
            if (vector == end)
                return listed; /* more spans than are allowed */
            bytes = rest < left.bytes ? rest : left.bytes;
            *vector++ = (struct iovec){.iov_base = left.data, .iov_len = (size_t)bytes};
            left.data += bytes;
            left.bytes -= bytes;
        }
        if (vector > first)
            call->messages[listed++] = (struct mmsghdr){.msg_hdr = {.msg_iov = first, .msg_iovlen = (size_t)(vector - first)}};
    }
    return listed;
}

static int64_t write_many(struct leat_socket *connection, struct outgoing *call, int count)
{
    int refusals = 0, took;
    int64_t bytes = 0;

    do {
        took = sendmmsg(connection->fd, call->messages, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (took < 0 && again(connection, errno, &refusals));
    if (took < 0 && refused_many(connection, errno))
        return write_one(connection, &call->messages[0].msg_hdr);
    for (int i = 0; i < took; i++)
        bytes += call->messages[i].msg_len;
    return outcome(connection, took < 0 ? took : bytes);
}

int64_t leat_datagram_write_many(void *state, const struct leat_span *spans, const int64_t *sizes, int64_t count)
{
    struct leat_socket *connection = state;
    struct outgoing call;

    if (connection->listening)
        return -ENOTCONN;
    int listed = list(&call, spans, sizes, count);
    if (listed == 0)
        return 0;
    return listed == 1 || connection->one_each ? write_one(connection, &call.messages[0].msg_hdr) : write_many(connection, &call, listed);
}

int64_t leat_datagram_lost(void *state)
{
    return ((const struct leat_socket *)state)->lost;
}
