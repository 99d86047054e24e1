/* SPDX-License-Identifier: MIT */
/* Messages from one thread to another, one way and there and back. */
#include "cases/link/support/messages.hpp"

template <size_t Bytes, touch Touch> struct inside_flow {
    using peer_type = inside<Bytes, how::usual>;
    static constexpr bool possible = peer_type::possible;
    peer_type subject;

    void first(bench::slice &s)
    {
        flow_in<Bytes, Touch>(subject.first, s);
    }
    void second(bench::slice &s)
    {
        flow_out<Bytes, Touch>(subject.second, s);
    }
};

template <how How> struct inside_trips {
    using peer_type = inside<64, How>;
    static constexpr bool possible = peer_type::possible && peer_type::both_ways;
    peer_type subject;
    durations trips{1 << 19};

    void first(bench::slice &s)
    {
        trips_out<64>(subject.first, trips, s);
    }
    void second(bench::slice &s)
    {
        trips_back<64>(subject.second, s);
    }
};

#define LINK_INSIDE_RULES(touches)                                                                                                       \
    "one thread has a message made by the peer, " touches                                                                                \
    ", and sends it; peers that show many at once do so for 64 at a time, the others "                                                   \
    "for each or as they like; the other thread receives it, checks that, and gives it back; about 1024 messages may lie between; both " \
    "wait by the peer's own call that blocks, with its defaults"
#define LINK_TOUCHED LINK_INSIDE_RULES("counts up its first 8 bytes")
#define LINK_SUMMED LINK_INSIDE_RULES("fills all of it with numbers that count up")

constexpr bench::case_about inside_about(const char *name, const char *title, const char *rules, int64_t bytes)
{
    return {.name = name,
            .title = title,
            .rules = rules,
            .what = "message",
            .in = bench::millions_per_s,
            .bytes = bytes,
            .slice_ns = 20 * 1000000,
            .warm_ns = 2 * 1000000};
}

static bench::add<inside_flow<64, touch::number>> inside_64{
    inside_about("link-inproc-64", "64 B messages between threads, 8 bytes touched", LINK_TOUCHED, 64)};
static bench::add<inside_flow<64, touch::all>> inside_64_summed{
    inside_about("link-inproc-64-summed", "64 B messages between threads, filled and summed", LINK_SUMMED, 64)};
static bench::add<inside_flow<1024, touch::number>> inside_1k{
    inside_about("link-inproc-1k", "1 KiB messages between threads, 8 bytes touched", LINK_TOUCHED, 1024)};
static bench::add<inside_flow<1024, touch::all>> inside_1k_summed{
    inside_about("link-inproc-1k-summed", "1 KiB messages between threads, filled and summed", LINK_SUMMED, 1024)};

#define LINK_TRIP_RULES(wait)                                                                                                   \
    "one thread sends a message of 64 bytes with a number in it and waits for one that brings it back, the other answers what " \
    "it gets by a new message; " wait "; each trip is timed: median and 99th percentile"

constexpr bench::case_about inside_trip_about(const char *name, const char *title, const char *rules)
{
    return {.name = name,
            .title = title,
            .rules = rules,
            .what = "round trip",
            .in = bench::ns_per_operation,
            .slice_ns = 40 * 1000000,
            .warm_ns = 2 * 1000000};
}

static bench::add<inside_trips<how::looks>> trips_looking{
    inside_trip_about("link-inproc-roundtrip", "64 B there and back between threads, no sleep",
                      LINK_TRIP_RULES("both ask by calls that return at once, again and again"))};
static bench::add<inside_trips<how::sleeps>> trips_asleep{
    inside_trip_about("link-inproc-roundtrip-sleep", "64 B there and back between threads, both sleep",
                      LINK_TRIP_RULES("both wait by the peer's call that sleeps in the kernel, leat without a look before"))};
static bench::add<inside_trips<how::spins>> trips_spinning{
    inside_trip_about("link-inproc-roundtrip-spin", "64 B there and back between threads, they look before they sleep",
                      LINK_TRIP_RULES("both wait by a call that first looks for a while, for longer where that pays, and then sleeps"))};
