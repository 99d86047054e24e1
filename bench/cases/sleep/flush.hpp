/* SPDX-License-Identifier: MIT */
/* What a writer pays with every flush so that its reader could sleep. */

struct flush_never_parked {
    static constexpr uint64_t last_item = UINT64_MAX;
    peer subject;

    void first(bench::slice &s)
    {
        uint64_t item, seen = 0;
        s.start_ns = bench::now_ns();
        for (;;) {
            while (!subject.get(item)) {
            }
            if (item == last_item) {
                break;
            }
            if (item != ++seen) {
                s.wrong = "an item came out that was not the next one written";
                seen = item;
            }
        }
        s.end_ns = bench::now_ns();
        s.operations = int64_t(seen);
    }

    void second(bench::slice &s)
    {
        const int64_t start_ns = bench::now_ns();
        uint64_t number = 0;
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                put(++number);
            }
        } while (bench::now_ns() - start_ns < s.length_ns);
        put(last_item);
        s.operations = int64_t(number);
    }

  private:
    BENCH_INLINE void put(uint64_t item)
    {
        while (!subject.put(item)) {
        }
    }
};

static bench::add<flush_never_parked> sleep_flush_8{{"sleep-flush-8", "8 B items, a flush for each, nobody sleeps",
                                                     "one thread writes items of 8 bytes and flushes each, the other takes them and checks "
                                                     "that they count up; 1024 may lie between; both look "
                                                     "again at once and never announce sleep; the writer could wake a sleeper all the same",
                                                     "item", bench::millions_per_s}};
