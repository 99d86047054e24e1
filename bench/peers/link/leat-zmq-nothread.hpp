/* SPDX-License-Identifier: MIT */
/*
 * leat_link without a thread over ZeroMQ's PUSH and PULL: a frame to a message.
 * needs: package=libzmq3-dev pkgconfig=libzmq
 */
#define BENCH_BATCH 0
#define BENCH_NO_THREAD true
#include "peers/link/support/leat_zmq.hpp"

const bench::peer_about bench::this_peer = {
    bench::shared, bench::variant,
    "leat_link (t8l32) over zmq+tcp, zmq+ipc, PUSH to PULL; a frame to a message; without a thread of its own"};

#include "peers/link/leat.hpp"
