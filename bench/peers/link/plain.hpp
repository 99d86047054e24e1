/* SPDX-License-Identifier: MIT */
/* What the kernel can do between two processes: 64 KiB to a system call, whatever the message. */
#include "peers/link/support/plain.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::rival, "no heads, no queues: 64 KiB to a write and a read"};

template <size_t Bytes, how How> using inside = plain_inside<Bytes, How>;
template <way Way, size_t Bytes> using outside = plain_outside<Way, Bytes, false>;
