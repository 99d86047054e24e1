/* SPDX-License-Identifier: MIT */
/* inet.c: what tcp and udp share: HOST:PORT becomes a socket that is connected to it or bound to it. */
#define _GNU_SOURCE
#include "transport.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A scope's % is escaped, so that the name can be parsed again. */
void leat_inet_name(char *name, size_t bytes, const char *scheme, const struct sockaddr *address, unsigned length)
{
    char host[256], port[16];

    if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        return;
    if (getnameinfo(address, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    char *scope = strchr(host, '%');
    if (scope != NULL)
        *scope++ = '\0';
    if (strchr(host, ':') != NULL)
        snprintf(name, bytes, "%s://[%s%s%s]:%s", scheme, host, scope != NULL ? "%25" : "", scope != NULL ? scope : "", port);
    else
        snprintf(name, bytes, "%s://%s:%s", scheme, host, port);
}

/* *found: what the host's name stands for. 0, or a negative errno with the error set. */
static int resolve(struct addrinfo **found, const struct leat_address *address, bool datagrams, struct leat_error *error)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = datagrams ? SOCK_DGRAM : SOCK_STREAM};
    int rc = getaddrinfo(address->host, address->port, &hints, found);

    if (rc == 0)
        return 0;
    if (rc == EAI_SYSTEM)
        return leat_endpoint_fail(error, address->text, errno != 0 ? -errno : -EIO, "resolve");
    return leat_endpoint_refuse(error, address->text, rc == EAI_MEMORY ? -ENOMEM : -EHOSTUNREACH, "resolve: %s", gai_strerror(rc));
}

/* Binds the socket and, where there are connections, listens. 0, or a negative errno, *what says of what call. */
static int bind_one(int fd, const struct addrinfo *to, const struct leat_inet *kind, const struct leat_options *options, const char **what)
{
    const int on = 1;

    *what = "bind";
    if (!kind->datagrams && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return -errno;
    if (bind(fd, to->ai_addr, to->ai_addrlen) != 0)
        return -errno;
    *what = "listen";
    return !kind->datagrams && listen(fd, leat_options_backlog(options, kind->many)) != 0 ? -errno : 0;
}

/* An fd that is connected or bound to `to`; or a negative errno, *what says of what call or key. */
static int try_one(const struct addrinfo *to, const struct leat_inet *kind, const struct leat_options *options, const char **what)
{
    const int on = 1;
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->ai_protocol);

    *what = "socket";
    if (fd < 0)
        return -errno;
    if (!kind->datagrams)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a hint; the accepted socket inherits it */
    int rc = leat_options_set(options, fd, what);
    if (rc == 0 && kind->binds) {
        rc = bind_one(fd, to, kind, options, what);
    } else if (rc == 0) {
        *what = "connect";
        rc = leat_socket_connect(fd, to->ai_addr, to->ai_addrlen);
    }
    if (rc != 0)
        close(fd);
    return rc != 0 ? rc : fd;
}

/* Tries each address in turn; the last one's failure is what is told. */
int leat_inet_open(void **state, const struct leat_address *address, const struct leat_inet *kind, struct leat_error *error)
{
    struct leat_options options;
    struct addrinfo *found = NULL;
    const char *what = "resolve";
    int fd = -EHOSTUNREACH;
    int rc = leat_options_read(&options, address, error);
    if (rc == 0)
        rc = resolve(&found, address, kind->datagrams, error);
    if (rc != 0)
        return rc;
    for (const struct addrinfo *one = found; one != NULL && fd < 0; one = one->ai_next)
        fd = try_one(one, kind, &options, &what);
    freeaddrinfo(found);
    if (fd < 0)
        return leat_endpoint_fail(error, address->text, fd, what);

    rc = leat_socket_make(state, fd, kind->binds && !kind->datagrams, &options, address, error);
    if (rc != 0)
        return rc;
    struct leat_socket *made = *state;
    struct sockaddr_storage real;
    socklen_t length = sizeof real;
    rc = kind->binds ? getsockname(fd, (struct sockaddr *)&real, &length) : getpeername(fd, (struct sockaddr *)&real, &length);
    char name[LEAT_ADDRESS_BYTES] = "";
    if (rc == 0)
        leat_inet_name(name, sizeof name, kind->scheme, (const struct sockaddr *)&real, length);
    if (name[0] != '\0')
        leat_socket_rename(made, name);
    return 0;
}
