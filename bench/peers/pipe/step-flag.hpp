/* SPDX-License-Identifier: MIT */
/*
 * A ring with a position on each side, and a word in which a reader would say that it sleeps: the writer stores its position and looks at
 * that word, without a fence, which only a reader that falls asleep would pay (membarrier). Nobody does here. What it would give.
 */
#include <atomic>
#include <bit>
#include <memory>

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "positions, plain stores; the sleeper would pay the fence"};

template <class Item, size_t Capacity> struct peer {
    static constexpr size_t size = std::bit_ceil(Capacity), mask = size - 1, give = size / 8;
    struct alignas(64) line_aligned {
        Item at[size];
    };
    std::unique_ptr<line_aligned> items{new line_aligned};
    alignas(128) std::atomic<size_t> written{0}; /* by the writer: edge "item" */
    alignas(128) std::atomic<size_t> read{0};    /* by the reader, an eighth at a time and when it finds nothing: edge "room" */
    std::atomic<uint32_t> asleep{0};             /* by the reader */
    alignas(128) size_t mine = 0, read_seen = 0; /* the writer's */
    alignas(128) size_t next = 0, written_seen = 0, said = 0; /* the reader's */

    BENCH_INLINE bool put(const Item &item)
    {
        if (mine - read_seen == size) {
            read_seen = read.load(std::memory_order_acquire); /* edge "room" */
            if (mine - read_seen == size) {
                return false;
            }
        }
        items->at[mine & mask] = item;
        written.store(++mine, std::memory_order_release); /* edge "item" */
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (__builtin_expect(asleep.load(std::memory_order_relaxed), 0)) {
            asleep.store(0, std::memory_order_relaxed); /* and wake it */
        }
        return true;
    }
    BENCH_INLINE bool get(Item &item)
    {
        if (next == written_seen) {
            written_seen = written.load(std::memory_order_acquire); /* edge "item" */
            if (next == written_seen) {
                if (said != next) {
                    read.store(said = next, std::memory_order_release); /* edge "room" */
                }
                return false;
            }
        }
        item = items->at[next & mask];
        if (++next - said >= give) {
            read.store(said = next, std::memory_order_release); /* edge "room" */
        }
        return true;
    }
    BENCH_INLINE size_t put_many(const Item *from, size_t count)
    {
        size_t done = 0;
        while (done < count && put(from[done])) {
            done++;
        }
        return done;
    }
    BENCH_INLINE size_t get_many(Item *to, size_t count)
    {
        size_t done = 0;
        while (done < count && get(to[done])) {
            done++;
        }
        return done;
    }
};
