/* SPDX-License-Identifier: MIT */
/*
 * cat, which reads and writes blocks of its own choice.
 * needs: package=coreutils program=cat
 */
#include <string>

const bench::peer_about bench::this_peer = {bench::process, bench::peer_role, "copies bytes, knows no frames"};

static std::string command(bool)
{
    return "exec cat \"$IN\"";
}
