/* SPDX-License-Identifier: MIT */
/* leat's links over ZeroMQ's sockets, by its plug-in; BENCH_BATCH is the endpoint's key `batch`, in bytes. */
#ifndef BENCH_LINK_LEAT_ZMQ_HPP
#define BENCH_LINK_LEAT_ZMQ_HPP

#include "peers/link/support/leat.hpp"
#include "peers/link/support/plugin.hpp"

#include <leat/link.h>

#define BENCH_ENDPOINTS
#ifndef BENCH_NO_THREAD
#define BENCH_NO_THREAD false
#endif
constexpr bool answers_too = false;

template <size_t Bytes> std::string zmq_keys()
{
    return "&linger_ms=0&hwm=" + std::to_string(depth<Bytes>) + "&batch=" + std::to_string(BENCH_BATCH);
}

template <way Way, size_t Bytes> std::string listens()
{
    return (Way == way::tcp ? "zmq+tcp://127.0.0.1:0" : "zmq+ipc:" + local_path()) + "?type=pull&bind=1" + zmq_keys<Bytes>();
}

template <way Way, size_t Bytes> std::string dials(leat_link *link)
{
    std::string name = leat_link_name(link);
    return name.substr(0, name.find('?')) + "?type=push" + zmq_keys<Bytes>();
}

#endif
