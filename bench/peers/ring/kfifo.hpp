/* SPDX-License-Identifier: MIT */
/*
 * A byte ring after the idea of the Linux kernel's kfifo: a power of two, free-running positions, two copies at the physical end. Each
 * position is on a line of its own and is loaded anew at every call; nothing is cached.
 */
#include <atomic>
#include <cstdlib>
#include <cstring>

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "after kfifo, written here; no view of the other is kept"};

template <size_t Ring> struct peer {
    static constexpr bool in_place = false;
    static_assert((Ring & (Ring - 1)) == 0);

    alignas(128) std::atomic<size_t> in = 0;
    alignas(128) std::atomic<size_t> out = 0;
    alignas(128) char *const memory = static_cast<char *>(aligned_alloc(4096, Ring));

    peer()
    {
        if (memory == nullptr) {
            throw bench::failure{"no memory to be had"};
        }
    }
    ~peer()
    {
        free(memory);
    }
    BENCH_INLINE bool put(const void *chunk, size_t bytes)
    {
        const size_t from = in.load(std::memory_order_relaxed);
        if (Ring - (from - out.load(std::memory_order_acquire)) < bytes) {
            return false;
        }
        copy_in(from, chunk, bytes);
        in.store(from + bytes, std::memory_order_release);
        return true;
    }
    BENCH_INLINE bool get(void *chunk, size_t bytes)
    {
        const size_t from = out.load(std::memory_order_relaxed);
        if (in.load(std::memory_order_acquire) - from < bytes) {
            return false;
        }
        const size_t at = from & (Ring - 1), straight = Ring - at < bytes ? Ring - at : bytes;
        memcpy(chunk, memory + at, straight);
        memcpy(static_cast<char *>(chunk) + straight, memory, bytes - straight);
        out.store(from + bytes, std::memory_order_release);
        return true;
    }

  private:
    BENCH_INLINE void copy_in(size_t from, const void *chunk, size_t bytes)
    {
        const size_t at = from & (Ring - 1), straight = Ring - at < bytes ? Ring - at : bytes;
        memcpy(memory + at, chunk, straight);
        memcpy(memory, static_cast<const char *>(chunk) + straight, bytes - straight);
    }
};
