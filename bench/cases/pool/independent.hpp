/* SPDX-License-Identifier: MIT */
/* Two threads use one pool without having anything to do with each other: together they should do twice what one does. */
#include "cases/pool/support/pairs.hpp"

#include <atomic>

struct independent {
    static constexpr bool possible = peer<64>::two_threads;

    peer<64> subject{2, false};
    uint64_t turns[2] = {0, 0}; /* each side's: how often it was called */
    /* Edge "result": what a side wrote before it raised its word is seen by the other that saw it raised. */
    struct alignas(128) result {
        std::atomic<uint64_t> turn{0}; /* the turn that this side has ended: written by it */
        int64_t operations;            /* its own, until it ends a turn again */
        double rate;
    } results[2];

    void publish(int side, int64_t operations, int64_t took_ns)
    {
        results[side].operations = operations;
        results[side].rate = double(operations) / double(took_ns) * 1000;
        results[side].turn.store(turns[side], std::memory_order_release); /* edge "result" */
    }

    void first(bench::slice &s)
    {
        int64_t operations = 0;
        turns[0]++;
        s.start_ns = bench::now_ns();
        do {
            if (!pool_pairs(subject, 0, s.batch)) {
                s.wrong = "no block to be had";
            }
            operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns && s.wrong == nullptr);
        publish(0, operations, s.end_ns - s.start_ns);
        while (results[1].turn.load(std::memory_order_acquire) != turns[0]) { /* edge "result" */
            bench::relax();
        }
        /* Each side's speed by its own clock, so that it matters not that they do not begin and end together. */
        s.value = results[0].rate + results[1].rate;
        s.operations = results[0].operations + results[1].operations;
    }

    void second(bench::slice &s)
    {
        int64_t operations = 0;
        turns[1]++;
        int64_t start_ns = bench::now_ns();
        do {
            if (!pool_pairs(subject, 1, s.batch)) {
                s.wrong = "no block to be had";
            }
            operations += s.batch;
        } while (results[0].turn.load(std::memory_order_acquire) != turns[1] && s.wrong == nullptr); /* edge "result" */
        int64_t took_ns = bench::now_ns() - start_ns;
        while (results[0].turn.load(std::memory_order_acquire) != turns[1]) { /* edge "result" */
            bench::relax();
        }
        s.operations = operations + results[0].operations;
        publish(1, operations, took_ns);
    }
};

/* The same by one thread, in the same unit. */
struct independent_base {
    static constexpr bool possible = peer<64>::two_threads;

    peer<64> subject{2, false};

    void first(bench::slice &s)
    {
        s.start_ns = bench::now_ns();
        do {
            if (!pool_pairs(subject, 0, s.batch)) {
                s.wrong = "no block to be had";
            }
            s.operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns && s.wrong == nullptr);
    }
};

static bench::add<independent> independent_64{
    {"pool-independent-64", "64 B alloc + free, two threads apart",
     "each of two threads takes a block of the same pool and gives it back at once; nobody touches its bytes; the sum of both", "pair",
     bench::millions_per_s}};
static bench::add<independent_base> independent_64_base{{"pool-independent-64-base", "64 B alloc + free, one of these threads alone",
                                                         "as pool-independent-64, but the second thread does nothing", "pair",
                                                         bench::millions_per_s}};
