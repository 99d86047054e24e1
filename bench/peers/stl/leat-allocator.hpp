/* SPDX-License-Identifier: MIT */
/* leat::allocator: nodes come from the process's pool for their size. */
#include <leat/leat.hpp>

const bench::peer_about bench::this_peer = {bench::inlined, bench::leat, "any thread may allocate and free"};

struct peer {
    template <class T> using allocator = leat::allocator<T>;
    template <class T> allocator<T> get()
    {
        return {};
    }
};
