/* SPDX-License-Identifier: MIT */
/*
 * dd with blocks of 1 MiB.
 * needs: package=coreutils program=dd
 */
#include <string>

const bench::peer_about bench::this_peer = {bench::process, bench::peer_role, "copies bytes in blocks of 1 MiB, knows no frames"};

static std::string command(bool)
{
    return "exec dd if=\"$IN\" bs=1M status=none";
}
