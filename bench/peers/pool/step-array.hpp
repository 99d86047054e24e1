/* SPDX-License-Identifier: MIT */
/* doc/pool.md, step 4: an array of pointers, for one thread, with the two bounds that it must have: less cannot be done with an array. */
#include <memory>
#include <sys/mman.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "doc/pool.md 4: an array of pointers, one thread, no growth"};

template <size_t Bytes> struct peer {
    static constexpr bool many = false, two_threads = false, limited = true;

    std::unique_ptr<void *[]> items;
    void **top, **low, **high;
    void *memory;
    size_t bytes;

    peer(int64_t most, bool) : items(new void *[size_t(most)]), bytes(size_t(most) * Bytes)
    {
        memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            throw bench::failure{"no memory to be had"};
        }
        top = low = items.get();
        high = low + most;
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
        return top > low ? *--top : nullptr;
    }
    BENCH_INLINE void free(int, void *block)
    {
        if (top < high) {
            *top++ = block;
        }
    }
};
