/* SPDX-License-Identifier: MIT */
/*
 * boost::fast_pool_allocator: its own settings, so a mutex around every call.
 * needs: package=libboost-dev header=boost/pool/pool_alloc.hpp
 */
#include <boost/pool/pool_alloc.hpp>

const bench::peer_about bench::this_peer = {bench::inlined, bench::peer_role, "a mutex around every call"};

struct peer {
    template <class T> using allocator = boost::fast_pool_allocator<T>;
    template <class T> allocator<T> get()
    {
        return {};
    }
};
