/* SPDX-License-Identifier: MIT */
/* A curve over the chunk's size, through a ring that no small cache holds. */
#include "cases/ring/support/bytes.hpp"

constexpr size_t size_ring = 4194304;

/* The largest chunks take a longer slice: some dozens must pass in it. */
constexpr bench::case_about size_about(const char *name, const char *title, size_t bytes)
{
    return {.name = name,
            .title = title,
            .rules = RING_RULES("at once readable", "4 MiB"),
            .what = "chunk",
            .in = bench::ns_per_operation,
            .bytes = int64_t(bytes),
            .slice_ns = bytes >= 262144 ? 24000000 : 8000000,
            .series = "ring-size",
            .x = double(bytes)};
}

static bench::add<flow<8, size_ring>> size_8{size_about("ring-size-8", "8 B chunks, 4 MiB ring", 8)};
static bench::add<flow<64, size_ring>> size_64{size_about("ring-size-64", "64 B chunks, 4 MiB ring", 64)};
static bench::add<flow<512, size_ring>> size_512{size_about("ring-size-512", "512 B chunks, 4 MiB ring", 512)};
static bench::add<flow<4096, size_ring>> size_4k{size_about("ring-size-4096", "4 KiB chunks, 4 MiB ring", 4096)};
static bench::add<flow<32768, size_ring>> size_32k{size_about("ring-size-32768", "32 KiB chunks, 4 MiB ring", 32768)};
static bench::add<flow<262144, size_ring>> size_256k{size_about("ring-size-262144", "256 KiB chunks, 4 MiB ring", 262144)};
static bench::add<flow<1048576, size_ring>> size_1m{size_about("ring-size-1048576", "1 MiB chunks, 4 MiB ring", 1048576)};
