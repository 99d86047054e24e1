/* SPDX-License-Identifier: MIT */
/* std::pmr::unsynchronized_pool_resource: for one thread. */
#include <memory_resource>

const bench::peer_about bench::this_peer = {bench::inlined, bench::peer_role, "for one thread; through virtual functions"};

struct peer {
    template <class T> using allocator = std::pmr::polymorphic_allocator<T>;
    std::pmr::unsynchronized_pool_resource memory;
    template <class T> allocator<T> get()
    {
        return {&memory};
    }
};
