/* SPDX-License-Identifier: MIT */
/* Memory checkers: AddressSanitizer, found at run time by its symbols, and valgrind, by its client requests. */
#include "os.h"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>
#define VALGRIND 1
#else
#define VALGRIND 0
#endif

/* AddressSanitizer's public interface; weak: NULL where the program does not run under it. */
extern void __asan_poison_memory_region(void const volatile *memory, size_t bytes) __attribute__((weak));
extern void __asan_unpoison_memory_region(void const volatile *memory, size_t bytes) __attribute__((weak));

/* LeakSanitizer's, likewise: what a live block points to is not leaked. */
extern void __lsan_register_root_region(const void *memory, size_t bytes) __attribute__((weak));
extern void __lsan_unregister_root_region(const void *memory, size_t bytes) __attribute__((weak));

/* Is it memcheck that watches? Valgrind's other tools, which count or look at threads, have no use for blocks. */
static bool under_memcheck(void)
{
#if VALGRIND
    static LEAT_ATOMIC(int) known; /* 0: not yet; written by whoever asks first, always the same */
    int state = leat_load(&known, relaxed);

    if (state == 0) {
        /* Of a block that it does not know memcheck says 1; who is not memcheck says nothing, which is 0. */
        state = RUNNING_ON_VALGRIND != 0 && VALGRIND_DISCARD(UINT32_MAX) == 1 ? 2 : 1;
        leat_store(&known, state, relaxed);
    }
    return state == 2;
#else
    return false;
#endif
}

bool leat_port_watched(void)
{
    return __asan_poison_memory_region != NULL || under_memcheck();
}

static void tell_asan(enum leat_watch event, const void *memory, size_t bytes)
{
    if (event == LEAT_WATCH_SLAB && __lsan_register_root_region != NULL) {
        __lsan_register_root_region(memory, bytes);
    } else if (event == LEAT_WATCH_SLAB_ENDS && __lsan_unregister_root_region != NULL) {
        __lsan_unregister_root_region(memory, bytes);
    }
    if (event == LEAT_WATCH_SLAB || event == LEAT_WATCH_FREE) {
        __asan_poison_memory_region(memory, bytes);
    } else if (event == LEAT_WATCH_ALLOC || event == LEAT_WATCH_SLAB_ENDS) {
        __asan_unpoison_memory_region(memory, bytes);
    }
}

/* A pool is what valgrind calls a memory pool, so its reports name blocks and where they came from. */
static void tell_valgrind(enum leat_watch event, const void *pool, const void *memory, size_t bytes)
{
    (void)pool, (void)memory, (void)bytes; /* for a machine that valgrind does not know */
#if VALGRIND
    switch (event) {
    case LEAT_WATCH_POOL:
        VALGRIND_CREATE_MEMPOOL(pool, 0, 0);
        break;
    case LEAT_WATCH_SLAB:
        (void)VALGRIND_MAKE_MEM_NOACCESS(memory, bytes);
        break;
    case LEAT_WATCH_ALLOC:
        VALGRIND_MEMPOOL_ALLOC(pool, memory, bytes);
        break;
    case LEAT_WATCH_FREE:
        VALGRIND_MEMPOOL_FREE(pool, memory);
        break;
    case LEAT_WATCH_SLAB_ENDS:
        (void)VALGRIND_MAKE_MEM_UNDEFINED(memory, bytes);
        break;
    case LEAT_WATCH_POOL_ENDS:
        VALGRIND_DESTROY_MEMPOOL(pool);
        break;
    }
#else
    (void)event, (void)pool, (void)memory, (void)bytes;
#endif
}

void leat_port_watch(void *context, enum leat_watch event, const void *pool, void *memory, int64_t bytes)
{
    (void)context;
    if (__asan_poison_memory_region != NULL) {
        tell_asan(event, memory, (size_t)bytes);
    }
    if (under_memcheck()) {
        tell_valgrind(event, pool, memory, (size_t)bytes);
    }
}
