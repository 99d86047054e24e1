/* SPDX-License-Identifier: MIT */
/* What it costs to announce sleep and withdraw it, for the one that does and for a thread that has nothing to do with it. */
#include <atomic>

/* The other core only counts. */
struct park {
    peer subject;
    alignas(128) std::atomic<int64_t> done{0}; /* operations, once the first side is through; edge "done" */

    void first(bench::slice &s)
    {
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                if (!subject.announce()) {
                    s.wrong = "an empty pipe did not let its reader sleep";
                }
                subject.withdraw();
            }
            s.operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
        done.store(s.operations, std::memory_order_release); /* edge "done" */
    }

    void second(bench::slice &s)
    {
        uint64_t work = s.seed;
        do {
            for (int i = 0; i < 64; i++) {
                bench::random(work);
                bench::use(&work);
            }
        } while (done.load(std::memory_order_acquire) == 0);        /* edge "done" */
        s.operations = done.exchange(0, std::memory_order_relaxed); /* relaxed: the first side waits for the slice's end */
    }
};

/* The writer flushes into a pipe of its own and empties it; the reader of another pipe announces and withdraws, every 20 us. */
struct disturb {
    static constexpr int64_t every_ns = 20000;
    peer own, others;
    alignas(128) std::atomic<int64_t> done{0}; /* as park's */

    void first(bench::slice &s)
    {
        uint64_t number = 0, item;
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                if (!own.put(++number) || !own.get(item) || item != number) {
                    s.wrong = "an item did not come out";
                }
            }
            s.operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
        done.store(s.operations, std::memory_order_release); /* edge "done" */
    }

    void second(bench::slice &s)
    {
        int64_t next_ns = bench::now_ns() + every_ns;
        do {
            if (bench::now_ns() >= next_ns) {
                next_ns += every_ns;
                if (!others.announce()) {
                    s.wrong = "an empty pipe did not let its reader sleep";
                }
                others.withdraw();
            }
        } while (done.load(std::memory_order_acquire) == 0);        /* edge "done" */
        s.operations = done.exchange(0, std::memory_order_relaxed); /* relaxed: the first side waits for the slice's end */
    }
};

static bench::add<park> sleep_park{{"sleep-park", "announce sleep and withdraw it",
                                    "one thread announces sleep on an empty pipe, looks once more and withdraws, again and again, and "
                                    "never parks; the other computes on its "
                                    "own core and touches nothing of the pipe",
                                    "announce + withdraw", bench::ns_per_operation}};
static bench::add<disturb> sleep_disturb{{"sleep-disturb", "flushes while another reader falls asleep",
                                          "one thread writes an item of 8 bytes into a pipe of its own, flushes it and takes it again; the "
                                          "other announces sleep on another, empty "
                                          "pipe every 20 us, or as often as it can, and withdraws it",
                                          "flush", bench::millions_per_s}};
