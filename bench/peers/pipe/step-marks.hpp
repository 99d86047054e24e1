/* SPDX-License-Identifier: MIT */
/* A ring whose slots carry their own mark, a plain store each. Nobody sleeps: what a pipe could give, not what ours does. */
constexpr bool by_exchange = false;
#include "peers/pipe/support/marks.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "slots with their own mark, a plain store; nobody sleeps"};
