/* SPDX-License-Identifier: MIT */
/*
 * libzmq's PUSH to PULL: one direction only.
 * needs: package=libzmq3-dev pkgconfig=libzmq
 */
#include "peers/link/support/zmq.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "PUSH to PULL, zmq_msg_t; batches by itself"};

template <size_t Bytes, how How> using inside = zmq_inside<Bytes, How, ZMQ_PULL, ZMQ_PUSH>;
template <way Way, size_t Bytes> using outside = zmq_outside<Way, Bytes, ZMQ_PULL, ZMQ_PUSH>;
