/* SPDX-License-Identifier: MIT */
/* Preloaded by a test: every gathered write takes memory first, which the command's own count must show. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

static void take(void)
{
    void *volatile block = malloc(16);
    free(block);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    ssize_t (*next)(int, const struct iovec *, int);
    void *found = dlsym(RTLD_NEXT, "writev");
    memcpy(&next, &found, sizeof found);
    take();
    return next(fd, pieces, count);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int);
    void *found = dlsym(RTLD_NEXT, "sendmsg");
    memcpy(&next, &found, sizeof found);
    take();
    return next(fd, message, flags);
}
