/* SPDX-License-Identifier: MIT */
/* Two threads, one chunk at a time, through a small and a larger ring. */
#include "cases/ring/support/bytes.hpp"

#define RING_FLOW(name, title, bytes, ring)                                                       \
    {                                                                                             \
        name, title, RING_RULES("at once readable", ring), "chunk", bench::gigabytes_per_s, bytes \
    }
static bench::add<flow<64, 65536>> flow_64_64k{RING_FLOW("ring-64-64k", "64 B chunks, 64 KiB ring", 64, "64 KiB")};
static bench::add<flow<1024, 65536>> flow_1k_64k{RING_FLOW("ring-1k-64k", "1 KiB chunks, 64 KiB ring", 1024, "64 KiB")};
static bench::add<flow<16384, 65536>> flow_16k_64k{RING_FLOW("ring-16k-64k", "16 KiB chunks, 64 KiB ring", 16384, "64 KiB")};
static bench::add<flow<64, 1048576>> flow_64_1m{RING_FLOW("ring-64-1m", "64 B chunks, 1 MiB ring", 64, "1 MiB")};
static bench::add<flow<1024, 1048576>> flow_1k_1m{RING_FLOW("ring-1k-1m", "1 KiB chunks, 1 MiB ring", 1024, "1 MiB")};
static bench::add<flow<16384, 1048576>> flow_16k_1m{RING_FLOW("ring-16k-1m", "16 KiB chunks, 1 MiB ring", 16384, "1 MiB")};
