/* SPDX-License-Identifier: MIT */
/* Two pipes, one item: there and back again, both sides looking all the time. */
#include "cases/pipe/support/flow.hpp"

struct roundtrip {
    using item_type = item<8>;
    using peer_type = peer<item_type, 1024>;
    static constexpr bool possible = polls<peer_type>;
    peer_type there, back;
    durations trips{1 << 18};

    void first(bench::slice &s)
    {
        expectation expected;
        const uint64_t begun = ticks();
        s.start_ns = bench::now_ns();
        uint64_t before = begun;
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                send<item_type>(there, expected.seen + 1);
                receive<item_type>(back, expected);
                uint64_t after = ticks();
                trips.add(after - before);
                before = after;
            }
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
        const uint64_t elapsed = ticks() - begun;
        send<item_type>(there, last_number);
        s.operations = int64_t(expected.seen);
        s.wrong = expected.wrong;
        trips.report(s, elapsed);
    }

    void second(bench::slice &s)
    {
        expectation expected;
        for (;;) {
            receive<item_type>(there, expected);
            if (expected.ended) {
                break;
            }
            send<item_type>(back, expected.seen);
        }
        s.operations = int64_t(expected.seen);
        s.wrong = expected.wrong;
    }
};

static bench::add<roundtrip> roundtrip_8{{"pipe-roundtrip-8", "8 B there and back, no sleep",
                                          "two pipes with room for about 1024 items of 8 bytes; one thread sends a number and waits for it "
                                          "to come back, the other sends back what "
                                          "it gets; both look again at once; each trip is timed: median and 99th percentile",
                                          "round trip", bench::ns_per_operation}};
