/* SPDX-License-Identifier: MIT */
/* The machine and its kernel: nothing built on them is faster. */
#include <atomic>
#include <cerrno>
#include <cstring>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

const bench::peer_about bench::this_peer = {bench::inlined, bench::machine, "no peer: the least that the machine and its kernel take"};
