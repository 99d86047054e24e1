/* SPDX-License-Identifier: MIT */
/* As leat, with links that have no thread of their own: the application's calls do the I/O. Between processes only. */
#include "worker/worker.hpp"

#define BENCH_NO_THREAD true
const bench::peer_about bench::this_peer = {bench::shared, bench::variant, "as leat, each link without a thread of its own"};

#include "peers/link/leat.hpp"
