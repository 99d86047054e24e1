/* SPDX-License-Identifier: MIT */
/*
 * A bounded ring of 8-byte items for one writer and one reader, the same for all three protocols by which a reader goes to sleep without
 * losing a wake-up. A protocol has publish (returns whether the reader slept), announce (returns the writer's word, for a last look) and
 * withdraw; word is the writer's position << 1, and where the protocol keeps it there, the mark.
 *
 * I1  taken <= seen <= published <= taken + capacity, by wrapping subtraction.
 * Edges: "item": the store or exchange of the writer's position meets its load by the reader. "room": the same for what was taken.
 */
#ifndef BENCH_SLEEP_RING_HPP
#define BENCH_SLEEP_RING_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>

template <class Protocol> struct sleep_ring {
    static constexpr uint64_t capacity = 1024;

    alignas(128) uint64_t written = 0, room_seen = 0;    /* the writer's */
    alignas(128) uint64_t read = 0, seen = 0, given = 0; /* the reader's */
    alignas(128) Protocol shared;
    alignas(128) std::atomic<uint64_t> taken{0}; /* by the reader, every eighth and when it finds nothing; edge "room" */
    alignas(128) uint64_t items[capacity];

    BENCH_INLINE bool put(uint64_t item)
    {
        if (written - room_seen == capacity) {
            room_seen = taken.load(std::memory_order_acquire); /* edge "room" */
            if (written - room_seen == capacity) {
                return false;
            }
        }
        items[written++ % capacity] = item;
        shared.publish(written);
        return true;
    }
    BENCH_INLINE bool get(uint64_t &item)
    {
        if (read == seen) {
            seen = shared.position();
            if (read == seen) {
                give();
                return false;
            }
        }
        item = items[read++ % capacity];
        if (read - given >= capacity / 8) {
            give();
        }
        return true;
    }
    /* As far as the park, which does not follow. Returns whether the reader might have slept. */
    BENCH_INLINE bool announce()
    {
        return shared.announce(read);
    }
    BENCH_INLINE void withdraw()
    {
        shared.withdraw();
    }

  private:
    BENCH_INLINE void give()
    {
        if (given != read) {
            given = read;
            taken.store(read, std::memory_order_release); /* edge "room" */
        }
    }
};

#endif
