/* SPDX-License-Identifier: MIT */
/* Sleep is a flag of its own; the writer orders nothing but the compiler, and the sleeper has the kernel fence all running threads. */
#include "peers/sleep/support/ring.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

const bench::peer_about bench::this_peer = {
    bench::inlined, bench::baseline, "a compiler fence for the writer, membarrier for the sleeper, which interrupts the writer's core"};

struct protocol {
    alignas(128) std::atomic<uint64_t> word{0};   /* the writer's position */
    alignas(128) std::atomic<uint32_t> asleep{0}; /* set by the reader, cleared by whoever ends the sleep */

    protocol()
    {
        if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0) {
            throw bench::failure{"the kernel has no membarrier"};
        }
    }

    BENCH_INLINE bool publish(uint64_t position)
    {
        word.store(position, std::memory_order_release);     /* edge "item" */
        std::atomic_signal_fence(std::memory_order_seq_cst); /* pairs with the membarrier in announce */
        if (asleep.load(std::memory_order_relaxed) == 0) {   /* relaxed: the fence orders it behind the store */
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
        asleep.store(1, std::memory_order_relaxed);                      /* relaxed: the fence orders it before the look */
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0); /* pairs with the compiler fence in publish */
        return position() == read;
    }
    BENCH_INLINE void withdraw()
    {
        asleep.store(0, std::memory_order_relaxed); /* relaxed: a wake-up may still come */
    }
};
using peer = sleep_ring<protocol>;
