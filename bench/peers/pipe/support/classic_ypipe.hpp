/* SPDX-License-Identifier: MIT */
/*
 * ZeroMQ's ypipe over yqueue, written anew from its published idea and kept as plain as that: one compare-and-swap per flush on a shared
 * word, one spare chunk, 256 items to a chunk, no bound, no way to look without announcing sleep.
 *
 * I1  the places from begin to back are one list of chunks, linked forward; back is the terminator, end the place after it.
 * I2  c is the first place not flushed, or NULL: the reader found nothing and may sleep. w is what the writer last put there.
 *
 * Edges: "item": the writer's exchange of c, by CAS or, when the reader slept, by a store, meets the reader's CAS.
 *        "spare": the reader's exchange of spare meets the writer's.
 */
#ifndef BENCH_CLASSIC_YPIPE_HPP
#define BENCH_CLASSIC_YPIPE_HPP

#include <atomic>
#include <cstdlib>

template <class Item> class classic_ypipe
{
    static constexpr unsigned granularity = 256;

    struct chunk {
        Item items[granularity];
        chunk *next; /* writer, before the flush that covers it */
        chunk *prev; /* writer; the reader clears its first chunk's */
    };

    /* The reader's. */
    alignas(64) chunk *begin_chunk;
    unsigned begin_pos = 0;
    Item *r; /* prefetched up to here; NULL: asleep */

    /* The writer's. */
    alignas(64) chunk *back_chunk;
    chunk *end_chunk;
    unsigned back_pos = 0, end_pos = 1; /* back is the first terminator */
    Item *w;                            /* first place not flushed */
    Item *f;                            /* first place not to be flushed */

    /* Both. */
    alignas(64) std::atomic<Item *> c;
    alignas(64) std::atomic<chunk *> spare{nullptr}; /* the reader puts, the writer takes */

    Item *back() const
    {
        return &back_chunk->items[back_pos];
    }
    Item *front() const
    {
        return &begin_chunk->items[begin_pos];
    }

    /* The writer's rare branch: end moves to a new chunk. */
    bool next_chunk()
    {
        chunk *got = spare.exchange(nullptr, std::memory_order_acquire); /* edge "spare" */
        if (got == nullptr) {
            got = static_cast<chunk *>(malloc(sizeof(chunk)));
        }
        if (got == nullptr) {
            return false;
        }
        got->next = nullptr;
        got->prev = end_chunk;
        end_chunk->next = got;
        end_chunk = got;
        end_pos = 0;
        return true;
    }

    /* The reader's rare branch: begin moves to the next chunk. */
    void leave_chunk()
    {
        chunk *done = begin_chunk;
        begin_chunk = done->next;
        begin_chunk->prev = nullptr;
        begin_pos = 0;
        free(spare.exchange(done, std::memory_order_acq_rel)); /* edge "spare"; acquire: what comes back was the reader's own once */
    }

  public:
    classic_ypipe()
    {
        auto *only = static_cast<chunk *>(calloc(1, sizeof(chunk)));
        if (only == nullptr) {
            throw bench::failure{"no memory"};
        }
        begin_chunk = back_chunk = end_chunk = only;
        r = w = f = only->items;
        c.store(only->items, std::memory_order_relaxed); /* relaxed: before both sides */
    }
    classic_ypipe(const classic_ypipe &) = delete;
    ~classic_ypipe()
    {
        while (begin_chunk != nullptr) {
            chunk *next = begin_chunk == end_chunk ? nullptr : begin_chunk->next;
            free(begin_chunk);
            begin_chunk = next;
        }
        free(spare.load(std::memory_order_relaxed)); /* relaxed: both sides at rest */
    }

    /* Writer. Returns false, and nothing is written, when there is no memory. */
    BENCH_INLINE bool write(const Item &item)
    {
        *back() = item;
        chunk *in = end_chunk;
        unsigned at = end_pos;
        if (at + 1 != granularity) {
            end_pos = at + 1;
        } else if (!next_chunk()) {
            return false;
        }
        back_chunk = in;
        back_pos = at;
        f = back();
        return true;
    }

    /* Writer. Returns false when the reader slept and has to be woken. */
    BENCH_INLINE bool flush()
    {
        if (w == f) {
            return true;
        }
        Item *seen = w;
        bool awake = c.compare_exchange_strong(seen, f, std::memory_order_release, std::memory_order_relaxed); /* edge "item" */
        if (!awake) {
            c.store(f, std::memory_order_release); /* edge "item": the reader sleeps, or looks again by its CAS */
        }
        w = f;
        return awake;
    }

    /* Reader. Returns false when there is nothing; `item` is untouched then, and sleep announced. */
    BENCH_INLINE bool read(Item &item)
    {
        Item *at = front();
        if (r == at || r == nullptr) {
            Item *seen = at;
            c.compare_exchange_strong(seen, nullptr, std::memory_order_acquire, std::memory_order_acquire); /* edge "item" */
            r = seen;
            if (seen == at || seen == nullptr) {
                return false;
            }
        }
        item = *at;
        if (++begin_pos == granularity) {
            leave_chunk();
        }
        return true;
    }
};

#endif
