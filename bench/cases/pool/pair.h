/* SPDX-License-Identifier: MIT */
/* One thread, one block at a time: the cost of alloc and free alone. */
#include "bench.h"

#define BLOCK_BYTES 64
#include BENCH_PEER_FILE

static const struct bench_case about = {
    BENCH_CASE_NAME,
    "64 B alloc + free, one thread",
    "one thread takes a block of 64 bytes, writes its first 8 bytes and gives it back, again and again",
    "pair",
    BENCH_NS_PER_OPERATION,
};

static void pairs(void *subject, struct bench_slice *slice)
{
    struct peer *peer = (struct peer *)subject;
    const int64_t batch = slice->batch;
    slice->start_ns = bench_now_ns();
    do {
        for (int64_t i = 0; i < batch; i++) {
            uint64_t *block = (uint64_t *)peer_alloc(peer);
            if (block == NULL) {
                slice->wrong = "no block to be had";
                return;
            }
            *block = (uint64_t)i;
            bench_use(block);
            peer_free(peer, block);
        }
        slice->operations += batch;
        slice->end_ns = bench_now_ns();
    } while (slice->end_ns - slice->start_ns < slice->length_ns);
}

BENCH_ENTRY(about, pairs, NULL)
