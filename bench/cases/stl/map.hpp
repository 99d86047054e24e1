/* SPDX-License-Identifier: MIT */
/* std::map, about 1000 keys: one taken out, one put in. Most of the time is the tree's. */
#include <map>

struct map_churn {
    static constexpr uint64_t keys = 2048;
    struct value {
        unsigned char more[40];
    };
    using map = std::map<uint64_t, value, std::less<uint64_t>, peer::allocator<std::pair<const uint64_t, value>>>;

    peer subject;
    map items{subject.get<std::pair<const uint64_t, value>>()};
    uint64_t in = 0;

    void first(bench::slice &s)
    {
        uint64_t state = s.seed;
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                const uint64_t draw = bench::random(state);
                in -= items.erase(draw % keys);
                in += items.emplace((draw >> 32) % keys, value{}).second;
                bench::use(&items);
            }
            s.operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
        if (items.size() != in) {
            s.wrong = "an element was lost";
        }
    }
};

static bench::add<map_churn> map_1000{{"stl-map", "std::map, about 1000 elements of 48 B, one out, one in",
                                       "one thread erases a key drawn at random, if it is there, and emplaces another", "erase + emplace",
                                       bench::ns_per_operation}};
