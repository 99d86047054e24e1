/* SPDX-License-Identifier: MIT */
/* leat's pool by the plain calls in libleat.so, as malloc is called in libc.so. */
#include "peers/pool/support/called.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::leat, "the plain calls, in libleat.so"};
