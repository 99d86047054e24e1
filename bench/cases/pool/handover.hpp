/* SPDX-License-Identifier: MIT */
/* One thread takes blocks, another gives them back: what a cache of one thread alone cannot serve. */
#include "cases/pool/support/queue.hpp"

template <size_t Bytes> struct handover {
    static constexpr bool possible = peer<Bytes>::two_threads;

    peer<Bytes> subject{(queue_batches + 2) * queue_batch, false};
    pointer_queue queue;
    uint64_t sent = 0;                          /* the producer's: the number that the next block carries */
    uint64_t received = 0;                      /* the consumer's */
    uint64_t turn = 0;                          /* the consumer's: how often second() was called */
    uint64_t turns = 0;                         /* the producer's */
    alignas(128) std::atomic<uint64_t> over{0}; /* the last turn that the producer ended, after its last batch: written by it */

    /* Takes blocks for a batch; or gives back those it got. */
    bool take(void **batch)
    {
        for (int i = 0; i < queue_batch; i++) {
            auto *block = static_cast<uint64_t *>(subject.alloc(0));
            if (block == nullptr) {
                while (i > 0) {
                    subject.free(0, batch[--i]);
                }
                return false;
            }
            *block = sent + uint64_t(i);
            bench::use(block);
            batch[i] = block;
        }
        return true;
    }

    void first(bench::slice &s)
    {
        turns++;
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch && s.wrong == nullptr; i += queue_batch) {
                if (take(queue.to_fill())) {
                    queue.fill();
                    sent += queue_batch;
                    s.operations += queue_batch;
                } else {
                    s.wrong = "no block to be had";
                }
            }
        } while (bench::now_ns() - s.start_ns < s.length_ns && s.wrong == nullptr);
        over.store(turns, std::memory_order_release); /* whoever sees it sees all that was filled */
        queue.drain();
        s.end_ns = bench::now_ns();
    }

    void give_back(void **batch, bench::slice &s)
    {
        for (int i = 0; i < queue_batch; i++) {
            auto *block = static_cast<uint64_t *>(batch[i]);
            if (*block != received + uint64_t(i)) {
                s.wrong = "a block changed on its way";
            }
            bench::use(block);
            subject.free(1, block);
        }
    }

    void second(bench::slice &s)
    {
        turn++;
        for (;;) {
            bool last = over.load(std::memory_order_acquire) == turn; /* before the look, so that nothing is left behind */
            void **batch = queue.to_empty();
            if (batch != nullptr) {
                give_back(batch, s);
                queue.empty();
                received += queue_batch;
                s.operations += queue_batch;
            } else if (last) {
                return;
            } else {
                bench::relax();
            }
        }
    }
};

#define POOL_HANDOVER_RULES                                                                                                          \
    "one thread takes blocks, writes the first 8 bytes and sends the pointers in batches of 64 through one queue of 1024, the same " \
    "for all peers; another reads and checks those bytes and gives the blocks back"
static bench::add<handover<64>> handover_64{
    {"pool-handover-64", "64 B, one thread to another", POOL_HANDOVER_RULES, "block", bench::millions_per_s}};
static bench::add<handover<1024>> handover_1024{
    {"pool-handover-1024", "1024 B, one thread to another", POOL_HANDOVER_RULES, "block", bench::millions_per_s}};
