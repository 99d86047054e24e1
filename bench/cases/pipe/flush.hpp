/* SPDX-License-Identifier: MIT */
/* Two threads on two cores, one item at a time: each is flushed as soon as it is written. */
#include "cases/pipe/support/flow.hpp"

template <size_t Bytes, size_t Capacity> struct flush_each {
    using item_type = item<Bytes>;
    peer<item_type, Capacity> subject;

    void first(bench::slice &s)
    {
        expectation expected;
        s.start_ns = bench::now_ns();
        while (!expected.ended) {
            receive<item_type>(subject, expected);
        }
        s.end_ns = bench::now_ns();
        s.operations = int64_t(expected.seen);
        s.wrong = expected.wrong;
    }

    void second(bench::slice &s)
    {
        const int64_t batch = s.batch;
        const int64_t start_ns = bench::now_ns();
        uint64_t number = 0;
        do {
            for (int64_t i = 0; i < batch; i++) {
                send<item_type>(subject, ++number);
            }
        } while (bench::now_ns() - start_ns < s.length_ns);
        send<item_type>(subject, last_number);
        s.operations = int64_t(number);
    }
};

#define PIPE_FLUSH_RULES(capacity)                                                                                            \
    "one thread fills all words of an item and flushes it, the other takes it and checks that first and last word count up; " \
    "about " capacity                                                                                                         \
    " items may lie between; who finds it full or empty looks again at once, unless the peer can only sleep; nobody has to be woken"
static bench::add<flush_each<8, 1024>> flush_8{
    {"pipe-flush-8", "8 B items, a flush for each", PIPE_FLUSH_RULES("1024"), "item", bench::millions_per_s}};
static bench::add<flush_each<16, 1024>> flush_16{
    {"pipe-flush-16", "16 B items, a flush for each", PIPE_FLUSH_RULES("1024"), "item", bench::millions_per_s}};
static bench::add<flush_each<56, 1024>> flush_56{
    {"pipe-flush-56", "56 B items, a flush for each", PIPE_FLUSH_RULES("1024"), "item", bench::millions_per_s}};
static bench::add<flush_each<64, 1024>> flush_64{
    {"pipe-flush-64", "64 B items, a flush for each", PIPE_FLUSH_RULES("1024"), "item", bench::millions_per_s}};
static bench::add<flush_each<8, 65536>> flush_8_64k{
    {"pipe-flush-8-64k", "8 B items, a flush for each, 65536 deep", PIPE_FLUSH_RULES("65536"), "item", bench::millions_per_s}};
