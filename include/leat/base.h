/* SPDX-License-Identifier: MIT */
/*
 * leat/base.h: what every part shares: atomics that C and C++ both read, the four contracts with the outside
 * (memory, blocks, host, sink), spans and errors. No system call, no state of its own.
 */
#ifndef LEAT_BASE_H
#define LEAT_BASE_H

#ifdef __cplusplus
#include <atomic>
#else
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#endif
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LEAT_VERSION_MAJOR 0
#define LEAT_VERSION_MINOR 1
#define LEAT_VERSION_PATCH 0

#define LEAT_CACHE_LINE 64
#define LEAT_API __attribute__((visibility("default")))
#define LEAT_COLD __attribute__((cold, noinline))
#define LEAT_LIKELY(x) __builtin_expect(!!(x), 1)
#define LEAT_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LEAT_FOREVER INT64_MAX /* a deadline that never comes */

/*
 * Shared words. LEAT_ATOMIC(T) is _Atomic(T) in C and std::atomic<T> in C++, of one layout; these wrappers are the only way
 * leat touches one, each call with its order named: leat_load(&word, acquire).
 */
#ifdef __cplusplus
#define LEAT_ALIGNOF(T) alignof(T)
#define LEAT_ATOMIC(T) std::atomic<T>
#define LEAT_ORDER(order) std::memory_order_##order
#define LEAT_STD(name) std::name
#else
#define LEAT_ALIGNOF(T) _Alignof(T)
#define LEAT_ATOMIC(T) _Atomic(T)
#define LEAT_ORDER(order) memory_order_##order
#define LEAT_STD(name) name
#endif
#define leat_load(word, order) LEAT_STD(atomic_load_explicit)((word), LEAT_ORDER(order))
#define leat_store(word, value, order) LEAT_STD(atomic_store_explicit)((word), (value), LEAT_ORDER(order))
#define leat_exchange(word, value, order) LEAT_STD(atomic_exchange_explicit)((word), (value), LEAT_ORDER(order))
#define leat_add(word, value, order) LEAT_STD(atomic_fetch_add_explicit)((word), (value), LEAT_ORDER(order))
#define leat_sub(word, value, order) LEAT_STD(atomic_fetch_sub_explicit)((word), (value), LEAT_ORDER(order))
#define leat_or(word, value, order) LEAT_STD(atomic_fetch_or_explicit)((word), (value), LEAT_ORDER(order))
#define leat_and(word, value, order) LEAT_STD(atomic_fetch_and_explicit)((word), (value), LEAT_ORDER(order))
/* Strong on purpose: a spurious failure in check_read would be a lost wake-up. */
#define leat_cas(word, expected, desired, success, failure) \
    LEAT_STD(atomic_compare_exchange_strong_explicit)((word), (expected), (desired), LEAT_ORDER(success), LEAT_ORDER(failure))
#define leat_fence(order) LEAT_STD(atomic_thread_fence)(LEAT_ORDER(order))
#define leat_compiler_fence() LEAT_STD(atomic_signal_fence)(LEAT_ORDER(seq_cst))

/* Between two looks at what another thread may change: the processor may give its units to a sibling. */
#if defined(__x86_64__) || defined(__i386__)
#define leat_relax() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define leat_relax() __asm__ volatile("yield" ::: "memory")
#else
#define leat_relax() leat_compiler_fence()
#endif

/*
 * memcpy(to, from, 16) of what this thread may just have stored in words. On x86-64 a load that is wider than those stores is not served
 * from the processor's store buffer: it waits until they are in the cache, and before them in line are the stores to lines that another
 * core holds. Loads of words do not wait. Elsewhere memcpy is taken for all.
 */
#if defined(__x86_64__)
#define LEAT_COPIES_WORDS true
typedef uint64_t leat_word __attribute__((aligned(1), may_alias));
typedef uint64_t leat_words __attribute__((vector_size(16), aligned(1), may_alias));
#define leat_copy_16(to, from)                                                        \
    do {                                                                              \
        const leat_word *const from_ = (const leat_word *)(from);                     \
        const leat_word first_ = from_[0];                                            \
        leat_compiler_fence(); /* else the compiler makes one wide load of the two */ \
        const leat_words words_ = {first_, from_[1]};                                 \
        *(leat_words *)(to) = words_;                                                 \
    } while (0)
#else
#define LEAT_COPIES_WORDS false
#define leat_copy_16(to, from) memcpy((to), (from), 16)
#endif

/*
 * Inline functions that the library also exports out of line for other languages: plain C99 inline; the part's own .c
 * defines LEAT_<PART>_INLINE as `extern inline` and so emits the external definitions.
 */
#define LEAT_INLINE inline

#ifdef __cplusplus
extern "C" {
#endif

/* One contiguous piece of memory. */
struct leat_span {
    unsigned char *data;
    int64_t bytes;
};

/* Where big pieces of memory come from: an OS mapping, a static array, huge pages. */
struct leat_memory {
    /* Returns `bytes` of memory aligned to `align` (a power of two), or NULL. May be called from any thread. */
    void *(*acquire)(void *context, int64_t bytes, int64_t align);
    /* Takes back exactly what acquire gave, with the same `bytes`. */
    void (*release)(void *context, void *memory, int64_t bytes);
    void *context;
};

/* Where fixed-size blocks come from, for chunks and messages. leat_pool_blocks() fills one in. Any thread may alloc and free. */
struct leat_blocks {
    void *(*alloc)(void *context); /* NULL: not now */
    void (*free)(void *context, void *block);
    void *context;
    int64_t block_bytes; /* usable bytes of each block, aligned to 16 at least */
};

/* Where writers of bytes put them (a ring, a message, a caller's buffer). */
struct leat_sink {
    /* Returns at least `min_bytes` contiguous free bytes and sets *span; or 0, *span untouched. */
    int64_t (*reserve)(void *context, int64_t min_bytes, void **span);
    /* The first `bytes` of the span reserved last are now part of the output. */
    void (*commit)(void *context, int64_t bytes);
    void *context;
};

enum leat_fault_kind {
    LEAT_FAULT_DOUBLE_FREE = 1,
    LEAT_FAULT_FOREIGN_BLOCK,
    LEAT_FAULT_INTERIOR_BLOCK,
    LEAT_FAULT_USE_AFTER_FREE,
    LEAT_FAULT_OVERFLOW,
    LEAT_FAULT_THREAD,
};

/* What leat_host.watch is told: of a pool (memory NULL), of a slab, of a block. */
enum leat_watch {
    LEAT_WATCH_POOL,      /* there is a new pool */
    LEAT_WATCH_SLAB,      /* `memory` belongs to it now; nobody may touch it */
    LEAT_WATCH_ALLOC,     /* `memory` is a block that the caller of the pool may use, its content undefined */
    LEAT_WATCH_FREE,      /* nobody may touch it any more */
    LEAT_WATCH_SLAB_ENDS, /* `memory` goes back to where it came from */
    LEAT_WATCH_POOL_ENDS,
};

/* A misuse that was found, as handed to leat_host.fault. */
struct leat_fault {
    enum leat_fault_kind kind;
    const void *object;    /* the pool, pipe, ... */
    const void *block;     /* the block in question, or NULL */
    const void *places[4]; /* return addresses where known, else NULL */
};

/*
 * What the core asks of the machine it runs on. Filled by os (leat_os_host()), by a test, or by a microcontroller's port.
 * Any member may be NULL: then that service does not exist and the core does without it, as each user of it says.
 */
struct leat_host {
    int64_t (*now_ns)(void *context); /* CLOCK_MONOTONIC or its like */
    /* Every running thread of the process has passed a full memory barrier when this returns true; false: cannot be had. */
    bool (*barrier)(void *context);
    /* Sleeps while *word == seen, until unparked or deadline_ns; may return early. */
    void (*park)(void *context, LEAT_ATOMIC(uint32_t) * word, uint32_t seen, int64_t deadline_ns);
    void (*unpark)(void *context, LEAT_ATOMIC(uint32_t) * word);
    void (*yield)(void *context);                                 /* lets another thread run */
    void (*fault)(void *context, const struct leat_fault *fault); /* may return: the block is then left alone */
    void (*thread)(void *context); /* the calling thread got a cache: arrange that leat_pool_thread_end() runs at its end */
    /* Return addresses of the calling thread, innermost first, into places[0 .. room); returns how many. */
    int (*places)(void *context, const void **places, int room);
    /* A memory checker is told what happens to pooled memory. Where there is one, every call of a pool takes the slow path. */
    void (*watch)(void *context, enum leat_watch event, const void *pool, void *memory, int64_t bytes);
    void *context;
};

/* What an object that failed can say. Text is one line without a newline, always terminated. */
struct leat_error {
    int code;         /* negative errno, 0: no error */
    int64_t offset;   /* bytes from the start of the stream, -1: does not apply */
    const char *rule; /* the rule broken, a constant string; NULL: does not apply */
    char text[1024];
};

/*
 * Returns the version of the library that is running, "MAJOR.MINOR.PATCH", a constant string.
 *
 * [thread: any | blocks: no | allocates: no | fails: never]
 */
LEAT_API const char *leat_version(void);

#ifdef __cplusplus
}
#endif
#endif
