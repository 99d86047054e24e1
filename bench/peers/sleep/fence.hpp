/* SPDX-License-Identifier: MIT */
/* Sleep is a flag of its own, and both sides put a full fence between what they store and what they look at. */
#include "peers/sleep/support/ring.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "a sequentially consistent fence on both sides"};

struct protocol {
    alignas(128) std::atomic<uint64_t> word{0};   /* the writer's position */
    alignas(128) std::atomic<uint32_t> asleep{0}; /* set by the reader, cleared by whoever ends the sleep */

    BENCH_INLINE bool publish(uint64_t position)
    {
        word.store(position, std::memory_order_release); /* edge "item" */
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (asleep.load(std::memory_order_relaxed) == 0) { /* relaxed: the fence orders it behind the store */
            return false;
        }
        asleep.store(0, std::memory_order_relaxed); /* relaxed: the wake-up that follows carries it */
        return true;
    }
    BENCH_INLINE uint64_t position()
    {
        return word.load(std::memory_order_acquire); /* edge "item" */
    }
    BENCH_INLINE bool announce(uint64_t read)
    {
        asleep.store(1, std::memory_order_relaxed); /* relaxed: the fence orders it before the look */
        std::atomic_thread_fence(std::memory_order_seq_cst);
        return position() == read;
    }
    BENCH_INLINE void withdraw()
    {
        asleep.store(0, std::memory_order_relaxed); /* relaxed: a wake-up may still come */
    }
};
using peer = sleep_ring<protocol>;
