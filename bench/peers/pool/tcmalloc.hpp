/* SPDX-License-Identifier: MIT */
/*
 * gperftools' tcmalloc, without its profiler, as the malloc of the whole process; its own settings.
 * needs: package=libgoogle-perftools-dev header=gperftools/tcmalloc.h link=-ltcmalloc_minimal
 */
#include <gperftools/tcmalloc.h>

#include "peers/pool/support/plain.hpp"

const bench::peer_about bench::this_peer = {bench::shared, bench::peer_role, "as the process's malloc"};

template <size_t Bytes> using peer = plain<Bytes, malloc, free>;
