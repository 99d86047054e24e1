/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <leat/os.h>

#include <poll.h>
#include <time.h>

/* Returns what ppoll wants for an absolute deadline: NULL waits for ever. */
static const struct timespec *time_left(struct timespec *left, int64_t deadline_ns)
{
    if (deadline_ns == LEAT_FOREVER)
        return NULL;
    int64_t ns = deadline_ns == 0 ? 0 : deadline_ns - leat_os_now_ns();
    if (ns < 0)
        ns = 0;
    left->tv_sec = (time_t)(ns / 1000000000);
    left->tv_nsec = (long)(ns % 1000000000);
    return left;
}

int leat_os_poll(struct leat_ready *set, int64_t count, int64_t deadline_ns)
{
    struct pollfd fds[LEAT_POLL_MAX];
    struct timespec left;
    if (count < 0 || count > LEAT_POLL_MAX)
        return -EINVAL;
    for (int64_t i = 0; i < count; i++) {
        fds[i] = (struct pollfd){.fd = set[i].fd, .events = (short)((set[i].in ? POLLIN : 0) | (set[i].out ? POLLOUT : 0))};
        set[i].ready = false;
    }
    int ready = ppoll(fds, (nfds_t)count, time_left(&left, deadline_ns), NULL);
    if (ready < 0)
        return errno == EINTR ? 0 : -errno;
    for (int64_t i = 0; i < count; i++)
        set[i].ready = fds[i].revents != 0;
    return ready;
}
