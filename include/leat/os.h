/* SPDX-License-Identifier: MIT */
/*
 * leat/os.h: Linux underneath the core: memory, the host's services, mirrored rings, devices, wakers, threads.
 */
#ifndef LEAT_OS_H
#define LEAT_OS_H

#include <leat/base.h>
#include <leat/pool.h>
#include <leat/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

LEAT_API const struct leat_memory *leat_os_memory(void); /* anonymous mappings */
LEAT_API const struct leat_host *leat_os_host(void);     /* clock, membarrier, futex, sched_yield, thread end, fault = one line and abort */
LEAT_API int64_t leat_os_now_ns(void);                   /* CLOCK_MONOTONIC */

/* A ring whose memory is mapped twice, side by side (sealed memfd). Size: the smallest power of two of pages >= min_bytes. */
LEAT_API int leat_os_ring_create(struct leat_ring *ring, int64_t min_bytes);
LEAT_API void leat_os_ring_destroy(struct leat_ring *ring);

/*
 * One system call straight into the ring's free space: > 0 bytes read, 0 end of file, -EAGAIN nothing there now, -ENOBUFS the ring is full,
 * or another negative errno. EINTR is retried. Nothing that was read is ever lost.
 */
LEAT_API int64_t leat_ring_from_dev(struct leat_ring *ring, int fd);
/* One system call straight out of the ring: > 0 bytes written and consumed, 0 the ring is empty, -EAGAIN, or another negative errno. */
LEAT_API int64_t leat_ring_to_dev(struct leat_ring *ring, int fd);

/* A waker: one sleeper, any number of wakers. Either a futex word, or an eventfd that can be polled. */
struct leat_waker {
    LEAT_ATOMIC(uint32_t) token; /* counts wakes; written by wakers (release), read by the sleeper (acquire) */
    int fd;                      /* the eventfd, or -1: futex */
};
LEAT_API int leat_waker_init(struct leat_waker *waker, bool with_fd);
LEAT_API void leat_waker_fini(struct leat_waker *waker);
LEAT_API void leat_waker_wake(struct leat_waker *waker);
LEAT_API uint32_t leat_waker_seen(const struct leat_waker *waker); /* take before the sleep is announced */
/* 0 woken (perhaps spuriously), -ETIMEDOUT; returns at once when a wake came since `seen`. The eventfd is drained. */
LEAT_API int leat_waker_wait(struct leat_waker *waker, uint32_t seen, int64_t deadline_ns);
LEAT_API void leat_waker_drain(struct leat_waker *waker);

/* A thread that blocks every signal and has a name (15 characters). */
struct leat_thread { uintptr_t handle; };
LEAT_API int leat_thread_start(struct leat_thread *thread, const char *name, void (*run)(void *context), void *context);
LEAT_API void leat_thread_join(struct leat_thread *thread);

#ifdef __cplusplus
}
#endif
#endif
