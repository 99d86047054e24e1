/* SPDX-License-Identifier: MIT */
/*
 * interrupt.c: a pipe from an interrupt handler to the task that it interrupts, and one back. SysTick comes after a random
 * number of cycles, so that sooner or later it finds the task at every instruction of its reading; numbers and sums are checked on both
 * sides. In turns it comes so often that the pipe fills up, and so seldom that the task falls asleep.
 */
#include "bare.h"

#include <leat/pipe.h>

enum { ITEMS = 10000, HIGH_WATER = 24, BLOCK_BYTES = 256, BLOCKS = 12 };

struct item {
    uint32_t number, check;
};

/* Chunks: whoever takes or gives one masks interrupts, for a pool's token must not be waited for in a handler. */
static struct {
    alignas(64) unsigned char bytes[BLOCKS][BLOCK_BYTES];
    void *free[BLOCKS];
    int count, least;
} chunks;

static void *chunk_alloc(void *context)
{
    (void)context;
    uint32_t before;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before)::"memory");
    void *chunk = chunks.count > 0 ? chunks.free[--chunks.count] : NULL;
    chunks.least = chunks.count < chunks.least ? chunks.count : chunks.least;
    __asm__ volatile("msr primask, %0" ::"r"(before) : "memory");
    return chunk;
}

static void chunk_free(void *context, void *chunk)
{
    (void)context;
    uint32_t before;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before)::"memory");
    chunks.free[chunks.count++] = chunk;
    __asm__ volatile("msr primask, %0" ::"r"(before) : "memory");
}

static const struct leat_blocks blocks = {chunk_alloc, chunk_free, NULL, BLOCK_BYTES};

/* On one core an interrupt is the only other thread, and taking it is a full barrier. */
static bool barrier(void *context)
{
    (void)context;
    return true;
}
static const struct leat_host host = {.barrier = barrier};

static struct leat_pipe inbound, back;
static volatile uint32_t woken, finished;

/* The handler's. */
static struct {
    uint32_t random, written, sum_written, read, sum_read, ticks, full, wakes, wrong;
} handler;

static uint32_t check_of(uint32_t number)
{
    return number * UINT32_C(2654435761) ^ UINT32_C(0x5bd1e995);
}

static uint32_t random_next(void)
{
    handler.random ^= handler.random << 13;
    handler.random ^= handler.random >> 17;
    handler.random ^= handler.random << 5;
    return handler.random;
}

/* Both sides add to `sum`; an operation that is not atomic loses some of it. */
static struct {
    LEAT_ATOMIC(size_t) sum;
    volatile bool on;
} counter;

void bare_tick(void)
{
    handler.ticks++;
    if (counter.on) {
        (void)leat_add(&counter.sum, 1, relaxed);
        bare_tick_every(40 + random_next() % 60);
        return;
    }
    for (uint32_t burst = random_next() % 6; burst > 0 && handler.written < ITEMS; burst--) {
        struct item item = {handler.written, check_of(handler.written)};
        if (!leat_pipe_write(&inbound, &item, burst > 1 && handler.written + 1 < ITEMS)) { /* but for the last they are one batch */
            handler.full++;
            while (leat_pipe_unwrite(&inbound, &item)) { /* what is begun and cannot be completed would be in the way for ever */
                handler.written--;
                handler.sum_written -= item.check;
            }
            break;
        }
        handler.written++;
        handler.sum_written += item.check;
    }
    if (leat_pipe_flush(&inbound) == LEAT_FLUSH_ASLEEP) {
        handler.wakes++;
        woken = 1;
    }
    struct item item;
    while (leat_pipe_read(&back, &item)) {
        handler.wrong += item.number != handler.read || item.check != ~check_of(item.number);
        handler.sum_read += item.check;
        handler.read++;
    }
    finished = handler.read == ITEMS;
    bare_tick_every((handler.ticks & 64) != 0 ? 50 + random_next() % 400 : 50 + random_next() % 8000); /* the pipe fills; it runs dry */
}

static void say(const char *text, uint32_t number)
{
    bare_print(text);
    bare_print_number(number);
}

/* Returns whether all was as it should be. */
static bool run(enum leat_sleep sleep, const char *name)
{
    for (chunks.count = 0; chunks.count < BLOCKS; chunks.count++) {
        chunks.free[chunks.count] = chunks.bytes[chunks.count];
    }
    chunks.least = BLOCKS;
    memset(&handler, 0, sizeof handler);
    handler.random = 1;
    woken = finished = 0;
    struct leat_pipe_config config = {
        .item_bytes = sizeof(struct item), .high_water = HIGH_WATER, .blocks = &blocks, .host = &host, .sleep = sleep, .lead = -1};
    if (leat_pipe_init(&inbound, &config) != 0 || leat_pipe_init(&back, &config) != 0) {
        return false;
    }
    uint32_t next = 0, sum = 0, sum_back = 0, wrong = 0, sleeps = 0;
    bare_tick_every(1000);
    while (next < ITEMS) {
        struct item item;
        if (!leat_pipe_check_read(&inbound)) {
            sleeps++;
            while (!woken) { /* ticks that bring nothing end the sleep of the processor, too */
                bare_sleep(&woken);
            }
            woken = 0;
            continue;
        }
        if (!leat_pipe_read(&inbound, &item)) {
            continue;
        }
        wrong += item.number != next || item.check != check_of(item.number);
        sum += item.check;
        next++;
        item.check = ~item.check;
        sum_back += item.check;
        while (!leat_pipe_write(&back, &item, false)) {
        }
        (void)leat_pipe_flush(&back);
    }
    while (!finished) {
        bare_sleep(&finished);
    }
    bare_tick_every(0);
    bare_print(name);
    say(": ", next);
    say(" items and back, sum ", sum);
    say(", ticks ", handler.ticks);
    say(", sleeps ", sleeps);
    say(", wakes ", handler.wakes);
    say(", full ", handler.full);
    say(", wrong ", wrong + handler.wrong);
    bare_print("\n");
    bool good = wrong == 0 && handler.wrong == 0 && handler.written == ITEMS && handler.read == ITEMS && sum == handler.sum_written &&
                sum_back == handler.sum_read && sleeps > 0 && handler.wakes > 0 && handler.full > 0 && leat_pipe_valid(&inbound) &&
                leat_pipe_valid(&back);
    leat_pipe_fini(&inbound);
    leat_pipe_fini(&back);
    return good && chunks.least > 0 && chunks.count == BLOCKS;
}

/* Returns whether no addition was lost. */
static bool count(void)
{
    const uint32_t additions = 100000;
    memset(&handler, 0, sizeof handler);
    handler.random = 1;
    counter.on = true;
    bare_tick_every(100);
    for (uint32_t i = 0; i < additions; i++) {
        (void)leat_add(&counter.sum, 1, relaxed);
    }
    bare_tick_every(0);
    counter.on = false;
    size_t sum = leat_load(&counter.sum, relaxed);
    say("interrupt: ", additions + handler.ticks - (uint32_t)sum);
    say(" lost of ", additions);
    say(" additions and of those of ticks ", handler.ticks);
    bare_print("\n");
    return handler.ticks > 1000 && sum == additions + handler.ticks;
}

int main(void)
{
    if (!count()) {
        bare_print("interrupt: an atomic operation is not\n");
        return 1;
    }
    if (!run(LEAT_SLEEP_RMW, "interrupt: rmw") || !run(LEAT_SLEEP_FENCE, "interrupt: fence") ||
        !run(LEAT_SLEEP_BARRIER, "interrupt: barrier")) {
        bare_print("interrupt: failed\n");
        return 1;
    }
    bare_print("interrupt: all sums right\n");
    return 0;
}
