/* SPDX-License-Identifier: MIT */
/* What it costs to hear that the pool is used up: the answer must be as exact as it is quick. */
struct limited {
    static constexpr bool possible = peer<64>::limited;
    static constexpr int most = 64;

    peer<64> subject{most, true};
    void *blocks[most];
    int out = 0;

    limited()
    {
        while (out < most && (blocks[out] = subject.alloc(0)) != nullptr) {
            bench::use(blocks[out]);
            out++;
        }
    }
    ~limited()
    {
        while (out > 0) {
            subject.free(0, blocks[--out]);
        }
    }

    void first(bench::slice &s)
    {
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                void *block = subject.alloc(0);
                bench::use(block);
                if (block != nullptr) {
                    subject.free(0, block);
                    s.wrong = "more blocks than the limit";
                }
            }
            s.operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns && s.wrong == nullptr);
        if (out != most) {
            s.wrong = "fewer blocks than the limit";
        }
    }
};

static bench::add<limited> limited_64{{"pool-limit-64", "64 B alloc, all 64 blocks out",
                                       "a pool of 64 blocks of 64 B, all of them out: one thread asks for one more and is refused",
                                       "refused alloc", bench::ns_per_operation}};
