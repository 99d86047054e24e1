/* SPDX-License-Identifier: MIT */
/*
 * leat_link over ZeroMQ's PUSH and PULL: as many frames as wait to a message, up to 64 KiB.
 * needs: package=libzmq3-dev pkgconfig=libzmq
 */
#define BENCH_BATCH 65536
#include "peers/link/support/leat_zmq.hpp"

const bench::peer_about bench::this_peer = {
    bench::shared, bench::variant,
    "leat_link (t8l32) over zmq+tcp, zmq+ipc, PUSH to PULL; as many frames as wait to a message, up to 64 KiB"};

#include "peers/link/leat.hpp"
