/* SPDX-License-Identifier: MIT */
/* Two threads on two cores, many items at a time: one flush makes all of them visible. */
#include "cases/pipe/support/flow.hpp"

template <size_t Bytes, size_t Many> struct flush_many {
    using item_type = item<Bytes>;
    peer<item_type, 1024> subject;

    void first(bench::slice &s)
    {
        expectation expected;
        s.start_ns = bench::now_ns();
        while (!expected.ended) {
            receive_many<item_type, Many>(subject, expected);
        }
        s.end_ns = bench::now_ns();
        s.operations = int64_t(expected.seen);
        s.wrong = expected.wrong;
    }

    void second(bench::slice &s)
    {
        const int64_t bursts = s.batch / int64_t(Many) + 1;
        const int64_t start_ns = bench::now_ns();
        uint64_t number = 1;
        do {
            for (int64_t i = 0; i < bursts; i++) {
                send_many<item_type, Many>(subject, number, Many);
                number += Many;
            }
        } while (bench::now_ns() - start_ns < s.length_ns);
        send_many<item_type, Many>(subject, last_number, 1);
        s.operations = int64_t(number - 1);
    }
};

#define PIPE_BATCH_RULES(many)                                                                                                             \
    "one thread fills all words of " many                                                                                                  \
    " items and makes them visible at once, by the peer's call for many where it has one; the other "                                      \
    "takes up to " many " likewise and checks that first and last words count up; about 1024 items may lie between; who finds it full or " \
    "empty looks again at once, unless the peer can only sleep; nobody has to be woken"
static bench::add<flush_many<8, 32>> batch32_8{
    {"pipe-batch32-8", "8 B items, 32 at a time", PIPE_BATCH_RULES("32"), "item", bench::millions_per_s}};
static bench::add<flush_many<8, 256>> batch256_8{
    {"pipe-batch256-8", "8 B items, 256 at a time", PIPE_BATCH_RULES("256"), "item", bench::millions_per_s}};
static bench::add<flush_many<64, 32>> batch32_64{
    {"pipe-batch32-64", "64 B items, 32 at a time", PIPE_BATCH_RULES("32"), "item", bench::millions_per_s}};
static bench::add<flush_many<64, 256>> batch256_64{
    {"pipe-batch256-64", "64 B items, 256 at a time", PIPE_BATCH_RULES("256"), "item", bench::millions_per_s}};
