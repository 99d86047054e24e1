/* SPDX-License-Identifier: MIT */
/*
 * file.c: file:PATH, whatever the path names: a regular file, a block or character device, a FIFO.
 *
 * What can make one wait is opened non-blocking, so its description is ours alone; what is always ready says so by an fd of -1.
 */
#define _GNU_SOURCE
#include "transport.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    int fd;
    bool polls;       /* it can make one wait */
    bool fifo_unseen; /* a FIFO nobody has been seen to write to: a read of 0 bytes need not be the end */
};

/* Opens a FIFO for output: waits until somebody reads. */
static int open_fifo(const char *path, int flags)
{
    int fd = open(path, flags & ~O_NONBLOCK);

    if (fd >= 0 && fcntl(fd, F_SETFL, flags & (O_APPEND | O_NONBLOCK)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* open(2) as `directions` want it; the fd, or -1 and errno. */
static int open_path(const char *path, unsigned directions, bool append)
{
    struct stat info;
    int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (append ? O_APPEND : 0);
    int fd;

    if (directions == LEAT_IN)
        flags |= O_RDONLY;
    else if (directions == LEAT_OUT)
        flags |= O_WRONLY | O_CREAT | (append ? 0 : O_TRUNC);
    else
        flags |= O_RDWR;
    do {
        fd = open(path, flags, 0644);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno == ENXIO && directions == LEAT_OUT) {
        if (stat(path, &info) == 0 && S_ISFIFO(info.st_mode))
            return open_fifo(path, flags & ~(O_CREAT | O_TRUNC));
        errno = ENXIO;
    }
    return fd;
}

/*
 * Output creates or truncates (mode 0644), or appends with append=1; both directions at once neither create nor truncate. A FIFO that is
 * opened for output only waits for its reader, with no limit: only there a signal ends the wait, with -EINTR.
 */
static int file_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    int append = 0;
    struct stat info;
    int rc = leat_value_word(address, "append", (const char *const[]){"0", "1", NULL}, &append, error);

    if (rc != 0)
        return rc;
    int fd = open_path(address->rest, directions, append != 0);
    rc = fd < 0 || fstat(fd, &info) != 0 ? -errno : S_ISDIR(info.st_mode) ? -EISDIR : 0;
    struct file *file = rc == 0 ? malloc(sizeof *file) : NULL;
    if (rc == 0 && file == NULL)
        rc = -ENOMEM;
    if (rc != 0) {
        if (fd >= 0)
            close(fd);
        return leat_endpoint_fail(error, address->text, rc, "open");
    }
    *file = (struct file){.fd = fd, .polls = leat_io_polls(fd), .fifo_unseen = S_ISFIFO(info.st_mode) && directions == LEAT_IN};
    *state = file;
    return 0;
}

static int file_fd(void *state, unsigned direction)
{
    const struct file *file = state;

    (void)direction;
    return file->polls ? file->fd : -1;
}

static int64_t file_read(void *state, void *span, int64_t bytes)
{
    struct file *file = state;
    int64_t got = leat_io_read(file->fd, span, bytes);

    if (got == 0 && file->fifo_unseen) {
        /* Nobody writes: not any more, if poll says that somebody did since we opened it; else not yet. */
        struct pollfd ready = {.fd = file->fd, .events = POLLIN};
        if (poll(&ready, 1, 0) < 1 || (ready.revents & POLLHUP) == 0)
            return -EAGAIN;
        got = leat_io_read(file->fd, span, bytes); /* what was written between the read and the poll */
    }
    if (got >= 0)
        file->fifo_unseen = false;
    return got;
}

static int64_t file_write(void *state, const struct leat_span *spans, int64_t count)
{
    const struct file *file = state;

    return leat_io_write(file->fd, spans, count);
}

static int file_rewind(void *state)
{
    const struct file *file = state;

    return !file->polls && lseek(file->fd, 0, SEEK_SET) == 0 ? 0 : -ESPIPE;
}

static int file_close(void *state)
{
    struct file *file = state;
    int rc = leat_io_close(file->fd);

    free(file);
    return rc;
}

static const char *const file_keys[] = {"append", NULL};

const struct leat_transport leat_transport_file = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "file",
    .form = "file:PATH",
    .keys = file_keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_NAME,
    .open = file_open,
    .fd = file_fd,
    .read = file_read,
    .write = file_write,
    .rewind = file_rewind,
    .close = file_close,
    .signals = true,
};
