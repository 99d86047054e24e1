/* SPDX-License-Identifier: MIT */
/* leat's pool through handles: each thread passes its own cache. */
constexpr bool checked = false;
#include "peers/pool/support/handle.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::leat, "each thread passes its own cache"};

template <size_t Bytes> struct peer : by_handle<Bytes> {
    static constexpr bool resident = true;
    using by_handle<Bytes>::by_handle;
};
