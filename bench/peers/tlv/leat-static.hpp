/* SPDX-License-Identifier: MIT */
/*
 * leat's cursor and framer, called in libleat.a.
 * needs: leat=static
 */
#include "peers/tlv/support/engine.hpp"

const bench::peer_about bench::this_peer = {bench::statically, bench::leat, "one engine for all dialects, called in libleat.a"};
