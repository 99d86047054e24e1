/* SPDX-License-Identifier: MIT */
/* leat::memory_resource, called through std::pmr's virtual functions. */
#include <leat/leat.hpp>

const bench::peer_about bench::this_peer = {bench::inlined, bench::variant, "through virtual functions; any thread"};

struct peer {
    template <class T> using allocator = std::pmr::polymorphic_allocator<T>;
    leat::memory_resource memory;
    template <class T> allocator<T> get()
    {
        return {&memory};
    }
};
