/* SPDX-License-Identifier: MIT */
/* The same, published by an exchange, as a writer does who must hear of a sleeping reader. */
constexpr bool by_exchange = true;
#include "peers/pipe/support/marks.hpp"

const bench::peer_about bench::this_peer = {bench::inlined, bench::baseline, "slots with their own mark, an exchange each"};
