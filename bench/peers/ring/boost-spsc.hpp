/* SPDX-License-Identifier: MIT */
/*
 * boost::lockfree::spsc_queue of bytes with a capacity known at compile time, by push and pop of arrays.
 * needs: package=libboost-dev header=boost/lockfree/spsc_queue.hpp
 */
#include <boost/lockfree/spsc_queue.hpp>
#include <boost/version.hpp>

#include "peers/ring/support/whole.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::peer_role,
                                            "boost " BOOST_LIB_VERSION ", a queue of char, capacity at compile time"};

template <size_t Ring> struct peer {
    static constexpr bool in_place = false;

    boost::lockfree::spsc_queue<char, boost::lockfree::capacity<Ring>> queue;

    BENCH_INLINE bool put(const void *chunk, size_t bytes)
    {
        return whole(bytes, [&](size_t done) { return queue.push(static_cast<const char *>(chunk) + done, bytes - done); });
    }
    BENCH_INLINE bool get(void *chunk, size_t bytes)
    {
        return whole(bytes, [&](size_t done) { return queue.pop(static_cast<char *>(chunk) + done, bytes - done); });
    }
};
