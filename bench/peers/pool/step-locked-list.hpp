/* SPDX-License-Identifier: MIT */
/* doc/pool.md, step 3: the bare list behind a lock that spins, so that every thread may come. */
#include <atomic>
#include <sys/mman.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "doc/pool.md 3: one list, one spinning lock, no growth"};

template <size_t Bytes> struct peer {
    static constexpr bool many = false, two_threads = true, limited = true;

    struct item {
        item *next;
    };
    static constexpr size_t spare = 4096; /* what a hand-over has under way, and no more */
    alignas(64) std::atomic<bool> locked{false};
    item *head = nullptr;
    void *memory;
    size_t bytes;

    peer(int64_t most, bool exact) : bytes((size_t(most) + (exact ? 0 : spare)) * Bytes)
    {
        memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            throw bench::failure{"no memory to be had"};
        }
        for (size_t at = bytes; at >= Bytes; at -= Bytes) {
            free(0, static_cast<char *>(memory) + at - Bytes);
        }
    }
    ~peer()
    {
        munmap(memory, bytes);
    }
    BENCH_INLINE void lock()
    {
        while (locked.exchange(true, std::memory_order_acquire)) {
            while (locked.load(std::memory_order_relaxed)) {
                bench::relax();
            }
        }
    }
    BENCH_INLINE void *alloc(int)
    {
        lock();
        item *block = head;
        if (block != nullptr) {
            head = block->next;
        }
        locked.store(false, std::memory_order_release);
        return block;
    }
    BENCH_INLINE void free(int, void *block)
    {
        auto *freed = static_cast<item *>(block);
        lock();
        freed->next = head;
        head = freed;
        locked.store(false, std::memory_order_release);
    }
};
