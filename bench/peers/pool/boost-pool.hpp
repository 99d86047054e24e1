/* SPDX-License-Identifier: MIT */
/*
 * boost::pool: one intrusive list for one thread; its own settings.
 * needs: package=libboost-dev header=boost/pool/pool.hpp
 */
#include <boost/pool/pool.hpp>

const bench::peer_about bench::this_peer = {bench::inlined, bench::peer_role, "not thread-safe"};

template <size_t Bytes> struct peer {
    static constexpr bool many = false, two_threads = false, limited = false;

    boost::pool<> pool{Bytes};

    peer(int64_t, bool)
    {
    }
    BENCH_INLINE void *alloc(int)
    {
        return pool.malloc();
    }
    BENCH_INLINE void free(int, void *block)
    {
        pool.free(block);
    }
};
