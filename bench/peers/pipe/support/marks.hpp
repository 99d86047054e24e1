/* SPDX-License-Identifier: MIT */
/* A ring whose slots carry their own mark: one line crosses over instead of two. `by_exchange` is the including peer's. */
#include <atomic>
#include <bit>
#include <memory>

template <class Item, size_t Capacity> struct peer {
    static constexpr size_t size = std::bit_ceil(Capacity), mask = size - 1;
    struct slot {
        std::atomic<uint64_t> full{0}; /* 1: an item is here. Set by the writer, cleared by the reader: edges "item" and "room" */
        Item item;
    };
    struct alignas(64) line_aligned {
        slot at[size];
    };
    std::unique_ptr<line_aligned> slots{new line_aligned};
    alignas(128) size_t written = 0; /* the writer's */
    alignas(128) size_t read = 0;    /* the reader's */

    BENCH_INLINE bool put(const Item &item)
    {
        slot &next = slots->at[written & mask];
        if (next.full.load(std::memory_order_acquire) != 0) { /* edge "room" */
            return false;
        }
        next.item = item;
        if constexpr (by_exchange) {
            next.full.exchange(1, std::memory_order_release); /* edge "item" */
        } else {
            next.full.store(1, std::memory_order_release); /* edge "item" */
        }
        written++;
        return true;
    }
    BENCH_INLINE bool get(Item &item)
    {
        slot &next = slots->at[read & mask];
        if (next.full.load(std::memory_order_acquire) == 0) { /* edge "item" */
            return false;
        }
        item = next.item;
        next.full.store(0, std::memory_order_release); /* edge "room" */
        read++;
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
