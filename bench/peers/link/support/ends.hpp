/* SPDX-License-Identifier: MIT */
/*
 * What the peers of the link's family and their cases agree on. A message passes from one end to another:
 *
 *      void *begin()          where the payload of the next message is to be filled in; nullptr: no memory
 *      bool send()            it is on its way, or will be with the rest of its batch; false: the connection has failed
 *      bool batch()           up to 64 were sent since the last call: they may be shown together
 *      bool flush()           all that was sent is on its way
 *      const void *receive()  the payload of the next message; nullptr: none will come
 *      void done()            it is given back
 *
 * A peer has `inside<Bytes, how>`: two ends in one process, `first` and `second`, for a thread each. And `outside<way, Bytes>`: one end of
 * a connection between two processes, which is made without arguments to listen, with another's address() to dial; who listened calls
 * accept() when the other has dialled. Each says whether it is `possible` (else it may be empty), and `both_ways`; where it is not,
 * messages go from second to first, and from who dialled to who listened.
 */
#ifndef BENCH_LINK_ENDS_HPP
#define BENCH_LINK_ENDS_HPP

#include <cstddef>
#include <string>
#include <unistd.h>

/* Who waits, waits by ... */
enum class how {
    usual, /* the peer's own blocking call, with its defaults */
    looks, /* calls that return at once, made again and again */
    spins, /* a blocking call that looks for a while first */
    sleeps /* a blocking call that sleeps at once */
};

enum class way { tcp, local };

struct impossible {
    static constexpr bool possible = false, both_ways = false;
};

/* How many messages may wait at one end of a connection, and between two threads altogether. */
template <size_t Bytes> constexpr int depth = Bytes > 4096 ? 128 : 1024;

/* How many are shown together at most. */
constexpr int batch_most = 64;

/* Where a local socket of this process listens. */
inline std::string local_path()
{
    return "/tmp/leat-bench-" + std::to_string(getpid()) + ".socket";
}

#endif
