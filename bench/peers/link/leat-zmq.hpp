/* SPDX-License-Identifier: MIT */
/*
 * leat_link over ZeroMQ's PUSH and PULL: a frame to a message.
 * needs: package=libzmq3-dev pkgconfig=libzmq
 */
#define BENCH_BATCH 0
#include "peers/link/support/leat_zmq.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::leat,
                                            "leat_link (t8l32) over zmq+tcp, zmq+ipc, PUSH to PULL; a frame to a message"};

#include "peers/link/leat.hpp"
