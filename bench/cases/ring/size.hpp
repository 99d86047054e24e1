/* SPDX-License-Identifier: MIT */
/* A curve over the chunk's size, through a ring that no small cache holds. */
#include "cases/ring/support/bytes.hpp"

constexpr size_t size_ring = 4194304;

/* The largest chunks take a longer slice: some dozens must pass in it. */
#define RING_SIZE(bytes, words)                                                                                                  \
    static bench::add<flow<bytes, size_ring>> size_##bytes                                                                       \
    {                                                                                                                            \
        {                                                                                                                        \
            .name = "ring-size-" #bytes, .title = words " chunks, 4 MiB ring", .rules = RING_RULES("at once readable", "4 MiB"), \
            .what = "chunk", .in = bench::ns_per_operation, .bytes = bytes, .slice_ns = bytes >= 262144 ? 24000000 : 8000000,    \
            .series = "ring-size", .x = bytes                                                                                    \
        }                                                                                                                        \
    }
RING_SIZE(8, "8 B");
RING_SIZE(64, "64 B");
RING_SIZE(512, "512 B");
RING_SIZE(4096, "4 KiB");
RING_SIZE(32768, "32 KiB");
RING_SIZE(262144, "256 KiB");
RING_SIZE(1048576, "1 MiB");
