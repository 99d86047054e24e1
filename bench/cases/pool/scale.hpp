/* SPDX-License-Identifier: MIT */
/* One thread, from one to ten million blocks out at once: where the caches of the pool end, and those of the machine. */
#include <numeric>
#include <sys/mman.h>

template <int64_t Count> struct scale {
    peer<64> subject{Count, false};
    uint64_t **blocks; /* mapped, so that no peer that is the process's malloc has to serve it too */
    uint64_t state = Count;

    scale()
    {
        void *map = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (map == MAP_FAILED) {
            throw bench::failure{"no memory for the pointers"};
        }
        blocks = static_cast<uint64_t **>(map);
        round(); /* not measured: the blocks are then scattered, and the kernel has given what memory the peer keeps */
    }
    ~scale()
    {
        munmap(blocks, bytes());
    }
    static constexpr size_t bytes()
    {
        return size_t(Count) * sizeof(uint64_t *);
    }

    /* Steps of about the golden section of all, so that no two that come soon after each other are neighbours, but all are met once. */
    static int64_t step(uint64_t draw)
    {
        int64_t step = int64_t(double(Count) * 0.6180339887) + int64_t(draw % 16);
        while (std::gcd(step, Count) != 1) {
            step++;
        }
        return step % Count;
    }

    const char *round()
    {
        for (int64_t i = 0; i < Count; i++) {
            auto *block = static_cast<uint64_t *>(subject.alloc(0));
            if (block == nullptr) {
                while (i > 0) {
                    subject.free(0, blocks[--i]);
                }
                return "no block to be had";
            }
            *block = uint64_t(i);
            bench::use(block);
            blocks[i] = block;
        }
        uint64_t draw = bench::random(state), changed = 0;
        const int64_t by = step(draw);
        int64_t at = int64_t(draw >> 32) % Count;
        for (int64_t i = 0; i < Count; i++) {
            uint64_t *block = blocks[at];
            changed |= *block ^ uint64_t(at);
            bench::use(block);
            subject.free(0, block);
            at += by;
            at -= at >= Count ? Count : 0;
        }
        return changed == 0 ? nullptr : "a block changed while it was out";
    }

    void first(bench::slice &s)
    {
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch && s.wrong == nullptr; i += Count) {
                s.wrong = round();
                s.operations += Count;
            }
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns && s.wrong == nullptr);
    }
};

#define POOL_SCALE(count, words, slice, warm, rounds)                                                                                \
    static bench::add<scale<count>> scale_##count                                                                                    \
    {                                                                                                                                \
        {                                                                                                                            \
            .name = "pool-scale-" #count, .title = words " of 64 B out",                                                             \
            .rules = "one thread takes all blocks, writing the first 8 bytes of each, then reads and checks those and gives all "    \
                     "back, far from each other and in another order every time; once before the clock starts",                      \
            .what = "pair", .in = bench::ns_per_operation, .slice_ns = (slice)*int64_t(1000000), .warm_ns = (warm)*int64_t(1000000), \
            .series = "pool-scale", .x = count, .rounds_max = rounds                                                                 \
        }                                                                                                                            \
    }
POOL_SCALE(1, "1", 8, 1, 0);
POOL_SCALE(10, "10", 8, 1, 0);
POOL_SCALE(100, "100", 8, 1, 0);
POOL_SCALE(1000, "1000", 8, 1, 0);
POOL_SCALE(10000, "10,000", 8, 1, 0);
POOL_SCALE(100000, "100,000", 40, 0, 10);
POOL_SCALE(1000000, "1,000,000", 200, 0, 3);
POOL_SCALE(10000000, "10,000,000", 2000, 0, 1);
