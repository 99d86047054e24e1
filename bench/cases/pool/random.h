/* SPDX-License-Identifier: MIT */
/* One thread, 1000 blocks out at once, given back in random order: what a cache of recent blocks alone cannot serve. */
#include "bench.h"

#define BLOCK_BYTES 64
#include BENCH_PEER_FILE

#define OUT 1000
#define ORDERS 16 /* enough that no predictor learns them */

static const struct bench_case about = {
    BENCH_CASE_NAME,
    "1000 of 64 B out, random order",
    "one thread takes 1000 blocks of 64 bytes, writing the first 8 bytes of each, then reads those and gives all back in random order",
    "pair",
    BENCH_NS_PER_OPERATION,
};

static uint16_t orders[ORDERS][OUT];
static uint64_t *blocks[OUT];

static void shuffle(uint64_t seed)
{
    for (int k = 0; k < ORDERS; k++) {
        for (unsigned i = 0; i < OUT; i++) {
            unsigned j = (unsigned)(bench_random(&seed) % (i + 1));
            orders[k][i] = orders[k][j];
            orders[k][j] = (uint16_t)i;
        }
    }
}

static bool all_out(struct peer *peer, struct bench_slice *slice)
{
    for (unsigned i = 0; i < OUT; i++) {
        blocks[i] = (uint64_t *)peer_alloc(peer);
        if (blocks[i] == NULL) {
            slice->wrong = "no block to be had";
            return false;
        }
        *blocks[i] = i;
        bench_use(blocks[i]);
    }
    return true;
}

static void all_back(struct peer *peer, struct bench_slice *slice, const uint16_t *order)
{
    for (unsigned i = 0; i < OUT; i++) {
        uint64_t *block = blocks[order[i]];
        if (*block != order[i]) {
            slice->wrong = "a block changed while it was out";
        }
        peer_free(peer, block);
    }
}

static void rounds(void *subject, struct bench_slice *slice)
{
    struct peer *peer = (struct peer *)subject;
    shuffle(slice->seed);
    slice->start_ns = bench_now_ns();
    do {
        for (int64_t i = 0; i < slice->batch; i += OUT) {
            if (!all_out(peer, slice)) {
                return;
            }
            all_back(peer, slice, orders[(slice->operations / OUT) % ORDERS]);
            slice->operations += OUT;
        }
        slice->end_ns = bench_now_ns();
    } while (slice->end_ns - slice->start_ns < slice->length_ns && slice->wrong == NULL);
}

BENCH_ENTRY(about, rounds, NULL)
