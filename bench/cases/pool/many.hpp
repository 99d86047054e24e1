/* SPDX-License-Identifier: MIT */
/* One thread, 32 blocks in one call. */
template <size_t Bytes> struct many {
    static constexpr bool possible = peer<Bytes>::many;
    static constexpr int count = 32;

    peer<Bytes> subject{count, false};

    void first(bench::slice &s)
    {
        void *blocks[count];
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i += count) {
                int got = subject.alloc_many(0, blocks, count);
                bench::use(blocks);
                subject.free_many(0, blocks, got);
                if (got != count) {
                    s.wrong = "fewer blocks than asked for";
                }
                s.operations += count;
            }
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns && s.wrong == nullptr);
    }
};

static bench::add<many<64>> many_64{{"pool-many-64", "32 of 64 B alloc + free in one call each",
                                     "one thread takes 32 blocks in one call and gives them back in one; nobody touches their bytes",
                                     "pair", bench::ns_per_operation}};
