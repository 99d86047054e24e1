/* SPDX-License-Identifier: MIT */
/*
 * libzmq's PAIR: one to one, both directions.
 * needs: package=libzmq3-dev pkgconfig=libzmq
 */
#include "peers/link/support/zmq.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "PAIR, zmq_msg_t; batches by itself"};

template <size_t Bytes, how How> using inside = zmq_inside<Bytes, How, ZMQ_PAIR, ZMQ_PAIR>;
template <way Way, size_t Bytes> using outside = zmq_outside<Way, Bytes, ZMQ_PAIR, ZMQ_PAIR>;
