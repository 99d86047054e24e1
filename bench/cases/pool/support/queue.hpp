/* SPDX-License-Identifier: MIT */
/*
 * What the handover cases send blocks through: a ring of batches for one producer and one consumer, the same for all peers. A batch is
 * filled and emptied where it lies.
 *
 * I1  the producer writes batch `filled` and no other, the consumer reads those from `emptied` up to `filled`.
 *
 * Edges: "filled":  a batch's pointers, and the bytes of its blocks, are seen by the consumer.
 *        "emptied": the consumer is done with a batch before the producer writes there again.
 */
#ifndef BENCH_POOL_QUEUE_HPP
#define BENCH_POOL_QUEUE_HPP

#include <atomic>

constexpr int queue_batch = 64, queue_batches = 16; /* 1024 pointers */

struct pointer_queue {
    alignas(128) std::atomic<uint64_t> filled{0};  /* counts batches: written by the producer */
    alignas(128) std::atomic<uint64_t> emptied{0}; /* counts batches: written by the consumer */
    alignas(128) void *batches[queue_batches][queue_batch];

    /* The batch to fill next, when it is free. */
    void **to_fill()
    {
        uint64_t next = filled.load(std::memory_order_relaxed);                   /* relaxed: the producer's own */
        while (next - emptied.load(std::memory_order_acquire) == queue_batches) { /* edge "emptied" */
            bench::relax();
        }
        return batches[next % queue_batches];
    }
    void fill()
    {
        filled.store(filled.load(std::memory_order_relaxed) + 1, std::memory_order_release); /* edge "filled" */
    }
    /* The oldest batch, or nullptr: there is none. */
    void **to_empty()
    {
        uint64_t next = emptied.load(std::memory_order_relaxed);    /* relaxed: the consumer's own */
        bool none = filled.load(std::memory_order_acquire) == next; /* edge "filled" */
        return none ? nullptr : batches[next % queue_batches];
    }
    void empty()
    {
        emptied.store(emptied.load(std::memory_order_relaxed) + 1, std::memory_order_release); /* edge "emptied" */
    }
    /* The producer waits until nothing is left. */
    void drain() const
    {
        while (emptied.load(std::memory_order_acquire) != filled.load(std::memory_order_relaxed)) { /* edge "emptied" */
            bench::relax();
        }
    }
};
#endif
