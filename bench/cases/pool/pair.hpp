/* SPDX-License-Identifier: MIT */
/* One thread, one block at a time: what the fastest path costs. */
#include "cases/pool/support/pairs.hpp"

template <size_t Bytes> struct pair {
    peer<Bytes> subject{1, false};

    void first(bench::slice &s)
    {
        s.start_ns = bench::now_ns();
        do {
            if (!pool_pairs(subject, 0, s.batch)) {
                s.wrong = "no block to be had";
            }
            s.operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns && s.wrong == nullptr);
    }
};

#define POOL_PAIR_RULES "one thread takes a block and gives it back at once; nobody touches its bytes"
static bench::add<pair<16>> pair_16{{"pool-pair-16", "16 B alloc + free, one thread", POOL_PAIR_RULES, "pair", bench::ns_per_operation}};
static bench::add<pair<64>> pair_64{{"pool-pair-64", "64 B alloc + free, one thread", POOL_PAIR_RULES, "pair", bench::ns_per_operation}};
static bench::add<pair<1024>> pair_1024{
    {"pool-pair-1024", "1024 B alloc + free, one thread", POOL_PAIR_RULES, "pair", bench::ns_per_operation}};
