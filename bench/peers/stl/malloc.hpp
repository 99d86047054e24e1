/* SPDX-License-Identifier: MIT */
/* std::allocator, so the C library's malloc. */
#include <memory>

const bench::peer_about bench::this_peer = {bench::inlined, bench::rival, "malloc and free are in libc.so"};

struct peer {
    template <class T> using allocator = std::allocator<T>;
    template <class T> allocator<T> get()
    {
        return {};
    }
};
