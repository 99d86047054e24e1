/* SPDX-License-Identifier: MIT */
/*
 * leat's pool by the plain calls, called in libleat.a: what a program has that links it without the headers' inline functions.
 * needs: leat=static
 */
#include "peers/pool/support/called.hpp"

const bench::peer_about bench::this_peer = {bench::statically, bench::leat, "the plain calls, in libleat.a"};
