/* SPDX-License-Identifier: MIT */
/*
 * count.c: how often this process takes memory. The executable defines the allocation functions itself, so that every call, the
 * library's and libc's own too, comes through here; each is counted and handed on to the definition that would have been found
 * without us (so a preloaded counter or allocator still sees it).
 *
 * Sanitizers bring allocation functions of their own: there nothing is defined and the count is -1.
 */
#undef _FILE_OFFSET_BITS /* with 64, libc's header would rename our mmap to mmap64 and we define both */
#define _GNU_SOURCE
#include "cli.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

#ifdef SANITIZED

int64_t cli_allocations(void)
{
    return -1;
}

#else

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define EARLY_BYTES 8192
#define EARLY_ALIGN 16

enum which { MALLOC, CALLOC, REALLOC, FREE, POSIX_MEMALIGN, ALIGNED_ALLOC, MEMALIGN, MMAP, MMAP64, BRK, SBRK, WHICH_COUNT };

static const char *const names[WHICH_COUNT] = {
    "malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "memalign", "mmap", "mmap64", "brk", "sbrk",
};

union next {
    void *object; /* as dlsym gives it */
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    void *(*mmap64)(void *, size_t, int, int, int, off64_t);
    int (*brk)(void *);
    void *(*sbrk)(intptr_t);
};

/* Memory for calls made while dlsym looks for the real functions: bumped, zero, never given back. Each piece begins with its size. */
static alignas(EARLY_ALIGN) unsigned char early[EARLY_BYTES];
static LEAT_ATOMIC(size_t) early_used;           /* any thread */
static LEAT_ATOMIC(void *) next_of[WHICH_COUNT]; /* any thread; all write the same value */
static LEAT_ATOMIC(int64_t) calls;               /* any thread */
static _Thread_local bool resolving;

static void count(void)
{
    leat_add(&calls, 1, relaxed); /* relaxed: a tally, it orders nothing */
}

/* The next definition of a function; object NULL: the calling thread is inside dlsym for it, or there is none. */
static union next next(enum which which)
{
    void *object = leat_load(&next_of[which], relaxed); /* relaxed: code that was there before any thread; the address is all */
    if (object == NULL && !resolving) {
        resolving = true;
        object = dlsym(RTLD_NEXT, names[which]);
        resolving = false;
        leat_store(&next_of[which], object, relaxed); /* relaxed: see the load */
    }
    return (union next){.object = object};
}

static void *early_take(size_t bytes)
{
    if (bytes > EARLY_BYTES - EARLY_ALIGN)
        return NULL;
    size_t whole = EARLY_ALIGN + (bytes + EARLY_ALIGN - 1) / EARLY_ALIGN * EARLY_ALIGN;
    size_t at = leat_add(&early_used, whole, relaxed); /* relaxed: the piece is ours alone from here on */
    if (at > EARLY_BYTES - whole)
        return NULL;
    memcpy(early + at, &bytes, sizeof bytes);
    return early + at + EARLY_ALIGN;
}

static bool is_early(const void *block)
{
    return (uintptr_t)block - (uintptr_t)early < EARLY_BYTES;
}

LEAT_API void *malloc(size_t bytes)
{
    count();
    union next real = next(MALLOC);
    return real.object != NULL ? real.malloc(bytes) : early_take(bytes);
}

LEAT_API void *calloc(size_t items, size_t bytes)
{
    count();
    union next real = next(CALLOC);
    if (real.object != NULL)
        return real.calloc(items, bytes);
    return bytes != 0 && items > EARLY_BYTES / bytes ? NULL : early_take(items * bytes);
}

LEAT_API void *realloc(void *block, size_t bytes)
{
    count();
    union next real = next(REALLOC);
    if (real.object != NULL && !is_early(block))
        return real.realloc(block, bytes);
    union next fresh = next(MALLOC);
    unsigned char *moved = fresh.object != NULL ? fresh.malloc(bytes) : early_take(bytes);
    if (moved != NULL && block != NULL) {
        size_t had;
        memcpy(&had, (unsigned char *)block - EARLY_ALIGN, sizeof had);
        memcpy(moved, block, had < bytes ? had : bytes);
    }
    return moved;
}

LEAT_API void free(void *block)
{
    if (block == NULL || is_early(block))
        return;
    union next real = next(FREE);
    if (real.object != NULL)
        real.free(block);
}

LEAT_API int posix_memalign(void **block, size_t align, size_t bytes)
{
    count();
    union next real = next(POSIX_MEMALIGN);
    return real.object != NULL ? real.posix_memalign(block, align, bytes) : ENOMEM;
}

LEAT_API void *aligned_alloc(size_t align, size_t bytes)
{
    count();
    union next real = next(ALIGNED_ALLOC);
    return real.object != NULL ? real.aligned_alloc(align, bytes) : NULL;
}

LEAT_API void *memalign(size_t align, size_t bytes)
{
    count();
    union next real = next(MEMALIGN);
    return real.object != NULL ? real.aligned_alloc(align, bytes) : NULL;
}

LEAT_API void *mmap(void *where, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    count();
    union next real = next(MMAP);
    return real.object != NULL ? real.mmap(where, bytes, protection, flags, fd, offset) : MAP_FAILED;
}

LEAT_API void *mmap64(void *where, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
    count();
    union next real = next(MMAP64);
    return real.object != NULL ? real.mmap64(where, bytes, protection, flags, fd, offset) : MAP_FAILED;
}

LEAT_API int brk(void *end)
{
    count();
    union next real = next(BRK);
    return real.object != NULL ? real.brk(end) : -1;
}

LEAT_API void *sbrk(intptr_t more)
{
    count();
    union next real = next(SBRK);
    return real.object != NULL ? real.sbrk(more) : MAP_FAILED; /* (void *)-1, as sbrk says it too */
}

int64_t cli_allocations(void)
{
    return leat_load(&calls, relaxed); /* relaxed: a tally */
}

#endif
