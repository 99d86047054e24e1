/* SPDX-License-Identifier: MIT */
/* std::list, 1000 elements: one taken out, one put in, anywhere. */
#include <list>
#include <vector>

struct list_churn {
    static constexpr int count = 1000;
    struct element {
        uint64_t key;
        unsigned char more[40];
    };
    using list = std::list<element, peer::allocator<element>>;

    peer subject;
    list items{subject.get<element>()};
    std::vector<typename list::iterator> places;

    list_churn()
    {
        for (int i = 0; i < count; i++) {
            places.push_back(items.insert(items.end(), element{uint64_t(i), {}}));
        }
    }

    void first(bench::slice &s)
    {
        uint64_t state = s.seed;
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                const uint64_t draw = bench::random(state);
                const size_t at = draw % count, before = (draw >> 32) % count;
                items.erase(places[at]);
                places[at] = items.insert(at == before ? items.end() : places[before], element{at, {}});
                bench::use(&*places[at]);
            }
            s.operations += s.batch;
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
        if (items.size() != count) {
            s.wrong = "an element was lost";
        }
    }
};

static bench::add<list_churn> list_1000{{"stl-list", "std::list, 1000 elements of 48 B, one out, one in",
                                         "one thread erases an element drawn at random and inserts one before another", "erase + insert",
                                         bench::ns_per_operation}};
