/* SPDX-License-Identifier: MIT */
/* Sleep is a mark in the word that the writer publishes in by an exchange: of two read-modify-writes of one word one comes first. */
#include "peers/sleep/support/ring.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "exchange by the writer, CAS by the sleeper, on one word"};

struct protocol {
    std::atomic<uint64_t> word{0}; /* position << 1 | asleep */

    BENCH_INLINE bool publish(uint64_t position)
    {
        return (word.exchange(position << 1, std::memory_order_release) & 1) != 0; /* edge "item" */
    }
    BENCH_INLINE uint64_t position()
    {
        return word.load(std::memory_order_acquire) >> 1; /* edge "item" */
    }
    BENCH_INLINE bool announce(uint64_t read)
    {
        uint64_t expected = read << 1;
        return word.compare_exchange_strong(expected, expected | 1, std::memory_order_relaxed, std::memory_order_acquire); /* edge "item" */
    }
    BENCH_INLINE void withdraw()
    {
        uint64_t marked = word.load(std::memory_order_relaxed); /* relaxed: only the mark matters, and the CAS decides */
        if ((marked & 1) != 0) {
            word.compare_exchange_strong(marked, marked & ~uint64_t(1),
                                         std::memory_order_relaxed); /* relaxed: fails when it was taken back */
        }
    }
};
using peer = sleep_ring<protocol>;
