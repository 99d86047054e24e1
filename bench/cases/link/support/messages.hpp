/* SPDX-License-Identifier: MIT */
/*
 * What all cases of the link share: how a message is filled, sent, received and checked, in a flow one way and there and back. An end is a
 * peer's, see peers/link/support/ends.hpp.
 */
#ifndef BENCH_LINK_MESSAGES_HPP
#define BENCH_LINK_MESSAGES_HPP

#include "cases/pipe/support/flow.hpp" /* ticks, durations, last_number */

/* A payload may begin anywhere. */
typedef uint64_t loose_word __attribute__((aligned(1), may_alias));

/* How much of a message is touched: its number in the first 8 bytes, or all: word i is the number + i. */
enum class touch { number, all };

template <size_t Bytes, touch Touch> BENCH_INLINE void fill(void *payload, uint64_t number)
{
    auto *words = static_cast<loose_word *>(payload);
    for (size_t i = 0; i < (Touch == touch::all ? Bytes / 8 : 1); i++) {
        words[i] = number + i;
    }
    bench::use(payload);
}

/* The receiver's view: numbers count up from 1, so what was lost, came twice or was changed shows. */
template <size_t Bytes, touch Touch> struct tally {
    uint64_t seen = 0;
    bool ended = false;
    const char *wrong = nullptr;

    BENCH_INLINE void check(const void *payload)
    {
        constexpr uint64_t count = Touch == touch::all ? Bytes / 8 : 1;
        bench::use(payload);
        const auto *words = static_cast<const loose_word *>(payload);
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += words[i];
        }
        if (__builtin_expect(words[0] != seen + 1 || sum != count * (seen + 1) + count * (count - 1) / 2, false)) {
            odd(words[0]);
        } else {
            seen++;
        }
    }

  private:
    __attribute__((cold, noinline)) void odd(uint64_t number)
    {
        if (number == last_number) {
            ended = true;
        } else {
            wrong = number == seen + 1 ? "a message came out changed" : "a message came out that was not the next one sent";
            seen = number;
        }
    }
};

/* One message is filled and sent. */
template <size_t Bytes, touch Touch, class End> BENCH_INLINE bool put(End &end, uint64_t number)
{
    void *payload = end.begin();
    if (__builtin_expect(payload == nullptr, false)) {
        return false;
    }
    fill<Bytes, Touch>(payload, number);
    return end.send();
}

/* One message is received, checked and given back. */
template <size_t Bytes, touch Touch, class End> BENCH_INLINE bool take(End &end, tally<Bytes, Touch> &expected)
{
    const void *payload = end.receive();
    if (__builtin_expect(payload == nullptr, false)) {
        expected.wrong = "a message did not come, or not whole";
        return false;
    }
    expected.check(payload);
    end.done();
    return true;
}

constexpr const char *not_sent = "a message could not be sent";

/* The sender's side of a slice. */
template <size_t Bytes, touch Touch, class End> void flow_out(End &end, bench::slice &s)
{
    const int64_t start_ns = bench::now_ns(), batch = s.batch;
    uint64_t number = 0;
    int pending = 0;
    bool well = true;
    do {
        for (int64_t i = 0; well && i < batch; i++) {
            well = put<Bytes, Touch>(end, ++number);
            if (++pending == batch_most) {
                well = well && end.batch();
                pending = 0;
            }
        }
    } while (well && bench::now_ns() - start_ns < s.length_ns);
    if (!well || !put<Bytes, touch::number>(end, last_number) || !end.flush()) {
        s.wrong = not_sent;
    }
    s.operations = int64_t(number);
}

/* The receiver's, which is timed. */
template <size_t Bytes, touch Touch, class End> void flow_in(End &end, bench::slice &s)
{
    tally<Bytes, Touch> expected;
    s.start_ns = bench::now_ns();
    while (!expected.ended && take(end, expected)) {
    }
    s.end_ns = bench::now_ns();
    s.operations = int64_t(expected.seen);
    s.wrong = expected.wrong;
}

/* Sends and waits for the answer; each trip is timed. */
template <size_t Bytes, class End> void trips_out(End &end, durations &trips, bench::slice &s)
{
    tally<Bytes, touch::number> expected;
    const uint64_t begun = ticks();
    uint64_t before = begun;
    bool well = true;
    s.start_ns = bench::now_ns();
    do {
        for (int64_t i = 0; well && i < s.batch; i++) {
            well = put<Bytes, touch::number>(end, expected.seen + 1) && end.flush() && take(end, expected);
            uint64_t after = ticks();
            trips.add(after - before);
            before = after;
        }
        s.end_ns = bench::now_ns();
    } while (well && s.end_ns - s.start_ns < s.length_ns);
    const uint64_t elapsed = ticks() - begun;
    well = well && put<Bytes, touch::number>(end, last_number) && end.flush();
    s.operations = int64_t(expected.seen);
    s.wrong = expected.wrong != nullptr || well ? expected.wrong : not_sent;
    trips.report(s, elapsed);
}

/* Answers what it gets. */
template <size_t Bytes, class End> void trips_back(End &end, bench::slice &s)
{
    tally<Bytes, touch::number> expected;
    while (take(end, expected) && !expected.ended) {
        if (!put<Bytes, touch::number>(end, expected.seen) || !end.flush()) {
            s.wrong = not_sent;
            return;
        }
    }
    s.operations = int64_t(expected.seen);
    s.wrong = expected.wrong;
}

#endif
