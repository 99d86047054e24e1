/* SPDX-License-Identifier: MIT */
/* socket.c: connected sockets and their listeners, the same for tcp and unix. */
#define _GNU_SOURCE
#include "transport.h"

#include <fcntl.h>
#include <leat/os.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define CONNECT_NS INT64_C(10000000000) /* as long as a connect may take */
#define RETRY_MS 10                     /* between two looks at what will not tell when it has room again */

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Nothing but its names, of which text may be NULL. */
static struct leat_socket *make(const char *text, const char *name)
{
    struct leat_socket *made = calloc(1, sizeof *made);

    if (made == NULL)
        return NULL;
    made->name = strdup(name);
    made->text = text == NULL ? NULL : strdup(text);
    if (made->name != NULL && (text == NULL || made->text != NULL))
        return made;
    free(made->name);
    free(made->text);
    free(made);
    return NULL;
}

void leat_socket_rename(struct leat_socket *socket, const char *name)
{
    char *copy = strdup(name);

    if (copy == NULL)
        return;
    free(socket->name);
    socket->name = copy;
}

int leat_socket_make(void **state, int fd, bool listening, const struct leat_options *options, const struct leat_address *address,
                     struct leat_error *error)
{
    struct leat_socket *made = make(address->text, address->text);

    if (made == NULL) {
        close(fd);
        return leat_endpoint_fail(error, address->text, -ENOMEM, "open");
    }
    made->fd = fd;
    made->reserve = listening ? open_reserve() : -1;
    made->listening = listening;
    made->options = *options;
    *state = made;
    return 0;
}

/* Waits for the end of a connect that was begun. */
static int connect_end(int fd, int64_t deadline_ns)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    int error = 0, count;
    socklen_t length = sizeof error;

    do {
        int64_t left_ns = deadline_ns - leat_os_now_ns();
        count = poll(&ready, 1, left_ns > 0 ? (int)((left_ns + 999999) / 1000000) : 0);
    } while (count < 0 && errno == EINTR);
    if (count == 0)
        return -ETIMEDOUT;
    if (count < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        return -errno;
    return -error;
}

int leat_socket_connect(int fd, const struct sockaddr *to, unsigned length)
{
    int64_t deadline_ns = leat_os_now_ns() + CONNECT_NS;

    while (connect(fd, to, length) != 0) {
        if (errno == EISCONN)
            return 0; /* an interrupted call got there */
        if (errno == EINPROGRESS || errno == EALREADY)
            return connect_end(fd, deadline_ns);
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return -errno;
        if (leat_os_now_ns() >= deadline_ns)
            return -ETIMEDOUT;
        poll(NULL, 0, RETRY_MS);
    }
    return 0;
}

int64_t leat_socket_recv(int fd, void *span, int64_t bytes)
{
    ssize_t got;

    if (bytes < 1)
        return -EINVAL;
    do {
        got = recv(fd, span, (size_t)bytes, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

int64_t leat_socket_send(int fd, const struct leat_span *spans, int64_t count)
{
    struct iovec vectors[LEAT_WRITE_SPANS];
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = (size_t)leat_io_vectors(vectors, spans, count)};
    ssize_t took;

    do {
        took = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (took < 0 && errno == EINTR);
    return took < 0 ? -errno : took;
}

/* Whether accept(2) found nobody, or somebody who was gone before we came; what it finds broken in the network, it tells of him. */
static bool nobody_now(int error)
{
    return error == EAGAIN || error == ECONNABORTED || error == EPROTO || error == ENETDOWN || error == ENETUNREACH || error == EHOSTDOWN ||
           error == EHOSTUNREACH || error == ENONET || error == ENOPROTOOPT;
}

/* Whether accept(2) found no room for a peer, who still waits in the queue. */
static bool no_room(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static int accept_one(int listener)
{
    int fd;

    do {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

/*
 * The peer's fd, or a negative errno. Where the process has no fd to spare the peer takes the place of the reserve. Where even that
 * fails (another thread was quicker) a short pause keeps the caller, whose poll will say "ready" at once, from spinning.
 */
static int take_peer(struct leat_socket *listener)
{
    int fd = accept_one(listener->fd);

    if (fd >= 0 || !no_room(-fd))
        return fd;
    if (listener->reserve >= 0) {
        close(listener->reserve);
        fd = accept_one(listener->fd);
        listener->reserve = fd < 0 ? open_reserve() : -1;
    } else {
        listener->reserve = open_reserve();
    }
    if (fd >= 0 || !no_room(-fd))
        return fd;
    poll(NULL, 0, RETRY_MS);
    return -EAGAIN;
}

int leat_socket_accept(void *state, struct leat_error *error)
{
    struct leat_socket *listener = state;

    if (!listener->listening)
        return 0;
    int fd = take_peer(listener);
    if (fd < 0)
        return nobody_now(-fd) ? -EAGAIN : leat_endpoint_fail(error, listener->text, fd, "accept");
    leat_options_inherit(&listener->options, fd);
    leat_io_close(listener->fd);
    if (listener->reserve >= 0)
        close(listener->reserve);
    listener->fd = fd;
    listener->reserve = -1;
    listener->listening = false;
    return 0;
}

/* Where there is no fd for a peer, the reserve makes room to take one and hang up: the queue goes on, and the caller's poll does not spin.
 */
static void hang_up(struct leat_socket *listener)
{
    if (listener->reserve < 0)
        return;
    close(listener->reserve);
    int fd = accept_one(listener->fd);
    if (fd >= 0) {
        close(fd);
        listener->lost++;
    }
    listener->reserve = open_reserve();
}

int leat_socket_take(void *state, void **peer, struct leat_error *error)
{
    struct leat_socket *listener = state;
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    int fd = accept_one(listener->fd);

    if (fd < 0 && no_room(-fd)) {
        hang_up(listener);
        return -EAGAIN;
    }
    if (fd < 0)
        return nobody_now(-fd) ? -EAGAIN : leat_endpoint_fail(error, listener->text, fd, "accept");
    struct leat_socket *made = make(NULL, listener->name);
    if (made == NULL) {
        close(fd);
        return leat_endpoint_fail(error, listener->text, -ENOMEM, "accept");
    }
    made->fd = fd;
    made->reserve = -1;
    made->options = listener->options;
    leat_options_inherit(&made->options, fd);
    char name[LEAT_ADDRESS_BYTES] = "";
    if (getpeername(fd, (struct sockaddr *)&from, &length) == 0)
        leat_inet_name(name, sizeof name, "tcp", (const struct sockaddr *)&from, length);
    if (name[0] != '\0')
        leat_socket_rename(made, name);
    *peer = made;
    return 0;
}

int64_t leat_socket_lost(void *state)
{
    return ((const struct leat_socket *)state)->lost;
}

int leat_socket_fd(void *state, unsigned direction)
{
    (void)direction;
    return ((const struct leat_socket *)state)->fd;
}

int64_t leat_socket_read(void *state, void *span, int64_t bytes)
{
    const struct leat_socket *connection = state;

    return connection->listening ? -ENOTCONN : leat_socket_recv(connection->fd, span, bytes);
}

int64_t leat_socket_write(void *state, const struct leat_span *spans, int64_t count)
{
    const struct leat_socket *connection = state;

    return connection->listening ? -ENOTCONN : leat_socket_send(connection->fd, spans, count);
}

void leat_socket_end_output(void *state)
{
    shutdown(((const struct leat_socket *)state)->fd, SHUT_WR); /* a peer that is gone already needs no word of it */
}

void leat_socket_name(void *state, char *text, int64_t bytes)
{
    snprintf(text, (size_t)bytes, "%s", ((const struct leat_socket *)state)->name);
}

int leat_socket_close(void *state)
{
    struct leat_socket *made = state;
    struct stat info;

    /* Only what is still the socket that we bound. */
    if (made->path != NULL && lstat(made->path, &info) == 0 && info.st_dev == made->device && info.st_ino == made->inode)
        unlink(made->path);
    if (made->reserve >= 0)
        close(made->reserve);
    int rc = leat_io_close(made->fd);
    free(made->text);
    free(made->name);
    free(made->path);
    free(made);
    return rc;
}
