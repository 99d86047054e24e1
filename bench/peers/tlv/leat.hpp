/* SPDX-License-Identifier: MIT */
/* leat's cursor and framer, called in libleat.so; the dialect is data, so that one engine serves all. */
#include "peers/tlv/support/engine.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::leat, "one engine for all dialects, called in libleat.so"};
