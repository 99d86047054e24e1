/* SPDX-License-Identifier: MIT */
/*
 * nng's pair, inside one process: it refuses to work in a process that was forked.
 * needs: package=libnng-dev header=nng/nng.h link=-lnng
 */
#include "peers/link/support/ends.hpp"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <sched.h>

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "pair0, nng_msg; threads of its own on both cores"};

/* Its threads run where the caller may when it is first used: on both cores, not on the first side's alone. */
struct nng_everywhere {
    cpu_set_t before, both;

    nng_everywhere()
    {
        sched_getaffinity(0, sizeof(before), &before);
        CPU_ZERO(&both);
        CPU_SET(size_t(bench::cpus[0]), &both);
        CPU_SET(size_t(bench::cpus[1]), &both);
        sched_setaffinity(0, sizeof(both), &both);
    }
    ~nng_everywhere()
    {
        sched_setaffinity(0, sizeof(before), &before);
    }
};

template <size_t Bytes, how How> struct inside {
    static constexpr bool possible = How != how::spins, both_ways = true;

    struct alignas(128) end {
        static constexpr int flags = How == how::looks ? NNG_FLAG_NONBLOCK : 0;
        nng_socket socket = NNG_SOCKET_INITIALIZER;
        nng_msg *out = nullptr, *in = nullptr;

        ~end()
        {
            nng_close(socket);
        }
        BENCH_INLINE void *begin()
        {
            return nng_msg_alloc(&out, Bytes) == 0 ? nng_msg_body(out) : nullptr;
        }
        BENCH_INLINE bool send()
        {
            int rc;
            while ((rc = nng_sendmsg(socket, out, flags)) == NNG_EAGAIN) {
            }
            return rc == 0;
        }
        BENCH_INLINE bool batch()
        {
            return true;
        }
        BENCH_INLINE bool flush()
        {
            return true;
        }
        BENCH_INLINE const void *receive()
        {
            int rc;
            while ((rc = nng_recvmsg(socket, &in, flags)) == NNG_EAGAIN) {
            }
            return rc == 0 && nng_msg_len(in) == Bytes ? nng_msg_body(in) : nullptr;
        }
        BENCH_INLINE void done()
        {
            nng_msg_free(in);
        }
    };

    end first, second;

    /* What both ends may hold adds up, so each gets half. */
    inside()
    {
        nng_everywhere guard;
        if (nng_pair0_open(&first.socket) != 0 || nng_pair0_open(&second.socket) != 0 || !sized(first.socket) || !sized(second.socket) ||
            nng_listen(first.socket, "inproc://bench", nullptr, 0) != 0 || nng_dial(second.socket, "inproc://bench", nullptr, 0) != 0) {
            throw bench::failure{"no sockets to be had"};
        }
    }
    static bool sized(nng_socket socket)
    {
        constexpr int each = depth<Bytes> / 4; /* to be sent, and again received */
        return nng_socket_set_int(socket, NNG_OPT_SENDBUF, each) == 0 && nng_socket_set_int(socket, NNG_OPT_RECVBUF, each) == 0;
    }
};

template <way, size_t> struct outside : impossible {
};
