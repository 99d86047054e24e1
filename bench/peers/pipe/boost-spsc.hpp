/* SPDX-License-Identifier: MIT */
/*
 * boost::lockfree::spsc_queue with a capacity known at compile time: a ring whose indices are shared beside the data.
 * needs: package=libboost-dev header=boost/lockfree/spsc_queue.hpp
 */
#include <boost/lockfree/spsc_queue.hpp>
#include <boost/version.hpp>

const bench::peer_about bench::this_peer = {
    bench::inlined, bench::peer_role, "boost " BOOST_LIB_VERSION ", capacity at compile time; many by push and pop of arrays; no sleepers"};

template <class Item, size_t Capacity> struct peer {
    boost::lockfree::spsc_queue<Item, boost::lockfree::capacity<Capacity>> queue;

    BENCH_INLINE bool put(const Item &item)
    {
        return queue.push(item);
    }
    BENCH_INLINE bool get(Item &item)
    {
        return queue.pop(item);
    }
    BENCH_INLINE size_t put_many(const Item *items, size_t count)
    {
        return queue.push(items, count);
    }
    BENCH_INLINE size_t get_many(Item *items, size_t count)
    {
        return queue.pop(items, count);
    }
};
