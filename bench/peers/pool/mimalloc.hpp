/* SPDX-License-Identifier: MIT */
/*
 * mimalloc by its own names, in its shared library; its own settings.
 * needs: package=libmimalloc-dev header=mimalloc.h link=-lmimalloc
 */
#include <mimalloc.h>

#include "peers/pool/support/plain.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "mi_malloc, mi_free"};

template <size_t Bytes> using peer = plain<Bytes, mi_malloc, mi_free>;
