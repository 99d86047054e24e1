/* SPDX-License-Identifier: MIT */
/* The classic ypipe over yqueue, bounded the way ZeroMQ bounds its pipes: the reader says every half of the capacity how far it is. */
#include "peers/pipe/support/classic_ypipe.hpp"

const bench::peer_about bench::this_peer = {
    bench::inlined, bench::baseline, "a CAS per flush; each look that finds nothing announces sleep, but nobody has to be woken here"};

template <class Item, size_t Capacity> struct peer {
    classic_ypipe<Item> pipe;
    alignas(64) size_t written = 0, read_seen = 0; /* the writer's */
    alignas(64) size_t unsaid = 0, read = 0;       /* the reader's */
    alignas(64) std::atomic<size_t> said{0};       /* by the reader: its read, as of the last half; edge "said": the writer may go on */

    BENCH_INLINE bool put(const Item &item)
    {
        bool written_one = write(item);
        pipe.flush(); /* a sleeping reader need not be woken: it looks again */
        return written_one;
    }
    BENCH_INLINE bool get(Item &item)
    {
        if (!pipe.read(item)) {
            return false;
        }
        read++;
        if (++unsaid == (Capacity + 1) / 2) {
            unsaid = 0;
            said.store(read, std::memory_order_release); /* edge "said" */
        }
        return true;
    }
    BENCH_INLINE size_t put_many(const Item *items, size_t count)
    {
        size_t done = 0;
        while (done < count && write(items[done])) {
            done++;
        }
        pipe.flush();
        return done;
    }
    BENCH_INLINE size_t get_many(Item *items, size_t count)
    {
        size_t done = 0;
        while (done < count && get(items[done])) {
            done++;
        }
        return done;
    }

  private:
    BENCH_INLINE bool write(const Item &item)
    {
        if (written - read_seen == Capacity) {
            read_seen = said.load(std::memory_order_acquire); /* edge "said" */
            if (written - read_seen == Capacity) {
                return false;
            }
        }
        if (!pipe.write(item)) {
            return false;
        }
        written++;
        return true;
    }
};
