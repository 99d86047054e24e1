/* SPDX-License-Identifier: MIT */
/* os.c: what tests of the core ask of the os, without one. A test that needs more is skipped. */
#include <cmocka.h>
#include <errno.h>
#include <leat/os.h>
#include <malloc.h>
#include <stdlib.h>

static bool barrier(void *context)
{
    (void)context;
    return true; /* one core */
}

static void yield(void *context)
{
    (void)context;
}

static int64_t now_ns(void *context)
{
    static int64_t now;
    (void)context;
    return now += 1000;
}

const struct leat_host *leat_os_host(void)
{
    static const struct leat_host host = {.barrier = barrier, .yield = yield, .now_ns = now_ns};
    return &host;
}

int64_t leat_os_now_ns(void)
{
    return now_ns(NULL);
}

int leat_os_ring_create(struct leat_ring *ring, int64_t min_bytes)
{
    (void)ring, (void)min_bytes;
    runner_skip("no memory that is mapped twice", __FILE__, __LINE__);
}

void leat_os_ring_destroy(struct leat_ring *ring)
{
    (void)ring;
}

/* newlib has none, and its aligned_alloc calls it. */
int posix_memalign(void **memory, size_t align, size_t bytes);
int posix_memalign(void **memory, size_t align, size_t bytes)
{
    *memory = memalign(align, bytes);
    return *memory != NULL ? 0 : ENOMEM;
}

/* Atomics of 8 bytes, which the tests count with and the core has none of: nothing interrupts the tests. */
#define OPERATION(name, expression)                                                                       \
    uint64_t bare_##name(volatile void *word, uint64_t value, int order) __asm__("__atomic_" #name "_8"); \
    uint64_t bare_##name(volatile void *word, uint64_t value, int order)                                  \
    {                                                                                                     \
        volatile uint64_t *at = word;                                                                     \
        uint64_t seen = *at;                                                                              \
        (void)order;                                                                                      \
        *at = (expression);                                                                               \
        return seen;                                                                                      \
    }
OPERATION(store, value)
OPERATION(exchange, value)
OPERATION(fetch_add, seen + value)
OPERATION(fetch_sub, seen - value)

uint64_t bare_load(const volatile void *word, int order) __asm__("__atomic_load_8");
uint64_t bare_load(const volatile void *word, int order)
{
    (void)order;
    return *(const volatile uint64_t *)word;
}
