/* SPDX-License-Identifier: MIT */
/*
 * pv, quiet. It may splice, so that into a pipe it copies nothing.
 * needs: package=pv program=pv
 */
#include <string>

const bench::peer_about bench::this_peer = {bench::process, bench::peer_role, "hands bytes on by splice where it can, knows no frames"};

static std::string command(bool)
{
    return "exec pv -q \"$IN\"";
}
