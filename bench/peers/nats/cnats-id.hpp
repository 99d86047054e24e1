/* SPDX-License-Identifier: MIT */
/*
 * As cnats, each message with a number in Nats-Msg-Id, so that one that is sent again is stored once: what leat does.
 * needs: package=libnats-dev pkgconfig=libnats program=nats-server
 */
#include "worker/worker.hpp"

#define BENCH_NUMBERED true
const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "js_PublishAsync with a MsgId, js_PublishAsyncComplete"};

#include "peers/nats/cnats.hpp"
