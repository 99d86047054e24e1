/* SPDX-License-Identifier: MIT */
/*
 * boost::singleton_pool: boost::pool behind one mutex; its own settings. It lives as long as the process and is emptied for every slice.
 * needs: package=libboost-dev header=boost/pool/singleton_pool.hpp
 */
#include <boost/pool/singleton_pool.hpp>

const bench::peer_about bench::this_peer = {bench::inlined, bench::peer_role, "a mutex around every call"};

struct singleton_tag {
};

template <size_t Bytes> struct peer {
    static constexpr bool many = false, two_threads = true, limited = false;
    using pool = boost::singleton_pool<singleton_tag, Bytes>;

    peer(int64_t, bool)
    {
    }
    ~peer()
    {
        pool::purge_memory();
    }
    BENCH_INLINE void *alloc(int)
    {
        return pool::malloc();
    }
    BENCH_INLINE void free(int, void *block)
    {
        pool::free(block);
    }
};
