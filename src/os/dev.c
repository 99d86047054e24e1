/* SPDX-License-Identifier: MIT */
/*
 * Between a ring and a device, with one system call each way. The free space of a plain ring may be in two pieces; two reads, one for each,
 * would have to decide what to report when the first succeeded and the second failed. One readv over both has nothing to decide.
 */
#define _GNU_SOURCE
#include <leat/os.h>

#include <sys/uio.h>
#include <unistd.h>

static int as_iov(const struct leat_span spans[2], struct iovec iov[2])
{
    for (int i = 0; i < 2; i++) {
        iov[i].iov_base = spans[i].data;
        iov[i].iov_len = (size_t)spans[i].bytes;
    }
    return spans[1].bytes == 0 ? 1 : 2;
}

int64_t leat_ring_from_dev(struct leat_ring *ring, int fd)
{
    struct leat_span spans[2];
    struct iovec iov[2];
    ssize_t count;
    int pieces;

    if (leat_ring_reserve_spans(ring, spans) == 0) {
        return -ENOBUFS;
    }
    pieces = as_iov(spans, iov);
    do {
        count = pieces == 1 ? read(fd, iov[0].iov_base, iov[0].iov_len) : readv(fd, iov, pieces);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return -errno;
    }
    leat_ring_commit(ring, count);
    leat_ring_look(ring); /* so that the peak is exact here: nothing beside a system call */
    return count;
}

int64_t leat_ring_to_dev(struct leat_ring *ring, int fd)
{
    struct leat_span spans[2];
    struct iovec iov[2];
    ssize_t count;
    int pieces;

    if (leat_ring_peek_spans(ring, spans) == 0) {
        return 0;
    }
    pieces = as_iov(spans, iov);
    do {
        count = pieces == 1 ? write(fd, iov[0].iov_base, iov[0].iov_len) : writev(fd, iov, pieces);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return -errno;
    }
    if (count == 0) {
        return -EIO; /* a device that takes nothing and gives no reason; 0 is kept for the empty ring */
    }
    leat_ring_consume(ring, count);
    return count;
}
