/* SPDX-License-Identifier: MIT */
/* tcp.c: tcp://HOST:PORT connects, tcp-listen://HOST:PORT waits for one peer. */
#define _GNU_SOURCE
#include "transport.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* name becomes tcp://HOST:PORT, in numbers; a scope's % is escaped, so that the name can be parsed again. */
static void name_of(char *name, size_t bytes, const struct sockaddr *address, socklen_t length)
{
    char host[256], port[16];

    if (getnameinfo(address, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    char *scope = strchr(host, '%');
    if (scope != NULL)
        *scope++ = '\0';
    if (strchr(host, ':') != NULL)
        snprintf(name, bytes, "tcp://[%s%s%s]:%s", host, scope != NULL ? "%25" : "", scope != NULL ? scope : "", port);
    else
        snprintf(name, bytes, "tcp://%s:%s", host, port);
}

/* *found: what the host's name stands for. 0, or a negative errno with the error set. */
static int resolve(struct addrinfo **found, const struct leat_address *address, struct leat_error *error)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int rc = getaddrinfo(address->host, address->port, &hints, found);

    if (rc == 0)
        return 0;
    if (rc == EAI_SYSTEM)
        return leat_endpoint_fail(error, address->text, errno != 0 ? -errno : -EIO, "resolve");
    return leat_endpoint_refuse(error, address->text, rc == EAI_MEMORY ? -ENOMEM : -EHOSTUNREACH, "resolve: %s", gai_strerror(rc));
}

/* An fd that is connected to `to`, or bound to it and listening; or a negative errno, *what says of what call. */
static int try_one(const struct addrinfo *to, bool listening, const char **what)
{
    const int on = 1;
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->ai_protocol);
    int rc = 0;

    *what = "socket";
    if (fd < 0)
        return -errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a hint; the accepted socket inherits it */
    if (!listening) {
        *what = "connect";
        rc = leat_socket_connect(fd, to->ai_addr, to->ai_addrlen);
    } else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 || bind(fd, to->ai_addr, to->ai_addrlen) != 0) {
        *what = "bind";
        rc = -errno;
    } else if (listen(fd, 1) != 0) {
        *what = "listen";
        rc = -errno;
    }
    if (rc != 0)
        close(fd);
    return rc != 0 ? rc : fd;
}

/* Tries each address in turn; the last one's failure is what is told. */
static int open_either(void **state, const struct leat_address *address, bool listening, struct leat_error *error)
{
    struct addrinfo *found = NULL;
    const char *what = "resolve";
    int fd = -EHOSTUNREACH;
    int rc = resolve(&found, address, error);
    if (rc != 0)
        return rc;
    for (const struct addrinfo *one = found; one != NULL && fd < 0; one = one->ai_next)
        fd = try_one(one, listening, &what);
    freeaddrinfo(found);
    if (fd < 0)
        return leat_endpoint_fail(error, address->text, fd, what);

    rc = leat_socket_make(state, fd, listening, address, error);
    if (rc != 0)
        return rc;
    struct leat_socket *made = *state;
    struct sockaddr_storage real;
    socklen_t length = sizeof real;
    rc = listening ? getsockname(fd, (struct sockaddr *)&real, &length) : getpeername(fd, (struct sockaddr *)&real, &length);
    if (rc == 0)
        name_of(made->name, sizeof made->name, (const struct sockaddr *)&real, length);
    return 0;
}

/* Resolving the name takes as long as the resolver does, connecting up to 10 seconds for each of its addresses. */
static int tcp_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    (void)directions;
    return open_either(state, address, false, error);
}

static int tcp_listen_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    (void)directions;
    return open_either(state, address, true, error);
}

const struct leat_transport leat_transport_tcp = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "tcp",
    .form = "tcp://HOST:PORT",
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
};

const struct leat_transport leat_transport_tcp_listen = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "tcp-listen",
    .form = "tcp-listen://HOST:PORT",
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
};
