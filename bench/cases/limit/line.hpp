/* SPDX-License-Identifier: MIT */
/* What it takes to hand lines of memory from core to core: one there and back, and as many as possible one way. */
#include "cases/pipe/support/flow.hpp"

struct line_roundtrip {
    alignas(128) std::atomic<uint64_t> line{0}; /* 2i + 1 on its way there, 2i + 2 on its way back */
    alignas(128) durations trips{1 << 18};

    void first(bench::slice &s)
    {
        uint64_t at = 0;
        const uint64_t begun = ticks();
        s.start_ns = bench::now_ns();
        uint64_t before = begun;
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                line.store(at + 1, std::memory_order_release);
                at += 2;
                while (line.load(std::memory_order_acquire) != at) {
                }
                uint64_t after = ticks();
                trips.add(after - before);
                before = after;
            }
            s.end_ns = bench::now_ns();
        } while (s.end_ns - s.start_ns < s.length_ns);
        const uint64_t elapsed = ticks() - begun;
        line.store(last_number, std::memory_order_release);
        while (line.load(std::memory_order_acquire) != 0) { /* the other is done with it */
        }
        s.operations = int64_t(at / 2);
        trips.report(s, elapsed);
    }

    void second(bench::slice &s)
    {
        uint64_t at = 0, seen;
        for (;;) {
            while ((seen = line.load(std::memory_order_acquire)) == at) {
            }
            if (seen == last_number) {
                break;
            }
            if (seen != at + 1) {
                s.wrong = "the line brought another number than the next";
            }
            at += 2;
            line.store(at, std::memory_order_release);
        }
        line.store(0, std::memory_order_release);
        s.operations = int64_t(at / 2);
    }
};

/* Whole lines, every byte written here and read there; a block is handed over at once, so that the handing over costs nothing. */
struct line_transfer {
    static constexpr size_t block_bytes = 32 * 1024, blocks = 8, words = block_bytes / 8;
    alignas(4096) uint64_t block[blocks][words] = {};
    alignas(128) std::atomic<uint64_t> written{0}; /* blocks; the writer's; ends with the top bit */
    alignas(128) std::atomic<uint64_t> read{0};    /* blocks; the reader's */
    static constexpr uint64_t ended = uint64_t(1) << 63;

    void first(bench::slice &s)
    {
        uint64_t at = 0;
        s.start_ns = bench::now_ns();
        for (;;) {
            uint64_t there;
            while ((there = written.load(std::memory_order_acquire)) == at) {
                bench::relax();
            }
            if (there == (at | ended)) {
                break;
            }
            const uint64_t *from = block[at % blocks];
            uint64_t sum = 0;
            for (size_t i = 0; i < words; i++) {
                sum += from[i];
            }
            if (sum != words * (at * words) + words * (words - 1) / 2) {
                s.wrong = "a block came with other words than were written";
            }
            read.store(++at, std::memory_order_release);
        }
        s.end_ns = bench::now_ns();
        s.operations = int64_t(at);
        written.store(0, std::memory_order_relaxed); /* relaxed, both: the writer has ended, what starts it again orders them */
        read.store(0, std::memory_order_relaxed);
    }

    void second(bench::slice &s)
    {
        uint64_t at = 0;
        const int64_t start_ns = bench::now_ns();
        do {
            for (int64_t i = 0; i < s.batch; i++) {
                while (at - read.load(std::memory_order_acquire) == blocks) {
                    bench::relax();
                }
                uint64_t *to = block[at % blocks];
                for (size_t k = 0; k < words; k++) {
                    to[k] = at * words + k;
                }
                written.store(++at, std::memory_order_release);
            }
        } while (bench::now_ns() - start_ns < s.length_ns);
        s.operations = int64_t(at);
        written.store(at | ended, std::memory_order_release);
    }
};

static bench::add<line_roundtrip> line_there_and_back{{"limit-line-roundtrip", "a line there and back",
                                                       "one thread stores a number into a line of memory and waits for the next one, the "
                                                       "other stores that as soon as it sees the first; both "
                                                       "look again at once; each trip is timed: median and 99th percentile",
                                                       "round trip", bench::ns_per_operation}};
static bench::add<line_transfer> line_one_way{
    {.name = "limit-line-transfer",
     .title = "lines from core to core",
     .rules =
         "one thread fills a block of 32 KiB with counting words of 8 bytes and hands it over, the other sums all of them and checks the "
         "sum; eight blocks go round",
     .what = "block of 512 lines",
     .in = bench::gigabytes_per_s,
     .bytes = line_transfer::block_bytes}};
