/* SPDX-License-Identifier: MIT */
/* Readers that sleep when there is nothing: there and back again, and one way to a reader that is surely asleep. */
#include "cases/pipe/support/flow.hpp"

template <class Sleeper> struct roundtrip_sleep {
    using item_type = item<8>;
    static constexpr bool possible = !std::is_same_v<Sleeper, no_sleeper>;
    Sleeper there, back;
    durations trips{1 << 19};

    void first(bench::slice &s)
    {
        expectation expected;
        item_type item;
        const uint64_t begun = ticks();
        s.start_ns = bench::now_ns();
        uint64_t before = begun;
        do {
            compose(item, expected.seen + 1);
            there.send(item);
            back.receive(item);
            expected.check(item);
            uint64_t after = ticks();
            trips.add(after - before);
            before = after;
            s.end_ns = bench::now_ns(); /* each time: a trip may take long */
        } while (s.end_ns - s.start_ns < s.length_ns);
        const uint64_t elapsed = ticks() - begun;
        compose(item, last_number);
        there.send(item);
        s.operations = int64_t(expected.seen);
        s.wrong = expected.wrong;
        trips.report(s, elapsed);
    }

    void second(bench::slice &s)
    {
        expectation expected;
        item_type item;
        for (;;) {
            there.receive(item);
            expected.check(item);
            if (expected.ended) {
                break;
            }
            back.send(item);
        }
        s.operations = int64_t(expected.seen);
        s.wrong = expected.wrong;
    }
};

template <class Sleeper> struct wake {
    using item_type = item<16>; /* number and, in the last word, when it was sent */
    static constexpr bool possible = !std::is_same_v<Sleeper, no_sleeper>;
    static constexpr int64_t rest_ns = 200000;
    Sleeper subject;
    durations ways{1 << 14};

    void first(bench::slice &s)
    {
        item_type item;
        uint64_t seen = 0;
        const uint64_t begun = ticks();
        s.start_ns = bench::now_ns();
        for (;;) {
            subject.receive(item);
            uint64_t now = ticks();
            if (item.words[0] == last_number) {
                break;
            }
            if (item.words[0] != ++seen) {
                s.wrong = "an item came out that was not the next one written";
                seen = item.words[0];
            }
            ways.add(now - item.words[1]);
        }
        s.end_ns = bench::now_ns();
        s.operations = int64_t(seen);
        ways.report(s, ticks() - begun);
    }

    void second(bench::slice &s)
    {
        item_type item;
        const int64_t start_ns = bench::now_ns();
        int64_t sent_ns = start_ns;
        uint64_t number = 0;
        for (;;) {
            while (bench::now_ns() - sent_ns < rest_ns) {
            }
            sent_ns = bench::now_ns();
            bool last = sent_ns - start_ns >= s.length_ns;
            item.words[0] = last ? last_number : ++number;
            item.words[1] = ticks();
            subject.send(item);
            if (last) {
                break;
            }
        }
        s.operations = int64_t(number);
    }
};

static bench::add<roundtrip_sleep<sleeper_of<peer<item<8>, 1024>>::type>> roundtrip_asleep{
    {.name = "pipe-roundtrip-sleep",
     .title = "8 B there and back, readers may sleep",
     .rules =
         "two pipes with room for about 1024 items of 8 bytes; one thread sends a number and waits for it to come back, the other sends "
         "back what it gets; both wait by the peer's own call, which spins first as the peer does by default and then sleeps in the "
         "kernel; each trip is timed: median and 99th percentile",
     .what = "round trip",
     .in = bench::ns_per_operation,
     .slice_ns = 40000000,
     .warm_ns = 2000000}};
static bench::add<wake<sleeper_of<peer<item<16>, 1024>>::type>> wake_reader{
    {.name = "pipe-wake",
     .title = "one way to a reader that sleeps",
     .rules = "the reader waits by the peer's own call; the writer stays busy for 200 us, so that the reader is asleep, takes the time and "
              "sends it in an item of 16 bytes; the reader takes the time when it has it: median and 99th percentile of the difference",
     .what = "wake-up",
     .in = bench::ns_per_operation,
     .slice_ns = 80000000,
     .warm_ns = 2000000}};
