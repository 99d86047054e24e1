/* SPDX-License-Identifier: MIT */
/*
 * socat, one way, with a buffer of 1 MiB; its own is 8 KiB.
 * needs: package=socat program=socat
 */
#include <string>

const bench::peer_about bench::this_peer = {bench::process, bench::peer_role, "copies bytes with a buffer of 1 MiB, knows no frames"};

static std::string command(bool to_pipe)
{
    return to_pipe ? "exec socat -u -b 1048576 \"OPEN:$IN,rdonly\" STDOUT"
                   : "exec socat -u -b 1048576 \"OPEN:$IN,rdonly\" OPEN:/dev/null,wronly";
}
