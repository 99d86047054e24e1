/* SPDX-License-Identifier: MIT */
/* Messages from one process to another, one way and there and back. */
#include "cases/link/support/messages.hpp"
#include "cases/link/support/processes.hpp"

/* What the other process does in a slice. */
template <size_t Bytes> struct sends {
    template <class End> static void run(End &end, bench::slice &s)
    {
        flow_out<Bytes, touch::all>(end, s);
    }
};
struct answers {
    template <class End> static void run(End &end, bench::slice &s)
    {
        trips_back<64>(end, s);
    }
};

template <way Way, size_t Bytes> struct outside_flow {
    using end_type = outside<Way, Bytes>;
    static constexpr bool possible = end_type::possible;
    joined<end_type, sends<Bytes>> subject;

    void first(bench::slice &s)
    {
        flow_in<Bytes, touch::all>(subject.end, s);
    }
    void second(bench::slice &s)
    {
        subject.second(s);
    }
};

template <way Way> struct outside_trips {
    using end_type = outside<Way, 64>;
    static constexpr bool possible = end_type::possible && end_type::both_ways;
    joined<end_type, answers> subject;
    durations trips{1 << 15};

    void first(bench::slice &s)
    {
        trips_out<64>(subject.end, trips, s);
    }
    void second(bench::slice &s)
    {
        subject.second(s);
    }
};

#define LINK_FLOW_RULES(over, most)                                                                                             \
    "two processes over " over ", each on a core of its own with all the threads that the peer has in it; one fills all of a "  \
    "message with numbers that count up and sends it, at most 64 together where the peer shows many at once; the other checks " \
    "sequence and sum; each may hold about " most " messages, and the kernel what it does by default; both wait by calls that block"

constexpr bench::case_about outside_about(const char *name, const char *title, const char *rules, int64_t bytes)
{
    return {.name = name,
            .title = title,
            .rules = rules,
            .what = "message",
            .in = bytes > 4096 ? bench::gigabytes_per_s : bench::millions_per_s,
            .bytes = bytes,
            .slice_ns = 30 * 1000000,
            .warm_ns = 4 * 1000000};
}

#define LINK_TCP "TCP on 127.0.0.1"
#define LINK_LOCAL "a local stream socket"

static bench::add<outside_flow<way::tcp, 64>> tcp_64{
    outside_about("link-tcp-64", "64 B messages between processes, TCP", LINK_FLOW_RULES(LINK_TCP, "1024"), 64)};
static bench::add<outside_flow<way::tcp, 1024>> tcp_1k{
    outside_about("link-tcp-1k", "1 KiB messages between processes, TCP", LINK_FLOW_RULES(LINK_TCP, "1024"), 1024)};
static bench::add<outside_flow<way::tcp, 65536>> tcp_64k{
    outside_about("link-tcp-64k", "64 KiB messages between processes, TCP", LINK_FLOW_RULES(LINK_TCP, "128"), 65536)};
static bench::add<outside_flow<way::local, 64>> local_64{
    outside_about("link-unix-64", "64 B messages between processes, local socket", LINK_FLOW_RULES(LINK_LOCAL, "1024"), 64)};
static bench::add<outside_flow<way::local, 1024>> local_1k{
    outside_about("link-unix-1k", "1 KiB messages between processes, local socket", LINK_FLOW_RULES(LINK_LOCAL, "1024"), 1024)};
static bench::add<outside_flow<way::local, 65536>> local_64k{
    outside_about("link-unix-64k", "64 KiB messages between processes, local socket", LINK_FLOW_RULES(LINK_LOCAL, "128"), 65536)};

#define LINK_TRIPS_RULES(over)                                                                                                     \
    "two processes over " over ", each on a core of its own with all the threads that the peer has in it; one sends a message of " \
    "64 bytes with a number in it and waits for one that brings it back, the other answers what it gets by a new message; both "   \
    "wait by calls that block; each trip is timed: median and 99th percentile"

constexpr bench::case_about outside_trip_about(const char *name, const char *title, const char *rules)
{
    return {.name = name,
            .title = title,
            .rules = rules,
            .what = "round trip",
            .in = bench::ns_per_operation,
            .slice_ns = 40 * 1000000,
            .warm_ns = 4 * 1000000};
}

static bench::add<outside_trips<way::tcp>> tcp_trips{
    outside_trip_about("link-tcp-roundtrip", "64 B there and back between processes, TCP", LINK_TRIPS_RULES(LINK_TCP))};
static bench::add<outside_trips<way::local>> local_trips{
    outside_trip_about("link-unix-roundtrip", "64 B there and back between processes, local socket", LINK_TRIPS_RULES(LINK_LOCAL))};
