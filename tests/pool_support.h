/* SPDX-License-Identifier: MIT */
/*
 * For the pool's tests: a memory source that counts, checks what comes back and fails on order; a host.
 */
#ifndef TESTS_POOL_SUPPORT_H
#define TESTS_POOL_SUPPORT_H

#include "test.h"

#include <leat/pool.h>

#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct piece {
    struct piece *next;
    void *memory;
    int64_t bytes;
};

/* All under `lock`. */
struct source {
    struct leat_memory memory;
    pthread_mutex_t lock;
    struct piece *pieces;
    int64_t calls, held, bytes;
    int64_t fail_at;    /* the call that fails, counted from 1; 0: none */
    bool fail_for_ever; /* and all after it */
    bool wrong;         /* something came back that was not given so */
};

static inline void *source_acquire(void *context, int64_t bytes, int64_t align)
{
    struct source *source = context;
    void *memory = NULL;
    pthread_mutex_lock(&source->lock);
    source->calls++;
    bool fail = source->fail_at && (source->calls == source->fail_at || (source->fail_for_ever && source->calls > source->fail_at));
    if (bytes <= 0 || align <= 0 || (align & (align - 1)) != 0)
        source->wrong = true;
    else if (!fail && posix_memalign(&memory, (size_t)align, (size_t)bytes) == 0) {
        struct piece *piece = malloc(sizeof *piece);
        *piece = (struct piece){source->pieces, memory, bytes};
        source->pieces = piece;
        source->held++;
        source->bytes += bytes;
    }
    pthread_mutex_unlock(&source->lock);
    return memory;
}

static inline void source_release(void *context, void *memory, int64_t bytes)
{
    struct source *source = context;
    pthread_mutex_lock(&source->lock);
    struct piece **at = &source->pieces;
    while (*at && (*at)->memory != memory)
        at = &(*at)->next;
    struct piece *piece = *at;
    if (!piece || piece->bytes != bytes) {
        source->wrong = true;
    } else {
        *at = piece->next;
        free(piece);
        free(memory);
        source->held--;
        source->bytes -= bytes;
    }
    pthread_mutex_unlock(&source->lock);
}

#define SOURCE_INIT(name)                                                                      \
    {                                                                                          \
        .memory = {source_acquire, source_release, &(name)}, .lock = PTHREAD_MUTEX_INITIALIZER \
    }

/* ---- a host ---- */

static pthread_key_t host_key;
static pthread_once_t host_once = PTHREAD_ONCE_INIT;

static inline void host_thread_end(void *value)
{
    (void)value;
    leat_pool_thread_end();
}

static inline void host_begin(void)
{
    pthread_key_create(&host_key, host_thread_end);
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

static inline bool host_barrier(void *context)
{
    (void)context;
    pthread_once(&host_once, host_begin);
    return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

static inline void host_yield(void *context)
{
    (void)context;
    sched_yield();
}

static inline void host_thread(void *context)
{
    pthread_once(&host_once, host_begin);
    pthread_setspecific(host_key, context ? context : &host_key);
}

static const struct leat_host host = {.barrier = host_barrier, .yield = host_yield, .thread = host_thread};

static inline struct leat_pool_stats stats_of(struct leat_pool *pool)
{
    struct leat_pool_stats stats;
    leat_pool_stats(pool, &stats);
    return stats;
}

#endif
