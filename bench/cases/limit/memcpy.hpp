/* SPDX-License-Identifier: MIT */
/* How fast one thread copies with the C library's memcpy, in the caches and in memory. */

template <size_t Total> struct copying {
    static constexpr size_t half = Total / 2;
    static char *memory() /* made once: to touch the big one takes longer than a slice */
    {
        static char *const made = [] {
            void *at = mmap(nullptr, Total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (at != MAP_FAILED) {
                madvise(at, Total, MADV_HUGEPAGE);
                memset(at, 1, Total);
            }
            return at == MAP_FAILED ? nullptr : static_cast<char *>(at);
        }();
        return made;
    }
    char *from, *to;

    copying() : from(memory()), to(from + half)
    {
        if (from == nullptr) {
            throw bench::failure{"no memory to be had"};
        }
        memset(to, 0, 64);
        memset(to + half - 64, 0, 64);
    }
    void first(bench::slice &s)
    {
        uint64_t stamp = s.seed | 1;
        memcpy(from, &stamp, 8);
        memcpy(from + half - 8, &stamp, 8);
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                memcpy(to, from, half);
                bench::use(to);
            }
            s.operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
        if (memcmp(to, &stamp, 8) != 0 || memcmp(to + half - 8, &stamp, 8) != 0) {
            s.wrong = "the copy is not what was copied";
        }
    }
};

#define LIMIT_MEMCPY_RULES(half) \
    "one thread copies " half " to the " half " beside them, again and again; bytes are counted once; both halves were written before"
static bench::add<copying<16 * 1024>> copying_l1{{.name = "limit-memcpy-l1",
                                                  .title = "memcpy, 16 KiB in use",
                                                  .rules = LIMIT_MEMCPY_RULES("8 KiB"),
                                                  .what = "copy of 8 KiB",
                                                  .in = bench::gigabytes_per_s,
                                                  .bytes = 8 * 1024}};
static bench::add<copying<512 * 1024>> copying_l2{{.name = "limit-memcpy-l2",
                                                   .title = "memcpy, 512 KiB in use",
                                                   .rules = LIMIT_MEMCPY_RULES("256 KiB"),
                                                   .what = "copy of 256 KiB",
                                                   .in = bench::gigabytes_per_s,
                                                   .bytes = 256 * 1024}};
static bench::add<copying<256 * 1024 * 1024>> copying_dram{{.name = "limit-memcpy-dram",
                                                            .title = "memcpy, 256 MiB in use",
                                                            .rules = LIMIT_MEMCPY_RULES("128 MiB"),
                                                            .what = "copy of 128 MiB",
                                                            .in = bench::gigabytes_per_s,
                                                            .bytes = 128 * 1024 * 1024,
                                                            .slice_ns = 100 * 1000000,
                                                            .warm_ns = 0}};
