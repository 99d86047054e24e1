/* SPDX-License-Identifier: MIT */
/* A list through the free blocks and nothing else, for one thread, its memory there beforehand: less cannot be done with a list. */
#include <sys/mman.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::machine, "one list, one thread, no growth"};

template <size_t Bytes> struct peer {
    static constexpr bool many = false, two_threads = false, limited = true;

    struct item {
        item *next;
    };
    item *head = nullptr;
    void *memory;
    size_t bytes;

    peer(int64_t most, bool) : bytes(size_t(most) * Bytes)
    {
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
        item *block = head;
        if (block != nullptr) {
            head = block->next;
        }
        return block;
    }
    BENCH_INLINE void free(int, void *block)
    {
        auto *freed = static_cast<item *>(block);
        freed->next = head;
        head = freed;
    }
};
