/* SPDX-License-Identifier: MIT */
/*
 * leat pump, which takes the frames one by one through ring, tlv, pool and pipe. The program is $LEAT, else build/leat.
 */
#include <string>

const bench::peer_about bench::this_peer = {bench::process, bench::leat,
                                            "finds, checks and queues every frame; to nowhere it writes nothing"};

static std::string command(bool to_pipe)
{
    /* Quiet, as the others are; errors still show. */
    return std::string("exec \"${LEAT:-build/leat}\" pump --stats=none --frame=t16l32be --from=\"file:$IN\" --to=") +
           (to_pipe ? "-" : "null:");
}
