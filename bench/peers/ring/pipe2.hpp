/* SPDX-License-Identifier: MIT */
/* The kernel's pipe, as large as the ring; without privilege it may be 1 MiB at most. */
#include <fcntl.h>

#include "peers/ring/support/descriptors.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role,
                                            "pipe(2), a system call each way, sleeps when full or empty; 1 MiB at most without privilege"};

template <size_t Ring> struct peer : descriptors {
    peer()
    {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            throw bench::failure{"no pipe to be had"};
        }
        from = ends[0];
        to = ends[1];
        if (fcntl(to, F_SETPIPE_SZ, int(Ring)) < 0 && fcntl(to, F_SETPIPE_SZ, int(Ring < 1048576 ? Ring : 1048576)) < 0) {
            throw bench::failure{"no pipe of this size to be had"};
        }
    }
};
