/* SPDX-License-Identifier: MIT */
/* pthread.h for machines without threads: a test that starts one is skipped, locks are always free. */
#ifndef LEAT_BARE_PTHREAD_H
#define LEAT_BARE_PTHREAD_H

#include <cmocka.h>
#include <sys/types.h>

/* newlib has types of these names in <sys/types.h>. */
#define pthread_t bare_thread
#define pthread_mutex_t bare_lock
#define pthread_cond_t bare_lock
#define pthread_barrier_t bare_lock
#define pthread_once_t bare_lock
#define pthread_key_t bare_lock
#undef PTHREAD_MUTEX_INITIALIZER
#undef PTHREAD_COND_INITIALIZER
#undef PTHREAD_ONCE_INIT
#define PTHREAD_MUTEX_INITIALIZER 0
#define PTHREAD_COND_INITIALIZER 0
#define PTHREAD_ONCE_INIT 0
typedef int bare_thread, bare_lock;

#define pthread_create(thread, attributes, run, context) (*(thread) = 0, (void)(run), (void)(context), bare_no_threads(__FILE__, __LINE__))
#define pthread_join(thread, result) ((void)(thread), 0)
#define pthread_self() 0
#define pthread_equal(a, b) ((a) == (b))
#define pthread_mutex_lock(lock) ((void)(lock), 0)
#define pthread_mutex_unlock(lock) ((void)(lock), 0)
#define pthread_mutex_init(lock, attributes) ((void)(lock), 0)
#define pthread_mutex_destroy(lock) ((void)(lock), 0)
#define pthread_cond_init(lock, attributes) ((void)(lock), 0)
#define pthread_cond_destroy(lock) ((void)(lock), 0)
#define pthread_cond_wait(condition, lock) ((void)(condition), (void)(lock), 0)
#define pthread_cond_signal(condition) ((void)(condition), 0)
#define pthread_barrier_init(lock, attributes, count) ((void)(lock), 0)
#define pthread_barrier_wait(lock) ((void)(lock), 0)
#define pthread_once(once, run) ((void)(once), (run)())
#define pthread_key_create(key, end) ((void)(key), (void)(end), 0)
#define pthread_setspecific(key, value) ((void)(key), (void)(value), 0)

static inline int bare_no_threads(const char *file, int line)
{
    runner_skip("no second thread", file, line);
    return 0;
}

#endif
