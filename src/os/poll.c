/* SPDX-License-Identifier: MIT */
/* Waiting for several descriptors at once, with a deadline; and sets of them that others wait for. */
#define _GNU_SOURCE
#include "os.h"

#include <leat/os.h>

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

const struct timespec *leat_port_time_left(struct timespec *left, int64_t deadline_ns)
{
    int64_t ns = 0;

    if (deadline_ns == LEAT_FOREVER) {
        return NULL;
    }
    if (deadline_ns > 0) {
        ns = deadline_ns - leat_os_now_ns();
    }
    leat_port_timespec(ns > 0 ? ns : 0, left);
    return left;
}

int leat_os_poll(struct leat_ready *set, int64_t count, int64_t deadline_ns)
{
    struct pollfd fds[LEAT_POLL_MAX];
    struct timespec left;
    int ready;

    if (count < 0 || count > LEAT_POLL_MAX) {
        return -EINVAL;
    }
    for (int64_t i = 0; i < count; i++) {
        fds[i] = (struct pollfd){.fd = set[i].fd, .events = (short)((set[i].in ? POLLIN : 0) | (set[i].out ? POLLOUT : 0))};
    }
    ready = ppoll(fds, (nfds_t)count, leat_port_time_left(&left, deadline_ns), NULL);
    if (ready < 0 && errno != EINTR) {
        return -errno;
    }
    for (int64_t i = 0; i < count; i++) {
        set[i].ready = ready > 0 && fds[i].revents != 0;
    }
    return ready < 0 ? 0 : ready;
}

int leat_os_set_open(void)
{
    int set = epoll_create1(EPOLL_CLOEXEC);

    return set < 0 ? -errno : set;
}

int leat_os_set_watch(int set, const struct leat_ready *ready, void *tag)
{
    struct epoll_event event = {.events = (ready->in ? (uint32_t)EPOLLIN : 0) | (ready->out ? (uint32_t)EPOLLOUT : 0), .data.ptr = tag};

    if (epoll_ctl(set, EPOLL_CTL_MOD, ready->fd, &event) == 0) {
        return 0;
    }
    if (errno != ENOENT) {
        return -errno;
    }
    return epoll_ctl(set, EPOLL_CTL_ADD, ready->fd, &event) == 0 ? 0 : -errno;
}

void leat_os_set_drop(int set, int fd)
{
    (void)epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL); /* one that was closed has left by itself */
}

/* epoll_pwait2(2), or where the kernel or a sandbox has none, epoll_wait(2) to the next millisecond. */
static int set_wait(int set, struct epoll_event *got, int most, int64_t deadline_ns)
{
    static LEAT_ATOMIC(uint32_t) refused; /* 1 once it was; written by whoever finds out */
    struct timespec left;
    const struct timespec *wait = leat_port_time_left(&left, deadline_ns);

    if (leat_load(&refused, relaxed) == 0) { /* relaxed: who does not know yet finds out */
        int count = (int)syscall(SYS_epoll_pwait2, set, got, most, wait, NULL, 0); /* musl has no function for it */
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) {
            return count;
        }
        leat_store(&refused, 1, relaxed); /* relaxed: likewise */
    }
    int64_t ms = wait == NULL ? -1 : (int64_t)left.tv_sec * 1000 + (left.tv_nsec + 999999) / 1000000;
    return epoll_wait(set, got, most, (int)(ms > INT32_MAX ? INT32_MAX : ms));
}

int64_t leat_os_set_wait(int set, struct leat_os_event *events, int64_t count, int64_t deadline_ns)
{
    struct epoll_event got[LEAT_POLL_MAX];
    int ready;

    if (count < 1) {
        return -EINVAL;
    }
    ready = set_wait(set, got, (int)(count < LEAT_POLL_MAX ? count : LEAT_POLL_MAX), deadline_ns);
    if (ready < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    for (int i = 0; i < ready; i++) {
        events[i] = (struct leat_os_event){.tag = got[i].data.ptr, .gone = (got[i].events & (EPOLLERR | EPOLLHUP)) != 0};
    }
    return ready;
}

void leat_os_set_close(int set)
{
    (void)close(set);
}

int leat_os_timer_set(int *timer, int64_t ns)
{
    struct itimerspec when = {0};

    if (*timer < 0) {
        *timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    }
    leat_port_timespec(ns, &when.it_value);
    return *timer >= 0 && timerfd_settime(*timer, 0, &when, NULL) == 0 ? 0 : -errno;
}

void leat_os_timer_close(int timer)
{
    if (timer >= 0) {
        (void)close(timer);
    }
}

bool leat_os_sigpipe_block(void)
{
    sigset_t pipe, before;

    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, &before);
    return sigismember(&before, SIGPIPE) == 0;
}

void leat_os_sigpipe_unblock(bool raised)
{
    const struct timespec none = {0};
    sigset_t pipe;

    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    while (raised && sigtimedwait(&pipe, NULL, &none) < 0 && errno == EINTR) {
    }
    (void)pthread_sigmask(SIG_UNBLOCK, &pipe, NULL);
}
