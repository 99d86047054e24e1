/* SPDX-License-Identifier: MIT */
/* What the core asks of its host, answered by Linux. */
#define _GNU_SOURCE
#include "os.h"

#include <leat/os.h>

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

int64_t leat_os_now_ns(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

void leat_port_timespec(int64_t ns, struct timespec *time)
{
    time->tv_sec = (time_t)(ns / NS_PER_S);
    time->tv_nsec = (long)(ns % NS_PER_S);
}

/* FUTEX_WAIT_BITSET and not FUTEX_WAIT: its time is absolute and of CLOCK_MONOTONIC, as our deadlines are. */
int leat_port_futex_wait(const LEAT_ATOMIC(uint32_t) * word, uint32_t seen, int64_t deadline_ns)
{
    struct timespec until;
    struct timespec *limit = NULL;

    if (deadline_ns <= 0) {
        return -ETIMEDOUT;
    }
    if (deadline_ns != LEAT_FOREVER) {
        leat_port_timespec(deadline_ns, &until);
        limit = &until;
    }
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, seen, limit, NULL, FUTEX_BITSET_MATCH_ANY) != 0 && errno == ETIMEDOUT) {
        return -ETIMEDOUT;
    }
    return 0;
}

void leat_port_futex_wake(const LEAT_ATOMIC(uint32_t) * word, int count)
{
    const int kept = errno;

    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
    errno = kept;
}

static int64_t now_ns(void *context)
{
    (void)context;
    return leat_os_now_ns();
}

/*
 * The kernel remembers per process whether it was registered, so we need not: EPERM says "not yet". With PRIVATE_EXPEDITED only threads
 * that run just now are interrupted; one that does not run has passed a full barrier when it was taken off its core.
 */
static bool barrier(void *context)
{
    (void)context;
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0) {
        return true;
    }
    return errno == EPERM && syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 &&
           syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

static void park(void *context, LEAT_ATOMIC(uint32_t) * word, uint32_t seen, int64_t deadline_ns)
{
    (void)context;
    (void)leat_port_futex_wait(word, seen, deadline_ns);
}

static void unpark(void *context, LEAT_ATOMIC(uint32_t) * word)
{
    (void)context;
    leat_port_futex_wake(word, INT_MAX);
}

static void yield(void *context)
{
    (void)context;
    (void)sched_yield();
}

static const char *fault_name(enum leat_fault_kind kind)
{
    static const char *const names[] = {
        [LEAT_FAULT_DOUBLE_FREE] = "double free",
        [LEAT_FAULT_FOREIGN_BLOCK] = "foreign block",
        [LEAT_FAULT_INTERIOR_BLOCK] = "interior block",
        [LEAT_FAULT_USE_AFTER_FREE] = "use after free",
        [LEAT_FAULT_OVERFLOW] = "overflow",
        [LEAT_FAULT_THREAD] = "wrong thread",
    };
    const size_t index = (size_t)kind;

    return index < sizeof names / sizeof names[0] && names[index] != NULL ? names[index] : "unknown fault";
}

/* One line and the end: a program that frees twice has no state worth keeping. Another end is had with another host. */
static void fault(void *context, const struct leat_fault *found)
{
    char line[300];
    int length = snprintf(line, sizeof line, "leat: %s: object %p, block %p", fault_name(found->kind), found->object, found->block);

    (void)context;
    for (size_t i = 0; i < sizeof found->places / sizeof found->places[0]; i++) {
        if (found->places[i] != NULL) {
            length += snprintf(line + length, sizeof line - (size_t)length, ", at %p", found->places[i]);
        }
    }
    line[length] = '\n';
    if (write(2, line, (size_t)length + 1) < 0) {
        abort(); /* nobody to tell */
    }
    abort();
}

static pthread_key_t end_key;
static bool end_key_made; /* written under end_once */
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

/* When it has run and another destructor uses a pool after it, the pool calls thread() once more and so sets the key again: it runs again.
 */
static void thread_ends(void *armed)
{
    (void)armed;
    leat_pool_thread_end();
}

static void make_end_key(void)
{
    end_key_made = pthread_key_create(&end_key, thread_ends) == 0;
}

/* Where no key is left to be had, a thread's caches stay behind at its end; the pool takes their blocks back when it needs them. */
static void thread(void *context)
{
    (void)context;
    (void)pthread_once(&end_once, make_end_key);
    if (end_key_made) {
        (void)pthread_setspecific(end_key, &end_key);
    }
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A report under way ends before a fork: in the child its lock would be taken for ever. */
static void fork_prepare(void)
{
    leat_port_names_lock();
    leat_pool_fork_prepare();
}

static void fork_parent(void)
{
    leat_pool_fork_parent();
    leat_port_names_unlock();
}

static void fork_child(void)
{
    leat_pool_fork_child();
    leat_port_names_unlock();
}

/* Where the handlers cannot be had (ENOMEM), a child that forked in the midst of another thread's call must not use that pool. */
static void begin(void)
{
    leat_port_find_program();
    (void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* All services but `watch`. */
#define SERVICES                                                                                                            \
    .now_ns = now_ns, .barrier = barrier, .park = park, .unpark = unpark, .yield = yield, .fault = fault, .thread = thread, \
    .places = leat_port_places

const struct leat_host *leat_os_host(void)
{
    static const struct leat_host host = {SERVICES};
    static const struct leat_host watched = {SERVICES, .watch = leat_port_watch};

    (void)pthread_once(&once, begin);
    return leat_port_watched() ? &watched : &host;
}
