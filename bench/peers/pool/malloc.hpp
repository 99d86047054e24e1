/* SPDX-License-Identifier: MIT */
/* The C library's malloc and free, in a process with two threads, as any program that needs thread-safe blocks has. */
#include "peers/pool/support/plain.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::rival, "the C library's"};

template <size_t Bytes> using peer = plain<Bytes, malloc, free>;
