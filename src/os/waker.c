/* SPDX-License-Identifier: MIT */
/*
 * A waker: a counter that is raised before the sleeper is roused, so that a wake between the sleeper's last look and its sleep is
 * seen: by the kernel, which compares the futex word; or in the eventfd, which keeps it.
 */
#define _GNU_SOURCE
#include "os.h"

#include <leat/os.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int leat_waker_init(struct leat_waker *waker, bool with_fd)
{
    int fd = -1;

    if (with_fd) {
        fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0) {
            return -errno;
        }
    }
    leat_store(&waker->token, 0, relaxed); /* relaxed: nobody else knows it yet */
    waker->fd = fd;
    return 0;
}

void leat_waker_fini(struct leat_waker *waker)
{
    if (waker->fd >= 0) {
        (void)close(waker->fd);
        waker->fd = -1;
    }
}

void leat_waker_wake(struct leat_waker *waker)
{
    const uint64_t one = 1;
    const int kept = errno;

    (void)leat_add(&waker->token, 1, release); /* WAKE */
    if (waker->fd < 0) {
        leat_port_futex_wake(&waker->token, 1);
        return;
    }
    /* EAGAIN: the counter is full, and so readable: awake enough. */
    while (write(waker->fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
    errno = kept;
}

uint32_t leat_waker_seen(const struct leat_waker *waker)
{
    return leat_load(&waker->token, acquire); /* WAKE */
}

void leat_waker_drain(struct leat_waker *waker)
{
    const int kept = errno;
    uint64_t count;

    if (waker->fd >= 0) {
        /* One read empties it whatever the count. EAGAIN: there was nothing. */
        while (read(waker->fd, &count, sizeof count) < 0 && errno == EINTR) {
        }
        errno = kept;
    }
}

/* Sleeps until the eventfd is readable, a signal comes or the deadline passes: 0, 0, -ETIMEDOUT. */
static int poll_wait(int fd, int64_t deadline_ns)
{
    struct pollfd poll = {.fd = fd, .events = POLLIN};
    struct timespec left;

    return ppoll(&poll, 1, leat_port_time_left(&left, deadline_ns), NULL) == 0 ? -ETIMEDOUT : 0;
}

int leat_waker_wait(struct leat_waker *waker, uint32_t seen, int64_t deadline_ns)
{
    int result = 0;

    if (leat_waker_seen(waker) == seen) {
        result = waker->fd < 0 ? leat_port_futex_wait(&waker->token, seen, deadline_ns) : poll_wait(waker->fd, deadline_ns);
        if (leat_waker_seen(waker) != seen) {
            result = 0; /* it came at the last moment */
        }
    }
    if (result == 0) {
        leat_waker_drain(waker);
    }
    return result;
}
