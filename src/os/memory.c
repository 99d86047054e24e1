/* SPDX-License-Identifier: MIT */
/* Memory from the kernel: anonymous mappings at any alignment, and the ring whose bytes are mapped twice. */
#define _GNU_SOURCE
#include "os.h"

#include <leat/os.h>

#include <fcntl.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HUGE_BYTES ((int64_t)2 << 20)
#define MAX_NODES 1024
#define LONG_BITS (int)(CHAR_BIT * sizeof(unsigned long))
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int64_t leat_port_page_bytes(void)
{
    return (int64_t)sysconf(_SC_PAGESIZE);
}

/* `bytes` rounded up to whole pages as a size_t; 0 when there is none. */
static size_t whole_pages(int64_t bytes)
{
    const int64_t page = leat_port_page_bytes();

    if (bytes <= 0 || bytes > PTRDIFF_MAX - page) {
        return 0;
    }
    return (size_t)((bytes + page - 1) / page * page);
}

static const struct leat_os_memory_options no_options = {.node = LEAT_OS_ANY_NODE};

static void *map(size_t bytes, int protection)
{
    void *memory = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | (protection == PROT_NONE ? MAP_NORESERVE : 0), -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

/* Reserved huge pages, or NULL: none are left, or the piece is not made of whole ones. */
static void *map_huge(size_t bytes, int64_t align)
{
    void *memory = MAP_FAILED;

    if (bytes % HUGE_BYTES == 0 && align <= HUGE_BYTES) {
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    }
    return memory == MAP_FAILED ? NULL : memory;
}

/* The piece is as the options want it; false: one of them cannot be had. */
static bool prepare(const struct leat_os_memory_options *options, void *memory, size_t bytes)
{
    if (options->huge && bytes >= HUGE_BYTES) {
        (void)madvise(memory, bytes, MADV_HUGEPAGE); /* a wish: the kernel may not know huge pages */
    }
    if (options->node != LEAT_OS_ANY_NODE) {
        unsigned long nodes[MAX_NODES / LONG_BITS] = {0};

        nodes[options->node / LONG_BITS] = 1UL << options->node % LONG_BITS;
        if (syscall(SYS_mbind, memory, bytes, MPOL_BIND, nodes, (unsigned long)MAX_NODES, 0UL) != 0) {
            return false;
        }
    }
    if (options->lock && mlock(memory, bytes) != 0) {
        return false;
    }
    /* Older kernels (before 5.14) do not know the call: then every page is written, which for new memory changes nothing. */
    if (options->prefault && !options->lock && madvise(memory, bytes, MADV_POPULATE_WRITE) != 0) {
        if (errno != EINVAL) {
            return false;
        }
        for (size_t at = 0; at < bytes; at += (size_t)leat_port_page_bytes()) {
            ((volatile unsigned char *)memory)[at] = 0;
        }
    }
    return true;
}

/*
 * A mapping is aligned to a page. For more, addresses are reserved that must contain an aligned piece, that piece is made memory, and
 * what lies before and behind it is given back at once: so the kernel accounts for no more than was asked for.
 */
static void *acquire_plain(int64_t bytes, int64_t align)
{
    const size_t page = (size_t)leat_port_page_bytes();
    const size_t length = whole_pages(bytes);
    size_t extra;
    size_t before;
    unsigned char *memory;

    if (length == 0 || align <= 0 || (align & (align - 1)) != 0) {
        return NULL;
    }
    if ((uint64_t)align <= page) {
        return map(length, PROT_READ | PROT_WRITE);
    }
    if (align > PTRDIFF_MAX || (size_t)align > (size_t)PTRDIFF_MAX - length) {
        return NULL;
    }
    extra = (size_t)align - page;
    memory = map(length + extra, PROT_NONE);
    if (memory == NULL) {
        return NULL;
    }
    before = (size_t)(-(uintptr_t)memory & ((uintptr_t)align - 1));
    if (before != 0) {
        (void)munmap(memory, before);
    }
    if (before != extra) {
        (void)munmap(memory + before + length, extra - before);
    }
    if (mprotect(memory + before, length, PROT_READ | PROT_WRITE) != 0) {
        (void)munmap(memory + before, length);
        return NULL;
    }
    return memory + before;
}

static void *acquire(void *context, int64_t bytes, int64_t align)
{
    const struct leat_os_memory_options *options = context;
    const size_t length = whole_pages(bytes);
    int64_t at_least = options->huge && length >= HUGE_BYTES && align < HUGE_BYTES ? HUGE_BYTES : align;
    void *memory = options->huge && length > 0 ? map_huge(length, align) : NULL;

    if (memory == NULL) {
        memory = acquire_plain(bytes, at_least);
    }
    if (memory != NULL && !prepare(options, memory, length)) {
        (void)munmap(memory, length);
        memory = NULL;
    }
    return memory;
}

static void release(void *context, void *memory, int64_t bytes)
{
    (void)context;
    if (memory != NULL) {
        (void)munmap(memory, whole_pages(bytes));
    }
}

const struct leat_memory *leat_os_memory(void)
{
    static const struct leat_memory memory = {.acquire = acquire, .release = release, .context = (void *)&no_options};

    return &memory;
}

int leat_os_memory_init(struct leat_memory *memory, const struct leat_os_memory_options *options)
{
    if (memory == NULL || options == NULL || options->node < LEAT_OS_ANY_NODE || options->node >= MAX_NODES) {
        return -EINVAL;
    }
    *memory = (struct leat_memory){.acquire = acquire, .release = release, .context = (void *)options};
    return 0;
}

struct leat_pool_config leat_os_pool_config(int64_t block_bytes, int64_t limit)
{
    return (struct leat_pool_config){
        .block_bytes = block_bytes,
        .limit = limit,
        .memory = leat_os_memory(),
        .host = leat_os_host(),
    };
}

/* Returns a sealed memory file of `size` bytes, which can neither shrink nor grow under its mappings; or a negative errno. */
static int sealed_file(int64_t size)
{
    const int fd = memfd_create("leat-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int error;

    if (fd < 0) {
        return -errno;
    }
    if (ftruncate(fd, (off_t)size) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0) {
        return fd;
    }
    error = -errno;
    (void)close(fd);
    return error;
}

/* Returns where the file's bytes lie twice, side by side; or NULL, and errno says why. */
static unsigned char *map_twice(int fd, size_t size)
{
    const int both = PROT_READ | PROT_WRITE;
    /* The room for both is taken first, so that nobody else can map something into the second half. */
    unsigned char *room = map(2 * size, PROT_NONE);
    int error;

    if (room == NULL) {
        return NULL;
    }
    if (mmap(room, size, both, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED &&
        mmap(room + size, size, both, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED) {
        return room;
    }
    error = errno;
    (void)munmap(room, 2 * size);
    errno = error;
    return NULL;
}

int leat_os_ring_create(struct leat_ring *ring, int64_t min_bytes)
{
    const int64_t page = leat_port_page_bytes();
    const int64_t size = leat_ring_size_for(min_bytes >= 0 && min_bytes < page ? page : min_bytes);
    unsigned char *memory;
    int fd;
    int error;

    if (size < 0) {
        return -EINVAL;
    }
    fd = sealed_file(size);
    if (fd < 0) {
        return fd;
    }
    memory = map_twice(fd, (size_t)size);
    error = memory == NULL ? -errno : leat_ring_init(ring, memory, size, LEAT_RING_MIRRORED);
    (void)close(fd); /* the mappings keep the file */
    return error;    /* leat_ring_init takes what size_for gave: where memory is mapped, the error is 0 */
}

void leat_os_ring_destroy(struct leat_ring *ring)
{
    if (ring->data != NULL) {
        (void)munmap(ring->data, 2 * (size_t)leat_ring_size(ring));
        ring->data = NULL;
    }
}
