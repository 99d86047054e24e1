/* SPDX-License-Identifier: MIT */
/* datagram.c: reading and writing where boundaries are kept, the same for udp and unix-seqpacket. */
#define _GNU_SOURCE
#include "transport.h"

#include <sys/socket.h>
#include <sys/uio.h>

#define REFUSALS_MOST 8 /* how many in a row one call gets over */

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

int64_t leat_datagram_read(void *state, void *span, int64_t bytes)
{
    struct leat_socket *connection = state;
    struct iovec vector = {.iov_base = span, .iov_len = (size_t)bytes};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    int refusals = 0;
    ssize_t got;

    if (connection->listening)
        return -ENOTCONN;
    if (bytes < 1)
        return -EINVAL;
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

static int64_t bytes_of(const struct leat_span *spans, int64_t count)
{
    int64_t bytes = 0;

    for (int64_t i = 0; i < count; i++)
        bytes += spans[i].bytes;
    return bytes;
}

int64_t leat_datagram_write(void *state, const struct leat_span *spans, int64_t count)
{
    struct leat_socket *connection = state;
    struct iovec vectors[LEAT_WRITE_SPANS];
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = (size_t)leat_io_vectors(vectors, spans, count)};
    int refusals = 0;
    ssize_t took;

    if (connection->listening)
        return -ENOTCONN;
    if (count > LEAT_WRITE_SPANS)
        return -EMSGSIZE; /* the rest would be another datagram */
    if (bytes_of(spans, count) == 0)
        return 0;
    do {
        took = sendmsg(connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (took < 0 && again(connection, errno, &refusals));
    int error = took < 0 ? errno == ECONNREFUSED ? EAGAIN : errno : 0;
    connection->blocked = error == EAGAIN;
    return error != 0 ? -error : took;
}

int64_t leat_datagram_lost(void *state)
{
    return ((const struct leat_socket *)state)->lost;
}
