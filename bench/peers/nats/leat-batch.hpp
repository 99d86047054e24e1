/* SPDX-License-Identifier: MIT */
/*
 * leat_link into JetStream: as many frames as wait to a message, up to 64 KiB.
 * needs: package=libnats-dev pkgconfig=libnats program=nats-server
 */
#define BENCH_BATCH 65536
#include "worker/worker.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::variant,
                                            "leat_link over nats-js; as many frames as wait to a message, up to 64 KiB"};

#include "peers/nats/support/leat.hpp"
