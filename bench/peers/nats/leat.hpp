/* SPDX-License-Identifier: MIT */
/*
 * leat_link into JetStream: a frame to a message.
 * needs: package=libnats-dev pkgconfig=libnats program=nats-server
 */
#define BENCH_BATCH 0
#include "worker/worker.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::leat, "leat_link over nats-js; a frame to a message"};

#include "peers/nats/support/leat.hpp"
