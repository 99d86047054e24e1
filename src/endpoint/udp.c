/* SPDX-License-Identifier: MIT */
/*
 * udp.c: udp://HOST:PORT sends each message as a datagram and receives what that peer sends; udp-listen://HOST:PORT receives from anybody.
 *
 * There is no end of input, and an empty datagram has nothing to hand on, so it is passed over.
 */
#include "transport.h"

#define DATAGRAM_BYTES 65536 /* more than the longest: 65507 bytes over IPv4, 65527 over IPv6 */
#define CAREFUL 64           /* datagrams that are sent one by one after a refusal */

static int udp_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    (void)directions;
    return leat_inet_open(state, address, &(struct leat_inet){.scheme = "udp", .datagrams = true}, error);
}

static int udp_listen_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    (void)directions;
    return leat_inet_open(state, address, &(struct leat_inet){.scheme = "udp", .datagrams = true, .binds = true}, error);
}

static int no_peer_needed(void *state, struct leat_error *error)
{
    (void)state, (void)error;
    return 0;
}

/* A refusal makes the fd "ready" in every direction, and is no reason to look at an output that has nothing to wait for. */
static int udp_fd(void *state, unsigned direction)
{
    const struct leat_socket *socket = state;

    return direction == LEAT_OUT && !socket->blocked ? -1 : socket->fd;
}

static int64_t udp_read(void *state, void *span, int64_t bytes)
{
    int64_t got = leat_datagram_read(state, span, bytes, DATAGRAM_BYTES, false);

    return got == 0 ? -EAGAIN : got;
}

/*
 * A refusal that meets the second or a later datagram of a call ends that call early, and the kernel forgets it. So after a call that took
 * fewer one datagram is sent by itself, and where it is refused, too, or its successor, the next ones are: each refusal is then told.
 */
static int64_t udp_write_many(void *state, const struct leat_span *spans, const int64_t *sizes, int64_t count)
{
    struct leat_socket *socket = state;
    int64_t offered = socket->careful > 0 ? 1 : count < LEAT_DATAGRAMS_MOST ? count : LEAT_DATAGRAMS_MOST;
    int64_t lost = socket->lost, bytes = 0;
    int64_t took = leat_datagram_write_many(state, spans, sizes, offered);

    for (int64_t i = 0; i < offered; i++)
        bytes += sizes[i];
    if (socket->lost > lost)
        socket->careful = CAREFUL;
    else if (took >= 0 && took < bytes)
        socket->careful = 1;
    else if (took > 0 && socket->careful > 0)
        socket->careful--;
    return took;
}

static const char *const udp_keys[] = {"device", "rcvbuf", "sndbuf", NULL};
static const char *const udp_listen_keys[] = {"device", "rcvbuf", "reuseport", NULL};

const struct leat_transport leat_transport_udp = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "udp",
    .form = "udp://HOST:PORT",
    .keys = udp_keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = DATAGRAM_BYTES,
    .rest = LEAT_REST_HOST_PORT,
    .open = udp_open,
    .fd = udp_fd,
    .read = udp_read,
    .write = leat_datagram_write,
    .name = leat_socket_name,
    .close = leat_socket_close,
    .datagrams = true,
    .lost = leat_datagram_lost,
    .write_many = udp_write_many,
};

const struct leat_transport leat_transport_udp_listen = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "udp-listen",
    .form = "udp-listen://HOST:PORT",
    .keys = udp_listen_keys,
    .directions = LEAT_IN,
    .min_read = DATAGRAM_BYTES,
    .rest = LEAT_REST_HOST_PORT,
    .open = udp_listen_open,
    .accept = no_peer_needed,
    .fd = leat_socket_fd,
    .read = udp_read,
    .name = leat_socket_name,
    .close = leat_socket_close,
    .datagrams = true,
    .lost = leat_datagram_lost,
};
