/* SPDX-License-Identifier: MIT */
/*
 * stdio.c: "-", stdin for input and stdout for output.
 *
 * Their file descriptions are shared with other processes (the shell, the rest of a pipeline), so O_NONBLOCK is never set on them:
 *
 *   SIDE_ALWAYS    regular files, and devices that are always ready: used as they are, with the shared offset
 *   SIDE_SOCKET    each call says MSG_DONTWAIT; never shut down, others may have more to say
 *   SIDE_REOPENED  pipes, FIFOs and terminals: opened anew through /proc, which gives a non-blocking description of our own
 *   SIDE_POLLED    the same where that fails: poll(2) first, and never write more than a pipe that is ready takes at once
 */
#define _GNU_SOURCE
#include "transport.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum side_kind { SIDE_UNUSED, SIDE_ALWAYS, SIDE_SOCKET, SIDE_REOPENED, SIDE_POLLED };

struct side {
    enum side_kind kind;
    int fd;        /* REOPENED: ours, else the inherited one */
    int64_t start; /* ALWAYS: the offset it was at when opened, or -1 */
};

struct std {
    struct side in, out;
};

/* What poll says of the fd right now, 0: nothing. */
static int poll_now(int fd, short events)
{
    struct pollfd ready = {.fd = fd, .events = events};
    int count;

    do {
        count = poll(&ready, 1, 0);
    } while (count < 0 && errno == EINTR);
    return count > 0 ? ready.revents : 0;
}

/* A description of our own for what fd is, or -1. */
static int reopen(int fd, unsigned direction)
{
    char path[40];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int own = open(path, (direction == LEAT_IN ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    /* A reader that comes after the last writer left is never told so: then the inherited description, which was, is the better one. */
    if (own >= 0 && direction == LEAT_IN && (poll_now(fd, POLLIN) & POLLHUP) != 0) {
        close(own);
        own = -1;
    }
    return own;
}

static int side_open(struct side *side, int fd, unsigned direction)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return -errno;
    if (S_ISDIR(info.st_mode))
        return -EISDIR;
    *side = (struct side){.kind = SIDE_ALWAYS, .fd = fd, .start = -1};
    if (S_ISSOCK(info.st_mode)) {
        side->kind = SIDE_SOCKET;
    } else if (!leat_io_polls(fd)) {
        side->start = lseek(fd, 0, SEEK_CUR);
    } else {
        int own = reopen(fd, direction);
        side->kind = own >= 0 ? SIDE_REOPENED : SIDE_POLLED;
        side->fd = own >= 0 ? own : fd;
    }
    return 0;
}

static int side_close(struct side *side)
{
    if (side->kind == SIDE_REOPENED)
        return leat_io_close(side->fd);
    if (side->kind != SIDE_ALWAYS || side->fd != STDOUT_FILENO)
        return 0;
    /* The inherited fd stays open for whoever else writes to it; closing a double asks for errors of delayed writes all the same. */
    int twin = fcntl(side->fd, F_DUPFD_CLOEXEC, 3);
    return twin >= 0 ? leat_io_close(twin) : 0;
}

static int std_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    struct std *std = calloc(1, sizeof *std);
    if (std == NULL)
        return leat_endpoint_fail(error, address->text, -ENOMEM, "open");

    int rc = (directions & LEAT_IN) != 0 ? side_open(&std->in, STDIN_FILENO, LEAT_IN) : 0;
    if (rc == 0 && (directions & LEAT_OUT) != 0) {
        rc = side_open(&std->out, STDOUT_FILENO, LEAT_OUT);
        if (rc != 0)
            leat_endpoint_fail(error, address->text, rc, "stdout");
    } else if (rc != 0) {
        leat_endpoint_fail(error, address->text, rc, "stdin");
    }
    if (rc != 0) {
        side_close(&std->in);
        free(std);
        return rc;
    }
    *state = std;
    return 0;
}

static int std_fd(void *state, unsigned direction)
{
    const struct std *std = state;
    const struct side *side = direction == LEAT_OUT ? &std->out : &std->in;

    return side->kind == SIDE_ALWAYS || side->kind == SIDE_UNUSED ? -1 : side->fd;
}

static int64_t std_read(void *state, void *span, int64_t bytes)
{
    const struct side *side = &((struct std *)state)->in;

    if (side->kind == SIDE_UNUSED)
        return -EBADF;
    if (side->kind == SIDE_SOCKET)
        return leat_socket_recv(side->fd, span, bytes);
    if (side->kind == SIDE_POLLED && poll_now(side->fd, POLLIN) == 0)
        return -EAGAIN;
    return leat_io_read(side->fd, span, bytes);
}

/* The first bytes of the spans, as many as a pipe that poll calls ready takes without waiting. */
static int64_t write_little(int fd, const struct leat_span *spans, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (spans[i].bytes > 0) {
            struct leat_span little = {.data = spans[i].data, .bytes = spans[i].bytes < PIPE_BUF ? spans[i].bytes : PIPE_BUF};
            return poll_now(fd, POLLOUT) == 0 ? -EAGAIN : leat_io_write(fd, &little, 1);
        }
    }
    return 0;
}

static int64_t std_write(void *state, const struct leat_span *spans, int64_t count)
{
    const struct side *side = &((struct std *)state)->out;

    if (side->kind == SIDE_UNUSED)
        return -EBADF;
    if (side->kind == SIDE_SOCKET)
        return leat_socket_send(side->fd, spans, count);
    if (side->kind == SIDE_POLLED)
        return write_little(side->fd, spans, count);
    return leat_io_write(side->fd, spans, count);
}

/* Back to where stdin stood when it was opened. */
static int std_rewind(void *state)
{
    const struct side *side = &((struct std *)state)->in;

    return side->kind == SIDE_ALWAYS && side->start >= 0 && lseek(side->fd, side->start, SEEK_SET) >= 0 ? 0 : -ESPIPE;
}

static int std_close(void *state)
{
    struct std *std = state;
    int in = side_close(&std->in), out = side_close(&std->out);

    free(std);
    return out != 0 ? out : in;
}

const struct leat_transport leat_transport_stdio = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "-",
    .form = "-",
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_NONE,
    .open = std_open,
    .fd = std_fd,
    .read = std_read,
    .write = std_write,
    .rewind = std_rewind,
    .close = std_close,
    .signals = true,
};
