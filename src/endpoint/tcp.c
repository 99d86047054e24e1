/* SPDX-License-Identifier: MIT */
/* tcp.c: tcp://HOST:PORT connects, tcp-listen://HOST:PORT waits for one peer. */
#include "transport.h"

/* Resolving the name takes as long as the resolver does, connecting up to 10 seconds for each of its addresses. */
static int tcp_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    (void)directions;
    return leat_inet_open(state, address, &(struct leat_inet){.scheme = "tcp"}, error);
}

static int tcp_listen_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    return leat_inet_open(state, address, &(struct leat_inet){.scheme = "tcp", .binds = true, .many = (directions & LEAT_MANY) != 0},
                          error);
}

static const char *const tcp_keys[] = {"device", "keepalive", "nodelay", "rcvbuf", "sndbuf", NULL};
static const char *const tcp_listen_keys[] = {"backlog", "device", "keepalive", "nodelay", "rcvbuf", "reuseport", "sndbuf", NULL};

const struct leat_transport leat_transport_tcp = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "tcp",
    .form = "tcp://HOST:PORT",
    .keys = tcp_keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_HOST_PORT,
    .open = tcp_open,
    .fd = leat_socket_fd,
    .read = leat_socket_read,
    .write = leat_socket_write,
    .end_output = leat_socket_end_output,
    .name = leat_socket_name,
    .close = leat_socket_close,
    .reconnects = true,
    .short_is_all = true,
};

const struct leat_transport leat_transport_tcp_listen = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "tcp-listen",
    .form = "tcp-listen://HOST:PORT",
    .keys = tcp_listen_keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_HOST_PORT,
    .open = tcp_listen_open,
    .accept = leat_socket_accept,
    .fd = leat_socket_fd,
    .read = leat_socket_read,
    .write = leat_socket_write,
    .end_output = leat_socket_end_output,
    .name = leat_socket_name,
    .close = leat_socket_close,
    .lost = leat_socket_lost,
    .take = leat_socket_take,
    .short_is_all = true,
};
