/* SPDX-License-Identifier: MIT */
/*
 * A pair of local stream sockets. The kernel counts its own bookkeeping into the send buffer, and doubles what was asked for to make up
 * for it; so small chunks fill it earlier. Without privilege the buffer stops at net.core.wmem_max.
 */
#include <sys/socket.h>

#include "peers/ring/support/descriptors.hpp"

const bench::peer_about bench::this_peer = {
    bench::shared, bench::peer_role,
    "socketpair(2), a system call each way, sleeps when full or empty; holds fewer small chunks, and wmem_max at most without privilege"};

template <size_t Ring> struct peer : descriptors {
    peer()
    {
        int ends[2], bytes = int(Ring);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
            throw bench::failure{"no pair of sockets to be had"};
        }
        from = ends[0];
        to = ends[1];
        if (setsockopt(to, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0 &&
            setsockopt(to, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) != 0) {
            throw bench::failure{"no send buffer of this size to be had"};
        }
    }
};
