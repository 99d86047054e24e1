/* SPDX-License-Identifier: MIT */
/*
 * cnats's asynchronous publisher, a message to a frame.
 * needs: package=libnats-dev pkgconfig=libnats program=nats-server
 */
#include "worker/worker.hpp"

#include <cstdio>
#include <nats/nats.h>
#include <string>
#include <unistd.h>

#ifndef BENCH_NUMBERED
#define BENCH_NUMBERED false
const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "js_PublishAsync, js_PublishAsyncComplete"};
#endif

static long long number; /* of all slices: the stream remembers them for two minutes */

template <size_t Bytes> struct publisher {
    static constexpr bool each = true; /* frame is a message */

    natsConnection *connection = nullptr;
    jsCtx *context = nullptr;
    unsigned char frame[Bytes];

    explicit publisher(const std::string &address)
    {
        jsOptions options;
        jsOptions_Init(&options);
        options.PublishAsync.MaxPending = 4096;
        if (natsConnection_ConnectTo(&connection, ("nats://" + address).c_str()) != NATS_OK ||
            natsConnection_JetStream(&context, connection, &options) != NATS_OK) {
            throw bench::failure{"no connection to be had"};
        }
    }
    publisher(const publisher &) = delete;
    ~publisher()
    {
        jsCtx_Destroy(context);
        natsConnection_Destroy(connection);
    }
    unsigned char *begin()
    {
        return frame;
    }
    bool send()
    {
        char id[64];
        jsPubOptions options;
        if (BENCH_NUMBERED) {
            jsPubOptions_Init(&options);
            snprintf(id, sizeof(id), "bench-%d-%lld", getpid(), number++);
            options.MsgId = id;
        }
        return js_PublishAsync(context, "bench.x", frame, int(Bytes), BENCH_NUMBERED ? &options : nullptr) == NATS_OK;
    }
    bool finish()
    {
        return js_PublishAsyncComplete(context, nullptr) == NATS_OK;
    }
};
