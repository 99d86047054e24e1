/* SPDX-License-Identifier: MIT */
/*
 * What the process grows by while blocks are handed from thread to thread for most of a minute: a pool that keeps what comes home at the
 * other side would grow for ever. Only for a peer that says so (`resident`): it takes as long as it says.
 */
#include "cases/pool/support/queue.hpp"

#include <sched.h>

template <class Peer> struct resident {
    static constexpr bool possible = requires
    {
        Peer::resident;
    };
    static constexpr int64_t settle_ns = 5000000000;

    Peer subject{(queue_batches + 2) * queue_batch, false};
    pointer_queue queue;
    std::atomic<int> end{0}; /* the producer has filled its last batch: written by it, release */

    void first(bench::slice &s)
    {
        int64_t settled = -1, now;
        s.start_ns = bench::now_ns();
        do {
            for (int i = 0; i < 1000 && s.wrong == nullptr; i++) {
                void **batch = queue.to_fill();
                for (int b = 0; b < queue_batch; b++) {
                    batch[b] = subject.alloc(0);
                    if (batch[b] == nullptr) {
                        s.wrong = "no block to be had";
                        batch[b] = &queue; /* never looked at: the run is over */
                    }
                }
                queue.fill();
                s.operations++;
            }
            now = bench::now_ns();
            if (settled < 0 && now - s.start_ns > settle_ns) {
                memory_held();
                settled = memory_held();
            }
        } while (now - s.start_ns < s.length_ns && s.wrong == nullptr);
        end.store(1, std::memory_order_release);
        queue.drain();
        int64_t grown = memory_held() - settled;
        s.value = settled < 0 || grown < 0 ? 0 : double(grown);
        s.end_ns = bench::now_ns();
    }

    void second(bench::slice &s)
    {
        for (;;) {
            bool last = end.load(std::memory_order_acquire) == 1;
            void **batch = queue.to_empty();
            if (batch != nullptr) {
                for (int b = 0; b < queue_batch; b++) {
                    subject.free(1, batch[b]);
                }
                queue.empty();
                s.operations++;
            } else if (last) {
                return;
            } else {
                bench::relax();
            }
        }
    }
};

static bench::add<resident<peer<64>>> resident_64{
    {.name = "pool-resident",
     .title = "growth of the process in 45 s of hand-over, 64 B",
     .rules = "as pool-handover-64, the bytes of the blocks untouched; the growth of the process from "
              "the fifth second to the end",
     .what = "run",
     .in = bench::bytes_per_item,
     .slice_ns = 50000000000,
     .warm_ns = 0,
     .rounds_max = 1}};
