/* SPDX-License-Identifier: MIT */
/* One thread fills a pipe and empties it: what an item costs as the pipe outgrows the caches. */
#include "cases/pipe/support/flow.hpp"

template <size_t Depth> struct depth {
    using item_type = item<8>;
    static constexpr size_t many = Depth < 32 ? Depth : 32;
    peer<item_type, 2 * Depth + 1> subject; /* more, for readers that say only now and then how far they are */

    depth()
    {
        if (Depth >= 1000000) { /* no warm-up follows: its memory is touched here */
            const char *wrong = nullptr;
            pass(wrong);
        }
    }

    void pass(const char *&wrong)
    {
        expectation expected;
        for (size_t sent = 0; sent < Depth;) {
            size_t count = Depth - sent < many ? Depth - sent : many;
            send_many<item_type, many>(subject, sent + 1, count);
            sent += count;
        }
        while (expected.seen < Depth && expected.wrong == nullptr) {
            receive_many<item_type, many>(subject, expected);
        }
        if (expected.wrong != nullptr) {
            wrong = expected.wrong;
        }
    }

    void first(bench::slice &s)
    {
        const int64_t passes = s.batch / int64_t(Depth) + 1;
        s.start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < passes; i++) {
                pass(s.wrong);
            }
            s.operations += passes * int64_t(Depth);
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
    }
};

#define PIPE_DEPTH(count, words, slice, warm, rounds)                                                                                    \
    static bench::add<depth<count>> items_##count                                                                                        \
    {                                                                                                                                    \
        {                                                                                                                                \
            .name = "pipe-depth-" #count, .title = words " items of 8 B in and out, one thread",                                         \
            .rules =                                                                                                                     \
                "one thread writes " words " items of 8 bytes, 32 to a flush, then takes them all, up to 32 at a time, and checks that " \
                "they count up; the pipe holds twice as many, and has held so many before",                                              \
            .what = "item in and out", .in = bench::ns_per_operation, .slice_ns = slice, .warm_ns = warm, .series = "pipe-depth",        \
            .x = count, .rounds_max = rounds                                                                                             \
        }                                                                                                                                \
    }
PIPE_DEPTH(1, "1", 4000000, 1000000, 0);
PIPE_DEPTH(10, "10", 4000000, 1000000, 0);
PIPE_DEPTH(100, "100", 4000000, 1000000, 0);
PIPE_DEPTH(1000, "1000", 4000000, 1000000, 0);
PIPE_DEPTH(10000, "10000", 4000000, 1000000, 0);
PIPE_DEPTH(100000, "100000", 8000000, 4000000, 0);
PIPE_DEPTH(1000000, "a million", 40000000, 0, 3);
PIPE_DEPTH(10000000, "ten million", 200000000, 0, 3);
