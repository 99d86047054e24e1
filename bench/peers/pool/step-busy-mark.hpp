/* SPDX-License-Identifier: MIT */
/*
 * doc/pool.md, step 8 as it was first: the array's fast path with a mark that says that the owner is at work, so that another thread could
 * wait for it to leave. Only the fast path: nobody ever comes.
 */
#include <atomic>
#include <memory>
#include <sys/mman.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "doc/pool.md 8: a mark while the owner is at work, no growth"};

template <size_t Bytes> struct peer {
    static constexpr bool many = false, two_threads = false, limited = true;
    static constexpr uint32_t busy = uint32_t(1) << 31;

    struct cache {
        std::atomic<uint32_t> count{0}, low{0}, high{0};
        std::unique_ptr<void *[]> items;
    };
    std::unique_ptr<cache> mine{new cache};
    void *memory;
    size_t bytes;

    peer(int64_t most, bool) : bytes(size_t(most) * Bytes)
    {
        mine->items.reset(new void *[size_t(most)]);
        mine->high = uint32_t(most);
        memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            throw bench::failure{"no memory to be had"};
        }
        for (int64_t i = most - 1; i >= 0; i--) {
            free(0, static_cast<char *>(memory) + size_t(i) * Bytes);
        }
    }
    ~peer()
    {
        munmap(memory, bytes);
    }
    BENCH_INLINE void *alloc(int)
    {
        uint32_t count = mine->count.load(std::memory_order_relaxed);
        void *block = nullptr;
        mine->count.store(count | busy, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (__builtin_expect(count > mine->low.load(std::memory_order_relaxed), 1)) {
            block = mine->items[--count];
        }
        mine->count.store(count, std::memory_order_release);
        return block;
    }
    BENCH_INLINE void free(int, void *block)
    {
        uint32_t count = mine->count.load(std::memory_order_relaxed);
        mine->count.store(count | busy, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (__builtin_expect(count < mine->high.load(std::memory_order_relaxed), 1)) {
            mine->items[count++] = block;
        }
        mine->count.store(count, std::memory_order_release);
    }
};
