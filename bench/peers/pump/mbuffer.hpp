/* SPDX-License-Identifier: MIT */
/*
 * mbuffer, quiet, with the buffer that it takes by itself.
 * needs: package=mbuffer program=mbuffer
 */
#include <string>

const bench::peer_about bench::this_peer = {bench::process, bench::peer_role, "two threads and its default buffer, knows no frames"};

static std::string command(bool)
{
    return "exec mbuffer -q -i \"$IN\"";
}
