/* SPDX-License-Identifier: MIT */
/* What a program without a library begins with: each message by a system call of its own; reads take what is there. */
#include "peers/link/support/plain.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::rival, "no heads, no queues: a write for each message"};

template <size_t Bytes, how How> using inside = plain_inside<Bytes, How>;
template <way Way, size_t Bytes> using outside = plain_outside<Way, Bytes, true>;
