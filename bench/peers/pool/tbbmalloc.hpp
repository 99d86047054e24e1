/* SPDX-License-Identifier: MIT */
/*
 * oneTBB's scalable allocator by its own names, in its shared library; its own settings.
 * needs: package=libtbb-dev header=tbb/scalable_allocator.h link=-ltbbmalloc
 */
#include <tbb/scalable_allocator.h>

#include "peers/pool/support/plain.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "scalable_malloc, scalable_free"};

template <size_t Bytes> using peer = plain<Bytes, scalable_malloc, scalable_free>;
