/* SPDX-License-Identifier: MIT */
/*
 * jemalloc as the malloc of the whole process, which is how it is meant to be used; its own settings.
 * needs: package=libjemalloc-dev header=jemalloc/jemalloc.h link=-ljemalloc
 */
#include <jemalloc/jemalloc.h>

#include "peers/pool/support/plain.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "as the process's malloc"};

template <size_t Bytes> using peer = plain<Bytes, malloc, free>;
