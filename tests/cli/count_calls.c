/* SPDX-License-Identifier: MIT */
/* Preloaded by a test: counts calls that take memory, seen from outside, and writes the count to the file that COUNT_OUT names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

void *mmap(void *where, size_t bytes, int protection, int flags, int fd, off_t offset);

static atomic_long calls;

/* The next function of that name, put where the typed pointer `next` is. */
static void find(void *next, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(next, &found, sizeof found);
}

void *malloc(size_t bytes)
{
    static void *(*next)(size_t);
    calls++;
    if (!next)
        find(&next, "malloc");
    return next(bytes);
}

void *calloc(size_t items, size_t bytes)
{
    static void *(*next)(size_t, size_t);
    calls++;
    if (!next)
        find(&next, "calloc");
    return next(items, bytes);
}

void *realloc(void *block, size_t bytes)
{
    static void *(*next)(void *, size_t);
    calls++;
    if (!next)
        find(&next, "realloc");
    return next(block, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    static void *(*next)(size_t, size_t);
    calls++;
    if (!next)
        find(&next, "aligned_alloc");
    return next(align, bytes);
}

int posix_memalign(void **block, size_t align, size_t bytes)
{
    static int (*next)(void **, size_t, size_t);
    calls++;
    if (!next)
        find(&next, "posix_memalign");
    return next(block, align, bytes);
}

void *mmap(void *where, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    static void *(*next)(void *, size_t, int, int, int, off_t);
    calls++;
    if (!next)
        find(&next, "mmap");
    return next(where, bytes, protection, flags, fd, offset);
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("COUNT_OUT");
    char text[32];
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    int length = snprintf(text, sizeof text, "%ld\n", (long)calls);
    if (fd < 0 || write(fd, text, (size_t)length) != length)
        _exit(99);
}
