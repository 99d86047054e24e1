/* SPDX-License-Identifier: MIT */
/*
 * file.c: file:PATH, whatever the path names: a regular file, a block or character device, a FIFO.
 *
 * What can make one wait is opened non-blocking, so its description is ours alone; what is always ready says so by an fd of -1. The end of
 * a regular file that is followed is no end: inotify tells when there is more.
 */
#define _GNU_SOURCE
#include "transport.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    int fd;
    int watch;                    /* inotify's, where a regular file is followed; -1: it is not */
    bool polls;                   /* it can make one wait */
    int sync_error; /* the system tells it once, though what it took is lost for good; whoever syncs is one thread */
    LEAT_ATOMIC(int64_t) written; /* bytes; the writing thread's, for any to read */
    bool fifo_unseen;             /* a FIFO nobody has been seen to write to: a read of 0 bytes need not be the end */
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

/* *watch tells of changes of the file, if it is a regular one that is read: everything else goes on by itself. 0, or a negative errno. */
static int begin_watch(int fd, const struct stat *info, int *watch)
{
    char name[32];

    if (!S_ISREG(info->st_mode))
        return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd); /* this file, whatever has its name by now */
    *watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return *watch >= 0 && inotify_add_watch(*watch, name, IN_MODIFY | IN_ATTRIB) >= 0 ? 0 : -errno;
}

/*
 * Output creates or truncates (mode 0644), or appends with append=1; both directions at once neither create nor truncate. A FIFO that is
 * opened for output only waits for its reader, with no limit: only there a signal ends the wait, with -EINTR.
 */
static int file_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    static const char *const words[] = {"0", "1", NULL};
    int append = 0, follow = 0, watch = -1;
    struct stat info;
    int rc = leat_value_word(address, "append", words, &append, error);

    if (rc == 0)
        rc = leat_value_word(address, "follow", words, &follow, error);
    if (rc != 0)
        return rc;
    if (follow && directions != LEAT_IN)
        return leat_endpoint_refuse(error, address->text, -EINVAL, "follow is for what is only read");
    int fd = open_path(address->rest, directions, append != 0);
    rc = fd < 0 || fstat(fd, &info) != 0 ? -errno : S_ISDIR(info.st_mode) ? -EISDIR : 0;
    if (rc == 0 && follow)
        rc = begin_watch(fd, &info, &watch);
    struct file *file = rc == 0 ? malloc(sizeof *file) : NULL;
    if (rc == 0 && file == NULL)
        rc = -ENOMEM;
    if (rc != 0) {
        if (fd >= 0)
            close(fd);
        if (watch >= 0)
            close(watch);
        return leat_endpoint_fail(error, address->text, rc, "open");
    }
    memset(file, 0, sizeof *file);
    file->fd = fd;
    file->watch = watch;
    file->polls = leat_io_polls(fd);
    file->fifo_unseen = S_ISFIFO(info.st_mode) && directions == LEAT_IN;
    *state = file;
    return 0;
}

static int file_fd(void *state, unsigned direction)
{
    const struct file *file = state;

    (void)direction;
    return file->watch >= 0 ? file->watch : file->polls ? file->fd : -1;
}

/*
 * At the end of a file that is followed: -EAGAIN, more may come; 0: it has no name any more, so nobody can open it to write; -ESTALE: it
 * was cut short, and what follows is not what followed. What changed before the look is seen by the look, what changes after it wakes the
 * watch.
 */
static int64_t read_more(struct file *file, void *span, int64_t bytes)
{
    char events[4096];
    struct stat info;

    while (read(file->watch, events, sizeof events) > 0)
        ;
    int64_t got = leat_io_read(file->fd, span, bytes);
    if (got != 0)
        return got;
    if (fstat(file->fd, &info) != 0)
        return -errno;
    return info.st_size < lseek(file->fd, 0, SEEK_CUR) ? -ESTALE : info.st_nlink == 0 ? 0 : -EAGAIN;
}

static int64_t file_read(void *state, void *span, int64_t bytes)
{
    struct file *file = state;
    int64_t got = leat_io_read(file->fd, span, bytes);

    if (got == 0 && file->watch >= 0)
        return read_more(file, span, bytes);
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
    struct file *file = state;
    int64_t took = leat_io_write(file->fd, spans, count);

    if (took > 0)
        leat_store(&file->written, leat_load(&file->written, relaxed) + took, release); /* edge "written" */
    return took;
}

/* Edge "written": the bytes counted are the kernel's when they are seen here, so that fdatasync finds them. */
static int64_t file_stored(void *state, bool sync)
{
    struct file *file = state;
    int64_t written = leat_load(&file->written, acquire); /* edge "written" */

    if (sync && file->sync_error != 0)
        return file->sync_error;
    while (sync && fdatasync(file->fd) != 0) {
        if (errno == EINVAL || errno == EROFS) /* a pipe or a device, which has nothing to be written out */
            break;
        if (errno != EINTR)
            return file->sync_error = -errno;
    }
    return written;
}

static int file_rewind(void *state)
{
    const struct file *file = state;

    return !file->polls && file->watch < 0 && lseek(file->fd, 0, SEEK_SET) == 0 ? 0 : -ESPIPE;
}

static int file_close(void *state)
{
    struct file *file = state;
    int rc = leat_io_close(file->fd);

    if (file->watch >= 0)
        leat_io_close(file->watch);
    free(file);
    return rc;
}

static const char *const file_keys[] = {"append", "follow", NULL};

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
    .stored = file_stored,
    .signals = true,
};
