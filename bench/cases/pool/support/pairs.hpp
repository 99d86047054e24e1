/* SPDX-License-Identifier: MIT */
/* The loop of all cases in which a block is given back at once. */
#ifndef BENCH_POOL_PAIRS_HPP
#define BENCH_POOL_PAIRS_HPP

/* Pairs by `side`; false: no block to be had. */
template <class Peer> BENCH_INLINE bool pool_pairs(Peer &subject, int side, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        void *block = subject.alloc(side);
        if (block == nullptr) {
            return false;
        }
        bench::use(block);
        subject.free(side, block);
    }
    return true;
}
#endif
