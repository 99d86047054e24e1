/* SPDX-License-Identifier: MIT */
/*
 * pipe_bursts SECONDS: bursts of up to 65,536 items of 64 bytes through a pipe, each read empty by another thread, then a trim of the pipe
 * and of its pool. The resident size between bursts stays within one slab of what it was after the first ten; that is not judged under
 * a sanitizer, whose own pages for a slab stay when the slab is given back.
 */
#define _GNU_SOURCE
#include "../test.h"

#include <leat/channel.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 65536, WORDS = 8, SLAB_KIB = 2048 };

static struct leat_channel there, back;
static struct leat_pool *pool;

/* Adds up what comes; 0 ends a burst, which is answered with the sum. */
static void read_all(void *context)
{
    uint64_t item[WORDS], sum = 0;
    (void)context;
    while (leat_channel_read(&there, item, LEAT_FOREVER) == 0) {
        sum += item[0] + item[WORDS - 1];
        if (item[0] == 0) {
            (void)leat_pool_trim(pool); /* what this thread's cache holds */
            (void)leat_channel_write(&back, &sum, false, LEAT_FOREVER);
            (void)leat_channel_flush(&back);
            sum = 0;
        }
    }
}

static int64_t resident_kib(void)
{
    long long all, resident = -1;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lld %lld", &all, &resident) != 2) {
        exit(1);
    }
    (void)fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv)
{
    int64_t end_ns = leat_os_now_ns() + (argc > 1 ? strtoll(argv[1], NULL, 10) : 10) * 1000000000;
    struct leat_pool_config pool_config = leat_os_pool_config(4096, 0);
    struct leat_thread reader;
    if (leat_pool_create(&pool, &pool_config) != 0) {
        return 1;
    }
    struct leat_blocks chunks = leat_pool_blocks(pool);
    struct leat_channel_config config = {.pipe = {.item_bytes = WORDS * 8, .high_water = MOST, .blocks = &chunks}}, answers = config;
    answers.pipe.item_bytes = 8;
    answers.pipe.high_water = 1;
    if (leat_channel_init(&there, &config) != 0 || leat_channel_init(&back, &answers) != 0 ||
        leat_thread_start(&reader, "reader", read_all, NULL) != 0) {
        return 1;
    }
    uint64_t seed = 1, items = 0;
    int64_t bursts = 0, least = INT64_MAX, most = 0, peak = 0, settled = 0;
    while (leat_os_now_ns() < end_ns) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t count = (seed >> 33) % MOST, sum = 0, wanted = 0;
        for (uint64_t i = count; i + 1 > 0; i--) { /* nothing is flushed before the end: the pipe holds all of it */
            uint64_t item[WORDS] = {i, 0, 0, 0, 0, 0, 0, i};
            if (leat_channel_write(&there, item, false, LEAT_FOREVER) != 0) {
                return 1;
            }
            wanted += 2 * i;
        }
        int64_t now = resident_kib();
        peak = now > peak ? now : peak;
        (void)leat_channel_flush(&there);
        if (leat_channel_read(&back, &sum, LEAT_FOREVER) != 0 || sum != wanted) {
            printf("a burst of %" PRIu64 " came out wrong\n", count);
            return 1;
        }
        (void)leat_pipe_trim(&there.pipe);
        (void)leat_pool_trim(pool);
        items += count + 1;
        if (++bursts > 10) {
            now = resident_kib();
            settled = settled == 0 ? now : settled;
            least = now < least ? now : least;
            most = now > most ? now : most;
        }
    }
    leat_channel_close_writer(&there);
    leat_thread_join(&reader);
    leat_channel_fini(&there);
    leat_channel_fini(&back);
    printf("%" PRId64 " bursts, %" PRIu64 " items; resident between bursts %" PRId64 " - %" PRId64 " KiB (after the first ten %" PRId64
           "), up to %" PRId64 " KiB within\n",
           bursts, items, least, most, settled, peak);
    bool flat = TEST_SANITIZED || bursts <= 10 || most - settled <= SLAB_KIB;
    if (!flat) {
        printf("that is not flat\n");
    }
    return leat_pool_destroy(pool, NULL) != 0 || !flat;
}
