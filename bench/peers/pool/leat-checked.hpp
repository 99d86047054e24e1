/* SPDX-License-Identifier: MIT */
/* leat's pool, checked, through handles: what it costs to find misuse. */
constexpr bool checked = true;
#include "peers/pool/support/handle.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::variant, "checked: misuse is found"};

template <size_t Bytes> using peer = by_handle<Bytes>;
