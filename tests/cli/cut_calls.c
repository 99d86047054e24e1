/* SPDX-License-Identifier: MIT */
/*
 * Preloaded by a test: every read and write of more than 8 bytes (an eventfd takes no less) is cut to 1 to 7. With CUT_WRITES=N every such
 * write is cut to N bytes, and reads are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* The next function of that name, put where the typed pointer `next` is. */
static void find(void *next, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(next, &found, sizeof found);
}

static size_t cut(size_t bytes, int writes)
{
    static atomic_uint turn;
    const char *fixed = getenv("CUT_WRITES");
    if (bytes <= 8 || (fixed && !writes))
        return bytes;
    return fixed ? (size_t)atoi(fixed) : 1 + turn++ % 7;
}

/* Copies the pieces' first bytes, as many as a cut leaves, to `some`; returns how many pieces those are. */
static int cut_pieces(struct iovec some[8], const struct iovec *pieces, int count, int writes)
{
    size_t all = 0, left;
    int used = 0;
    for (int i = 0; i < count; i++)
        all += pieces[i].iov_len;
    left = cut(all, writes);
    for (int i = 0; i < count && left > 0; i++) {
        if (pieces[i].iov_len == 0)
            continue;
        some[used] = pieces[i];
        some[used].iov_len = pieces[i].iov_len < left ? pieces[i].iov_len : left;
        left -= some[used++].iov_len;
    }
    return used;
}

ssize_t read(int fd, void *data, size_t bytes)
{
    ssize_t (*next)(int, void *, size_t);
    find(&next, "read");
    return next(fd, data, cut(bytes, 0));
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    ssize_t (*next)(int, const void *, size_t);
    find(&next, "write");
    return next(fd, data, cut(bytes, 1));
}

ssize_t recv(int fd, void *data, size_t bytes, int flags)
{
    ssize_t (*next)(int, void *, size_t, int);
    find(&next, "recv");
    return next(fd, data, cut(bytes, 0), flags);
}

ssize_t readv(int fd, const struct iovec *pieces, int count)
{
    ssize_t (*next)(int, const struct iovec *, int);
    struct iovec some[8];
    find(&next, "readv");
    return next(fd, some, cut_pieces(some, pieces, count, 0));
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    ssize_t (*next)(int, const struct iovec *, int);
    struct iovec some[8];
    find(&next, "writev");
    return next(fd, some, cut_pieces(some, pieces, count, 1));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t (*next)(int, struct msghdr *, int);
    struct msghdr less = *message;
    struct iovec some[8];
    find(&next, "recvmsg");
    less.msg_iov = some;
    less.msg_iovlen = (size_t)cut_pieces(some, message->msg_iov, (int)message->msg_iovlen, 0);
    return next(fd, &less, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int);
    struct msghdr less = *message;
    struct iovec some[8];
    find(&next, "sendmsg");
    less.msg_iov = some;
    less.msg_iovlen = (size_t)cut_pieces(some, message->msg_iov, (int)message->msg_iovlen, 1);
    return next(fd, &less, flags);
}
