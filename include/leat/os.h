/* SPDX-License-Identifier: MIT */
/*
 * leat/os.h: Linux underneath the core: memory, the host's services, mirrored rings, devices, wakers, threads.
 *
 * WAKE  the edge of a waker: its token is raised (release) by whoever wakes and loaded (acquire) by the sleeper, so that what was done
 *       before the wake is seen after it. A sleeper who polls the descriptor and drains it, and so loads no token, has the same order
 *       from the eventfd's lock in the kernel: a drain that swallows a wake comes after it.
 */
#ifndef LEAT_OS_H
#define LEAT_OS_H

#include <leat/base.h>
#include <leat/pool.h>
#include <leat/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Returns memory in anonymous mappings: zeroed, whole pages, aligned to any power of two; each release goes back to the kernel at once.
 * It is the library's own, static: there is nothing to give back, and any number of pools may use it.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_memory *leat_os_memory(void);

#define LEAT_OS_ANY_NODE (-1)

/* What leat_os_memory_init() shall do with each piece of memory. All 0 but for `node`: what leat_os_memory() does. */
struct leat_os_memory_options {
    bool huge;     /* pieces of 2 MiB and more lie in huge pages: reserved ones where there are, else the kernel is asked (madvise) */
    bool prefault; /* resident from the start: the first touch costs nothing, and there is an error here instead of a signal there */
    bool lock;     /* never swapped out; implies prefault. Bounded by RLIMIT_MEMLOCK */
    int node;      /* NUMA node from which it comes, and no other; LEAT_OS_ANY_NODE: as the kernel likes */
};

/*
 * *memory is as leat_os_memory(), with those options. acquire fails where one of them cannot be had, but for `huge`.
 *
 * @param memory   set on success, untouched otherwise     @param options  borrowed as long as `memory` and copies of it are used
 * Returns 0; -EINVAL: no such node.
 *
 * [thread: any | blocks: no | allocates: no | fails: EINVAL]
 */
LEAT_API int leat_os_memory_init(struct leat_memory *memory, const struct leat_os_memory_options *options);

/*
 * Returns the host's services, all of them present but perhaps the last, context NULL:
 *
 *   now_ns   CLOCK_MONOTONIC                       barrier  membarrier(2), private and expedited; false where the kernel has none
 *   park     futex(2), private; a signal ends it   unpark   rouses all who are parked on the word
 *   yield    sched_yield(2)                        fault    writes one line to file descriptor 2 and aborts
 *   thread   leat_pool_thread_end() runs when the calling thread ends
 *   places   the calling thread's stack, as backtrace(3) sees it
 *   watch    AddressSanitizer and valgrind learn of blocks; NULL where the process runs under neither
 *
 * From the first call on, fork(2) leaves every pool usable in the child (leat_pool_fork_prepare and its like).
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const struct leat_host *leat_os_host(void);

/*
 * Returns CLOCK_MONOTONIC in nanoseconds; never 0 or less, and the clock of every deadline here.
 *
 * [thread: any, signal handlers too | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_os_now_ns(void);

/*
 * Returns a configuration for leat_pool_create with leat_os_memory() and leat_os_host() in it and everything not named left to the pool.
 *
 * @param block_bytes  bytes of a block    @param limit  most blocks live at once, 0: no limit; both are judged by leat_pool_create
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API struct leat_pool_config leat_os_pool_config(int64_t block_bytes, int64_t limit);

/*
 * Hands the report of who holds a pool's blocks to `line`, line by line, without a newline: first how many are live, then each place
 * (leat_pool_holders), with file and line where the program has debug information and libdw is there, else as function + offset:
 *
 *   pool frames: 3 blocks of 1024 B live
 *     2 from rx_loop (rx.c:88), oldest 4.2 s
 *     1 from parse (parse.c:12), called from rx_loop (rx.c:90), oldest 0.3 s
 *
 * @param line  called with the pool's token not held; `text` is borrowed during the call
 * Returns the number of live blocks; -ENOMEM; -EAGAIN: the pool was busy for longer than it should be.
 *
 * [thread: any | blocks: no | allocates: yes | fails: ENOMEM, EAGAIN]
 */
LEAT_API int64_t leat_pool_report(struct leat_pool *pool, void (*line)(void *context, const char *text), void *context);

/*
 * As leat_pool_report(), into a file descriptor, with plain addresses, as offsets into the file that addr2line(1) takes where they lie in
 * the program itself: no lock is waited for and no memory taken.
 *
 * Returns as there; or what write(2) said.
 *
 * [thread: any, signal handlers too (errno is kept) | blocks: as fd does | allocates: no | fails: EAGAIN, those of write]
 */
LEAT_API int64_t leat_pool_report_fd(struct leat_pool *pool, int fd);

/* For leat_pool_config.leak: leat_pool_report() onto file descriptor 2.   [thread: any | blocks: as fd does | allocates: yes | fails:
 * never] */
LEAT_API void leat_os_leak(void *context, struct leat_pool *pool, int64_t live);

/*
 * The ring is empty and its memory is mapped twice, side by side, so that every span is contiguous (LEAT_RING_MIRRORED).
 *
 * The memory is a sealed file without a name; a child made by fork shares it and must leave the ring alone.
 *
 * @param ring       set on success, untouched otherwise; ended by leat_os_ring_destroy
 * @param min_bytes  bytes, 0 .. LEAT_RING_MAX_BYTES; the size is the smallest power of two that holds it and is a page at least
 * Returns 0; -EINVAL, min_bytes is out of range; -ENOMEM, -EMFILE, ... what the kernel said, and nothing stays behind.
 *
 * [thread: any | blocks: no | allocates: the mapping | fails: EINVAL, ENOMEM, EMFILE, ENFILE, ENOSYS]
 */
LEAT_API int leat_os_ring_create(struct leat_ring *ring, int64_t min_bytes);

/*
 * The mapping of leat_os_ring_create is gone, and with it every span; a second call does nothing.
 *
 * [thread: both sides at rest | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_os_ring_destroy(struct leat_ring *ring);

/*
 * What one read(2), or readv(2) where the free space is in two pieces, got from the device is in the ring and readable.
 *
 * EINTR is retried. Nothing that was read is ever lost. A datagram longer than the free space is cut by the kernel, as by any read.
 *
 * @param fd  readable, borrowed; a descriptor that blocks makes this call block
 * Returns the bytes read, > 0; 0 at the end of the file; -EAGAIN, nothing there now; -ENOBUFS, the ring is full and nothing was called;
 * or what else read(2) said. On failure the ring is as it was.   Source: kfifo's ring buffer filled from a device
 *
 * [thread: producer | blocks: as fd does | allocates: no | fails: EAGAIN, ENOBUFS, those of read]
 */
LEAT_API int64_t leat_ring_from_dev(struct leat_ring *ring, int fd);

/*
 * What one write(2), or writev(2) where the bytes are in two pieces, took out of the ring is with the device and consumed.
 *
 * EINTR is retried. A pipe or socket without a reader raises SIGPIPE, as write(2) does; a leat_thread blocks it and sees -EPIPE.
 *
 * @param fd  writable, borrowed; a descriptor that blocks makes this call block
 * Returns the bytes written, > 0; 0, the ring is empty and nothing was called; -EAGAIN, no room there now; -EIO, the device took nothing
 * and said no more; or what else write(2) said. On failure nothing is consumed.
 *
 * [thread: consumer | blocks: as fd does | allocates: no | fails: EAGAIN, EPIPE, EIO, those of write]
 */
LEAT_API int64_t leat_ring_to_dev(struct leat_ring *ring, int fd);

/*
 * A waker: one sleeper, any number of wakers. Either a futex word, or an eventfd that can be polled.
 *
 *   sleeper:  seen = leat_waker_seen(w);  look for work;  none: leat_waker_wait(w, seen, deadline_ns);  and again
 *   waker:    make work visible;  leat_waker_wake(w)
 *
 * A wake between `seen` and the sleep ends the sleep at once. The fields are leat's, but fd may be polled.
 */
struct leat_waker {
    LEAT_ATOMIC(uint32_t) token; /* counts wakes; written by wakers (release), read by the sleeper (acquire) */
    int fd;                      /* the eventfd, or -1: futex */
};

/*
 * Nobody sleeps and no wake is pending.
 *
 * @param waker  set on success, untouched otherwise; ended by leat_waker_fini    @param with_fd  true: an eventfd; false: a futex, cannot
 * fail Returns 0; or -EMFILE, -ENFILE, -ENOMEM.
 *
 * [thread: any | blocks: no | allocates: a descriptor | fails: EMFILE, ENFILE, ENOMEM]
 */
LEAT_API int leat_waker_init(struct leat_waker *waker, bool with_fd);

/*
 * The eventfd is closed; a second call does nothing.
 *
 * [thread: any, alone | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_waker_fini(struct leat_waker *waker);

/*
 * A wait whose `seen` was taken before this call does not sleep, or sleeps no longer. Wakes that nobody waited for count as one.
 *
 * [thread: any, signal handlers too (errno is kept) | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_waker_wake(struct leat_waker *waker);

/*
 * Returns the count of wakes so far (it wraps), to be taken before the sleep is announced and before the last look for work.
 *
 * [thread: sleeper | blocks: no | allocates: no | fails: never]
 */
LEAT_API uint32_t leat_waker_seen(const struct leat_waker *waker);

/*
 * The sleep is over: there was a wake since `seen`, or perhaps none (a signal came, or an older wake was still in the eventfd).
 *
 * On success the eventfd is drained.
 *
 * @param deadline_ns  absolute, CLOCK_MONOTONIC; 0: does not sleep; LEAT_FOREVER: as long as it takes
 * Returns 0; or -ETIMEDOUT, the deadline passed and there was no wake.
 *
 * [thread: sleeper | blocks: until deadline_ns | allocates: no | fails: ETIMEDOUT]
 */
LEAT_API int leat_waker_wait(struct leat_waker *waker, uint32_t seen, int64_t deadline_ns);

/*
 * The eventfd is not readable, until the next wake: for a sleeper that polls fd itself. Then look for work, only then poll again.
 *
 * [thread: sleeper | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_waker_drain(struct leat_waker *waker);

#define LEAT_POLL_MAX 64

/* A descriptor to wait for. */
struct leat_ready {
    int fd;     /* below 0: left out, never ready */
    bool in;    /* wait until it can be read */
    bool out;   /* wait until it can be written */
    bool ready; /* set by leat_os_poll: one of both, or its other end is gone, or it failed */
};

/*
 * Each set[i].ready says whether that descriptor is worth a call now.
 *
 * @param set          the caller's    @param count  0 .. LEAT_POLL_MAX
 * @param deadline_ns  absolute, CLOCK_MONOTONIC; 0: does not sleep; LEAT_FOREVER: as long as it takes
 * Returns how many are ready; 0: none, the deadline passed or a signal came; -EINVAL, count is out of range; -ENOMEM.
 *
 * [thread: any | blocks: until deadline_ns | allocates: no | fails: EINVAL, ENOMEM]
 */
LEAT_API int leat_os_poll(struct leat_ready *set, int64_t count, int64_t deadline_ns);

/*
 * Returns a descriptor that stands for several: it is readable when one of those in it is ready. For loops that are not ours; ended by
 * leat_os_set_close. Or a negative errno.   Source: epoll(7), whose sets nest
 *
 * [thread: any | blocks: no | allocates: in the kernel | fails: EMFILE ENFILE ENOMEM]
 */
LEAT_API int leat_os_set_open(void);

/*
 * ready->fd is in the set, and wakes it as `in` and `out` say; its other end's leaving, or a failure, does in any case.
 *
 * @param tag  what leat_os_set_wait says of it; any value
 * Returns 0; -EPERM: the descriptor is of a kind that is always ready (a regular file), and cannot be in a set; or another negative errno.
 *
 * [thread: any | blocks: no | allocates: in the kernel | fails: EPERM ENOMEM ENOSPC]
 */
LEAT_API int leat_os_set_watch(int set, const struct leat_ready *ready, void *tag);

/*
 * The descriptor is in the set no more.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_os_set_drop(int set, int fd);

/* A descriptor of a set that is ready. */
struct leat_os_event {
    void *tag; /* as given to leat_os_set_watch */
    bool gone; /* its other end is gone, or it failed */
};

/*
 * events[0 ..] are descriptors of the set that are ready, each for as long as it is.
 *
 * @param count        room in events, 1 or more; LEAT_POLL_MAX at a time are given, by turns
 * @param deadline_ns  absolute, CLOCK_MONOTONIC; 0: does not sleep; LEAT_FOREVER: as long as it takes
 * Returns how many; 0: none, the deadline passed or a signal came; -EINVAL: count, or no set.   Source: epoll_wait(2)
 *
 * [thread: one at a time | blocks: until deadline_ns | allocates: no | fails: EINVAL]
 */
LEAT_API int64_t leat_os_set_wait(int set, struct leat_os_event *events, int64_t count, int64_t deadline_ns);

/*
 * Readable once, `ns` from now: *timer, which is made where it is below 0.
 *
 * @param timer  -1, or what an earlier call made; ended by leat_os_timer_close        @param ns  1 or more
 * Returns 0, or a negative errno.   Source: timerfd_create(2)
 *
 * [thread: any | blocks: no | allocates: in the kernel | fails: EMFILE ENFILE ENOMEM]
 */
LEAT_API int leat_os_timer_set(int *timer, int64_t ns);

/* The timer is gone; below 0 nothing happens.   [thread: any | blocks: no | allocates: no | fails: never] */
LEAT_API void leat_os_timer_close(int timer);

/*
 * SIGPIPE does not reach the calling thread until leat_os_sigpipe_unblock.
 *
 * Returns false when it was blocked already: then nothing is to be undone.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API bool leat_os_sigpipe_block(void);

/*
 * Undoes leat_os_sigpipe_block.
 *
 * @param raised  a write has failed with EPIPE meanwhile: its signal is taken away
 *
 * [thread: that of the block | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_os_sigpipe_unblock(bool raised);

/*
 * The set is gone; the descriptors in it are not touched.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_os_set_close(int set);

/* A thread that blocks every signal and has a name. */
struct leat_thread {
    uintptr_t handle;
};

/* How a thread is to run. All 0 is what leat_thread_start gives. */
struct leat_thread_options {
    const char *name;    /* copied, cut to 15 bytes; NULL: "leat" */
    int64_t stack_bytes; /* rounded up to what the system wants at least; 0: its default */
    int64_t cpu;         /* the processor that it is pinned to, counted from 1; 0: any */
    int priority;        /* 1 to 99: real time, first in, first out (SCHED_FIFO); 0: as others */
};

/*
 * run(context) runs in a thread of its own, which blocks every signal from its first moment on.
 *
 * @param thread   set on success, untouched otherwise; ended by leat_thread_join
 * @param name     copied, cut to 15 bytes; NULL: "leat"    @param context  handed on as it is
 * Returns 0; or -EAGAIN, -ENOMEM: no thread to be had.
 *
 * [thread: any | blocks: no | allocates: a stack | fails: EAGAIN, ENOMEM]
 */
LEAT_API int leat_thread_start(struct leat_thread *thread, const char *name, void (*run)(void *context), void *context);

/*
 * As leat_thread_start, with more to say.
 *
 * @param options  read during the call
 * Returns 0; -EINVAL: no such processor, or a number out of range; -EPERM: no right to that priority (CAP_SYS_NICE, RLIMIT_RTPRIO);
 * -EAGAIN, -ENOMEM: no thread to be had.   Source: pthread_attr_setaffinity_np(3), sched(7)
 *
 * [thread: any | blocks: no | allocates: a stack | fails: EINVAL EPERM EAGAIN ENOMEM]
 */
LEAT_API int leat_thread_start_with(struct leat_thread *thread, const struct leat_thread_options *options, void (*run)(void *context),
                                    void *context);

/*
 * The thread has ended, and everything it did is seen. Once for each that was started.
 *
 * [thread: any but itself | blocks: until run returns | allocates: no | fails: never]
 */
LEAT_API void leat_thread_join(struct leat_thread *thread);

/*
 * The thread will be joined by nobody; what it still uses must outlive it. Instead of leat_thread_join.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API void leat_thread_detach(struct leat_thread *thread);

/*
 * Returns the system's words for an error number, a constant string: "No space left on device".
 *
 * @param error  a positive errno
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const char *leat_os_error(int error);

/*
 * Returns how many processors this machine has online, at least 1: where it is 1, spinning for another thread is in vain. What the
 * calling thread may run on is not asked: a thread that is pinned to one has its peer on another.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API int64_t leat_os_cpus(void);

#ifdef __cplusplus
}
#endif
#endif
