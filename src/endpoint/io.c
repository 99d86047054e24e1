/* SPDX-License-Identifier: MIT */
/* io.c: what all transports do with an fd. */
#define _GNU_SOURCE
#include "transport.h"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

int leat_io_vectors(struct iovec *vectors, const struct leat_span *spans, int64_t count)
{
    int used = 0;

    for (; used < count && used < LEAT_WRITE_SPANS; used++)
        vectors[used] = (struct iovec){.iov_base = spans[used].data, .iov_len = (size_t)spans[used].bytes};
    return used;
}

int64_t leat_io_read(int fd, void *span, int64_t bytes)
{
    ssize_t got;

    if (bytes < 1)
        return -EINVAL;
    do {
        got = read(fd, span, (size_t)bytes);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

int64_t leat_io_write(int fd, const struct leat_span *spans, int64_t count)
{
    struct iovec vectors[LEAT_WRITE_SPANS];
    int used = leat_io_vectors(vectors, spans, count);
    ssize_t took;

    do {
        took = writev(fd, vectors, used);
    } while (took < 0 && errno == EINTR);
    return took < 0 ? -errno : took;
}

bool leat_io_polls(int fd)
{
    /* epoll refuses, with EPERM, exactly the files whose poll would always say "ready". */
    struct epoll_event event = {.events = EPOLLIN};
    struct stat info;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    bool polls = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;

    /* Where it cannot be asked: opened anew, a file that others write to would be written from its start. */
    polls = polls || (errno != EPERM && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)));
    if (epoll >= 0)
        close(epoll);
    return polls;
}

int leat_io_close(int fd)
{
    return close(fd) == 0 || errno == EINTR ? 0 : -errno;
}
